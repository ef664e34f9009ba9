#include <errno.h>

#include "err.h"
#include "lists/misread.h"
#include "lists/prefixfile.h"
#include "prefixset.h"
#include "scratch.h"
#include "text.h"
#include "unit.h"

static struct prefixset set;
static struct misread misread;

static void open_set(void)
{
	prefixset_init(&set);
}

static void close_set(void)
{
	prefixset_free(&set);
}

static void expect_within(const char *ip, bool within)
{
	struct addr a;

	ck_assert_int_eq(addr_parse(&a, ip), 0);
	ck_assert_msg(prefixset_contains(&set, a) == within, "%s", ip);
}

/* ---- one ---- */

TEST_AROUND(open_set, close_set)

TEST(keeps_the_families_apart)
{
	ck_assert_int_eq(prefixfile_add(&set, "::/0", UINT64_MAX, NULL), 0);
	prefixset_seal(&set);
	expect_within("0.0.0.0", false);
	expect_within("255.255.255.255", false);
	expect_within("::fffe:ffff:ffff", true);
	expect_within("::1:0:0:0", true);
	expect_within("::", true);
	expect_within("ffff::", true);
	ck_assert_int_eq(prefixfile_add(&set, "0.0.0.0/0", UINT64_MAX, NULL), 0);
	prefixset_seal(&set);
	ck_assert_uint_eq(set.n, 1);
}

TEST(refuses_what_is_too_large)
{
	static const struct {
		const char *prefix;
		uint64_t max;
	} cases[] = { { "198.18.0.0/24", 255 }, { "::/0", INT64_MAX } };

	ck_assert_int_eq(prefixfile_add(&set, "198.18.0.0/24", 256, NULL), 0);
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct err e = { "" };

		ck_assert_int_eq(prefixfile_add(&set, cases[i].prefix, cases[i].max, &e), -EINVAL);
		ck_assert_ptr_nonnull(strstr(e.msg, cases[i].prefix));
	}
}

/* ---- files ---- */

/* Reads a file of that text; f: closed, its name stays. */
static int read_text(const char *text, struct scratch *f, struct err *e)
{
	int err;

	e->msg[0] = '\0';
	scratch_text(f, text);
	err = prefixfile_read(&set, "-b", f->path, UINT64_MAX, &misread, e);
	scratch_close(f);
	return err;
}

/* The set is these ranges, "first-last" each, with a blank between them. */
static void expect_ranges(const char *want)
{
	char got[256], first[ADDR_STRLEN], last[ADDR_STRLEN];
	struct text out;

	text_init(&out, got, sizeof(got));
	prefixset_seal(&set);
	for (size_t i = 0; i < set.n; i++) {
		addr_format(set.v[i].first, first);
		addr_format(set.v[i].last, last);
		text_add(&out, "%s%s-%s", i ? " " : "", first, last);
	}
	ck_assert_str_eq(got, want);
}

/* As Spamhaus, ipdeny, masscan's exclusions, routers and others write them. */
TEST(reads_what_is_published)
{
	static const char *const lists[][2] = {
		{ "\xef\xbb\xbf# a comment\r\n\r\n  198.18.0.0/24 # lab\r\n198.18.1.7\n\t\n"
		  "2001:2::/64#x\n198.18.0.128/25", "198.18.0.0-198.18.0.255 198.18.1.7-198.18.1.7 "
		  "2001:2::-2001:2::ffff:ffff:ffff:ffff" },
		{ "; a list\n# of ours\n1.10.16.0/20 ; SBL256894\n;\n", "1.10.16.0-1.10.31.255" },
		{ "1.10.16.0/20;SBL256894", "1.10.16.0-1.10.31.255" },
		{ "2001:2::/48 ; SBL1", "2001:2::-2001:2:0:ffff:ffff:ffff:ffff:ffff" },
		{ "198.18.0.0-198.18.0.9", "198.18.0.0-198.18.0.9" },
		{ "198.18.0.3 - 198.18.1.2 # x", "198.18.0.3-198.18.1.2" },
		{ "2001:2::1\t-\t2001:2::ffff", "2001:2::1-2001:2::ffff" },
		{ "198.18.0.0/255.255.0.0", "198.18.0.0-198.18.255.255" },
		{ "198.18.0.0 255.255.255.252", "198.18.0.0-198.18.0.3" },
		{ "198.18.0.0\t 255.255.255.255;x", "198.18.0.0-198.18.0.0" },
		{ "0.0.0.0 0.0.0.0", "0.0.0.0-255.255.255.255" },
		{ "2001:2::/ffff:ffff:ffff::", "2001:2::-2001:2:0:ffff:ffff:ffff:ffff:ffff" },
	};

	for (size_t i = 0; i < N_OF(lists); i++) {
		struct scratch f;
		struct err e;

		prefixset_free(&set);
		ck_assert_msg(read_text(lists[i][0], &f, &e) == 0, "%s", e.msg);
		expect_ranges(lists[i][1]);
	}
	ck_assert_uint_eq(misread.n, 0);
}

TEST(names_file_and_line)
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
	struct err e = { "" };

	for (size_t i = 0; i < N_OF(cases); i++) {
		struct scratch f;

		ck_assert_int_eq(read_text(cases[i][0], &f, &e), -EINVAL);
		ck_assert_msg(strncmp(e.msg, f.path, strlen(f.path)) == 0, "%s", e.msg);
		ck_assert_msg(strstr(e.msg, cases[i][1]), "%s", e.msg);
	}
	e.msg[0] = '\0';
	ck_assert_int_eq(prefixfile_read(&set, "-b", "/nowhere/list", UINT64_MAX, &misread, &e),
			 -ENOENT);
	ck_assert_str_eq(e.msg, "-b /nowhere/list: cannot be read: No such file or directory");
	ck_assert_int_eq(prefixfile_read(&set, "-b", "/", UINT64_MAX, &misread, NULL), -EISDIR);
}
