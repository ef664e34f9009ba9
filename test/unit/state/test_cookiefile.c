#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/writer.h"
#include "err.h"
#include "scratch.h"
#include "state/cookie_store.h"
#include "state/cookiefile.h"
#include "state/cookiefile_load.h"
#include "unit.h"

#define HEADER		"source_ip,ip,port,kind,cookie,time\n"
#define TIME		"2026-01-02T03:04:05.678901Z"
#define WALL_NS		1767323045678901234ull	/* the same */

static struct scratch file;
static struct cookie_store *store;
static struct cookiefile *out;

static void open_scratch(void)
{
	scratch_text(&file, "");
	store = NULL;
	out = NULL;
}

static void close_scratch(void)
{
	cookie_store_free(store);
	cookiefile_close(out, NULL);
	scratch_close(&file);
}

TEST_AROUND(open_scratch, close_scratch)

static struct addr ip(const char *s)
{
	struct addr a;

	ck_assert_int_eq(addr_parse(&a, s), 0);
	return a;
}

static void put(const char *text)
{
	ck_assert_int_eq(ftruncate(file.fd, 0), 0);
	ck_assert_int_eq(pwrite(file.fd, text, strlen(text), 0), (ssize_t)strlen(text));
}

static void expect_text(const char *want)
{
	char buf[1024];
	ssize_t n = pread(file.fd, buf, sizeof(buf) - 1, 0);

	ck_assert_int_ge(n, 0);
	buf[n] = '\0';
	ck_assert_str_eq(buf, want);
}

static void load(void)
{
	struct err e = { "" };

	cookie_store_free(store);
	store = NULL;
	ck_assert_msg(cookiefile_load(&store, file.path, UINT64_MAX, &e) == 0, "%s", e.msg);
}

static void open_out(void)
{
	struct err e = { "" };

	ck_assert_msg(cookiefile_open(&out, file.path, &e) == 0, "%s", e.msg);
}

static void close_out(void)
{
	struct err e = { "" };
	int err = cookiefile_close(out, &e);

	out = NULL;
	ck_assert_msg(err == 0, "%s", e.msg);
}

static void append(const char *source, const char *target, uint16_t port, uint8_t kind,
		   const char *cookie)
{
	ck_assert_int_eq(cookiefile_append(out, ip(source), ip(target), port, kind,
					   (const uint8_t *)cookie, strlen(cookie), WALL_NS), 0);
}

static void expect_cookie(const char *source, const char *target, uint16_t port, uint8_t kind,
			  const char *cookie)
{
	struct tfo_option o;

	ck_assert_msg(cookie_store_find(store, ip(source), ip(target), port, &o, NULL), "%s",
		      cookie);
	ck_assert_int_eq(o.state, TFO_COOKIE);
	ck_assert_uint_eq(o.kind, kind);
	ck_assert_uint_eq(o.len, strlen(cookie));
	ck_assert_mem_eq(o.cookie, cookie, o.len);
}

static void expect_none(const char *source, const char *target, uint16_t port)
{
	struct tfo_option o;

	ck_assert(!cookie_store_find(store, ip(source), ip(target), port, &o, NULL));
}

TEST(writes_csv)
{
	open_out();
	append("198.18.0.1", "198.18.1.1", 443, 34, "abcdefgh");
	append("2001:2::1", "2001:2::2", 80, 254, "ABCD");
	close_out();
	expect_text(HEADER "198.18.0.1,198.18.1.1,443,34,6162636465666768," TIME "\n"
		    "2001:2::1,2001:2::2,80,254,41424344," TIME "\n");
}

TEST(reads_what_it_wrote)
{
	open_out();
	append("198.18.0.1", "198.18.1.1", 443, 34, "abcdefgh");
	append("198.18.0.2", "198.18.1.1", 443, 254, "ABCD");
	append("198.18.0.1", "198.18.1.1", 80, 253, "0123456789abcdef");
	append("2001:2::1", "2001:2::2", 443, 34, "abcdef");
	close_out();
	load();
	ck_assert_uint_eq(cookie_store_count(store), 4);
	expect_cookie("198.18.0.1", "198.18.1.1", 443, 34, "abcdefgh");
	expect_cookie("198.18.0.2", "198.18.1.1", 443, 254, "ABCD");
	expect_cookie("198.18.0.1", "198.18.1.1", 80, 254, "0123456789abcdef");
	expect_cookie("2001:2::1", "2001:2::2", 443, 34, "abcdef");
	expect_none("198.18.0.2", "198.18.1.1", 80);
	expect_none("198.18.0.3", "198.18.1.1", 443);
	expect_none("198.18.0.1", "198.18.1.2", 443);
	expect_none("198.18.0.1", "2001:2::2", 443);
}

/* Many targets and sources, each with three cookies: the last line of each is the one. */
TEST(newest_line_wins)
{
	struct addr source = ip("198.18.0.0"), target = ip("198.18.64.0");
	struct tfo_option o;
	char cookie[16];

	open_out();
	for (unsigned int round = 0; round < 3; round++) {
		for (unsigned int i = 0; i < 3000; i++) {
			/* Not in the order of addresses. */
			unsigned int k = i * 1009 % 3000;

			snprintf(cookie, sizeof(cookie), "%u%05u..", round, k);
			ck_assert_int_eq(cookiefile_append(out, addr_add(source, k % 7),
							   addr_add(target, k / 10),
							   (uint16_t)(1 + k % 10), 34,
							   (const uint8_t *)cookie, 8, WALL_NS), 0);
		}
	}
	close_out();
	load();
	ck_assert_uint_eq(cookie_store_count(store), 3000);
	for (unsigned int k = 0; k < 3000; k++) {
		snprintf(cookie, sizeof(cookie), "2%05u..", k);
		ck_assert(cookie_store_find(store, addr_add(source, k % 7),
					    addr_add(target, k / 10), (uint16_t)(1 + k % 10), &o,
					    NULL));
		ck_assert_mem_eq(o.cookie, cookie, 8);
	}
}

/* One run: what was there is loaded, what comes is appended, the next run has both. */
TEST(loads_and_appends_in_one_run)
{
	put(HEADER "198.18.0.1,198.18.1.1,443,34,6162636465666768,2026-01-02T03:04:05Z\n");
	load();
	open_out();
	append("198.18.0.1", "198.18.1.2", 443, 34, "ABCD");
	expect_none("198.18.0.1", "198.18.1.2", 443);
	close_out();
	load();
	ck_assert_uint_eq(cookie_store_count(store), 2);
	expect_cookie("198.18.0.1", "198.18.1.1", 443, 34, "abcdefgh");
	expect_cookie("198.18.0.1", "198.18.1.2", 443, 34, "ABCD");
}

TEST(is_lenient_where_it_is_safe)
{
	put("# kept by hand\r\n\r\n" HEADER
	    "198.18.0.1,198.18.1.1,443,34,aBcD1234,2026-01-02T03:04:05+01:00\r\n"
	    HEADER
	    "2001:2::1,2001:2::2,443,254,00ff00ff,2026-01-02T03:04:05Z # mine");
	load();
	ck_assert_uint_eq(cookie_store_count(store), 2);
	expect_cookie("198.18.0.1", "198.18.1.1", 443, 34, "\xab\xcd\x12\x34");
	/* The last line has no end: what is appended gets a line of its own. */
	open_out();
	append("198.18.0.1", "198.18.1.2", 443, 34, "ABCD");
	close_out();
	load();
	ck_assert_uint_eq(cookie_store_count(store), 3);
}

/* Whatever loads can be added to, and loads again with what was added. */
TEST(what_loads_takes_cookies)
{
	static const char *const files[] = {
		"", "\n", "# ours\n", "# ours", "\n# ours\n\n", "# a\r\n# b\r\n", "  # ours  ",
		"\xef\xbb\xbf", "\xef\xbb\xbf# ours\n", "#" HEADER, HEADER, "# ours\n" HEADER,
		"source_ip,ip,port,kind,cookie,time", "\t" HEADER "# no cookie yet",
	};

	for (size_t i = 0; i < N_OF(files); i++) {
		put(files[i]);
		for (size_t run = 1; run <= 2; run++) {
			load();
			open_out();
			append("198.18.0.1", "198.18.1.1", (uint16_t)(440 + run), 34, "abcdefgh");
			close_out();
			load();
			ck_assert_msg(cookie_store_count(store) == run, "%s", files[i]);
		}
	}
}

/* A run was killed while it wrote; others add to it, and that does no harm. */
TEST(a_part_of_a_line_is_left_out)
{
	static const char line[] = "198.18.0.1,198.18.1.1,443,34,abcd1234," TIME;

	for (size_t n = 1; n < strlen(line) - strlen(TIME); n += 9) {
		char text[256];

		snprintf(text, sizeof(text), HEADER "%.*s", (int)n, line);
		put(text);
		for (size_t run = 1; run <= 2; run++) {
			load();
			ck_assert_uint_eq(cookie_store_count(store), run - 1);
			open_out();
			append("198.18.0.1", "198.18.1.1", (uint16_t)(440 + run), 34, "abcdefgh");
			close_out();
		}
		load();
		ck_assert_uint_eq(cookie_store_count(store), 2);
	}
}

TEST(file_that_is_not_there_is_empty)
{
	struct err e = { "" };

	ck_assert_int_eq(cookiefile_load(&store, "/nowhere/cookies", UINT64_MAX, &e), 0);
	ck_assert_str_eq(e.msg, "");
	ck_assert_uint_eq(cookie_store_count(store), 0);
	expect_none("198.18.0.1", "198.18.1.1", 443);
	load();
	ck_assert_uint_eq(cookie_store_count(store), 0);
	ck_assert_int_eq(cookiefile_open(&out, "/nowhere/cookies", &e), -ENOENT);
	ck_assert_str_eq(e.msg, "cannot write to the cookie file /nowhere/cookies: "
			 "No such file or directory");
}

TEST(names_file_and_line)
{
	static const char *const bad[][2] = {
		{ "198.18.0.1,198.18.1.1,443,34,abcd1234,2026-01-02T03:04:05Z\n",
		  ":1: not a cookie file" },
		{ HEADER "198.18.0.1,198.18.1.1,443,34,abcd1234\n", ":2: a line has the fields" },
		{ HEADER "198.18.0.1,198.18.1.1,443,34,abcd1234," TIME ",x\n",
		  ":2: a line has the fields" },
		{ HEADER "\nx,198.18.1.1,443,34,abcd1234," TIME "\n", ":3: source_ip x" },
		{ HEADER "198.18.0.1, 198.18.1.1,443,34,abcd1234," TIME "\n",
		  ":2: ip  198.18.1.1" },
		{ HEADER "198.18.0.1,x,443,34,abcd1234," TIME "\n", ":2: ip x" },
		{ HEADER "198.18.0.1,198.18.1.1,0,34,abcd1234," TIME "\n", ":2: port 0" },
		{ HEADER "198.18.0.1,198.18.1.1,443,35,abcd1234," TIME "\n", ":2: kind 35" },
		{ HEADER "198.18.0.1,198.18.1.1,443,34,abcd123," TIME "\n", ":2: cookie abcd123:" },
		{ HEADER "198.18.0.1,198.18.1.1,443,34,abcd12345," TIME "\n", ":2: cookie" },
		{ HEADER "198.18.0.1,198.18.1.1,443,34,abcd," TIME "\n", ":2: cookie abcd:" },
		{ HEADER "198.18.0.1,198.18.1.1,443,34,abcd1234ab," TIME "\n", ":2: cookie" },
		{ HEADER "198.18.0.1,198.18.1.1,443,34,abcd123g," TIME "\n", ":2: cookie" },
		{ HEADER "198.18.0.1,198.18.1.1,443,34,," TIME "\n", ":2: cookie" },
		{ HEADER "198.18.0.1,198.18.1.1,443,34,000102030405060708090a0b0c0d0e0f1011," TIME
		  "\n", ":2: cookie" },
		{ HEADER "198.18.0.1,198.18.1.1,443,34,abcd1234,yesterday\n", ":2: time" },
		{ HEADER "198.18.0.1,198.18.1.1,443,34,abcd1234,\n", ":2: time" },
	};

	for (size_t i = 0; i < N_OF(bad); i++) {
		struct err e = { "" };
		char want[128];

		put(bad[i][0]);
		snprintf(want, sizeof(want), "%s%s", file.path, bad[i][1]);
		ck_assert_msg(cookiefile_load(&store, file.path, UINT64_MAX, &e) == -EINVAL,
			      "%s", bad[i][0]);
		ck_assert_msg(strncmp(e.msg, want, strlen(want)) == 0, "%s", e.msg);
	}
}

TEST(refuses_what_is_no_cookie)
{
	const struct addr a = ip("198.18.0.1");
	uint8_t c[18] = { 0 };

	open_out();
	ck_assert_int_eq(cookiefile_append(out, a, a, 443, 34, c, 0, WALL_NS), -EINVAL);
	ck_assert_int_eq(cookiefile_append(out, a, a, 443, 34, c, 5, WALL_NS), -EINVAL);
	ck_assert_int_eq(cookiefile_append(out, a, a, 443, 34, c, 18, WALL_NS), -EINVAL);
	ck_assert_int_eq(cookiefile_append(out, a, a, 443, 35, c, 8, WALL_NS), -EINVAL);
	ck_assert_int_eq(cookiefile_append(out, a, a, 0, 34, c, 8, WALL_NS), -EINVAL);
	close_out();
	expect_text(HEADER);
}

TEST(full_disk_is_found_at_the_start)
{
	struct err e = { "" };

	ck_assert_int_eq(cookiefile_open(&out, "/dev/full", &e), -ENOSPC);
	ck_assert_ptr_nonnull(strstr(e.msg, "/dev/full: No space left on device"));
}

/* A write that comes short in the middle of a line leaves whole lines behind. */
TEST(full_disk_leaves_whole_lines)
{
	const char *line = "198.18.0.1,198.18.1.1,443,34,6162636465666768," TIME "\n";
	const struct addr source = ip("198.18.0.1"), target = ip("198.18.1.1");
	const uint8_t *cookie = (const uint8_t *)"abcdefgh";
	struct rlimit saved, limit;
	struct err e = { "" };
	char want[512];
	int err = 0;

	open_out();
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &saved), 0);
	limit = saved;
	limit.rlim_cur = strlen(HEADER) + 2 * strlen(line) + 10;
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	/* No assertion while the limit holds: Check writes to files, too. */
	for (int i = 0; i < 3; i++)
		err |= cookiefile_append(out, source, target, 443, 34, cookie, 8, WALL_NS);
	while (!writer_wait(cookiefile_writer(out), NS_PER_S))
		;
	setrlimit(RLIMIT_FSIZE, &saved);
	ck_assert_int_eq(err, 0);
	/* Nothing more is written, though it could be now. */
	ck_assert_int_eq(cookiefile_append(out, source, target, 80, 34, cookie, 8, WALL_NS),
			 -EFBIG);
	ck_assert_int_eq(cookiefile_close(out, &e), -EFBIG);
	out = NULL;
	ck_assert_ptr_nonnull(strstr(e.msg, file.path));
	snprintf(want, sizeof(want), "%s%s%s", HEADER, line, line);
	expect_text(want);
	load();
	ck_assert_uint_eq(cookie_store_count(store), 1);
}
