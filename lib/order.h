/*
 * order: which target comes when. Position i of the whole order visits target permute(i); -n keeps
 * the positions below n; shard s of S keeps those with i mod S = s. A position k counts the
 * positions that are this run's, 0..positions-1, and is what window, send log and rows go by.
 */
#ifndef TFOMAP_ORDER_H
#define TFOMAP_ORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "permute.h"

struct order {
	struct permute permutation;
	uint64_t sample;	/* positions of the whole order that count, <= n */
	uint64_t positions;	/* of this shard */
	uint32_t shards, shard;
};

/* n 1..2^63-1 targets; max 0: all; shard < shards. -EINVAL for n out of range. */
int order_init(struct order *o, uint64_t n, uint64_t max, uint32_t shards, uint32_t shard,
	       uint64_t seed, struct err *e);

/* The target of position k < positions. */
static inline uint64_t order_target(const struct order *o, uint64_t k)
{
	return permute(&o->permutation, k * o->shards + o->shard);
}

/* The same, where loops have to be bounded (permute_bounded()). */
static inline bool order_target_bounded(const struct order *o, uint64_t k, unsigned int passes,
					uint64_t *x)
{
	return permute_bounded(&o->permutation, k * o->shards + o->shard, passes, x);
}

/* The position of target x < n; false: not in the sample or not of this shard. */
static inline bool order_pos(const struct order *o, uint64_t x, uint64_t *k)
{
	uint64_t i = unpermute(&o->permutation, x);

	if (i >= o->sample || i % o->shards != o->shard)
		return false;
	*k = i / o->shards;
	return true;
}

#endif
