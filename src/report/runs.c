#include "report/runs.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "err.h"
#include "report/grid.h"

#define SHARDS_MAX	65536	/* a number in a file that others wrote has to end somewhere */

/* ---- finding and reading ---- */

/* Length without those of the endings that it has, each once. */
static size_t len_without(const char *file, const char *const *endings, size_t n)
{
	size_t len = strlen(file);

	for (size_t i = 0; i < n; i++) {
		size_t end = strlen(endings[i]);

		if (len > end && strncmp(file + len - end, endings[i], end) == 0)
			len -= end;
	}
	return len;
}

static const char *const row_endings[] = {
	".gz", ".zst", ".csv", ".ndjson", ".jsonl", ".json"
};

static size_t stem_len(const char *file)
{
	return len_without(file, row_endings, sizeof(row_endings) / sizeof(row_endings[0]));
}

static size_t unpacked_len(const char *file)
{
	return len_without(file, row_endings, 2);
}

/* Reads an object that has what metadata have. 0; -ENOENT: it is something else, or not there. */
static int read_file(struct run *r, const char *path, bool named, struct err *e)
{
	json_error_t why;
	json_t *json;

	if (!named && access(path, F_OK) != 0)
		return -ENOENT;
	json = json_load_file(path, 0, &why);
	if (json && json_is_string(json_object_get(json, "tfomap"))
	    && json_is_object(json_object_get(json, "counters"))) {
		r->metadata = json;
		r->metadata_file = strdup(path);
		return 0;
	}
	json_decref(json);
	if (!named)
		return -ENOENT;
	if (!json)
		return err_set(e, EINVAL, "%.150s: no metadata: %.150s, line %d", path, why.text,
			       why.line);
	return err_set(e, EINVAL, "%.200s: no metadata of tfomap's; give what --metadata-file of "
		       "the run wrote", path);
}

int run_load(struct run *r, const char *path, struct err *e)
{
	const size_t stem = stem_len(r->file), all = strlen(r->file);
	const struct {
		size_t len;
		const char *end;
	} beside[] = { { all, ".meta.json" }, { unpacked_len(r->file), ".meta.json" },
		       { stem, ".meta.json" }, { stem, ".json" } };
	int err = -ENOENT;

	if (path)
		return read_file(r, path, true, e);
	if (strcmp(r->file, "-") == 0)
		return 0;
	for (size_t i = 0; i < sizeof(beside) / sizeof(beside[0]) && err == -ENOENT; i++) {
		char *name = NULL;

		if (asprintf(&name, "%.*s%s", (int)beside[i].len, r->file, beside[i].end) < 0)
			return err_set(e, ENOMEM, "no memory for the name of a file");
		if (strcmp(name, r->file) != 0)
			err = read_file(r, name, beside[i].end[1] == 'm', e);
		if (err && err != -ENOENT && access(name, F_OK) != 0) {
			err = -ENOENT;
			if (e)
				e->msg[0] = '\0';
		}
		free(name);
	}
	return err == -ENOENT ? 0 : err;
}

void run_free(struct run *r)
{
	json_decref(r->metadata);
	free(r->metadata_file);
	*r = (struct run){ .file = r->file };
}

/* ---- looking ---- */

static json_t *at(const struct run *r, const char *outer, const char *inner)
{
	json_t *v = json_object_get(r->metadata, outer);

	return inner ? json_object_get(v, inner) : v;
}

const char *run_text(const struct run *r, const char *outer, const char *inner)
{
	const char *text = json_string_value(at(r, outer, inner));

	return text ? text : "";
}

static json_int_t number(const struct run *r, const char *outer, const char *inner)
{
	return json_integer_value(at(r, outer, inner));
}

uint64_t run_number(const struct run *r, const char *outer, const char *inner)
{
	json_int_t n = json_integer_value(json_object_get(at(r, outer, NULL), inner));

	return n > 0 ? (uint64_t)n : 0;
}

void runs_warn(struct grid *warned, const char *fmt, ...)
{
	char text[ERR_MSG_LEN];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_warn("%s", text);
	if (warned)
		grid_note(warned, "%s", text);
}

json_t *run_shards(const struct run *r)
{
	json_t *merged = at(r, "merged", "shards");

	if (json_is_array(merged))
		return json_incref(merged);
	return json_pack("[O]", at(r, "shard", NULL) ? at(r, "shard", NULL) : json_null());
}

/* ---- whether they belong together ---- */

/* What has to be the same. rounds: also where they are rounds. */
static const struct {
	const char *outer, *inner, *what;
	bool rounds;
} same[] = {
	{ "seed", NULL, "seed", false },
	{ "shards", NULL, "number of shards", false },
	{ "configuration", "plan", "plan", true },
	{ "configuration", "label", "label", false },
	{ "targets", "blocklist_hash", "blocklist hash", true },
	{ "targets", "targets_hash", "target list hash", true },
	{ "targets", "total", "number of targets", true },
};

static void show(json_t *v, char out[static 64])
{
	if (json_is_string(v))
		snprintf(out, 64, "%s", json_string_value(v));
	else if (json_is_integer(v))
		snprintf(out, 64, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
	else
		snprintf(out, 64, json_is_null(v) ? "none" : "another kind of value");
}

/* What a run of an earlier version does not say cannot differ. */
static int check_same(const struct run *a, const struct run *b, const struct runs_rules *rules,
		      struct err *e)
{
	bool rounds = rules->fit == RUNS_ROUNDS;

	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		json_t *one = at(a, same[i].outer, same[i].inner);
		json_t *other = at(b, same[i].outer, same[i].inner);
		char one_text[64], other_text[64];

		if ((rounds && !same[i].rounds) || !one || !other
		    || json_equal(one, other))
			continue;
		show(one, one_text);
		show(other, other_text);
		return err_set(e, EINVAL,
			       "%.100s: its %s is %s, that of %.100s is %s: they are not %s; %s",
			       b->file, same[i].what, other_text, a->file, one_text,
			       rounds ? "rounds of one list" : "shards of one scan",
			       rounds ? "give those that are" : rules->one_scan);
	}
	if (strcmp(run_text(a, "tfomap", NULL), run_text(b, "tfomap", NULL)) != 0)
		runs_warn(rules->warned, "%s: written by tfomap %s, %s by %s", b->file,
			  run_text(b, "tfomap", NULL), a->file, run_text(a, "tfomap", NULL));
	return 0;
}

static int check_sound(const struct run *r, const struct runs_rules *rules, struct err *e)
{
	if (json_is_true(at(r, "sound", NULL)))
		return 0;
	if (!rules->unsound)
		return err_set(e, EINVAL,
			       "%.200s: the run was not sound: it lost something that can "
			       "make rows wrong (counters in %.150s); scan again, or "
			       "--allow-unsound",
			       r->file, r->metadata_file);
	runs_warn(rules->warned, "%s: the run was not sound: its verdicts may be wrong", r->file);
	return 0;
}

static int check_ended(const struct run *r, const struct runs_rules *rules, struct err *e)
{
	const char *reason = run_text(r, "exit_reason", NULL);
	bool running = strcmp(reason, "running") == 0;

	if (strcmp(reason, "complete") == 0)
		return 0;
	if (!rules->partial)
		return err_set(e, EINVAL,
			       "%.200s: the run %s (%.40s in %.150s); %s, or "
			       "--allow-partial",
			       r->file,
			       running ? "has not ended, or was killed"
				       : "ended before it was done",
			       *reason ? reason : "no exit_reason", r->metadata_file,
			       running ? "wait for its end, or go on with it (--checkpoint)"
				       : "let it go on "
					 "with --checkpoint");
	runs_warn(rules->warned, "%s: the run is not complete (%s)", r->file, reason);
	return 0;
}

/* Marks the shards of a run. have: n places, the number of the run that has it, plus one. */
static int mark_shards(const struct run *v, size_t i, size_t *have, size_t n, struct err *e)
{
	json_t *shards = run_shards(&v[i]), *shard;
	size_t k;
	int err = 0;

	json_array_foreach(shards, k, shard) {
		json_int_t s = json_is_integer(shard) ? json_integer_value(shard) : -1;

		if (s < 0 || (size_t)s >= n)
			err = err_set(e, EINVAL, "%.200s: no shard of %zu in %.150s", v[i].file, n,
				      v[i].metadata_file);
		else if (have[s])
			err = err_set(e, EINVAL,
				      "%.200s: shard %d is there twice, in %.150s as well; "
				      "give each once",
				      v[i].file, (int)s, v[have[s] - 1].file);
		else
			have[s] = i + 1;
		if (err)
			break;
	}
	json_decref(shards);
	return err;
}

static int check_shards(const struct run *v, size_t n, const struct run *first, bool allowed,
			const struct runs_rules *rules, struct err *e)
{
	json_int_t shards = number(first, "shards", NULL);
	size_t *have, missing = 0, which = 0;
	int err = 0;

	if (shards < 1 || shards > SHARDS_MAX)
		return err_set(e, EINVAL, "%.200s: no number of shards in %.150s", first->file,
			       first->metadata_file);
	have = calloc((size_t)shards, sizeof(*have));
	if (!have)
		return err_set(e, ENOMEM, "no memory for the shards");
	for (size_t i = 0; i < n && !err; i++)
		if (v[i].metadata)
			err = mark_shards(v, i, have, (size_t)shards, e);
	for (size_t s = (size_t)shards; s-- > 0;)
		if (!have[s]) {
			missing++;
			which = s;
		}
	free(have);
	if (err || !missing)
		return err;
	if (!allowed)
		return err_set(e, EINVAL,
			       "%.200s: shard %zu of %d (from 0) is missing, %zu in all; %s, or "
			       "--allow-partial",
			       first->file, which, (int)shards, missing, rules->add);
	runs_warn(rules->warned, "%zu of %d shards are missing: shares are those of a part",
		  missing, (int)shards);
	return 0;
}

int runs_check(const struct run *v, size_t n, const struct runs_rules *rules, struct err *e)
{
	const struct run *first = NULL;
	size_t without = 0;
	uint64_t total = 0;
	int err = 0;

	for (size_t i = 0; i < n && !err; i++) {
		if (!v[i].metadata) {
			without++;
			runs_warn(rules->warned, "%s: no metadata: whether the run was sound and "
				  "complete, which shard it is, and how many targets were silent "
				  "is not known; --metadata FILE names them", v[i].file);
			continue;
		}
		err = runs_check_counts(&v[i], &total, e);
		if (!err && first)
			err = check_same(first, &v[i], rules, e);
		first = first ? first : &v[i];
		if (!err)
			err = check_sound(&v[i], rules, e);
		if (!err)
			err = check_ended(&v[i], rules, e);
	}
	if (!err && first && rules->fit == RUNS_SHARDS)
		err = check_shards(v, n, first, rules->partial || without, rules, e);
	return err;
}

void runs_compare(const struct run *a, const struct run *b, struct grid *warned)
{
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		json_t *one = at(a, same[i].outer, same[i].inner);
		json_t *other = at(b, same[i].outer, same[i].inner);

		if (same[i].rounds && one && other && !json_equal(one, other))
			runs_warn(warned, "%s and %s differ in their %s: some of what differs may "
				  "come of that", a->file, b->file, same[i].what);
	}
}
