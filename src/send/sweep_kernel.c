#include "send/sweep_kernel.h"

#include "base/clock.h"
#include "send/deferred.h"
#include "send/sweep_fill.h"
#include "send/sweep_state.h"
#include "state/facts.h"
#include "state/sender.h"

#define NAP_NS			(NS_PER_MS / 2)
#define IN_FLIGHT_NS		(50 * NS_PER_MS)	/* of the rate, and without one so many: */
#define IN_FLIGHT_MAX		(1u << 17)	/* packets granted and not yet sent */
#define LATE_NS			(10 * NS_PER_MS)	/* what time-outs may be short of */
#define HANDED_BACK_MAX		256	/* positions that wait here, a power of two */

struct kernel_sweep {
	uint64_t granted;		/* packets, in all */
	uint64_t until[WINDOW_PASSES_MAX];	/* how far its passes may go */
	struct tx_progress progress;	/* how far it is */
	bool stopped;
	struct batch_origin back[HANDED_BACK_MAX];	/* handed back, numbers back_n.. */
	uint64_t back_n, back_end;
	struct deferred deferred;
};

static unsigned int room(struct sweep *w, unsigned int n)
{
	unsigned int max = w->tx->sweeper->frames_room(w->tx_state);

	return n < max ? n : max;
}

/* ---- what it hands back -------------------------------------------------------------------- */

static void retake(struct sweep *w, unsigned int max)
{
	size_t len;

	while (w->batch.n < max
	       && (len = w->tx->sweeper->hand_back_frame(w->tx_state, batch_next(&w->batch))))
		batch_add(&w->batch, len, BATCH_COUNTED, 0);
}

/* All positions that there is room for: the sweeper may have to wait for room of its own. */
static void take_back(struct sweep *w)
{
	struct kernel_sweep *k = w->own;
	unsigned int pass;
	uint64_t pos;

	while (k->back_end - k->back_n < HANDED_BACK_MAX
	       && w->tx->sweeper->hand_back(w->tx_state, &pos, &pass))
		k->back[k->back_end++ % HANDED_BACK_MAX] = (struct batch_origin){
			pos, pass, BATCH_NONE };
}

static void add_handed_back(struct sweep *w, unsigned int max)
{
	struct kernel_sweep *k = w->own;

	take_back(w);
	for (; w->batch.n < max && k->back_n < k->back_end; k->back_n++) {
		const struct batch_origin *o = &k->back[k->back_n % HANDED_BACK_MAX];

		sweep_add_pos(w, o->pos, o->pass);
	}
}

/* The batch's SYNs of the sweep from `from` on have to wait, and what was handed back. */
static void defer(struct sweep *w, unsigned int from)
{
	struct kernel_sweep *k = w->own;
	struct window *win = &w->sender->window;

	take_back(w);
	for (unsigned int i = from; i < w->batch.n; i++)
		if (w->batch.origins[i].pass != BATCH_NONE)
			deferred_add(&k->deferred, win, w->batch.origins[i].pos,
				     w->batch.origins[i].pass);
	for (uint64_t i = k->back_n; i < k->back_end; i++)
		deferred_add(&k->deferred, win, k->back[i % HANDED_BACK_MAX].pos,
			     k->back[i % HANDED_BACK_MAX].pass);
}

/* Its logs say when they were made, which is near enough for a short while. */
static void refused(struct sweep *w, unsigned int from, uint64_t now_ns)
{
	(void)now_ns;
	if (w->refused_ns >= LATE_NS)
		defer(w, from);
}

static void sent(struct sweep *w, uint64_t now_ns)
{
	struct kernel_sweep *k = w->own;

	deferred_sent(&k->deferred, now_ns + w->facts->config->probing.timeout_ns);
}

/* ---- credit -------------------------------------------------------------------------------- */

/* What an earlier part of the run was about goes as frames, before the sweeper's head begins. */
static bool is_resuming(const struct sweep *w)
{
	return w->at[0] < w->sender->done.end;
}

static void limit_passes(struct sweep *w, uint64_t now_ns)
{
	struct kernel_sweep *k = w->own;
	struct window *win = &w->sender->window;
	uint64_t *until = k->until, positions = w->sender->positions;

	until[0] = window_room(win);
	if (until[0] > positions)
		until[0] = positions;
	if (is_resuming(w))
		until[0] = 0;
	else
		backpressure_set(&w->pressure, PRESSURE_WINDOW,
				 w->at[0] == until[0] && until[0] < positions);
	if (w->pressure.stops_new)
		until[0] = 0;
	/* What is deferred counts as not done, and is due all the same. */
	for (unsigned int a = 1; a < win->passes && !w->pressure.stops_probes; a++) {
		uint64_t due = window_due(win, a, now_ns, w->facts->config->probing.timeout_ns);

		until[a] = due > until[a] ? due : until[a];
	}
}

static uint32_t in_flight_max(const struct sweep *w)
{
	double n = w->budget.rate.rate_pps * IN_FLIGHT_NS / NS_PER_S;

	return w->budget.rate.rate_pps > 0 && n < IN_FLIGHT_MAX ? 1 + (uint32_t)n : IN_FLIGHT_MAX;
}

/* How many packets more it may send, of max. */
static uint32_t credit(const struct sweep *w, uint32_t max)
{
	const struct kernel_sweep *k = w->own;
	uint64_t in_flight = k->granted - k->progress.used;
	uint32_t limit = in_flight_max(w);
	uint32_t n = in_flight >= limit ? 0 : limit - (uint32_t)in_flight;

	/* It takes a while to start, for which there is no making up. */
	if (!k->progress.used)
		return k->granted ? 0 : max > 0;
	return n < max ? n : max;
}

/* Returns how many packets more were granted, or -errno. */
static int grant(struct sweep *w, uint32_t max, uint64_t now_ns)
{
	struct kernel_sweep *k = w->own;
	struct window *win = &w->sender->window;
	uint32_t n = credit(w, max);
	uint64_t reach;
	int rc;

	limit_passes(w, now_ns);
	/* No SYN goes further than that: an answer from there is forged. */
	reach = w->at[0] + (k->granted - k->progress.used) + n;
	reach = reach < k->until[0] ? reach : k->until[0];
	if (reach > window_reserved(win))
		atomic_store_explicit(&win->reserved, reach, memory_order_release);
	rc = w->tx->sweeper->grant(w->tx_state, k->granted + n, k->until, now_ns);
	if (rc)
		return rc;
	k->granted += n;
	return (int)n;
}

static int fill(struct sweep *w, uint32_t max, uint64_t now_ns)
{
	unsigned int frames = max < TX_BATCH ? max : TX_BATCH;

	if (w->pressure.stops_probes)
		defer(w, w->batch.n);
	else
		add_handed_back(w, frames);
	if (is_resuming(w) && !w->pressure.stops_new)
		sweep_add_new(w, frames, w->sender->done.end, now_ns);
	return grant(w, max > w->batch.n ? max - w->batch.n : 0, now_ns);
}

/* ---- what it does -------------------------------------------------------------------------- */

static void count_sent(struct sweep *w, const struct tx_progress *before)
{
	const struct kernel_sweep *k = w->own;
	const struct window *win = &w->sender->window;
	struct stats *stats = &w->sender->stats;

	for (unsigned int a = 0; a < win->passes; a++) {
		uint64_t n = k->progress.sent[a] - before->sent[a];
		enum probe_kind kind = plan_arm_kind(&w->facts->plan, a % win->arms, false);

		stat_add(stats, stat_sent(kind), n);
		if (a >= win->arms)
			stat_add(stats, STAT_sent_retries, n);
	}
	stat_add(stats, STAT_sent_bytes, k->progress.sent_bytes - before->sent_bytes);
	stat_add(stats, STAT_requeued, k->progress.refused - before->refused);
}

static bool follow(struct sweep *w, uint64_t now_ns)
{
	struct kernel_sweep *k = w->own;
	struct tx_progress before = k->progress;

	w->tx->sweeper->progress(w->tx_state, &k->progress);
	if (k->progress.used && !before.used)
		budget_refill(&w->budget, now_ns);
	count_sent(w, &before);
	w->nwaiting = k->back_end - k->back_n;
	if (!w->nwaiting)
		deferred_expire(&k->deferred, now_ns);
	for (unsigned int a = 0; a < w->sender->window.passes; a++) {
		if (a > 0 || !is_resuming(w))
			w->at[a] = k->progress.at[a];
		w->done[a] = deferred_done(&k->deferred, a, w->at[a]);
	}
	return k->progress.used > before.used;
}

static void redirect(struct sweep *w, bool v6)
{
	w->tx->sweeper->address(w->tx_state, v6, w->gateway[v6]);
}

/* What was handed back is not sent any more: silence proves nothing. */
static void give_up_handed_back(struct sweep *w)
{
	struct kernel_sweep *k = w->own;

	for (take_back(w); k->back_n < k->back_end; take_back(w)) {
		stat_add(&w->sender->stats, STAT_not_sent, k->back_end - k->back_n);
		for (; k->back_n < k->back_end; k->back_n++)
			window_mark(&w->sender->window, k->back[k->back_n % HANDED_BACK_MAX].pos,
				    WINDOW_UNKNOWN);
	}
}

static void stop(struct sweep *w)
{
	struct kernel_sweep *k = w->own;

	if (k->stopped)
		return;
	w->tx->sweeper->stop(w->tx_state);
	give_up_handed_back(w);
	k->stopped = true;
}

const struct sweep_driver sweep_kernel = {
	.burst = IN_FLIGHT_MAX, .nap_ns = NAP_NS, .own_len = sizeof(struct kernel_sweep),
	.room = room, .retake = retake, .fill = fill, .follow = follow, .sent = sent,
	.refused = refused, .redirect = redirect, .stop = stop,
};
