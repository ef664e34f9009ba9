/*
 * sender_shard: how the positions of a sweep are divided among n send threads: blocks of
 * SENDER_BLOCK positions in turn, block b to sender b mod n. A sender counts its own positions from
 * 0 and sweeps them in that order; so which positions a sender has, and in which order, depends on
 * n alone and never on speed, and no sender writes where another does. Static inline, for an
 * in-kernel program too.
 */
#ifndef TFOMAP_SENDER_SHARD_H
#define TFOMAP_SENDER_SHARD_H

#include <stdint.h>

#define SENDER_BLOCK	512u

/* The sender of position k, 0..n-1, and the position in there. */
static inline uint32_t sender_of(uint64_t k, uint32_t n)
{
	return n == 1 ? 0 : (uint32_t)(k / SENDER_BLOCK % n);
}

static inline uint64_t sender_pos(uint64_t k, uint32_t n)
{
	return n == 1 ? k : k / SENDER_BLOCK / n * SENDER_BLOCK + k % SENDER_BLOCK;
}

/* The position of the sweep that is position i of a sender. */
static inline uint64_t sender_whole(uint64_t i, uint32_t sender, uint32_t n)
{
	return (i / SENDER_BLOCK * n + sender) * SENDER_BLOCK + i % SENDER_BLOCK;
}

/* How many of the sweep's positions a sender has. */
static inline uint64_t sender_positions(uint64_t positions, uint32_t sender, uint32_t n)
{
	uint64_t blocks = positions / SENDER_BLOCK, whole = blocks / n + (sender < blocks % n);

	return whole * SENDER_BLOCK + (sender == blocks % n ? positions % SENDER_BLOCK : 0);
}

#endif
