/*
 * page: the report as one HTML page that needs nothing else, and the plots in it, which gnuplot
 * draws. One thread.
 */
#ifndef TFOMAP_PAGE_H
#define TFOMAP_PAGE_H

struct err;
struct grids;

/*
 * Draws what has points: svg of each grid. gnuplot is a child; where it is not there, or fails, a
 * warning says so, and the page is without.
 */
void plot_grids(struct grids *all);

/* Writes the page in one go. title: any text. 0, or -errno with a message. */
int page_write(const char *path, const char *title, const struct grids *all, struct err *e);

#endif
