/* Deterministic random numbers for tests: the same on every machine and in every run. */
#ifndef UNIT_RNG_H
#define UNIT_RNG_H

#include <stdint.h>

struct rng {
	uint64_t x;
};

/* Rounds of what is drawn at random: fewer under a sanitizer, which makes each of them slow. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define RNG_ROUNDS(n)	((n) / 8)
#else
#define RNG_ROUNDS(n)	(n)
#endif

/* 64 random bits (SplitMix64; any start value of x will do). */
static inline uint64_t rng_next(struct rng *r)
{
	uint64_t z = r->x += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

/* 0..m-1, m >= 1. */
static inline uint64_t rng_below(struct rng *r, uint64_t m)
{
	return rng_next(r) % m;
}

#endif
