/* Whether rows fit each other and their metadata: part of runs. */
#include "report/runs.h"

#include <errno.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdlib.h>

#include "err.h"
#include "report/store.h"
#include "rowfile/reader.h"

#define BIT(column) (1ull << COLUMN_##column)

/* A file that was cut off, or whose metadata are those of another. */
static int check_number(const struct run *r, const struct runs_rules *rules, struct err *e)
{
	const json_t *rows = json_object_get(json_object_get(json_object_get(
		r->metadata, "counters"), "rows"), "rows");
	uint64_t n = (uint64_t)json_integer_value(rows);

	if (!json_is_integer(rows) || n == r->n_rows)
		return 0;
	if (!rules->partial)
		return err_set(e, EINVAL,
			       "%.150s: %" PRIu64 " rows, its metadata in %.150s say %" PRIu64
			       ": they are not of one run, or rows are missing; --metadata names "
			       "the right ones, or --allow-partial",
			       r->file, r->n_rows, r->metadata_file, n);
	runs_warn(rules->warned, "%s: %" PRIu64 " rows, its metadata say %" PRIu64, r->file,
		  r->n_rows, n);
	return 0;
}

/* One target has one row in a scan; in rounds, one in each. */
static int check_duplicates(const struct run *v, bool rounds, struct store *st, struct err *e)
{
	sqlite3_stmt *q = store_query(st, e, rounds ?
		"SELECT count(*), ip, port, min(run), max(run) FROM rows WHERE ip IS NOT NULL AND "
		"port IS NOT NULL GROUP BY side, ip, port, run HAVING count(*) > 1" :
		"SELECT count(*), ip, port, min(run), max(run) FROM rows WHERE ip IS NOT NULL AND "
		"port IS NOT NULL GROUP BY side, ip, port HAVING count(*) > 1");
	int rc = q ? store_step(st, q, e) : -EIO;

	if (rc > 0)
		rc = err_set(
			e, EINVAL,
			"%.100s port %s has %s rows, in %.120s and in %.120s; give "
			"each file once, of one scan, or --rounds for runs one after the other",
			store_text(q, 1), store_text(q, 2), store_text(q, 0),
			v[sqlite3_column_int64(q, 3) - 1].file,
			v[sqlite3_column_int64(q, 4) - 1].file);
	store_done(q);
	return rc;
}

/* The label says which scan rows are of, also where there are no metadata. */
static int check_labels(const struct run *v, const struct runs_rules *rules, enum side side,
			struct store *st, struct err *e)
{
	sqlite3_stmt *q = store_query(
		st, e,
		"SELECT a, b, (SELECT run FROM rows WHERE +side = ?1 AND coalesce(label, '') = a),"
		" (SELECT run FROM rows WHERE +side = ?1 AND coalesce(label, '') = b) FROM "
		"(SELECT min(coalesce(label, '')) AS a, max(coalesce(label, '')) AS b FROM rows "
		"WHERE +side = ?1) WHERE a <> b");
	int rc = -EIO;

	if (q) {
		sqlite3_bind_int(q, 1, side);
		rc = store_step(st, q, e);
	}
	if (rc > 0)
		rc = err_set(e, EINVAL,
			     "rows of %.100s have the label '%.60s', rows of %.100s the label "
			     "'%.60s': they are not shards of one scan; %s",
			     v[sqlite3_column_int64(q, 2) - 1].file, store_text(q, 0),
			     v[sqlite3_column_int64(q, 3) - 1].file, store_text(q, 1),
			     rules->one_scan);
	store_done(q);
	return rc;
}

/* Without these a comparison would find that nothing changed. */
static int check_comparable(const struct run *v, size_t n, struct err *e)
{
	const uint64_t needed = BIT(ip) | BIT(port) | BIT(verdict);

	for (size_t i = 0; i < n; i++)
		if ((v[i].columns & needed) != needed)
			return err_set(e, EINVAL, "%.200s: rows without ip, port or verdict "
				       "cannot be compared; scan with them (tfomap -f)",
				       v[i].file);
	return 0;
}

int runs_check_rows(const struct run *v, size_t n, size_t n_others, const struct runs_rules *rules,
		    struct store *st, struct err *e)
{
	const uint64_t target = BIT(ip) | BIT(port);
	bool targets = true, labels = false;
	int err = n_others ? check_comparable(v, n, e) : 0;

	for (size_t i = 0; i < n && !err; i++) {
		targets &= (v[i].columns & target) == target;
		labels |= v[i].n_rows && (v[i].columns & BIT(label));
		err = check_number(&v[i], rules, e);
	}
	if (!err && labels && rules->fit == RUNS_SHARDS)
		err = check_labels(v, rules, SIDE_THIS, st, e);
	if (!err && labels && rules->fit == RUNS_SHARDS && n_others)
		err = check_labels(v, rules, SIDE_OTHER, st, e);
	if (err)
		return err;
	if (targets)
		return check_duplicates(v, rules->fit == RUNS_ROUNDS, st, e);
	runs_warn(rules->warned, "rows without ip and port (tfomap -f): whether a target is there "
		  "twice is not known");
	return 0;
}
