#include "state/checkpoint.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "state/exit_reason.h"
#include "digits.h"
#include "err.h"
#include "hex.h"
#include "sender_shard.h"

#define SHOWN	((json_int_t)1 << 53)	/* larger numbers are texts: many readers have doubles */

void checkpoint_free(struct checkpoint *c)
{
	for (unsigned int i = 0; i < CONFIG_THREADS_MAX; i++)
		checkpoint_shard_free(&c->progress.shards[i]);
	json_decref(c->options);
	free(c->parts);
	*c = (struct checkpoint){ .options = NULL };
}

int checkpoint_add_pending(struct checkpoint_shard *s, uint64_t pos)
{
	if (s->n == s->cap) {
		size_t cap = s->cap ? 2 * s->cap : 64;
		uint64_t *v = realloc(s->pending, cap * sizeof(*v));

		if (!v)
			return -ENOMEM;
		s->pending = v;
		s->cap = cap;
	}
	s->pending[s->n++] = pos;
	return 0;
}

/* ---- what is done from the tail on --------------------------------------------------------- */

int checkpoint_add_done(struct checkpoint_shard *s, uint64_t pos)
{
	uint64_t at = pos - s->tail;
	size_t len = at / 8 + 1;

	if (len > s->done_cap) {
		size_t cap = len < 64 ? 64 : 2 * len;
		uint8_t *v = realloc(s->done, cap);

		if (!v)
			return -ENOMEM;
		s->done = v;
		s->done_cap = cap;
	}
	if (len > s->done_len) {
		memset(s->done + s->done_len, 0, len - s->done_len);
		s->done_len = len;
	}
	s->done[at / 8] |= (uint8_t)(1u << at % 8);
	return 0;
}

static void trim_done(struct checkpoint_shard *s)
{
	while (s->done_len && !s->done[s->done_len - 1])
		s->done_len--;
}

bool checkpoint_is_done(const struct checkpoint_shard *s, uint64_t pos)
{
	uint64_t at = pos - s->tail;

	return pos >= s->tail && at / 8 < s->done_len && s->done[at / 8] >> at % 8 & 1;
}

void checkpoint_drop_done(struct checkpoint_shard *s, uint64_t pos)
{
	uint64_t at = pos - s->tail;

	if (!checkpoint_is_done(s, pos))
		return;
	s->done[at / 8] &= (uint8_t) ~(1u << at % 8);
	trim_done(s);
}

uint64_t checkpoint_done_end(const struct checkpoint_shard *s)
{
	uint64_t end = s->tail + 8 * (uint64_t)s->done_len;

	while (end > s->tail && !checkpoint_is_done(s, end - 1))
		end--;
	return end;
}

void checkpoint_shard_clear(struct checkpoint_shard *s, uint64_t tail)
{
	s->tail = tail;
	s->n = s->done_len = 0;
}

void checkpoint_shard_free(struct checkpoint_shard *s)
{
	free(s->pending);
	free(s->done);
	*s = (struct checkpoint_shard){ .tail = 0 };
}

int checkpoint_add_part(struct checkpoint *c, const struct checkpoint_part *part)
{
	struct checkpoint_part *v = realloc(c->parts, (c->nparts + 1) * sizeof(*v));

	if (!v)
		return -ENOMEM;
	c->parts = v;
	c->parts[c->nparts++] = *part;
	return 0;
}

/* ---- writing ------------------------------------------------------------------------------- */

static json_t *number(uint64_t v)
{
	char text[21];

	if (v <= (uint64_t)SHOWN)
		return json_integer((json_int_t)v);
	snprintf(text, sizeof(text), "%" PRIu64, v);
	return json_string(text);
}

/* NULL: no memory. */
static json_t *hex_text(const uint8_t *bytes, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	char *text = malloc(2 * n + 1);
	json_t *value;

	for (size_t i = 0; i < n && text; i++) {
		text[2 * i] = digits[bytes[i] >> 4];
		text[2 * i + 1] = digits[bytes[i] & 15];
	}
	value = text ? json_stringn_nocheck(text, 2 * n) : NULL;
	free(text);
	return value;
}

static json_t *shard_value(const struct checkpoint_shard *s)
{
	json_t *pending = json_array();

	for (size_t i = 0; i < s->n; i++)
		json_array_append_new(pending, number(s->pending[i]));
	return json_pack("{s:o, s:o, s:o}", "tail", number(s->tail), "pending", pending,
			 "done", hex_text(s->done, s->done_len));
}

static json_t *shards_value(const struct checkpoint *c)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < c->nshards; i++)
		if (json_array_append_new(list, shard_value(&c->progress.shards[i]))) {
			json_decref(list);
			return NULL;
		}
	return list;
}

static json_t *counters_value(const struct checkpoint_progress *p)
{
	json_t *all = json_object();

	for (unsigned int i = 0; i < STATS; i++)
		json_object_set_new(all, stat_types[i].name, number(p->counters[i]));
	return all;
}

static json_t *verdicts_value(const struct checkpoint_progress *p)
{
	json_t *all = json_object();

	for (unsigned int i = 0; i < VERDICTS; i++)
		json_object_set_new(all, verdict_types[i].name, number(p->verdicts[i]));
	return all;
}

static json_t *parts_value(const struct checkpoint *c)
{
	json_t *list = json_array();

	for (size_t i = 0; i < c->nparts; i++) {
		const struct checkpoint_part *part = &c->parts[i];

		json_array_append_new(list, json_pack("{s:o, s:o, s:o, s:s?}", "start_ns",
						      number(part->start_ns), "end_ns",
						      number(part->end_ns), "sending_ns",
						      number(part->sending_ns), "exit_reason",
						      part->reason));
	}
	return list;
}

char *checkpoint_write(const struct checkpoint *c, size_t *len)
{
	json_t *all = json_pack(
		"{s:s, s:b, s:O, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
		"tfomap", PACKAGE_VERSION, "complete", c->complete, "options", c->options,
		"seed", number(c->seed), "key", hex_text(c->key, 16), "positions",
		number(c->positions), "targets_hash", number(c->targets_hash), "blocklist_hash",
		number(c->blocklist_hash), "cookies_length", number(c->cookies_len), "shards",
		shards_value(c), "rows_from", number(c->progress.rows_from), "rows_length",
		number(c->progress.rows_len), "rows_hash", number(c->progress.rows_hash),
		"counters", counters_value(&c->progress), "verdicts",
		verdicts_value(&c->progress), "runs", parts_value(c));
	char *text = all ? json_dumps(all, JSON_COMPACT) : NULL;

	json_decref(all);
	*len = text ? strlen(text) : 0;
	return text;
}

/* ---- reading ------------------------------------------------------------------------------- */

/* What is wrong first; the values read after that are 0. */
struct reader {
	const char *wrong;		/* the key; NULL: nothing so far */
};

static json_t *get(struct reader *r, const json_t *object, const char *name)
{
	json_t *value = json_object_get(object, name);

	if (!value && !r->wrong)
		r->wrong = name;
	return value;
}

static const json_t *get_list(struct reader *r, const json_t *object, const char *name)
{
	const json_t *value = get(r, object, name);

	if (!json_is_array(value) && !r->wrong)
		r->wrong = name;
	return value;
}

static uint64_t to_number(struct reader *r, const json_t *value, const char *name)
{
	const char *text = json_string_value(value);
	uint64_t v = 0;

	if (json_is_integer(value) && json_integer_value(value) >= 0)
		return (uint64_t)json_integer_value(value);
	if (!text || !is_digit(*text) || !digits_read(&text, &v) || *text) {
		r->wrong = r->wrong ? r->wrong : name;
		v = 0;
	}
	return v;
}

static uint64_t get_number(struct reader *r, const json_t *object, const char *name)
{
	return to_number(r, get(r, object, name), name);
}

static bool get_flag(struct reader *r, const json_t *object, const char *name)
{
	const json_t *value = get(r, object, name);

	if (!json_is_boolean(value) && !r->wrong)
		r->wrong = name;
	return json_is_true(value);
}

static void read_key(struct reader *r, const json_t *all, uint8_t key[static 16])
{
	const char *text = json_string_value(get(r, all, "key"));

	if ((!text || !hex_read(text, '\0', key, 16)) && !r->wrong)
		r->wrong = "key";
}

static int read_done(struct reader *r, const json_t *value, struct checkpoint_shard *s)
{
	const json_t *text = get(r, value, "done");
	size_t len = json_string_length(text) / 2;

	s->done = len ? malloc(len) : NULL;
	if (len && !s->done)
		return -ENOMEM;
	s->done_len = s->done_cap = len;
	if (!json_is_string(text) || !hex_read(json_string_value(text), '\0', s->done, len)) {
		r->wrong = r->wrong ? r->wrong : "done";
		s->done_len = 0;
	}
	trim_done(s);
	return 0;
}

static int read_shard(struct reader *r, const json_t *value, struct checkpoint_shard *s)
{
	const json_t *pending = get_list(r, value, "pending");
	int rc = 0;

	s->tail = get_number(r, value, "tail");
	for (size_t i = 0; i < json_array_size(pending) && !rc; i++)
		rc = checkpoint_add_pending(s, to_number(r, json_array_get(pending, i),
							 "pending"));
	return rc ? rc : read_done(r, value, s);
}

static int read_shards(struct reader *r, const json_t *all, struct checkpoint *c)
{
	const json_t *list = get_list(r, all, "shards");
	size_t n = json_array_size(list);
	int rc = 0;

	if ((n < 1 || n > CONFIG_THREADS_MAX) && !r->wrong)
		r->wrong = "shards";
	for (c->nshards = 0; c->nshards < n && !r->wrong && !rc; c->nshards++)
		rc = read_shard(r, json_array_get(list, c->nshards),
				&c->progress.shards[c->nshards]);
	return rc;
}

static const char *known_reason(const char *text)
{
	for (unsigned int i = REASON_RUNNING + 1; text && i < REASONS; i++)
		if (strcmp(text, exit_reasons[i].name) == 0)
			return exit_reasons[i].name;
	return NULL;
}

static int read_parts(struct reader *r, const json_t *all, struct checkpoint *c)
{
	const json_t *list = get_list(r, all, "runs");
	int rc = 0;

	for (size_t i = 0; i < json_array_size(list) && !rc; i++) {
		const json_t *value = json_array_get(list, i);
		const struct checkpoint_part part = {
			.start_ns = get_number(r, value, "start_ns"),
			.end_ns = get_number(r, value, "end_ns"),
			.sending_ns = get_number(r, value, "sending_ns"),
			.reason = known_reason(json_string_value(json_object_get(value,
										 "exit_reason"))),
		};

		rc = checkpoint_add_part(c, &part);
	}
	return rc;
}

static void read_counters(struct reader *r, const json_t *all, struct checkpoint_progress *p)
{
	const json_t *counters = get(r, all, "counters"), *verdicts = get(r, all, "verdicts");

	for (unsigned int i = 0; i < STATS; i++)
		p->counters[i] = get_number(r, counters, stat_types[i].name);
	for (unsigned int i = 0; i < VERDICTS; i++)
		p->verdicts[i] = get_number(r, verdicts, verdict_types[i].name);
}

/* What of it cannot be, whatever wrote it. */
static const char *contradiction(const struct checkpoint *c)
{
	if (c->progress.rows_from > c->progress.rows_len)
		return "rows_from";
	for (unsigned int i = 0; i < c->nshards; i++) {
		const struct checkpoint_shard *s = &c->progress.shards[i];

		if (s->tail > sender_positions(c->positions, i, c->nshards))
			return "tail";
		if (checkpoint_done_end(s) > sender_positions(c->positions, i, c->nshards))
			return "done";
		for (size_t k = 0; k < s->n; k++)
			if (s->pending[k] >= s->tail)
				return "pending";
	}
	return NULL;
}

static int read_all(struct reader *r, const json_t *all, struct checkpoint *c)
{
	int rc;

	c->complete = get_flag(r, all, "complete");
	c->seed = get_number(r, all, "seed");
	read_key(r, all, c->key);
	c->positions = get_number(r, all, "positions");
	c->targets_hash = get_number(r, all, "targets_hash");
	c->blocklist_hash = get_number(r, all, "blocklist_hash");
	c->cookies_len = get_number(r, all, "cookies_length");
	c->progress.rows_from = get_number(r, all, "rows_from");
	c->progress.rows_len = get_number(r, all, "rows_length");
	c->progress.rows_hash = get_number(r, all, "rows_hash");
	c->options = json_incref(get(r, all, "options"));
	if (!json_is_object(c->options) && !r->wrong)
		r->wrong = "options";
	read_counters(r, all, &c->progress);
	rc = read_shards(r, all, c);
	if (!rc)
		rc = read_parts(r, all, c);
	if (!r->wrong)
		r->wrong = contradiction(c);
	return rc;
}

int checkpoint_read(struct checkpoint *c, const char *text, size_t len, struct err *e)
{
	struct reader r = { .wrong = NULL };
	json_error_t why;
	json_t *all = json_loadb(text, len, 0, &why);
	const char *version = json_string_value(json_object_get(all, "tfomap"));
	int rc;

	*c = (struct checkpoint){ .options = NULL };
	if (!version)
		rc = err_set(e, EINVAL, "it is no checkpoint");
	else if (strcmp(version, PACKAGE_VERSION) != 0)
		rc = err_set(e, EINVAL, "it is of tfomap %.32s, this is %s; go on with that one",
			     version, PACKAGE_VERSION);
	else if (read_all(&r, all, c))
		rc = err_set(e, ENOMEM, "out of memory for it");
	else if (r.wrong)
		rc = err_set(e, EINVAL, "\"%s\" is missing or cannot be", r.wrong);
	else
		rc = 0;
	json_decref(all);
	return rc;
}
