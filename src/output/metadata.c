#include "output/metadata.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/stats.h"
#include "config/config_show.h"
#include "err.h"
#include "targets/targets.h"
#include "utf8.h"

/* An object under construction; the first failure (no memory) lasts. */
struct object {
	json_t *json;
	bool failed;
};

/* Takes v, which may be NULL where there was no memory for it. */
static void object_set(struct object *o, const char *name, json_t *v)
{
	o->failed |= json_object_set_new(o->json, name, v) != 0;
}

static void object_set_number(struct object *o, const char *name, uint64_t v)
{
	object_set(o, name, json_integer((json_int_t)v));
}

static void object_set_seconds(struct object *o, const char *name, uint64_t ns)
{
	object_set(o, name, json_real((double)(ns / 1000) / 1e6));
}

/* Closes the inner object into the outer one. */
static void object_set_object(struct object *o, const char *name, struct object *inner)
{
	o->failed |= inner->failed;
	object_set(o, name, inner->json);
}

static struct object object_new(void)
{
	struct object o = { json_object(), false };

	o.failed = !o.json;
	return o;
}

/* Words of the command line may be any bytes. NULL s: null. */
static json_t *text_value(const char *s)
{
	size_t n = s ? strlen(s) : 0;
	char *clean;
	json_t *v;

	if (!s)
		return json_null();
	clean = malloc(UTF8_CLEAN_MAX(n) + 1);
	if (!clean)
		return NULL;
	v = json_stringn(clean, utf8_clean(clean, s, n));
	free(clean);
	return v;
}

static json_t *time_value(uint64_t wall_ns)
{
	char text[CLOCK_TEXT_LEN];

	if (!wall_ns)
		return json_null();
	clock_text(wall_ns, text);
	return json_string(text);
}

static json_t *hex_value(const uint8_t *p, size_t n)
{
	char text[2 * 16 + 1] = "";

	for (size_t i = 0; i < n && i < 16; i++)
		snprintf(text + 2 * i, 3, "%02x", p[i]);
	return json_string(text);
}

static json_t *argv_value(const struct config *c)
{
	json_t *list = json_array();

	for (int i = 0; i < c->argc; i++)
		if (json_array_append_new(list, text_value(c->argv[i]))) {
			json_decref(list);
			return NULL;
		}
	return list;
}

static void visit_option(void *arg, const char *name, const char *value)
{
	object_set(arg, name, text_value(value));
}

static void add_run(struct object *o, const struct config *c, const struct run_facts *f)
{
	struct object options = object_new();
	char seed[21];

	object_set(o, "tfomap", json_string(PACKAGE_VERSION));
	object_set(o, "argv", argv_value(c));
	config_visit(c, visit_option, &options);
	object_set_object(o, "configuration", &options);
	object_set(o, "notes", text_value(c->records.notes));
	snprintf(seed, sizeof(seed), "%" PRIu64, f->seed);
	object_set(o, "seed", json_string(seed));
	object_set(o, "key", hex_value(f->key, sizeof(f->key)));
	object_set_number(o, "shard", c->targets.shard);
	object_set_number(o, "shards", c->targets.shards);
	object_set_number(o, "retries", f->retries);
}

static void add_targets(struct object *o, const struct targets_counts *t, uint64_t of_run)
{
	struct object targets = object_new();
	uint8_t hash[8];

	put_be64(hash, t->blocklist_hash);
	object_set_number(&targets, "of_this_run", of_run);
	object_set_number(&targets, "total", t->total);
	object_set_number(&targets, "from_prefixes", t->from_prefixes);
	object_set_number(&targets, "from_list", t->from_list);
	object_set_number(&targets, "merged", t->merged);
	object_set_number(&targets, "other_family", t->other_family);
	object_set_number(&targets, "outside_allowlist", t->outside);
	object_set_number(&targets, "blocked", t->blocked);
	object_set_number(&targets, "own_address", t->own);
	object_set_number(&targets, "no_route", t->no_route);
	object_set(&targets, "blocklist_hash", hex_value(hash, sizeof(hash)));
	object_set_object(o, "targets", &targets);
}

static json_t *sources_value(const struct run_facts *f)
{
	json_t *list = json_array();
	char text[ADDR_STRLEN];

	for (unsigned int i = 0; i < f->nsources; i++) {
		addr_format(f->sources[i], text);
		if (json_array_append_new(list, json_string(text))) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static void add_network(struct object *o, const struct run_facts *f)
{
	object_set(o, "interface", text_value(f->interface));
	object_set(o, "engine", text_value(f->engine));
	object_set(o, "receiver", text_value(f->receiver));
	object_set_number(o, "sender_threads", f->threads);
	object_set(o, "sources", sources_value(f));
	object_set_number(o, "window_slots", f->window_slots);
	object_set_number(o, "table_slots", f->table_slots);
}

static void add_times(struct object *o, const struct run_facts *f)
{
	uint64_t ran_ns = f->end_wall_ns > f->start_wall_ns ? f->end_wall_ns - f->start_wall_ns : 0;

	object_set(o, "start", time_value(f->start_wall_ns));
	object_set(o, "end", time_value(f->end_wall_ns));
	object_set_seconds(o, "duration_s", ran_ns);
	object_set_seconds(o, "sending_s", f->sending_ns);
}

static void add_counters(struct object *o, const struct stats *s)
{
	struct object counters = object_new(), verdicts = object_new();

	for (unsigned int g = 0; g < STAT_GROUPS; g++) {
		struct object group = object_new();

		for (unsigned int i = 0; i < STATS; i++)
			if (stat_types[i].group == g)
				object_set_number(&group, stat_types[i].name, stat_get(s, i));
		object_set_object(&counters, stat_group_names[g], &group);
	}
	object_set_object(o, "counters", &counters);
	for (unsigned int v = 0; v < VERDICTS; v++)
		object_set_number(&verdicts, verdict_types[v].name, stat_get_verdict(s, v));
	object_set_object(o, "verdicts", &verdicts);
}

/*
 * The peak resident set of this program. getrusage() would do, but that counts what the process
 * was before exec() as well. 0: not known.
 */
static uint64_t memory_peak_bytes(void)
{
	FILE *file = fopen("/proc/self/status", "re");
	uint64_t kib = 0;
	char line[256];

	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "VmHWM: %" SCNu64, &kib) == 1)
			break;
	fclose(file);
	return kib * 1024;
}

static void add_end(struct object *o, const struct stats *s, const struct run_facts *f)
{
	uint64_t memory = memory_peak_bytes();

	object_set(o, "memory_peak_bytes", memory ? json_integer((json_int_t)memory) : json_null());
	object_set(o, "sound", json_boolean(stats_sound(s)));
	object_set(o, "exit_reason", text_value(f->exit_reason ? f->exit_reason : "running"));
	object_set(o, "exit_status", f->exit_reason ? json_integer(f->exit_status) : json_null());
}

static int fails(const char *path, int code, struct err *e)
{
	return err_set(e, code, "cannot write the metadata to '%s': %s; name another file with "
		       "--metadata-file", path, strerror(code));
}

static int write_json(const char *path, const json_t *json, struct err *e)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), code;
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
	bool failed;

	if (!file) {
		code = errno;
		if (fd >= 0)
			close(fd);
		return fails(path, code, e);
	}
	errno = 0;
	failed = json_dumpf(json, file, JSON_INDENT(2) | JSON_REAL_PRECISION(15)) != 0;
	failed |= fputc('\n', file) == EOF;
	code = errno;
	if (fclose(file) && !failed) {
		failed = true;
		code = errno;
	}
	return failed ? fails(path, code ? code : EIO, e) : 0;
}

int metadata_write(const char *path, const struct config *c, const struct targets_counts *t,
		   const struct stats *s, const struct run_facts *f, struct err *e)
{
	struct object o = object_new();
	int err;

	add_run(&o, c, f);
	add_targets(&o, t, f->targets);
	add_network(&o, f);
	add_times(&o, f);
	add_counters(&o, s);
	add_end(&o, s, f);
	if (o.failed)
		err = fails(path, ENOMEM, e);
	else
		err = write_json(path, o.json, e);
	json_decref(o.json);
	return err;
}
