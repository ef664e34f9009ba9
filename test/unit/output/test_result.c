#include "unit.h"

#include <string.h>

#include "output/result.h"
#include "output/result_fields.h"
#include "sample.h"
#include "lists/target.h"

/* The fields of that kind of row that are not null, in order. */
static const char *known(const struct result *r, enum config_rows rows)
{
	static char got[2048];

	got[0] = '\0';
	for (size_t i = 0; i < result_nfields; i++) {
		const struct result_field *f = &result_fields[i];

		if (!(f->rows >> rows & 1) || result_is_null(r, f))
			continue;
		if (got[0])
			strcat(got, ",");
		strcat(got, f->name);
	}
	return got;
}

static void flow_row(struct result *r, const struct sample *s, size_t i)
{
	result_from_flow(r, s->ev.ip, s->ev.port, s->ev.source, &s->flows[i], SAMPLE_OFFSET_NS);
}

START_TEST(row_of_a_synack)
{
	struct sample s;
	struct result r;

	sample_init(&s);
	flow_row(&r, &s, 0);
	ck_assert_str_eq(r.probe, "request");
	ck_assert_str_eq(r.reply, "synack");
	ck_assert_uint_eq(r.tfo_synkind.v, 34);
	ck_assert_uint_eq(r.tfo_synclen.v, 0);
	ck_assert_uint_eq(r.tfo_ackkind.v, 34);
	ck_assert_uint_eq(r.tfo_ackclen.v, 8);
	ck_assert_uint_eq(r.tfo_seq.v, 1000);
	ck_assert_uint_eq(r.tfo_ack.v, 1001);
	ck_assert_uint_eq(r.tfo_acked.v, 0);
	ck_assert_uint_eq(r.cookie.n, 8);
	ck_assert_mem_eq(r.cookie.p, SAMPLE_COOKIE, 8);
	ck_assert_uint_eq(r.rtt_ms.v, 12345678);
	ck_assert_uint_eq(r.mss.v, 1460);
	ck_assert_uint_eq(r.wscale.v, 7);
	ck_assert_uint_eq(r.source_port.v, 10001);
	ck_assert_uint_eq(r.time_sent, SAMPLE_OFFSET_NS + 1000001000ull);
	ck_assert_uint_eq(r.time_reply, SAMPLE_OFFSET_NS + 1012346678ull);
	ck_assert_uint_eq(r.tcp_flags.v, 0x12);
	ck_assert_str_eq(known(&r, ROWS_REPLY),
			 "ip,port,probe,attempt,reply,tfo_synkind,tfo_ackkind,tfo_synclen,"
			 "tfo_ackclen,tfo_seq,tfo_dlen,tfo_ack,tfo_acked,cookie,rlen,rtt_ms,ttl,"
			 "window,mss,wscale,tcp_options,tcp_flags,tcp_optionshex,ip_id,df,tos,"
			 "source_ip,source_port,time_sent,time_reply");
}
END_TEST

START_TEST(synack_without_option)
{
	struct sample s;
	struct result r;

	sample_init(&s);
	flow_row(&r, &s, 1);
	ck_assert(r.tfo_ackkind.known && r.tfo_ackkind.v == 0);
	ck_assert(r.tfo_ackclen.known && r.tfo_ackclen.v == 0);
	ck_assert_ptr_null(r.cookie.p);
	ck_assert_uint_eq(r.tfo_ack.v, 5);	/* past 2^32 */
	ck_assert_uint_eq(r.tfo_acked.v, 10);
	ck_assert_uint_eq(r.rlen.v, 240);
	ck_assert_uint_eq(r.attempt.v, 1);

	s.flows[1].reply.opts_len = 0;
	flow_row(&r, &s, 1);
	ck_assert(r.tcp_options && r.tcp_options->n == 0);
	ck_assert(!r.mss.known && !r.wscale.known);
}
END_TEST

/* Three bytes are evidence, but no cookie. */
START_TEST(synack_with_an_odd_cookie)
{
	struct sample s;
	struct result r;

	sample_init(&s);
	sample_reply(&s.flows[0], "\x22\x05\x01\x02\x03", 5, 0);
	flow_row(&r, &s, 0);
	ck_assert_uint_eq(r.tfo_ackkind.v, 34);
	ck_assert_uint_eq(r.tfo_ackclen.v, 3);
	ck_assert_ptr_null(r.cookie.p);
}
END_TEST

START_TEST(row_of_silence)
{
	static const char fields[] = "ip,port,probe,attempt,reply,tfo_synkind,tfo_synclen,tfo_seq,"
				     "tfo_dlen,source_ip,source_port,time_sent";
	struct sample s;
	struct result r;

	sample_init_silent(&s);
	flow_row(&r, &s, 0);
	ck_assert_str_eq(r.reply, "none");
	ck_assert_str_eq(known(&r, ROWS_REPLY), fields);

	s.flows[0].rlen = 7;	/* its SYN/ACK was lost, its data was not */
	flow_row(&r, &s, 0);
	ck_assert(r.rlen.known && r.rlen.v == 7);
}
END_TEST

START_TEST(row_of_a_reset)
{
	struct sample s;
	struct result r;

	sample_init(&s);
	s.flows[1].reply.class = REPLY_RST;
	s.flows[1].reply.flags = TCP_RST | TCP_ACK;
	s.flows[1].reply.opts_len = 0;
	flow_row(&r, &s, 1);
	ck_assert_str_eq(r.reply, "rst");
	ck_assert_uint_eq(r.tfo_ack.v, 5);
	ck_assert_uint_eq(r.tfo_acked.v, 10);
	ck_assert(!r.tfo_ackkind.known && !r.tfo_ackclen.known);
	ck_assert(r.window.known && r.ttl.known && r.tcp_options);
}
END_TEST

START_TEST(row_of_an_icmp_error)
{
	static const char fields[] =
		"ip,port,probe,attempt,reply,tfo_synkind,tfo_synclen,tfo_seq,tfo_dlen,rlen,rtt_ms,"
		"ttl,ip_id,df,tos,icmp_type,icmp_code,icmp_from,quoted_optionshex,source_ip,"
		"source_port,time_sent,time_reply";
	struct sample s;
	struct result r;

	sample_init(&s);
	s.flows[0].reply = (struct reply){
		.class = REPLY_ICMP, .ttl = 250, .tos = 192, .ip_id = 7, .icmp_type = 3,
		.icmp_code = 13, .icmp_from = addr_from_v4(0xc0000263), .time_ns = 2000000000,
		.opts_len = 2, .opts = { 0x22, 0x02 },
	};
	flow_row(&r, &s, 0);
	ck_assert_str_eq(r.reply, "icmp");
	ck_assert_str_eq(known(&r, ROWS_REPLY), fields);
	ck_assert_uint_eq(r.icmp_type.v, 3);
	ck_assert_uint_eq(r.icmp_code.v, 13);
	ck_assert_uint_eq(addr_v4(r.icmp_from), 0xc0000263);
	ck_assert_mem_eq(r.quoted_optionshex.p, "\x22\x02", 2);
}
END_TEST

/* IPv6 has neither identification nor DF. */
START_TEST(row_of_ipv6)
{
	struct sample s;
	struct result r;

	sample_init(&s);
	s.ev.ip = (struct addr){ 0x20010db800000000, 1 };
	flow_row(&r, &s, 0);
	ck_assert(!r.ip_id.known && !r.df.known);
	ck_assert(r.ttl.known && r.tos.known);
}
END_TEST

START_TEST(unknown_times)
{
	struct sample s;
	struct result r;

	sample_init(&s);
	s.flows[0].sent_ns = 0;
	flow_row(&r, &s, 0);
	ck_assert(!r.rtt_ms.known && r.time_sent == 0 && r.time_reply != 0);

	sample_init(&s);
	s.flows[0].reply.time_ns = 0;
	flow_row(&r, &s, 0);
	ck_assert(!r.rtt_ms.known && r.time_sent != 0 && r.time_reply == 0);

	sample_init(&s);
	s.flows[0].reply.time_ns = s.flows[0].sent_ns - 1;
	flow_row(&r, &s, 0);
	ck_assert(r.rtt_ms.known && r.rtt_ms.v == 0);
}
END_TEST

START_TEST(repeats)
{
	struct sample s;
	struct result r;

	sample_init(&s);
	flow_row(&r, &s, 0);
	ck_assert(!r.repeat && !r.late.known);
	result_set_repeat(&r, REPEAT_NONE, false);
	ck_assert(!r.repeat && r.late.known && !r.late.v);
	result_set_repeat(&r, REPEAT_DUPLICATE, true);
	ck_assert_str_eq(r.repeat, "duplicate");
	ck_assert(r.late.known && r.late.v);
	result_set_repeat(&r, REPEAT_RETRANSMISSION, false);
	ck_assert_str_eq(r.repeat, "retransmission");
}
END_TEST

static const struct result_field *target_field(const char *name)
{
	for (size_t i = 0; i < result_nfields; i++)
		if (result_fields[i].rows >> ROWS_TARGET & 1
		    && strcmp(result_fields[i].name, name) == 0)
			return &result_fields[i];
	ck_abort_msg("no field %s", name);
}

START_TEST(row_of_a_target)
{
	struct target_extra extra = { .domain = "www.example.org", .info = "{\"rank\":1}" };
	struct sample s;
	struct result r;

	sample_init(&s);
	result_from_target(&r, &s.ev, &extra, VERDICT_ACCEPTED, SAMPLE_OFFSET_NS);
	ck_assert_str_eq(r.verdict, "accepted");
	ck_assert_str_eq(r.domain, "www.example.org");
	ck_assert_str_eq(r.info, "{\"rank\":1}");
	ck_assert_ptr_eq(r.conditions, &s.ev);
	ck_assert_uint_eq(result_set(&r, target_field("conditions")), verdict_conditions(&s.ev));
	ck_assert_ptr_eq(r.signals, &s.ev);
	ck_assert_uint_eq(result_set(&r, target_field("signals")), verdict_signals(&s.ev));
	ck_assert_uint_eq(r.probes.v, 3);
	ck_assert_uint_eq(r.source_port.v, 20002);	/* `data` decides */
	ck_assert_uint_eq(r.tfo_dlen.v, 10);
	ck_assert_mem_eq(r.cookie.p, SAMPLE_COOKIE, 8);	/* of the request */
	ck_assert(!r.confirmed.known);
	ck_assert_ptr_eq(r.flows, &s.ev);

	extra.domain[0] = extra.info[0] = '\0';
	result_from_target(&r, &s.ev, &extra, VERDICT_ACCEPTED, SAMPLE_OFFSET_NS);
	ck_assert(!r.domain && !r.info);
	result_from_target(&r, &s.ev, NULL, VERDICT_ACCEPTED, SAMPLE_OFFSET_NS);
	ck_assert(!r.domain && !r.info);
}
END_TEST

START_TEST(row_of_a_target_without_flows)
{
	struct evidence ev = { .ip = addr_from_v4(1), .port = 80 };
	struct result r;

	result_from_target(&r, &ev, NULL, VERDICT_OFFLINE, SAMPLE_OFFSET_NS);
	ck_assert_str_eq(r.reply, "none");
	ck_assert_str_eq(known(&r, ROWS_TARGET), "ip,port,verdict,conditions,signals,reply,probes,"
			 "flows");
}
END_TEST

UNIT_SUITE(result)
{
	unit_case(suite, "reply row", row_of_a_synack, synack_without_option,
		  synack_with_an_odd_cookie, row_of_silence, row_of_a_reset, row_of_an_icmp_error,
		  row_of_ipv6, unknown_times, repeats);
	unit_case(suite, "target row", row_of_a_target, row_of_a_target_without_flows);
}
