#include "permute.h"

#include <errno.h>
#include <inttypes.h>

#include "err.h"

/* The least a with a * a >= n. In integers, so that it is the same on every machine. */
static uint64_t permute_ceil_sqrt(uint64_t n)
{
	uint64_t a = 0;

	for (uint64_t bit = 1ull << 31; bit; bit >>= 1) {
		if ((a | bit) * (a | bit) <= n)
			a |= bit;
	}
	return a + (a * a < n);
}

/* The next word of the sequence that state counts through (SplitMix64). */
static uint64_t permute_next_key(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

/*
 * With a = ceil(sqrt(n)) and b = ceil(n / a), a * b is less than n + a: hardly a value is walked,
 * and both halves are about as wide, which is what mixes best. The round keys depend on the seed
 * alone, so all n that share a and b share one network.
 */
int permute_init(struct permute *p, uint64_t n, uint64_t seed, struct err *e)
{
	uint64_t a;

	if (n == 0 || n > INT64_MAX)
		return err_set(e, EINVAL, "cannot order %" PRIu64 " targets: their number must be "
			       "1..2^63-1", n);
	a = permute_ceil_sqrt(n);
	p->n = n;
	p->a = (uint32_t)a;
	p->b = (uint32_t)(n / a + (n % a != 0));
	for (int i = 0; i < PERMUTE_ROUNDS; i++)
		p->key[i] = permute_next_key(&seed);
	return 0;
}
