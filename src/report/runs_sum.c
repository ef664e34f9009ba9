/* The metadata of several runs as one: part of runs. */
#include "report/runs.h"

#include <errno.h>
#include <string.h>

#include "err.h"

#define COUNT_MAX (1ll << 60)	/* of a count alone: then it is that one which is named */

/* Of an object and those in it. NULL; or the key of what is no count. */
static const char *bad_count(const json_t *v, uint64_t *total)
{
	const char *key, *bad = NULL;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)v, key, value) {
		if (json_is_object(value))
			bad = bad_count(value, total);
		else if (json_is_number(value)
			 && (!json_is_integer(value) || json_integer_value(value) < 0
			     || json_integer_value(value) > COUNT_MAX
			     || json_integer_value(value) > INT64_MAX - (int64_t)*total))
			bad = key;
		else
			*total += (uint64_t)json_integer_value(value);
		if (bad)
			break;
	}
	return bad;
}

int runs_check_counts(const struct run *r, uint64_t *total, struct err *e)
{
	static const char *const groups[] = { "counters", "verdicts", "targets" };

	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		const char *bad = bad_count(json_object_get(r->metadata, groups[i]), total);

		if (bad)
			return err_set(e, EINVAL, "%.200s: %s: %.60s is no count that a run can "
				       "have; give the metadata as tfomap wrote them",
				       r->metadata_file, groups[i], bad);
	}
	return 0;
}

/* Adds the numbers of an object, and of objects in it, to those of another. */
static void add_numbers(json_t *sum, const json_t *v)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)v, key, value) {
		json_t *have = json_object_get(sum, key);

		if (json_is_object(value) && json_is_object(have))
			add_numbers(have, value);
		else if (json_is_integer(value) && json_is_integer(have))
			json_integer_set(have,
					 json_integer_value(have) + json_integer_value(value));
		else if (!have)
			json_object_set(sum, key, value);
	}
}

static void add_group(json_t *sum, const json_t *v, const char *name)
{
	json_t *have = json_object_get(sum, name), *more = json_object_get(v, name);

	if (json_is_object(have) && json_is_object(more))
		add_numbers(have, more);
}

/* The later text, or the earlier: times are RFC 3339 in UTC, which sort as texts do. */
static void take_time(json_t *sum, const json_t *v, const char *name, bool later)
{
	const char *have = json_string_value(json_object_get(sum, name));
	const char *other = json_string_value(json_object_get(v, name));

	if (other && (!have || (strcmp(other, have) > 0) == later))
		json_object_set(sum, name, json_object_get(v, name));
}

/* The larger number. */
static void take_most(json_t *sum, const json_t *v, const char *name)
{
	const json_t *have = json_object_get(sum, name), *other = json_object_get(v, name);

	if (json_is_number(other)
	    && (!json_is_number(have) || json_number_value(other) > json_number_value(have)))
		json_object_set(sum, name, json_object_get(v, name));
}

/* Adds what is not there yet. */
static void take_list(json_t *sum, const json_t *v, const char *name)
{
	json_t *have = json_object_get(sum, name), *each, *old;
	size_t i, k;

	json_array_foreach(json_object_get(v, name), i, each) {
		bool is_there = false;

		json_array_foreach(have, k, old)
			is_there |= json_equal(old, each);
		if (!is_there)
			json_array_append(have, each);
	}
}

/* What is one run's own and not the union's. */
static const char *const own[] = { "argv", "shard", "memory_peak_bytes", "duration_s",
				   "sending_s" };

static json_t *part(const struct run *r)
{
	json_t *p = json_pack("{s:s, s:O?, s:O?, s:O?}", "file", r->file, "start",
			      json_object_get(r->metadata, "start"), "end",
			      json_object_get(r->metadata, "end"), "exit_reason",
			      json_object_get(r->metadata, "exit_reason"));

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		json_t *v = json_object_get(r->metadata, own[i]);

		if (v)
			json_object_set(p, own[i], v);
	}
	return p;
}

static void add_run(json_t *sum, const struct run *r)
{
	const json_t *v = r->metadata;
	const json_t *reason = json_object_get(v, "exit_reason");
	json_t *targets = json_object_get(sum, "targets");
	json_t *of_run = json_object_get(targets, "of_this_run");

	add_group(sum, v, "counters");
	add_group(sum, v, "verdicts");
	/* The other numbers of targets are of all shards already. */
	if (json_is_integer(of_run))
		json_integer_set(of_run, json_integer_value(of_run) + json_integer_value(
					json_object_get(json_object_get(v, "targets"),
							"of_this_run")));
	take_time(sum, v, "start", false);
	take_time(sum, v, "end", true);
	take_most(sum, v, "duration_s");
	take_most(sum, v, "sending_s");
	take_most(sum, v, "memory_peak_bytes");
	take_most(sum, v, "exit_status");
	take_list(sum, v, "sources");
	json_array_extend(json_object_get(sum, "runs"), json_object_get(v, "runs"));
	if (!json_is_true(json_object_get(v, "sound")))
		json_object_set_new(sum, "sound", json_false());
	if (json_is_string(reason) && strcmp(json_string_value(reason), "complete") != 0)
		json_object_set(sum, "exit_reason", json_object_get(v, "exit_reason"));
	/* Each shard has a key of its own, unless one was given. */
	if (!json_equal(json_object_get(sum, "key"), json_object_get(v, "key")))
		json_object_set_new(sum, "key", json_null());
}

json_t *runs_sum(const struct run *v, size_t n)
{
	json_t *sum = NULL, *parts = json_array(), *shards = json_array();

	for (size_t i = 0; i < n; i++) {
		json_t *of_run = v[i].metadata ? run_shards(&v[i]) : NULL;

		if (!of_run) {
			json_decref(sum);
			json_decref(parts);
			json_decref(shards);
			return NULL;
		}
		if (i == 0)
			sum = json_deep_copy(v[i].metadata);
		else
			add_run(sum, &v[i]);
		json_array_extend(shards, of_run);
		json_decref(of_run);
		json_array_append_new(parts, part(&v[i]));
	}
	if (sum)
		json_object_set_new(sum, "merged",
				    json_pack("{s:o, s:o}", "shards", shards, "parts", parts));
	if (n > 1) {
		json_object_set_new(sum, "shard", json_null());
		json_object_set_new(sum, "argv", json_array());
	}
	return sum;
}
