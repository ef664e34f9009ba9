#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "evidence.h"
#include "locate.h"
#include "output/out.h"
#include "output/result.h"
#include "output/result_fields.h"
#include "sample.h"
#include "target.h"

static struct sample s;
static struct result r;

static void begin(void)
{
	sample_init(&s);
}

/* The row has these in these fields, as CSV shows them: null is nothing. fields NULL: all. */
static void check(enum config_rows rows, const char *fields, const char *want)
{
	struct result_selection sel;
	struct err e = { "" };
	struct out out;

	ck_assert_msg(result_select(&sel, fields, rows, FORMAT_csv, &e) == 0, "%s", e.msg);
	out_init(&out, FORMAT_csv, &sel);
	ck_assert_int_eq(out_row(&out, &r), 0);
	ck_assert_uint_gt(out.len, 0);
	out.p[out.len - 1] = '\0';
	ck_assert_str_eq(out.p, want);
	out_close(&out);
	result_selection_free(&sel);
}

static void flow_row(size_t i)
{
	result_from_flow(&r, s.ev.ip, s.ev.port, s.ev.source, &s.flows[i], SAMPLE_OFFSET_NS);
}

TEST_AROUND(begin, NULL)

/* The rows of SYN/ACKs with all their fields are those of test_out. */
TEST(synack_without_options)
{
	s.flows[1].reply.opts_len = 0;
	flow_row(1);
	ck_assert(r.tcp_options && r.tcp_options->n == 0);
	check(ROWS_REPLY, "reply,tfo_ackkind,tfo_ackclen,cookie,mss,wscale", "synack,0,0,,,");
}

/* Three bytes are evidence, but no cookie. */
TEST(synack_with_an_odd_cookie)
{
	sample_reply(&s.flows[0], "\x22\x05\x01\x02\x03", 5, 0);
	flow_row(0);
	check(ROWS_REPLY, "tfo_ackkind,tfo_ackclen,cookie", "34,3,");
}

TEST(row_of_silence)
{
	sample_init_silent(&s);
	flow_row(0);
	check(ROWS_REPLY, NULL, "192.0.2.7,443,request,0,none,,,34,,0,,1000,0,,,,,,,,,,,,,,,,,"
	      ",,,192.0.2.1,10001,2023-11-14T22:13:21.000001Z,,,");
	s.flows[0].rlen = 7;	/* its SYN/ACK was lost, its data was not */
	flow_row(0);
	check(ROWS_REPLY, "rlen", "7");
}

TEST(row_of_a_reset)
{
	s.flows[1].reply.class = REPLY_RST;
	s.flows[1].reply.flags = TCP_RST | TCP_ACK;
	s.flows[1].reply.opts_len = 0;
	flow_row(1);
	ck_assert_ptr_nonnull(r.tcp_options);
	check(ROWS_REPLY, "reply,tfo_ackkind,tfo_ackclen,tfo_ack,tfo_acked,ttl,window",
	      "rst,,,5,10,57,65160");
}

TEST(row_of_an_icmp_error)
{
	s.flows[0].reply = (struct reply){
		.class = REPLY_ICMP, .ttl = 250, .tos = 192, .ip_id = 7, .icmp_type = 3,
		.icmp_code = 13, .icmp_from = addr_from_v4(0xc0000263), .time_ns = 2000000000,
		.opts_len = 2, .opts = { 0x22, 0x02 },
	};
	flow_row(0);
	check(ROWS_REPLY, NULL, "192.0.2.7,443,request,0,icmp,,,34,,0,,1000,0,,,,0,999.999,"
	      "250,,,,,,,7,false,192,3,13,192.0.2.99,2202,192.0.2.1,10001,"
	      "2023-11-14T22:13:21.000001Z,2023-11-14T22:13:22.000000Z,,");
}

TEST(row_of_a_hop_probe)
{
	s.flows[0].kind = PROBE_HOP;
	s.flows[0].ttl = 3;
	flow_row(0);
	check(ROWS_REPLY, "probe,probe_ttl,ttl", "hop,3,57");
}

/* IPv6 has neither identification nor DF. */
TEST(row_of_ipv6)
{
	s.ev.ip = (struct addr){ 0x20010db800000000, 1 };
	flow_row(0);
	check(ROWS_REPLY, "ip,ttl,ip_id,df,tos", "2001:db8::1,57,,,0");
}

TEST(unknown_times)
{
	static const char fields[] = "rtt_ms,time_sent,time_reply";

	s.flows[0].sent_ns = 0;
	flow_row(0);
	check(ROWS_REPLY, fields, ",,2023-11-14T22:13:21.012346Z");
	sample_init(&s);
	s.flows[0].reply.time_ns = 0;
	flow_row(0);
	check(ROWS_REPLY, fields, ",2023-11-14T22:13:21.000001Z,");
	sample_init(&s);
	s.flows[0].reply.time_ns = s.flows[0].sent_ns - 1;
	flow_row(0);
	check(ROWS_REPLY, fields, "0.000,2023-11-14T22:13:21.000001Z,"
	      "2023-11-14T22:13:21.000000Z");
}

TEST(repeats)
{
	flow_row(0);
	check(ROWS_REPLY, "repeat,late", ",");
	result_set_repeat(&r, REPEAT_NONE, false);
	check(ROWS_REPLY, "repeat,late", ",false");
	result_set_repeat(&r, REPEAT_DUPLICATE, true);
	check(ROWS_REPLY, "repeat,late", "duplicate,true");
	result_set_repeat(&r, REPEAT_RETRANSMISSION, false);
	check(ROWS_REPLY, "repeat,late", "retransmission,false");
}

/* What `data` brought, and the cookie of the request. */
TEST(row_of_a_target)
{
	static const char fields[] = "domain,verdict,confirmed,probes,source_port,tfo_dlen,cookie";
	struct target_extra extra = { .domain = "www.example.org", .info = "{\"rank\":1}" };

	result_from_target(&r, &s.ev, &extra, VERDICT_ACCEPTED, SAMPLE_OFFSET_NS);
	check(ROWS_TARGET, fields, "www.example.org,accepted,,3,20002,10,3021b9d889017eeb");
	ck_assert_str_eq(r.info, "{\"rank\":1}");
	ck_assert(r.conditions == &s.ev && r.signals == &s.ev && r.flows == &s.ev);
	s.ev.confirmed = CONFIRMED_TRUE;
	extra.domain[0] = extra.info[0] = '\0';
	for (int i = 0; i < 2; i++) {
		result_from_target(&r, &s.ev, i ? NULL : &extra, VERDICT_ACCEPTED,
				   SAMPLE_OFFSET_NS);
		check(ROWS_TARGET, fields, ",accepted,true,3,20002,10,3021b9d889017eeb");
		ck_assert_ptr_null(r.info);
	}
}

/* Of the cookie on the data: this run's, or one of an earlier run, whose file has the time. */
TEST(age_of_a_cookie)
{
	static const char fields[] = "cookie_len,cookie_from,cookie_age_s";
	const struct flow *data = &s.ev.flows[s.ev.nflows - 1];
	uint64_t sent_s = (data->sent_ns + SAMPLE_OFFSET_NS) / 1000000000;
	struct evidence alone = s.ev;

	result_from_target(&r, &s.ev, NULL, VERDICT_ACCEPTED, SAMPLE_OFFSET_NS);
	check(ROWS_TARGET, fields, "8,request,0");
	alone.flows = data;
	alone.nflows = 1;
	result_from_target(&r, &alone, NULL, VERDICT_ACCEPTED, SAMPLE_OFFSET_NS);
	check(ROWS_TARGET, fields, ",file,");
	alone.stored_s = (uint32_t)sent_s - 86400;
	result_from_target(&r, &alone, NULL, VERDICT_ACCEPTED, SAMPLE_OFFSET_NS);
	check(ROWS_TARGET, fields, ",file,86400");
	alone.stored_s = (uint32_t)sent_s + 86400;
	result_from_target(&r, &alone, NULL, VERDICT_ACCEPTED, SAMPLE_OFFSET_NS);
	check(ROWS_TARGET, fields, ",file,0");
}

TEST(row_of_a_target_without_flows)
{
	struct evidence ev = { .ip = addr_from_v4(1), .port = 80 };

	result_from_target(&r, &ev, NULL, VERDICT_OFFLINE, SAMPLE_OFFSET_NS);
	check(ROWS_TARGET, NULL, "0.0.0.1,80,,offline,,,,,,,,,,,,,,,,,,,,,,,,none,,,,,,,,,,,,0,");
}

/* ---- where a fault lies ---------------------------------------------------------------------- */

#define HOPS_MAX 8

static struct addr hop_address(unsigned int ttl)
{
	return addr_add(s.ev.ip, ttl << 8);
}

/* A plain SYN was answered at that hop, and of a feature probe `option` is quoted there. */
static void pass_hop(struct locate *l, uint8_t ttl, enum locate_part option)
{
	for (unsigned int i = 0; i < 2; i++) {
		const struct locate_probe p = { .ttl = ttl, .feature = i };
		const struct locate_answer a = {
			.came = LOCATE_EXCEEDED, .option = i ? (uint8_t)option : LOCATE_UNKNOWN,
			.from = hop_address(ttl), .sent_ns = 1, .rtt_ns = 1,
		};

		locate_send(l, &p);
		locate_take(l, &p, &a);
	}
}

/* The verdict that the row has in the end may be another one than the search began with. */
static const struct {
	enum verdict verdict;
	bool is_placed;
} placed[] = {
	{ VERDICT_REQUEST_BLOCKED, true }, { VERDICT_DATA_BLOCKED, true },
	{ VERDICT_COOKIE_BLOCKED, true }, { VERDICT_SECOND_BLOCKED, true },
	{ VERDICT_ACCEPTANCE_BLOCKED, true }, { VERDICT_OPTION_STRIPPED, true },
	{ VERDICT_ACCEPTED, false }, { VERDICT_NO_COOKIE, false }, { VERDICT_REFUSED, false },
	{ VERDICT_COOKIE_ONLY, false },
};

TEST_EACH(place_beside_a_fault_alone, placed)
{
	struct locate *l = calloc(1, locate_size(HOPS_MAX));
	char low[ADDR_STRLEN], high[ADDR_STRLEN], want[2 * ADDR_STRLEN + 8];

	ck_assert_ptr_nonnull(l);
	locate_init(l, LOCATE_DROP, HOPS_MAX, 60, 0);
	pass_hop(l, 3, LOCATE_WHOLE);
	pass_hop(l, 4, LOCATE_GONE);
	s.ev.locate = l;
	result_from_target(&r, &s.ev, NULL, row->verdict, SAMPLE_OFFSET_NS);
	addr_format(hop_address(3), low);
	addr_format(hop_address(4), high);
	snprintf(want, sizeof(want), "3,4,%s,%s", low, high);
	check(ROWS_TARGET, "hop_low,hop_high,hop_low_ip,hop_high_ip",
	      row->is_placed ? want : ",,,");
	free(l);
}
