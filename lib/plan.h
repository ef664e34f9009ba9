/*
 * plan: which probes a target gets: those of the sweep, sent to all, and, as a pure function of
 * what is known of it, which one it still needs. A probe goes out only if it can still change the
 * verdict.
 */
#ifndef TFOMAP_PLAN_H
#define TFOMAP_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "evidence.h"

#define PLAN_GAP_NS	20000000ull	/* one target's probes are at least this far apart */
#define PLAN_LINGER_NS	1000000000ull	/* after a RST or an ICMP error: an injected one comes
					 * before the SYN/ACK, by less than a round trip */
#define PLAN_TEARDOWN_DELAY_NS	200000000ull	/* after SYN data was taken: the server's answer
					 * to it is awaited before the reset */
#define PLAN_REST_NS	1000000000ull	/* so much longer than a time-out a hop is left alone
					 * that may limit its ICMP */
#define PLAN_ARMS_MAX	2
#define PLAN_FOLLOWUP_RETRIES_MIN	2

#define PLAN_REQUESTS_MAX	16

/* Flows that a target can have, of each kind as many as its row says; more requests beside. */
enum {
	PLAN_KIND_FLOWS = 0
#define PROBE(id, counter, name, option, payload, sweep, flows, doc) +(flows)
#include "probe.def"
#undef PROBE
};

/* Bits 1 << enum probe_kind: what a sweep can send, and which kinds request a cookie. */
enum plan_kinds {
	PLAN_SWEEP_KINDS = 0
#define PROBE(id, counter, name, option, payload, sweep, flows, doc) | (sweep) << PROBE_##id
#include "probe.def"
#undef PROBE
	,
	PLAN_REQUEST_KINDS = 0
#define PROBE(id, counter, name, option, payload, sweep, flows, doc)                           \
	| (PROBE_OPTION_##option == PROBE_OPTION_REQUEST                                       \
	   || PROBE_OPTION_##option == PROBE_OPTION_REQUEST_EXP) << PROBE_##id
#include "probe.def"
#undef PROBE
};

enum plan_name {
	PLAN_SURVEY,		/* request; data to who gave a cookie */
	PLAN_PATH,		/* syn and request; then what shows where it breaks */
	PLAN_FULL,		/* the same, and what shows how the server takes cookies */
	PLAN_LOCATE,		/* path, then hop by hop where something is wrong (locate.h) */
	PLAN_COMPLETE,		/* survey; then the response is read, over TFO and without */
};

struct plan {
	enum plan_name name;
	uint32_t sweep;			/* bits 1 << enum probe_kind, plan_sweep_fault() has none:
					 * what the sweep sends; 0: what the plan says */
	unsigned int retries;		/* of the sweep's probes to the silent, 0..15 */
	bool payload;			/* there is one: else no probe that carries data is sent */
	bool confirm;			/* a blocked verdict is tested in a second round */
	bool borrows;			/* full: there may be two addresses of ours for a target */
	unsigned int requests;		/* so many, one after the other, to who gives cookies:
					 * 1..PLAN_REQUESTS_MAX; 0: as 1 */
};

struct plan_want {
	uint8_t kind;			/* enum probe_kind */
	uint8_t attempt;		/* the first attempt number of this flow */
	struct tfo_option cookie;	/* to be sent; absent where the kind sends none. FORGED: of
					 * this kind and length, the bytes are the caller's */
};

/* What keeps a set of kinds, and of how many, from being a sweep's. */
enum plan_fault {
	PLAN_SOUND,
	PLAN_MANY,		/* more than PLAN_ARMS_MAX */
	PLAN_FOLLOWS,		/* a kind that follows what a target answered */
	PLAN_DATA_BESIDE,	/* data beside what it takes the place of, a request */
};

enum plan_fault plan_sweep_fault(uint32_t kinds);

/* It looks why something fails, and tests what it finds once more. */
static inline bool plan_is_deep(enum plan_name name)
{
	return name == PLAN_PATH || name == PLAN_FULL || name == PLAN_LOCATE;
}

/* The kinds of the sweep, bits 1 << enum probe_kind. */
static inline uint32_t plan_sweep(const struct plan *p)
{
	if (p->sweep)
		return p->sweep;
	return plan_is_deep(p->name) ? 1u << PROBE_SYN | 1u << PROBE_DATA : 1u << PROBE_DATA;
}

/*
 * How many kinds the sweep sends to each target, and which, in the order of probe.def. data is
 * sent where a cookie is known before, and request where none is.
 */
static inline unsigned int plan_arms(const struct plan *p)
{
	uint32_t sweep = plan_sweep(p);

	return 1 + ((sweep & (sweep - 1)) != 0);
}

static inline enum probe_kind plan_arm_kind(const struct plan *p, unsigned int arm, bool known)
{
	uint32_t sweep = plan_sweep(p);
	enum probe_kind kind;

	if (arm > 0)
		sweep &= sweep - 1;
	kind = (enum probe_kind)__builtin_ctz(sweep);
	/* Without a payload there is no data, known cookie or not. */
	return kind == PROBE_DATA && !(known && p->payload) ? PROBE_REQUEST : kind;
}

/* Most flows that a target can have. */
unsigned int plan_flows(const struct plan *p);

/* Attempts of one follow-up flow. */
static inline unsigned int plan_followup_attempts(const struct plan *p)
{
	return 1 + (p->retries > PLAN_FOLLOWUP_RETRIES_MIN ? p->retries
		    : PLAN_FOLLOWUP_RETRIES_MIN);
}

/*
 * How long it can take from a target's first SYN to its row, where every answer comes at the last
 * moment and no packet waits for the rate. confirm_ns: the wait before the second round, where
 * there is one.
 */
uint64_t plan_longest_ns(const struct plan *p, uint64_t timeout_ns, uint64_t confirm_ns);

/* How many attempts of each kind there can be (validate_init()). */
void plan_attempts(const struct plan *p, uint8_t attempts[static PROBE_KINDS]);

/* Most flows of a kind that a target gets. */
static inline unsigned int plan_kind_flows(const struct plan *p, enum probe_kind kind)
{
	unsigned int more = p->requests > 1 && PLAN_REQUEST_KINDS >> kind & 1 ? p->requests - 1 : 0;

	return probe_types[kind].flows + more;
}

/* Which flow of its kind an attempt belongs to: 0 the first, ... */
unsigned int plan_generation(const struct plan *p, uint8_t attempt);

/*
 * The next probe for a target of which nothing is under way, in that round (0 the first). False:
 * its row can be written.
 */
bool plan_next(const struct plan *p, const struct evidence *ev, unsigned int round,
	       struct plan_want *w);

/* Whether the connection of the newest flow, which a SYN/ACK opened, is carried on (conn.h). */
bool plan_carries_on(const struct plan *p, const struct evidence *ev);

#endif
