/*
 * lane: how the places of a sweep are divided among n send threads: blocks of LANE_BLOCK places in
 * turn, block b to lane b mod n. A lane counts its own places from 0 and sweeps them in that order;
 * so which places a lane has, and in which order, depends on n alone and never on speed, and no
 * lane writes where another does. Static inline, for an in-kernel program too.
 */
#ifndef TFOMAP_LANE_H
#define TFOMAP_LANE_H

#include <stdint.h>

#define LANE_BLOCK	512u

/* The lane of place k, 0..n-1, and the place in there. */
static inline uint32_t lane_of(uint64_t k, uint32_t n)
{
	return n == 1 ? 0 : (uint32_t)(k / LANE_BLOCK % n);
}

static inline uint64_t lane_place(uint64_t k, uint32_t n)
{
	return n == 1 ? k : k / LANE_BLOCK / n * LANE_BLOCK + k % LANE_BLOCK;
}

/* The place of the sweep that is place i of a lane. */
static inline uint64_t lane_whole(uint64_t i, uint32_t lane, uint32_t n)
{
	return (i / LANE_BLOCK * n + lane) * LANE_BLOCK + i % LANE_BLOCK;
}

/* How many of the sweep's places a lane has. */
static inline uint64_t lane_places(uint64_t places, uint32_t lane, uint32_t n)
{
	uint64_t blocks = places / LANE_BLOCK, whole = blocks / n + (lane < blocks % n);

	return whole * LANE_BLOCK + (lane == blocks % n ? places % LANE_BLOCK : 0);
}

#endif
