/*
 * done_set: which positions of a sender shard need no SYN any more, as an earlier part of the run
 * is done with them: all below `tail` but a few, and single ones from there to `end`. Memory grows
 * with these few, and with how far `end` is after `tail`. All zero: none. Constant once it is
 * filled; then any thread.
 */
#ifndef TFOMAP_DONE_SET_H
#define TFOMAP_DONE_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct done_set {
	uint64_t first, tail, end;	/* positions; before first all are done */
	uint64_t *left;			/* heap, owned, sorted: of first..tail-1 the others */
	size_t nleft;
	uint64_t *bits;			/* heap, owned, of tail..end-1: bit k - tail */
};

/*
 * Of the positions before tail all are done but the n at v, in any order; of tail..end-1 none
 * is yet; tail <= end. 0 or -ENOMEM; done_set_free() in any case.
 */
int done_set_init(struct done_set *d, uint64_t tail, uint64_t end, const uint64_t *v, size_t n);
void done_set_free(struct done_set *d);

/* Position k < end is done. */
void done_set_add(struct done_set *d, uint64_t k);

/* Whether k < tail is one of those left. */
bool done_set_is_left(const struct done_set *d, uint64_t k);

static inline bool done_set_has(const struct done_set *d, uint64_t k)
{
	uint64_t at = k - d->tail;

	if (k < d->tail)
		return k < d->first || !done_set_is_left(d, k);
	return k < d->end && d->bits[at / 64] >> at % 64 & 1;
}

#endif
