/*
 * permute: a seeded, invertible permutation of 0..n-1, n < 2^63. A Feistel network over Z_a x Z_b,
 * b a power of two near sqrt(n) and a = ceil(n / b), so that n <= a*b < n + b; walked along its
 * cycle until the value falls below n (which ends, since the network permutes 0..a*b-1 and the walk
 * started below n). It orders; it is not a secret. No step divides, and all of it compiles for the
 * in-kernel program too.
 */
#ifndef TFOMAP_PERMUTE_H
#define TFOMAP_PERMUTE_H

#include <stdbool.h>
#include <stdint.h>

struct err;

#define PERMUTE_ROUNDS 4

struct permute {
	uint64_t n;
	uint64_t a, b;			/* at most 2^32, as n is below 2^63 */
	uint64_t b_bits;		/* b = 2^b_bits */
	uint64_t key[PERMUTE_ROUNDS];
};

/* n is 1..2^63-1, else -EINVAL. The same n and seed give the same permutation, everywhere. */
int permute_init(struct permute *p, uint64_t n, uint64_t seed, struct err *e);

/* 32 bits that depend on all of half and key. */
static inline uint64_t permute_mix(uint64_t half, uint64_t key)
{
	uint64_t h = (half ^ key) * 0x9e3779b97f4a7c15ull;

	h ^= h >> 32;
	h *= 0xd6e8feb86659fd93ull;
	return h >> 32;
}

/* The same, reduced to 0..m-1 by the high part of a product. */
static inline uint64_t permute_mix_below(uint64_t m, uint64_t half, uint64_t key)
{
	return permute_mix(half, key) * m >> 32;
}

/* One pass of the network over 0..a*b-1, and its inverse. */
static inline uint64_t permute_pass(const struct permute *p, uint64_t x)
{
	uint64_t l = x >> p->b_bits, r = x & (p->b - 1);

	for (int i = 0; i < PERMUTE_ROUNDS; i += 2) {
		l += permute_mix_below(p->a, r, p->key[i]);
		l -= l >= p->a ? p->a : 0;
		r = (r + permute_mix_below(p->b, l, p->key[i + 1])) & (p->b - 1);
	}
	return l << p->b_bits | r;
}

static inline uint64_t permute_unpass(const struct permute *p, uint64_t x)
{
	uint64_t l = x >> p->b_bits, r = x & (p->b - 1);

	for (int i = PERMUTE_ROUNDS - 2; i >= 0; i -= 2) {
		r = (r - permute_mix_below(p->b, l, p->key[i + 1])) & (p->b - 1);
		l += p->a - permute_mix_below(p->a, r, p->key[i]);
		l -= l >= p->a ? p->a : 0;
	}
	return l << p->b_bits | r;
}

/* The target that position i (0..n-1) of the order visits, and back. */
static inline uint64_t permute(const struct permute *p, uint64_t i)
{
	do
		i = permute_pass(p, i);
	while (i >= p->n);
	return i;
}

static inline uint64_t unpermute(const struct permute *p, uint64_t x)
{
	do
		x = permute_unpass(p, x);
	while (x >= p->n);
	return x;
}

/* permute() where loops have to be bounded: false: passes are not enough, *x is not set. */
static inline bool permute_bounded(const struct permute *p, uint64_t i, unsigned int passes,
				   uint64_t *x)
{
	for (unsigned int k = 0; k < passes; k++) {
		i = permute_pass(p, i);
		if (i < p->n) {
			*x = i;
			return true;
		}
	}
	return false;
}

#endif
