#include "receive/sent.h"

#include "base/clock.h"
#include "loss_log.h"
#include "net/neigh.h"

bool sent_is_astray_between(const struct sender *sd, const struct neigh *neigh, struct addr ip,
			    uint64_t from_ns, uint64_t to_ns)
{
	bool v6 = !addr_is_v4(ip);
	uint8_t mac[6];

	if (outage_log_overlaps(&sd->outages, OUTAGE_LINK, from_ns, to_ns))
		return true;
	return outage_log_overlaps(&sd->outages, outage_of_gateway(v6), from_ns, to_ns)
	       && (!neigh || neigh_find(neigh, ip, mac) == NEIGH_ROUTED);
}

bool sent_is_astray(const struct sender *sd, const struct neigh *neigh, struct addr ip,
		    uint64_t ns)
{
	uint64_t grain_ns = sd->window.cursor[0].log.grain_ns;

	return ns && sent_is_astray_between(sd, neigh, ip, ns, ns + grain_ns + NS_PER_MS);
}

bool sent_is_unheard(const struct loss_log *losses, uint64_t ns, unsigned int n,
		     uint64_t timeout_ns)
{
	uint64_t before_ns = (n - 1) * timeout_ns;

	return loss_log_overlaps(losses, ns > before_ns ? ns - before_ns : 0, ns + timeout_ns);
}

/* ---- the sweep's --------------------------------------------------------------------------- */

/* Whether that may be so of an arm: of one attempt is enough, as it may have been answered. */
static bool is_arm_unheard(const struct sender *sd, const struct loss_log *losses, uint64_t pos,
			   unsigned int arm, uint64_t timeout_ns)
{
	uint64_t grain_ns = sd->window.cursor[0].log.grain_ns;

	for (unsigned int i = 0; i < sent_arm(sd, pos, arm); i++)
		if (sent_is_unheard(losses, sent_arm_ns(sd, pos, arm, i), 1, timeout_ns + grain_ns))
			return true;
	return false;
}

/* Whether so may be all attempts of an arm. */
static bool is_arm_astray(const struct sender *sd, const struct neigh *neigh, uint64_t pos,
			  unsigned int arm, struct addr ip)
{
	unsigned int syns = sent_arm(sd, pos, arm), i = 0;

	while (i < syns && sent_is_astray(sd, neigh, ip, sent_arm_ns(sd, pos, arm, i)))
		i++;
	return syns > 0 && i == syns;
}

/* A capture says it of each target by itself: its run's order is not known. */
static bool is_over_by_seen(const struct sender *sd, uint64_t pos, uint64_t timeout_ns,
			    uint64_t read_ns)
{
	uint16_t status = window_status(&sd->window, pos);
	unsigned int arms = sd->window.arms;

	for (unsigned int arm = 0; arm < arms; arm++) {
		uint64_t last_ns = seen_ns(sd->seen, pos, sd->window.passes - arms + arm);

		if (window_is_silent(status, arm) && (!last_ns || last_ns + timeout_ns > read_ns))
			return false;
	}
	return true;
}

bool sent_is_over(const struct sender *sd, uint64_t pos, uint64_t timeout_ns, uint64_t read_ns)
{
	return sd->seen ? is_over_by_seen(sd, pos, timeout_ns, read_ns) : pos < sd->window.tail;
}

uint64_t sent_count_awaited(const struct sender *sd, uint64_t timeout_ns, uint64_t read_ns)
{
	uint64_t end = atomic_load(&sd->stats.v[STAT_targets_started]), n = 0;

	for (uint64_t pos = sd->window.tail; pos < end; pos++) {
		uint16_t status = window_status(&sd->window, pos);

		n += status && !(status & WINDOW_KNOWN)
		     && !sent_is_over(sd, pos, timeout_ns, read_ns);
	}
	return n;
}

bool sent_proves(const struct sender *sd, const struct neigh *neigh,
		 const struct loss_log *losses, uint64_t timeout_ns, uint64_t pos, struct addr ip)
{
	uint16_t status = window_status(&sd->window, pos);
	bool outages = outage_log_any(&sd->outages);

	for (unsigned int arm = 0; arm < sd->window.arms; arm++)
		if (!(status & WINDOW_ARM(arm, WINDOW_ANSWERED)) && window_sent(status, arm)
		    && (status & WINDOW_UNKNOWN
			|| (outages && is_arm_astray(sd, neigh, pos, arm, ip))
			|| (losses->n && is_arm_unheard(sd, losses, pos, arm, timeout_ns))))
			return false;
	return true;
}

/* ---- follow-ups, and all of an entry's ----------------------------------------------------- */

static uint64_t stamp_of(const struct entry *en)
{
	return atomic_load_explicit(en->stamp, memory_order_acquire);
}

uint64_t sent_newest_ns(const struct entry *en)
{
	uint64_t stamp = stamp_of(en);

	return (stamp & STAMP_LEAVING) ? 0 : stamp;
}

bool sent_is_given_up(const struct entry *en)
{
	return stamp_of(en) == STAMP_NOT_SENT;
}

/* When the probe that is under way may have been sent: it can be answered; 0: it cannot. */
static uint64_t leaving_ns(const struct entry *en)
{
	uint64_t stamp = stamp_of(en);

	return stamp == STAMP_NOT_SENT ? 0 : stamp & ~STAMP_LEAVING;
}

unsigned int sent_syns(const struct entry *en, const struct flow *f)
{
	return entry_is_under_way(en, f) ? en->tried - !leaving_ns(en) : f->sent;
}

unsigned int sent_all_syns(const struct entry *en)
{
	unsigned int n = en->sent_before + en->sent_hops;

	for (unsigned int i = 0; i < en->nflows; i++)
		n += sent_syns(en, &en->flows[i]);
	return n;
}

/* When attempt i of flow f was sent; 0: not known, or not yet. */
static uint64_t attempt_ns(const struct entry *en, const struct plan *p, const struct flow *f,
			   unsigned int i)
{
	bool requested = f == entry_newest(en) && en->tried > 0;

	if (requested && i + 1 == en->tried)
		return leaving_ns(en);
	if (requested && i + 2 == en->tried)
		return en->before_ns;
	return i == f->attempt % plan_followup_attempts(p) ? f->sent_ns : 0;
}

struct flow *sent_flow(const struct entry *en, const struct plan *p, uint8_t kind, uint8_t attempt,
		       uint64_t *ns)
{
	unsigned int generation = plan_generation(p, attempt);
	unsigned int i = attempt % plan_followup_attempts(p);
	struct flow *f = NULL;

	for (unsigned int n = 0; n < en->nflows && !f; n++)
		if (en->flows[n].kind == kind
		    && plan_generation(p, en->flows[n].attempt) == generation)
			f = &en->flows[n];
	if (!f || i >= sent_syns(en, f))
		return NULL;
	*ns = attempt_ns(en, p, f, i);
	return f;
}
