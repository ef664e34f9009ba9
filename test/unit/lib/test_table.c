#include "unit.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "rng.h"
#include "table.h"

TEST(finds_what_was_put)
{
	struct table t;

	ck_assert_int_eq(table_init(&t, 10, 1), 0);
	ck_assert_uint_eq(table_get(&t, 5), TABLE_NONE);
	/* 0 and the greatest key are keys like others. */
	uint32_t zero = table_put(&t, 0), five = table_put(&t, 5), top = table_put(&t, UINT64_MAX);

	ck_assert_uint_eq(t.n, 3);
	ck_assert(zero < 10 && five < 10 && top < 10);
	ck_assert(zero != five && five != top && top != zero);
	ck_assert_uint_eq(table_get(&t, 0), zero);
	ck_assert_uint_eq(table_get(&t, 5), five);
	ck_assert_uint_eq(table_get(&t, UINT64_MAX), top);
	ck_assert_uint_eq(table_get(&t, 6), TABLE_NONE);
	table_del(&t, five);
	ck_assert_uint_eq(t.n, 2);
	ck_assert_uint_eq(table_get(&t, 5), TABLE_NONE);
	ck_assert_uint_eq(table_get(&t, 0), zero);
	ck_assert_uint_eq(table_get(&t, UINT64_MAX), top);
	table_free(&t);
}

static const uint32_t capacities[] = { 1, 2, 3, 4, 5, 7, 8, 9, 31, 64, 100, 1000 };

/* Fill to the brim, empty, fill again: every slot is given once each time. */
TEST_EACH(full_and_reused, capacities)
{
	uint32_t capacity = *row;
	bool *taken = calloc(capacity, sizeof(*taken));
	struct table t;

	ck_assert_int_eq(table_init(&t, capacity, 1), 0);
	for (uint64_t round = 0; round < 3; round++) {
		memset(taken, 0, capacity * sizeof(*taken));
		for (uint64_t k = 0; k < capacity; k++) {
			uint32_t slot = table_put(&t, round << 32 | k);

			ck_assert(slot < capacity && !taken[slot]);
			taken[slot] = true;
		}
		ck_assert_uint_eq(t.n, capacity);
		ck_assert_uint_eq(table_put(&t, 77ull << 32), TABLE_NONE);
		ck_assert_uint_eq(table_get(&t, 77ull << 32), TABLE_NONE);
		for (uint64_t k = 0; k < capacity; k++) {
			uint32_t slot = table_get(&t, round << 32 | k);

			ck_assert(slot < capacity && taken[slot]);
			taken[slot] = false;
			table_del(&t, slot);
		}
		ck_assert_uint_eq(t.n, 0);
	}
	table_free(&t);
	free(taken);
}

/* What was given back comes again in that order; with none of it, what was never in use. */
TEST(order_of_reuse)
{
	struct table t;

	ck_assert_int_eq(table_init(&t, 8, 1), 0);
	for (uint64_t k = 0; k < 5; k++)
		ck_assert_uint_eq(table_put(&t, k), k);
	table_del(&t, 3);
	table_del(&t, 0);
	table_del(&t, 4);
	ck_assert_uint_eq(table_put(&t, 10), 3);
	table_del(&t, 3);
	ck_assert_uint_eq(table_put(&t, 11), 0);
	ck_assert_uint_eq(table_put(&t, 12), 4);
	ck_assert_uint_eq(table_put(&t, 13), 3);
	ck_assert_uint_eq(table_put(&t, 14), 5);
	table_free(&t);
}

/* Keys of the model: key k of a family is in slot[k], or TABLE_NONE. */
#define KEYS 512

/* Families of keys that an address, a port or an adversary may give; all different. */
static uint64_t family_key(int family, uint64_t k)
{
	switch (family) {
	case 0:
		return k;
	case 1:
		return k << 32;
	case 2:
		return k << 55 | 0x1234567;
	case 3:
		return k * 0x9e3779b97f4a7c15ull;
	default:
		return ~(k << 16);
	}
}

#define FAMILIES 5

static void check_model(const struct table *t, int family, const uint32_t slot[static KEYS])
{
	uint32_t n = 0;

	for (uint64_t k = 0; k < KEYS; k++) {
		n += slot[k] != TABLE_NONE;
		if (table_get(t, family_key(family, k)) != slot[k])
			ck_abort_msg("key %ju", (uintmax_t)k);
	}
	ck_assert_uint_eq(t->n, n);
}

/* Random puts and deletes, at any fill, against an array. */
static void check_random(int family, uint32_t capacity, uint64_t seed)
{
	struct rng rng = { seed };
	uint32_t slot[KEYS];
	struct table t;

	memset(slot, 0xff, sizeof(slot));
	ck_assert_uint_eq(slot[0], TABLE_NONE);
	ck_assert_int_eq(table_init(&t, capacity, seed), 0);
	for (int i = 0; i < RNG_ROUNDS(20000); i++) {
		uint64_t k = rng_below(&rng, KEYS);
		/* Tides: long stretches of mostly puts, then of mostly deletes. */
		bool put = rng_below(&rng, 10) < (i / 3000 % 2 ? 3 : 7);

		if (put && slot[k] == TABLE_NONE) {
			bool full = t.n == capacity;

			slot[k] = table_put(&t, family_key(family, k));
			if (full ? slot[k] != TABLE_NONE : slot[k] >= capacity)
				ck_abort_msg("slot %u, full %d", slot[k], full);
		} else if (!put && slot[k] != TABLE_NONE) {
			table_del(&t, slot[k]);
			slot[k] = TABLE_NONE;
		}
		if (i % 50 == 0)
			check_model(&t, family, slot);
	}
	check_model(&t, family, slot);
	/* No slot is given twice at a time. */
	for (int a = 0; a < KEYS; a++) {
		for (int b = 0; b < a && slot[a] != TABLE_NONE; b++) {
			if (slot[a] == slot[b])
				ck_abort_msg("slot %u twice", slot[a]);
		}
	}
	table_free(&t);
}

TEST_TIMES(agrees_with_model, FAMILIES)
{
	for (size_t c = 0; c < N_OF(capacities); c++)
		check_random(_i, capacities[c], (uint64_t)c);
}

/* The longest stretch of buckets without a gap: what the longest search could cost. */
static uint32_t longest_run(const struct table *t)
{
	uint32_t run = 0, longest = 0;

	for (uint64_t b = 0; b < 2 * ((uint64_t)t->mask + 1); b++) {
		run = t->buckets[b & t->mask] ? run + 1 : 0;
		longest = run > longest ? run : longest;
	}
	return longest;
}

/* Whatever the keys have in common, full tables of any seed stay quick to search. */
TEST_TIMES(keys_of_a_kind_do_not_cluster, FAMILIES)
{
	for (uint64_t seed = 0; seed < 8; seed++) {
		struct table t;

		ck_assert_int_eq(table_init(&t, 4096, seed), 0);
		for (uint64_t k = 0; k < 4096; k++)
			table_put(&t, _i == 2 ? k << 52 | 1 : family_key(_i, k));
		ck_assert_uint_eq(t.n, 4096);
		/* Half full, random: 30 or so, of keys that follow each other in blocks of 8. */
		ck_assert_uint_lt(longest_run(&t), _i == 0 ? 8 * 100 : 100);
		table_free(&t);
	}
}

/* Who does not know the seed cannot tell which keys share a bucket. */
TEST(buckets_depend_on_the_seed)
{
	int same = 0;

	for (uint64_t bit = 0; bit < 64; bit++) {
		struct table t, u;

		ck_assert_int_eq(table_init(&t, 1 << 15, 0), 0);
		ck_assert_int_eq(table_init(&u, 1 << 15, 1ull << bit), 0);
		table_put(&t, 42);
		table_put(&u, 42);
		for (uint32_t b = 0; b <= t.mask; b++)
			same += t.buckets[b] && u.buckets[b];
		table_free(&t);
		table_free(&u);
	}
	ck_assert_int_lt(same, 2);
}
