#include "unit.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "csv_reader.h"
#include "err.h"
#include "output/out.h"
#include "output/result.h"
#include "sample.h"
#include "target.h"

/* A selection and an output over it. */
struct rig {
	struct result_selection fields;
	struct out out;
	struct sample sample;
	struct target_extra extra;
	struct result row;
};

static void rig_open(struct rig *g, const char *list, enum config_rows rows,
		     enum config_format format)
{
	struct err e = { "" };

	ck_assert_msg(result_select(&g->fields, list, rows, format, &e) == 0, "%s", e.msg);
	out_init(&g->out, format, &g->fields);
	sample_init(&g->sample);
	memset(&g->extra, 0, sizeof(g->extra));
}

static void rig_close(struct rig *g)
{
	out_close(&g->out);
	result_selection_free(&g->fields);
}

static void rig_target(struct rig *g)
{
	result_from_target(&g->row, &g->sample.ev, &g->extra, VERDICT_ACCEPTED, SAMPLE_OFFSET_NS);
	ck_assert_int_eq(out_row(&g->out, &g->row), 0);
}

static void rig_reply(struct rig *g, size_t flow)
{
	result_from_flow(&g->row, g->sample.ev.ip, g->sample.ev.port, g->sample.ev.source,
			 &g->sample.flows[flow], SAMPLE_OFFSET_NS);
	result_set_repeat(&g->row, REPEAT_NONE, false);
	ck_assert_int_eq(out_row(&g->out, &g->row), 0);
}

static void check_bytes(const struct rig *g, const char *want)
{
	ck_assert_uint_eq(g->out.len, strlen(want));
	ck_assert_mem_eq(g->out.p, want, g->out.len);
}

TEST(csv_target_row)
{
	struct rig g;

	rig_open(&g, NULL, ROWS_TARGET, FORMAT_csv);
	ck_assert_int_eq(out_header(&g.out), 0);
	ck_assert(strncmp(g.out.p, "ip,port,domain,verdict,confirmed,", 33) == 0);
	ck_assert_int_eq(g.out.p[g.out.len - 1], '\n');
	g.out.len = 0;
	strcpy(g.extra.domain, "www.example.org");
	rig_target(&g);
	check_bytes(&g, "192.0.2.7,443,www.example.org,accepted,,"
		    "tfo.connectivity.works;tfo.cookie.received;tfo.syndata.acked;"
		    "tfo.cookie.acked,reply-before-ack,34,0,8,0,4294967290,10,5,10,"
		    "3021b9d889017eeb,8,request,0,1,,,,,,,,synack,240,12.346,57,65160,1460,7,"
		    "2-4-1-3,"
		    "192.0.2.1,20002,2023-11-14T22:13:21.500000Z,2023-11-14T22:13:21.512345Z,3,\n");
	rig_close(&g);
}

TEST(csv_reply_rows)
{
	struct rig g;

	rig_open(&g, NULL, ROWS_REPLY, FORMAT_csv);
	rig_reply(&g, 0);
	check_bytes(&g, "192.0.2.7,443,request,0,synack,,false,34,34,0,8,1000,0,1001,0,"
		    "3021b9d889017eeb,0,12.346,57,65160,1460,7,2-4-34-1-3,18,"
		    "020405b40402220a3021b9d889017eeb01030307,0,true,0,,,,,192.0.2.1,10001,"
		    "2023-11-14T22:13:21.000001Z,2023-11-14T22:13:21.012346Z,,\n");
	g.out.len = 0;
	g.sample.flows[1].reply = (struct reply){
		.class = REPLY_ICMP, .ttl = 9, .icmp_type = 1, .icmp_code = 4,
		.time_ns = 1999999999, .icmp_from = { 0x20010db800000000, 0xff }, .opts_len = 2,
		.opts = { 0x22, 0xab },
	};
	rig_reply(&g, 1);
	check_bytes(&g, "192.0.2.7,443,data,1,icmp,,false,34,,8,,4294967290,10,,,,240,500.000,9,,,"
		    ",,,,,,0,1,4,2001:db8::ff,22ab,192.0.2.1,20002,"
		    "2023-11-14T22:13:21.500000Z,2023-11-14T22:13:21.999999Z,,\n");
	rig_close(&g);
}

/* A domain of n bytes that a generator draws, with a liking for what CSV and JSON trip over. */
static void draw_domain(char *domain, uint32_t *state)
{
	static const char pool[] = "\",\r\n\\\x01\x1f\x7f;{}[]'\t ab\xc3\xa9\xff\xed\xf4";
	size_t n;

	*state = *state * 1664525 + 1013904223;
	n = *state >> 24;
	if (n >= TARGETS_DOMAIN_LEN)
		n = TARGETS_DOMAIN_LEN - 1;
	for (size_t i = 0; i < n; i++) {
		*state = *state * 1664525 + 1013904223;
		domain[i] = pool[(*state >> 16) % (sizeof(pool) - 1)];
	}
	domain[n] = '\0';
}

TEST(csv_columns_are_even)
{
	static struct csv_record record;
	uint32_t state = 1;
	struct rig g;
	const char *p;

	rig_open(&g, NULL, ROWS_TARGET, FORMAT_csv);
	out_header(&g.out);
	for (int i = 0; i < 500; i++) {
		draw_domain(g.extra.domain, &state);
		rig_target(&g);
	}
	p = g.out.p;
	state = 1;
	ck_assert_uint_eq(csv_read(&record, &p, g.out.p + g.out.len), g.fields.n);
	for (int i = 0; i < 500; i++) {
		char domain[TARGETS_DOMAIN_LEN];
		const uint8_t *d = (const uint8_t *)domain;

		draw_domain(domain, &state);
		ck_assert_uint_eq(csv_read(&record, &p, g.out.p + g.out.len), g.fields.n);
		ck_assert_str_eq(record.field[0], "192.0.2.7");
		ck_assert_str_eq(record.field[g.fields.n - 2], "3");
		while (*d && *d < 0x80)
			d++;
		if (!*d)	/* ASCII comes back as it was */
			ck_assert_str_eq(record.field[2], domain);
	}
	ck_assert_ptr_eq(p, g.out.p + g.out.len);
	rig_close(&g);
}

static const char *plain(struct rig *g, const char *list, enum config_format format)
{
	static char text[4096];

	rig_open(g, list, ROWS_TARGET, format);
	ck_assert_int_eq(out_row(&g->out, &g->row), 0);
	memcpy(text, g->out.p, g->out.len);
	text[g->out.len] = '\0';
	rig_close(g);
	return text;
}

TEST(extreme_values)
{
	struct rig g;
	struct result *r = &g.row;

	memset(r, 0, sizeof(*r));
	r->tfo_seq = (struct result_number){ UINT32_MAX, true };
	r->rtt_ms = (struct result_number){ 499, true };
	r->time_sent = 1;
	r->confirmed = (struct result_number){ 1, true };
	r->ip = (struct addr){ UINT64_MAX, UINT64_MAX };
	ck_assert_str_eq(plain(&g, "tfo_seq,rtt_ms,time_sent,confirmed,ip", FORMAT_csv),
			 "4294967295,0.000,1970-01-01T00:00:00.000000Z,true,"
			 "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff\n");
	r->rtt_ms.v = 3600000000500ull;
	ck_assert_str_eq(plain(&g, "rtt_ms", FORMAT_csv), "3600000.001\n");
	r->rtt_ms.v = 999999500;
	ck_assert_str_eq(plain(&g, "rtt_ms", FORMAT_csv), "1000.000\n");
	r->rtt_ms.v = 100000;	/* no double is 0.1 */
	ck_assert_str_eq(plain(&g, "rtt_ms", FORMAT_ndjson), "{\"rtt_ms\":0.1}\n");
	r->rtt_ms.v = 123456789012000ull;
	ck_assert_str_eq(plain(&g, "rtt_ms", FORMAT_ndjson), "{\"rtt_ms\":123456789.012}\n");
	r->tfo_seq.known = false;
	ck_assert_str_eq(plain(&g, "tfo_seq,confirmed,info", FORMAT_ndjson),
			 "{\"tfo_seq\":null,\"confirmed\":true,\"info\":null}\n");
}

/* Both times of a row, back and forth over the end of a second. */
TEST(times_across_seconds)
{
	struct rig g;
	struct result *r = &g.row;

	memset(r, 0, sizeof(*r));
	r->time_sent = SAMPLE_OFFSET_NS + 39999999999;
	r->time_reply = SAMPLE_OFFSET_NS + 40000000999;
	rig_open(&g, "time_sent,time_reply", ROWS_TARGET, FORMAT_csv);
	out_row(&g.out, r);
	out_row(&g.out, r);
	check_bytes(&g, "2023-11-14T22:13:59.999999Z,2023-11-14T22:14:00.000000Z\n"
		    "2023-11-14T22:13:59.999999Z,2023-11-14T22:14:00.000000Z\n");
	rig_close(&g);
}

/* The one line in the output, parsed. */
static json_t *parsed(const struct rig *g)
{
	json_error_t why;
	json_t *v;

	ck_assert_uint_gt(g->out.len, 0);
	ck_assert_ptr_eq(memchr(g->out.p, '\n', g->out.len), g->out.p + g->out.len - 1);
	v = json_loadb(g->out.p, g->out.len, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &why);
	ck_assert_msg(v != NULL, "%s: %.*s", why.text, (int)g->out.len, g->out.p);
	return v;
}

static json_int_t integer(const json_t *object, const char *name)
{
	const json_t *v = json_object_get(object, name);

	ck_assert_msg(json_is_integer(v), "%s", name);
	return json_integer_value(v);
}

static const char *string(const json_t *object, const char *name)
{
	const json_t *v = json_object_get(object, name);

	ck_assert_msg(json_is_string(v), "%s", name);
	return json_string_value(v);
}

TEST(ndjson_order)
{
	struct rig g;
	json_t *row;
	const char *name;
	json_t *value;
	size_t i = 0;

	rig_open(&g, "*", ROWS_TARGET, FORMAT_ndjson);
	ck_assert_int_eq(out_header(&g.out), 0);
	ck_assert_uint_eq(g.out.len, 0);
	rig_target(&g);
	row = parsed(&g);
	ck_assert_uint_eq(json_object_size(row), g.fields.n);
	json_object_foreach(row, name, value)
		ck_assert_str_eq(name, out_field(&g.out, i++)->name);
	json_decref(row);
	rig_close(&g);
}

TEST(ndjson_target_row)
{
	struct rig g;
	json_t *row, *list;

	rig_open(&g, "*", ROWS_TARGET, FORMAT_ndjson);
	rig_target(&g);
	row = parsed(&g);
	ck_assert_str_eq(string(row, "ip"), "192.0.2.7");
	ck_assert_int_eq(integer(row, "port"), 443);
	ck_assert_str_eq(string(row, "verdict"), "accepted");
	ck_assert(json_is_null(json_object_get(row, "confirmed")));
	ck_assert(json_is_null(json_object_get(row, "domain")));
	ck_assert(json_is_null(json_object_get(row, "info")));
	ck_assert_int_eq(integer(row, "tfo_seq"), 4294967290);
	ck_assert_int_eq(integer(row, "tfo_acked"), 10);
	ck_assert_str_eq(string(row, "cookie"), "3021b9d889017eeb");
	ck_assert_str_eq(string(row, "tcp_options"), "2-4-1-3");
	ck_assert_str_eq(string(row, "time_sent"), "2023-11-14T22:13:21.500000Z");
	ck_assert(json_real_value(json_object_get(row, "rtt_ms")) == 12.346);
	list = json_object_get(row, "conditions");
	ck_assert_uint_eq(json_array_size(list), 4);
	ck_assert_str_eq(json_string_value(json_array_get(list, 0)), "tfo.connectivity.works");
	list = json_object_get(row, "signals");
	ck_assert_uint_eq(json_array_size(list), 1);
	ck_assert_str_eq(json_string_value(json_array_get(list, 0)), "reply-before-ack");
	json_decref(row);
	g.out.len = 0;
	g.sample.flows[1].rlen = 0;
	rig_target(&g);
	row = parsed(&g);
	list = json_object_get(row, "signals");
	ck_assert(json_is_array(list) && json_array_size(list) == 0);
	json_decref(row);
	rig_close(&g);
}

TEST(ndjson_flows)
{
	struct rig g;
	json_t *row, *flows, *first, *second;
	size_t nreply = 0;

	for (size_t i = 0; i < result_nfields; i++)
		nreply += result_fields[i].rows >> ROWS_REPLY & 1;
	rig_open(&g, "flows", ROWS_TARGET, FORMAT_ndjson);
	memset(&g.sample.flows[1].reply, 0, sizeof(g.sample.flows[1].reply));
	rig_target(&g);
	row = parsed(&g);
	flows = json_object_get(row, "flows");
	ck_assert_uint_eq(json_array_size(flows), 2);
	first = json_array_get(flows, 0);
	second = json_array_get(flows, 1);
	ck_assert_uint_eq(json_object_size(first), nreply);
	ck_assert_uint_eq(json_object_size(second), nreply);
	ck_assert_str_eq(string(first, "probe"), "request");
	ck_assert_str_eq(string(first, "reply"), "synack");
	ck_assert_str_eq(string(first, "cookie"), "3021b9d889017eeb");
	ck_assert_str_eq(string(first, "time_reply"), "2023-11-14T22:13:21.012346Z");
	ck_assert(json_is_null(json_object_get(first, "late")));
	ck_assert(json_is_true(json_object_get(first, "df")));
	ck_assert_str_eq(string(second, "probe"), "data");
	ck_assert_str_eq(string(second, "reply"), "none");
	ck_assert_int_eq(integer(second, "tfo_dlen"), 10);
	ck_assert(json_is_null(json_object_get(second, "tfo_ack")));
	json_decref(row);
	rig_close(&g);
}

TEST(ndjson_every_line_parses)
{
	uint32_t state = 7;
	struct rig g;

	rig_open(&g, "domain,ip", ROWS_TARGET, FORMAT_ndjson);
	for (int i = 0; i < 500; i++) {
		json_t *row;

		g.out.len = 0;
		draw_domain(g.extra.domain, &state);
		rig_target(&g);
		row = parsed(&g);
		ck_assert_str_eq(string(row, "ip"), "192.0.2.7");
		json_decref(row);
	}
	rig_close(&g);
}

/* What targets files say of a target, of these fields in that format. */
static const struct {
	enum config_format format;
	const char *fields, *domain, *info, *want;
} texts[] = {
	{ FORMAT_csv, "domain,port", "plain", "", "plain,443\n" },
	{ FORMAT_csv, "domain,port", "a,b", "", "\"a,b\",443\n" },
	{ FORMAT_csv, "domain,port", "\"", "", "\"\"\"\",443\n" },
	{ FORMAT_csv, "domain,port", "say \"hi\"!", "", "\"say \"\"hi\"\"!\",443\n" },
	{ FORMAT_csv, "domain,port", "a\nb", "", "\"a\nb\",443\n" },
	{ FORMAT_csv, "domain,port", "a\rb", "", "\"a\rb\",443\n" },
	{ FORMAT_csv, "domain,port", ",", "", "\",\",443\n" },
	{ FORMAT_csv, "domain,port", "\xff", "", "\xef\xbf\xbd,443\n" },
	{ FORMAT_csv, "domain,port", "\xc3\"\xa9,\xc3\xa9", "",
	  "\"\xef\xbf\xbd\"\"\xef\xbf\xbd,\xc3\xa9\",443\n" },
	/* One empty field alone would be a blank line, which readers pass over. */
	{ FORMAT_csv, "domain", "", "", "\"\"\n" },
	{ FORMAT_csv, "domain,confirmed", "", "", ",\n" },
	{ FORMAT_ndjson, "domain,ip", "a\"b\\c\n\xff", "",
	  "{\"domain\":\"a\\\"b\\\\c\\n\xef\xbf\xbd\",\"ip\":\"192.0.2.7\"}\n" },
	/* Info is as it was given, where it is an object, */
	{ FORMAT_ndjson, "info", "",
	  "{\"rank\":12,\"tags\":[\"a\",null,true],\"name\":\"\xc3\xa9\"}",
	  "{\"info\":{\"rank\":12,\"tags\":[\"a\",null,true],\"name\":\"\xc3\xa9\"}}\n" },
	{ FORMAT_ndjson, "info", "", "{\"share\":0.12345678901234568,\"big\":9223372036854775807}",
	  "{\"info\":{\"share\":0.12345678901234568,\"big\":9223372036854775807}}\n" },
	{ FORMAT_ndjson, "info", "", "{}", "{\"info\":{}}\n" },
	{ FORMAT_ndjson, "info", "", "{", "{\"info\":null}\n" },
	{ FORMAT_ndjson, "info", "", "[1]", "{\"info\":null}\n" },
	{ FORMAT_ndjson, "info", "", "7", "{\"info\":null}\n" },
	{ FORMAT_ndjson, "info", "", "{\"a\":1}x", "{\"info\":null}\n" },
	{ FORMAT_ndjson, "info", "", "{\"a\":\"\xff\"}", "{\"info\":null}\n" },
	{ FORMAT_ndjson, "info", "", " ", "{\"info\":null}\n" },
	/* but what acts on a terminal is escaped: U+009B, U+202E, U+2028. */
	{ FORMAT_ndjson, "info", "", "{\"k\xc2\x9b\":\"\xc3\xa9\xe2\x80\xae\xe2\x80\xa8\"}",
	  "{\"info\":{\"k\\u009b\":\"\xc3\xa9\\u202e\\u2028\"}}\n" },
	{ FORMAT_ndjson, "info", "", "{\"a\":\"x\\u0000y\"}",
	  "{\"info\":{\"a\":\"x\\u0000y\"}}\n" },
};

TEST_EACH(texts_of_a_target, texts)
{
	struct rig g;

	rig_open(&g, row->fields, ROWS_TARGET, row->format);
	strcpy(g.extra.domain, row->domain);
	strcpy(g.extra.info, row->info);
	rig_target(&g);
	check_bytes(&g, row->want);
	rig_close(&g);
}

/* The format never changes which rows come, nor what they say. */
TEST(formats_agree)
{
	static struct csv_record record;
	struct rig csv, ndjson;
	const char *p;
	json_t *row;

	rig_open(&csv, NULL, ROWS_REPLY, FORMAT_csv);
	rig_open(&ndjson, NULL, ROWS_REPLY, FORMAT_ndjson);
	rig_reply(&csv, 0);
	rig_reply(&ndjson, 0);
	p = csv.out.p;
	ck_assert_uint_eq(csv_read(&record, &p, csv.out.p + csv.out.len), csv.fields.n);
	row = parsed(&ndjson);
	for (size_t i = 0; i < csv.fields.n; i++) {
		const json_t *v = json_object_get(row, out_field(&csv.out, i)->name);
		char text[64] = "";

		if (json_is_integer(v))
			snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(v));
		else if (json_is_real(v))
			snprintf(text, sizeof(text), "%.3f", json_real_value(v));
		else if (json_is_boolean(v))
			strcpy(text, json_is_true(v) ? "true" : "false");
		else if (json_is_string(v))
			strcpy(text, json_string_value(v));
		else
			ck_assert(json_is_null(v));
		ck_assert_str_eq(record.field[i], text);
	}
	json_decref(row);
	rig_close(&csv);
	rig_close(&ndjson);
}
