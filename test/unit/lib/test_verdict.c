/*
 * The rules against an oracle that is written from the outcomes, not from flows, over every
 * outcome of the survey plan and over all kinds, whichever were sent; then a case for each verdict
 * and condition.
 */
#include "verdict.h"

#include "oracle.h"
#include "unit.h"

/* Outcomes of the survey's request and data, all of them. */
static const struct outcome requests[] = {
	{ .answer = UNSENT }, { .answer = SILENT }, { .answer = RST }, { .answer = ICMP },
	ANSWERED(ABSENT, 0, false, false), ANSWERED(ABSENT, 0, true, false),
	ANSWERED(EMPTY, 0, false, false), ANSWERED(EMPTY, 0, true, false),
	ANSWERED(COOKIE, 0, false, false), ANSWERED(COOKIE, 0, true, false),
	ANSWERED(COOKIE_EXP, 0, false, false), ANSWERED(COOKIE_EXP, 0, true, false),
	ANSWERED(SAME, 0, false, false), ANSWERED(SAME, 0, true, false),
	ANSWERED(ODD, 0, false, false), ANSWERED(ODD, 0, true, false),
	ANSWERED(CUT, 0, false, false), ANSWERED(CUT, 0, true, false),
};

static const struct outcome data[] = {
	{ .answer = UNSENT }, { .answer = SILENT }, { .answer = RST }, { .answer = ICMP },
	ANSWERED(ABSENT, 0, false, false), ANSWERED(ABSENT, 1, false, false),
	ANSWERED(ABSENT, 9, true, false), ANSWERED(ABSENT, TARGET_DLEN, false, false),
	ANSWERED(COOKIE, 0, false, false), ANSWERED(COOKIE, 9, false, false),
	ANSWERED(COOKIE, TARGET_DLEN, false, false), ANSWERED(SAME, 0, false, false),
	ANSWERED(SAME, 1, false, false), ANSWERED(SAME, TARGET_DLEN, true, false),
	ANSWERED(ODD, 0, true, false), ANSWERED(ODD, 5, false, false),
	ANSWERED(ODD, TARGET_DLEN, false, false), ANSWERED(EMPTY, 0, false, false),
	ANSWERED(CUT, 0, false, false),
};

/* Of the other kinds, what the rules tell apart. */
static const struct outcome plain[] = {
	{ .answer = UNSENT }, { .answer = SILENT }, { .answer = RST }, { .answer = SA },
};
static const struct outcome exps[] = {
	{ .answer = UNSENT }, { .answer = SILENT }, ANSWERED(ABSENT, 0, true, false),
	ANSWERED(ODD, 0, false, false), ANSWERED(COOKIE_EXP, 0, false, false),
};
static const struct outcome few_requests[] = {
	{ .answer = UNSENT }, { .answer = SILENT }, { .answer = ICMP },
	ANSWERED(ABSENT, 0, false, false), ANSWERED(ABSENT, 0, true, false),
	ANSWERED(EMPTY, 0, true, false), ANSWERED(COOKIE, 0, false, false),
	{ .answer = ICMP, .stripped = true }, ANSWERED(ABSENT, 0, false, true),
};
static const struct outcome few_data[] = {
	{ .answer = UNSENT }, { .answer = SILENT }, { .answer = RST },
	ANSWERED(ABSENT, 0, false, false), ANSWERED(COOKIE, 0, false, false),
	ANSWERED(ABSENT, 9, false, false), ANSWERED(ABSENT, TARGET_DLEN, false, false),
	{ .answer = SA, .acked = TARGET_DLEN, .course = COURSE(SILENT, 0, true, 0) },
};
static const struct outcome payloads[] = {
	{ .answer = UNSENT }, { .answer = SILENT }, ANSWERED(ABSENT, 0, false, false),
	ANSWERED(ABSENT, TARGET_DLEN, false, false),
};

/* What no rule asks of. */
static const struct outcome unsent[] = { { .answer = UNSENT } };

/* Of connections that are carried on: rules tell them apart in plan_walk. */
static const struct outcome twins[] = {
	{ .answer = UNSENT }, { .answer = SA, .course = COURSE(FIN, 0, true, 100) },
};

static struct rig_target t;

/* Sends what o says, in plan order, and holds the verdict against the oracle's. */
static enum verdict check_outcomes(const struct outcome o[static PROBE_KINDS])
{
	enum verdict v;

	target_init(&t);
	for (int k = 0; k < PROBE_KINDS; k++)
		target_add(&t, k, &o[k]);
	v = verdict_decide(&t.ev);
	ck_assert_uint_lt(v, VERDICTS);
	ck_assert_str_eq(verdict_types[v].name,
			 verdict_types[oracle_verdict(o, UNSENT, NULL)].name);
	return v;
}

/* request x data x data once more: every way that a survey can go, and none without a rule. */
TEST(survey_is_total)
{
	unsigned int seen[VERDICTS] = { 0 }, n_words = 0;

	for (size_t i = 0; i < N_OF(requests) * N_OF(data) * N_OF(data); i++) {
		const struct outcome *first = &data[i / N_OF(requests) / N_OF(data)];
		struct outcome o[PROBE_KINDS] = {
			[PROBE_REQUEST] = requests[i % N_OF(requests)],
			[PROBE_DATA] = data[i / N_OF(requests) % N_OF(data)],
		};
		enum verdict v;

		if (first->answer != UNSENT && o[PROBE_DATA].answer == UNSENT)
			continue;	/* nothing is sent once more that was not sent once */
		target_init(&t);
		target_add(&t, PROBE_REQUEST, &o[PROBE_REQUEST]);
		target_add(&t, PROBE_DATA, first);
		target_add(&t, PROBE_DATA, &o[PROBE_DATA]);
		v = verdict_decide(&t.ev);
		ck_assert_uint_lt(v, VERDICTS);
		ck_assert_str_eq(verdict_types[v].name,
				 verdict_types[oracle_verdict(o, first->answer, NULL)].name);
		seen[v]++;
	}
	for (int v = 0; v < VERDICTS; v++)
		n_words += seen[v] > 0;
	ck_assert_uint_eq(n_words, 12);
	ck_assert_uint_eq(seen[VERDICT_BLACKHOLED] + seen[VERDICT_REQUEST_BLOCKED]
			  + seen[VERDICT_TRANSIENT] + seen[VERDICT_COOKIELESS]
			  + seen[VERDICT_UNCHECKED] + seen[VERDICT_DATA_BLOCKED]
			  + seen[VERDICT_COOKIE_BLOCKED] + seen[VERDICT_ACCEPTANCE_BLOCKED], 0);
}

/* Every kind sent or not, and answered in each way that a rule tells apart. */
TEST(all_kinds_are_total)
{
	static const struct { const struct outcome *v; size_t n; } by_kind[PROBE_KINDS] = {
		[PROBE_SYN] = { plain, N_OF(plain) },
		[PROBE_REQUEST] = { few_requests, N_OF(few_requests) },
		[PROBE_REQUEST_EXP] = { exps, N_OF(exps) },
		[PROBE_DATA] = { few_data, N_OF(few_data) },
		[PROBE_FORGED] = { payloads, N_OF(payloads) },
		[PROBE_BLIND] = { payloads, N_OF(payloads) },
		[PROBE_BARE] = { plain, N_OF(plain) },
		[PROBE_RECHECK] = { plain, N_OF(plain) },
		[PROBE_BORROWED] = { unsent, N_OF(unsent) },
		[PROBE_TWIN] = { twins, N_OF(twins) },
		[PROBE_HOP] = { plain, 1 },
	};
	unsigned int seen[VERDICTS] = { 0 };
	size_t total = 1;

	for (int k = 0; k < PROBE_KINDS; k++)
		total *= by_kind[k].n;
	for (size_t i = 0; i < total; i++) {
		struct outcome o[PROBE_KINDS];
		size_t rest = i;

		for (int k = 0; k < PROBE_KINDS; k++) {
			o[k] = by_kind[k].v[rest % by_kind[k].n];
			rest /= by_kind[k].n;
		}
		seen[check_outcomes(o)]++;
	}
	for (int v = 0; v < VERDICTS; v++)
		if (v != VERDICT_OFFER_BLOCKED)
			ck_assert_msg(seen[v] > 0, "%s is never reached", verdict_types[v].name);
}

/* request asked twice, whatever came of either, beside a syn and a request-exp. */
TEST(two_requests_are_total)
{
	static const struct outcome syns[] = {
		{ .answer = UNSENT }, { .answer = SILENT }, ANSWERED(ABSENT, 0, false, false),
		ANSWERED(ABSENT, 0, true, false),
	};
	unsigned int n_blocked = 0;

	for (size_t i = 0; i < N_OF(requests) * N_OF(requests) * N_OF(syns) * N_OF(exps); i++) {
		const struct outcome *first = &requests[i % N_OF(requests)];
		size_t rest = i / N_OF(requests);
		struct outcome o[PROBE_KINDS] = {
			[PROBE_REQUEST] = requests[rest % N_OF(requests)],
			[PROBE_SYN] = syns[rest / N_OF(requests) % N_OF(syns)],
			[PROBE_REQUEST_EXP] = exps[rest / N_OF(requests) / N_OF(syns)],
		};
		enum verdict v;

		/* Who gives a cookie is asked for more of them only (plan_walk). */
		if (first->answer == UNSENT || o[PROBE_REQUEST].answer == UNSENT
		    || oracle_is_cookie(first->option))
			continue;
		target_init(&t);
		target_add(&t, PROBE_SYN, &o[PROBE_SYN]);
		target_add(&t, PROBE_REQUEST, first);
		target_add(&t, PROBE_REQUEST, &o[PROBE_REQUEST]);
		target_add(&t, PROBE_REQUEST_EXP, &o[PROBE_REQUEST_EXP]);
		v = verdict_decide(&t.ev);
		ck_assert_str_eq(verdict_types[v].name,
				 verdict_types[oracle_verdict(o, UNSENT, first)].name);
		n_blocked += v == VERDICT_OFFER_BLOCKED;
	}
	/* Late and plain both times, and no request-exp that brought a cookie or an odd one. */
	ck_assert_uint_eq(n_blocked, 3);
}

#define CARRIED(kind, end_, len_) [PROBE_##kind] = { \
	.answer = SA, .acked = PROBE_##kind == PROBE_DATA ? TARGET_DLEN : 0, \
	.course = { .end = end_, .ack_came = true, .response_len = len_ } }
#define TWIN(len_)		CARRIED(TWIN, COURSE_FIN, len_)

static const struct {
	enum verdict verdict;
	struct outcome o[PROBE_KINDS];
} cases[] = {
	{ VERDICT_OFFLINE, { BLK(REQUEST) } },
	{ VERDICT_OFFLINE, { BLK(SYN), BLK(REQUEST), BLK(REQUEST_EXP) } },
	{ VERDICT_UNREACHABLE, { SENT(REQUEST, ICMP) } },
	{ VERDICT_UNREACHABLE, { BLK(SYN), SENT(REQUEST, ICMP) } },
	{ VERDICT_CLOSED, { SENT(REQUEST, RST) } },
	{ VERDICT_CLOSED, { SENT(SYN, ICMP), SENT(REQUEST, RST) } },
	{ VERDICT_BLACKHOLED, { OK(SYN), GAVE(REQUEST), TOOK(DATA), BLK(RECHECK) } },
	{ VERDICT_BLACKHOLED, { OK(SYN), BLK(REQUEST), BLK(REQUEST_EXP), BLK(RECHECK) } },
	{ VERDICT_REQUEST_BLOCKED, { OK(SYN), BLK(REQUEST), BLK(REQUEST_EXP), OK(RECHECK) } },
	{ VERDICT_REQUEST_BLOCKED, { OK(SYN), SENT(REQUEST, RST), GAVE(REQUEST_EXP) } },
	{ VERDICT_REQUEST_BLOCKED, { BLK(REQUEST), OK(REQUEST_EXP) } },
	{ VERDICT_REQUEST_BLOCKED, { OK(SYN), BLK(REQUEST_EXP) } },
	{ VERDICT_REQUEST_BLOCKED, { BLK(REQUEST), OK(BLIND) } },
	{ VERDICT_REQUEST_BLOCKED, { SENT(REQUEST_EXP, RST), TOOK(BLIND) } },
	{ VERDICT_TRANSIENT, { BLK(SYN), GAVE(REQUEST), TOOK(DATA), SENT(RECHECK, RST) } },
	{ VERDICT_ODD_COOKIE, { SAID(REQUEST, ODD, 0) } },
	{ VERDICT_ODD_COOKIE, { SAID(REQUEST, EMPTY, 0) } },
	{ VERDICT_ODD_COOKIE, { LATE(REQUEST, CUT) } },
	{ VERDICT_ODD_COOKIE, { OK(SYN), OK(REQUEST), SAID(REQUEST_EXP, ODD, 0) } },
	{ VERDICT_UNKNOWN, { LATE(REQUEST, ABSENT) } },
	{ VERDICT_UNKNOWN, { OK(SYN), LATE(REQUEST, ABSENT), OK(REQUEST_EXP) } },
	{ VERDICT_UNKNOWN, { OK(SYN) } },
	{ VERDICT_UNKNOWN, { BLK(SYN), TOOK(BLIND) } },
	{ VERDICT_OPTION_STRIPPED,
	  { [PROBE_REQUEST] = ANSWERED(ABSENT, 0, false, true) } },
	{ VERDICT_OPTION_STRIPPED,
	  { OK(REQUEST), [PROBE_REQUEST_EXP] = { .answer = ICMP, .stripped = true } } },
	{ VERDICT_NO_COOKIE, { OK(REQUEST) } },
	{ VERDICT_NO_COOKIE, { OK(SYN), OK(REQUEST), BLK(REQUEST_EXP) } },
	{ VERDICT_NO_COOKIE, { BLK(SYN), BLK(REQUEST), TOOK(BLIND) } },
	{ VERDICT_NO_COOKIE, { SAID(SYN, COOKIE, 0), OK(REQUEST), OK(REQUEST_EXP) } },
	{ VERDICT_COOKIE_ONLY, { GAVE(REQUEST) } },
	{ VERDICT_COOKIE_ONLY, { OK(SYN), OK(REQUEST), SAID(REQUEST_EXP, COOKIE_EXP, 0) } },
	{ VERDICT_STALLED, { GAVE(REQUEST), CARRIED(DATA, COURSE_SILENT, 0), TWIN(9) } },
	{ VERDICT_STALLED, { GAVE(REQUEST), CARRIED(DATA, COURSE_RESET, 8), TWIN(9) } },
	{ VERDICT_ACCEPTED, { GAVE(REQUEST), CARRIED(DATA, COURSE_RESET, 9), TWIN(9) } },
	{ VERDICT_ACCEPTED, { GAVE(REQUEST), CARRIED(DATA, COURSE_SILENT, 0), TWIN(0) } },
	{ VERDICT_ACCEPTED, { GAVE(REQUEST), CARRIED(DATA, COURSE_SILENT, 0), BLK(TWIN) } },
	{ VERDICT_COOKIELESS, { GAVE(REQUEST), TOOK(FORGED), TOOK(BLIND), TOOK(DATA) } },
	{ VERDICT_UNCHECKED, { GAVE(REQUEST), TOOK(FORGED), OK(BLIND), TOOK(DATA) } },
	{ VERDICT_ACCEPTED, { GAVE(REQUEST), TOOK(DATA) } },
	{ VERDICT_ACCEPTED, { LATE(REQUEST, COOKIE), TOOK(DATA) } },
	{ VERDICT_ACCEPTED, { GAVE(REQUEST), OK(FORGED), OK(BLIND), TOOK(DATA), OK(RECHECK) } },
	{ VERDICT_ACCEPTED, { TOOK(DATA) } },
	{ VERDICT_PARTIAL, { GAVE(REQUEST), SAID(DATA, ABSENT, 1) } },
	{ VERDICT_PARTIAL, { GAVE(REQUEST), SAID(DATA, COOKIE, TARGET_DLEN - 1) } },
	{ VERDICT_REFUSED, { GAVE(REQUEST), SAID(DATA, COOKIE, 0) } },
	{ VERDICT_REFUSED, { GAVE(REQUEST), SAID(DATA, CUT, 0) } },
	{ VERDICT_IGNORED, { GAVE(REQUEST), OK(DATA) } },
	{ VERDICT_DATA_BLOCKED, { GAVE(REQUEST), BLK(DATA), BLK(BLIND), OK(BARE) } },
	{ VERDICT_COOKIE_BLOCKED, { GAVE(REQUEST), SENT(DATA, RST), OK(BLIND), BLK(BARE) } },
	{ VERDICT_ACCEPTANCE_BLOCKED,
	  { GAVE(REQUEST), BLK(DATA), OK(BLIND), OK(BARE), OK(FORGED) } },
	{ VERDICT_SECOND_BLOCKED, { GAVE(REQUEST), BLK(DATA) } },
	{ VERDICT_SECOND_BLOCKED, { GAVE(REQUEST), SENT(DATA, RST) } },
	{ VERDICT_SECOND_BLOCKED, { GAVE(REQUEST), SENT(DATA, ICMP) } },
	{ VERDICT_SECOND_BLOCKED, { GAVE(REQUEST), BLK(DATA), BLK(BLIND), BLK(BARE) } },
	{ VERDICT_SECOND_BLOCKED,
	  { GAVE(REQUEST), BLK(DATA), OK(BLIND), OK(BARE), BLK(FORGED) } },
};

TEST(a_case_for_each_verdict)
{
	unsigned int seen[VERDICTS] = { 0 };

	for (size_t i = 0; i < N_OF(cases); i++) {
		enum verdict v = check_outcomes(cases[i].o);

		ck_assert_msg(v == cases[i].verdict, "case %zu: %s, not %s", i,
			      verdict_types[v].name, verdict_types[cases[i].verdict].name);
		seen[v]++;
	}
	/* That one needs two requests. */
	for (int v = 0; v < VERDICTS; v++)
		ck_assert_msg(seen[v] > 0 || v == VERDICT_OFFER_BLOCKED, "no case for %s",
			      verdict_types[v].name);
}

TEST(words_are_those_of_the_contract)
{
	static const char *const words[] = {
		"offline", "unreachable", "closed", "blackholed", "request-blocked", "transient",
		"odd-cookie", "offer-blocked", "unknown", "option-stripped", "no-cookie",
		"cookie-only", "stalled", "cookieless", "unchecked", "accepted", "partial",
		"refused", "ignored", "data-blocked", "cookie-blocked", "acceptance-blocked",
		"second-blocked",
	};

	ck_assert_uint_eq(N_OF(words), VERDICTS);
	for (size_t i = 0; i < N_OF(words); i++) {
		ck_assert_str_eq(verdict_types[i].name, words[i]);
		ck_assert_uint_gt(strlen(verdict_types[i].rule), 0);
	}
}

TEST(nothing_sent_is_offline)
{
	target_init(&t);
	ck_assert_uint_eq(verdict_decide(&t.ev), VERDICT_OFFLINE);
	ck_assert_uint_eq(verdict_conditions(&t.ev), 0);
	ck_assert_uint_eq(verdict_signals(&t.ev), 0);
}

TEST(late_begins_at_900_ms)
{
	struct flow *f;

	target_init(&t);
	f = target_send(&t, PROBE_REQUEST);
	flow_synack(f, options[ABSENT], 0);
	f->reply.time_ns = f->sent_ns + EVIDENCE_LATE_NS - 1;
	ck_assert_uint_eq(verdict_decide(&t.ev), VERDICT_NO_COOKIE);
	f->reply.time_ns++;
	ck_assert_uint_eq(verdict_decide(&t.ev), VERDICT_UNKNOWN);
	f->sent_ns = 0;		/* a time that is not known is not late */
	ck_assert_uint_eq(verdict_decide(&t.ev), VERDICT_NO_COOKIE);
}

/* Kind 253 is read, but tfomap has no way to send it back. */
TEST(cookie_in_kind_253_is_odd)
{
	target_init(&t);
	flow_synack(target_send(&t, PROBE_REQUEST), "fd0cf989" TARGET_COOKIE, 0);
	ck_assert_uint_eq(verdict_decide(&t.ev), VERDICT_ODD_COOKIE);
}
