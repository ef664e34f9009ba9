/*
 * entry: a target in the cookie cache: the evidence, the cookie with the source address that it is
 * bound to, and the probe that is due; and the table of its states, entry_states.def, as values:
 * which action an event brings in a state, and which states may follow. cookies.c goes by it. The
 * receive threads', under the part's lock. Times are the run's clock.
 */
#ifndef TFOMAP_ENTRY_H
#define TFOMAP_ENTRY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "conn.h"
#include "evidence.h"
#include "target.h"
#include "plan.h"

struct trail;

enum entry_state {
#define STATE(id, name, clock, hears, waits_for) ENTRY_##id,
#include "cache/entry_states.def"
	ENTRY_STATES
};

enum entry_event {
#define EVENT(id, what) ENTRY_ON_##id,
#include "cache/entry_states.def"
	ENTRY_EVENTS
};

enum entry_action {
#define ACTION(id, what) ENTRY_DO_##id,
#include "cache/entry_states.def"
	ENTRY_ACTIONS
};

/* Whose time ends the wait in a state. */
enum entry_clock { ENTRY_CLOCK_NONE, ENTRY_CLOCK_NOW, ENTRY_CLOCK_SENDING, ENTRY_CLOCK_READ };

struct entry_state_type {
	const char *name;
	enum entry_clock clock;
	bool hears;			/* what a server that took data says is noted */
};

struct entry_rule {
	enum entry_action action;
	uint16_t next;			/* bits 1 << enum entry_state; 0: there is no such rule */
};

extern const struct entry_state_type entry_states[ENTRY_STATES];
extern const char *const entry_events[ENTRY_EVENTS];
extern const struct entry_rule entry_rules[ENTRY_STATES][ENTRY_EVENTS];

/* Bits 1 << enum entry_event: what cannot happen in that state. */
extern const uint32_t entry_never[ENTRY_STATES];

struct entry {
	uint64_t k, x;			/* position in the sweep, index of the target */
	struct target target;
	struct addr source, elsewhere;	/* as in evidence */
	uint64_t due_ns;		/* when its wait ends; UNDER_WAY: when it was requested */
	uint64_t before_ns;		/* UNDER_WAY: when the last attempt but one was sent */
	_Atomic uint64_t *stamp;	/* UNDER_WAY: what became of the last one (sender.h) */
	uint32_t prev, next;		/* in its queue */
	uint8_t state;			/* enum entry_state */
	uint8_t tried;			/* attempts of the wanted flow that were requested */
	uint8_t nflows;
	uint8_t round;			/* 0; 1: the verdict is tested again */
	uint8_t first_verdict;		/* round 1: of round 0 */
	bool gave;			/* a cookie, and is counted for that (rx_status.h) */
	uint16_t sent_before;		/* round 1: SYNs of round 0 */
	uint16_t resets;		/* what was reset for it */
	uint16_t sent_hops;		/* hop probes that were requested */
	struct trail *trail;		/* heap, owned: plan locate's search; NULL: none
					 * is under way */
	const struct locate *locate;	/* in there */
	struct plan_want want;		/* GAP, UNDER_WAY */
	struct conn conn;		/* CARRY: of the newest flow */
	struct flow *flows;		/* plan_flows(): those sent; UNDER_WAY: the last is so */
};

/* What is known of the entry's target. Lives as long as the entry does not change. */
struct evidence entry_evidence(const struct entry *en);

/* The newest flow, of one that has any. */
static inline struct flow *entry_newest(const struct entry *en)
{
	return &en->flows[en->nflows - 1];
}

/* f is the flow whose connection is carried on. */
static inline bool entry_carries(const struct entry *en, const struct flow *f)
{
	return en->state == ENTRY_CARRY && f == entry_newest(en);
}

/* f is the flow whose probe is under way. */
static inline bool entry_is_under_way(const struct entry *en, const struct flow *f)
{
	return en->state == ENTRY_UNDER_WAY && f == entry_newest(en);
}

/* A flow of the sweep's other arm, in the order of sending. */
struct flow *entry_add_arm(struct entry *en, const struct flow *flow);

/* Whether some probe took data, and what the server says to it is not yet waited for. */
bool entry_took_data(const struct entry *en);

/*
 * Whether f, a flow of the entry, took data, and what the server says to it is waited for: its
 * connection stays open until then.
 */
bool entry_hears(const struct entry *en, const struct flow *f);

/* Whether the server had its time to answer f: what comes now may be to our ACK. */
bool entry_has_heard(const struct entry *en, const struct flow *f);

#endif
