#include "reach.h"

#include <string.h>

#define WAIT_SHARE	4	/* of the interval: for an answer */
#define GONE_QUESTIONS	10	/* unanswered, in about three intervals */

void reach_init(struct reach *r, const uint8_t mac[static 6], uint64_t every_ns, uint64_t now_ns)
{
	*r = (struct reach){ .every_ns = every_ns, .asked_ns = now_ns, .heard_ns = now_ns };
	memcpy(r->mac, mac, sizeof(r->mac));
}

enum reach_ask reach_due(struct reach *r, uint64_t now_ns)
{
	bool waits = r->unanswered && r->unanswered < GONE_QUESTIONS;

	if (now_ns - r->asked_ns < (waits ? r->every_ns / WAIT_SHARE : r->every_ns))
		return REACH_QUIET;
	r->asked_ns = now_ns;
	if (!r->unanswered)
		r->waits_ns = now_ns;
	return r->unanswered++ ? REACH_ASK_ALL : REACH_ASK_IT;
}

enum reach_answer reach_take(struct reach *r, const uint8_t mac[static 6])
{
	bool same = memcmp(r->mac, mac, sizeof(r->mac)) == 0;

	if (!same && r->unanswered < 2) {
		reach_doubt(r);
		return REACH_OTHER;
	}
	memcpy(r->mac, mac, sizeof(r->mac));
	if (r->unanswered)
		r->heard_ns = r->waits_ns;
	r->unanswered = 0;
	r->answers = true;
	return same ? REACH_SAME : REACH_MOVED;
}

void reach_doubt(struct reach *r)
{
	if (!r->unanswered)
		r->asked_ns -= r->asked_ns < r->every_ns ? r->asked_ns : r->every_ns;
}

bool reach_gone(const struct reach *r)
{
	return r->answers && r->unanswered >= GONE_QUESTIONS;
}
