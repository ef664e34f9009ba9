#include "verdict.h"

#include <stdbool.h>
#include <stddef.h>

#include "outcome.h"

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

/*
 * The rules: one function for each row of verdict.def, named by its id. Each may rely on the
 * rules before it not fitting.
 */
static bool fits_OFFLINE(const struct outcomes *o)
{
	return !(o->came & ~(1u << REPLY_NONE));
}

static bool fits_UNREACHABLE(const struct outcomes *o)
{
	return !outcome_came(o, REPLY_SYNACK) && !outcome_came(o, REPLY_RST);
}

static bool fits_CLOSED(const struct outcomes *o)
{
	return !outcome_came(o, REPLY_SYNACK) && outcome_came(o, REPLY_RST);
}

static bool fits_BLACKHOLED(const struct outcomes *o)
{
	return outcome_has_synack(o, PROBE_SYN) && outcome_blocked(o, PROBE_RECHECK);
}

/* A sweep of the user's choice: request-exp alone is the request, blind alone the baseline. */
static bool fits_REQUEST_BLOCKED(const struct outcomes *o)
{
	bool baseline = outcome_has_synack(o, o->flow[PROBE_SYN] ? PROBE_SYN : PROBE_BLIND);

	if (!o->flow[PROBE_REQUEST])
		return outcome_blocked(o, PROBE_REQUEST_EXP) && baseline;
	return outcome_blocked(o, PROBE_REQUEST)
		&& (baseline || outcome_has_synack(o, PROBE_REQUEST_EXP));
}

static bool fits_TRANSIENT(const struct outcomes *o)
{
	return outcome_blocked(o, PROBE_SYN) && outcome_blocked(o, PROBE_RECHECK);
}

/* An echo of what a request sent is an empty option. */
static bool fits_ODD_COOKIE(const struct outcomes *o)
{
	return !outcome_gave_cookie(o) && outcome_gave_odd(o);
}

/* SYN/ACKs with the option get lost: what comes is the server's second try, without it. */
static bool fits_OFFER_BLOCKED(const struct outcomes *o)
{
	return !outcome_gave_cookie(o) && o->n[PROBE_REQUEST] > 1
		&& outcome_is_plain_late(o->first[PROBE_REQUEST])
		&& outcome_is_plain_late(o->flow[PROBE_REQUEST])
		&& outcome_in_time(o, PROBE_SYN);
}

/*
 * Where no request was sent it is not the server that has no cookie. But
 * `data` without a request carries a cookie of an earlier run, and its answer decides below.
 */
static bool fits_UNKNOWN(const struct outcomes *o)
{
	if (!outcome_requested(o))
		return !o->flow[PROBE_DATA];
	return !outcome_gave_cookie(o) && o->flow[PROBE_REQUEST]
		&& flow_is_late(o->flow[PROBE_REQUEST]);
}

static bool fits_OPTION_STRIPPED(const struct outcomes *o)
{
	return outcome_requested(o) && !outcome_gave_cookie(o) && o->stripped;
}

static bool fits_NO_COOKIE(const struct outcomes *o)
{
	return outcome_requested(o) && !outcome_gave_cookie(o);
}

static bool fits_COOKIE_ONLY(const struct outcomes *o)
{
	return outcome_gave_cookie(o) && !o->flow[PROBE_DATA];
}

static bool fits_ACCEPTED(const struct outcomes *o)
{
	return outcome_extent(o, PROBE_DATA) == EXTENT_ALL;
}

static bool fits_STALLED(const struct outcomes *o)
{
	return fits_ACCEPTED(o) && outcome_stalled(o);
}

static bool fits_COOKIELESS(const struct outcomes *o)
{
	return fits_ACCEPTED(o) && outcome_extent(o, PROBE_BLIND) == EXTENT_ALL;
}

static bool fits_UNCHECKED(const struct outcomes *o)
{
	return fits_ACCEPTED(o) && outcome_extent(o, PROBE_FORGED) == EXTENT_ALL;
}

static bool fits_PARTIAL(const struct outcomes *o)
{
	return outcome_extent(o, PROBE_DATA) == EXTENT_PART;
}

static bool fits_REFUSED(const struct outcomes *o)
{
	return outcome_extent(o, PROBE_DATA) == EXTENT_NONE
		&& flow_has_option(o->flow[PROBE_DATA]);
}

static bool fits_IGNORED(const struct outcomes *o)
{
	return outcome_extent(o, PROBE_DATA) == EXTENT_NONE
		&& !flow_has_option(o->flow[PROBE_DATA]);
}

static bool fits_DATA_BLOCKED(const struct outcomes *o)
{
	return outcome_blocked(o, PROBE_DATA) && outcome_blocked(o, PROBE_BLIND)
		&& outcome_has_synack(o, PROBE_BARE);
}

static bool fits_COOKIE_BLOCKED(const struct outcomes *o)
{
	return outcome_blocked(o, PROBE_DATA) && outcome_blocked(o, PROBE_BARE)
		&& outcome_has_synack(o, PROBE_BLIND);
}

static bool fits_ACCEPTANCE_BLOCKED(const struct outcomes *o)
{
	return outcome_blocked(o, PROBE_DATA) && outcome_has_synack(o, PROBE_BLIND)
		&& outcome_has_synack(o, PROBE_BARE) && outcome_has_synack(o, PROBE_FORGED);
}

static bool fits_SECOND_BLOCKED(const struct outcomes *o)
{
	return outcome_blocked(o, PROBE_DATA);
}

static bool (*const rules[VERDICTS])(const struct outcomes *o) = {
#define VERDICT(id, name, rule) [VERDICT_##id] = fits_##id,
#include "verdict.def"
#undef VERDICT
};

enum verdict verdict_decide(const struct evidence *ev)
{
	struct outcomes o;
	unsigned int v = 0;

	outcome_gather(&o, ev);
	while (v < VERDICTS && !rules[v](&o))
		v++;
	return v;
}

static bool request_answered(const struct outcomes *o)
{
	return outcome_has_synack(o, PROBE_REQUEST) || outcome_has_synack(o, PROBE_REQUEST_EXP);
}

/*
 * The baseline is `syn`, or `recheck` where that failed; without it `blind` and the requests are;
 * and where none was sent (a cookie of an earlier run), `data` itself, as nothing else can show it.
 */
static bool baseline_works(const struct outcomes *o)
{
	if (o->flow[PROBE_SYN])
		return outcome_has_synack(o, PROBE_SYN) || outcome_has_synack(o, PROBE_RECHECK);
	if (outcome_has_synack(o, PROBE_BLIND))
		return true;
	if (outcome_requested(o))
		return request_answered(o);
	return outcome_has_synack(o, PROBE_DATA);
}

static uint32_t connectivity(const struct outcomes *o)
{
	static const enum condition by_baseline_experimental[2][2] = {
		{ CONDITION_CONNECTIVITY_OFFLINE, CONDITION_CONNECTIVITY_TRANSIENT },
		{ CONDITION_CONNECTIVITY_BROKEN, CONDITION_CONNECTIVITY_WORKS },
	};
	const enum probe_kind kinds[] = { PROBE_DATA, PROBE_REQUEST, PROBE_REQUEST_EXP };

	for (unsigned int i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		bool works = outcome_has_synack(o, kinds[i]);

		if (o->flow[kinds[i]])
			return 1u << by_baseline_experimental[baseline_works(o)][works];
	}
	return 0;
}

static uint32_t syndata(const struct flow *data)
{
	switch (flow_extent(data)) {
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

/* not_received needs a SYN/ACK to a request: nothing else has to bring a cookie. */
uint32_t verdict_conditions(const struct evidence *ev)
{
	struct outcomes o;
	uint32_t set;

	outcome_gather(&o, ev);
	set = connectivity(&o);
	if (evidence_cookie(ev))
		set |= 1u << CONDITION_COOKIE_RECEIVED;
	else if (request_answered(&o))
		set |= 1u << CONDITION_COOKIE_NOT_RECEIVED;
	if (o.flow[PROBE_DATA])
		set |= syndata(o.flow[PROBE_DATA]);
	return set;
}

bool verdict_is_blocked(enum verdict v)
{
	return v == VERDICT_BLACKHOLED || v == VERDICT_REQUEST_BLOCKED || v == VERDICT_TRANSIENT
	       || v == VERDICT_OFFER_BLOCKED || v == VERDICT_DATA_BLOCKED
	       || v == VERDICT_COOKIE_BLOCKED || v == VERDICT_ACCEPTANCE_BLOCKED
	       || v == VERDICT_SECOND_BLOCKED;
}
