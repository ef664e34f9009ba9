#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "addr.h"
#include "err.h"
#include "rng.h"

static struct addr parse(const char *s)
{
	struct addr a;

	ck_assert_msg(addr_parse(&a, s) == 0, "%s was refused", s);
	return a;
}

/* ---- addresses ---- */

static const struct {
	const char *text, *formatted;	/* NULL: the same */
	uint64_t hi, lo;
} good[] = {
	{ "0.0.0.0", NULL, 0, 0xffff00000000ull },
	{ "255.255.255.255", NULL, 0, 0xffffffffffffull },
	{ "198.18.0.1", NULL, 0, 0xffffc6120001ull },
	{ "::", NULL, 0, 0 },
	{ "::1", NULL, 0, 1 },
	{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL, UINT64_MAX, UINT64_MAX },
	{ "2001:2::198", NULL, 0x2001000200000000ull, 0x198 },
	/* One address, whichever way it is written. */
	{ "::ffff:198.18.0.1", "198.18.0.1", 0, 0xffffc6120001ull },
	{ "::ffff:c612:1", "198.18.0.1", 0, 0xffffc6120001ull },
	/* RFC 5952 section 4: no leading zeros, lower case, the longest run, the first of equals,
	 * never a single group. */
	{ "2001:0DB8:0000:0000:0001:0000:0000:0001", "2001:db8::1:0:0:1",
	  0x20010db800000000ull, 0x1000000000001ull },
	{ "2001:db8:0:1:1:1:1:1", NULL, 0x20010db800000001ull, 0x1000100010001ull },
	{ "2001:0:0:1:0:0:0:1", "2001:0:0:1::1", 0x2001000000000001ull, 1 },
	{ "64:ff9b::1.2.3.4", "64:ff9b::102:304", 0x64ff9b00000000ull, 0x1020304 },
};

TEST_EACH(takes_and_formats, good)
{
	struct addr a = parse(row->text);
	char text[ADDR_STRLEN];

	ck_assert_uint_eq(a.hi, row->hi);
	ck_assert_uint_eq(a.lo, row->lo);
	addr_format(a, text);
	ck_assert_str_eq(text, row->formatted ? row->formatted : row->text);
}

static const char *const bad[] = {
	"", " ", "1", "1.2.3", "1.2.3.", ".1.2.3.4", "1.2.3.4.", "1.2.3.4.5", "1..2.3",
	"256.1.1.1", "1.2.3.256", "01.2.3.4", "1.2.3.04", "1.2.3.00", "0x1.2.3.4", "1.2.3.0x4",
	"+1.2.3.4", "1.2.3.-4", " 1.2.3.4", "1.2.3.4 ", "1.2.3.4\n", "1.2.3.4\t", "1.2.3.4x",
	"1.2.3.4/32", "1.2.3.4:80", "3232235777", "1,2,3,4",
	":", ":::", "1::2::3", "::1::", "12345::", "::g", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9",
	"1:2:3:4:5:6:7::8:9", "::1 ", " ::1", "::1%lo", "::1%1", "[::1]", "::1/128",
	":1:2:3:4:5:6:7", "1:2:3:4:5:6:7:", "::1.2.3", "::1.2.3.256", "::01.2.3.4", "::1.2.3.4:5",
	"localhost", "a.b.c.d", "example.org",
	"00000000000000000000000000000000000000000000000000000000000000000001.2.3.4",
	"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.2555555555555555555555555555555555",
};

TEST_EACH(refuses, bad)
{
	struct addr a = { 1, 2 };

	ck_assert_msg(addr_parse(&a, *row) == -EINVAL, "\"%s\" was taken", *row);
	ck_assert(a.hi == 1 && a.lo == 2);
}

TEST(text_round_trip)
{
	struct rng rng = { 1 };

	for (int i = 0; i < 200000; i++) {
		struct addr a = { rng_next(&rng), rng_next(&rng) }, b;
		uint64_t zeros = rng_next(&rng);
		char text[ADDR_STRLEN];

		/* Groups of zeros at random, so that :: is everywhere; every fourth is IPv4. */
		for (int g = 0; g < 4; g++) {
			a.hi &= zeros >> g & 1 ? ~0ull : ~(0xffffull << 16 * g);
			a.lo &= zeros >> (g + 4) & 1 ? ~0ull : ~(0xffffull << 16 * g);
		}
		if (i % 4 == 0)
			a = addr_from_v4((uint32_t)a.lo);
		memset(text, 'x', sizeof(text));
		addr_format(a, text);
		if (!memchr(text, '\0', sizeof(text)) || addr_parse(&b, text) || !addr_eq(a, b))
			ck_abort_msg("%.*s", ADDR_STRLEN, text);
	}
}

TEST(wire_round_trip)
{
	static const uint8_t wire[16] = { 0x20, 1, 0, 2, 0, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 1, 0x98 };
	uint8_t out[16];

	ck_assert(addr_eq(addr_from_wire6(wire), parse("2001:2:0:0:8000::198")));
	addr_to_wire6(parse("2001:2:0:0:8000::198"), out);
	ck_assert_mem_eq(out, wire, 16);
}

TEST(v4_is_a_number)
{
	struct addr a = parse("198.18.0.1");

	ck_assert(addr_is_v4(a));
	ck_assert_uint_eq(addr_v4(a), 0xc6120001);
	ck_assert(addr_eq(addr_from_v4(0xc6120001), a));
	ck_assert(!addr_is_v4(parse("::1")));
	ck_assert(!addr_is_v4(parse("::1.2.3.4")));
	ck_assert(!addr_is_v4(parse("::fffe:ffff:ffff")));
	ck_assert(!addr_is_v4(parse("::1:0:0")));
	ck_assert(!addr_is_v4(parse("::1:ffff:1.2.3.4")));
	ck_assert(!addr_is_v4(parse("1::ffff:1.2.3.4")));
}

/* In rising order. */
static const char *const ladder[] = {
	"::", "::1", "::fffe:ffff:ffff", "0.0.0.0", "0.0.0.1", "127.255.255.255", "128.0.0.0",
	"255.255.255.255", "::1:0:0:0", "::8000:0:0:0", "::ffff:ffff:ffff:ffff", "0:0:0:1::",
	"2001:2::", "8000::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
};

TEST(compares_like_numbers)
{
	for (size_t i = 0; i < N_OF(ladder); i++) {
		for (size_t j = 0; j < N_OF(ladder); j++) {
			int cmp = addr_cmp(parse(ladder[i]), parse(ladder[j]));

			ck_assert_int_eq((cmp > 0) - (cmp < 0), (i > j) - (i < j));
			ck_assert_int_eq(addr_eq(parse(ladder[i]), parse(ladder[j])), i == j);
		}
	}
}

static const struct {
	const char *a;
	uint64_t n;
	const char *sum;
} sums[] = {
	{ "198.18.0.0", 65535, "198.18.255.255" },
	{ "255.255.255.255", 1, "::1:0:0:0" },
	{ "::", UINT64_MAX - 1, "::ffff:ffff:ffff:fffe" },
	{ "2001:2::ffff:ffff:ffff:ffff", 1, "2001:2:0:1::" },
	{ "2001:2::8000:0:0:0", 0x8000000000000000ull, "2001:2:0:1::" },
	{ "1::1", 0, "1::1" },
};

TEST_EACH(adds_and_subtracts, sums)
{
	struct addr a = parse(row->a), sum = parse(row->sum);

	ck_assert(addr_eq(addr_add(a, row->n), sum));
	ck_assert_uint_eq(addr_diff(sum, a), row->n);
}

TEST(ends_of_the_address_space)
{
	struct addr zero = parse("::"), last = parse(ladder[N_OF(ladder) - 1]);

	ck_assert(addr_eq(addr_add(last, 1), zero));
	ck_assert_uint_eq(addr_diff(last, zero), UINT64_MAX);
	ck_assert_uint_eq(addr_diff(parse("0:0:0:1::"), zero), UINT64_MAX);
	ck_assert_uint_eq(addr_diff(parse("0:0:0:1::"), parse("::1")), UINT64_MAX);
	ck_assert_uint_eq(addr_diff(parse("0:0:0:1::"), parse("::2")), UINT64_MAX - 1);
	ck_assert_uint_eq(addr_diff(last, last), 0);
}

/* ---- prefixes ---- */

static const struct {
	const char *text, *first, *last;
} prefixes[] = {
	{ "198.18.0.1", "198.18.0.1", "198.18.0.1" },
	{ "198.18.0.1/32", "198.18.0.1", "198.18.0.1" },
	{ "198.18.0.0/15", "198.18.0.0", "198.19.255.255" },
	{ "128.0.0.0/1", "128.0.0.0", "255.255.255.255" },
	{ "0.0.0.0/0", "0.0.0.0", "255.255.255.255" },
	{ "::/0", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
	{ "8000::/1", "8000::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
	{ "2001:2::/48", "2001:2::", "2001:2:0:ffff:ffff:ffff:ffff:ffff" },
	{ "2001:2::/63", "2001:2::", "2001:2:0:1:ffff:ffff:ffff:ffff" },
	{ "2001:2::/64", "2001:2::", "2001:2::ffff:ffff:ffff:ffff" },
	{ "2001:2::/65", "2001:2::", "2001:2::7fff:ffff:ffff:ffff" },
	{ "2001:2::8/125", "2001:2::8", "2001:2::f" },
	{ "::1/128", "::1", "::1" },
	{ "::1", "::1", "::1" },
	{ "198.18.0.0/255.254.0.0", "198.18.0.0", "198.19.255.255" },
	{ "198.18.0.1/255.255.255.255", "198.18.0.1", "198.18.0.1" },
	{ "0.0.0.0/0.0.0.0", "0.0.0.0", "255.255.255.255" },
	{ "2001:2::/ffff:ffff:ffff::", "2001:2::", "2001:2:0:ffff:ffff:ffff:ffff:ffff" },
	{ "2001:2::/ffff:ffff:ffff:ffff:8000::", "2001:2::", "2001:2::7fff:ffff:ffff:ffff" },
	{ "::1/ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::1", "::1" },
	{ "::/::", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
	/* The length counts in the family that was written. */
	{ "::ffff:198.18.0.0/112", "198.18.0.0", "198.18.255.255" },
	{ "::ffff:0:0/96", "0.0.0.0", "255.255.255.255" },
};

TEST_EACH(takes_prefix, prefixes)
{
	struct addr first, last;
	struct err e = { "" };

	ck_assert_msg(addr_parse_prefix(&first, &last, row->text, &e) == 0, "%s", e.msg);
	ck_assert(addr_eq(first, parse(row->first)));
	ck_assert(addr_eq(last, parse(row->last)));
	ck_assert_str_eq(e.msg, "");
}

#define LENGTH4 ": the prefix length must be a number of 0..32, or a netmask"
#define LENGTH6 ": the prefix length must be a number of 0..128, or a netmask"
#define HOST_BITS ": host bits are set below the prefix length; did you mean "
#define MASK ": the netmask has a zero before a one"
#define NOT4 ": not an IPv4 address (four numbers of 0..255 without leading zeros)"
#define NOT6 ": not an IPv6 address (with a port it is written [2001:db8::1]:443)"
#define NOT ": not an IPv4 or IPv6 address"
#define BLANKS ": blanks inside an address"
#define MISSING ": the address is missing"
#define ZONE ": an IPv6 zone (what follows %) cannot be used here"
#define PREFIX ": a prefix cannot be used here, only one address"
#define PORT ": the port must be a number of 1..65535"

static const struct {
	const char *text, *msg;		/* msg: what follows the text */
} bad_prefixes[] = {
	{ "198.18.0.1/16", HOST_BITS "198.18.0.0/16?" },
	{ "198.18.0.1/0", HOST_BITS "0.0.0.0/0?" },
	{ "198.18.0.1/31", HOST_BITS "198.18.0.0/31?" },
	{ "2001:2::1/64", HOST_BITS "2001:2::/64?" },
	{ "2001:2:0:1::/63", HOST_BITS "2001:2::/63?" },
	{ "::1/0", HOST_BITS "::/0?" },
	{ "::ffff:198.18.0.1/112", HOST_BITS "::ffff:198.18.0.0/112?" },
	{ "198.18.0.0/33", LENGTH4 }, { "198.18.0.0/", LENGTH4 }, { "198.18.0.0/-1", LENGTH4 },
	{ "198.18.0.0/016", LENGTH4 }, { "198.18.0.0/00", LENGTH4 }, { "198.18.0.0/+8", LENGTH4 },
	{ "198.18.0.0/ 8", LENGTH4 }, { "198.18.0.0/8 ", LENGTH4 }, { "198.18.0.0/8/8", LENGTH4 },
	{ "198.18.0.0/4294967304", LENGTH4 }, { "198.18.0.0/255.255.0", LENGTH4 },
	{ "198.18.0.0/18446744073709551624", LENGTH4 }, { "198.18.0.0/0x8", LENGTH4 },
	{ "198.18.0.0/::ffff", LENGTH4 }, { "2001:2::/255.255.0.0", LENGTH6 },
	{ "198.18.0.0/0.0.255.255", MASK }, { "198.18.0.0/255.255.0.255", MASK },
	{ "2001:2::/ffff:0:ffff::", MASK }, { "2001:2::/ffff::1", MASK },
	{ "198.18.0.1/255.255.0.0", HOST_BITS "198.18.0.0/16?" },
	{ "2001:2::/129", LENGTH6 }, { "2001:2::/", LENGTH6 },
	{ "198.18.0/24", NOT4 }, { "198.18.0.256/32", NOT4 }, { "2001:2/32", NOT },
	{ "2001:2:0/32", NOT6 }, { "198.18.0.0:80/32", NOT }, { "198.18.0.0 /16", BLANKS },
	{ "/16", MISSING }, { "", "''" MISSING }, { "::1%lo/128", ZONE }, { "example.org/24", NOT },
};

TEST_EACH(refuses_prefix, bad_prefixes)
{
	const char *text = row->text;
	struct addr first = { 1, 2 }, last = { 3, 4 };
	struct err e = { "" };

	ck_assert_msg(addr_parse_prefix(&first, &last, text, &e) == -EINVAL, "%s was taken", text);
	ck_assert(!strncmp(e.msg, text, strlen(text)));
	ck_assert_str_eq(e.msg + strlen(text), row->msg);
	ck_assert(first.hi == 1 && first.lo == 2 && last.hi == 3 && last.lo == 4);
	ck_assert_int_eq(addr_parse_prefix(&first, &last, text, NULL), -EINVAL);
}

TEST(ranges)
{
	static const char *const good_ranges[][3] = {
		{ "198.18.0.1-198.18.0.9", "198.18.0.1", "198.18.0.9" },
		{ "198.18.0.1 \t- 198.18.0.1", "198.18.0.1", "198.18.0.1" },
		{ "2001:2::-2001:2::ff", "2001:2::", "2001:2::ff" },
	};
	static const char *const bad_ranges[][2] = {
		{ "198.18.0.9-198.18.0.1", ": the range ends before it starts" },
		{ "198.18.0.1-2001:2::1", ": one end is IPv4, the other IPv6" },
		{ "198.18.0.1-", MISSING }, { "-198.18.0.1", MISSING }, { "-", MISSING },
		{ "198.18.0.1-198.18.0.2-198.18.0.3", NOT }, { "198.18.0.1-9", NOT4 },
		{ "198.18.0.1", ": not a range, address-address" },
		{ "198.18.0.0/24-198.18.1.0/24", PREFIX }, { "198.18.0.1 x-198.18.0.2", BLANKS },
	};
	struct addr first, last;

	for (size_t i = 0; i < N_OF(good_ranges); i++) {
		struct err e = { "" };

		ck_assert_msg(addr_parse_range(&first, &last, good_ranges[i][0], &e) == 0, "%s",
			      e.msg);
		ck_assert(addr_eq(first, parse(good_ranges[i][1])));
		ck_assert(addr_eq(last, parse(good_ranges[i][2])));
	}
	for (size_t i = 0; i < N_OF(bad_ranges); i++) {
		const char *text = bad_ranges[i][0];
		struct err e = { "" };

		ck_assert_int_eq(addr_parse_range(&first, &last, text, &e), -EINVAL);
		ck_assert_str_eq(e.msg + strlen(text), bad_ranges[i][1]);
	}
}

/* Each length of both families: the prefix has 2^(max - length) addresses, its first is even. */
TEST(every_length)
{
	for (int len = 0; len <= 128; len++) {
		struct addr first, last;
		struct err e = { "" };
		char text[32];

		snprintf(text, sizeof(text), "::/%d", len);
		ck_assert_int_eq(addr_parse_prefix(&first, &last, text, &e), 0);
		ck_assert(addr_eq(first, parse("::")));
		ck_assert_uint_eq(last.lo, len <= 64 ? UINT64_MAX : (1ull << (128 - len)) - 1);
		ck_assert_uint_eq(last.hi, len >= 64 ? 0 : UINT64_MAX >> len);
		if (len > 32)
			continue;
		snprintf(text, sizeof(text), "0.0.0.0/%d", len);
		ck_assert_int_eq(addr_parse_prefix(&first, &last, text, &e), 0);
		ck_assert(addr_eq(first, parse("0.0.0.0")));
		ck_assert_uint_eq(addr_diff(last, first), (1ull << (32 - len)) - 1);
	}
}

/* ---- endpoints ---- */

static const struct {
	const char *text, *addr;
	int port;
} endpoints[] = {
	{ "198.18.0.1:443", "198.18.0.1", 443 },
	{ "198.18.0.1:1", "198.18.0.1", 1 },
	{ "198.18.0.1:65535", "198.18.0.1", 65535 },
	{ "198.18.0.1:080", "198.18.0.1", 80 },
	{ "[2001:2::198]:00443", "2001:2::198", 443 },
	{ "198.18.0.1", "198.18.0.1", 0 },
	{ "[2001:2::198]:443", "2001:2::198", 443 },
	{ "[2001:2::198]", "2001:2::198", 0 },
	{ "2001:2::198", "2001:2::198", 0 },
	{ "2001:2::198:443", "2001:2::198:443", 0 },
	{ "[::]:53", "::", 53 },
	{ "[::ffff:198.18.0.1]:80", "198.18.0.1", 80 },
};

TEST_EACH(takes_endpoint, endpoints)
{
	struct addr a;
	uint16_t port = 9;
	struct err e = { "" };

	ck_assert_msg(addr_parse_endpoint(&a, &port, row->text, &e) == 0, "%s", e.msg);
	ck_assert(addr_eq(a, parse(row->addr)));
	ck_assert_uint_eq(port, row->port);
	ck_assert_str_eq(e.msg, "");
}

static const struct {
	const char *text, *msg;
} bad_endpoints[] = {
	{ "198.18.0.1:", PORT }, { "198.18.0.1:0", PORT }, { "198.18.0.1:65536", PORT },
	{ "198.18.0.1:00", PORT }, { "198.18.0.1:http", PORT }, { "198.18.0.1:80 ", PORT },
	{ "198.18.0.1: 80", PORT }, { "198.18.0.1:-1", PORT }, { "198.18.0.1:+80", PORT },
	{ "198.18.0.1:4294967376", PORT }, { "198.18.0.1:80x", PORT }, { "198.18.0.1:0x50", PORT },
	{ "[::1]:", PORT }, { "[::1]:0", PORT }, { "[::1]:70000", PORT }, { "[::1]:80]", PORT },
	{ "[::1]:80:80", PORT },
	{ "[::1]80", ": only :port may follow the ]" },
	{ "[::1] :80", ": only :port may follow the ]" },
	{ "[::1]]", ": only :port may follow the ]" },
	{ "[::1", ": no ] follows the [" }, { "[::1:80", ": no ] follows the [" },
	{ "[", ": no ] follows the [" },
	{ "[198.18.0.1]:80", ": only an IPv6 address goes into brackets" },
	{ "[example.org]", ": only an IPv6 address goes into brackets" },
	{ "[]:80", MISSING }, { "[]", MISSING }, { ":80", MISSING }, { ":", MISSING },
	{ "", "''" MISSING }, { "[ ::1]:80", BLANKS }, { "[[::1]]:80", NOT6 },
	{ "[::1%lo]:80", ZONE },
	{ "198.18.0.1 :80", BLANKS }, { " 198.18.0.1:80", BLANKS }, { "198.18.0.1\t", BLANKS },
	{ "198.18.0.1:80:80", NOT6 }, { "1:2:3:4:5:6:7:8:443", NOT6 }, { "::1]:80", NOT6 },
	{ "198.18.0.0/16", PREFIX }, { "2001:2::/48", PREFIX }, { "198.18.1:80", NOT4 },
	{ "198.18.0.01", NOT4 }, { "443", NOT4 },
	{ "example.org:443", NOT }, { "example.org", NOT },
};

TEST_EACH(refuses_endpoint, bad_endpoints)
{
	const char *text = row->text;
	struct addr a = { 1, 2 };
	uint16_t port = 9;
	struct err e = { "" };
	char seen[64];

	ck_assert_msg(addr_parse_endpoint(&a, &port, text, &e) == -EINVAL, "%s was taken", text);
	/* A message shows control characters as question marks. */
	snprintf(seen, sizeof(seen), "%s", text);
	for (char *p = seen; (p = strchr(p, '\t'));)
		*p = '?';
	ck_assert(!strncmp(e.msg, seen, strlen(seen)));
	ck_assert_str_eq(e.msg + strlen(seen), row->msg);
	ck_assert(a.hi == 1 && a.lo == 2 && port == 9);
	ck_assert_int_eq(addr_parse_endpoint(&a, &port, text, NULL), -EINVAL);
}

/* Where a port follows a list's comma, an option's dash or a colon: the same digits are one. */
static const struct {
	const char *text, *rest;
	uint16_t port;		/* 0: none */
} ports[] = {
	{ "1", "", 1 }, { "65535", "", 65535 }, { "080", "", 80 },
	{ "00000000443,8", ",8", 443 },
	{ "80-90", "-90", 80 }, { "80 ", " ", 80 }, { "0", "0", 0 }, { "000", "000", 0 },
	{ "", "", 0 }, { "65536", "65536", 0 }, { "4294967376", "4294967376", 0 },
	{ "18446744073709551696", "18446744073709551696", 0 }, { "-1", "-1", 0 },
	{ " 80", " 80", 0 }, { "x", "x", 0 },
};

TEST_EACH(reads_ports, ports)
{
	const char *s = row->text;
	bool whole = row->port && !*row->rest;
	uint16_t port = 0;

	ck_assert_int_eq(addr_read_port(&s, &port), row->port != 0);
	ck_assert_str_eq(s, row->rest);
	ck_assert_uint_eq(port, row->port);
	port = 0;
	ck_assert_int_eq(addr_parse_port(row->text, &port), whole);
	ck_assert_uint_eq(port, whole ? row->port : 0);
}

TEST(long_text_keeps_the_reason)
{
	char text[5000];
	struct addr a;
	uint16_t port;
	struct err e = { "" };

	memset(text, '1', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	ck_assert_int_eq(addr_parse_endpoint(&a, &port, text, &e), -EINVAL);
	ck_assert(strstr(e.msg, NOT4));
	ck_assert(!strncmp(e.msg, text, 100));
}
