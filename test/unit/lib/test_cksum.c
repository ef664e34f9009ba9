#include "unit.h"

#include <string.h>

#include "cksum.h"
#include "plain_sum.h"
#include "rng.h"

#define MESSAGE_MAX 1500

/* A message of any bytes; every third of zeros, or of ones: sums that never and always carry. */
static void fill(struct rng *rng, uint8_t *p, size_t n)
{
	uint64_t how = rng_below(rng, 6);

	for (size_t i = 0; i < n; i++)
		p[i] = how == 0 ? 0 : how == 1 ? 0xff : (uint8_t)rng_next(rng);
}

/* RFC 1071 3. */
TEST(example_of_the_rfc)
{
	static const uint8_t p[] = { 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7 };

	ck_assert_uint_eq(cksum_fold(cksum_add(0, p, sizeof(p))), 0xffff ^ 0xddf2);
}

/* IP (tos 0x0, ttl 64, id 0, flags [DF], proto UDP (17), length 115) 192.168.0.1 > 192.168.0.199 */
TEST(ip_header)
{
	uint8_t p[] = {
		0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11, 0xb8, 0x61,
		0xc0, 0xa8, 0x00, 0x01, 0xc0, 0xa8, 0x00, 0xc7,
	};

	ck_assert_uint_eq(cksum_fold(cksum_add(0, p, sizeof(p))), 0);
	p[10] = p[11] = 0;
	ck_assert_uint_eq(cksum_fold(cksum_add(0, p, sizeof(p))), 0xb861);
}

TEST(any_length)
{
	uint8_t p[MESSAGE_MAX];
	struct rng rng = { 1 };

	for (size_t n = 0; n <= MESSAGE_MAX; n++) {
		fill(&rng, p, n);
		if (cksum_fold(cksum_add(0, p, n)) != plain_checksum(p, n))
			ck_abort_msg("%zu bytes", n);
	}
}

/* In pieces, cut at even places, and in four bytes at a time as one number. */
TEST(in_pieces)
{
	uint8_t p[MESSAGE_MAX];
	struct rng rng = { 2 };

	for (int round = 0; round < 2000; round++) {
		size_t n = rng_below(&rng, MESSAGE_MAX + 1), at = 0;
		uint64_t sum = 0;

		fill(&rng, p, n);
		while (at < n) {
			size_t step = 2 * rng_below(&rng, 40);

			if (round % 2 && at + 4 <= n) {
				sum += get_be32(p + at);
				at += 4;
				continue;
			}
			step = at + step < n ? step : n - at;
			sum = cksum_add(sum, p + at, step);
			at += step;
		}
		if (cksum_fold(sum) != plain_checksum(p, n))
			ck_abort_msg("round %d: %zu bytes", round, n);
	}
}

/* 2^16 is 1 modulo 0xffff, so a sum above 0 folds to its remainder, in 1..0xffff. */
static void check_fold(uint64_t sum)
{
	uint16_t want = (uint16_t)(sum ? (sum - 1) % 0xffff + 1 : 0);

	if ((cksum_fold(sum) ^ want) != 0xffff)
		ck_abort_msg("sum %jx", (uintmax_t)sum);
}

TEST(folds_every_carry)
{
	struct rng rng = { 3 };

	for (unsigned int bit = 0; bit < 64; bit++) {
		uint64_t v = 1ull << bit;

		for (uint64_t near = 0; near < 4; near++) {
			check_fold(v + near);
			check_fold(v - near);
			check_fold(~v + near);
			check_fold(~v - near);
			check_fold((v << 16 | 0xffff) + near);
		}
	}
	for (int i = 0; i < 200000; i++)
		check_fold(rng_next(&rng) >> rng_below(&rng, 64));
}

/* RFC 1624: a template's checksum and the words that were zero in it give the whole's. */
TEST(repairs_a_template)
{
	uint8_t p[64], patch[64];
	struct rng rng = { 4 };

	for (int round = 0; round < 50000; round++) {
		size_t at = 2 * rng_below(&rng, 20), n = 2 * (1 + rng_below(&rng, 10));
		uint16_t before, after;

		fill(&rng, p, sizeof(p));
		fill(&rng, patch, n);
		memset(p + at, 0, n);
		before = cksum_fold(cksum_add(0, p, sizeof(p)));
		memcpy(p + at, patch, n);
		after = cksum_fold(cksum_add(0xffff ^ before, patch, n));
		if (after != plain_checksum(p, sizeof(p)))
			ck_abort_msg("round %d: %zu bytes at %zu", round, n, at);
	}
}
