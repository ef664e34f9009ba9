/* summary: what became of a run, in a few lines for people. Main thread, once the run has ended. */
#ifndef TFOMAP_SUMMARY_H
#define TFOMAP_SUMMARY_H

#include <stdint.h>

struct stats;

/* What the counters do not say. */
struct summary {
	uint64_t targets;		/* of this run */
	uint64_t duration_ns;
	const char *end;		/* why it ended (state/exit_reason.def) */
	const char *rows;		/* the file of the rows; NULL: standard output */
};

/*
 * Calls line() for each line, without its end: how long, of how many targets, how many rows and
 * where; how many of those that got a probe have which verdict; what was lost.
 */
void summary_write(const struct summary *sum, const struct stats *s,
		   void (*line)(void *arg, const char *text), void *arg);

#endif
