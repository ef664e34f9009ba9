#include "report/runs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "err.h"
#include "unit.h"

#define N 2

static struct run runs[N];
static struct err e;

/* Two shards of two that fit. */
static void begin(void)
{
	e.msg[0] = '\0';
	for (int i = 0; i < N; i++) {
		runs[i] = (struct run){ .file = i ? "b.csv" : "a.csv" };
		runs[i].metadata = json_pack(
			"{s:s, s:{s:s}, s:{s:i, s:i, s:s, s:s}, s:s, s:i, s:i, s:s, s:s, s:b, s:s,"
			" s:{s:{s:i}}, s:{s:i}, s:[], s:[s], s:s, s:i}", "tfomap", "1",
			"configuration", "plan", "survey", "targets", "of_this_run", 3, "total", 6,
			"blocklist_hash", "b", "targets_hash", "t", "seed", "5", "shards", N,
			"shard", i, "start", i ? "2026-11-01" : "2026-11-02", "end",
			i ? "2026-11-03" : "2026-11-04", "sound", 1, "exit_reason", "complete",
			"counters", "sent", "sent_syn", 4 + i, "verdicts", "closed", 2, "runs",
			"sources", i ? "198.18.0.1" : "198.18.0.2", "key", i ? "k" : "l",
			"exit_status", 0);
		ck_assert_ptr_nonnull(runs[i].metadata);
		runs[i].metadata_file = strdup(i ? "b.meta.json" : "a.meta.json");
	}
}

static void end(void)
{
	for (int i = 0; i < N; i++)
		run_free(&runs[i]);
}

TEST_AROUND(begin, end)

static int check(enum runs_fit fit, bool unsound, bool partial)
{
	const struct runs_rules rules = { .fit = fit, .unsound = unsound, .partial = partial,
					  .one_scan = "", .add = "" };

	e.msg[0] = '\0';
	return runs_check(runs, N, &rules, &e);
}

TEST(shards_that_fit)
{
	ck_assert_msg(check(RUNS_SHARDS, false, false) == 0, "%s", e.msg);
}

static const struct {
	const char *outer, *inner, *value;	/* JSON */
	const char *says;
	bool of_rounds;				/* refused there, too */
} other[] = {
	{ "seed", NULL, "\"6\"", "its seed is 6, that of a.csv is 5", false },
	{ "shards", NULL, "3", "its number of shards is 3", false },
	{ "configuration", "plan", "\"path\"", "its plan is path", true },
	{ "targets", "blocklist_hash", "\"x\"", "blocklist hash", true },
	{ "targets", "targets_hash", "\"x\"", "target list hash", true },
	{ "targets", "total", "7", "number of targets", true },
	{ "shard", NULL, "0", "b.csv: shard 0 is there twice, in a.csv", false },
	{ "shard", NULL, "2", "no shard of 2", false },
	{ "shard", NULL, "null", "no shard of 2", false },
	{ "sound", NULL, "false", "not sound", true },
	{ "exit_reason", NULL, "\"running\"", "has not ended, or was killed", true },
	{ "exit_reason", NULL, "\"signal\"", "ended before it was done", true },
	{ "exit_reason", NULL, "null", "no exit_reason", true },
};

TEST_EACH(refuses, other)
{
	json_t *all = runs[1].metadata;
	json_t *into = row->inner ? json_object_get(all, row->outer) : all;

	json_object_set_new(into, row->inner ? row->inner : row->outer,
			    json_loads(row->value, JSON_DECODE_ANY, NULL));
	ck_assert_int_eq(check(RUNS_SHARDS, false, false), -EINVAL);
	ck_assert_msg(strstr(e.msg, row->says) && strstr(e.msg, "b.csv"), "%s", e.msg);
	ck_assert_int_eq(check(RUNS_ROUNDS, false, false), row->of_rounds ? -EINVAL : 0);
}

TEST(labels_differ)
{
	for (int i = 0; i < N; i++)
		json_object_set_new(json_object_get(runs[i].metadata, "configuration"), "label",
				    i ? json_null() : json_string("x"));
	ck_assert_int_eq(check(RUNS_SHARDS, false, true), -EINVAL);
	ck_assert_ptr_nonnull(strstr(e.msg, "b.csv: its label is none, that of a.csv is x"));
	ck_assert_int_eq(check(RUNS_ROUNDS, false, false), 0);
}

static const struct {
	const char *count;	/* JSON */
	int err;
} counts[] = {
	{ "-1", -EINVAL }, { "1.5", -EINVAL }, { "1e3", -EINVAL }, { "0", 0 },
	{ "9223372036854775807", -EINVAL }, { "1000000000000000000", 0 },
};

TEST_EACH(counts_are_counts, counts)
{
	json_object_set_new(json_object_get(runs[1].metadata, "verdicts"), "closed",
			    json_loads(row->count, JSON_DECODE_ANY, NULL));
	ck_assert_int_eq(check(RUNS_SHARDS, false, false), row->err);
	if (row->err)
		ck_assert_ptr_nonnull(strstr(e.msg, "b.meta.json: verdicts: closed is no count"));
}

TEST(sums_that_overflow)
{
	for (int i = 0; i < N; i++)
		for (int k = 0; k < 8; k++) {
			char name[] = "x0";

			name[1] = (char)('0' + k);
			json_object_set_new(json_object_get(runs[i].metadata, "verdicts"), name,
					    json_integer(k && i ? 0 : 1ll << 60));
		}
	ck_assert_int_eq(check(RUNS_SHARDS, false, false), -EINVAL);
	ck_assert_ptr_nonnull(strstr(e.msg, ": verdicts: x"));
}

TEST(what_is_allowed)
{
	json_object_set_new(runs[1].metadata, "sound", json_false());
	ck_assert_int_eq(check(RUNS_SHARDS, true, false), 0);
	ck_assert_int_eq(check(RUNS_SHARDS, false, true), -EINVAL);
	json_object_set_new(runs[1].metadata, "exit_reason", json_string("running"));
	ck_assert_int_eq(check(RUNS_SHARDS, true, false), -EINVAL);
	ck_assert_int_eq(check(RUNS_SHARDS, true, true), 0);
}

TEST(a_shard_is_missing)
{
	const struct runs_rules strict = { .fit = RUNS_SHARDS, .one_scan = "", .add = "" };
	const struct runs_rules partial = { .fit = RUNS_SHARDS, .partial = true, .one_scan = "",
					    .add = "" };

	ck_assert_int_eq(runs_check(runs, 1, &strict, &e), -EINVAL);
	ck_assert_ptr_nonnull(strstr(e.msg, "shard 1 of 2 (from 0) is missing"));
	ck_assert_int_eq(runs_check(runs, 1, &partial, &e), 0);
}

TEST(sum)
{
	const struct runs_rules strict = { .fit = RUNS_SHARDS, .one_scan = "", .add = "" };
	json_t *sum = runs_sum(runs, N), *v;
	struct run all = { .file = "all.csv", .metadata = sum, .metadata_file = NULL };

	ck_assert_ptr_nonnull(sum);
	v = json_object_get(json_object_get(sum, "counters"), "sent");
	ck_assert_int_eq(json_integer_value(json_object_get(v, "sent_syn")), 9);
	v = json_object_get(sum, "verdicts");
	ck_assert_int_eq(json_integer_value(json_object_get(v, "closed")), 4);
	v = json_object_get(sum, "targets");
	ck_assert_int_eq(json_integer_value(json_object_get(v, "of_this_run")), 6);
	ck_assert_int_eq(json_integer_value(json_object_get(v, "total")), 6);
	ck_assert_str_eq(run_text(&all, "start", NULL), "2026-11-01");
	ck_assert_str_eq(run_text(&all, "end", NULL), "2026-11-04");
	ck_assert_uint_eq(json_array_size(json_object_get(sum, "sources")), 2);
	ck_assert(json_is_null(json_object_get(sum, "key")));
	/* The union is a whole scan. */
	e.msg[0] = '\0';
	ck_assert_msg(runs_check(&all, 1, &strict, &e) == 0, "%s", e.msg);
	/* Each run's own is left as it was. */
	ck_assert_str_eq(run_text(&runs[0], "start", NULL), "2026-11-02");
	json_decref(sum);
}
