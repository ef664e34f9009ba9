/*
 * tables: what the report says, as grids: of one set of rows, and of two that are compared. Also
 * the words of --by. One thread.
 */
#ifndef TFOMAP_TABLES_H
#define TFOMAP_TABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/runs.h"

struct err;
struct grids;
struct store;

/* How two sets of rows are compared: an old one and a new one, or two vantage points. */
enum tables_compare { COMPARE_DIFF, COMPARE_JOIN };

struct tables_input {
	struct store *st;
	const struct run *runs;		/* those of SIDE_THIS, then those of SIDE_OTHER */
	size_t n_runs, n_others;
	enum tables_compare how;	/* where there are others */
	bool partial;			/* --allow-partial */
	enum runs_fit fit;
	uint64_t columns;		/* which all of their files have, as bits of enum column */
	const char *const *by;		/* each of them good by tables_check_by() */
	size_t n_by;
	uint64_t top;			/* rows of a long table; 0: all */
};

/* Whether it is a word of --by: port, source, domain, prefix/N. 0, or -EINVAL with a message. */
int tables_check_by(const char *by, struct err *e);

/*
 * Adds the tables of SIDE_THIS, and before them the comparison with SIDE_OTHER, if there is one. 0,
 * or -errno with a message.
 */
int tables_build(const struct tables_input *in, struct grids *out, struct err *e);

/* Adds the comparison of SIDE_OTHER, the old one or A, with SIDE_THIS, the new one or B. */
int tables_compare(struct store *st, enum tables_compare how, uint64_t top, struct grids *out,
		   struct err *e);

#endif
