/* ndjson: one object a line, the fields in their order, null where there is nothing. */
#include "output/out.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "locate.h"
#include "output/json_text.h"
#include "output/result.h"
#include "utf8.h"

static json_t *words_value(enum result_type type, uint32_t set)
{
	json_t *list = json_array();
	const char *word;

	for (unsigned int bit = 0; (word = result_word(type, bit)); bit++)
		if (set >> bit & 1)
			list = json_list_add(list, json_string(word));
	return list;
}

/* What is no JSON object after all is shown as null: every line must parse. */
static json_t *info_value(const char *text)
{
	json_t *v = json_loads(text, JSON_ALLOW_NUL, NULL);

	if (json_is_object(v))
		return v;
	json_decref(v);
	return json_null();
}

static json_t *ms_value(uint64_t ns)
{
	return json_real((double)((ns + 500) / 1000) / 1000);
}

static json_t *plain_value(struct out *o, const struct result *r, const struct result_field *f)
{
	const struct result_number *number = result_member(r, f);
	char text[OUT_PLAIN_MAX];

	if (f->type == RESULT_NUMBER)
		return json_integer((json_int_t)number->v);
	if (f->type == RESULT_BOOL)
		return json_boolean(number->v);
	if (f->type == RESULT_MS)
		return ms_value(number->v);
	return json_stringn_nocheck(text, out_plain(o, r, f, text));
}

static json_t *value_of(struct out *o, const struct result *r, const struct result_field *f);

static json_t *flow_value(struct out *o, const struct result *r, const struct flow *flow)
{
	const struct evidence *ev = r->flows;
	json_t *object = json_object();
	struct result row;

	result_from_flow(&row, ev->ip, ev->port, evidence_source(ev, flow), flow,
			 r->wall_offset_ns);
	row.label = r->label;
	for (size_t i = 0; i < result_nfields; i++) {
		const struct result_field *f = &result_fields[i];

		if (f->rows >> ROWS_REPLY & 1
		    && json_object_set_new_nocheck(object, f->name, value_of(o, &row, f))) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}

static json_t *flows_value(struct out *o, const struct result *r)
{
	json_t *list = json_array();

	for (unsigned int i = 0; i < r->flows->nflows; i++)
		list = json_list_add(list, flow_value(o, r, &r->flows->flows[i]));
	return list;
}

static json_t *hop_value(const struct locate_hop *hop, unsigned int ttl)
{
	static const char *const parts[] = {
		[LOCATE_UNKNOWN] = NULL, [LOCATE_WHOLE] = "whole", [LOCATE_GONE] = "gone",
		[LOCATE_CHANGED] = "changed",
	};
	char ip[ADDR_STRLEN];

	addr_format(hop->ip, ip);
	return json_pack("{s:i, s:s, s:o, s:s?, s:s?}", "ttl", (int)ttl, "ip", ip,
			 "rtt_ms", ms_value(hop->rtt_ns), "option", parts[hop->option],
			 "data", parts[hop->data]);
}

static json_t *path_value(const struct locate *l)
{
	json_t *list = json_array();

	for (unsigned int ttl = 1; ttl <= l->max; ttl++)
		if (l->hop[ttl].rtt_ns)
			list = json_list_add(list, hop_value(&l->hop[ttl], ttl));
	return list;
}

/* A new reference; NULL: no memory. */
static json_t *value_of(struct out *o, const struct result *r, const struct result_field *f)
{
	const void *m = result_member(r, f);

	if (result_is_null(r, f))
		return json_null();
	if (result_types[f->type].plain)
		return plain_value(o, r, f);
	if (f->type == RESULT_TEXT)
		return json_text(*(const char *const *)m);
	if (f->type == RESULT_FLOWS)
		return flows_value(o, r);
	if (f->type == RESULT_PATH)
		return path_value(r->path);
	if (f->type == RESULT_JSON)
		return info_value(*(const char *const *)m);
	return words_value(f->type, result_set(r, f));
}

/*
 * Strings of a list's `info` stay what they are, but what acts unseen in them is escaped. Only
 * strings have such characters, and a piece that jansson hands over has whole ones.
 */
static int dump_to_out(const char *p, size_t n, void *out)
{
	struct out *o = out;
	size_t done = 0, len;
	char escape[8];

	for (size_t i = 0; i < n; i += len) {
		/* All that act are below U+10000: two or three bytes, and one escape. */
		if (utf8_next((const uint8_t *)p + i, n - i, &len) != UTF8_ACTING)
			continue;
		out_put(o, p + done, i - done);
		snprintf(escape, sizeof(escape), "\\u%04x",
			 (unsigned int)utf8_code((const uint8_t *)p + i, len));
		out_put(o, escape, 6);
		done = i + len;
	}
	out_put(o, p + done, n - done);
	return o->err ? -1 : 0;
}

/*
 * Values are dumped one by one, as times in ms read best with 15 digits, which their three
 * decimals never need more of, and the list's own numbers in `info` need 17 to stay what they are.
 */
static void dump_value(struct out *o, const struct result *r, const struct result_field *f)
{
	size_t flags = JSON_COMPACT | JSON_ENCODE_ANY
		| JSON_REAL_PRECISION(f->type == RESULT_JSON ? 17 : 15);
	json_t *v = value_of(o, r, f);

	if (!v || json_dump_callback(v, dump_to_out, o, flags))
		o->err = -ENOMEM;
	json_decref(v);
}

static void ndjson_row(struct out *o, const struct result *r)
{
	for (size_t i = 0; i < o->fields->n; i++) {
		const struct result_field *f = out_field(o, i);

		out_put(o, i ? ",\"" : "{\"", 2);
		out_put(o, f->name, strlen(f->name));
		out_put(o, "\":", 2);
		dump_value(o, r, f);
	}
	out_put(o, "}\n", 2);
}

const struct out_ops out_ndjson_ops = { .row = ndjson_row };
