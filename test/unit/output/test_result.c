#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "output/result.h"
#include "sample.h"

static const char target_fields[] =
	"ip,port,domain,verdict,confirmed,conditions,signals,tfo_synkind,tfo_ackkind,tfo_synclen,"
	"tfo_ackclen,tfo_seq,tfo_dlen,tfo_ack,tfo_acked,cookie,reply,rlen,rtt_ms,ttl,window,mss,"
	"wscale,tcp_options,source_ip,source_port,time_sent,time_reply,probes";

static const char reply_fields[] =
	"ip,port,probe,attempt,reply,repeat,late,tfo_synkind,tfo_ackkind,tfo_synclen,tfo_ackclen,"
	"tfo_seq,tfo_dlen,tfo_ack,tfo_acked,cookie,rlen,rtt_ms,ttl,window,mss,wscale,tcp_options,"
	"tcp_flags,tcp_optionshex,ip_id,df,tos,icmp_type,icmp_code,icmp_from,quoted_optionshex,"
	"source_ip,source_port,time_sent,time_reply";

static void check_selection(const char *list, enum config_rows rows, enum config_format format,
			    const char *want)
{
	struct result_selection sel;
	struct err e = { "" };
	char got[2048] = "";

	ck_assert_int_eq(result_select(&sel, list, rows, format, &e), 0);
	for (size_t i = 0; i < sel.n; i++) {
		const struct result_field *f = &result_fields[sel.v[i]];

		ck_assert(f->rows >> rows & 1);
		if (i)
			strcat(got, ",");
		strcat(got, f->name);
	}
	ck_assert_str_eq(got, want);
	result_selection_free(&sel);
}

START_TEST(selects_all_by_default)
{
	char nested[sizeof(target_fields) + 20];

	snprintf(nested, sizeof(nested), "%s,flows,info", target_fields);
	for (int star = 0; star < 2; star++) {
		const char *list = star ? "*" : NULL;

		check_selection(list, ROWS_TARGET, FORMAT_csv, target_fields);
		check_selection(list, ROWS_TARGET, FORMAT_ndjson, nested);
		check_selection(list, ROWS_REPLY, FORMAT_csv, reply_fields);
		check_selection(list, ROWS_REPLY, FORMAT_ndjson, reply_fields);
	}
}
END_TEST

START_TEST(selects_by_name)
{
	check_selection("verdict,ip", ROWS_TARGET, FORMAT_csv, "verdict,ip");
	check_selection("reply", ROWS_TARGET, FORMAT_csv, "reply");
	check_selection("reply", ROWS_REPLY, FORMAT_csv, "reply");
	check_selection("info,flows", ROWS_TARGET, FORMAT_ndjson, "info,flows");
}
END_TEST

static void check_refused(const char *list, enum config_rows rows, const char *word1,
			  const char *word2)
{
	struct result_selection sel;
	struct err e = { "" };

	ck_assert_int_eq(result_select(&sel, list, rows, FORMAT_csv, &e), -EINVAL);
	ck_assert_msg(strstr(e.msg, word1) && strstr(e.msg, word2), "%s: %s", list, e.msg);
}

START_TEST(refuses_lists)
{
	char longest[200];

	check_refused("ip,prot", ROWS_TARGET, "'prot'", "'port'");
	check_refused("ip, port", ROWS_TARGET, "' port'", "'port'");
	check_refused("xyzzyxyzzy", ROWS_TARGET, "'xyzzyxyzzy'", "--list-output-fields");
	check_refused("ip,tcp_flags", ROWS_TARGET, "'tcp_flags'", "--rows reply");
	check_refused("verdict", ROWS_REPLY, "'verdict'", "--rows target");
	check_refused("flows", ROWS_TARGET, "'flows'", "ndjson");
	check_refused("ip,port,ip", ROWS_TARGET, "'ip'", "twice");
	check_refused("", ROWS_TARGET, "name", "missing");
	check_refused("ip,,port", ROWS_TARGET, "name", "missing");
	check_refused("ip,", ROWS_TARGET, "name", "missing");
	check_refused("ip,*", ROWS_TARGET, "'*'", "no field");
	memset(longest, 'i', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	check_refused(longest, ROWS_TARGET, "'iii", "no field");
}
END_TEST

START_TEST(names_are_unique)
{
	for (size_t i = 0; i < result_nfields; i++) {
		const struct result_field *a = &result_fields[i];

		ck_assert(a->rows && !strpbrk(a->name, ",\"\\ "));
		ck_assert(!strchr(a->doc, '\n'));
		for (size_t k = 0; k < i; k++)
			ck_assert_msg(strcmp(a->name, result_fields[k].name) != 0
				      || !(a->rows & result_fields[k].rows), "%s", a->name);
	}
}
END_TEST

/* How often word stands at the beginning of a line of text. */
static unsigned int lines_with(const char *text, const char *word)
{
	unsigned int n = 0;

	for (const char *p = text; p; p = strchr(p, '\n')) {
		p += *p == '\n';
		n += strncmp(p, word, strlen(word)) == 0;
	}
	return n;
}

START_TEST(lists_every_name_once)
{
	char *list, *roff, word[64];
	size_t list_len, roff_len;
	FILE *a = open_memstream(&list, &list_len), *b = open_memstream(&roff, &roff_len);

	result_list(a);
	result_roff(b);
	fclose(a);
	fclose(b);
	for (size_t i = 0; i < result_nfields; i++) {
		snprintf(word, sizeof(word), "%s ", result_fields[i].name);
		ck_assert_uint_eq(lines_with(list, word), 1);
		snprintf(word, sizeof(word), ".B %s\n", result_fields[i].name);
		ck_assert_uint_eq(lines_with(roff, word), 1);
	}
	ck_assert_ptr_nonnull(strstr(list, "reply              text     target, reply"));
	ck_assert_ptr_nonnull(strstr(list, "(ndjson only)"));
	ck_assert_ptr_nonnull(strstr(roff, ".TP\n.B verdict\n(text; target) what all"));
	free(list);
	free(roff);
}
END_TEST

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

START_TEST(words_of_every_bit)
{
	unsigned int n = 0;

	while (result_word(RESULT_CONDITIONS, n))
		n++;
	ck_assert_uint_eq(n, CONDITIONS);
	for (n = 0; result_word(RESULT_SIGNALS, n); n++)
		ck_assert_str_eq(result_word(RESULT_SIGNALS, n), signal_types[n].name);
	ck_assert_uint_eq(n, SIGNALS);
	ck_assert_ptr_null(result_word(RESULT_NUMBER, 0));
}
END_TEST

UNIT_SUITE(result)
{
	unit_case(suite, "select", selects_all_by_default, selects_by_name, refuses_lists);
	unit_case(suite, "table", names_are_unique, lists_every_name_once, words_of_every_bit);
	unit_case(suite, "reply row", row_of_a_synack, synack_without_option,
		  synack_with_an_odd_cookie, row_of_silence, row_of_a_reset, row_of_an_icmp_error,
		  row_of_ipv6, unknown_times, repeats);
	unit_case(suite, "target row", row_of_a_target, row_of_a_target_without_flows);
}
