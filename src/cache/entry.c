#include "cache/entry.h"

#include "verdict.h"

#define TO(state)	(1u << ENTRY_##state)
#define ON(event)	(1u << ENTRY_ON_##event)

const struct entry_state_type entry_states[ENTRY_STATES] = {
#define STATE(id, name_, clock_, hears_, waits_for) \
	[ENTRY_##id] = { .name = name_, .clock = ENTRY_CLOCK_##clock_, .hears = hears_ },
#include "cache/entry_states.def"
};

const char *const entry_events[ENTRY_EVENTS] = {
#define EVENT(id, what) [ENTRY_ON_##id] = what,
#include "cache/entry_states.def"
};

const struct entry_rule entry_rules[ENTRY_STATES][ENTRY_EVENTS] = {
#define RULE(state, event, action_, next_) [ENTRY_##state][ENTRY_ON_##event] = \
	{ .action = ENTRY_DO_##action_, .next = next_ },
#include "cache/entry_states.def"
};

const uint32_t entry_never[ENTRY_STATES] = {
#define NEVER(state, events) [ENTRY_##state] = events,
#include "cache/entry_states.def"
};

/* Written where the caller has it: it is asked for several times an answer. */
static inline __attribute__((always_inline)) struct evidence gather(const struct entry *en)
{
	return (struct evidence){
		.ip = en->target.ip, .source = en->source, .elsewhere = en->elsewhere,
		.port = en->target.port,
		.nflows = en->nflows, .flows = en->flows, .sent_before = en->sent_before,
		.sent_hops = en->sent_hops, .locate = en->locate,
	};
}

struct evidence entry_evidence(const struct entry *en)
{
	struct evidence ev;

	if (!en->round)
		return gather(en);
	ev = gather(en);
	ev.confirmed = verdict_decide(&ev) == (enum verdict)en->first_verdict
		       ? CONFIRMED_TRUE : CONFIRMED_FALSE;
	return ev;
}

struct flow *entry_add_arm(struct entry *en, const struct flow *flow)
{
	unsigned int at = en->nflows++;

	/* In the order of sending: syn before request. */
	for (; at > 0 && en->flows[at - 1].kind > flow->kind; at--)
		en->flows[at] = en->flows[at - 1];
	en->flows[at] = *flow;
	return &en->flows[at];
}

/*
 * Whether the server may say something to the SYN, and has given it a place in its TFO queue: it
 * took data, or a cookie without data.
 */
static bool server_took(const struct flow *f)
{
	struct tcpopts o;

	if (!flow_has_synack(f) || f->kind != PROBE_BARE)
		return flow_has_synack(f) && f->reply.acked > 0;
	evidence_options(f, &o);
	return o.tfo.state == TFO_ABSENT;
}

/* The servers' answers to the sweep's probes are waited for together, a follow-up's by itself. */
static const struct flow *first_heard(const struct entry *en)
{
	return en->tried && en->nflows ? entry_newest(en) : en->flows;
}

bool entry_took_data(const struct entry *en)
{
	for (const struct flow *f = first_heard(en); f < en->flows + en->nflows; f++)
		if (server_took(f))
			return true;
	return false;
}

bool entry_hears(const struct entry *en, const struct flow *f)
{
	return entry_carries(en, f)
	       || (entry_states[en->state].hears && f >= first_heard(en) && server_took(f));
}

bool entry_has_heard(const struct entry *en, const struct flow *f)
{
	return server_took(f) && !entry_is_under_way(en, f) && !entry_hears(en, f);
}
