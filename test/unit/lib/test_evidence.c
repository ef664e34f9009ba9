#include "evidence.h"

#include "evidence_rig.h"
#include "unit.h"

#define GIVES(cookie)	"220a" cookie

static struct rig_target t;

/* The option area is copied: what is behind the packet may change. */
TEST(reply_copies_a_segment)
{
	static const struct reply want = {
		.class = REPLY_SYNACK, .flags = TCP_SYN | TCP_ACK | TCP_ECE, .ttl = 57, .tos = 2,
		.df = true, .opts_len = 6, .opts_cut = true, .ip_id = 0x1234, .window = 4000,
		.payload_len = 7, .seq = 99, .ack = 11, .acked = 10, .time_ns = 42,
		.tfo = { TFO_EMPTY, TFO_KIND, 0, 6 }, .opts = { 2, 4, 5, 0xb4, 34, 2 },
	};
	uint8_t opts[] = { 2, 4, 5, 0xb4, 34, 2 };
	struct packet p = {
		.tcp = { .flags = TCP_SYN | TCP_ACK | TCP_ECE, .ack = 11, .seq = 99,
			 .window = 4000, .opts = opts, .opts_len = sizeof(opts),
			 .opts_cut = true, .payload_len = 7 },
		.ttl = 57, .tos = 2, .ip_id = 0x1234, .df = true,
	};
	static struct reply r;

	evidence_reply(&r, &p, 10, 42);
	opts[0] = 0xff;
	ck_assert_mem_eq(&r, &want, sizeof(r));
	p.tcp.flags = TCP_RST | TCP_ACK;
	evidence_reply(&r, &p, 0, 1);
	ck_assert_uint_eq(r.class, REPLY_RST);
}

/* The quoted TCP header is our own: only its options are kept, beside what the error says. */
TEST(reply_copies_an_icmp_error)
{
	static const struct reply want = {
		.class = REPLY_ICMP, .ttl = 250, .tos = 0xc0, .icmp_type = 3, .icmp_code = 13,
		.icmp_from = { 0, ADDR_V4_PREFIX | 0xc6120001 }, .time_ns = 9, .opts_len = 2,
		.tfo = { TFO_EMPTY, TFO_KIND, 0, 2 }, .opts = { 34, 2 },
	};
	struct packet p = {
		.tcp = { .flags = TCP_SYN, .window = 64240, .ack = 5, .opts = want.opts,
			 .opts_len = 2 },
		.is_icmp = true, .icmp_type = 3, .icmp_code = 13, .ttl = 250, .tos = 0xc0,
		.icmp_from = addr_from_v4(0xc6120001),
	};
	static struct reply r;

	evidence_reply(&r, &p, 0, 9);
	ck_assert_mem_eq(&r, &want, sizeof(r));
}

TEST(class_names)
{
	ck_assert_str_eq(reply_class_names[REPLY_NONE], "none");
	ck_assert_str_eq(reply_class_names[REPLY_SYNACK], "synack");
	ck_assert_str_eq(reply_class_names[REPLY_RST], "rst");
	ck_assert_str_eq(reply_class_names[REPLY_ICMP], "icmp");
}

TEST(options_of_the_answer_only)
{
	struct flow f = { .synkind = TFO_KIND };
	struct tcpopts o;

	flow_synack(&f, "020405b4" GIVES(TARGET_COOKIE), 0);
	evidence_options(&f, &o);
	ck_assert(o.has_mss);
	ck_assert_uint_eq(o.mss, 1460);
	ck_assert_uint_eq(o.tfo.state, TFO_COOKIE);
	f.reply.class = REPLY_ICMP;	/* these are the quoted SYN's */
	evidence_options(&f, &o);
	ck_assert_uint_eq(o.n, 0);
	ck_assert_uint_eq(o.tfo.state, TFO_ABSENT);
	ck_assert(!o.has_mss);
	f.reply.class = REPLY_NONE;
	evidence_options(&f, &o);
	ck_assert_uint_eq(o.n, 0);
}

static const struct {
	const char *opts;
	uint8_t state, kind, len, at;
	bool bad;
} places[] = {
	{ "", TFO_ABSENT, 0, 0, 0, false },
	{ "020405b40101", TFO_ABSENT, 0, 0, 0, false },
	{ "020405b42206a1a2a3a4", TFO_COOKIE, TFO_KIND, 4, 6, false },
	{ "0101fe08f989a1a2a3a40101", TFO_COOKIE, TFO_KIND_EXP, 4, 6, false },
	{ "2206b1b2b3b42206a1a2a3a4", TFO_COOKIE, TFO_KIND, 4, 8, false },	/* the last */
	{ "2202", TFO_EMPTY, TFO_KIND, 0, 2, false },
	{ "0101220aa1a2", TFO_CUT, TFO_KIND, 2, 4, true },
};

TEST_EACH(place_of_the_option, places)
{
	static const uint8_t cookie[] = { 0xa1, 0xa2, 0xa3, 0xa4 };
	uint8_t area[TCPOPT_AREA_MAX] = { 0 };
	size_t len = wire_hex(row->opts, area);
	struct reply r = { .class = REPLY_SYNACK };

	evidence_reply_options(&r, area, len);
	ck_assert_uint_eq(r.opts_len, len);
	ck_assert_mem_eq(r.opts, area, len);
	ck_assert_uint_eq(r.opts_bad, row->bad);
	ck_assert_uint_eq(r.tfo.state, row->state);
	ck_assert_uint_eq(r.tfo.kind, row->kind);
	ck_assert_uint_eq(r.tfo.len, row->len);
	ck_assert_uint_eq(r.tfo.at, row->at);
	ck_assert(memcmp(reply_cookie(&r), cookie, r.tfo.len) == 0);
}

static bool is_stripped(enum reply_class class, uint8_t synkind, const char *opts, bool cut)
{
	struct flow sent = { .synkind = synkind }, answered = sent;

	flow_answer(&answered, class, opts);
	answered.reply.opts_cut = cut;
	return evidence_stripped(&sent, &answered.reply);
}

TEST(what_an_icmp_quote_lacks)
{
	ck_assert(is_stripped(REPLY_ICMP, TFO_KIND, TARGET_MSS "01010101", false));
	ck_assert(is_stripped(REPLY_ICMP, TFO_KIND_EXP, "", false));
	ck_assert(!is_stripped(REPLY_ICMP, TFO_KIND, TARGET_MSS "2202" "0101", false));
	/* It may be in what is not quoted, or behind an option of length 0. */
	ck_assert(!is_stripped(REPLY_ICMP, TFO_KIND, TARGET_MSS, true));
	ck_assert(!is_stripped(REPLY_ICMP, TFO_KIND, TARGET_MSS "0800", false));
	/* There was none to strip; and a server's own options are no quote. */
	ck_assert(!is_stripped(REPLY_ICMP, 0, TARGET_MSS, false));
	ck_assert(!is_stripped(REPLY_SYNACK, TFO_KIND, TARGET_MSS, false));
	ck_assert(!is_stripped(REPLY_RST, TFO_KIND, "", false));
	ck_assert(!is_stripped(REPLY_NONE, TFO_KIND, "", false));
}

TEST(flow_is_the_newest_of_its_kind)
{
	target_init(&t);
	ck_assert_ptr_null(evidence_flow(&t.ev, PROBE_REQUEST));
	target_send(&t, PROBE_REQUEST);
	target_send(&t, PROBE_DATA);
	target_send(&t, PROBE_DATA);
	ck_assert_ptr_eq(evidence_flow(&t.ev, PROBE_REQUEST), &t.flows[0]);
	ck_assert_ptr_eq(evidence_flow(&t.ev, PROBE_DATA), &t.flows[2]);
	ck_assert_ptr_null(evidence_flow(&t.ev, PROBE_SYN));
}

TEST(deciding_is_data_where_a_synack_answered)
{
	target_init(&t);
	ck_assert_ptr_null(evidence_deciding(&t.ev));
	flow_synack(target_send(&t, PROBE_REQUEST), GIVES(TARGET_COOKIE), 0);
	flow_synack(target_send(&t, PROBE_DATA), "", TARGET_DLEN);
	ck_assert_ptr_eq(evidence_deciding(&t.ev), &t.flows[1]);
	flow_synack(target_send(&t, PROBE_DATA), "", 0);
	ck_assert_ptr_eq(evidence_deciding(&t.ev), &t.flows[2]);
}

/* Of several requests it is the one whose cookie went out: by its bytes, and by its kind. */
TEST(deciding_is_the_request_whose_cookie_was_used)
{
	struct flow *data;

	target_init(&t);
	flow_synack(target_send(&t, PROBE_SYN), "", 0);
	flow_synack(target_send(&t, PROBE_REQUEST), GIVES(TARGET_OTHER), 0);
	flow_synack(target_send(&t, PROBE_REQUEST_EXP), "fe0cf989" TARGET_COOKIE, 0);
	ck_assert_ptr_eq(evidence_deciding(&t.ev), &t.flows[1]);
	data = target_send(&t, PROBE_DATA);
	data->synkind = TFO_KIND_EXP;
	ck_assert_ptr_eq(evidence_deciding(&t.ev), &t.flows[2]);
	flow_answer(data, REPLY_RST, "");
	ck_assert_ptr_eq(evidence_deciding(&t.ev), &t.flows[2]);
	data->synkind = TFO_KIND;	/* the same bytes in a kind that nobody gave */
	ck_assert_ptr_eq(evidence_deciding(&t.ev), &t.flows[1]);
	/* Only `data` counts: `bare` carried the other one's. */
	target_send_cookie(&t, PROBE_BARE, TARGET_COOKIE)->synkind = TFO_KIND_EXP;
	t.flows[3].synlen = (uint8_t)wire_hex(TARGET_OTHER, t.flows[3].syncookie);
	ck_assert_ptr_eq(evidence_deciding(&t.ev), &t.flows[1]);
	wire_hex(TARGET_COOKIE, data->syncookie);
	data->synlen = 6;
	data->synkind = TFO_KIND_EXP;
	ck_assert_ptr_eq(evidence_deciding(&t.ev), &t.flows[1]);
}

/* The second `data` carries what the first one's answer gave: its request is the first one's. */
TEST(deciding_looks_past_a_second_data)
{
	target_init(&t);
	flow_synack(target_send(&t, PROBE_REQUEST_EXP), "fe0cf989" TARGET_OTHER, 0);
	flow_synack(target_send(&t, PROBE_REQUEST), GIVES(TARGET_COOKIE), 0);
	flow_synack(target_send(&t, PROBE_DATA), GIVES("0102030405060708"), 0);
	target_send_cookie(&t, PROBE_DATA, "0102030405060708");
	ck_assert_ptr_eq(evidence_deciding(&t.ev), &t.flows[1]);
}

TEST(deciding_is_the_first_answered_then_the_first_sent)
{
	target_init(&t);
	target_send(&t, PROBE_SYN);
	target_send(&t, PROBE_REQUEST);
	ck_assert_ptr_eq(evidence_deciding(&t.ev), &t.flows[0]);
	flow_answer(&t.flows[1], REPLY_ICMP, "");
	ck_assert_ptr_eq(evidence_deciding(&t.ev), &t.flows[1]);
	flow_synack(target_send(&t, PROBE_REQUEST_EXP), "fe04f989", 0);
	ck_assert_ptr_eq(evidence_deciding(&t.ev), &t.flows[1]);
}

TEST(cookie_is_the_newest_usable)
{
	target_init(&t);
	flow_synack(target_send(&t, PROBE_REQUEST), "2202", 0);
	flow_synack(target_send(&t, PROBE_REQUEST_EXP), "2205112233", 0);
	ck_assert_ptr_null(evidence_cookie(&t.ev));
	flow_synack(&t.flows[0], "fd0cf989" TARGET_COOKIE, 0);	/* in a kind that is not sent */
	ck_assert_ptr_null(evidence_cookie(&t.ev));
	flow_synack(target_send(&t, PROBE_REQUEST), "fe0cf989" TARGET_OTHER, 0);
	ck_assert_ptr_eq(evidence_cookie(&t.ev), &t.flows[2]);
	flow_synack(target_send(&t, PROBE_DATA), "2206abcd1234", 0);
	flow_synack(target_send(&t, PROBE_BARE), "", 0);
	ck_assert_ptr_eq(evidence_cookie(&t.ev), &t.flows[3]);
	ck_assert_uint_eq(t.flows[3].reply.tfo.kind, TFO_KIND);
	ck_assert_uint_eq(t.flows[3].reply.tfo.len, 4);
	ck_assert_mem_eq(reply_cookie(&t.flows[3].reply), "\xab\xcd\x12\x34", 4);
	/* An answer that came before the others, though its probe was sent last. */
	flow_synack(target_send(&t, PROBE_BARE), GIVES(TARGET_OTHER), 0);
	t.flows[5].reply.time_ns = 1;
	ck_assert_ptr_eq(evidence_cookie(&t.ev), &t.flows[3]);
	/* With no time known, sending decides. */
	t.flows[5].reply.time_ns = 0;
	ck_assert_ptr_eq(evidence_cookie(&t.ev), &t.flows[5]);
}

TEST(cookie_comes_in_a_synack_alone)
{
	target_init(&t);
	flow_answer(target_send(&t, PROBE_REQUEST), REPLY_RST, GIVES(TARGET_COOKIE));
	flow_answer(target_send(&t, PROBE_DATA), REPLY_ICMP, GIVES(TARGET_COOKIE));
	ck_assert_ptr_null(evidence_cookie(&t.ev));
}

/* The newest answer before it that had these bytes in this kind; none: it was there before. */
TEST(cookie_that_is_carried)
{
	struct flow *f;

	target_init(&t);
	flow_synack(target_send(&t, PROBE_REQUEST), GIVES(TARGET_COOKIE), 0);
	f = target_send_cookie(&t, PROBE_DATA, TARGET_COOKIE);
	ck_assert_ptr_eq(evidence_giver(&t.ev, f), &t.flows[0]);
	flow_synack(f, GIVES(TARGET_OTHER), 0);
	f = target_send_cookie(&t, PROBE_DATA, TARGET_OTHER);
	ck_assert_ptr_eq(evidence_giver(&t.ev, f), &t.flows[1]);
	f->synkind = TFO_KIND_EXP;
	ck_assert_ptr_null(evidence_giver(&t.ev, f));
	/* What comes after it gave it none. */
	f = target_send_cookie(&t, PROBE_DATA, TARGET_COOKIE);
	flow_synack(target_send(&t, PROBE_RECHECK), GIVES(TARGET_COOKIE), 0);
	t.flows[0].reply.class = REPLY_NONE;
	ck_assert_ptr_null(evidence_giver(&t.ev, f));
	ck_assert_ptr_null(evidence_giver(&t.ev, &t.flows[0]));
}

TEST(probes_are_syns)
{
	target_init(&t);
	ck_assert_uint_eq(evidence_probes(&t.ev), 0);
	target_send(&t, PROBE_REQUEST)->sent = 3;
	target_send(&t, PROBE_DATA)->sent = 255;
	ck_assert_uint_eq(evidence_probes(&t.ev), 258);
	t.ev.sent_hops = 40;
	ck_assert_uint_eq(evidence_probes(&t.ev), 298);
}

TEST(probe_table)
{
	ck_assert_int_eq(PROBE_KINDS, 11);
	ck_assert_str_eq(probe_types[PROBE_SYN].name, "syn");
	ck_assert_str_eq(probe_types[PROBE_RECHECK].name, "recheck");
	ck_assert_int_eq(probe_types[PROBE_REQUEST].option, PROBE_OPTION_REQUEST);
	ck_assert_int_eq(probe_types[PROBE_REQUEST_EXP].option, PROBE_OPTION_REQUEST_EXP);
	ck_assert_int_eq(probe_types[PROBE_BARE].option, PROBE_OPTION_CACHED);
	ck_assert(!probe_types[PROBE_BARE].payload);
	ck_assert(probe_types[PROBE_DATA].payload);
	for (int k = 0; k < PROBE_KINDS; k++)
		ck_assert_uint_gt(strlen(probe_types[k].doc), 0);
}
