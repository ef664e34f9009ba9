#include "plan.h"

#include <string.h>

#define BIT(kind)		(1u << (kind))

enum plan_fault plan_sweep_fault(uint32_t kinds)
{
	unsigned int n = 0;

	if (kinds & ~PLAN_SWEEP_KINDS)
		return PLAN_FOLLOWS;
	if (kinds & BIT(PROBE_DATA) && kinds & PLAN_REQUEST_KINDS)
		return PLAN_DATA_BESIDE;
	for (; kinds; kinds &= kinds - 1)
		n++;
	return n > PLAN_ARMS_MAX ? PLAN_MANY : PLAN_SOUND;
}

unsigned int plan_flows(const struct plan *p)
{
	if (p->name == PLAN_SURVEY)
		return plan_arms(p) + probe_types[PROBE_DATA].flows;
	return PLAN_FLOWS_MAX;
}

/* Whether a plan ever sends the kind: in the sweep, or to those that answered it. */
static bool sends(const struct plan *p, enum probe_kind kind)
{
	uint32_t sweep = plan_sweep(p);
	bool asks = sweep & (PLAN_REQUEST_KINDS | BIT(PROBE_DATA));
	bool deep = p->name != PLAN_SURVEY;

	if (probe_types[kind].payload && !p->payload)
		return false;
	if (sweep & BIT(PROBE_DATA))
		sweep |= BIT(PROBE_REQUEST);
	if (sweep & BIT(kind))
		return true;
	switch (kind) {
	case PROBE_DATA:
		return asks;
	case PROBE_REQUEST_EXP:
		return deep && sweep & BIT(PROBE_REQUEST);
	case PROBE_BLIND:
		return p->name == PLAN_FULL || (deep && asks);
	case PROBE_FORGED:
	case PROBE_BARE:
		return deep && asks && p->payload;
	case PROBE_RECHECK:
		return deep && sweep & BIT(PROBE_SYN) && sweep & ~BIT(PROBE_SYN);
	case PROBE_SYN:
	case PROBE_REQUEST:
	case PROBE_KINDS:
		break;
	}
	return false;
}

void plan_attempts(const struct plan *p, uint8_t attempts[static PROBE_KINDS])
{
	for (unsigned int k = 0; k < PROBE_KINDS; k++) {
		unsigned int flows = probe_types[k].flows * (1 + p->confirm);
		unsigned int n = plan_followup_attempts(p) * flows;

		/* In a survey all but data is the sweep's alone. */
		if (p->name == PLAN_SURVEY && k != PROBE_DATA)
			n = p->retries + 1;
		attempts[k] = (uint8_t)(sends(p, k) ? n : 0);
	}
}

uint64_t plan_longest_ns(const struct plan *p, uint64_t timeout_ns, uint64_t confirm_ns)
{
	unsigned int arms = plan_arms(p), flows = plan_flows(p);
	uint64_t sweep_ns = (p->retries + 1) * timeout_ns + (arms - 1) * PLAN_GAP_NS
			    + PLAN_LINGER_NS;
	uint64_t flow_ns = PLAN_GAP_NS + plan_followup_attempts(p) * timeout_ns
			   + PLAN_TEARDOWN_DELAY_NS;
	uint64_t again_ns = p->confirm ? confirm_ns + flows * flow_ns : 0;

	return sweep_ns + (flows - arms) * flow_ns + again_ns;
}

unsigned int plan_generation(const struct plan *p, uint8_t attempt)
{
	return attempt / plan_followup_attempts(p);
}

/* What is known of a target, as the rules ask for it. */
struct known {
	const struct plan *p;
	const struct flow *flow[PROBE_KINDS];	/* the newest of each kind; NULL: not sent */
	unsigned int n[PROBE_KINDS];
	bool any_synack, any_rst, any_blocked;	/* blocked: sent, and no SYN/ACK; but for syn */
	bool has_cookie;
	struct tfo_option cookie;
};

static bool synack(const struct known *k, enum probe_kind kind)
{
	return k->flow[kind] && k->flow[kind]->reply.class == REPLY_SYNACK;
}

static bool blocked(const struct known *k, enum probe_kind kind)
{
	return k->flow[kind] && k->flow[kind]->reply.class != REPLY_SYNACK;
}

static void set_cookie(struct known *k, uint8_t kind, const uint8_t *bytes, uint8_t len)
{
	k->cookie = (struct tfo_option){ .state = TFO_COOKIE, .kind = kind, .len = len };
	memcpy(k->cookie.cookie, bytes, len);
	k->has_cookie = true;
}

/*
 * The newest that was asked for: not one that came without an option, nor a forged one's echo; and
 * kind 34's, where both requests brought one.
 */
static void find_cookie(struct known *k, const struct evidence *ev)
{
	for (unsigned int i = 0; i < ev->nflows; i++) {
		const struct flow *f = &ev->flows[i];
		const struct tfo_place *given = &f->reply.tfo;

		if (!f->synkind || !evidence_gives(f)
		    || (f->kind == PROBE_REQUEST_EXP && k->has_cookie)
		    || (f->kind == PROBE_FORGED && given->len == f->synlen
			&& memcmp(reply_cookie(&f->reply), f->syncookie, given->len) == 0))
			continue;
		set_cookie(k, given->kind, reply_cookie(&f->reply), given->len);
	}
}

static void gather(struct known *k, const struct plan *p, const struct evidence *ev)
{
	*k = (struct known){ .p = p };
	for (unsigned int i = 0; i < ev->nflows; i++) {
		const struct flow *f = &ev->flows[i];

		k->flow[f->kind] = f;
		k->n[f->kind]++;
		k->any_synack |= f->reply.class == REPLY_SYNACK;
		k->any_rst |= f->reply.class == REPLY_RST;
		k->any_blocked |= f->reply.class != REPLY_SYNACK && f->kind != PROBE_SYN;
	}
	find_cookie(k, ev);
	/* One from a file came in no answer. */
	if (!k->has_cookie && k->flow[PROBE_DATA]) {
		const struct flow *data = k->flow[PROBE_DATA];

		set_cookie(k, data->synkind, data->syncookie, data->synlen);
	}
}

/* A server that refused the cookie and sent another one is asked once more with that. */
static bool refused_for_another(const struct known *k)
{
	const struct flow *data = k->flow[PROBE_DATA];

	return k->n[PROBE_DATA] == 1 && synack(k, PROBE_DATA) && data->reply.acked == 0
	       && (k->cookie.kind != data->synkind || k->cookie.len != data->synlen
		   || memcmp(k->cookie.cookie, data->syncookie, k->cookie.len) != 0);
}

/* No cookie in kind 34, from a server that answers: perhaps in the experimental one. */
static bool wants_experimental(const struct known *k)
{
	return !k->flow[PROBE_REQUEST_EXP] && !k->has_cookie
	       && (synack(k, PROBE_REQUEST) || (blocked(k, PROBE_REQUEST) && synack(k, PROBE_SYN)));
}

/* The probes around `data`; PROBE_KINDS: none. */
static enum probe_kind next_with_cookie(const struct known *k)
{
	if (k->p->name == PLAN_FULL) {
		if (!k->flow[PROBE_FORGED])
			return PROBE_FORGED;
		if (!k->flow[PROBE_BLIND])
			return PROBE_BLIND;
		if (!k->flow[PROBE_BARE])
			return PROBE_BARE;
	}
	if (!k->flow[PROBE_DATA] || refused_for_another(k))
		return PROBE_DATA;
	if (k->p->name == PLAN_SURVEY || !blocked(k, PROBE_DATA))
		return PROBE_KINDS;
	if (!k->flow[PROBE_BLIND])
		return PROBE_BLIND;
	if (!k->flow[PROBE_BARE])
		return PROBE_BARE;
	if (!k->flow[PROBE_FORGED] && synack(k, PROBE_BLIND) && synack(k, PROBE_BARE))
		return PROBE_FORGED;
	return PROBE_KINDS;
}

static bool wants_recheck(const struct known *k)
{
	if (k->flow[PROBE_RECHECK] || !k->flow[PROBE_SYN])
		return false;
	if (blocked(k, PROBE_SYN))
		return synack(k, PROBE_REQUEST) || synack(k, PROBE_REQUEST_EXP);
	return k->any_blocked || (k->p->name == PLAN_FULL && k->flow[PROBE_DATA]);
}

static enum probe_kind next_kind(const struct known *k, unsigned int round)
{
	bool deep = k->p->name != PLAN_SURVEY;
	enum probe_kind kind;

	/* The sweep sent these in the first round. */
	for (unsigned int arm = 0; round > 0 && arm < plan_arms(k->p); arm++) {
		kind = plan_arm_kind(k->p, arm, false);
		if (!k->flow[kind])
			return kind;
	}
	if (deep && wants_experimental(k))
		return PROBE_REQUEST_EXP;
	if (k->has_cookie && k->p->payload && !blocked(k, PROBE_REQUEST)) {
		kind = next_with_cookie(k);
		if (kind != PROBE_KINDS)
			return kind;
	}
	if (k->p->name == PLAN_FULL && k->p->payload && !k->any_synack && k->any_rst
	    && !k->flow[PROBE_BLIND])
		return PROBE_BLIND;
	return deep && wants_recheck(k) ? PROBE_RECHECK : PROBE_KINDS;
}

bool plan_next(const struct plan *p, const struct evidence *ev, unsigned int round,
	       struct plan_want *w)
{
	unsigned int generation;
	enum probe_kind kind;
	struct known k;

	gather(&k, p, ev);
	kind = next_kind(&k, round);
	if (kind == PROBE_KINDS)
		return false;
	w->kind = (uint8_t)kind;
	generation = round * probe_types[kind].flows + k.n[kind];
	w->attempt = (uint8_t)(generation * plan_followup_attempts(p));
	w->cookie = k.cookie;
	probe_option(kind, &w->cookie);
	return true;
}
