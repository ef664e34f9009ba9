#include "state/sender.h"

#include "base/clock.h"
#include "net/neigh.h"

/* Of a ring, that may wait: answers that are on their way meanwhile still find room. */
#define FULL_SHARE	4

int sender_init(struct sender *sd, uint64_t positions, const struct plan *plan,
		const struct sender_sizes *sizes)
{
	int rc;

	sd->positions = positions;
	rc = window_init(&sd->window, sizes->window, plan_arms(plan), plan->retries + 1,
			 PLAN_GAP_NS, sizes->keep_ns);
	if (!rc)
		rc = ring_init(&sd->followups, sizeof(struct followup), sizes->followups);
	if (!rc)
		rc = ring_init(&sd->cleanups, sizeof(struct cleanup), sizes->cleanups);
	return rc;
}

void sender_free(struct sender *sd)
{
	window_free(&sd->window);
	ring_free(&sd->followups);
	ring_free(&sd->cleanups);
}

/* More than its share of a ring waits. */
static bool is_filling(const struct ring *r)
{
	return ring_count(r) > r->mask / FULL_SHARE;
}

bool sender_is_backlogged(const struct sender *sd)
{
	return is_filling(&sd->cleanups) || is_filling(&sd->followups);
}

bool sender_astray(const struct sender *sd, const struct facts *f, struct addr ip,
		   uint64_t sent_ns)
{
	uint64_t to_ns = sent_ns + sd->window.cursor[0].log.grain_ns + NS_PER_MS;
	bool v6 = !addr_is_v4(ip);
	uint8_t mac[6];

	if (!sent_ns)
		return false;
	if (outage_log_overlaps(&sd->link_outages, v6, sent_ns, to_ns))
		return true;
	return outage_log_overlaps(&sd->gateway_outages, v6, sent_ns, to_ns)
	       && (!f->neigh || neigh_find(f->neigh, ip, mac) == NEIGH_ROUTED);
}

bool sender_pos_astray(const struct sender *sd, const struct facts *f, uint64_t pos,
		       struct addr ip, uint16_t status)
{
	for (unsigned int arm = 0; arm < sd->window.arms; arm++) {
		unsigned int sent = window_sent(status, arm), astray = 0;

		if (status & WINDOW_ARM(arm, WINDOW_ANSWERED))
			continue;
		for (unsigned int i = 0; i < sent; i++)
			astray += sender_astray(sd, f, ip, sender_sent_ns(sd, pos, arm, i));
		if (sent && astray == sent)
			return true;
	}
	return false;
}
