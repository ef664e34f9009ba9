#include "unit.h"

#include "err.h"
#include "plan.h"
#include "evidence_rig.h"
#include "validate.h"
#include "window.h"

#define COOKIE_34	TARGET_MSS "220a" TARGET_COOKIE
#define OTHER_34	TARGET_MSS "220a" TARGET_OTHER
#define THIRD_34	TARGET_MSS "220a0102030405060708"

static const struct plan survey = { .retries = 0, .payload = true };

/* What of a kind was sent before, and what came of it. */
struct step {
	enum probe_kind kind;
	const char *sent;		/* hex of the cookie on it */
	enum answer answer;
	const char *opts;		/* hex of the answer's option area */
	uint32_t acked;
};

#define REQUEST(...)	{ PROBE_REQUEST, "", __VA_ARGS__ }
#define DATA(...)	{ PROBE_DATA, __VA_ARGS__ }
#define GAVE_COOKIE	REQUEST(SA, COOKIE_34, 0)

struct plan_case {
	const char *what;
	struct step steps[4];
	int want;			/* the attempt of the next `data`; -1: nothing more */
	uint8_t kind;			/* of the cookie to be sent, */
	const char *cookie;		/* and its hex */
};

static const struct plan_case cases[] = {
	{ "nothing was sent", { { 0, NULL, UNSENT, NULL, 0 } }, -1, 0, NULL },
	{ "silent", { REQUEST(SILENT, "", 0) }, -1, 0, NULL },
	{ "RST", { REQUEST(RST, "", 0) }, -1, 0, NULL },
	{ "RST with a cookie", { REQUEST(RST, COOKIE_34, 0) }, -1, 0, NULL },
	{ "ICMP", { REQUEST(ICMP, "", 0) }, -1, 0, NULL },
	{ "ICMP that quotes a cookie", { REQUEST(ICMP, COOKIE_34, 0) }, -1, 0, NULL },
	{ "no cookie", { REQUEST(SA, TARGET_MSS, 0) }, -1, 0, NULL },
	{ "empty", { REQUEST(SA, TARGET_MSS "2202", 0) }, -1, 0, NULL },
	{ "odd length", { REQUEST(SA, TARGET_MSS "2207aabbccddee", 0) }, -1, 0, NULL },
	{ "cut", { REQUEST(SA, TARGET_MSS "220a1122", 0) }, -1, 0, NULL },
	{ "in kind 253", { REQUEST(SA, TARGET_MSS "fd0cf989" TARGET_COOKIE, 0) }, -1, 0, NULL },

	{ "8 bytes", { GAVE_COOKIE }, 0, 34, TARGET_COOKIE },
	{ "4 bytes", { REQUEST(SA, TARGET_MSS "2206a1b2c3d4", 0) }, 0, 34, "a1b2c3d4" },
	{ "16 bytes", { REQUEST(SA, "2212" TARGET_COOKIE TARGET_OTHER, 0) }, 0, 34,
	  TARGET_COOKIE TARGET_OTHER },
	{ "in kind 254", { REQUEST(SA, TARGET_MSS "fe0cf989" TARGET_COOKIE, 0) }, 0, 254,
	  TARGET_COOKIE },

	{ "accepted", { GAVE_COOKIE, DATA(TARGET_COOKIE, SA, TARGET_MSS, TARGET_DLEN) }, -1, 0,
	  NULL },
	{ "accepted, and a new cookie",
	  { GAVE_COOKIE, DATA(TARGET_COOKIE, SA, OTHER_34, TARGET_DLEN) }, -1, 0, NULL },
	{ "in part", { GAVE_COOKIE, DATA(TARGET_COOKIE, SA, TARGET_MSS, 4) }, -1, 0, NULL },
	{ "in part, and a new cookie", { GAVE_COOKIE, DATA(TARGET_COOKIE, SA, OTHER_34, 4) }, -1,
	  0, NULL },
	{ "data silent", { GAVE_COOKIE, DATA(TARGET_COOKIE, SILENT, "", 0) }, -1, 0, NULL },
	{ "data reset", { GAVE_COOKIE, DATA(TARGET_COOKIE, RST, "", 0) }, -1, 0, NULL },
	{ "data reset, and a new cookie", { GAVE_COOKIE, DATA(TARGET_COOKIE, RST, OTHER_34, 0) },
	  -1, 0, NULL },
	{ "data ICMP", { GAVE_COOKIE, DATA(TARGET_COOKIE, ICMP, OTHER_34, 0) }, -1, 0, NULL },
	{ "ignored", { GAVE_COOKIE, DATA(TARGET_COOKIE, SA, TARGET_MSS, 0) }, -1, 0, NULL },
	{ "refused, the same cookie", { GAVE_COOKIE, DATA(TARGET_COOKIE, SA, COOKIE_34, 0) }, -1,
	  0, NULL },
	{ "refused, an odd cookie",
	  { GAVE_COOKIE, DATA(TARGET_COOKIE, SA, TARGET_MSS "2205112233", 0) }, -1, 0, NULL },

	{ "refused, another cookie", { GAVE_COOKIE, DATA(TARGET_COOKIE, SA, OTHER_34, 0) }, 3, 34,
	  TARGET_OTHER },
	{ "refused, the beginning of it",
	  { GAVE_COOKIE, DATA(TARGET_COOKIE, SA, TARGET_MSS "22063021b9d8", 0) }, 3, 34,
	  "3021b9d8" },
	{ "refused, the same bytes in the other kind",
	  { GAVE_COOKIE, DATA(TARGET_COOKIE, SA, TARGET_MSS "fe0cf989" TARGET_COOKIE, 0) }, 3,
	  254, TARGET_COOKIE },
	{ "a file's cookie, refused for another", { DATA(TARGET_COOKIE, SA, OTHER_34, 0) }, 3, 34,
	  TARGET_OTHER },
	{ "a file's cookie, accepted", { DATA(TARGET_COOKIE, SA, TARGET_MSS, TARGET_DLEN) }, -1,
	  0, NULL },
	{ "a file's cookie, ignored", { DATA(TARGET_COOKIE, SA, TARGET_MSS, 0) }, -1, 0, NULL },
	{ "a file's cookie, silent", { DATA(TARGET_COOKIE, SILENT, "", 0) }, -1, 0, NULL },

	{ "refused twice",
	  { GAVE_COOKIE, DATA(TARGET_COOKIE, SA, OTHER_34, 0),
	    DATA(TARGET_OTHER, SA, THIRD_34, 0) }, -1, 0, NULL },
	{ "refused, then accepted",
	  { GAVE_COOKIE, DATA(TARGET_COOKIE, SA, OTHER_34, 0),
	    DATA(TARGET_OTHER, SA, TARGET_MSS, TARGET_DLEN) }, -1, 0, NULL },
	{ "refused, then silent",
	  { GAVE_COOKIE, DATA(TARGET_COOKIE, SA, OTHER_34, 0),
	    DATA(TARGET_OTHER, SILENT, "", 0) }, -1, 0, NULL },
};

static void replay(struct rig_target *t, const struct step *steps)
{
	target_init(t);
	for (const struct step *s = steps; s->answer != UNSENT; s++) {
		struct flow *f = target_send_cookie(t, s->kind, s->sent);

		if (s->answer == SA)
			flow_synack(f, s->opts, s->acked);
		else if (s->answer != SILENT)
			flow_answer(f, s->answer == RST ? REPLY_RST : REPLY_ICMP, s->opts);
	}
}

TEST_EACH(next_probe, cases)
{
	struct plan_want want = { .kind = PROBE_KINDS };
	struct rig_target t;
	uint8_t cookie[TFO_COOKIE_MAX];
	bool more;

	replay(&t, row->steps);
	more = plan_next(&survey, &t.ev, 0, &want);
	ck_assert_msg(more == (row->want >= 0), "%s: %d", row->what, more);
	if (!more)
		return;
	ck_assert_msg(want.kind == PROBE_DATA, "%s: kind %u", row->what, want.kind);
	ck_assert_msg(want.attempt == row->want, "%s: attempt %u", row->what, want.attempt);
	ck_assert_msg(want.cookie.kind == row->kind, "%s: kind %u", row->what, want.cookie.kind);
	ck_assert_uint_eq(want.cookie.len, wire_hex(row->cookie, cookie));
	ck_assert_mem_eq(want.cookie.cookie, cookie, want.cookie.len);
}

/* For each number of retries: follow-ups are asked 3 times at least, each flow has its own part. */
TEST_TIMES(attempts, 16)
{
	static const uint8_t key[16];
	const struct plan p = { .retries = (unsigned int)_i, .payload = true };
	unsigned int each = p.retries < 2 ? 3 : p.retries + 1;
	uint8_t n[PROBE_KINDS];
	struct validator v;
	struct err e = { "" };

	ck_assert_uint_eq(plan_followup_attempts(&p), each);
	memset(n, 0xee, sizeof(n));
	plan_attempts(&p, n);
	for (unsigned int kind = 0; kind < PROBE_KINDS; kind++)
		ck_assert_uint_eq(n[kind], kind == PROBE_REQUEST ? p.retries + 1 :
				  kind == PROBE_DATA ? 2 * each : 0);
	/* A file's cookie is sent in the sweep: these attempts are of the first flow. */
	ck_assert_uint_le(p.retries + 1, each);
	ck_assert_uint_le(p.retries + 1, WINDOW_ATTEMPTS_MAX);
	for (unsigned int a = 0; a < n[PROBE_DATA]; a++)
		ck_assert_uint_eq(plan_generation(&p, (uint8_t)a), a >= each);
	for (unsigned int a = 0; a <= p.retries; a++)
		ck_assert_uint_eq(plan_generation(&p, (uint8_t)a), 0);
	ck_assert_msg(validate_init(&v, key, 10000, 32767, n, &e) == 0, "%s", e.msg);
}

/* A late answer without option may be a server's second: asked again, once, if syn was in time. */
TEST(request_asked_again)
{
	const struct plan path = { .name = PLAN_PATH, .payload = true };
	struct plan_want want = { .kind = PROBE_KINDS };
	struct rig_target t;

	target_init(&t);
	flow_synack(target_send(&t, PROBE_SYN), TARGET_MSS, 0);
	flow_synack(target_send(&t, PROBE_REQUEST), TARGET_MSS, 0);
	t.flows[1].reply.time_ns = t.flows[1].sent_ns + EVIDENCE_LATE_NS;
	ck_assert(plan_next(&path, &t.ev, 0, &want));
	ck_assert_uint_eq(want.kind, PROBE_REQUEST);
	ck_assert_uint_eq(want.attempt, plan_followup_attempts(&path));
	t.flows[0].reply.time_ns = t.flows[0].sent_ns + EVIDENCE_LATE_NS;
	ck_assert(plan_next(&path, &t.ev, 0, &want));
	ck_assert_uint_eq(want.kind, PROBE_REQUEST_EXP);
	t.flows[0].reply.time_ns = t.flows[0].sent_ns;
	flow_synack(target_send(&t, PROBE_REQUEST), TARGET_MSS, 0);
	ck_assert(plan_next(&path, &t.ev, 0, &want));
	ck_assert_uint_eq(want.kind, PROBE_REQUEST_EXP);
	flow_synack(&t.flows[2], COOKIE_34, 0);
	ck_assert(plan_next(&path, &t.ev, 0, &want));
	ck_assert_uint_eq(want.kind, PROBE_DATA);
}
