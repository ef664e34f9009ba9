/* status: how the scan goes, as a line for people and as a row of a table. Main thread. */
#ifndef TFOMAP_STATUS_H
#define TFOMAP_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/stats.h"

/* What line and row are made of at one moment; *prev the moment before, for rates. */
struct status_moment {
	uint64_t wall_ns;		/* Unix time */
	uint64_t elapsed_ns;
	uint64_t targets;		/* of this run */
	bool sending;			/* more probes are due: first ones or retries */
	uint64_t remaining_ns;		/* of cool-down, once sending has ended; else 0 */
	uint32_t pending;		/* targets that have answered, and have no row yet */
	uint32_t second_tests;		/* of these, those that wait for a second test, and how */
	uint64_t second_test_ns;	/* long the first of them does */
	double rate_pps;		/* --rate; 0 = no limit */
	uint64_t v[STATS];		/* stat_get() of each */
};

/*
 * elapsed and remaining (or that probes or second tests are waited for, once each target got its
 * first), per cent, a
 * bar, packets sent and their rate since *prev, answers and hit rate (of SYNs), cookies, accepted,
 * and every loss counter that is not zero. width > 0: a terminal of that many columns: the bar
 * takes what room there is, and what matters least is left out where there is none. 0: no bar,
 * nothing left out. prev NULL or equal to now: the rate since the start. No line end.
 */
#define STATUS_LEN 512
void status_line(const struct status_moment *now, const struct status_moment *prev,
		 unsigned int width, char out[static STATUS_LEN]);

/* A column, for the manual; those of all counters follow these. */
struct status_figures;
struct text;

struct status_column {
	const char *name;
	void (*add)(struct text *t, const struct status_figures *f);
	const char *doc;
};

extern const struct status_column status_columns[];
extern const size_t status_ncolumns;

/*
 * A row of CSV: the time, every figure of the line, then every counter under its own name. A column
 * is empty where a figure is not known. prev as above. No line end.
 */
#define STATUS_ROW_LEN 2048
void status_header(char out[static STATUS_ROW_LEN]);
void status_row(const struct status_moment *now, const struct status_moment *prev,
		char out[static STATUS_ROW_LEN]);

#endif
