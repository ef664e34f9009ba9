#include <errno.h>
#include <stdlib.h>

#include "err.h"
#include "prefixset.h"
#include "scratch.h"
#include "targets/blocklist.h"
#include "lists/misread.h"
#include "lists/prefixfile.h"
#include "unit.h"

static struct prefixset set, other;
static struct misread misread;

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
START_TEST(leaves_the_public_ipv4)
{
	leave_of("0.0.0.0/0");
	ck_assert_uint_eq(other.count, 3702257664u);
}
END_TEST

/* 2000::/3 without 2001::/23, 2001:db8::/32, 2002::/16, 2620:4f:8000::/48 and 3fff::/20. */
START_TEST(leaves_the_global_ipv6)
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
	ck_assert_uint_eq(other.n, sizeof(left) / sizeof(*left));
	for (size_t i = 0; i < other.n; i++) {
		ck_assert(addr_eq(other.v[i].first, parse(left[i][0])));
		ck_assert(addr_eq(other.v[i].last, parse(left[i][1])));
	}
}
END_TEST

START_TEST(tells_why)
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
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		ck_assert(prefixset_contains(&set, parse(cases[i][0])));
		ck_assert_str_eq(blocklist_why(parse(cases[i][0]), why), cases[i][1]);
	}
	for (size_t i = 0; i < sizeof(public) / sizeof(*public); i++) {
		ck_assert(!prefixset_contains(&set, parse(public[i])));
		ck_assert_ptr_null(blocklist_why(parse(public[i]), why));
	}
}
END_TEST

START_TEST(hash_tells_sets_apart)
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
END_TEST

/* ---- prefixes as people write them ---- */

START_TEST(keeps_the_families_apart)
{
	ck_assert_int_eq(prefixfile_add(&set, "::/0", UINT64_MAX, NULL), 0);
	prefixset_seal(&set);
	ck_assert(!prefixset_contains(&set, parse("0.0.0.0")));
	ck_assert(!prefixset_contains(&set, parse("255.255.255.255")));
	ck_assert(prefixset_contains(&set, parse("::fffe:ffff:ffff")));
	ck_assert(prefixset_contains(&set, parse("::1:0:0:0")));
	ck_assert(prefixset_contains(&set, parse("::")));
	ck_assert(prefixset_contains(&set, parse("ffff::")));
	ck_assert_int_eq(prefixfile_add(&set, "0.0.0.0/0", UINT64_MAX, NULL), 0);
	prefixset_seal(&set);
	ck_assert_uint_eq(set.n, 1);
}
END_TEST

START_TEST(refuses_what_is_too_large)
{
	struct err e = { "" };

	ck_assert_int_eq(prefixfile_add(&set, "198.18.0.0/24", 256, &e), 0);
	ck_assert_int_eq(prefixfile_add(&set, "198.18.0.0/24", 255, &e), -EINVAL);
	ck_assert_ptr_nonnull(strstr(e.msg, "198.18.0.0/24"));
	e.msg[0] = '\0';
	ck_assert_int_eq(prefixfile_add(&set, "::/0", INT64_MAX, &e), -EINVAL);
	ck_assert_ptr_nonnull(strstr(e.msg, "::/0"));
}
END_TEST

START_TEST(reads_files)
{
	struct scratch f;
	struct err e = { "" };

	scratch_text(&f, "\xef\xbb\xbf# a comment\r\n\r\n  198.18.0.0/24 # lab\r\n"
		     "198.18.1.7\n\t\n2001:2::/64#x\n198.18.0.128/25");
	ck_assert_int_eq(prefixfile_read(&set, "-b", f.path, UINT64_MAX, &misread, &e), 0);
	prefixset_seal(&set);
	ck_assert_uint_eq(set.n, 3);
	ck_assert(addr_eq(set.v[0].first, parse("198.18.0.0")));
	ck_assert(addr_eq(set.v[0].last, parse("198.18.0.255")));
	ck_assert(addr_eq(set.v[1].first, parse("198.18.1.7")));
	ck_assert(addr_eq(set.v[1].last, parse("198.18.1.7")));
	ck_assert(addr_eq(set.v[2].last, parse("2001:2::ffff:ffff:ffff:ffff")));
	scratch_close(&f);
}
END_TEST

/* As Spamhaus, ipdeny, masscan's exclusions, routers and others write them. */
START_TEST(reads_what_is_published)
{
	static const struct {
		const char *line, *first, *last;
	} lists[] = {
		{ "1.10.16.0/20 ; SBL256894", "1.10.16.0", "1.10.31.255" },
		{ "1.10.16.0/20;SBL256894", "1.10.16.0", "1.10.31.255" },
		{ "2001:2::/48 ; SBL1", "2001:2::", "2001:2:0:ffff:ffff:ffff:ffff:ffff" },
		{ "198.18.0.0-198.18.0.9", "198.18.0.0", "198.18.0.9" },
		{ "198.18.0.3 - 198.18.1.2 # x", "198.18.0.3", "198.18.1.2" },
		{ "2001:2::1\t-\t2001:2::ffff", "2001:2::1", "2001:2::ffff" },
		{ "198.18.0.0/255.255.0.0", "198.18.0.0", "198.18.255.255" },
		{ "198.18.0.0 255.255.255.252", "198.18.0.0", "198.18.0.3" },
		{ "198.18.0.0\t 255.255.255.255;x", "198.18.0.0", "198.18.0.0" },
		{ "0.0.0.0 0.0.0.0", "0.0.0.0", "255.255.255.255" },
		{ "2001:2::/ffff:ffff:ffff::", "2001:2::", "2001:2:0:ffff:ffff:ffff:ffff:ffff" },
	};

	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
		struct err e = { "" };
		struct scratch f;
		char text[128];

		snprintf(text, sizeof(text), "; a list\n# of ours\n%s\n;\n", lists[i].line);
		scratch_text(&f, text);
		prefixset_free(&set);
		prefixset_init(&set);
		ck_assert_msg(prefixfile_read(&set, "-b", f.path, UINT64_MAX, &misread, &e) == 0,
			      "%s", e.msg);
		ck_assert_uint_eq(set.n, 1);
		ck_assert(addr_eq(set.v[0].first, parse(lists[i].first)));
		ck_assert(addr_eq(set.v[0].last, parse(lists[i].last)));
		scratch_close(&f);
	}
	ck_assert_uint_eq(misread.n, 0);
}
END_TEST

START_TEST(names_file_and_line)
{
	static const char *const cases[][2] = {
		{ "198.18.0.0/24\n\nexample.org\n", ":3: example.org: a name" },
		{ "198.18.0.1/24\n", ":1: 198.18.0.1/24: host bits" },
		{ "# x\n198.18.0.0/33", ":2: 198.18.0.0/33: the prefix length" },
		{ "198.18.0.1:80\n", ":1: 198.18.0.1:80" },
		{ "198.18.0.0/24 198.18.1.0/24\n", ":1: 198.18.0.0/24 198.18.1.0/24" },
		{ "198.18.0.0 255.0.255.0\n",
		  ":1: 198.18.0.0/255.0.255.0: the netmask has a zero before a one" },
		{ "198.18.0.1 255.255.0.0\n", "did you mean 198.18.0.0/16?" },
		{ "; x\n198.18.0.9-198.18.0.1 ; y\n",
		  ":2: 198.18.0.9-198.18.0.1: the range ends before it starts" },
		{ "198.18.0.1-9\n", ":1: 198.18.0.1-9: not an IPv4 address" },
		{ "198.18.0.0 24\n", ":1: 198.18.0.0 24: blanks" },
		{ "198.18.0.1\n\x1f\x8b\x08\n", ":2: control characters" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct err e = { "" };
		struct scratch f;

		scratch_text(&f, cases[i][0]);
		ck_assert_int_eq(prefixfile_read(&set, "-b", f.path, UINT64_MAX, &misread, &e),
				 -EINVAL);
		ck_assert_msg(strncmp(e.msg, f.path, strlen(f.path)) == 0, "%s", e.msg);
		ck_assert_msg(strstr(e.msg, cases[i][1]), "%s", e.msg);
		scratch_close(&f);
	}
}
END_TEST

START_TEST(names_the_missing_file)
{
	struct err e = { "" };

	ck_assert_int_eq(prefixfile_read(&set, "-b", "/nowhere/list", UINT64_MAX, &misread, &e),
			 -ENOENT);
	ck_assert_str_eq(e.msg, "-b /nowhere/list: cannot be read: No such file or directory");
	e.msg[0] = '\0';
	ck_assert_int_eq(prefixfile_read(&set, "-b", "/", UINT64_MAX, &misread, &e), -EISDIR);
}
END_TEST

UNIT_SUITE(blocklist)
{
	TCase *t = unit_case(suite, "compiled in", leaves_the_public_ipv4, leaves_the_global_ipv6,
			     tells_why, hash_tells_sets_apart);

	tcase_add_checked_fixture(t, open_sets, close_sets);
	t = unit_case(suite, "files", keeps_the_families_apart, refuses_what_is_too_large,
		      reads_files, reads_what_is_published, names_file_and_line,
		      names_the_missing_file);
	tcase_add_checked_fixture(t, open_sets, close_sets);
}
