/* The table of the cookie cache's states, and walks that may leave it nowhere. */
#include "unit.h"

#include "answer_rig.h"
#include "cache/trail.h"
#include "rng.h"

/* ---- the table ----------------------------------------------------------------------------- */

/* Each pair of a state and an event has a rule, or cannot be: not both. */
TEST(every_pair_is_named)
{
	for (unsigned int state = 0; state < ENTRY_STATES; state++)
		for (unsigned int event = 0; event < ENTRY_EVENTS; event++)
			ck_assert_msg((entry_rules[state][event].next != 0)
				      != (entry_never[state] >> event & 1), "%s: %s",
				      entry_states[state].name, entry_events[event]);
}

/* What stays names no other state; what does not stay names some. */
TEST(stay_is_to_stay)
{
	for (unsigned int state = 0; state < ENTRY_STATES; state++)
		for (unsigned int event = 0; event < ENTRY_EVENTS; event++) {
			const struct entry_rule *r = &entry_rules[state][event];

			ck_assert_uint_lt(r->next, 1u << ENTRY_STATES);
			if (r->next && r->action == ENTRY_DO_STAY)
				ck_assert_uint_eq(r->next, 1u << state);
		}
}

/* The states that can follow those of a set, bits 1 << enum entry_state; with them. */
static uint32_t follow(uint32_t from)
{
	uint32_t before;

	do {
		before = from;
		for (unsigned int state = 0; state < ENTRY_STATES; state++)
			for (unsigned int event = 0; from >> state & 1 && event < ENTRY_EVENTS;
			     event++)
				from |= entry_rules[state][event].next;
	} while (from != before);
	return from;
}

/* From any state a target comes to its end, which is ENTRY_DONE, and is forgotten in the end. */
TEST(every_state_is_reached_and_left)
{
	ck_assert_uint_eq(follow(1u << ENTRY_NONE), (1u << ENTRY_STATES) - 1);
	for (unsigned int state = 0; state < ENTRY_STATES; state++)
		ck_assert_uint_ne(follow(1u << state) & 1u << ENTRY_NONE, 0);
	for (unsigned int event = 0; event < ENTRY_EVENTS; event++)
		ck_assert_uint_eq(entry_rules[ENTRY_DONE][event].next
				  & ~(1u << ENTRY_DONE | 1u << ENTRY_NONE), 0);
	/* However it is when the scan ends. */
	for (unsigned int state = ENTRY_NONE + 1; state < ENTRY_DONE; state++)
		ck_assert_uint_eq(entry_rules[state][ENTRY_ON_FLUSH].next, 1u << ENTRY_DONE);
}

/* ---- walks --------------------------------------------------------------------------------- */

#define SYNS 512
#define WALK 4000
#define WALKS 400

static struct rng rng;
static struct syn syns[SYNS];		/* that may be answered */
static unsigned int n_syns;
static bool seen[ENTRY_STATES][ENTRY_EVENTS];
static uint64_t next_k;

static void look(void *arg, const struct entry *en, enum entry_state from, enum entry_event event,
		 uint64_t now_ns)
{
	(void)arg, (void)now_ns;
	seen[from][event] = true;
	ck_assert_msg(entry_rules[from][event].next >> en->state & 1, "%s: %s: then %s",
		      entry_states[from].name, entry_events[event], entry_states[en->state].name);
	ck_assert_uint_le(en->nflows, plan_flows(&core.s.facts.plan));
}

static struct syn *next_syn(void)
{
	return &syns[n_syns++ % SYNS];
}

static void sweep_some(void)
{
	struct window *w = &core.s.senders[0].window;

	if (next_k == core.s.facts.order.positions)
		return;
	for (unsigned int arm = 0; arm < w->arms; arm++)
		core_send_arm(&core, next_k, arm, 0, next_syn());
	if (rng_below(&rng, 8) == 0)
		window_mark(w, next_k, WINDOW_UNKNOWN);
	next_k++;
}

/* The sweep is done with some positions more. */
static void retire_some(void)
{
	struct window *w = &core.s.senders[0].window;

	w->tail += rng_below(&rng, next_k - w->tail + 1);
}

/* What was sent, may be on its way, is given up, or stays in the ring. */
static void follow_up(void)
{
	struct followup f;
	_Atomic uint64_t *stamp;

	if (entry_cache_first(&answers.cookies.cache, ENTRY_HOP) && rng_below(&rng, 8) == 0)
		while (ring_pop(&core.s.senders[0].followups, &f))
			;
	if (!core_send_followup(&core, &f, next_syn()))
		return;
	stamp = &core.s.stamps[f.slot];
	if (rng_below(&rng, 8) == 0)
		atomic_store(stamp, STAMP_NOT_SENT);
	else if (rng_below(&rng, 8) == 0)
		atomic_store(stamp, core.now_ns | STAMP_LEAVING);
}

/* What was on its way is out. */
static void leave(void)
{
	for (uint32_t i = 0; i < core.s.facts.slots; i++) {
		uint64_t stamp = atomic_load(&core.s.stamps[i]);

		if (stamp != STAMP_NOT_SENT && stamp & STAMP_LEAVING)
			atomic_store(&core.s.stamps[i], stamp & ~STAMP_LEAVING);
	}
}

static void answer_some(void)
{
	static const char *const opts[] = { OPTS_NONE, OPTS_COOKIE, OPTS_OTHER, OPTS_EXP };
	unsigned int n = n_syns < SYNS ? n_syns : SYNS;
	/* Whose connection is carried on answers often. */
	bool newest = core.s.facts.plan.name == PLAN_COMPLETE && rng_below(&rng, 2);
	const struct syn *syn = &syns[newest ? (n_syns - 1) % SYNS : n ? rng_below(&rng, n) : 0];
	uint8_t bytes[WIRE_MAX];
	uint32_t acked = rng_below(&rng, 2) ? syn->p.tcp.payload_len : 0;
	struct answer_spec spec = { TCP_ACK, acked, NULL, 40, 0 };

	if (!n || !syn->len)
		return;
	switch (rng_below(&rng, 8)) {
	case 0:
		take(bytes, core_answer(syn, RESET(acked), bytes));
		break;
	case 1:
		take(bytes, core_icmp(syn, 3, 13, bytes));
		break;
	case 3:
	case 4:
		take(bytes, core_icmp(syn, 11, 0, bytes));
		break;
	case 2:
		spec.flags |= rng_below(&rng, 2) ? TCP_FIN : 0;
		take(bytes, core_answer(syn, &spec, bytes));
		break;
	default:
		take(bytes, core_answer(syn, SYNACK(opts[rng_below(&rng, 4)], acked), bytes));
		break;
	}
}

#define DISTANCE 4

/* The newest SYN, as a path of few hops that takes cookies out answers it, or some of it. */
static void answer_as_path(void)
{
	const struct syn *syn = &syns[(n_syns - 1) % SYNS];
	uint8_t bytes[WIRE_MAX];
	unsigned int ttl = syn->frame[CRAFT_LINK_LEN + 8];
	bool has_option = ttl && syn->p.tcp.opts_len > 12;

	if (!syn->len || (has_option && ttl < DISTANCE && rng_below(&rng, 4)))
		return;
	if (ttl < DISTANCE)
		take(bytes, core_icmp(syn, 11, 0, bytes));
	else if (ttl < 64 || syn->p.tcp.payload_len == 0)
		take(bytes, core_answer(syn, SYNACK(has_option && ttl == 64 ? OPTS_COOKIE
						    : OPTS_NONE, 0), bytes));
}

/* What the entry waits to send, if anything. */
static struct validate_match due_of(const struct entry *en)
{
	const struct trail *t = en->trail;
	struct validate_match m = {
		.kind = en->want.kind, .attempt = (uint8_t)(en->want.attempt + en->tried),
	};

	if (!t)
		return m;
	m.kind = PROBE_HOP;
	m.attempt = t->probe.attempt;
	m.hop.kind = en->flows[t->flow].kind;
	m.hop.attempt = t->attempt;
	m.hop.ttl = t->probe.ttl;
	m.hop.feature = t->probe.feature;
	return m;
}

/* As a capture would show it, whatever state its entry is in. */
static void show_some(void)
{
	enum entry_state state = ENTRY_SWEEP + (unsigned int)rng_below(&rng, ENTRY_DONE);
	struct validate_match m;
	struct entry *en = next_k ? cookies_find(&answers.cookies, rng_below(&rng, next_k)) : NULL;

	if (rng_below(&rng, 2))
		en = entry_cache_first(&answers.cookies.cache, state);
	if (!en)
		return;
	m = due_of(en);
	cookies_sent(&answers.cookies, en, &m, core.now_ns);
}

static void walk(void)
{
	static const uint64_t spans[] = {
		0, 1, PLAN_GAP_NS, PLAN_TEARDOWN_DELAY_NS, PLAN_LINGER_NS, CORE_TIMEOUT_NS,
	};

	switch (rng_below(&rng, 10)) {
	case 0:
		sweep_some();
		break;
	case 1:
		retire_some();
		break;
	case 2:
	case 3:
		if (answers.cookies.sees_sent)
			show_some();
		follow_up();
		break;
	case 4:
		leave();
		break;
	case 5:
		elapse(spans[rng_below(&rng, N_OF(spans))]);
		/* A search on a path takes many time-outs. */
		if (core.s.facts.plan.name == PLAN_LOCATE && rng_below(&rng, 2))
			elapse(CORE_TIMEOUT_NS);
		break;
	case 6:
		if (rng_below(&rng, 4) == 0)
			show_some();
		else if (core.s.facts.plan.name == PLAN_LOCATE && rng_below(&rng, 200) == 0)
			loss_log_add(&core.s.rx.part[0].losses, core.now_ns, core.now_ns + 1);
		break;
	default:
		if (core.s.facts.plan.name == PLAN_LOCATE && rng_below(&rng, 8))
			answer_as_path();
		else
			answer_some();
		break;
	}
}

/* Of each plan; every other with the end of sending, or of a capture that lacks what was sent. */
static void walk_once(unsigned int seed)
{
	unsigned int of_plan = seed / 5;
	const struct core_setup o = {
		.plan = (enum plan_name)(seed % 5), .slots = of_plan % 2 ? 16 : 64, .ring = 8,
	};

	rng = (struct rng){ seed };
	n_syns = 0;
	next_k = 0;
	memset(syns, 0, sizeof(syns));
	begin_with(&o);
	core.s.facts.plan.confirm = o.plan != PLAN_LOCATE || of_plan % 2;
	core.config.probing.confirm_ns = CORE_TIMEOUT_NS;
	answers.cookies.sees_sent = of_plan % 4 == 3;
	answers.cookies.step = look;
	for (unsigned int i = 0; i < WALK; i++) {
		if (i == WALK - WALK / 8 && of_plan / 2 % 2)
			atomic_store(&core.s.control.stop, STOP_SENDING);
		walk();
	}
	cookies_flush(&answers.cookies, core.now_ns);
	ck_assert_uint_eq(cookies_pending(&answers.cookies), 0);
	end();
}

/*
 * Data taken, and the newer probe refused or silent: only the sweep of data, whose cookie is a
 * file's, and blind shows that. While a connection is carried on, one more request that was silent
 * is answered (--requests). What is located has all its other answers, as a rule; few walks come as
 * far as a rest (test_hops.c).
 */
static bool is_rare(unsigned int state, unsigned int event)
{
	if (state == ENTRY_CARRY)
		return event == ENTRY_ON_ACCEPTED;
	if (state == ENTRY_HOP_REST)
		return true;
	if (state == ENTRY_HOP_GAP || state == ENTRY_HOP)
		return event == ENTRY_ON_ACCEPTED || event == ENTRY_ON_REFUSED
		       || event == ENTRY_ON_OVERTAKEN;
	return state == ENTRY_TEARDOWN && (event == ENTRY_ON_REFUSED
					   || event == ENTRY_ON_OVERTAKEN);
}

/* No walk leaves the table, and there is no rule that none takes. */
TEST(walks_keep_to_the_table)
{
	for (unsigned int seed = 0; seed < WALKS; seed++)
		walk_once(seed);
	for (unsigned int state = 0; state < ENTRY_STATES; state++)
		for (unsigned int event = 0; event < ENTRY_EVENTS; event++)
			ck_assert_msg(is_rare(state, event) || seen[state][event]
				      == (entry_rules[state][event].next != 0), "%s: %s",
				      entry_states[state].name, entry_events[event]);
}
