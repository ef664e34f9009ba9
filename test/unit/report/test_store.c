#include "report/store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "unit.h"

static struct store *st;
static struct err e;

static void begin(void)
{
	e.msg[0] = '\0';
	ck_assert_msg(store_open(&st, false, &e) == 0, "%s", e.msg);
	ck_assert_int_eq(store_add_run(st, SIDE_THIS, "f.csv", NULL, &e), 0);
}

static void end(void)
{
	ck_assert_int_eq(store_close(st, &e), 0);
}

TEST_AROUND(begin, end)

/* The first text of a statement. */
static void check(const char *sql, const char *want)
{
	struct sqlite3_stmt *q = store_query(st, &e, sql);

	ck_assert_msg(q && store_step(st, q, &e) == 1, "%s", e.msg);
	ck_assert_str_eq(store_text(q, 0), want);
	store_done(q);
}

static int put(enum column column, const char *value)
{
	struct reader_row row = { .line = 7 };

	row.cells[column] = (struct cell){ value, strlen(value) };
	return store_add_row(st, "f.csv", &row, &e);
}

static const struct {
	enum column column;
	const char *value, *sql, *want;
} good[] = {
	{ COLUMN_ip, "2001:2:0:0::1", "SELECT ip FROM rows", "2001:2::1" },
	{ COLUMN_ip, "198.18.0.1", "SELECT ip FROM rows", "198.18.0.1" },
	{ COLUMN_port, "65535", "SELECT port + 1 FROM rows", "65536" },
	{ COLUMN_rtt_ms, "12.345", "SELECT rtt_ms FROM rows", "12.345" },
	{ COLUMN_rtt_ms, "3", "SELECT rtt_ms FROM rows", "3.0" },
	{ COLUMN_verdict, "no-cookie", "SELECT verdict FROM rows", "no-cookie" },
	{ COLUMN_domain, "a b", "SELECT domain FROM rows", "a b" },
	{ COLUMN_cookie, "0123456789abcdef", "SELECT cookie_len FROM rows", "8" },
};

TEST_EACH(takes, good)
{
	ck_assert_msg(put(row->column, row->value) == 0, "%s", e.msg);
	check(row->sql, row->want);
}

static const struct {
	enum column column;
	const char *value;
} bad[] = {
	{ COLUMN_ip, "198.18.0" }, { COLUMN_ip, "x" }, { COLUMN_port, "-1" }, { COLUMN_port, "8o" },
	{ COLUMN_port, "1.5" }, { COLUMN_port, "9999999999999999999" }, { COLUMN_port, "" },
	{ COLUMN_rtt_ms, "1e5" }, { COLUMN_rtt_ms, "." }, { COLUMN_rtt_ms, "1.2.3" },
	{ COLUMN_verdict, "<b>" }, { COLUMN_verdict, "a b" }, { COLUMN_verdict, "" },
};

TEST_EACH(refuses, bad)
{
	ck_assert_int_eq(put(row->column, row->value), -EINVAL);
	ck_assert_ptr_nonnull(strstr(e.msg, "f.csv:7: "));
}

static const struct {
	const char *sql, *want;
} functions[] = {
	{ "SELECT prefix('198.18.1.2', 24)", "198.18.1.0/24" },
	{ "SELECT prefix('198.18.1.2', 32)", "198.18.1.2/32" },
	{ "SELECT prefix('198.18.1.2', 0)", "0.0.0.0/0" },
	{ "SELECT coalesce(prefix('198.18.1.2', 33), 'null')", "null" },
	{ "SELECT prefix('2001:2:3:4::1', 48)", "2001:2:3::/48" },
	{ "SELECT prefix('2001:2:3:4::1', 65)", "2001:2:3:4::/65" },
	{ "SELECT prefix('2001:2::1', 128)", "2001:2::1/128" },
	{ "SELECT coalesce(prefix('x', 8), 'null')", "null" },
	{ "SELECT suffix('www.example.org')", "example.org" },
	{ "SELECT suffix('a.b.example.co.uk.')", "example.co.uk" },
	{ "SELECT suffix('WWW.Example.ORG')", "example.org" },
	{ "SELECT suffix('org')", "org" },
	{ "SELECT coalesce(suffix(''), 'null')", "null" },
};

TEST_EACH(function, functions)
{
	check(row->sql, row->want);
}

TEST(a_run_says_what_it_had)
{
	const struct reader_found found = { .columns = 1ull << COLUMN_ip | 1ull << COLUMN_probes };
	uint64_t n = 0;

	ck_assert_int_eq(put(COLUMN_ip, "::1"), 0);
	ck_assert_int_eq(store_end_run(st, &found, &n, &e), 0);
	ck_assert_uint_eq(n, 1);
	check("SELECT file || rows || columns FROM runs", "f.csv1ip,probes");
	ck_assert_int_eq(store_end(st, &e), 0);
}
