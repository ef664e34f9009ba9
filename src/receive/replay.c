#include "receive/replay.h"

#include <inttypes.h>

#include "base/log.h"
#include "output/sink.h"
#include "receive/arrival.h"
#include "receive/cookies.h"
#include "receive/rows.h"
#include "receive/sent.h"
#include "state/shared.h"

/* The arm of the sweep that sends the probe of a; -1: it is a follow-up. */
static int arm_of(const struct replay *r, const struct arrival *a)
{
	struct tfo_option option;

	return facts_sweep_arm(&r->s->facts, &a->target, a->m.src, a->m.kind, a->m.attempt,
			       &option);
}

/* An attempt follows those before it, whether the capture has these or not. */
static void count_attempts(const struct arrival *a, unsigned int arm)
{
	struct window *w = &a->sender->window;

	while (!sent_arm_attempt(a->sender, a->pos, arm, a->m.attempt)
	       && window_retry(w, a->pos, arm))
		;
}

void replay_sent(const struct replay *r, const struct arrival *a)
{
	struct entry *en = cookies_find(r->cookies, a->k);
	int arm = arm_of(r, a);

	if (arm >= 0) {
		count_attempts(a, (unsigned int)arm);
		seen_sent(a->sender->seen, a->pos,
			  a->m.attempt * a->sender->window.arms + (unsigned int)arm, a->ns);
	} else if (en) {
		cookies_sent(r->cookies, en, &a->m, a->ns);
	}
}

static bool any_seen(const struct sender *sd, uint64_t pos)
{
	for (unsigned int pass = 0; pass < sd->window.passes; pass++)
		if (seen_ns(sd->seen, pos, pass))
			return true;
	return false;
}

void replay_answered(const struct replay *r, const struct arrival *a, uint64_t read_ns)
{
	struct entry *en = cookies_find(r->cookies, a->k);
	int arm = arm_of(r, a);

	/* In its queue it may stand after one that is not due. */
	if (en)
		cookies_look(r->cookies, en, read_ns, read_ns);
	if (arm >= 0 && !any_seen(a->sender, a->pos))
		count_attempts(a, (unsigned int)arm);
}

/* Some arm of the position had its last time-out. */
static void retire(const struct replay *r, const struct sender *sd, uint64_t pos, uint64_t now_ns,
		   uint64_t read_ns)
{
	const struct config *c = r->s->facts.config;
	uint64_t k = seen_whole(sd->seen, pos);
	struct entry *en = cookies_find(r->cookies, k);

	if (en && en->state == ENTRY_SWEEP)
		cookies_look(r->cookies, en, now_ns, read_ns);
	else if (!en && facts_reports_silent(&r->s->facts)
		 && !(window_status(&sd->window, pos) & WINDOW_KNOWN)
		 && sent_is_over(sd, pos, c->probing.timeout_ns, read_ns))
		rows_silent(r->rows, k);
}

bool replay_retire(const struct replay *r, uint64_t now_ns, uint64_t read_ns)
{
	uint64_t timeout_ns = r->s->facts.config->probing.timeout_ns, pos = SEEN_NONE;
	struct sender *sd = &r->s->senders[0];
	bool any = false;

	while (read_ns >= timeout_ns && !rows_full(r->rows) && !sink_is_full(r->rows->sink)
	       && (pos = seen_next(sd->seen, read_ns - timeout_ns)) != SEEN_NONE) {
		retire(r, sd, pos, now_ns, read_ns);
		any = true;
	}
	return any;
}

void replay_warn_left_out(const struct replay *r)
{
	uint64_t n = stat_get(&r->s->rx.stats, STAT_drop_unsent);

	if (n)
		log_warn("--rx pcap:%.100s: answers from none of these targets left out: %" PRIu64
			 "; give all targets, --target-ports and shards of that run",
			 r->s->facts.config->network.rx_file, n);
}

void replay_forget_due(const struct replay *r)
{
	struct followup f;

	for (unsigned int i = 0; i < r->s->nsenders; i++)
		while (ring_pop(&r->s->senders[i].followups, &f))
			;
}
