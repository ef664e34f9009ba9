/*
 * done_set: which positions of a sender shard need no SYN any more, as an earlier part of the run
 * is done with them: all below `first`, and single ones up to `end`. All zero: none. Constant once
 * it is filled; then any thread.
 */
#ifndef TFOMAP_DONE_SET_H
#define TFOMAP_DONE_SET_H

#include <stdbool.h>
#include <stdint.h>

struct done_set {
	uint64_t first, end;		/* positions; those in bits */
	uint64_t *bits;			/* heap, owned: bit k - first */
};

/* Of first..end-1 none is done yet; first <= end. 0 or -ENOMEM. */
int done_set_init(struct done_set *d, uint64_t first, uint64_t end);
void done_set_free(struct done_set *d);

/* Position k, first..end-1, is done; or is not. */
void done_set_add(struct done_set *d, uint64_t k);
void done_set_remove(struct done_set *d, uint64_t k);

static inline bool done_set_has(const struct done_set *d, uint64_t k)
{
	uint64_t at = k - d->first;

	return k < d->first || (k < d->end && d->bits[at / 64] >> at % 64 & 1);
}

#endif
