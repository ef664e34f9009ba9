/*
 * Every way that a plan can go: what plan_next() asks for is sent, and answered in each way that a
 * rule tells apart, until the plan wants nothing more; each end has the oracle's verdict.
 */
#include "oracle.h"
#include "plan.h"
#include "target.h"
#include "unit.h"
#include "verdict.h"

#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))

/* Answers to a SYN without option and data, or with a cookie alone. */
static const struct outcome plain[] = {
	{ .answer = SILENT }, { .answer = RST }, { .answer = ICMP }, { .answer = SA },
};
static const struct outcome requests[] = {
	{ .answer = SILENT }, { .answer = RST }, { .answer = ICMP }, { SA, ABSENT, 0, false },
	{ SA, ABSENT, 0, true }, { SA, EMPTY, 0, false }, { SA, ODD, 0, true },
	{ SA, COOKIE, 0, false }, { SA, COOKIE_EXP, 0, true },
};
/* To `data`: the cookie comes back, or another one. */
static const struct outcome data[] = {
	{ .answer = SILENT }, { .answer = RST }, { .answer = ICMP }, { SA, ABSENT, 0, false },
	{ SA, COOKIE, 0, false }, { SA, SAME, 0, false }, { SA, ABSENT, 9, false },
	{ SA, ABSENT, TARGET_DLEN, false },
};
static const struct outcome payloads[] = {
	{ .answer = SILENT }, { .answer = RST }, { .answer = ICMP }, { SA, ABSENT, 0, false },
	{ SA, SAME, 0, false }, { SA, ABSENT, 9, false }, { SA, ABSENT, TARGET_DLEN, false },
};

static const struct { const struct outcome *v; size_t n; } by_kind[PROBE_KINDS] = {
	[PROBE_SYN] = { plain, LENGTH(plain) },
	[PROBE_REQUEST] = { requests, LENGTH(requests) },
	[PROBE_REQUEST_EXP] = { requests, LENGTH(requests) },
	[PROBE_DATA] = { data, LENGTH(data) },
	[PROBE_FORGED] = { payloads, LENGTH(payloads) },
	[PROBE_BLIND] = { payloads, LENGTH(payloads) },
	[PROBE_BARE] = { plain, LENGTH(plain) },
	[PROBE_RECHECK] = { plain, LENGTH(plain) },
};

/* One way down a plan. */
struct walk {
	struct plan plan;
	struct target t;
	struct outcome o[PROBE_KINDS];	/* of each kind, the newest */
	enum answer before;		/* to the first of two `data` */
	uint32_t seen;			/* bit 1 << enum verdict */
};

static void walk_end(struct walk *w)
{
	enum verdict v = verdict_decide(&w->t.ev);

	ck_assert_uint_lt(v, VERDICTS);
	ck_assert_str_eq(verdict_types[v].name,
			 verdict_types[oracle_verdict(w->o, w->before)].name);
	w->seen |= 1u << v;
}

static void walk_from(struct walk *w, unsigned int arm);

/* Sends that probe, and goes on from each of its outcomes. */
static void walk_probe(struct walk *w, const struct plan_want *want, unsigned int arm)
{
	const struct outcome old = w->o[want->kind];
	const enum answer before = w->before;
	struct flow *f = &w->t.flows[w->t.ev.nflows];

	ck_assert_uint_lt(w->t.ev.nflows, plan_flows(&w->plan));
	w->before = want->kind == PROBE_DATA ? old.answer : before;
	for (size_t i = 0; i < by_kind[want->kind].n; i++) {
		w->o[want->kind] = by_kind[want->kind].v[i];
		target_add(&w->t, want->kind, &w->o[want->kind]);
		if (probe_types[want->kind].option == PROBE_OPTION_CACHED) {
			f->synkind = want->cookie.kind;
			f->synlen = (uint8_t)want->cookie.len;
			memcpy(f->syncookie, want->cookie.cookie, want->cookie.len);
		}
		walk_from(w, arm);
		w->t.ev.nflows--;
	}
	w->o[want->kind] = old;
	w->before = before;
}

/* arm: how many of the sweep's probes were sent. */
static void walk_from(struct walk *w, unsigned int arm)
{
	struct plan_want want = { .kind = PROBE_KINDS };

	if (arm < plan_arms(&w->plan)) {
		want.kind = (uint8_t)plan_arm_kind(&w->plan, arm, false);
		walk_probe(w, &want, arm + 1);
	} else if (plan_next(&w->plan, &w->t.ev, 0, &want)) {
		walk_probe(w, &want, arm);
	} else {
		walk_end(w);
	}
}

#define BIT(verdict) (1u << VERDICT_##verdict)
#define NO_DATA (BIT(OFFLINE) | BIT(UNREACHABLE) | BIT(CLOSED) | BIT(ODD_COOKIE) | BIT(UNKNOWN)    \
		 | BIT(NO_COOKIE))
#define DATA (BIT(ACCEPTED) | BIT(PARTIAL) | BIT(REFUSED) | BIT(IGNORED) | BIT(SECOND_BLOCKED))
#define NO_REQUEST (BIT(BLACKHOLED) | BIT(REQUEST_BLOCKED) | BIT(TRANSIENT))
#define WHY (BIT(DATA_BLOCKED) | BIT(COOKIE_BLOCKED) | BIT(ACCEPTANCE_BLOCKED))

static const struct {
	struct plan plan;
	uint32_t verdicts;		/* those that it reaches, all of them */
} plans[] = {
	{ { .name = PLAN_SURVEY, .payload = true }, NO_DATA | DATA },
	{ { .name = PLAN_SURVEY }, NO_DATA | BIT(COOKIE_ONLY) },
	{ { .name = PLAN_PATH, .payload = true }, NO_DATA | DATA | NO_REQUEST | WHY },
	{ { .name = PLAN_PATH }, NO_DATA | NO_REQUEST | BIT(COOKIE_ONLY) },
	{ { .name = PLAN_FULL, .payload = true },
	  NO_DATA | DATA | NO_REQUEST | WHY | BIT(COOKIELESS) | BIT(UNCHECKED) },
	{ { .name = PLAN_FULL }, NO_DATA | NO_REQUEST | BIT(COOKIE_ONLY) },
};

START_TEST(every_way_has_a_verdict)
{
	static struct walk w;

	memset(&w, 0, sizeof(w));
	w.plan = plans[_i].plan;
	target_init(&w.t);
	walk_from(&w, 0);
	for (int v = 0; v < VERDICTS; v++)
		ck_assert_msg((w.seen >> v & 1) == (plans[_i].verdicts >> v & 1), "plan %d: %s", _i,
			      verdict_types[v].name);
}
END_TEST

START_TEST(the_plans_reach_all_verdicts)
{
	uint32_t all = 0;

	for (size_t i = 0; i < LENGTH(plans); i++)
		all |= plans[i].verdicts;
	ck_assert_uint_eq(all, (1u << VERDICTS) - 1);
}
END_TEST

UNIT_SUITE(verdict_plan)
{
	TCase *tcase = unit_case(suite, "walks", the_plans_reach_all_verdicts);

	tcase_add_loop_test(tcase, every_way_has_a_verdict, 0, LENGTH(plans));
}
