/*
 * page: the report as one HTML page that needs nothing else, and the plots in it, which gnuplot
 * draws. One thread.
 */
#ifndef TFOMAP_PAGE_H
#define TFOMAP_PAGE_H

struct err;
struct grid;
struct grids;
struct outfile;

/*
 * Draws what has points: svg of each grid. gnuplot is a child, whose own messages nobody sees;
 * where it is not there, fails, or takes too long, a warning says so, and the page is without.
 */
void plot_grids(struct grids *all, struct grid *warned);

/*
 * Writes the page in one go, what was warned of before the tables. title: any text. 0, or -errno
 * with a message.
 */
int page_write(struct outfile *to, const char *title, const struct grids *warned,
	       const struct grids *all, struct err *e);

#endif
