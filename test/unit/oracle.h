/*
 * oracle: the rules of the verdicts once more, written from what came of each kind of probe and not
 * from flows, for the tests to hold lib/verdict against.
 */
#ifndef TEST_ORACLE_H
#define TEST_ORACLE_H

#include <stdbool.h>

#include "evidence_rig.h"
#include "verdict.h"

static inline bool oracle_is_cookie(enum option o)
{
	return o == COOKIE || o == COOKIE_EXP || o == SAME;
}

/* Somebody on the way ended it: the server went on after a RST, or had no ACK of ours. */
static inline bool oracle_is_cut(const struct course *c)
{
	return c->end == COURSE_RESET ? c->goes_on
	       : c->end == COURSE_SILENT && c->synacks && !c->ack_came;
}

/* Both connections were carried on, and that of the twin alone brought a response, and lived. */
static inline bool oracle_is_stalled(const struct outcome o[static PROBE_KINDS])
{
	const struct course *d = &o[PROBE_DATA].course, *t = &o[PROBE_TWIN].course;

	if (o[PROBE_TWIN].answer != SA || !t->response_len || d->end == COURSE_NONE
	    || oracle_is_cut(t))
		return false;
	if (d->end == COURSE_RESET)
		return d->goes_on
		       || (t->end != COURSE_RESET && d->response_len < t->response_len);
	return oracle_is_cut(d) || (!d->response_len && !d->gap);
}

/* The rules for a `data` that was sent, where a cookie was there. */
static inline enum verdict oracle_data(const struct outcome o[static PROBE_KINDS])
{
	const struct outcome *d = &o[PROBE_DATA];
	enum answer blind = o[PROBE_BLIND].answer, bare = o[PROBE_BARE].answer;
	bool blind_blk = blind != SA && blind != UNSENT, bare_blk = bare != SA && bare != UNSENT;

	if (d->answer == SA && d->acked == TARGET_DLEN) {
		if (oracle_is_stalled(o))
			return VERDICT_STALLED;
		if (blind == SA && o[PROBE_BLIND].acked == TARGET_DLEN)
			return VERDICT_COOKIELESS;
		if (o[PROBE_FORGED].answer == SA && o[PROBE_FORGED].acked == TARGET_DLEN)
			return VERDICT_UNCHECKED;
		return VERDICT_ACCEPTED;
	}
	if (d->answer == SA && d->acked)
		return VERDICT_PARTIAL;
	if (d->answer == SA)
		return d->option == ABSENT ? VERDICT_IGNORED : VERDICT_REFUSED;
	if (blind_blk && bare == SA)
		return VERDICT_DATA_BLOCKED;
	if (bare_blk && blind == SA)
		return VERDICT_COOKIE_BLOCKED;
	if (blind == SA && bare == SA && o[PROBE_FORGED].answer == SA)
		return VERDICT_ACCEPTANCE_BLOCKED;
	return VERDICT_SECOND_BLOCKED;
}

static inline bool oracle_is_plain_late(const struct outcome *o)
{
	return o->answer == SA && o->option == ABSENT && o->late;
}

static inline bool oracle_is_stripped(const struct outcome o[static PROBE_KINDS])
{
	for (int k = 0; k < PROBE_KINDS; k++)
		if (o[k].stripped)
			return true;
	return false;
}

/*
 * The rules for the requests, where something sent a SYN/ACK. first: the older one of two requests;
 * NULL: there was one.
 */
static inline enum verdict oracle_cookie(const struct outcome o[static PROBE_KINDS],
					 const struct outcome *first)
{
	const struct outcome *syn = &o[PROBE_SYN];
	const struct outcome *r = &o[PROBE_REQUEST], *x = &o[PROBE_REQUEST_EXP];
	bool cookie = (r->answer == SA && oracle_is_cookie(r->option))
		|| (x->answer == SA && oracle_is_cookie(x->option));
	bool option = (r->answer == SA && r->option != ABSENT)
		|| (x->answer == SA && x->option != ABSENT);

	if (r->answer == UNSENT && x->answer == UNSENT)
		return o[PROBE_DATA].answer == UNSENT ? VERDICT_UNKNOWN : oracle_data(o);
	if (!cookie && option)
		return VERDICT_ODD_COOKIE;
	if (!cookie && first && oracle_is_plain_late(first) && oracle_is_plain_late(r)
	    && syn->answer == SA && !syn->late)
		return VERDICT_OFFER_BLOCKED;
	if (!cookie && r->answer == SA && r->late)
		return VERDICT_UNKNOWN;
	if (!cookie && (oracle_is_stripped(o) || (first && first->stripped)))
		return VERDICT_OPTION_STRIPPED;
	if (!cookie)
		return VERDICT_NO_COOKIE;
	return o[PROBE_DATA].answer == UNSENT ? VERDICT_COOKIE_ONLY : oracle_data(o);
}

/* before: an older `data`, of which only the answer's class counts. request_before: see above. */
static inline enum verdict oracle_verdict(const struct outcome o[static PROBE_KINDS],
					  enum answer before,
					  const struct outcome *request_before)
{
	enum answer syn = o[PROBE_SYN].answer, recheck = o[PROBE_RECHECK].answer;
	enum answer request = o[PROBE_REQUEST].answer, exp = o[PROBE_REQUEST_EXP].answer;
	/* What stands for them where --probes left them out. */
	enum answer first = request != UNSENT ? request : exp;
	enum answer baseline = syn != UNSENT ? syn : o[PROBE_BLIND].answer;
	bool recheck_blk = recheck != SA && recheck != UNSENT;
	unsigned int n[SA + 1] = { 0 };

	n[before]++;
	n[request_before ? request_before->answer : UNSENT]++;
	for (int k = 0; k < PROBE_KINDS; k++)
		n[o[k].answer]++;
	if (!n[SA])
		return n[RST] ? VERDICT_CLOSED : n[ICMP] ? VERDICT_UNREACHABLE : VERDICT_OFFLINE;
	if (syn == SA && recheck_blk)
		return VERDICT_BLACKHOLED;
	if (first != SA && first != UNSENT && (baseline == SA || exp == SA))
		return VERDICT_REQUEST_BLOCKED;
	if (syn != SA && syn != UNSENT && recheck_blk)
		return VERDICT_TRANSIENT;
	return oracle_cookie(o, request_before);
}

#endif
