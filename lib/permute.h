/*
 * permute: a seeded, invertible permutation of 0..n-1, n < 2^63. A Feistel network over Z_a x Z_b
 * with n <= a*b < 2n, walked along its cycle until the value falls below n (which ends, since the
 * network permutes 0..a*b-1 and the walk started below n). It orders; it is not a secret. The
 * arithmetic is static inline so that an in-kernel program can compile it too.
 */
#ifndef TFOMAP_PERMUTE_H
#define TFOMAP_PERMUTE_H

#include <stdint.h>

struct err;

#define PERMUTE_ROUNDS 4

struct permute {
	uint64_t n;
	uint32_t a, b;			/* both below 2^32 as n is below 2^63 */
	uint64_t key[PERMUTE_ROUNDS];
};

/* n is 1..2^63-1, else -EINVAL. The same n and seed give the same permutation, everywhere. */
int permute_init(struct permute *p, uint64_t n, uint64_t seed, struct err *e);

/* A mix of half and key, reduced to 0..m-1 by the high part of a product. */
static inline uint32_t permute_mix(uint32_t half, uint64_t key, uint32_t m)
{
	uint64_t h = (half ^ key) * 0x9e3779b97f4a7c15ull;

	h ^= h >> 32;
	h *= 0xd6e8feb86659fd93ull;
	return (uint32_t)(((h >> 32) * m) >> 32);
}

static inline uint32_t permute_add(uint32_t x, uint32_t y, uint32_t m)
{
	uint64_t s = (uint64_t)x + y;

	return (uint32_t)(s >= m ? s - m : s);
}

static inline uint32_t permute_sub(uint32_t x, uint32_t y, uint32_t m)
{
	return x >= y ? x - y : (uint32_t)((uint64_t)x + m - y);
}

/* One pass of the network over 0..a*b-1, and its inverse. */
static inline uint64_t permute_pass(const struct permute *p, uint64_t x)
{
	uint32_t l = (uint32_t)(x / p->b), r = (uint32_t)(x % p->b);

	for (int i = 0; i < PERMUTE_ROUNDS; i += 2) {
		l = permute_add(l, permute_mix(r, p->key[i], p->a), p->a);
		r = permute_add(r, permute_mix(l, p->key[i + 1], p->b), p->b);
	}
	return (uint64_t)l * p->b + r;
}

static inline uint64_t permute_unpass(const struct permute *p, uint64_t x)
{
	uint32_t l = (uint32_t)(x / p->b), r = (uint32_t)(x % p->b);

	for (int i = PERMUTE_ROUNDS - 2; i >= 0; i -= 2) {
		r = permute_sub(r, permute_mix(l, p->key[i + 1], p->b), p->b);
		l = permute_sub(l, permute_mix(r, p->key[i], p->a), p->a);
	}
	return (uint64_t)l * p->b + r;
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

#endif
