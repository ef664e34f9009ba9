#include "unit.h"

#include <errno.h>
#include <string.h>

#include "err.h"
#include "order.h"
#include "rng.h"

#define N_MAX		66
#define LARGEST		(UINT64_MAX >> 1)	/* 2^63 - 1 targets */
#define NOBODY		UINT32_MAX

static void init(struct order *o, uint64_t n, uint64_t max, uint32_t shards, uint32_t shard,
		 uint64_t seed)
{
	struct err e = { "" };

	if (order_init(o, n, max, shards, shard, seed, &e))
		ck_abort_msg("%s", e.msg);
}

/* The whole order: targets by position. */
static void whole_order(uint64_t out[static N_MAX], uint64_t n, uint64_t seed)
{
	struct order o;

	init(&o, n, 0, 1, 0, seed);
	ck_assert_uint_eq(o.positions, n);
	for (uint64_t i = 0; i < n; i++)
		out[i] = order_target(&o, i);
}

/* Goes through one shard: its targets get its number, and come in the whole order's sequence. */
static void walk_shard(const struct order *o, const uint64_t *whole, uint64_t sample,
		       uint32_t owner[static N_MAX])
{
	uint64_t at = 0;

	for (uint64_t k = 0; k < o->positions; k++) {
		uint64_t x = order_target(o, k), back = UINT64_MAX;

		if (x >= N_MAX || owner[x] != NOBODY)
			ck_abort_msg("shard %u: target %ju", o->shard, (uintmax_t)x);
		owner[x] = o->shard;
		if (!order_pos(o, x, &back) || back != k)
			ck_abort_msg("shard %u: position %ju", o->shard, (uintmax_t)k);
		while (at < sample && whole[at] != x)
			at++;
		if (at == sample)
			ck_abort_msg("shard %u: target %ju is not in its turn", o->shard,
				     (uintmax_t)x);
	}
}

/* Targets of other shards, and those that are not in the sample, have no position in this one. */
static void check_strangers(const struct order *o, uint64_t n, const uint32_t *owner)
{
	uint64_t k;

	for (uint64_t x = 0; x < n; x++)
		if (order_pos(o, x, &k) != (owner[x] == o->shard))
			ck_abort_msg("shard %u: target %ju", o->shard, (uintmax_t)x);
}

static void check_sharding(uint64_t n, uint64_t max, uint32_t shards, uint64_t seed)
{
	uint64_t whole[N_MAX], sample = max && max < n ? max : n, positions = 0;
	uint32_t owner[N_MAX];
	struct order o;

	memset(owner, 0xff, sizeof(owner));
	whole_order(whole, n, seed);
	for (uint32_t shard = 0; shard < shards; shard++) {
		init(&o, n, max, shards, shard, seed);
		walk_shard(&o, whole, sample, owner);
		positions += o.positions;
		/* As even as it can be. */
		ck_assert_uint_ge(o.positions, sample / shards);
		ck_assert_uint_le(o.positions, sample / shards + 1);
	}
	ck_assert_uint_eq(positions, sample);
	for (uint64_t i = 0; i < n; i++)
		if ((owner[whole[i]] != NOBODY) != (i < sample))
			ck_abort_msg("position %ju of %ju", (uintmax_t)i, (uintmax_t)sample);
	for (uint32_t shard = 0; shard < shards; shard++) {
		init(&o, n, max, shards, shard, seed);
		check_strangers(&o, n, owner);
	}
}

/* Together the shards are the first max positions of the whole order, whatever their number. */
TEST(shards_part_the_sample)
{
	for (uint64_t n = 1; n <= N_MAX; n += 1 + n / 12) {
		const uint64_t maxima[] = { 0, 1, 2, n / 2, n - 1, n, n + 1, UINT64_MAX };

		for (size_t m = 0; m < N_OF(maxima); m++)
			for (uint32_t shards = 1; shards <= 12; shards++)
				check_sharding(n, maxima[m], shards, n * shards);
	}
	check_sharding(N_MAX, 0, 1000, 5);
	check_sharding(N_MAX, 30, 64, 6);
}

TEST(large_orders)
{
	static const uint64_t sizes[] = { 1ull << 32, (1ull << 40) + 7, 1ull << 62, LARGEST };
	struct rng rng = { 1 };

	for (size_t i = 0; i < N_OF(sizes); i++) {
		for (uint32_t shards = 1; shards < 2000000000; shards = shards * 7 + 1) {
			uint32_t shard = (uint32_t)rng_below(&rng, shards);
			uint64_t k = 0, back = UINT64_MAX;
			struct order o;

			init(&o, sizes[i], 0, shards, shard, i);
			ck_assert_uint_eq(o.positions,
					  sizes[i] / shards + (shard < sizes[i] % shards));
			for (int n = 0; n < 50; n++) {
				uint64_t x = order_target(&o, k);

				ck_assert_uint_lt(x, sizes[i]);
				ck_assert(order_pos(&o, x, &back));
				ck_assert_uint_eq(back, k);
				k = rng_below(&rng, o.positions);
				if (n < 10)
					k = o.positions - 1 - (uint64_t)n % o.positions;
			}
		}
	}
}

/* Another seed, another order and another sample; the same seed, the same ones. */
TEST(seed_decides)
{
	uint64_t first[N_MAX], again[N_MAX], other[N_MAX];
	unsigned int same_order = 0, same_sample = 0;

	whole_order(first, N_MAX, 0);
	whole_order(again, N_MAX, 0);
	ck_assert_mem_eq(first, again, sizeof(first));
	for (uint64_t seed = 1; seed <= 100; seed++) {
		uint64_t in_first = 0, in_other = 0;

		whole_order(other, N_MAX, seed);
		same_order += memcmp(first, other, sizeof(first)) == 0;
		for (int i = 0; i < 32; i++) {
			in_first |= 1ull << first[i] % 64;
			in_other |= 1ull << other[i] % 64;
		}
		same_sample += in_first == in_other;
	}
	ck_assert_uint_eq(same_order, 0);
	ck_assert_uint_eq(same_sample, 0);
}

TEST(refuses_what_cannot_be_ordered)
{
	struct order o;
	struct err e = { "" };

	ck_assert_int_eq(order_init(&o, 0, 0, 1, 0, 1, &e), -EINVAL);
	ck_assert_str_ne(e.msg, "");
	e.msg[0] = '\0';
	ck_assert_int_eq(order_init(&o, LARGEST + 1, 0, 1, 0, 1, &e), -EINVAL);
	ck_assert_str_ne(e.msg, "");
}
