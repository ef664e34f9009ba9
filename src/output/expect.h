/*
 * expect: whether targets have the verdicts that --expect names: as a monitoring plugin says it, by
 * an exit status and one line.
 */
#ifndef TFOMAP_EXPECT_H
#define TFOMAP_EXPECT_H

#include <stdint.h>

#include "verdict.h"

struct stats;
struct target_extra;

enum expect_status { EXPECT_OK = 0, EXPECT_CRITICAL = 2, EXPECT_UNKNOWN = 3 };

#define EXPECT_NAMED_MAX	3	/* targets that the line names */
#define EXPECT_LINE_LEN		2048

/* Those that have another verdict. All zero at first but wanted. */
struct expect {
	uint32_t wanted;		/* bits 1 << enum verdict */
	unsigned int n;			/* at most EXPECT_NAMED_MAX are named */
	char names[1024];
};

/* A target's verdict; extra may be NULL. One receive thread at a time. */
void expect_take(struct expect *x, const struct evidence *ev, const struct target_extra *extra,
		 enum verdict v);

/*
 * What became of all targets, by the counters of a run that has ended: the exit status, and the
 * line, without its end. OK: each target has one of the verdicts. CRITICAL: some has not. UNKNOWN:
 * nobody answered, answers were lost, or why (NULL: nothing) kept the run from its end.
 */
enum expect_status expect_conclude(const struct expect *x, const struct stats *s, const char *why,
				   char line[static EXPECT_LINE_LEN]);

#endif
