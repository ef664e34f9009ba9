/*
 * plan: every way that a target can go, on each plan with each sweep that --probes can ask for:
 * what is sent has its part of the attempts, no part is idle, and there is a verdict at the end.
 */
#include "plan.h"
#include "target.h"
#include "unit.h"
#include "verdict.h"

#define BIT(kind)	(1u << PROBE_##kind)
#define LENGTH(a)	(sizeof(a) / sizeof((a)[0]))

static const uint32_t sweeps[] = {
	0, BIT(SYN), BIT(REQUEST), BIT(REQUEST_EXP), BIT(DATA), BIT(BLIND), BIT(SYN) | BIT(REQUEST),
	BIT(SYN) | BIT(REQUEST_EXP), BIT(SYN) | BIT(DATA), BIT(SYN) | BIT(BLIND),
	BIT(REQUEST) | BIT(REQUEST_EXP), BIT(REQUEST) | BIT(BLIND), BIT(REQUEST_EXP) | BIT(BLIND),
	BIT(DATA) | BIT(BLIND),
};

/* Plans, sweeps, with a payload and without one. */
#define WALKS	((int)(3 * LENGTH(sweeps) * 2))

struct walk {
	struct plan plan;
	unsigned int round;
	uint8_t attempts[PROBE_KINDS];
	uint32_t sent;			/* kinds, in any of the ways */
	unsigned int ends, most;	/* most: flows of one way */
	struct target t;
};

#define TIMEOUT_NS	3000000000ull
#define CONFIRM_NS	60000000000ull

/* What can come of a probe, as far as a plan tells it apart. */
static const struct outcome to_plain[] = {
	{ .answer = SILENT }, { .answer = RST }, { SA, ABSENT, 0, false },
};
static const struct outcome to_request[] = {
	{ .answer = SILENT }, { .answer = RST }, { SA, ABSENT, 0, false }, { SA, SAME, 0, false },
};
static const struct outcome to_data[] = {
	{ .answer = SILENT }, { .answer = RST }, { SA, COOKIE, 0, false },
	{ SA, ABSENT, TARGET_DLEN, false },
};

static size_t outcomes_of(enum probe_kind kind, const struct outcome **out)
{
	if (probe_types[kind].payload) {
		*out = to_data;
		return LENGTH(to_data);
	}
	if (kind == PROBE_REQUEST || kind == PROBE_REQUEST_EXP) {
		*out = to_request;
		return LENGTH(to_request);
	}
	*out = to_plain;
	return LENGTH(to_plain);
}

static void answer(struct flow *f, const struct outcome *o)
{
	if (o->answer == RST)
		flow_answer(f, REPLY_RST, "");
	else if (o->answer == SA)
		flow_synack(f, options[o->option], o->acked);
}

static void ends(struct walk *w)
{
	ck_assert_uint_lt(verdict_decide(&w->t.ev), VERDICTS);
	verdict_conditions(&w->t.ev);
	verdict_signals(&w->t.ev);
	w->ends++;
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

	ck_assert_uint_lt(w->t.ev.nflows, plan_flows(&w->plan));
	ck_assert_uint_le(n, kind == PROBE_DATA);	/* once more at most */
	ck_assert_uint_le(want->attempt + plan_followup_attempts(&w->plan), w->attempts[kind]);
	ck_assert_uint_eq(plan_generation(&w->plan, want->attempt),
			  w->round * (kind == PROBE_DATA ? 2 : 1) + n);
	ck_assert_uint_eq(want->cookie.kind != 0, probe_types[kind].option != PROBE_OPTION_NONE);
	ck_assert(!probe_types[kind].payload || w->plan.payload);
}

static void go_on(struct walk *w)
{
	const struct outcome *o;
	struct plan_want want;
	size_t n;

	if (!plan_next(&w->plan, &w->t.ev, w->round, &want)) {
		ends(w);
		return;
	}
	check_want(w, &want);
	w->sent |= 1u << want.kind;
	n = outcomes_of((enum probe_kind)want.kind, &o);
	for (size_t i = 0; i < n; i++) {
		struct flow *f = target_send(&w->t, (enum probe_kind)want.kind);

		f->synkind = want.cookie.kind;
		f->synlen = want.cookie.len;
		memcpy(f->syncookie, want.cookie.cookie, sizeof(f->syncookie));
		answer(f, &o[i]);
		go_on(w);
		w->t.ev.nflows--;
	}
}

/* The sweep's probes, arm by arm, each with all its outcomes; then what follows. */
static void sweep(struct walk *w, unsigned int arm, bool known)
{
	const struct outcome *o;
	enum probe_kind kind;
	size_t n;

	if (arm == plan_arms(&w->plan)) {
		go_on(w);
		return;
	}
	kind = plan_arm_kind(&w->plan, arm, known);
	w->sent |= 1u << kind;
	ck_assert_uint_le(w->plan.retries + 1, w->attempts[kind]);
	ck_assert(arm == 0 || kind > w->t.flows[0].kind);
	n = outcomes_of(kind, &o);
	for (size_t i = 0; i < n; i++) {
		answer(target_send(&w->t, kind), &o[i]);
		sweep(w, arm + 1, known);
		w->t.ev.nflows--;
	}
}

static void begin(struct walk *w, int i)
{
	size_t n = (size_t)i / 3;

	memset(w, 0, sizeof(*w));
	w->plan = (struct plan){
		.name = (enum plan_name)(i % 3), .sweep = sweeps[n % LENGTH(sweeps)],
		.retries = (unsigned int)i % 5, .payload = n / LENGTH(sweeps) == 0, .confirm = i % 3 != PLAN_SURVEY,
	};
	target_init(&w->t);
	plan_attempts(&w->plan, w->attempts);
}

START_TEST(every_way)
{
	struct walk w;
	bool loaded;

	begin(&w, _i);
	ck_assert_int_eq(plan_sweep_fault(w.plan.sweep), PLAN_SOUND);
	loaded = w.plan.sweep & (BIT(DATA) | BIT(BLIND));
	if (loaded && !w.plan.payload)
		return;			/* a contradiction, refused before */
	sweep(&w, 0, false);
	sweep(&w, 0, true);
	if (w.plan.confirm) {
		w.round = 1;
		go_on(&w);
	}
	ck_assert_uint_gt(w.ends, 0);
	/* The parts of the source ports are for what can be sent, and for nothing else. */
	for (unsigned int kind = 0; kind < PROBE_KINDS; kind++)
		ck_assert_msg((w.sent >> kind & 1) == (w.attempts[kind] > 0),
			      "plan %d, sweep %#x, payload %d: %s: sent %d, attempts %d",
			      (int)w.plan.name, w.plan.sweep, w.plan.payload,
			      probe_types[kind].name, (int)(w.sent >> kind & 1),
			      w.attempts[kind]);
}
END_TEST

/*
 * The way on which most is sent, every probe of it answered as late as it can be: the sweep's after
 * its last retry, then a second for what may follow a reset; each other after two retries, and 0.2
 * s for what the server says to data, with 20 ms between two.
 */
START_TEST(the_longest_way)
{
	static const struct { enum plan_name name; unsigned int retries, arms, flows; } plans[] = {
		{ PLAN_SURVEY, 0, 1, 3 }, { PLAN_SURVEY, 2, 1, 3 }, { PLAN_PATH, 2, 2, 9 },
		{ PLAN_FULL, 2, 2, 9 }, { PLAN_FULL, 3, 2, 9 },
	};

	for (size_t i = 0; i < LENGTH(plans); i++) {
		unsigned int tries = 1 + (plans[i].retries > 2 ? plans[i].retries : 2);
		uint64_t flow_ms = 20 + tries * 3000 + 200, ms;
		struct walk w = { .round = 0 };

		w.plan = (struct plan){
			.name = plans[i].name, .retries = plans[i].retries, .payload = true,
		};
		target_init(&w.t);
		plan_attempts(&w.plan, w.attempts);
		sweep(&w, 0, false);
		ck_assert_uint_eq(w.most, plans[i].flows);
		ms = (plans[i].retries + 1) * 3000 + (plans[i].arms - 1) * 20 + 1000
		     + (plans[i].flows - plans[i].arms) * flow_ms;
		ck_assert_uint_eq(plan_longest_ns(&w.plan, TIMEOUT_NS, CONFIRM_NS), ms * 1000000);
		w.plan.confirm = true;
		ms += 60000 + plans[i].flows * flow_ms;
		ck_assert_uint_eq(plan_longest_ns(&w.plan, TIMEOUT_NS, CONFIRM_NS), ms * 1000000);
	}
}
END_TEST

START_TEST(sweep_faults)
{
	unsigned int sound = 0;

	for (uint32_t kinds = 1; kinds < 1u << PROBE_KINDS; kinds++) {
		bool follows = kinds & (BIT(FORGED) | BIT(BARE) | BIT(RECHECK));
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
	ck_assert_uint_eq(sound, LENGTH(sweeps) - 1);
}
END_TEST

/* What the user names is what is sent: a known cookie changes data alone. */
START_TEST(kinds_as_named)
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
END_TEST

/* Both requests of one sweep brought a cookie: kind 34's is used. */
START_TEST(cookie_of_two_kinds)
{
	const struct plan p = { .sweep = BIT(REQUEST) | BIT(REQUEST_EXP), .payload = true };
	struct plan_want want;
	struct target t;

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
END_TEST

UNIT_SUITE(plan_walk)
{
	TCase *tcase = unit_case(suite, "sweeps", sweep_faults, kinds_as_named,
				 cookie_of_two_kinds, the_longest_way);

	tcase_add_loop_test(tcase, every_way, 0, WALKS);
}
