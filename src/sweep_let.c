/*
 * sweep_let: the send thread beside an engine that sweeps by itself: it grants packets from the
 * lane's budget, says how far each step may go, and counts what was done.
 */
#include <stdatomic.h>

#include "clock.h"
#include "config.h"
#include "sweep_state.h"

static void limit_steps(struct sweep *w, uint64_t now_ns)
{
	struct window *win = &w->lane->window;
	uint64_t *until = w->until;

	until[0] = window_room(win);
	if (until[0] > w->lane->places)
		until[0] = w->lane->places;
	sweep_waits(w, &w->waits_window, w->at[0] == until[0] && until[0] < w->lane->places,
		    STAT_waits_window);
	if (sweep_pauses(w, now_ns) || w->waits_output)
		until[0] = 0;
	for (unsigned int a = 1; a < win->steps && !w->waits_gateway && !w->waits_output; a++)
		until[a] = window_due(win, a, now_ns, w->s->config->timeout_ns);
}

int sweep_let(struct sweep *w, uint32_t max, uint64_t now_ns)
{
	uint64_t behind = w->granted - w->progress.used, reach;
	uint32_t n = behind >= w->lead ? 0 : w->lead - (uint32_t)behind;
	int rc;

	n = n < max ? n : max;
	limit_steps(w, now_ns);
	/* It takes a while to start, for which there is no making up. */
	if (!w->progress.used)
		n = w->granted ? 0 : 1;
	/* No SYN goes further than that: an answer from there is forged. */
	reach = w->at[0] + behind + n;
	reach = reach < w->until[0] ? reach : w->until[0];
	if (reach > window_reserved(&w->lane->window))
		atomic_store_explicit(&w->lane->window.reserved, reach, memory_order_release);
	rc = w->tx->sweeper->grant(w->tx_state, w->granted + n, w->until, now_ns);
	if (rc)
		return rc;
	w->granted += n;
	return (int)n;
}

void sweep_follow(struct sweep *w, uint64_t now_ns)
{
	struct tx_progress before = w->progress, *p = &w->progress;
	const struct window *win = &w->lane->window;
	struct lane *l = w->lane;

	w->tx->sweeper->progress(w->tx_state, p);
	if (p->used && !before.used)
		sweep_init_budget(w, now_ns);
	for (unsigned int a = 0; a < win->steps; a++) {
		uint64_t n = p->sent[a] - before.sent[a];
		enum probe_kind kind = plan_arm_kind(&w->s->plan, a % win->arms, false);

		w->at[a] = p->at[a];
		stat_add(&l->stats, (enum stat_id)(STAT_sent_syn + kind), n);
		if (a >= win->arms)
			stat_add(&l->stats, STAT_sent_retries, n);
	}
	stat_add(&l->stats, STAT_sent_bytes, p->sent_bytes - before.sent_bytes);
	stat_add(&l->stats, STAT_not_taken, p->lost - before.lost);
}
