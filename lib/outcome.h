/*
 * outcome: what became of a target's probes, kind by kind: what plan and verdict both need of the
 * evidence. Of several flows of a kind the newest counts. The words are those of verdict.def's
 * rules; a rule in brackets is served by the question above it.
 */
#ifndef TFOMAP_OUTCOME_H
#define TFOMAP_OUTCOME_H

#include <stdbool.h>
#include <stdint.h>

#include "evidence.h"

struct outcomes {
	const struct flow *flow[PROBE_KINDS];	/* the newest of each kind; NULL: not sent; of
						 * requests that gave a cookie the newest of them */
	const struct flow *latest[PROBE_KINDS];	/* the newest of each kind, whatever it gave */
	const struct flow *first[PROBE_KINDS];	/* likewise, the oldest */
	uint8_t n[PROBE_KINDS];	/* flows of each kind */
	uint32_t requests;	/* bits 1 << enum probe_kind: those sent that request a cookie */
	uint8_t came;		/* bits 1 << enum reply_class: what answered some flow; REPLY_NONE:
				 * some flow is silent */
	bool stripped;		/* an ICMP quote lacks the TFO option that its SYN had */
};

/* ev's flows must outlive *o, which points to them. */
void outcome_gather(struct outcomes *o, const struct evidence *ev);

/* "SYN/ACK": a SYN/ACK answered the kind. */
static inline bool outcome_has_synack(const struct outcomes *o, enum probe_kind kind)
{
	return o->flow[kind] && flow_has_synack(o->flow[kind]);
}

/* "SYN/ACK in time": and it is no likely retransmission. [offer-blocked, kind34-blocked] */
static inline bool outcome_in_time(const struct outcomes *o, enum probe_kind kind)
{
	return outcome_has_synack(o, kind) && !flow_is_late(o->flow[kind]);
}

/* "blocked": the kind was sent, and silence after all attempts, a RST or an ICMP error followed. */
static inline bool outcome_blocked(const struct outcomes *o, enum probe_kind kind)
{
	return o->flow[kind] && !flow_has_synack(o->flow[kind]);
}

/* Whether any flow was answered so. [offline, unreachable, closed] */
static inline bool outcome_came(const struct outcomes *o, enum reply_class class)
{
	return o->came >> class & 1;
}

/* How much of the kind's payload is acknowledged. [accepted, partial, refused, ignored, ...] */
static inline enum flow_extent outcome_extent(const struct outcomes *o, enum probe_kind kind)
{
	return o->flow[kind] ? flow_extent(o->flow[kind]) : EXTENT_NO_SYNACK;
}

/*
 * The connection of `data`, carried on, died, and that of its twin did not: it brought a response.
 * [stalled]
 */
bool outcome_stalled(const struct outcomes *o);

/* A SYN/ACK answered f late, and without a TFO option. [offer-blocked] */
static inline bool outcome_is_plain_late(const struct flow *f)
{
	return flow_is_late(f) && !flow_has_option(f);
}

/* `data` was acknowledged in full, and neither `blind` nor `forged`. [accepted] */
static inline bool outcome_checks_cookies(const struct outcomes *o)
{
	return outcome_extent(o, PROBE_DATA) == EXTENT_ALL
	       && outcome_extent(o, PROBE_BLIND) != EXTENT_ALL
	       && outcome_extent(o, PROBE_FORGED) != EXTENT_ALL;
}

/* A request, of either kind, was sent. [unknown, no-cookie] */
static inline bool outcome_requested(const struct outcomes *o)
{
	return o->requests != 0;
}

/* A request was given a usable cookie. [cookie-only, and all rules on `data`] */
bool outcome_gave_cookie(const struct outcomes *o);

/* A request's SYN/ACK had a TFO option that is no usable cookie. [odd-cookie] */
bool outcome_gave_odd(const struct outcomes *o);

#endif
