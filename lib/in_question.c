#include "in_question.h"

#include "outcome.h"
#include "verdict.h"

/* The kind of the probe; PROBE_KINDS: none. */
static enum probe_kind kind_of(enum verdict v, const struct outcomes *o)
{
	switch ((int)v) {
	case VERDICT_REQUEST_BLOCKED:
	case VERDICT_OFFER_BLOCKED:
	case VERDICT_ODD_COOKIE:
	case VERDICT_OPTION_STRIPPED:
	case VERDICT_NO_COOKIE:
		return o->flow[PROBE_REQUEST] ? PROBE_REQUEST : PROBE_REQUEST_EXP;
	case VERDICT_DATA_BLOCKED:
		return PROBE_BLIND;
	case VERDICT_COOKIE_BLOCKED:
		return PROBE_BARE;
	case VERDICT_SECOND_BLOCKED:
	case VERDICT_ACCEPTANCE_BLOCKED:
		return PROBE_DATA;
	default:
		return PROBE_KINDS;
	}
}

/* Those that say that the SYN itself arrives nowhere; of all others the answer may be at fault. */
static bool is_loss(enum verdict v)
{
	return v == VERDICT_REQUEST_BLOCKED || v == VERDICT_DATA_BLOCKED
	       || v == VERDICT_COOKIE_BLOCKED || v == VERDICT_SECOND_BLOCKED;
}

bool in_question_find(const struct evidence *ev, struct in_question *q)
{
	enum verdict v = verdict_decide(ev);
	enum probe_kind kind;
	struct outcomes o;

	outcome_gather(&o, ev);
	kind = kind_of(v, &o);
	if (kind == PROBE_KINDS || !o.flow[kind] || !outcome_has_synack(&o, PROBE_SYN))
		return false;
	*q = (struct in_question){
		.flow = o.flow[kind], .attempt = o.flow[kind]->attempt,
		.goal = is_loss(v) ? LOCATE_DROP : LOCATE_CHANGE,
		.answer_ttl = o.flow[PROBE_SYN]->reply.ttl,
	};
	if (flow_is_silent(q->flow) && q->flow->sent)
		q->attempt = (uint8_t)(q->attempt + q->flow->sent - 1);
	return true;
}
