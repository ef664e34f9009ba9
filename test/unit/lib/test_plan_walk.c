/*
 * plan and verdict: every way that a target can go, on each plan with each sweep that --probes can
 * ask for: what is sent has its part of the attempts, no part is idle, and the verdict at the end
 * is the oracle's.
 */
#include "oracle.h"
#include "plan.h"
#include "evidence_rig.h"
#include "unit.h"
#include "verdict.h"

#define BIT(kind)	(1u << PROBE_##kind)

static const uint32_t sweeps[] = {
	0, BIT(SYN), BIT(REQUEST), BIT(REQUEST_EXP), BIT(DATA), BIT(BLIND), BIT(SYN) | BIT(REQUEST),
	BIT(SYN) | BIT(REQUEST_EXP), BIT(SYN) | BIT(DATA), BIT(SYN) | BIT(BLIND),
	BIT(REQUEST) | BIT(REQUEST_EXP), BIT(REQUEST) | BIT(BLIND), BIT(REQUEST_EXP) | BIT(BLIND),
	BIT(DATA) | BIT(BLIND),
};

static const enum plan_name names[] = { PLAN_SURVEY, PLAN_PATH, PLAN_FULL, PLAN_COMPLETE };

/* Plans, sweeps, with a payload and without one. */
#define WALKS	((int)(N_OF(names) * N_OF(sweeps) * 2))

/* One way of many: what was sent so far, and what came of it. */
struct walk {
	struct plan plan;
	unsigned int round;
	bool fine;			/* with outcomes that lead to the same probes, too */
	uint8_t attempts[PROBE_KINDS];
	struct rig_target t;
	struct outcome o[PROBE_KINDS];	/* of each kind, the newest */
	enum answer before;		/* to the first of two `data` */
	struct outcome requested;	/* of the first of two requests, where there are two */
	bool twice;
	/* Of all ways. */
	uint32_t sent, verdicts;	/* bits: kinds, verdicts */
	unsigned int most;		/* flows of one way */
	bool carried;			/* some connection was carried on */
};

#define TIMEOUT_NS	3000000000ull
#define CONFIRM_NS	60000000000ull

/* Answers to a SYN without option and data, or with a cookie alone. */
static const struct outcome plain[] = {
	{ .answer = SILENT }, { .answer = RST }, { .answer = ICMP }, { .answer = SA },
};
static const struct outcome syns[] = {
	{ .answer = SILENT }, { .answer = RST }, { .answer = ICMP }, { .answer = SA },
	ANSWERED(ABSENT, 0, true, false),
};
static const struct outcome requests[] = {
	{ .answer = SILENT }, { .answer = RST }, { .answer = ICMP },
	ANSWERED(ABSENT, 0, false, false), ANSWERED(ABSENT, 0, true, false),
	ANSWERED(EMPTY, 0, false, false), ANSWERED(ODD, 0, true, false),
	ANSWERED(COOKIE, 0, false, false), ANSWERED(COOKIE_EXP, 0, true, false),
	ANSWERED(ABSENT, 0, false, true),
};
/* To `data`: the cookie comes back, or another one. */
static const struct outcome to_data[] = {
	{ .answer = SILENT }, { .answer = RST }, { .answer = ICMP },
	ANSWERED(ABSENT, 0, false, false), ANSWERED(COOKIE, 0, false, false),
	ANSWERED(SAME, 0, false, false), ANSWERED(ABSENT, 9, false, false),
	ANSWERED(ABSENT, TARGET_DLEN, false, false),
};
static const struct outcome payloads[] = {
	{ .answer = SILENT }, { .answer = RST }, { .answer = ICMP },
	ANSWERED(ABSENT, 0, false, false), ANSWERED(SAME, 0, false, false),
	ANSWERED(ABSENT, 9, false, false), ANSWERED(ABSENT, TARGET_DLEN, false, false),
};

static const struct { const struct outcome *v; size_t n; } by_kind[PROBE_KINDS] = {
	[PROBE_SYN] = { syns, N_OF(syns) },
	[PROBE_REQUEST] = { requests, N_OF(requests) },
	[PROBE_REQUEST_EXP] = { requests, N_OF(requests) },
	[PROBE_DATA] = { to_data, N_OF(to_data) },
	[PROBE_FORGED] = { payloads, N_OF(payloads) },
	[PROBE_BLIND] = { payloads, N_OF(payloads) },
	[PROBE_BARE] = { plain, N_OF(plain) },
	[PROBE_RECHECK] = { plain, N_OF(plain) },
	[PROBE_TWIN] = { plain, N_OF(plain) },
	[PROBE_BORROWED] = { payloads, N_OF(payloads) },
};

/* What becomes of a connection that is carried on. */
static const struct course courses[] = {
	COURSE(FIN, 0, true, 100), COURSE(FIN, 0, true, 0), COURSE(SILENT, 0, true, 0),
	COURSE(SILENT, 3, false, 100), COURSE(RESET, 0, true, 60),
	COURSE(RESET, 0, true, 100), COURSE(FULL, 0, true, 65536),
	{ .end = COURSE_RESET, .goes_on = true, .response_len = 100 },
};

/* An outcome that the verdict distinguishes from another one, and a plan does not. */
static bool is_fine(const struct outcome *o)
{
	return o->answer == ICMP || (o->late && o->option != ABSENT) || o->stripped
	       || o->option == EMPTY || o->option == ODD
	       || o->acked == 9;
}

static void ends(struct walk *w)
{
	const struct outcome *requested = w->twice ? &w->requested : NULL;
	enum verdict v = verdict_decide(&w->t.ev);
	enum verdict want = oracle_verdict(w->o, w->before, requested);

	if (v != want)
		ck_abort_msg("%s, not %s", v < VERDICTS ? verdict_types[v].name : "none",
			     verdict_types[want].name);
	w->verdicts |= 1u << v;
	w->most = w->t.ev.nflows > w->most ? w->t.ev.nflows : w->most;
}

static unsigned int times_sent(const struct walk *w, enum probe_kind kind)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < w->t.ev.nflows; i++)
		n += w->t.flows[i].kind == kind;
	return n;
}

static void check_want(const struct walk *w, const struct plan_want *want)
{
	enum probe_kind kind = (enum probe_kind)want->kind;
	unsigned int n = times_sent(w, kind);
	bool carries = probe_types[kind].option != PROBE_OPTION_NONE;
	unsigned int flows = plan_kind_flows(&w->plan, kind), flow = w->round * flows + n;

	/* Check writes down every assertion: one for all of them. */
	if (w->t.ev.nflows >= plan_flows(&w->plan) || n >= flows
	    || want->attempt + plan_followup_attempts(&w->plan) > w->attempts[kind]
	    || plan_generation(&w->plan, want->attempt) != flow
	    || (want->cookie.kind != 0) != carries
	    || (probe_types[kind].payload && !w->plan.payload))
		ck_abort_msg("%s: %u sent, attempt %u of %u, option %u, flow %u",
			     probe_types[kind].name, n, want->attempt, w->attempts[kind],
			     want->cookie.kind, flow);
}

static void walk_from(struct walk *w, unsigned int arm, bool known);

/* The newest flow's connection is carried on, where the plan does that. */
static void walk_course(struct walk *w, unsigned int arm, bool known)
{
	struct flow *f = &w->t.flows[w->t.ev.nflows - 1];
	size_t ways = plan_carries_on(&w->plan, &w->t.ev) ? N_OF(courses) : 0;

	if (ways == 0)
		walk_from(w, arm, known);
	for (size_t i = 0; i < ways; i++) {
		f->course = w->o[f->kind].course = courses[i];
		w->carried = true;
		walk_from(w, arm, known);
	}
	w->o[f->kind].course = f->course = (struct course){ .end = COURSE_NONE };
}

/* Sends that probe, with that cookie if it carries one, and goes on from each of its outcomes. */
static void walk_probe(struct walk *w, const struct plan_want *want, unsigned int arm, bool known)
{
	const struct outcome old = w->o[want->kind];
	const enum answer before = w->before;
	const struct outcome requested = w->requested;
	const bool twice = w->twice;
	/* It gives cookies, and is asked for one more. */
	const bool asked_again = want->kind != PROBE_DATA && old.answer == SA
				 && oracle_is_cookie(old.option);
	struct flow *f = &w->t.flows[w->t.ev.nflows];

	w->sent |= 1u << want->kind;
	w->before = want->kind == PROBE_DATA ? old.answer : before;
	if (want->kind == PROBE_REQUEST && times_sent(w, PROBE_REQUEST) && !asked_again) {
		w->requested = old;
		w->twice = true;
	}
	for (size_t i = 0; i < by_kind[want->kind].n; i++) {
		w->o[want->kind] = by_kind[want->kind].v[i];
		if (!w->fine && is_fine(&w->o[want->kind]))
			continue;
		target_add(&w->t, want->kind, &w->o[want->kind]);
		if (want->cookie.state == TFO_COOKIE) {
			f->synkind = want->cookie.kind;
			f->synlen = want->cookie.len;
			memcpy(f->syncookie, want->cookie.cookie, sizeof(f->syncookie));
		}
		/* What one more request does not bring takes nothing from the one before. */
		if (asked_again && !oracle_is_cookie(w->o[want->kind].option))
			w->o[want->kind] = old;
		walk_course(w, arm, known);
		w->t.ev.nflows--;
	}
	w->o[want->kind] = old;
	w->before = before;
	w->requested = requested;
	w->twice = twice;
}

/* The sweep's probes, arm by arm, in the first round; then what follows. */
static void walk_from(struct walk *w, unsigned int arm, bool known)
{
	struct plan_want want = { .kind = PROBE_KINDS };

	if (w->round == 0 && arm < plan_arms(&w->plan)) {
		want.kind = (uint8_t)plan_arm_kind(&w->plan, arm, known);
		ck_assert_uint_le(w->plan.retries + 1, w->attempts[want.kind]);
		ck_assert(arm == 0 || want.kind > w->t.flows[0].kind);
		walk_probe(w, &want, arm + 1, known);
	} else if (plan_next(&w->plan, &w->t.ev, w->round, &want)) {
		check_want(w, &want);
		walk_probe(w, &want, arm, known);
	} else {
		ends(w);
	}
}

static void begin(struct walk *w, int i)
{
	size_t n = (size_t)i / N_OF(names);
	enum plan_name name = names[(size_t)i % N_OF(names)];

	memset(w, 0, sizeof(*w));
	w->plan = (struct plan){
		.name = name, .sweep = sweeps[n % N_OF(sweeps)],
		.retries = (unsigned int)i % 5, .payload = n / N_OF(sweeps) == 0,
		.confirm = plan_is_deep(name),
		.borrows = n % 2,
		.requests = plan_is_deep(name) ? 1 : 1 + (unsigned int)i % 3,
	};
	target_init(&w->t);
	w->t.ev.elsewhere = (struct addr){ 0, 1 };
	plan_attempts(&w->plan, w->attempts);
}

TEST_TIMES(every_way, WALKS)
{
	struct walk w;
	bool loaded;

	begin(&w, _i);
	ck_assert_int_eq(plan_sweep_fault(w.plan.sweep), PLAN_SOUND);
	loaded = w.plan.sweep & (BIT(DATA) | BIT(BLIND));
	if (loaded && !w.plan.payload)
		return;			/* a contradiction, refused before */
	walk_from(&w, 0, false);
	walk_from(&w, 0, true);
	if (w.plan.confirm) {
		w.round = 1;
		walk_from(&w, 0, false);
	}
	ck_assert_int_eq(w.carried, w.plan.name == PLAN_COMPLETE && w.attempts[PROBE_TWIN]);
	/* The parts of the source ports are for what can be sent, and for nothing else. */
	for (unsigned int kind = 0; kind < PROBE_KINDS; kind++)
		ck_assert_msg((w.sent >> kind & 1) == (w.attempts[kind] > 0),
			      "plan %d, sweep %#x, payload %d: %s: sent %d, attempts %d",
			      (int)w.plan.name, w.plan.sweep, w.plan.payload,
			      probe_types[kind].name, (int)(w.sent >> kind & 1),
			      w.attempts[kind]);
}

/*
 * The way on which most is sent, every probe of it answered as late as it can be: the sweep's after
 * its last retry, then a second for what may follow a reset; each other after two retries, and 0.2
 * s for what the server says to data, with 20 ms between two.
 */
static const struct {
	enum plan_name name;
	unsigned int retries, arms, flows, requests;
} longest[] = {
	{ PLAN_SURVEY, 0, 1, 3, 1 }, { PLAN_SURVEY, 2, 1, 3, 1 }, { PLAN_PATH, 2, 2, 10, 1 },
	{ PLAN_FULL, 2, 2, 10, 1 }, { PLAN_FULL, 3, 2, 10, 1 }, { PLAN_COMPLETE, 0, 1, 4, 1 },
	{ PLAN_SURVEY, 0, 1, 5, 3 },
};

TEST_EACH(the_longest_way, longest)
{
	unsigned int tries = 1 + (row->retries > 2 ? row->retries : 2);
	uint64_t flow_ms = 20 + tries * 3000 + 200, ms;
	struct walk w = { .round = 0 };

	w.plan = (struct plan){
		.name = row->name, .retries = row->retries, .payload = true,
		.requests = row->requests,
	};
	target_init(&w.t);
	plan_attempts(&w.plan, w.attempts);
	walk_from(&w, 0, false);
	ck_assert_uint_eq(w.most, row->flows);
	ms = (row->retries + 1) * 3000 + (row->arms - 1) * 20 + 1000
	     + (row->flows - row->arms) * flow_ms;
	/* The connection of data, and its twin's. */
	if (row->name == PLAN_COMPLETE)
		ms += 2 * 20 * 3000;
	ck_assert_uint_eq(plan_longest_ns(&w.plan, TIMEOUT_NS, CONFIRM_NS), ms * 1000000);
	w.plan.confirm = true;
	ms += 60000 + row->flows * flow_ms;
	ck_assert_uint_eq(plan_longest_ns(&w.plan, TIMEOUT_NS, CONFIRM_NS), ms * 1000000);
}

#define VERDICT(verdict) (1u << VERDICT_##verdict)
#define NO_DATA (VERDICT(OFFLINE) | VERDICT(UNREACHABLE) | VERDICT(CLOSED) | VERDICT(ODD_COOKIE) \
		 | VERDICT(UNKNOWN) | VERDICT(OPTION_STRIPPED) | VERDICT(NO_COOKIE))
#define DATA (VERDICT(ACCEPTED) | VERDICT(PARTIAL) | VERDICT(REFUSED) | VERDICT(IGNORED) \
	      | VERDICT(SECOND_BLOCKED))
#define NO_REQUEST (VERDICT(BLACKHOLED) | VERDICT(REQUEST_BLOCKED) | VERDICT(TRANSIENT) \
		    | VERDICT(OFFER_BLOCKED))
#define WHY (VERDICT(DATA_BLOCKED) | VERDICT(COOKIE_BLOCKED) | VERDICT(ACCEPTANCE_BLOCKED))

static const struct {
	struct plan plan;
	uint32_t verdicts;		/* those that it reaches, all of them */
} plans[] = {
	{ { .name = PLAN_SURVEY, .payload = true }, NO_DATA | DATA },
	{ { .name = PLAN_SURVEY }, NO_DATA | VERDICT(COOKIE_ONLY) },
	{ { .name = PLAN_PATH, .payload = true }, NO_DATA | DATA | NO_REQUEST | WHY },
	{ { .name = PLAN_PATH }, NO_DATA | NO_REQUEST | VERDICT(COOKIE_ONLY) },
	{ { .name = PLAN_FULL, .payload = true },
	  NO_DATA | DATA | NO_REQUEST | WHY | VERDICT(COOKIELESS) | VERDICT(UNCHECKED) },
	{ { .name = PLAN_COMPLETE, .payload = true }, NO_DATA | DATA | VERDICT(STALLED) },
	{ { .name = PLAN_FULL }, NO_DATA | NO_REQUEST | VERDICT(COOKIE_ONLY) },
};

TEST(plans_reach_their_verdicts)
{
	uint32_t all = 0;

	for (size_t i = 0; i < N_OF(plans); i++) {
		struct walk w = { .plan = plans[i].plan, .fine = true };

		target_init(&w.t);
		plan_attempts(&w.plan, w.attempts);
		walk_from(&w, 0, false);
		for (int v = 0; v < VERDICTS; v++)
			ck_assert_msg((w.verdicts >> v & 1) == (plans[i].verdicts >> v & 1),
				      "plan %zu: %s", i, verdict_types[v].name);
		all |= w.verdicts;
	}
	ck_assert_uint_eq(all, (1u << VERDICTS) - 1);
}

TEST(sweep_faults)
{
	unsigned int sound = 0;

	for (uint32_t kinds = 1; kinds < 1u << PROBE_KINDS; kinds++) {
		bool follows = kinds & (BIT(FORGED) | BIT(BARE) | BIT(RECHECK) | BIT(HOP)
				| BIT(BORROWED) | BIT(TWIN));
		bool beside = kinds & BIT(DATA) && kinds & (BIT(REQUEST) | BIT(REQUEST_EXP));

		if (follows)
			ck_assert_int_eq(plan_sweep_fault(kinds), PLAN_FOLLOWS);
		else if (beside)
			ck_assert_int_eq(plan_sweep_fault(kinds), PLAN_DATA_BESIDE);
		else if (__builtin_popcount(kinds) > PLAN_ARMS_MAX)
			ck_assert_int_eq(plan_sweep_fault(kinds), PLAN_MANY);
		else
			sound += plan_sweep_fault(kinds) == PLAN_SOUND;
	}
	ck_assert_uint_eq(sound, N_OF(sweeps) - 1);
}

/* What the user names is what is sent: a known cookie changes data alone. */
TEST(kinds_as_named)
{
	const struct plan named = { PLAN_PATH, BIT(SYN) | BIT(REQUEST), .payload = true };
	const struct plan data = { PLAN_SURVEY, BIT(DATA) | BIT(BLIND), .payload = true };
	const struct plan path = { .name = PLAN_PATH, .payload = true };
	const struct plan bare = { .name = PLAN_PATH };

	ck_assert_int_eq(plan_arm_kind(&named, 0, true), PROBE_SYN);
	ck_assert_int_eq(plan_arm_kind(&named, 1, true), PROBE_REQUEST);
	ck_assert_int_eq(plan_arm_kind(&data, 0, true), PROBE_DATA);
	ck_assert_int_eq(plan_arm_kind(&data, 0, false), PROBE_REQUEST);
	ck_assert_int_eq(plan_arm_kind(&data, 1, false), PROBE_BLIND);
	ck_assert_int_eq(plan_arm_kind(&path, 1, true), PROBE_DATA);
	ck_assert_int_eq(plan_arm_kind(&path, 1, false), PROBE_REQUEST);
	ck_assert_int_eq(plan_arm_kind(&bare, 1, true), PROBE_REQUEST);
}

/* Both requests of one sweep brought a cookie: kind 34's is used. */
TEST(cookie_of_two_kinds)
{
	const struct plan p = { .sweep = BIT(REQUEST) | BIT(REQUEST_EXP), .payload = true };
	struct plan_want want;
	struct rig_target t;

	target_init(&t);
	flow_synack(target_send(&t, PROBE_REQUEST), options[SAME], 0);
	flow_synack(target_send(&t, PROBE_REQUEST_EXP), options[COOKIE_EXP], 0);
	ck_assert(plan_next(&p, &t.ev, 0, &want));
	ck_assert_uint_eq(want.kind, PROBE_DATA);
	ck_assert_uint_eq(want.cookie.kind, TFO_KIND);
	flow_synack(&t.flows[0], options[ABSENT], 0);
	ck_assert(plan_next(&p, &t.ev, 0, &want));
	ck_assert_uint_eq(want.cookie.kind, TFO_KIND_EXP);
}
