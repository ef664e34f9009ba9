#include "report/tables_parts.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "base/share.h"
#include "err.h"
#include "report/grid.h"
#include "report/store.h"
#include "rowfile/reader.h"

/* ---- quantiles ---- */

static const double quantiles[] = { 0, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1 };

#define QUANTILES	(sizeof(quantiles) / sizeof(quantiles[0]))
#define CURVE_POINTS	200	/* of a CDF, at most */

/* A set of times, looked at in their order. */
struct spread {
	const char *name;
	uint64_t n, at;			/* how many; how many came */
	size_t next;			/* quantile */
	double values[QUANTILES];
	double x[CURVE_POINTS + 2], y[CURVE_POINTS + 2];	/* of its CDF */
	size_t n_points;
};

enum { ALL, IPV4, IPV6, SPREADS };

/* The smallest value that at least that share of all is not above: nearest rank. */
static uint64_t rank_of(double share, uint64_t n)
{
	uint64_t rank = (uint64_t)ceil(share * (double)n);

	return rank ? rank : 1;
}

static void take(struct spread *s, double value)
{
	uint64_t step = s->n / CURVE_POINTS + 1;

	s->at++;
	while (s->next < QUANTILES && rank_of(quantiles[s->next], s->n) <= s->at)
		s->values[s->next++] = value;
	if (s->at % step == 0 || s->at == 1 || s->at == s->n) {
		s->x[s->n_points] = value;
		s->y[s->n_points++] = (double)s->at / (double)s->n;
	}
}

static int count_families(struct store *st, struct spread s[static SPREADS], struct err *e)
{
	sqlite3_stmt *q = store_query(st, e, "SELECT count(rtt_ms), count(CASE WHEN instr(ip, ':') "
				      "THEN rtt_ms END) FROM rows WHERE +side = 0");
	int rc = store_step(st, q, e);
	uint64_t all = rc > 0 ? (uint64_t)sqlite3_column_int64(q, 0) : 0;
	uint64_t v6 = rc > 0 ? (uint64_t)sqlite3_column_int64(q, 1) : 0;

	store_done(q);
	s[ALL] = (struct spread){ .name = "all", .n = all };
	s[IPV4] = (struct spread){ .name = "IPv4", .n = all - v6 };
	s[IPV6] = (struct spread){ .name = "IPv6", .n = v6 };
	return rc < 0 ? rc : 0;
}

/* A time in microseconds and, as the last bit, whether it is of IPv6: they sort by time. */
static uint32_t packed(double ms, bool v6)
{
	double us = ms * 1000 + 0.5;

	return (us < INT32_MAX ? (uint32_t)us : INT32_MAX) << 1 | v6;
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* qsort() of numbers takes a quarter of the time that SQLite's ORDER BY does. */
static int take_all(struct store *st, struct spread s[static SPREADS], struct err *e)
{
	sqlite3_stmt *q = store_query(st, e, "SELECT rtt_ms, instr(ip, ':') > 0 FROM rows "
				      "WHERE +side = 0 AND rtt_ms IS NOT NULL");
	uint32_t *v = malloc(s[ALL].n * sizeof(*v));
	size_t n = 0;
	int rc = v ? 0 : err_set(e, ENOMEM, "no memory for %" PRIu64 " times", s[ALL].n);

	while (!rc && (rc = store_step(st, q, e)) > 0 && n < s[ALL].n) {
		v[n++] = packed(sqlite3_column_double(q, 0), sqlite3_column_int(q, 1));
		rc = 0;
	}
	store_done(q);
	if (!rc)
		qsort(v, n, sizeof(*v), compare);
	for (size_t i = 0; i < n && !rc; i++) {
		take(&s[ALL], (v[i] >> 1) / 1000.0);
		take(&s[v[i] & 1 ? IPV6 : IPV4], (v[i] >> 1) / 1000.0);
	}
	free(v);
	return rc;
}

/* A line of the table; and a curve, which is a block of gnuplot's. */
static void show_spread(const struct spread *s, struct grid *g)
{
	grid_cell(g, "%s", s->name);
	grid_cell(g, "%" PRIu64, s->n);
	for (size_t i = 0; i < QUANTILES; i++)
		grid_cell(g, "%.3f", s->values[i]);
	if (g->data)
		grid_point(g, "\n");
	grid_point(g, "\"%s\"", s->name);
	for (size_t i = 0; i < s->n_points; i++)
		grid_point(g, "%.3f %.5f", s->x[i], s->y[i]);
}

int tables_add_rtt(struct store *st, bool families, struct grids *out, struct err *e)
{
	struct spread s[SPREADS] = { { .n = 0 } };
	struct grid *g = grid_add(out, "Round-trip time", "rows|>n|>least|>5 %|>25 %|>median|>75 %|"
				  ">95 %|>99 %|>most");
	int err = g ? count_families(st, s, e) : err_set(e, ENOMEM, "no memory for the tables");

	if (!err && s[ALL].n)
		err = take_all(st, s, e);
	if (err)
		return err;
	if (!s[ALL].n) {
		grid_note(g, "No row has a time.");
		return 0;
	}
	show_spread(&s[ALL], g);
	/* One family's line would be the first one's again. */
	for (size_t i = IPV4; families && i < SPREADS && s[IPV4].n && s[IPV6].n; i++)
		show_spread(&s[i], g);
	g->plot = GRID_CDF;
	grid_note(g, "Milliseconds from the SYN to its answer, nearest rank.");
	return 0;
}

/* ---- lifetime of cookies ---- */

static const struct {
	int64_t below_s;	/* the age */
	const char *name;
} ages[] = {
	{ 60, "under 1 min" }, { 600, "1 to 10 min" }, { 3600, "10 to 60 min" },
	{ 6 * 3600, "1 to 6 h" }, { 24 * 3600, "6 to 24 h" }, { 2 * 86400, "1 to 2 days" },
	{ 4 * 86400, "2 to 4 days" }, { 7 * 86400, "4 to 7 days" },
	{ 14 * 86400, "1 to 2 weeks" }, { 30 * 86400, "2 weeks to 30 days" },
	{ INT64_MAX, "above 30 days" },
};

#define AGES (sizeof(ages) / sizeof(ages[0]))

struct lifetime {
	uint64_t n[AGES + 1], taken[AGES + 1];	/* the last: not known */
	double sum_s[AGES + 1];
};

/*
 * A cookie that was refused is no longer the one that the row's last data carried: it is as old as
 * the latest row of an earlier round in which the target gave one.
 */
static const char tests[] =
	"SELECT cookie_age_s, verdict IN ('accepted', 'unchecked', 'cookieless', 'partial') "
	"FROM rows WHERE +side = 0 AND cookie_from = 'file' AND verdict IN ('accepted',"
	" 'unchecked', 'cookieless', 'partial', 'refused', 'ignored') "
	"UNION ALL SELECT (SELECT strftime('%s', r.time_sent) - strftime('%s', p.time_sent)"
	"  FROM rows p WHERE p.side = 0 AND p.ip = r.ip AND p.port = r.port AND p.run < r.run"
	"  AND p.cookie_len > 0 ORDER BY p.run DESC LIMIT 1), 0 "
	"FROM rows r WHERE +side = 0 AND cookie_from = 'request' "
	"AND instr(';' || signals || ';', ';cookie-refused;')";

static int count_tests(struct store *st, struct lifetime *l, struct err *e)
{
	sqlite3_stmt *q = store_query(st, e, tests);
	int rc;

	while ((rc = store_step(st, q, e)) > 0) {
		int64_t age_s = sqlite3_column_int64(q, 0);
		size_t i = 0;

		if (sqlite3_column_type(q, 0) == SQLITE_NULL)
			i = AGES;
		else
			while (age_s >= ages[i].below_s && i + 1 < AGES)
				i++;
		l->n[i]++;
		l->taken[i] += sqlite3_column_int(q, 1) != 0;
		l->sum_s[i] += (double)age_s;
	}
	store_done(q);
	return rc;
}

int tables_add_lifetime(struct store *st, uint64_t columns, struct grids *out, struct err *e)
{
	struct lifetime l = { .n = { 0 } };
	uint64_t n = 0;
	struct grid *g;
	int err = count_tests(st, &l, e);

	for (size_t i = 0; i <= AGES; i++)
		n += l.n[i];
	if (err || !n)
		return err;
	g = grid_add(out, "Lifetime of cookies", "age|>cookies|>still taken|" GRID_SHARE);
	if (!g)
		return err_set(e, ENOMEM, "no memory for the tables");
	g->plot = GRID_SURVIVAL;
	for (size_t i = 0; i <= AGES; i++) {
		struct share s = share_wilson(l.taken[i], l.n[i]);

		if (!l.n[i])
			continue;
		grid_cell(g, "%s", i < AGES ? ages[i].name : "not known");
		grid_cell(g, "%" PRIu64, l.n[i]);
		grid_cell(g, "%" PRIu64, l.taken[i]);
		grid_share(g, l.taken[i], l.n[i]);
		if (i < AGES)
			grid_point(g, "%.4f %.4f %.4f %.4f", l.sum_s[i] / (double)l.n[i] / 3600,
				   100 * s.value, 100 * s.low, 100 * s.high);
	}
	grid_note(g, "Cookies of --cookie-file whose data was answered: taken, or refused or "
		  "ignored.");
	if (!(columns >> COLUMN_signals & 1) || !(columns >> COLUMN_cookie_age_s & 1))
		grid_note(g, "Without signals and cookie_age_s (tfomap -f) refusals or ages are "
			  "missing here.");
	return 0;
}
