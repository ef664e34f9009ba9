#include "records/metadata.h"

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
#include "bytes.h"
#include "config/config.h"
#include "config/config_show.h"
#include "err.h"
#include "files/file_lock.h"
#include "files/replace_file.h"
#include "output/json_text.h"
#include "state/checkpoint.h"
#include "targets/targets.h"
#include "verdict.h"

/* An object under construction; the first failure (no memory) lasts. */
struct object {
	json_t *json;
	bool failed;
};

static struct object object_new(void)
{
	struct object o = { json_object(), false };

	o.failed = !o.json;
	return o;
}

/* Takes v, which may be NULL where there was no memory for it. */
static void object_set(struct object *o, const char *name, json_t *v)
{
	o->failed |= json_object_set_new(o->json, name, v) != 0;
}

/* The object, whole; NULL: no memory. */
static json_t *object_value(struct object *o)
{
	if (!o->failed)
		return o->json;
	json_decref(o->json);
	return NULL;
}

/* ---- values: a new reference, or NULL without memory ---------------------------------------- */

static json_t *number_value(uint64_t v)
{
	return json_integer((json_int_t)v);
}

static json_t *seconds_value(uint64_t ns)
{
	return json_real((double)(ns / 1000) / 1e6);
}

static json_t *decimal_value(uint64_t v)
{
	char text[21];

	snprintf(text, sizeof(text), "%" PRIu64, v);
	return json_string(text);
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

static json_t *hash_value(uint64_t hash)
{
	uint8_t bytes[8];

	put_be64(bytes, hash);
	return hex_value(bytes, sizeof(bytes));
}

/* Words of the command line may be any bytes. */
static json_t *argv_value(const struct config *c)
{
	json_t *list = json_array();

	for (int i = 0; i < c->argc; i++)
		list = json_list_add(list, json_text(c->argv[i]));
	return list;
}

static void visit_option(void *arg, const char *name, const char *value)
{
	object_set(arg, name, json_text(value));
}

static json_t *configuration_value(const struct config *c)
{
	struct object o = object_new();

	config_visit(c, visit_option, &o);
	return object_value(&o);
}

static json_t *sources_value(const struct run_facts *f)
{
	json_t *list = json_array();
	char text[ADDR_STRLEN];

	for (unsigned int i = 0; i < f->nsources; i++) {
		addr_format(f->sources[i], text);
		list = json_list_add(list, json_string(text));
	}
	return list;
}

static uint64_t start_ns(const struct run_facts *f)
{
	return f->nearlier ? f->earlier[0].start_ns : f->start_wall_ns;
}

static uint64_t part_ns(uint64_t start_ns, uint64_t end_ns)
{
	return end_ns > start_ns ? end_ns - start_ns : 0;
}

static uint64_t duration_ns(const struct run_facts *f)
{
	uint64_t ns = part_ns(f->start_wall_ns, f->end_wall_ns);

	for (size_t i = 0; i < f->nearlier; i++)
		ns += part_ns(f->earlier[i].start_ns, f->earlier[i].end_ns);
	return ns;
}

static uint64_t sending_ns(const struct run_facts *f)
{
	uint64_t ns = f->sending_ns;

	for (size_t i = 0; i < f->nearlier; i++)
		ns += f->earlier[i].sending_ns;
	return ns;
}

static json_t *run_value(uint64_t start_wall_ns, uint64_t end_wall_ns, const char *reason)
{
	struct object o = object_new();

	object_set(&o, "start", time_value(start_wall_ns));
	object_set(&o, "end", time_value(end_wall_ns));
	object_set(&o, "exit_reason", json_string(reason));
	return object_value(&o);
}

static json_t *runs_value(const struct run_facts *f)
{
	json_t *list = json_array();

	for (size_t i = 0; i < f->nearlier; i++)
		list = json_list_add(list, run_value(f->earlier[i].start_ns, f->earlier[i].end_ns,
						     f->earlier[i].reason ? f->earlier[i].reason
						     : "killed"));
	return json_list_add(list, run_value(f->start_wall_ns, f->end_wall_ns,
					     exit_reasons[f->exit_reason].name));
}

static json_t *group_value(const struct stats *s, enum stat_group group)
{
	struct object o = object_new();

	for (unsigned int i = 0; i < STATS; i++)
		if (stat_types[i].group == group)
			object_set(&o, stat_types[i].name, number_value(stat_get(s, i)));
	return object_value(&o);
}

static json_t *counters_value(const struct stats *s)
{
	struct object o = object_new();

	for (unsigned int g = 0; g < STAT_GROUPS; g++)
		object_set(&o, stat_groups[g].name, group_value(s, g));
	return object_value(&o);
}

static json_t *verdicts_value(const struct stats *s)
{
	struct object o = object_new();

	for (unsigned int v = 0; v < VERDICTS; v++)
		object_set(&o, verdict_types[v].name, number_value(stat_get_verdict(s, v)));
	return object_value(&o);
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

static json_t *memory_value(void)
{
	uint64_t bytes = memory_peak_bytes();

	return bytes ? number_value(bytes) : json_null();
}

/* ---- why it ended --------------------------------------------------------------------------- */

static const char exit_reason_doc[] = "why it ended"
#define EXIT_REASON(id, name, status, doc) "; " name ": " doc
#include "state/exit_reason.def"
#undef EXIT_REASON
	;

/* ---- the table ------------------------------------------------------------------------------ */

const struct metadata_key metadata_keys[] = {
#define KEY(name, value, doc) { "", #name, doc },
#define TARGETS_KEY(name, value, doc) { "targets", #name, doc },
#include "records/metadata.def"
};

const size_t metadata_nkeys = sizeof(metadata_keys) / sizeof(metadata_keys[0]);

static json_t *targets_value(const struct targets_counts *t, const struct run_facts *f)
{
	struct object o = object_new();

#define TARGETS_KEY(name, value, doc) object_set(&o, #name, value);
#include "records/metadata.def"
	return object_value(&o);
}

static json_t *metadata_value(const struct config *c, const struct targets_counts *t,
			      const struct stats *s, const struct run_facts *f)
{
	struct object o = object_new();

#define KEY(name, value, doc) object_set(&o, #name, value);
#include "records/metadata.def"
	return object_value(&o);
}

/* ---- the file ------------------------------------------------------------------------------- */

struct metadata_file {
	const char *path;
	struct replace_file *file;	/* NULL: it is no file that can be replaced */
};

static int fails(const char *path, int code, struct err *e)
{
	return err_set(e, code, "cannot write the metadata to '%s': %s; name another file with "
		       "--metadata-file", path, strerror(code));
}

int metadata_open(struct metadata_file **out, const char *path, struct err *e)
{
	struct metadata_file *f = calloc(1, sizeof(*f));
	int err = f ? 0 : -ENOMEM;

	if (f)
		f->path = path;
	if (f && replace_file_fits(path))
		err = replace_file_open(&f->file, path, 0600, true);
	if (!err) {
		*out = f;
		return 0;
	}
	free(f);
	if (err == -EBUSY)
		return err_set(e, EBUSY, "--metadata-file %.200s: " FILE_LOCK_HELD, path);
	return fails(path, -err, e);
}

bool metadata_may_wait(const struct metadata_file *f)
{
	return f && !f->file;
}

/* The object and a line end, on the heap; NULL: no memory. */
static char *metadata_text(const json_t *json, size_t *len)
{
	char *text = json ? json_dumps(json, JSON_INDENT(2) | JSON_REAL_PRECISION(15)) : NULL;
	char *longer;

	if (!text)
		return NULL;
	*len = strlen(text) + 1;
	longer = realloc(text, *len + 1);
	if (!longer) {
		free(text);
		return NULL;
	}
	memcpy(longer + *len - 1, "\n", 2);
	return longer;
}

/* To a pipe, a device, or what a shell has opened: after what is there. */
static int write_stream(const char *path, const char *text, size_t len)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC), err = 0;
	size_t done = 0;

	if (fd < 0)
		return -errno;
	while (done < len && !err) {
		ssize_t n = write(fd, text + done, len - done);

		if (n >= 0)
			done += (size_t)n;
		else if (errno != EINTR)
			err = -errno;
	}
	if (close(fd) && !err)
		err = -errno;
	return err;
}

static int write_text(struct metadata_file *f, const char *text, size_t len, bool running)
{
	int err;

	if (!f->file)
		return running ? 0 : write_stream(f->path, text, len);
	err = replace_file_write(f->file, text, len);
	if (!err && running)
		err = replace_file_reserve(f->file, len + METADATA_GROWTH_LEN);
	return err;
}

int metadata_write(struct metadata_file *f, const struct config *c, const struct targets_counts *t,
		   const struct stats *s, const struct run_facts *facts, struct err *e)
{
	json_t *json = metadata_value(c, t, s, facts);
	size_t len = 0;
	char *text = metadata_text(json, &len);
	int err = text ? write_text(f, text, len, facts->exit_reason == REASON_RUNNING) : -ENOMEM;

	free(text);
	json_decref(json);
	return err ? fails(f->path, -err, e) : 0;
}

void metadata_close(struct metadata_file *f)
{
	if (f)
		replace_file_close(f->file);
	free(f);
}
