/*
 * sweep_let: the send thread beside an engine that sweeps by itself: it grants packets from the
 * sender's budget, says how far each pass may go, and counts what was done.
 */
#include <stdatomic.h>

#include "base/clock.h"
#include "config/config.h"
#include "send/sweep_state.h"

static void limit_passes(struct sweep *w, uint64_t now_ns)
{
	struct window *win = &w->sender->window;
	uint64_t *until = w->until;

	until[0] = window_room(win);
	if (until[0] > w->sender->positions)
		until[0] = w->sender->positions;
	sweep_waits(w, &w->waits_window, w->at[0] == until[0] && until[0] < w->sender->positions,
		    STAT_waits_window);
	if (sweep_pauses(w, now_ns) || w->waits_output)
		until[0] = 0;
	/* What is held back counts as not done, and is due all the same. */
	for (unsigned int a = 1; a < win->passes && !w->waits_gateway && !w->waits_output; a++) {
		uint64_t due = window_due(win, a, now_ns, w->s->facts.config->probing.timeout_ns);

		until[a] = due > until[a] ? due : until[a];
	}
}

int sweep_let(struct sweep *w, uint32_t max, uint64_t now_ns)
{
	uint64_t behind = w->granted - w->progress.used, reach;
	uint32_t n = behind >= w->lead ? 0 : w->lead - (uint32_t)behind;
	int rc;

	n = n < max ? n : max;
	limit_passes(w, now_ns);
	/* It takes a while to start, for which there is no making up. */
	if (!w->progress.used)
		n = w->granted ? 0 : 1;
	/* No SYN goes further than that: an answer from there is forged. */
	reach = w->at[0] + behind + n;
	reach = reach < w->until[0] ? reach : w->until[0];
	if (reach > window_reserved(&w->sender->window))
		atomic_store_explicit(&w->sender->window.reserved, reach, memory_order_release);
	rc = w->tx->sweeper->grant(w->tx_state, w->granted + n, w->until, now_ns);
	if (rc)
		return rc;
	w->granted += n;
	return (int)n;
}

void sweep_follow(struct sweep *w, uint64_t now_ns)
{
	struct tx_progress before = w->progress, *p = &w->progress;
	const struct window *win = &w->sender->window;
	struct sender *l = w->sender;

	w->tx->sweeper->progress(w->tx_state, p);
	if (p->used && !before.used)
		sweep_init_budget(w, now_ns);
	for (unsigned int a = 0; a < win->passes; a++) {
		uint64_t n = p->sent[a] - before.sent[a];
		enum probe_kind kind = plan_arm_kind(&w->s->facts.plan, a % win->arms, false);

		w->at[a] = p->at[a];
		stat_add(&l->stats, stat_sent(kind), n);
		if (a >= win->arms)
			stat_add(&l->stats, STAT_sent_retries, n);
	}
	stat_add(&l->stats, STAT_sent_bytes, p->sent_bytes - before.sent_bytes);
	stat_add(&l->stats, STAT_requeued, p->refused - before.refused);
}

/* ---- what it hands back -------------------------------------------------------------------- */

void sweep_add_frames_back(struct sweep *w, unsigned int max)
{
	size_t len;

	while (w->n < max
	       && (len = w->tx->sweeper->hand_back_frame(w->tx_state, w->frames[w->n])))
		sweep_add_frame(w, len, SWEEP_AGAIN, 0);
}

/* All that there is: the sweeper may have to wait for room. */
static void take_back(struct sweep *w)
{
	unsigned int pass;
	uint64_t pos;

	while (w->back_end - w->back_n < SWEEP_BACK
	       && w->tx->sweeper->hand_back(w->tx_state, &pos, &pass))
		w->back[w->back_end++ % SWEEP_BACK] = (struct sweep_origin){
			pos, pass, SWEEP_NONE };
}

void sweep_add_positions_back(struct sweep *w, unsigned int max)
{
	take_back(w);
	for (; w->n < max && w->back_n < w->back_end; w->back_n++) {
		const struct sweep_origin *o = &w->back[w->back_n % SWEEP_BACK];

		sweep_add_pos(w, o->pos, o->pass);
	}
}

void sweep_give_up_back(struct sweep *w)
{
	for (take_back(w); w->back_n < w->back_end; take_back(w)) {
		stat_add(&w->sender->stats, STAT_not_sent, w->back_end - w->back_n);
		for (; w->back_n < w->back_end; w->back_n++)
			window_mark(&w->sender->window, w->back[w->back_n % SWEEP_BACK].pos,
				    WINDOW_UNKNOWN);
	}
}

static void hold_pos(struct sweep *w, const struct sweep_origin *o)
{
	struct window_cursor *c;

	if (o->pass == SWEEP_NONE || o->pos >= w->hold[o->pass])
		return;
	w->hold[o->pass] = o->pos;
	c = &w->sender->window.cursor[o->pass];
	if (o->pos < atomic_load_explicit(&c->done, memory_order_relaxed))
		atomic_store_explicit(&c->done, o->pos, memory_order_release);
}

void sweep_hold(struct sweep *w, unsigned int from)
{
	take_back(w);
	if (from == w->n && w->back_n == w->back_end)
		return;
	for (unsigned int a = 0; a < WINDOW_PASSES_MAX && !w->holds; a++)
		w->hold[a] = UINT64_MAX;
	w->holds = true;
	w->hold_until_ns = UINT64_MAX;
	for (unsigned int i = from; i < w->n; i++)
		hold_pos(w, &w->origins[i]);
	for (uint64_t i = w->back_n; i < w->back_end; i++)
		hold_pos(w, &w->back[i % SWEEP_BACK]);
}

void sweep_held_sent(struct sweep *w, uint64_t now_ns)
{
	if (w->holds)
		w->hold_until_ns = now_ns + w->s->facts.config->probing.timeout_ns;
}

uint64_t sweep_done(struct sweep *w, unsigned int a, uint64_t now_ns)
{
	if (w->holds && w->back_n == w->back_end && now_ns >= w->hold_until_ns)
		w->holds = false;
	return w->holds && w->hold[a] < w->at[a] ? w->hold[a] : w->at[a];
}
