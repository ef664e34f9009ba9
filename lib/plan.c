#include "plan.h"

#include <string.h>

#define FOLLOWUP_RETRIES_MIN 2

unsigned int plan_followup_attempts(const struct plan *p)
{
	return 1 + (p->retries > FOLLOWUP_RETRIES_MIN ? p->retries : FOLLOWUP_RETRIES_MIN);
}

void plan_attempts(const struct plan *p, uint8_t attempts[static PROBE_KINDS])
{
	memset(attempts, 0, PROBE_KINDS);
	attempts[PROBE_REQUEST] = (uint8_t)(p->retries + 1);
	if (p->payload)
		attempts[PROBE_DATA] = (uint8_t)(2 * plan_followup_attempts(p));
}

unsigned int plan_generation(const struct plan *p, uint8_t kind, uint8_t attempt)
{
	return kind == PROBE_DATA ? attempt / plan_followup_attempts(p) : 0;
}

/* A server that refused the cookie and sent another one is asked once more with that. */
static bool refused_for_another(const struct evidence *ev, const struct flow *data,
				const struct tfo_option *newest)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < ev->nflows; i++)
		n += ev->flows[i].kind == PROBE_DATA;
	return n == 1 && data->reply.class == REPLY_SYNACK && data->reply.acked == 0
	       && (newest->kind != data->synkind || newest->len != data->synlen
		   || memcmp(newest->cookie, data->syncookie, newest->len) != 0);
}

bool plan_next(const struct plan *p, const struct evidence *ev, struct plan_want *w)
{
	const struct flow *data = evidence_flow(ev, PROBE_DATA);

	if (!p->payload || !evidence_cookie(ev, &w->cookie))
		return false;
	if (data && !refused_for_another(ev, data, &w->cookie))
		return false;
	w->kind = PROBE_DATA;
	w->attempt = (uint8_t)(data ? plan_followup_attempts(p) : 0);
	return true;
}
