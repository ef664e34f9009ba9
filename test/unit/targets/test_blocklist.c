#include "lists/prefixfile.h"
#include "prefixset.h"
#include "targets/blocklist.h"
#include "unit.h"

static struct prefixset set, other;

static void open_sets(void)
{
	prefixset_init(&set);
	prefixset_init(&other);
}

static void close_sets(void)
{
	prefixset_free(&set);
	prefixset_free(&other);
}

static struct addr parse(const char *s)
{
	struct addr a;

	ck_assert_msg(addr_parse(&a, s) == 0, "%s", s);
	return a;
}

/* What the compiled-in ranges leave of the prefix, in `other`. */
static void leave_of(const char *prefix)
{
	ck_assert_int_eq(blocklist_add_special(&set), 0);
	prefixset_seal(&set);
	ck_assert_int_eq(prefixfile_add(&other, prefix, UINT64_MAX, NULL), 0);
	prefixset_seal(&other);
	ck_assert_int_eq(prefixset_subtract(&other, &set), 0);
}

TEST_AROUND(open_sets, close_sets)

/*
 * 2^32 addresses						4294967296
 * 0/8, 10/8, 127/8			3 x 16777216	=	- 50331648
 * 100.64/10							-  4194304
 * 172.16/12							-  1048576
 * 198.18/15							-   131072
 * 169.254/16, 192.168/16		2 x 65536	=	-   131072
 * 192.0.0/24, 192.0.2/24, 192.31.196/24, 192.52.193/24,
 * 192.88.99/24, 192.175.48/24, 198.51.100/24,
 * 203.0.113/24				8 x 256		=	-     2048
 * 224/4, 240/4				2 x 268435456	=	-536870912
 *								 3702257664
 */
TEST(leaves_the_public_ipv4)
{
	leave_of("0.0.0.0/0");
	ck_assert_uint_eq(other.count, 3702257664u);
}

/* 2000::/3 without 2001::/23, 2001:db8::/32, 2002::/16, 2620:4f:8000::/48 and 3fff::/20. */
TEST(leaves_the_global_ipv6)
{
	static const char *const left[][2] = {
		{ "2000::", "2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
		{ "2001:200::", "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff" },
		{ "2001:db9::", "2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
		{ "2003::", "2620:4f:7fff:ffff:ffff:ffff:ffff:ffff" },
		{ "2620:4f:8001::", "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
		{ "3fff:1000::", "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
	};

	leave_of("::/0");
	ck_assert_uint_eq(other.n, N_OF(left));
	for (size_t i = 0; i < other.n; i++) {
		ck_assert(addr_eq(other.v[i].first, parse(left[i][0])));
		ck_assert(addr_eq(other.v[i].last, parse(left[i][1])));
	}
}

TEST(says_why)
{
	static const char *const cases[][2] = {
		{ "198.19.255.255", "198.18.0.0/15, benchmarking, RFC 2544" },
		{ "255.255.255.255", "255.255.255.255/32, limited broadcast, RFC 8190" },
		{ "255.255.255.254", "240.0.0.0/4, reserved (class E), RFC 1112" },
		{ "0.0.0.0", "0.0.0.0/8, this network, RFC 791" },
		{ "2001:2::5", "2001:2::/48, benchmarking, RFC 5180" },
		{ "2001:1ff::5", "2001::/23, IETF protocol assignments, RFC 2928" },
		{ "::", "::/128, unspecified address, RFC 4291" },
		{ "::2", "::/3, not global unicast, RFC 4291" },
		{ "fe80::1", "fe80::/10, link local, RFC 4291" },
		{ "ff02::1", "ff00::/8, multicast, RFC 4291" },
		{ "7000::", "4000::/2, not global unicast, RFC 4291" },
	};
	static const char *const public[] = { "1.1.1.1", "198.20.0.0", "198.17.255.255",
					      "223.255.255.255", "2001:200::", "2a00::1" };
	char why[BLOCKLIST_WHY_LEN];

	ck_assert_int_eq(blocklist_add_special(&set), 0);
	prefixset_seal(&set);
	for (size_t i = 0; i < N_OF(cases); i++) {
		ck_assert(prefixset_contains(&set, parse(cases[i][0])));
		ck_assert_str_eq(blocklist_why(parse(cases[i][0]), why), cases[i][1]);
	}
	for (size_t i = 0; i < N_OF(public); i++) {
		ck_assert(!prefixset_contains(&set, parse(public[i])));
		ck_assert_ptr_null(blocklist_why(parse(public[i]), why));
	}
}

TEST(hash_distinguishes_sets)
{
	uint64_t empty, one, same, more;

	prefixset_seal(&set);
	ck_assert_int_eq(blocklist_hash(&set, &empty), 0);
	ck_assert_int_eq(prefixfile_add(&set, "198.18.0.0/16", UINT64_MAX, NULL), 0);
	prefixset_seal(&set);
	ck_assert_int_eq(blocklist_hash(&set, &one), 0);
	ck_assert_int_eq(prefixfile_add(&other, "198.18.128.0/17", UINT64_MAX, NULL), 0);
	ck_assert_int_eq(prefixfile_add(&other, "198.18.0.0/17", UINT64_MAX, NULL), 0);
	prefixset_seal(&other);
	ck_assert_int_eq(blocklist_hash(&other, &same), 0);
	ck_assert_int_eq(prefixfile_add(&other, "198.19.0.0", UINT64_MAX, NULL), 0);
	prefixset_seal(&other);
	ck_assert_int_eq(blocklist_hash(&other, &more), 0);
	/* SipHash-2-4 of the empty message under a zero key. */
	ck_assert_uint_eq(empty, 0x1e924b9d737700d7ull);
	ck_assert_uint_ne(one, empty);
	ck_assert_uint_eq(one, same);
	ck_assert_uint_ne(more, one);
}
