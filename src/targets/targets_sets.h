/*
 * targets_sets: the targets held against sets of addresses, while only the main thread knows of
 * them: which are inside, which are not, and leaving some out.
 */
#ifndef TFOMAP_TARGETS_SETS_H
#define TFOMAP_TARGETS_SETS_H

#include <stdbool.h>
#include <stdint.h>

#include "addr.h"

struct prefixset;
struct targets;

/* The family's addresses, sealed, into out, which is empty. 0 or -ENOMEM. */
int targets_family(bool v6, struct prefixset *out);

/* Adds the targets' addresses that are in `in` (sealed) to out, which is not sealed. 0, -ENOMEM. */
int targets_within(const struct targets *t, const struct prefixset *in, struct prefixset *out);

/* Any target of the family whose address is not in s (sealed); false: there is none. */
bool targets_outside(const struct targets *t, bool v6, const struct prefixset *s,
		     struct addr *out);

/*
 * Pairs whose address is in out (sealed) go, and count in *counter, which is one of
 * targets_counts() and stays below 2^63. 0, or -ENOMEM: t is of no use.
 */
int targets_leave_out(struct targets *t, const struct prefixset *out, uint64_t *counter);

/* Its two steps, for who has more to leave out before: that; and counts and look-up anew. */
int targets_take_out(struct targets *t, const struct prefixset *out, uint64_t *counter);
int targets_arrange(struct targets *t);

#endif
