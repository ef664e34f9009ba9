#include "unit.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "err.h"
#include "permute.h"
#include "rng.h"

#define SMALL_MAX 65536

static struct permute order(uint64_t n, uint64_t seed)
{
	struct permute p;
	struct err e = { "" };

	if (permute_init(&p, n, seed, &e) != 0)
		ck_abort_msg("%s", e.msg);
	return p;
}

/* ---- a bijection ---- */

static uint64_t bitmap[2 * SMALL_MAX / 64];

/* Sets bit x; false: it was set. */
static bool mark(uint64_t x)
{
	uint64_t *w = &bitmap[x / 64], bit = 1ull << x % 64;

	if (*w & bit)
		return false;
	*w |= bit;
	return true;
}

/* Each of 0..n-1 is visited once, and unpermute() leads back. */
static void check_order(const struct permute *p)
{
	memset(bitmap, 0, sizeof(bitmap));
	for (uint64_t i = 0; i < p->n; i++) {
		uint64_t x = permute(p, i);

		if (x >= p->n || !mark(x) || unpermute(p, x) != i)
			ck_abort_msg("n %ju, i %ju, x %ju", (uintmax_t)p->n, (uintmax_t)i,
				     (uintmax_t)x);
	}
}

static const uint64_t seeds[] = { 0, 1, 0xdeadbeefcafef00d, UINT64_MAX };

TEST_EACH(every_n_up_to_1024_walked, seeds)
{
	for (uint64_t n = 1; n <= 1024; n++) {
		struct permute p = order(n, *row);

		check_order(&p);
	}
}

static void check_all(uint64_t n)
{
	struct permute p = order(n, seeds[2]);

	check_order(&p);
}

/* Some of those up to 2^16, whole. */
TEST(orders_up_to_65536)
{
	for (uint64_t n = 1025; n <= SMALL_MAX; n += n / 100)
		check_all(n);
	for (uint64_t n = 2048; n <= SMALL_MAX; n *= 2)
		for (uint64_t near = n - 1; near <= n + 1; near++)
			check_all(near);
}

static const uint64_t large[] = {
	(1ull << 32) - 1, 1ull << 32, (1ull << 32) + 1,
	(65535ull << 32) - 1, 65535ull << 32, (65535ull << 32) + 1,
	(1ull << 48) - 1, 1ull << 48, (1ull << 48) + 1,
	(1ull << 62) - 1, 1ull << 62, (1ull << 62) + 1,
	/* Where a is 2^32 - 1 and 2^32, and the top. */
	((1ull << 32) - 1) << 31, (((1ull << 32) - 1) << 31) + 1, (1ull << 63) - 2,
	(1ull << 63) - 1,
};

TEST_EACH(large_n_sampled, large)
{
	uint64_t n = *row;

	for (size_t s = 0; s < N_OF(seeds); s++) {
		struct permute p = order(n, seeds[s]);
		struct rng rng = { n ^ seeds[s] };

		/* 2^63 at most. */
		ck_assert_uint_ge(p.a * p.b, n);
		ck_assert_uint_lt(p.a * p.b - n, p.b);
		for (uint64_t k = 0; k < RNG_ROUNDS(50000); k++) {
			/* Both ends, then anywhere. */
			uint64_t i = k < 100 ? k : k < 200 ? n - 1 - (k - 100) : rng_below(&rng, n);
			uint64_t x = permute(&p, i), y = unpermute(&p, i);

			if (x >= n || y >= n || unpermute(&p, x) != i || permute(&p, y) != i)
				ck_abort_msg("n %ju, i %ju", (uintmax_t)n, (uintmax_t)i);
		}
	}
}

/* The bounded walk goes the same way, and says when it was too short; so every pass is needed. */
TEST_EACH(walks_within_bounds, seeds)
{
	unsigned int walked = 0;

	for (uint64_t n = 1; n <= 1024; n++) {
		struct permute p = order(n, *row);

		for (uint64_t i = 0; i < n; i++) {
			uint64_t x = UINT64_MAX, y = permute(&p, i);
			unsigned int passes = 0;

			while (!permute_bounded(&p, i, passes, &x) && passes <= p.b) {
				if (x != UINT64_MAX)
					ck_abort_msg("n %ju: x was set", (uintmax_t)n);
				passes++;
			}
			walked += passes > 1;
			if (x != y || passes == 0 || passes > p.b)
				ck_abort_msg("n %ju, i %ju", (uintmax_t)n, (uintmax_t)i);
			x = UINT64_MAX;
			if (!permute_bounded(&p, i, passes + 9, &x) || x != y)
				ck_abort_msg("n %ju, i %ju", (uintmax_t)n, (uintmax_t)i);
		}
	}
	ck_assert_uint_gt(walked, 1000);
}

TEST(refuses_n)
{
	static const uint64_t bad[] = { 0, 1ull << 63, UINT64_MAX };

	for (size_t k = 0; k < N_OF(bad); k++) {
		struct permute p;
		struct err e = { "" };

		ck_assert_int_eq(permute_init(&p, bad[k], 1, &e), -EINVAL);
		ck_assert(strstr(e.msg, "1..2^63-1"));
	}
}

/* ---- the order ---- */

/*
 * Seeds and shards of different versions and machines must agree. Computed by another program
 * from the description: SplitMix64 keys, four rounds, b the power of two
 * next to sqrt(n), a = ceil(n / b).
 */
static const struct {
	uint64_t n, seed, first[4], last;
} known[] = {
	{ 10, 1, { 5, 0, 1, 6 }, 9 },
	{ 65536, 0, { 0x599d, 0xbfe9, 0x2218, 0x99e6 }, 0x8fdb },
	{ 1000003, 42, { 0x29767, 0x4ea55, 0x76811, 0xd6e5a }, 0x84482 },
	{ 1ull << 32, 1, { 0xebe7650f, 0x106d438c, 0x880f3f3a, 0x15a168f5 }, 0x19f2e3d2 },
	{ 65535ull << 32, 0xdeadbeefcafef00d,
	  { 0x613393442e46, 0xcf7de2371929, 0xa8c0e7d9bed4, 0xaf7a9af2b254 }, 0x493abaf862a4 },
	{ (1ull << 63) - 1, UINT64_MAX,
	  { 0x23b1fcc57c3f3fce, 0x2e35c9551ffc2c1d, 0x7b7e8ccc10439578, 0x118b20cd6cd5200d },
	  0xabe0ac7dbb48bc1 },
};

TEST_EACH(is_the_same_everywhere, known)
{
	struct permute p = order(row->n, row->seed);

	for (uint64_t i = 0; i < 4; i++)
		ck_assert_uint_eq(permute(&p, i), row->first[i]);
	ck_assert_uint_eq(permute(&p, p.n - 1), row->last);
}

/* Seeds that differ in one bit give orders that agree about as often as chance has it: once. */
TEST(order_depends_on_every_bit_of_the_seed)
{
	struct permute p = order(10007, 1);

	for (int bit = 0; bit < 64; bit++) {
		struct permute q = order(10007, 1 ^ 1ull << bit);
		int same = 0;

		for (uint64_t i = 0; i < p.n; i++)
			same += permute(&p, i) == permute(&q, i);
		ck_assert_int_lt(same, 12);
	}
}

/* All 24 orders of four targets turn up. */
TEST(few_targets_are_shuffled_too)
{
	bool seen[256] = { false };
	int distinct = 0;

	for (uint64_t seed = 0; seed < 1000; seed++) {
		struct permute p = order(4, seed);
		unsigned int code = 0;

		for (uint64_t i = 0; i < 4; i++)
			code = code << 2 | (unsigned int)permute(&p, i);
		distinct += !seen[code];
		seen[code] = true;
	}
	ck_assert_int_eq(distinct, 24);
}

static const uint64_t shuffled[] = {
	65536, 65537, 1000003, 1ull << 32, 65535ull << 32, (1ull << 63) - 1,
};

/* 0..15: which sixteenth of 0..n-1 x falls into. */
static unsigned int sixteenth(uint64_t x, uint64_t n)
{
	return (unsigned int)((unsigned __int128)x * 16 / n);
}

static double chi_square(const unsigned int cell[static 256], double expected)
{
	double sum = 0;

	for (int c = 0; c < 256; c++)
		sum += (cell[c] - expected) * (cell[c] - expected) / expected;
	return sum;
}

/*
 * Where a step falls must not follow from where an earlier one fell: 65536 pairs in 256 cells,
 * for each distance. 255 degrees of freedom: 255 +- 23; 400 is more than six sigma off.
 */
TEST_EACH(steps_are_independent, shuffled)
{
	uint64_t n = *row;

	for (size_t s = 0; s < N_OF(seeds); s++) {
		struct permute p = order(n, seeds[s]);
		/* Neighbours share the left half of the network, p.b apart the right half. */
		const uint64_t lag[] = { 1, 2, 256, p.b - 1, p.b };

		for (size_t k = 0; k < N_OF(lag); k++) {
			unsigned int high[256] = { 0 }, low[256] = { 0 };

			for (uint64_t i = 0; i < 65536; i++) {
				uint64_t x = permute(&p, i), y = permute(&p, (i + lag[k]) % n);

				high[sixteenth(x, n) << 4 | sixteenth(y, n)]++;
				low[(x & 15) << 4 | (y & 15)]++;
			}
			ck_assert_double_lt(chi_square(high, 256), 400);
			ck_assert_double_lt(chi_square(low, 256), 400);
		}
	}
}

/* The first 65536 targets, a small sample of a large n, cover 0..n-1 evenly, and so all ports. */
TEST_EACH(first_targets_are_a_fair_sample, shuffled)
{
	uint64_t n = *row;

	for (size_t s = 0; s < N_OF(seeds); s++) {
		struct permute p = order(n, seeds[s]);
		unsigned int where[256] = { 0 }, port[256] = { 0 };

		for (uint64_t i = 0; i < 65536; i++) {
			uint64_t x = permute(&p, i);

			where[(unsigned int)((unsigned __int128)x * 256 / n)]++;
			port[x % 65535 % 256]++;
		}
		ck_assert_double_lt(chi_square(where, 256), 400);
		ck_assert_double_lt(chi_square(port, 256), 400);
	}
}
