#include "nud.h"

#include <string.h>

#define WAIT_SHARE	4	/* of the interval: for a reply */
#define GONE_PROBES	10	/* unanswered, in about three intervals */

void nud_init(struct nud *r, const uint8_t mac[static 6], uint64_t every_ns, uint64_t now_ns)
{
	*r = (struct nud){ .every_ns = every_ns, .probed_ns = now_ns, .heard_ns = now_ns };
	memcpy(r->mac, mac, sizeof(r->mac));
}

enum nud_probe nud_due(struct nud *r, uint64_t now_ns)
{
	bool waits = r->unanswered && r->unanswered < GONE_PROBES;

	if (now_ns - r->probed_ns < (waits ? r->every_ns / WAIT_SHARE : r->every_ns))
		return NUD_QUIET;
	r->probed_ns = now_ns;
	if (!r->unanswered)
		r->waits_ns = now_ns;
	return r->unanswered++ ? NUD_PROBE_BROADCAST : NUD_PROBE_UNICAST;
}

enum nud_answer nud_take(struct nud *r, const uint8_t mac[static 6])
{
	bool same = memcmp(r->mac, mac, sizeof(r->mac)) == 0;

	if (!same && r->unanswered < 2) {
		nud_doubt(r);
		return NUD_OTHER;
	}
	memcpy(r->mac, mac, sizeof(r->mac));
	if (r->unanswered)
		r->heard_ns = r->waits_ns;
	r->unanswered = 0;
	r->answers = true;
	return same ? NUD_SAME : NUD_MOVED;
}

void nud_doubt(struct nud *r)
{
	if (!r->unanswered)
		r->probed_ns -= r->probed_ns < r->every_ns ? r->probed_ns : r->every_ns;
}

bool nud_gone(const struct nud *r)
{
	return r->answers && r->unanswered >= GONE_PROBES;
}
