#include "permute.h"

#include <errno.h>
#include <inttypes.h>

#include "err.h"

/* The next word of the sequence that state counts through (SplitMix64). */
static uint64_t permute_next_key(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

/*
 * b is the power of two next to sqrt(n), by ratio, so that both halves are about as wide (a / b is
 * 1/2..2), which is what mixes best. The round keys depend on the seed alone, so all n that share
 * a and b share one network.
 */
int permute_init(struct permute *p, uint64_t n, uint64_t seed, struct err *e)
{
	unsigned int log = 0;

	if (n == 0 || n > INT64_MAX)
		return err_set(e, EINVAL, "cannot order %" PRIu64 " targets: their number must be "
			       "1..2^63-1", n);
	while (n >> log > 1)
		log++;
	p->n = n;
	p->b_bits = (log + 1) / 2;
	p->b = 1ull << p->b_bits;
	p->a = ((n - 1) >> p->b_bits) + 1;
	for (int i = 0; i < PERMUTE_ROUNDS; i++)
		p->key[i] = permute_next_key(&seed);
	return 0;
}
