/*
 * prefixset: a set of addresses as sorted, disjoint ranges, that can be indexed: nth() and rank()
 * are inverse. Built once (add.., seal, subtract), then read by any thread.
 */
#ifndef TFOMAP_PREFIXSET_H
#define TFOMAP_PREFIXSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"

struct prefixset_range {
	struct addr first, last;	/* both inside */
	uint64_t before;		/* addresses in the ranges before this one, saturating */
};

struct prefixset {
	struct prefixset_range *v;	/* heap, owned */
	size_t n, cap;
	uint64_t count;			/* addresses in all; UINT64_MAX: 2^64-1 or more (sealed) */
};

void prefixset_init(struct prefixset *s);
void prefixset_free(struct prefixset *s);

/* Adds first..last (first <= last); in any order, overlaps are fine. 0 or -ENOMEM. */
int prefixset_add(struct prefixset *s, struct addr first, struct addr last);

/* Sorts, merges and counts. Must follow the last add and precede every call below. */
void prefixset_seal(struct prefixset *s);

/* Takes out of s what is in minus; keeps out of s what is not in with. Both sealed. 0/-ENOMEM. */
int prefixset_subtract(struct prefixset *s, const struct prefixset *minus);
int prefixset_intersect(struct prefixset *s, const struct prefixset *with);

bool prefixset_contains(const struct prefixset *s, struct addr a);

/*
 * The place of a among the addresses of s, in address order, 0..count-1; false: not in s. A place
 * that 64 bits cannot hold is UINT64_MAX.
 */
bool prefixset_rank(const struct prefixset *s, struct addr a, uint64_t *rank);

/* The address of that place; rank < count < UINT64_MAX. */
struct addr prefixset_nth(const struct prefixset *s, uint64_t rank);

/* The largest range (for messages); NULL where s is empty. */
const struct prefixset_range *prefixset_largest(const struct prefixset *s);

#endif
