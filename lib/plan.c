#include "plan.h"

#include <string.h>

#include "conn.h"
#include "locate.h"
#include "outcome.h"

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
	unsigned int data = probe_types[PROBE_DATA].flows;
	unsigned int more = p->requests > 1 ? p->requests - 1 : 0;

	if (plan_is_deep(p->name))
		return PLAN_KIND_FLOWS - probe_types[PROBE_TWIN].flows
		       - (p->borrows ? 0 : probe_types[PROBE_BORROWED].flows) + more;
	return plan_arms(p) + data + more
	       + (p->name == PLAN_COMPLETE ? probe_types[PROBE_TWIN].flows : 0);
}

/* Whether a plan ever sends the kind: in the sweep, or to those that answered it. */
static bool sends(const struct plan *p, enum probe_kind kind)
{
	uint32_t sweep = plan_sweep(p);
	bool requests = sweep & (PLAN_REQUEST_KINDS | BIT(PROBE_DATA));
	bool deep = plan_is_deep(p->name);

	if (probe_types[kind].payload && !p->payload)
		return false;
	if (sweep & BIT(PROBE_DATA))
		sweep |= BIT(PROBE_REQUEST);
	if (sweep & BIT(kind))
		return true;
	switch (kind) {
	case PROBE_DATA:
		return requests;
	case PROBE_REQUEST_EXP:
		return deep && sweep & BIT(PROBE_REQUEST);
	case PROBE_BLIND:
		return p->name == PLAN_FULL || (deep && requests);
	case PROBE_FORGED:
	case PROBE_BARE:
		return deep && requests && p->payload;
	case PROBE_RECHECK:
		return deep && sweep & BIT(PROBE_SYN) && sweep & ~BIT(PROBE_SYN);
	case PROBE_BORROWED:
		return p->name == PLAN_FULL && p->borrows && requests && p->payload;
	case PROBE_TWIN:
		return p->name == PLAN_COMPLETE && requests && p->payload;
	case PROBE_SYN:
	case PROBE_REQUEST:
	case PROBE_HOP:		/* in the place of others */
	case PROBE_KINDS:
		break;
	}
	return false;
}

void plan_attempts(const struct plan *p, uint8_t attempts[static PROBE_KINDS])
{
	for (unsigned int k = 0; k < PROBE_KINDS; k++) {
		unsigned int flows = plan_kind_flows(p, k) * (1 + p->confirm);
		unsigned int n = plan_followup_attempts(p) * flows;
		bool repeats = p->requests > 1 && PLAN_REQUEST_KINDS >> k & 1;

		/* In a survey all but data and its twin is the sweep's alone. */
		if (!plan_is_deep(p->name) && k != PROBE_DATA && k != PROBE_TWIN && !repeats)
			n = p->retries + 1;
		attempts[k] = (uint8_t)(sends(p, k) ? n : 0);
	}
}

/* A TTL takes one plain SYN at least, and half of the others' probes wait for the hop. */
static uint64_t locate_longest_ns(uint64_t timeout_ns)
{
	return LOCATE_SYNS_MAX * (PLAN_GAP_NS + timeout_ns)
	       + LOCATE_SYNS_MAX / 2 * (timeout_ns + PLAN_REST_NS);
}

uint64_t plan_longest_ns(const struct plan *p, uint64_t timeout_ns, uint64_t confirm_ns)
{
	unsigned int arms = plan_arms(p), flows = plan_flows(p);
	uint64_t sweep_ns = (p->retries + 1) * timeout_ns + (arms - 1) * PLAN_GAP_NS
			    + PLAN_LINGER_NS;
	uint64_t flow_ns = PLAN_GAP_NS + plan_followup_attempts(p) * timeout_ns
			   + PLAN_TEARDOWN_DELAY_NS;
	uint64_t again_ns = p->confirm ? confirm_ns + flows * flow_ns : 0;
	uint64_t conn_ns = p->name == PLAN_COMPLETE
			   ? 2 * CONN_LONGEST_TIMEOUTS * timeout_ns : 0;

	return sweep_ns + (flows - arms) * flow_ns + conn_ns + again_ns
	       + (p->name == PLAN_LOCATE ? locate_longest_ns(timeout_ns) : 0);
}

unsigned int plan_generation(const struct plan *p, uint8_t attempt)
{
	return attempt / plan_followup_attempts(p);
}

/* What is known of a target, as the rules need it. */
struct known {
	const struct plan *p;
	struct outcomes o;
	bool has_cookie, has_elsewhere;
	struct tfo_option cookie;
};

static void set_cookie(struct known *k, uint8_t kind, const uint8_t *bytes, uint8_t len)
{
	k->cookie = (struct tfo_option){ .state = TFO_COOKIE, .kind = kind, .len = len };
	memcpy(k->cookie.cookie, bytes, len);
	k->has_cookie = true;
}

/*
 * The newest that was requested: not one that came without an option, nor a forged one's echo; and
 * kind 34's, where both requests brought one.
 */
static void find_cookie(struct known *k, const struct evidence *ev)
{
	for (unsigned int i = 0; i < ev->nflows; i++) {
		const struct flow *f = &ev->flows[i];
		const uint8_t *cookie = reply_cookie(&f->reply);
		const struct tfo_place *given = &f->reply.tfo;

		if (f->synkind && evidence_gives(f)
		    && !(f->kind == PROBE_REQUEST_EXP && k->has_cookie)
		    && !(f->kind == PROBE_FORGED && flow_carries(f, cookie, given->len)))
			set_cookie(k, given->kind, cookie, given->len);
	}
}

static void gather(struct known *k, const struct plan *p, const struct evidence *ev)
{
	const struct flow *data;

	*k = (struct known){ .p = p };
	outcome_gather(&k->o, ev);
	k->has_elsewhere = !addr_eq(ev->elsewhere, (struct addr){ 0, 0 });
	find_cookie(k, ev);
	data = k->o.flow[PROBE_DATA];
	/* One from a file came in no answer. */
	if (!k->has_cookie && data)
		set_cookie(k, data->synkind, data->syncookie, data->synlen);
}

/* A server that refused the cookie and sent another one gets `data` once more, with that. */
static bool refused_for_another(const struct known *k)
{
	const struct flow *data = k->o.flow[PROBE_DATA];

	return k->o.n[PROBE_DATA] == 1 && flow_extent(data) == EXTENT_NONE
	       && (k->cookie.kind != data->synkind
		   || !flow_carries(data, k->cookie.cookie, k->cookie.len));
}

/*
 * An answer that is late and has no option may be the server's second try: its first one, with a
 * cookie, was lost. Or always is.
 */
static bool wants_request_again(const struct known *k)
{
	const struct outcomes *o = &k->o;

	return o->n[PROBE_REQUEST] == 1 && !k->has_cookie
	       && outcome_is_plain_late(o->flow[PROBE_REQUEST]) && outcome_in_time(o, PROBE_SYN);
}

/* The request that gives cookies goes once more, until there are so many. */
static enum probe_kind next_request(const struct known *k)
{
	static const enum probe_kind kinds[] = { PROBE_REQUEST, PROBE_REQUEST_EXP };
	const struct outcomes *o = &k->o;

	for (unsigned int i = 0; i < 2; i++) {
		const struct flow *f = o->flow[kinds[i]];

		if (f && evidence_gives(f))
			return o->n[kinds[i]] < k->p->requests && f == o->latest[kinds[i]]
			       ? kinds[i] : PROBE_KINDS;
	}
	return PROBE_KINDS;
}

/* No cookie in kind 34, from a server that answers: perhaps in the experimental one. */
static bool wants_experimental(const struct known *k)
{
	const struct outcomes *o = &k->o;

	if (o->flow[PROBE_REQUEST_EXP] || k->has_cookie)
		return false;
	return outcome_has_synack(o, PROBE_REQUEST)
	       || (outcome_blocked(o, PROBE_REQUEST) && outcome_has_synack(o, PROBE_SYN));
}

/* The first of the kinds that was not sent; PROBE_KINDS: none. */
static enum probe_kind first_unsent(const struct outcomes *o, const enum probe_kind *kinds,
				    unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		if (!o->flow[kinds[i]])
			return kinds[i];
	return PROBE_KINDS;
}

/* A server that checks cookies may check them for the client's address, or not. */
static bool wants_borrowed(const struct known *k)
{
	const struct outcomes *o = &k->o;

	return k->p->name == PLAN_FULL && k->p->borrows && k->has_elsewhere
	       && !o->flow[PROBE_BORROWED] && outcome_checks_cookies(o);
}

/* The probes around `data`; PROBE_KINDS: none. */
static enum probe_kind next_with_cookie(const struct known *k)
{
	static const enum probe_kind around[] = { PROBE_FORGED, PROBE_BLIND, PROBE_BARE };
	const struct outcomes *o = &k->o;
	enum probe_kind kind = k->p->name == PLAN_FULL ? first_unsent(o, around, 3) : PROBE_KINDS;

	if (kind != PROBE_KINDS)
		return kind;
	if (!o->flow[PROBE_DATA] || refused_for_another(k))
		return PROBE_DATA;
	if (k->p->name == PLAN_COMPLETE && !o->flow[PROBE_TWIN]
	    && outcome_has_synack(o, PROBE_DATA))
		return PROBE_TWIN;
	if (wants_borrowed(k))
		return PROBE_BORROWED;
	if (!plan_is_deep(k->p->name) || !outcome_blocked(o, PROBE_DATA))
		return PROBE_KINDS;
	kind = first_unsent(o, &around[1], 2);
	if (kind == PROBE_KINDS && !o->flow[PROBE_FORGED] && outcome_has_synack(o, PROBE_BLIND)
	    && outcome_has_synack(o, PROBE_BARE))
		return PROBE_FORGED;
	return kind;
}

/* A kind was blocked that is not the baseline. */
static bool feature_blocked(const struct outcomes *o)
{
	for (unsigned int kind = 0; kind < PROBE_KINDS; kind++)
		if (kind != PROBE_SYN && outcome_blocked(o, kind))
			return true;
	return false;
}

static bool wants_recheck(const struct known *k)
{
	const struct outcomes *o = &k->o;

	if (o->flow[PROBE_RECHECK] || !o->flow[PROBE_SYN])
		return false;
	if (outcome_blocked(o, PROBE_SYN))
		return outcome_has_synack(o, PROBE_REQUEST)
		       || outcome_has_synack(o, PROBE_REQUEST_EXP);
	return feature_blocked(o) || (k->p->name == PLAN_FULL && o->flow[PROBE_DATA]);
}

/* Full: whether data passes is tested at a closed port, too. */
static bool wants_blind_at_closed(const struct known *k)
{
	const struct outcomes *o = &k->o;

	return k->p->name == PLAN_FULL && k->p->payload && !o->flow[PROBE_BLIND]
	       && !outcome_came(o, REPLY_SYNACK) && outcome_came(o, REPLY_RST);
}

static enum probe_kind next_kind(const struct known *k, unsigned int round)
{
	bool deep = plan_is_deep(k->p->name);
	enum probe_kind kind;

	/* The sweep sent these in the first round. */
	for (unsigned int arm = 0; round > 0 && arm < plan_arms(k->p); arm++) {
		kind = plan_arm_kind(k->p, arm, false);
		if (!k->o.flow[kind])
			return kind;
	}
	if (deep && wants_request_again(k))
		return PROBE_REQUEST;
	if (deep && wants_experimental(k))
		return PROBE_REQUEST_EXP;
	kind = next_request(k);
	if (kind != PROBE_KINDS)
		return kind;
	if (k->has_cookie && k->p->payload && !outcome_blocked(&k->o, PROBE_REQUEST)) {
		kind = next_with_cookie(k);
		if (kind != PROBE_KINDS)
			return kind;
	}
	if (wants_blind_at_closed(k))
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
	generation = round * plan_kind_flows(p, kind) + k.o.n[kind];
	w->attempt = (uint8_t)(generation * plan_followup_attempts(p));
	w->cookie = k.cookie;
	probe_option(kind, &w->cookie);
	return true;
}

bool plan_carries_on(const struct plan *p, const struct evidence *ev)
{
	const struct flow *f = &ev->flows[ev->nflows - 1];
	struct known k;

	if (p->name != PLAN_COMPLETE || !flow_has_synack(f) || f->course.end != COURSE_NONE)
		return false;
	if (f->kind != PROBE_DATA)
		return f->kind == PROBE_TWIN;
	/* One that is refused for another cookie is not the last. */
	gather(&k, p, ev);
	return !refused_for_another(&k);
}
