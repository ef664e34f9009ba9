#include "unit.h"

#include <stdbool.h>
#include <stdlib.h>

#include "lookup.h"
#include "rng.h"

#define PAIRS_MAX	((1ull << 63) - 1)
#define PORTS_MAX	65536

static uint16_t ports[PORTS_MAX];
static struct prefixset set;
static struct lookup lookup;
static uint32_t *starts;
static struct lookup_arrays arrays;

static void close_set(void)
{
	free(starts);
	starts = NULL;
	prefixset_free(&set);
}

/* With the masks that the in-kernel program would have: no place is beyond. */
static uint32_t mask_of(uint32_t n)
{
	uint32_t mask = 0;

	while (mask < n - 1)
		mask = 2 * mask + 1;
	return mask;
}

static void open_set(uint32_t n_ports)
{
	prefixset_seal(&set);
	ck_assert_uint_le(set.count, PAIRS_MAX / n_ports);
	for (uint32_t k = 0; k < n_ports; k++)
		ports[k] = (uint16_t)(65535 - k);
	ck_assert_int_eq(lookup_init(&lookup, &starts, &set, n_ports), 0);
	arrays = (struct lookup_arrays){
		.ranges = set.v, .starts = starts, .ports = ports,
		.ranges_mask = mask_of((uint32_t)set.n), .starts_mask = mask_of(lookup.n_starts),
		.ports_mask = mask_of(n_ports),
	};
}

/* By the plain definition: the place is index / ports, and the ranges before hold fewer. */
static void check_index(uint64_t index)
{
	uint64_t rank = index / lookup.n_ports;
	struct addr ip;
	uint16_t port;

	lookup_at(&lookup, &arrays, index, &ip, &port);
	if (!addr_eq(ip, prefixset_nth(&set, rank)) || port != ports[index % lookup.n_ports])
		ck_abort_msg("index %ju, %u ports, %zu ranges", (uintmax_t)index, lookup.n_ports,
			     set.n);
}

/* Every index where they are few; else both ends, the ends of ranges, and anywhere. */
static void check_set(struct rng *rng)
{
	uint64_t pairs = set.count * lookup.n_ports;

	for (uint64_t i = 0; i < pairs && i < RNG_ROUNDS(2000); i++) {
		check_index(i);
		check_index(pairs - 1 - i);
		check_index(rng_below(rng, pairs));
	}
	for (size_t r = 1; r < set.n; r++) {
		check_index(set.v[r].before * lookup.n_ports);
		check_index(set.v[r].before * lookup.n_ports - 1);
	}
}

/* A range of the kind that random sets are mixed of: an address, a few, many; IPv4 or IPv6. */
static void add_range(struct rng *rng, unsigned int kind)
{
	static const uint64_t lens[] = { 1, 3, 256, 1 << 20 };
	uint64_t len = lens[kind % 4];
	struct addr first = addr_from_v4((uint32_t)rng_below(rng, UINT32_MAX - len));

	if (kind & 4)
		first = (struct addr){ 0x2001000200000000ull, rng_next(rng) };
	ck_assert_int_eq(prefixset_add(&set, first, addr_add(first, rng_below(rng, len))), 0);
}

TEST_TIMES(random_sets, 10)
{
	static const uint32_t n_ports[] = { 1, 2, 3, 10, 1000, 65535, PORTS_MAX };
	struct rng rng = { (uint64_t)_i };
	uint32_t searched = 0;

	for (int round = 0; round < RNG_ROUNDS(40); round++) {
		uint64_t n = 1 + rng_below(&rng, round % 2 ? 5 : 3000);
		unsigned int kinds = (unsigned int)rng_next(&rng);

		for (uint64_t k = 0; k < n; k++)
			add_range(&rng, kinds >> 4 * rng_below(&rng, 8));
		open_set(n_ports[rng_below(&rng, N_OF(n_ports))]);
		check_set(&rng);
		searched += lookup.step > 1;
		close_set();
	}
	ck_assert_uint_gt(searched, RNG_ROUNDS(10));
}

/* Single addresses that lie close, beside a wide range: one place of the table has them all. */
TEST(dense_place)
{
	struct rng rng = { 1 };

	prefixset_add(&set, (struct addr){ 1, 0 }, (struct addr){ 1, 1ull << 61 });
	for (uint32_t k = 0; k < 5000; k++)
		prefixset_add(&set, addr_from_v4(2 * k), addr_from_v4(2 * k));
	open_set(3);
	ck_assert_uint_eq(lookup.step, 4096);
	check_set(&rng);
	close_set();
}

TEST(one_range_needs_no_search)
{
	struct rng rng = { 2 };

	prefixset_add(&set, addr_from_v4(0), addr_from_v4(UINT32_MAX));
	open_set(65535);
	ck_assert_uint_eq(lookup.step, 0);
	ck_assert_uint_eq(lookup.n_starts, 1);
	check_set(&rng);
	close_set();
	prefixset_add(&set, addr_from_v4(7), addr_from_v4(7));
	open_set(1);
	check_set(&rng);
	close_set();
	prefixset_add(&set, (struct addr){ 5, 0 }, (struct addr){ 5, PAIRS_MAX - 1 });
	open_set(1);
	ck_assert_uint_eq(set.count, PAIRS_MAX);
	check_set(&rng);
	close_set();
}

/* ---- lists --------------------------------------------------------------------------------- */

#define LIST_MAX	300

static struct {
	struct addr ip[LIST_MAX];
	uint16_t port[LIST_MAX];	/* 0: none */
	size_t n_hosts, n;
	uint32_t *entries;
} list;

static struct addr any_addr(struct rng *rng, bool v4)
{
	if (v4)
		return addr_from_v4((uint32_t)rng_next(rng));
	return (struct addr){ rng_next(rng), rng_next(rng) };
}

/* Behind the set's part. */
static void open_list(struct rng *rng, unsigned int one_in)
{
	bool v4 = true;

	for (size_t i = 0; i < list.n; i++) {
		list.ip[i] = any_addr(rng, rng_below(rng, one_in) != 0);
		list.port[i] = i < list.n_hosts ? 0 : (uint16_t)(1 + rng_below(rng, 65535));
		v4 &= addr_is_v4(list.ip[i]);
	}
	ck_assert_int_eq(lookup_init_list(&lookup, &list.entries, list.n_hosts, list.n, v4), 0);
	for (size_t i = 0; i < list.n; i++)
		lookup_put_entry(&lookup, list.entries, i, list.ip[i], list.port[i]);
	arrays.entries = list.entries;
	ck_assert_uint_eq(lookup_list_len(&lookup), list.n * (v4 ? 8 : 20));
}

/* Which entry it is, and which of the ports, by counting. */
static void check_list(void)
{
	uint64_t index = set.count * lookup.n_ports;

	for (size_t i = 0; i < list.n; i++)
		for (uint32_t k = 0; k < (i < list.n_hosts ? lookup.n_ports : 1); k++) {
			struct addr ip;
			uint16_t port;

			lookup_at(&lookup, &arrays, index++, &ip, &port);
			if (!addr_eq(ip, list.ip[i])
			    || port != (i < list.n_hosts ? ports[k] : list.port[i]))
				ck_abort_msg("entry %zu of %zu, %zu hosts, port %u of %u", i,
					     list.n, list.n_hosts, k, lookup.n_ports);
		}
}

TEST_TIMES(lists, 10)
{
	static const uint32_t n_ports[] = { 1, 2, 3, 100 };
	struct rng rng = { (uint64_t)_i };

	for (int round = 0; round < RNG_ROUNDS(20); round++) {
		for (uint64_t k = rng_below(&rng, 4); k; k--)
			add_range(&rng, (unsigned int)rng_next(&rng));
		open_set(n_ports[rng_below(&rng, N_OF(n_ports))]);
		list.n = 1 + rng_below(&rng, LIST_MAX);
		list.n_hosts = rng_below(&rng, list.n + 1);
		open_list(&rng, round % 2 ? 10 : 1000000);
		if (set.n)
			check_set(&rng);
		check_list();
		free(list.entries);
		close_set();
	}
}

/* An in-kernel program has the table's map all the same. */
TEST(no_list)
{
	prefixset_add(&set, addr_from_v4(7), addr_from_v4(9));
	open_set(2);
	list.n = list.n_hosts = 0;
	ck_assert_int_eq(lookup_init_list(&lookup, &list.entries, 0, 0, true), 0);
	ck_assert_uint_eq(lookup_list_len(&lookup), 8);
	ck_assert_uint_eq(lookup.n_ranged, 6);
	free(list.entries);
	close_set();
}

TEST(no_range)
{
	uint32_t nth;

	open_set(7);
	ck_assert_ptr_null(starts);
	ck_assert_uint_eq(lookup.n_ranged, 0);
	ck_assert_uint_eq(lookup_split(&lookup, 23, &nth), 3);
	ck_assert_uint_eq(nth, 2);
	close_set();
}

/* Every number of ports, around the multiples that a reciprocal would first get wrong. */
TEST(splits_exactly)
{
	struct rng rng = { 3 };

	for (uint32_t d = 1; d <= PORTS_MAX; d++) {
		uint64_t last = PAIRS_MAX / d * d;
		uint32_t n;

		lookup_init(&lookup, &starts, &set, d);
		for (int k = 0; k < 40; k++) {
			uint64_t i = rng_next(&rng) >> (1 + k % 32);

			i = k < 4 ? last - 2 + (uint64_t)k : i;
			i = k % 2 && i >= d ? i / d * d - 1 : i;
			i = i > PAIRS_MAX ? PAIRS_MAX : i;
			if (lookup_split(&lookup, i, &n) != i / d || n != i % d)
				ck_abort_msg("%ju / %u", (uintmax_t)i, d);
		}
	}
}
