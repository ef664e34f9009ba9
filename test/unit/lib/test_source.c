#include "unit.h"

#include "source.h"

#define N_MAX	256
#define TARGETS	4096

static const struct siphash_key key = { 0x0706050403020100, 0x0f0e0d0c0b0a0908 };

static struct addr target(unsigned int i)
{
	return i & 1 ? (struct addr){ 0x2001000200000000ull, i } : addr_from_v4(0xc6120000 + i);
}

/* In range, the same each time; each of them has about its share. */
TEST(shares)
{
	for (uint32_t n = 1; n <= N_MAX; n += n < 8 ? 1 : 31) {
		unsigned int share[N_MAX] = { 0 }, most = 0, least = TARGETS;

		for (unsigned int i = 0; i < TARGETS; i++) {
			uint32_t at = source_choose(&key, n, target(i), 443);

			ck_assert_uint_lt(at, n);
			ck_assert_uint_eq(source_choose(&key, n, target(i), 443), at);
			share[at]++;
		}
		for (uint32_t i = 0; i < n; i++) {
			most = share[i] > most ? share[i] : most;
			least = share[i] < least ? share[i] : least;
		}
		ck_assert_uint_gt(least, 0);
		/* Five standard deviations. */
		ck_assert_uint_le((most - TARGETS / n) * (most - TARGETS / n), 25 * TARGETS / n);
	}
}

/* Key, port and both halves of the address count. */
TEST(by_all_that_there_is)
{
	struct siphash_key other = { key.k0, key.k1 + 1 };
	unsigned int by_key = 0, by_port = 0, by_hi = 0, by_lo = 0;

	for (uint32_t i = 0; i < 200; i++) {
		struct addr a = { 0x2001000200000000ull + i, i };
		uint32_t at = source_choose(&key, N_MAX, a, 443);

		by_key += source_choose(&other, N_MAX, a, 443) != at;
		by_port += source_choose(&key, N_MAX, a, 444) != at;
		a.lo++;
		by_lo += source_choose(&key, N_MAX, a, 443) != at;
		a.lo--;
		a.hi++;
		by_hi += source_choose(&key, N_MAX, a, 443) != at;
	}
	ck_assert_uint_gt(by_key, 190);
	ck_assert_uint_gt(by_port, 190);
	ck_assert_uint_gt(by_hi, 190);
	ck_assert_uint_gt(by_lo, 190);
}

/*
 * A saved scan is read by its key: what was chosen once is chosen for good. Of SipHash-1-3 of the
 * address's halves and the port, written anew.
 */
TEST(as_ever)
{
	static const uint32_t chosen[] = { 82, 17, 55, 42, 24, 29, 36, 13 };

	for (unsigned int i = 0; i < N_OF(chosen); i++)
		ck_assert_uint_eq(source_choose(&key, 100, target(i), 443), chosen[i]);
}
