#include "verdict.h"

#include "evidence_rig.h"
#include "unit.h"

#define BIT(id)		(1u << SIGNAL_##id)
#define LONG_COOKIE	"000102030405060708090a0b0c0d0e0f"

static struct rig_target t;

/*
 * One probe and its SYN/ACK: the vectors of a single reply. kind and cookie as sent ("" with a
 * kind: a request), dlen, the answer's TFO option, acked; signals that it shows.
 */
static const struct {
	const char *what;
	enum probe_kind probe;
	uint8_t synkind;
	const char *syncookie;
	uint16_t dlen;
	const char *opts;
	uint32_t acked;
	uint32_t set;
} vectors[] = {
	{ "cookie received", PROBE_REQUEST, 34, "", 0, "220a3021b9d889017eeb", 0, 0 },
	{ "not offered", PROBE_REQUEST, 34, "", 0, "", 0, 0 },
	{ "experimental", PROBE_REQUEST_EXP, 254, "", 10, "fe0cf9893021b9d889017eeb", 0, 0 },
	{ "accepted", PROBE_DATA, 34, TARGET_COOKIE, 10, "", 10, 0 },
	{ "accepted, 254", PROBE_DATA, 254, TARGET_COOKIE, 10, "", 10, 0 },
	{ "rejected, fresh", PROBE_DATA, 34, TARGET_OTHER, 10, "220a3021b9d889017eeb", 0,
	  BIT(COOKIE_REFUSED) },
	{ "not acked", PROBE_DATA, 34, TARGET_COOKIE, 10, "", 0, 0 },
	{ "an ordinary stack", PROBE_BLIND, 0, "", 40, "", 0, 0 },
	{ "unsolicited, acked", PROBE_BLIND, 0, "", 1000, "2206abcd1234", 1000,
	  BIT(UNSOLICITED) },
	{ "partial", PROBE_DATA, 34, "abcd1234", 1420, "", 100, 0 },
	{ "updated", PROBE_DATA, 34, "abcd1234", 1000, "220a1234abcd5678dcba", 1000,
	  BIT(COOKIE_UPDATED) },
	{ "switched", PROBE_DATA, 254, "1234abcd", 1000, "2206abcd5678", 1000,
	  BIT(COOKIE_UPDATED) | BIT(KIND_SWITCH) },
	{ "too short to use", PROBE_DATA, 34, "00000000", 1000, "22041122", 1000, 0 },
	{ "too long", PROBE_DATA, 34, LONG_COOKIE, 1000, "2214" LONG_COOKIE "1011", 1000, 0 },
	{ "odd length", PROBE_DATA, 34, LONG_COOKIE, 1000, "2205112233", 1000, 0 },
	{ "all-zero cookie", PROBE_REQUEST, 34, "", 0, "220600000000", 0, 0 },
	{ "empty comes back", PROBE_REQUEST, 34, "", 0, "2202", 0, BIT(ECHO) },
	{ "empty comes back, 254", PROBE_REQUEST_EXP, 254, "", 0, "fe04f989", 0, BIT(ECHO) },
	{ "empty in the other kind", PROBE_REQUEST_EXP, 254, "", 0, "2202", 0,
	  BIT(KIND_SWITCH) },
	{ "echo", PROBE_FORGED, 34, TARGET_OTHER, 10, "220a" TARGET_OTHER, 0, BIT(ECHO) },
	{ "echo, acked", PROBE_DATA, 34, TARGET_OTHER, 10, "220a" TARGET_OTHER, 10, BIT(ECHO) },
	{ "a part is no echo", PROBE_DATA, 34, TARGET_OTHER, 10, "2206aabbccdd", 0,
	  BIT(COOKIE_REFUSED) },
	{ "unsolicited", PROBE_SYN, 0, "", 0, "2208010203040506", 0, BIT(UNSOLICITED) },
	{ "unsolicited at last", PROBE_RECHECK, 0, "", 0, "2202", 0, BIT(UNSOLICITED) },
	{ "length 0", PROBE_REQUEST, 34, "", 0, "020405b42200", 0, BIT(MALFORMED) },
	{ "length 1", PROBE_REQUEST, 34, "", 0, "020405b40801", 0, BIT(MALFORMED) },
	{ "cut short", PROBE_REQUEST, 34, "", 0, "220a1122", 0, BIT(MALFORMED) },
	{ "two options", PROBE_DATA, 34, "abcd1234", 10, "2206112233442206abcd1234", 0,
	  BIT(ECHO) },
};

TEST_EACH(single_replies, vectors)
{
	struct flow *f;

	target_init(&t);
	f = target_send(&t, row->probe);
	f->synkind = row->synkind;
	f->synlen = (uint8_t)wire_hex(row->syncookie, f->syncookie);
	f->dlen = row->dlen;
	flow_synack(f, row->opts, row->acked);
	ck_assert_msg(verdict_signals(&t.ev) == row->set, "%s: %#x, not %#x",
		      row->what, verdict_signals(&t.ev), row->set);
}

TEST(of_the_segment)
{
	struct flow *f;

	target_init(&t);
	f = target_send(&t, PROBE_DATA);
	flow_synack(f, "", TARGET_DLEN);
	ck_assert_uint_eq(verdict_signals(&t.ev), 0);
	f->reply.window = 0;
	ck_assert_uint_eq(verdict_signals(&t.ev), BIT(SYN_PROXY));
	f->reply.window = 1;
	f->reply.payload_len = 1400;
	ck_assert_uint_eq(verdict_signals(&t.ev), BIT(SYNACK_DATA));
	f->rlen = 1400;
	ck_assert_uint_eq(verdict_signals(&t.ev), BIT(SYNACK_DATA) | BIT(REPLY_BEFORE_ACK));
	f->reply.payload_len = 0;
	f->reply.opts_cut = true;
	ck_assert_uint_eq(verdict_signals(&t.ev), BIT(REPLY_BEFORE_ACK) | BIT(MALFORMED));
}

/* A RST has a window of 0 and may carry anything: only its options can be malformed. */
TEST(of_a_reset)
{
	struct flow *f;

	target_init(&t);
	f = target_send(&t, PROBE_REQUEST);
	flow_answer(f, REPLY_RST, "2202");
	f->reply.window = 0;
	f->reply.payload_len = 20;
	ck_assert_uint_eq(verdict_signals(&t.ev), 0);
	flow_answer(f, REPLY_RST, "2201");
	ck_assert_uint_eq(verdict_signals(&t.ev), BIT(MALFORMED));
}

TEST(cookies_rotate_at_the_third)
{
	target_init(&t);
	flow_synack(target_send(&t, PROBE_REQUEST), "220a" TARGET_COOKIE, 0);
	flow_synack(target_send(&t, PROBE_DATA), "2206aaaaaaaa", 0);
	flow_synack(target_send_cookie(&t, PROBE_DATA, "aaaaaaaa"), "2206bbbbbbbb", 0);
	ck_assert_uint_eq(verdict_signals(&t.ev), BIT(COOKIE_ROTATES));
	/* An echo is none of its own; the same bytes in another kind are the same cookie. */
	flow_synack(&t.flows[2], "2206aaaaaaaa", 0);
	ck_assert_uint_eq(verdict_signals(&t.ev), BIT(ECHO));
	flow_synack(&t.flows[2], "fe0cf989" TARGET_COOKIE, 0);
	ck_assert_uint_eq(verdict_signals(&t.ev), BIT(KIND_SWITCH));
	/* What is no cookie does not count. */
	flow_synack(&t.flows[2], "2205bbbbbb", 0);
	ck_assert_uint_eq(verdict_signals(&t.ev), 0);
	/* Unlike in length alone. */
	flow_synack(&t.flows[2], "2208aaaaaaaa0000", 0);
	ck_assert_uint_eq(verdict_signals(&t.ev), BIT(COOKIE_ROTATES));
}

TEST(kind34_is_blocked)
{
	target_init(&t);
	target_send(&t, PROBE_REQUEST);
	ck_assert_uint_eq(verdict_signals(&t.ev), 0);
	flow_synack(target_send(&t, PROBE_REQUEST_EXP), "", 0);
	ck_assert_uint_eq(verdict_signals(&t.ev), BIT(KIND34_BLOCKED));
	flow_answer(&t.flows[0], REPLY_RST, "");
	ck_assert_uint_eq(verdict_signals(&t.ev), BIT(KIND34_BLOCKED));
	flow_synack(&t.flows[0], "", 0);
	ck_assert_uint_eq(verdict_signals(&t.ev), 0);
	/* Late only; but then request-exp has to be in time. */
	t.flows[0].reply.time_ns = t.flows[0].sent_ns + EVIDENCE_LATE_NS;
	ck_assert_uint_eq(verdict_signals(&t.ev), BIT(KIND34_BLOCKED));
	t.flows[1].reply.time_ns = t.flows[1].sent_ns + EVIDENCE_LATE_NS;
	ck_assert_uint_eq(verdict_signals(&t.ev), 0);
}

/* A cookie that an earlier run was given; not one that this run was. */
TEST(stored_cookie_is_refused)
{
	target_init(&t);
	flow_synack(target_send(&t, PROBE_DATA), "220a" TARGET_OTHER, 0);
	ck_assert_uint_eq(verdict_signals(&t.ev), BIT(COOKIE_REFUSED));
	flow_synack(&t.flows[0], "220a" TARGET_OTHER, TARGET_DLEN);
	ck_assert_uint_eq(verdict_signals(&t.ev), BIT(COOKIE_UPDATED));
	flow_synack(&t.flows[0], "", 0);
	ck_assert_uint_eq(verdict_signals(&t.ev), 0);
	target_init(&t);
	flow_synack(target_send(&t, PROBE_REQUEST), "220a" TARGET_COOKIE, 0);
	flow_synack(target_send(&t, PROBE_DATA), "220a" TARGET_OTHER, 0);
	ck_assert_uint_eq(verdict_signals(&t.ev), 0);
}

TEST(cookie_in_the_experimental_kind_only)
{
	target_init(&t);
	flow_synack(target_send(&t, PROBE_REQUEST), "", 0);
	flow_synack(target_send(&t, PROBE_REQUEST_EXP), "fe0cf989" TARGET_COOKIE, 0);
	ck_assert_uint_eq(verdict_signals(&t.ev), BIT(EXPERIMENTAL_ONLY));
	flow_synack(&t.flows[0], "220a" TARGET_COOKIE, 0);
	ck_assert_uint_eq(verdict_signals(&t.ev), 0);
	t.flows[0].reply.class = REPLY_NONE;
	ck_assert_uint_eq(verdict_signals(&t.ev), BIT(KIND34_BLOCKED));
	flow_synack(&t.flows[0], "", 0);
	flow_synack(&t.flows[1], "fe05f98911", 0);
	ck_assert_uint_eq(verdict_signals(&t.ev), 0);
	/* A survey sees it where kind 34 is answered in kind 254. */
	t.ev.nflows = 1;
	flow_synack(&t.flows[0], "fe0cf989" TARGET_COOKIE, 0);
	ck_assert_uint_eq(verdict_signals(&t.ev), BIT(EXPERIMENTAL_ONLY) | BIT(KIND_SWITCH));
}

#define PLAIN_OPTS	"020405b4" "0101" "0402" "080a0000000000000000" "01" "030307"

static uint32_t signals_with(const char *opts, uint8_t ttl, uint16_t window)
{
	target_init(&t);
	flow_synack(target_send(&t, PROBE_SYN), PLAIN_OPTS, 0);
	flow_synack(target_send(&t, PROBE_REQUEST), opts, 0);
	t.flows[1].reply.ttl = ttl;
	t.flows[1].reply.window = window;
	return verdict_signals(&t.ev);
}

TEST(fingerprint_changes)
{
	uint32_t changed = BIT(FINGERPRINT_CHANGED);

	ck_assert_uint_eq(signals_with(PLAIN_OPTS, 64, 65160), 0);
	/* TFO in either kind, NOP and EOL are left out. */
	ck_assert_uint_eq(signals_with("020405b40402080a0000000000000000030307" "2206abcd1234"
				       "00", 64, 65160), 0);
	ck_assert_uint_eq(signals_with("020405b40402080a0000000000000000030307" "fe08f989abcd1234",
				       64, 65160) & changed, 0);
	ck_assert_uint_eq(signals_with(PLAIN_OPTS, 63, 65160), changed);
	ck_assert_uint_eq(signals_with(PLAIN_OPTS, 64, 65161), changed);
	/* MSS; wscale; the order; one less; one more */
	ck_assert_uint_eq(signals_with("020405b30402080a0000000000000000030307", 64, 65160),
			  changed);
	ck_assert_uint_eq(signals_with("020405b40402080a0000000000000000030308", 64, 65160),
			  changed);
	ck_assert_uint_eq(signals_with("020405b4080a00000000000000000402030307", 64, 65160),
			  changed);
	ck_assert_uint_eq(signals_with("020405b40402080a0000000000000000", 64, 65160), changed);
	ck_assert_uint_eq(signals_with("020405b40402080a00000000000000000303071302", 64, 65160),
			  changed);
}

TEST(fingerprint_needs_both_answers)
{
	signals_with(PLAIN_OPTS, 63, 65160);
	t.flows[1].reply.class = REPLY_RST;
	ck_assert_uint_eq(verdict_signals(&t.ev), 0);
	signals_with(PLAIN_OPTS, 63, 65160);
	t.flows[0].reply.class = REPLY_RST;
	ck_assert_uint_eq(verdict_signals(&t.ev), 0);
	/* An answer to another SYN without the option is no TFO probe's. */
	signals_with(PLAIN_OPTS, 63, 65160);
	t.flows[1].kind = PROBE_RECHECK;
	t.flows[1].synkind = 0;
	ck_assert_uint_eq(verdict_signals(&t.ev), 0);
}

TEST(proxy_takes_two_signals)
{
	uint32_t changed = BIT(FINGERPRINT_CHANGED);

	ck_assert_uint_eq(signals_with(PLAIN_OPTS, 64, 0),
			  changed | BIT(SYN_PROXY) | BIT(PROXY_LIKELY));
	ck_assert_uint_eq(signals_with(PLAIN_OPTS "2202", 63, 65160),
			  changed | BIT(ECHO) | BIT(PROXY_LIKELY));
	/* Two, but neither of those that speak for a proxy. */
	signals_with(PLAIN_OPTS "2202", 64, 65160);
	t.flows[1].reply.payload_len = 1;
	ck_assert_uint_eq(verdict_signals(&t.ev), BIT(ECHO) | BIT(SYNACK_DATA));
}

TEST(data_is_stripped)
{
	struct flow *f;

	target_init(&t);
	f = target_send(&t, PROBE_BLIND);
	flow_answer(f, REPLY_RST, "");
	f->reply.acked = TARGET_DLEN;		/* the data reached the closed port */
	ck_assert_uint_eq(verdict_signals(&t.ev), 0);
	f->reply.acked = TARGET_DLEN - 1;
	ck_assert_uint_eq(verdict_signals(&t.ev), BIT(DATA_STRIPPED));
	f->reply.flags = TCP_RST;		/* acknowledges nothing, so shows nothing */
	ck_assert_uint_eq(verdict_signals(&t.ev), 0);
	f->reply.flags = TCP_RST | TCP_ACK;
	flow_answer(target_send(&t, PROBE_REQUEST), REPLY_RST, "");
	ck_assert_uint_eq(verdict_signals(&t.ev), BIT(DATA_STRIPPED));
	flow_synack(&t.flows[1], "", 0);	/* open, so not a closed port's */
	ck_assert_uint_eq(verdict_signals(&t.ev), 0);
}

TEST(option_is_stripped)
{
	target_init(&t);
	flow_answer(target_send(&t, PROBE_SYN), REPLY_SYNACK, TARGET_MSS);
	target_send(&t, PROBE_REQUEST);
	for (enum reply_class class = REPLY_NONE; class <= REPLY_ICMP; class++) {
		flow_answer(&t.flows[1], class, TARGET_MSS);
		t.flows[1].stripped = false;
		ck_assert_uint_eq(verdict_signals(&t.ev), 0);
		t.flows[1].stripped = true;	/* whatever else came */
		ck_assert_uint_eq(verdict_signals(&t.ev), BIT(OPTION_STRIPPED));
	}
}

TEST(words_are_those_of_the_contract)
{
	static const char *const words[] = {
		"unsolicited", "echo", "kind-switch", "cookie-updated", "cookie-rotates",
		"cookie-refused", "cookie-unbound", "kind34-blocked", "experimental-only",
		"fingerprint-changed", "syn-proxy",
		"synack-data", "reply-before-ack", "injected", "data-stripped", "option-stripped",
		"ack-lost", "response-lost", "reset-after", "malformed", "proxy-likely",
	};

	ck_assert_uint_eq(N_OF(words), SIGNALS);
	for (size_t i = 0; i < N_OF(words); i++) {
		ck_assert_str_eq(signal_types[i].name, words[i]);
		ck_assert_uint_gt(strlen(signal_types[i].rule), 0);
	}
}
