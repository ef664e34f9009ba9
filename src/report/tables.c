#include "report/tables.h"

#include <errno.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "report/grid.h"
#include "report/store.h"
#include "report/tables_parts.h"
#include "rowfile/reader.h"

/* Took all the data that came with the cookie. */
#define TOOK "('accepted', 'unchecked', 'cookieless')"
#define BIT(column) (1ull << COLUMN_##column)

static const char *const column_names[COLUMNS] = {
#define COLUMN(name, kind, kept, doc) #name,
#include "rowfile/columns.def"
};

/* False: some columns that the table needs are missing, and in its place is a note of that. */
static bool has_columns(const struct tables_input *in, uint64_t needed, const char *title,
			struct grids *out)
{
	uint64_t missing = needed & ~in->columns;
	char names[256] = "";
	struct grid *g;

	if (!missing)
		return true;
	for (unsigned int c = 0; c < COLUMNS; c++)
		if (missing >> c & 1)
			snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s",
				 *names ? ", " : "", column_names[c]);
	g = grid_add(out, title, "");
	if (g)
		grid_note(g, "Not shown: the rows lack %s (tfomap -f).", names);
	return false;
}

static int no_memory(struct err *e)
{
	return err_set(e, ENOMEM, "no memory for the tables");
}

/* ---- the runs ---- */

/* Counted from 0, as --shard does. */
static void show_shards(const struct run *r, const json_t *shards, struct grid *g)
{
	json_int_t all = json_integer_value(json_object_get(r->metadata, "shards"));
	json_int_t one = json_integer_value(json_array_get(shards, 0));

	if (json_array_size(shards) > 1)
		grid_cell(g, "%zu of %" JSON_INTEGER_FORMAT, json_array_size(shards), all);
	else if (all > 1)
		grid_cell(g, "%" JSON_INTEGER_FORMAT "/%" JSON_INTEGER_FORMAT, one, all);
	else
		grid_cell(g, "-");
}

static const char *side_of(const struct tables_input *in, bool other)
{
	if (in->how == COMPARE_JOIN)
		return other ? "A" : "B";
	return other ? "old" : "new";
}

static void add_run(const struct run *r, bool labels, struct grid *g)
{
	const struct json_t *m = r->metadata;
	json_t *shards = m ? run_shards(r) : NULL;

	grid_cell(g, "%s", r->file);
	if (labels)
		grid_cell(g, "%s", m ? run_text(r, "configuration", "label") : "-");
	grid_cell(g, "%" PRIu64, r->n_rows);
	show_shards(r, shards, g);
	json_decref(shards);
	grid_cell(g, "%s", m ? run_text(r, "configuration", "plan") : "-");
	grid_cell(g, "%.19s", m ? run_text(r, "start", NULL) : "-");
	grid_cell(g, "%.19s", m ? run_text(r, "end", NULL) : "-");
	grid_cell(g, !m ? "?" : json_is_true(json_object_get(m, "sound")) ? "yes" : "no");
	grid_cell(g, "%s", m ? run_text(r, "exit_reason", NULL) : "-");
}

static int add_runs(const struct tables_input *in, struct grids *out, struct err *e)
{
	size_t n = in->n_runs + in->n_others;
	bool labels = false;
	char columns[128];
	struct grid *g;

	for (size_t i = 0; i < n; i++)
		labels |= in->runs[i].metadata
			  && *run_text(&in->runs[i], "configuration", "label");
	snprintf(columns, sizeof(columns), "%sfile|%s>rows|>shard|plan|start|end|sound|ended",
		 in->n_others ? "side|" : "", labels ? "label|" : "");
	g = grid_add(out, in->fit == RUNS_ROUNDS ? "Rounds" : "Runs", columns);
	if (!g)
		return no_memory(e);
	/* The older one first. */
	for (size_t k = 0; k < n; k++) {
		size_t i = k < in->n_others ? in->n_runs + k : k - in->n_others;

		if (in->n_others)
			grid_cell(g, "%s", side_of(in, i >= in->n_runs));
		add_run(&in->runs[i], labels, g);
	}
	grid_note(g, "Times are UTC.");
	return 0;
}

/* ---- groups of rows ---- */

/* Copies a result's columns into cells: texts, numbers; and of a k of n the share. */
static int add_cookies(const struct tables_input *in, struct grids *out, struct err *e)
{
	static const char sql[] =
		"SELECT cookie_len, CASE WHEN tfo_ackkind > 0 THEN tfo_ackkind ELSE tfo_synkind "
		"END,"
		" count(*), sum(count(*)) OVER () FROM rows WHERE +side = 0 AND cookie_len > 0 "
		"AND cookie_from IS NOT 'file' "
		"GROUP BY 1, 2 ORDER BY 3 DESC, 1";
	const char title[] = "Cookies by length and kind";
	uint64_t needed = BIT(tfo_synkind) | BIT(tfo_ackkind);
	sqlite3_stmt *q;
	struct grid *g;
	int rc;

	if (!(in->columns & BIT(cookie)))
		needed |= BIT(cookie_len);
	if (!has_columns(in, needed, title, out))
		return 0;
	q = store_query(in->st, e, sql);
	g = grid_add(out, title, ">bytes|kind of option|>targets|" GRID_SHARE);
	rc = !q ? -EIO : g ? 0 : no_memory(e);
	while (!rc && (rc = store_step(in->st, q, e)) > 0) {
		int kind = sqlite3_column_int(q, 1);

		grid_cell(g, "%s", store_text(q, 0));
		grid_cell(g, kind == 34 ? "34" : kind == 254 ? "254 (experimental)" : "%d", kind);
		grid_cell(g, "%s", store_text(q, 2));
		grid_share(g, (uint64_t)sqlite3_column_int64(q, 2),
			   (uint64_t)sqlite3_column_int64(q, 3));
		rc = 0;
	}
	if (g && !rc && !grid_rows(g))
		grid_note(g, "No target gave a cookie.");
	store_done(q);
	return rc;
}

struct by {
	const char *title, *name;
	uint64_t needs;
	char key[160];			/* SQL */
};

/* 0..128 of the digits at s, all of it; -1: it is no such number. */
static int prefix_len(const char *s, char **end)
{
	long n = *s >= '0' && *s <= '9' ? strtol(s, end, 10) : -1;

	return n >= 0 && n <= 128 ? (int)n : -1;
}

/* prefix/N: of IPv4 up to 32, of IPv6 above; prefix/N/M: both. False: it is none. */
static bool read_prefix(const char *text, int *v4, int *v6)
{
	char *end = NULL;
	int n = prefix_len(text, &end), m;

	if (n < 0)
		return false;
	*v4 = n <= 32 ? n : 24;
	*v6 = n <= 32 ? 48 : n;
	if (!*end)
		return true;
	m = n <= 32 && *end == '/' ? prefix_len(end + 1, &end) : -1;
	*v6 = m;
	return m >= 0 && !*end;
}

static bool read_by(const char *word, struct by *by)
{
	int v4 = 0, v6 = 0;

	if (strcmp(word, "port") == 0)
		*by = (struct by){ "By port", "port", BIT(port), "port" };
	else if (strcmp(word, "source") == 0)
		*by = (struct by){ "By source address", "source", BIT(source_ip), "source_ip" };
	else if (strcmp(word, "domain") == 0)
		*by = (struct by){ "By domain", "domain", BIT(domain), "suffix(domain)" };
	else if (strncmp(word, "prefix/", 7) == 0 && read_prefix(word + 7, &v4, &v6))
		*by = (struct by){ "By prefix", "prefix", BIT(ip), "" };
	else
		return false;
	if (!*by->key)
		snprintf(by->key, sizeof(by->key),
			 "prefix(ip, CASE WHEN instr(ip, ':') THEN %d ELSE %d END)", v6, v4);
	return true;
}

int tables_check_by(const char *word, struct err *e)
{
	struct by by;

	if (read_by(word, &by))
		return 0;
	return err_set(e, EINVAL, "--by %.60s: there are port, source, domain, prefix/LENGTH (of "
		       "IPv4 up to 32, of IPv6 above) and prefix/24/48", word);
}

static int show_groups(const struct tables_input *in, sqlite3_stmt *q, struct grid *g,
		       struct err *e)
{
	uint64_t n = 0, skipped = 0;
	int rc;

	while ((rc = store_step(in->st, q, e)) > 0) {
		uint64_t rows = (uint64_t)sqlite3_column_int64(q, 1);

		n++;
		if (in->top && n > in->top)
			continue;
		grid_cell(g, "%s", sqlite3_column_type(q, 0) == SQLITE_NULL ? "(none)"
			  : store_text(q, 0));
		grid_cell(g, "%" PRIu64, rows);
		skipped += rows - (uint64_t)sqlite3_column_int64(q, 4);
		for (int c = 2; c <= 3; c++) {
			if (c == 2 && !(in->columns & (BIT(cookie_len) | BIT(cookie))))
				continue;
			grid_cell(g, "%s", store_text(q, c));
			grid_share(g, (uint64_t)sqlite3_column_int64(q, c),
				   c == 2 ? (uint64_t)sqlite3_column_int64(q, 4) : rows);
		}
	}
	if (skipped)
		grid_note(g, "%" PRIu64 " rows are of targets that were not asked for a cookie, as "
			  "that of --cookie-file was taken: not in the shares that gave one.",
			  skipped);
	if (in->top && n > in->top)
		grid_note(g, "The first %" PRIu64 " of %" PRIu64 "; --top 0 shows all.", in->top,
			  n);
	return rc;
}

static int add_by(const struct tables_input *in, const char *word, struct grids *out, struct err *e)
{
	char sql[512], columns[160];
	sqlite3_stmt *q;
	struct grid *g;
	struct by by;
	int rc;

	if (!read_by(word, &by) || !has_columns(in, by.needs | BIT(verdict), by.title, out))
		return 0;
	snprintf(sql, sizeof(sql), "SELECT %s, count(*), "
		 "sum(coalesce(cookie_len, 0) > 0 AND cookie_from IS NOT 'file'), "
		 "sum(verdict IN " TOOK "), sum(cookie_from IS NOT 'file') FROM rows "
		 "WHERE +side = 0 GROUP BY 1 ORDER BY 2 DESC, 1",
		 by.key);
	snprintf(columns, sizeof(columns), "%s|>rows|%s>took data|%s", by.name,
		 in->columns & (BIT(cookie_len) | BIT(cookie)) ? ">gave a cookie|" GRID_SHARE "|"
		 : "", GRID_SHARE);
	q = store_query(in->st, e, sql);
	g = q ? grid_add(out, by.title, columns) : NULL;
	rc = !q ? -EIO : g ? show_groups(in, q, g, e) : no_memory(e);
	store_done(q);
	return rc;
}

/* ---- where it is broken ---- */

static int add_located(const struct tables_input *in, const char *title, const char *columns,
		       const char *sql, int n_texts, struct grids *out, struct err *e)
{
	sqlite3_stmt *q = store_query(in->st, e, sql);
	struct grid *g = q ? grid_add(out, title, columns) : NULL;
	uint64_t n = 0;
	int rc = !q ? -EIO : g ? 0 : no_memory(e);

	while (!rc && (rc = store_step(in->st, q, e)) > 0) {
		rc = 0;
		n++;
		if (in->top && n > in->top)
			continue;
		for (int c = 0; c <= n_texts; c++)
			grid_cell(g, "%s", *store_text(q, c) ? store_text(q, c) : "(silent)");
		grid_share(g, (uint64_t)sqlite3_column_int64(q, n_texts),
			   (uint64_t)sqlite3_column_int64(q, n_texts + 1));
	}
	if (g && in->top && n > in->top)
		grid_note(g, "The first %" PRIu64 " of %" PRIu64 "; --top 0 shows all.", in->top,
			  n);
	store_done(q);
	return rc;
}

static int add_faults(const struct tables_input *in, struct grids *out, struct err *e)
{
	const char title[] = "Located faults by hop";
	int64_t n = 0;
	int err = store_number(in->st, "SELECT count(*) FROM rows WHERE +side = 0 AND "
			       "hop_high IS NOT NULL", &n, e);

	if (err || !n)
		return err;
	if (!has_columns(in, BIT(hop_low) | BIT(hop_high) | BIT(verdict), title, out))
		return 0;
	err = add_located(in, title, ">after hop|>at or before|verdict|>targets|" GRID_SHARE,
			  "SELECT hop_low, hop_high, verdict, count(*), sum(count(*)) OVER () FROM "
			  "rows WHERE +side = 0 AND hop_high IS NOT NULL GROUP BY 1, 2, 3 "
			  "ORDER BY 4 DESC, 1, 2", 3, out, e);
	if (err || !has_columns(in, BIT(hop_low_ip) | BIT(hop_high_ip), "Located faults by router",
				out))
		return err;
	return add_located(
		in, "Located faults by router",
		"last router passed|first router after|verdict|>targets|" GRID_SHARE,
		"SELECT hop_low_ip, hop_high_ip, verdict, count(*), "
		"sum(count(*)) OVER () FROM rows WHERE +side = 0 AND hop_high IS NOT NULL "
		"GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2",
		3, out, e);
}

/* ---- all of them ---- */

static int add_ports(const struct tables_input *in, struct grids *out, struct err *e)
{
	int64_t n = 0;
	int err = store_number(in->st, "SELECT count(*) FROM (SELECT DISTINCT port FROM rows "
			       "WHERE +side = 0 LIMIT 2)", &n, e);

	return err || n < 2 ? err : add_by(in, "port", out, e);
}

/* What a table is of, where there are two scans. */
static void note_side(const struct tables_input *in, struct grid *g)
{
	for (; g; g = g->next)
		grid_note(g, in->how == COMPARE_JOIN ? "Of B alone." : "Of the new scan alone.");
}

static int build_this(const struct tables_input *in, struct grids *out, struct err *e)
{
	bool by_port = false;
	int err = 0;

	for (size_t i = 0; i < in->n_by; i++)
		by_port |= strcmp(in->by[i], "port") == 0;
	if (has_columns(in, BIT(verdict), TABLES_VERDICTS, out))
		err = tables_add_verdicts(in, out, e);
	if (!err && in->fit == RUNS_ROUNDS && in->columns & BIT(verdict))
		err = tables_add_rounds(in, out, e);
	if (!err)
		err = add_cookies(in, out, e);
	if (!err && !by_port)
		err = add_ports(in, out, e);
	for (size_t i = 0; i < in->n_by && !err; i++)
		err = add_by(in, in->by[i], out, e);
	if (!err && has_columns(in, BIT(rtt_ms), "Round-trip time", out))
		err = tables_add_rtt(in->st, in->columns & BIT(ip), out, e);
	if (!err)
		err = add_faults(in, out, e);
	if (!err && in->columns & BIT(cookie_from))
		err = tables_add_lifetime(in->st, in->columns, out, e);
	return err;
}

int tables_build(const struct tables_input *in, struct grids *out, struct err *e)
{
	int err = add_runs(in, out, e);
	struct grid **rest;

	if (!err && in->n_others)
		err = tables_compare(in->st, in->how, in->top, out, e);
	rest = out->end;
	if (!err)
		err = build_this(in, out, e);
	if (!err && in->n_others)
		note_side(in, *rest);
	return err;
}
