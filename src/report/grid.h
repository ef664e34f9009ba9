/*
 * grid: a table of the report: columns with names, rows of cells, notes; written as aligned text
 * or as HTML, in which whatever rows say is escaped. One thread.
 */
#ifndef TFOMAP_GRID_H
#define TFOMAP_GRID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define GRID_COLUMNS_MAX 32

enum grid_plot { GRID_BARS, GRID_CDF, GRID_SURVIVAL };

struct grid {
	struct grid *next;
	char *title;			/* these are on the heap */
	char *names[GRID_COLUMNS_MAX];
	bool right[GRID_COLUMNS_MAX];	/* numbers, to the right */
	size_t n_columns;
	char **cells;			/* row by row */
	size_t n_cells;
	char *notes;			/* lines; NULL: none */
	enum grid_plot plot;		/* the kind of picture that it can have, */
	char *data;			/* and its points, gnuplot's lines; NULL: none */
	char *svg;			/* the picture; NULL: none */
};

/* In their order. */
struct grids {
	struct grid *first, **end;	/* end: NULL of an empty list */
};

/*
 * Adds an empty one. columns: names with bars between, "verdict|>targets"; > are numbers. NULL: no
 * memory.
 */
struct grid *grid_add(struct grids *all, const char *title, const char *columns);

/* Another column; the name is any text. */
void grid_add_column(struct grid *g, const char *name, bool right);

/* The next cell of the current row, the first of the next. Any text; without memory it is "?". */
void grid_cell(struct grid *g, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A share, and the ends of its interval: two cells. k of n. */
void grid_share(struct grid *g, unsigned long long k, unsigned long long n);
#define GRID_SHARE ">share|>95 % interval"

/* Another line below it. */
void grid_note(struct grid *g, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* More points, gnuplot's. */
void grid_point(struct grid *g, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* How many rows it has. */
size_t grid_rows(const struct grid *g);

void grids_print(const struct grids *all, FILE *out);
void grids_html(const struct grids *all, FILE *out);
void grids_free(struct grids *all);

/* A text as HTML, well-formed UTF-8, on the heap, or NULL. */
char *grid_escape(const char *text);

#endif
