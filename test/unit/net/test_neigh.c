#include "unit.h"

#include <string.h>

#include "net/neigh.h"

static struct neigh *n;

static struct addr v4(uint32_t last)
{
	return addr_from_v4(0xc6130000 | last);
}

static struct addr v6(uint64_t last)
{
	return (struct addr){ 0x20010002000000ffull, last };
}

static struct neighbour answer(struct addr ip, uint8_t last)
{
	return (struct neighbour){ .ip = ip, .mac = { 2, 0, 0, 0, 0, last } };
}

/* 198.19.0.1 a gateway; .16-.31 targets, of which .31 is nobody's; .32 one that is routed. */
static void make(void)
{
	struct prefixset set;

	prefixset_init(&set);
	ck_assert_int_eq(prefixset_add(&set, v4(1), v4(1)), 0);
	ck_assert_int_eq(prefixset_add(&set, v4(16), v4(32)), 0);
	ck_assert_int_eq(prefixset_add(&set, v6(1), v6(2)), 0);
	prefixset_seal(&set);
	ck_assert_int_eq(neigh_new(&n, &set), 0);
	ck_assert_uint_eq(set.n, 0);	/* taken over */
	neigh_mark(n, v4(1), NEIGH_WANTED, v4(2));
	for (uint32_t i = 16; i < 31; i++)
		neigh_mark(n, v4(i), NEIGH_WANTED | NEIGH_ON_LINK, v4(2));
	neigh_mark(n, v4(31), NEIGH_ON_LINK, v4(0));
	neigh_mark(n, v6(1), NEIGH_WANTED, v6(9));
	neigh_mark(n, v6(1), NEIGH_WANTED | NEIGH_ON_LINK, v6(9));	/* a gateway and a target */
}

static void drop(void)
{
	neigh_free(n);
	n = NULL;
}

static bool take(struct addr ip, uint8_t last, enum neigh_trust trust)
{
	struct neighbour a = answer(ip, last);

	return neigh_take(n, &a, trust);
}

static void check_mac(struct addr ip, uint8_t last)
{
	uint8_t mac[6];

	ck_assert(neigh_mac(n, ip, mac));
	ck_assert_uint_eq(mac[0], 2);
	ck_assert_uint_eq(mac[5], last);
}

TEST_AROUND(make, drop)

TEST(counts_who_is_missing)
{
	ck_assert_uint_eq(neigh_missing(n, NEIGH_SURE), 17);
	ck_assert_uint_eq(neigh_missing(n, NEIGH_STALE), 17);
	ck_assert_uint_eq(neigh_silent(n), 17);
	ck_assert(take(v4(20), 20, NEIGH_STALE));
	ck_assert(take(v4(1), 1, NEIGH_SURE));
	ck_assert_uint_eq(neigh_missing(n, NEIGH_SURE), 16);
	ck_assert_uint_eq(neigh_missing(n, NEIGH_STALE), 15);
	ck_assert_uint_eq(neigh_silent(n), 16);
}

/* Each once, with the address to ask from; and the same again until it is known, or passed by. */
TEST(goes_through_who_is_missing)
{
	struct addr ip, requester;
	uint32_t i = 0, seen = 0;

	ck_assert(neigh_next_missing(n, NEIGH_SURE, &i, &ip, &requester) && addr_eq(ip, v4(1)));
	ck_assert(neigh_next_missing(n, NEIGH_SURE, &i, &ip, &requester) && addr_eq(ip, v4(1)));
	ck_assert(take(v4(1), 1, NEIGH_SURE));
	ck_assert(neigh_next_missing(n, NEIGH_SURE, &i, &ip, &requester) && addr_eq(ip, v4(16)));
	for (i = 0; neigh_next_missing(n, NEIGH_SURE, &i, &ip, &requester); i++, seen++)
		ck_assert(addr_eq(requester, addr_is_v4(ip) ? v4(2) : v6(9)));
	ck_assert_uint_eq(seen, neigh_missing(n, NEIGH_SURE));
}

TEST(takes_solicited_answers)
{
	ck_assert(!take(v4(2), 2, NEIGH_SURE));		/* not in the set */
	ck_assert(!take(v4(31), 31, NEIGH_SURE));	/* nobody's */
	ck_assert(!take(v4(32), 32, NEIGH_SURE));	/* routed */
	ck_assert(!take(v6(2), 2, NEIGH_SURE));
	ck_assert(!take((struct addr){ 0, 0 }, 2, NEIGH_SURE));
	ck_assert_uint_eq(neigh_missing(n, NEIGH_SURE), 17);
}

TEST(the_first_sure_answer_stays)
{
	ck_assert(take(v4(17), 1, NEIGH_STALE));
	ck_assert(!take(v4(17), 2, NEIGH_STALE));
	check_mac(v4(17), 1);
	ck_assert(take(v4(17), 3, NEIGH_SURE));
	ck_assert(!take(v4(17), 4, NEIGH_SURE));
	ck_assert(!take(v4(17), 5, NEIGH_STALE));
	check_mac(v4(17), 3);
}

TEST(finds_the_way)
{
	uint8_t mac[6] = { 9, 9, 9, 9, 9, 9 };
	static const uint8_t before[6] = { 9, 9, 9, 9, 9, 9 };

	/* A gateway that is no target, one routed, one that was never heard of. */
	ck_assert(take(v4(1), 1, NEIGH_SURE));
	ck_assert_int_eq(neigh_find(n, v4(1), mac), NEIGH_ROUTED);
	ck_assert_int_eq(neigh_find(n, v4(32), mac), NEIGH_ROUTED);
	ck_assert_int_eq(neigh_find(n, v4(99), mac), NEIGH_ROUTED);
	/* On the link, silent or nobody's. */
	ck_assert_int_eq(neigh_find(n, v4(16), mac), NEIGH_SILENT);
	ck_assert_int_eq(neigh_find(n, v4(31), mac), NEIGH_SILENT);
	ck_assert_mem_eq(mac, before, 6);
	ck_assert(take(v4(16), 16, NEIGH_STALE));
	ck_assert_int_eq(neigh_find(n, v4(16), mac), NEIGH_FOUND);
	ck_assert_uint_eq(mac[5], 16);
	ck_assert(take(v6(1), 61, NEIGH_SURE));
	ck_assert_int_eq(neigh_find(n, v6(1), mac), NEIGH_FOUND);
	ck_assert_uint_eq(mac[5], 61);
}

TEST(unknown_has_no_mac)
{
	uint8_t mac[6];

	ck_assert(!neigh_mac(n, v4(1), mac));
	ck_assert(!neigh_mac(n, v4(99), mac));
}
