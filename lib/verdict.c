#include "verdict.h"

#include <stdbool.h>
#include <stddef.h>

const struct verdict_type verdict_types[VERDICTS] = {
#define VERDICT(id, name, rule) [VERDICT_##id] = { name, rule },
#include "verdict.def"
#undef VERDICT
};

const char *const condition_names[CONDITIONS] = {
#define CONDITION(id, name) [CONDITION_##id] = name,
#include "condition.def"
#undef CONDITION
};

_Static_assert(CONDITIONS <= 32, "conditions are bits of a uint32_t");

/* How much of the payload a SYN/ACK acknowledges. */
enum extent {
	EXTENT_NO_SYNACK, EXTENT_NONE, EXTENT_PART, EXTENT_ALL,
};

/* What the rules ask of the evidence; of each kind the newest flow. */
struct facts {
	const struct flow *flow[PROBE_KINDS];	/* NULL: not sent */
	bool sa[PROBE_KINDS];			/* a SYN/ACK answered it */
	bool blk[PROBE_KINDS];			/* sent, and no SYN/ACK */
	bool any_answer, any_sa, any_rst;	/* of all flows */
	bool asked;				/* a request was sent */
	bool cookie;				/* a request gave a usable cookie */
	bool odd;				/* a request's SYN/ACK had any other TFO option */
};

static enum extent extent_of(const struct flow *f)
{
	if (!f || f->reply.class != REPLY_SYNACK)
		return EXTENT_NO_SYNACK;
	if (f->reply.acked == 0)
		return EXTENT_NONE;
	return f->reply.acked < f->dlen ? EXTENT_PART : EXTENT_ALL;
}

/* The SYN/ACK to f has one. */
static bool has_tfo(const struct flow *f)
{
	return f->reply.tfo.state != TFO_ABSENT;
}

static bool came_late(const struct flow *f)
{
	return f->sent_ns && f->reply.time_ns >= f->sent_ns
		&& f->reply.time_ns - f->sent_ns >= EVIDENCE_LATE_NS;
}

static void facts_add_request(struct facts *k, enum probe_kind kind)
{
	const struct flow *f = k->flow[kind];

	k->asked |= f != NULL;
	if (!k->sa[kind])
		return;
	k->cookie |= evidence_gives(f);
	k->odd |= has_tfo(f) && !evidence_gives(f);
}

static void facts_gather(struct facts *k, const struct evidence *ev)
{
	*k = (struct facts){ .asked = false };
	for (unsigned int i = 0; i < ev->nflows; i++) {
		const struct flow *f = &ev->flows[i];
		enum reply_class class = f->reply.class;

		k->flow[f->kind] = f;
		k->sa[f->kind] = class == REPLY_SYNACK;
		k->blk[f->kind] = class != REPLY_SYNACK;
		k->any_answer |= class != REPLY_NONE;
		k->any_sa |= class == REPLY_SYNACK;
		k->any_rst |= class == REPLY_RST;
	}
	facts_add_request(k, PROBE_REQUEST);
	facts_add_request(k, PROBE_REQUEST_EXP);
}

/*
 * The rules: one function for each row of verdict.def, named by its id. Each may rely on the
 * rules before it not fitting.
 */
static bool fits_OFFLINE(const struct facts *k)
{
	return !k->any_answer;
}

static bool fits_UNREACHABLE(const struct facts *k)
{
	return !k->any_sa && !k->any_rst;
}

static bool fits_CLOSED(const struct facts *k)
{
	return !k->any_sa && k->any_rst;
}

static bool fits_BLACKHOLED(const struct facts *k)
{
	return k->sa[PROBE_SYN] && k->blk[PROBE_RECHECK];
}

/* A sweep of the user's choice: request-exp alone is the request, blind alone the baseline. */
static bool fits_REQUEST_BLOCKED(const struct facts *k)
{
	bool baseline = k->flow[PROBE_SYN] ? k->sa[PROBE_SYN] : k->sa[PROBE_BLIND];

	if (!k->flow[PROBE_REQUEST])
		return k->blk[PROBE_REQUEST_EXP] && baseline;
	return k->blk[PROBE_REQUEST] && (baseline || k->sa[PROBE_REQUEST_EXP]);
}

static bool fits_TRANSIENT(const struct facts *k)
{
	return k->blk[PROBE_SYN] && k->blk[PROBE_RECHECK];
}

/* An echo of what a request sent is an empty option. */
static bool fits_ODD_COOKIE(const struct facts *k)
{
	return !k->cookie && k->odd;
}

/*
 * Where no request was sent, nothing was asked, so it is not the server that has no cookie. But
 * `data` without a request carries a cookie of an earlier run, and its answer decides below.
 */
static bool fits_UNKNOWN(const struct facts *k)
{
	if (!k->asked)
		return !k->flow[PROBE_DATA];
	return !k->cookie && k->sa[PROBE_REQUEST] && came_late(k->flow[PROBE_REQUEST]);
}

static bool fits_NO_COOKIE(const struct facts *k)
{
	return k->asked && !k->cookie;
}

static bool fits_COOKIE_ONLY(const struct facts *k)
{
	return k->cookie && !k->flow[PROBE_DATA];
}

static bool fits_ACCEPTED(const struct facts *k)
{
	return extent_of(k->flow[PROBE_DATA]) == EXTENT_ALL;
}

static bool fits_COOKIELESS(const struct facts *k)
{
	return fits_ACCEPTED(k) && extent_of(k->flow[PROBE_BLIND]) == EXTENT_ALL;
}

static bool fits_UNCHECKED(const struct facts *k)
{
	return fits_ACCEPTED(k) && extent_of(k->flow[PROBE_FORGED]) == EXTENT_ALL;
}

static bool fits_PARTIAL(const struct facts *k)
{
	return extent_of(k->flow[PROBE_DATA]) == EXTENT_PART;
}

static bool fits_REFUSED(const struct facts *k)
{
	return extent_of(k->flow[PROBE_DATA]) == EXTENT_NONE
		&& has_tfo(k->flow[PROBE_DATA]);
}

static bool fits_IGNORED(const struct facts *k)
{
	return extent_of(k->flow[PROBE_DATA]) == EXTENT_NONE
		&& !has_tfo(k->flow[PROBE_DATA]);
}

static bool fits_DATA_BLOCKED(const struct facts *k)
{
	return k->blk[PROBE_DATA] && k->blk[PROBE_BLIND] && k->sa[PROBE_BARE];
}

static bool fits_COOKIE_BLOCKED(const struct facts *k)
{
	return k->blk[PROBE_DATA] && k->blk[PROBE_BARE] && k->sa[PROBE_BLIND];
}

static bool fits_ACCEPTANCE_BLOCKED(const struct facts *k)
{
	return k->blk[PROBE_DATA] && k->sa[PROBE_BLIND] && k->sa[PROBE_BARE]
		&& k->sa[PROBE_FORGED];
}

static bool fits_SECOND_BLOCKED(const struct facts *k)
{
	return k->blk[PROBE_DATA];
}

static bool (*const rules[VERDICTS])(const struct facts *k) = {
#define VERDICT(id, name, rule) [VERDICT_##id] = fits_##id,
#include "verdict.def"
#undef VERDICT
};

enum verdict verdict_decide(const struct evidence *ev)
{
	struct facts k;
	unsigned int v = 0;

	facts_gather(&k, ev);
	while (v < VERDICTS && !rules[v](&k))
		v++;
	return v;
}

/*
 * The baseline is `syn`, or `recheck` where that failed; without it `blind` and the requests are;
 * and where none was sent (a cookie of an earlier run), `data` itself, as nothing else can tell.
 */
static bool baseline_works(const struct facts *k)
{
	if (k->flow[PROBE_SYN])
		return k->sa[PROBE_SYN] || k->sa[PROBE_RECHECK];
	if (k->sa[PROBE_BLIND])
		return true;
	if (k->asked)
		return k->sa[PROBE_REQUEST] || k->sa[PROBE_REQUEST_EXP];
	return k->sa[PROBE_DATA];
}

static uint32_t connectivity(const struct facts *k)
{
	static const enum condition by_baseline_experimental[2][2] = {
		{ CONDITION_CONNECTIVITY_OFFLINE, CONDITION_CONNECTIVITY_TRANSIENT },
		{ CONDITION_CONNECTIVITY_BROKEN, CONDITION_CONNECTIVITY_WORKS },
	};
	const enum probe_kind kinds[] = { PROBE_DATA, PROBE_REQUEST, PROBE_REQUEST_EXP };

	for (unsigned int i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (k->flow[kinds[i]])
			return 1u << by_baseline_experimental[baseline_works(k)][k->sa[kinds[i]]];
	return 0;
}

static uint32_t syndata(const struct flow *data)
{
	switch (extent_of(data)) {
	case EXTENT_ALL:
		return 1u << CONDITION_SYNDATA_ACKED | 1u << CONDITION_COOKIE_ACKED;
	case EXTENT_PART:
	case EXTENT_NONE:
		return 1u << CONDITION_SYNDATA_NOT_ACKED | 1u << CONDITION_COOKIE_NOT_ACKED;
	case EXTENT_NO_SYNACK:
		break;
	}
	return 1u << CONDITION_SYNDATA_FAILED | 1u << CONDITION_COOKIE_FAILED;
}

/* not_received needs a SYN/ACK to a request: nothing else owes a cookie. */
uint32_t verdict_conditions(const struct evidence *ev)
{
	struct facts k;
	uint32_t set;

	facts_gather(&k, ev);
	set = connectivity(&k);
	if (evidence_cookie(ev))
		set |= 1u << CONDITION_COOKIE_RECEIVED;
	else if (k.sa[PROBE_REQUEST] || k.sa[PROBE_REQUEST_EXP])
		set |= 1u << CONDITION_COOKIE_NOT_RECEIVED;
	if (k.flow[PROBE_DATA])
		set |= syndata(k.flow[PROBE_DATA]);
	return set;
}

bool verdict_is_blocked(enum verdict v)
{
	return v == VERDICT_BLACKHOLED || v == VERDICT_REQUEST_BLOCKED || v == VERDICT_TRANSIENT
	       || v == VERDICT_DATA_BLOCKED || v == VERDICT_COOKIE_BLOCKED
	       || v == VERDICT_ACCEPTANCE_BLOCKED || v == VERDICT_SECOND_BLOCKED;
}
