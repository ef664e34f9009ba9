/*
 * sent: which SYNs went to a target, how many, and when, whatever keeps it: of the sweep's probes
 * the window's status and the send logs, of follow-ups the entry and its stamp. Questions only:
 * nothing is changed. Under the part's lock.
 */
#ifndef TFOMAP_SENT_H
#define TFOMAP_SENT_H

#include <stdbool.h>
#include <stdint.h>

#include "cache/entry.h"
#include "state/sender.h"

struct loss_log;
struct neigh;

/*
 * Whether what was sent to ip at ns (0: not known) may not have come past the gateway, or not have
 * been answered: the interface was down. neigh: targets on the link; NULL: none.
 */
bool sent_is_astray(const struct sender *sd, const struct neigh *neigh, struct addr ip,
		    uint64_t ns);

/* The same of all that was sent to ip between two times. */
bool sent_is_astray_between(const struct sender *sd, const struct neigh *neigh, struct addr ip,
			    uint64_t from_ns, uint64_t to_ns);

/*
 * Whether an answer that came in time, to one of n attempts the last of which was sent at ns, may
 * have been lost here.
 */
bool sent_is_unheard(const struct loss_log *losses, uint64_t ns, unsigned int n,
		     uint64_t timeout_ns);

/* ---- the sweep's --------------------------------------------------------------------------- */

/* SYNs of an arm, by the position's status in the window; 0 where it is forgotten. */
static inline unsigned int sent_arm(const struct sender *sd, uint64_t pos, unsigned int arm)
{
	return window_sent(window_status(&sd->window, pos), arm);
}

/* Whether an arm's attempt was sent. */
static inline bool sent_arm_attempt(const struct sender *sd, uint64_t pos, unsigned int arm,
				    unsigned int attempt)
{
	return attempt < sent_arm(sd, pos, arm);
}

/* When: to the send log's grain, as far as it reaches; of a saved capture exactly. 0: not known. */
static inline uint64_t sent_arm_ns(const struct sender *sd, uint64_t pos, unsigned int arm,
				   unsigned int attempt)
{
	unsigned int pass = attempt * sd->window.arms + arm;

	return sd->seen ? seen_ns(sd->seen, pos, pass)
	       : sendlog_time(&sd->window.cursor[pass].log, pos);
}

/* How often and when it was sent, into the flow of an arm of which nothing came. */
static inline void sent_fill_arm(const struct sender *sd, uint64_t pos, unsigned int arm,
				 struct flow *f)
{
	f->sent = (uint8_t)sent_arm(sd, pos, arm);
	f->sent_ns = sent_arm_ns(sd, pos, arm, 0);
}

/*
 * Whether all probes of the sweep to the position that may go out have, and the last of them had
 * its time-out by read_ns.
 */
bool sent_is_over(const struct sender *sd, uint64_t pos, uint64_t timeout_ns, uint64_t read_ns);

/* Silent positions of which that is not so, with a SYN sent to each. */
uint64_t sent_count_awaited(const struct sender *sd, uint64_t timeout_ns, uint64_t read_ns);

/*
 * Whether the silence of those of the position's arms that are silent proves something: they were
 * sent, past the gateway, while the interface was up, and no answer was lost here.
 */
bool sent_proves(const struct sender *sd, const struct neigh *neigh,
		 const struct loss_log *losses, uint64_t timeout_ns, uint64_t pos, struct addr ip);

/* ---- follow-ups, and all of an entry's ----------------------------------------------------- */

/* When the probe that is under way was sent; 0: it is not known to be. */
uint64_t sent_newest_ns(const struct entry *en);

/* Whether it was given up. */
bool sent_is_given_up(const struct entry *en);

/* SYNs of f, a flow of the entry, that may have been sent: that can be answered. */
unsigned int sent_syns(const struct entry *en, const struct flow *f);

/* The same of all, those of a first round with them. */
unsigned int sent_all_syns(const struct entry *en);

/*
 * The flow that an attempt of a kind belongs to; *ns: when that very attempt was sent, 0 where that
 * is not known. NULL: no such probe was sent.
 */
struct flow *sent_flow(const struct entry *en, const struct plan *p, uint8_t kind, uint8_t attempt,
		       uint64_t *ns);

#endif
