/*
 * source: which of several source addresses a target is probed from: a keyed hash chooses, the same
 * for all its probes. Static inline, for the in-kernel program too.
 */
#ifndef TFOMAP_SOURCE_H
#define TFOMAP_SOURCE_H

#include <stdint.h>

#include "addr.h"
#include "siphash.h"

/* 0..n-1, for n >= 1 addresses. */
static inline uint32_t source_choose(const struct siphash_key *key, uint32_t n, struct addr dst,
				     uint16_t dport)
{
	const uint64_t w[3] = { dst.hi, dst.lo, dport };

	return n == 1 ? 0 : (uint32_t)((siphash_words(key, w, 3, 1, 3) >> 32) * n >> 32);
}

#endif
