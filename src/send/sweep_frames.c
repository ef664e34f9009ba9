#include "send/sweep_frames.h"

#include <string.h>

#include "base/clock.h"
#include "send/sweep_fill.h"
#include "send/sweep_state.h"
#include "state/facts.h"
#include "state/sender.h"

#define NAP_NS		NS_PER_MS

/* A pass beyond the head: the second arm, or an attempt more to who is silent to the one before. */
static void add_trailing(struct sweep *w, unsigned int a, unsigned int max, uint64_t now_ns)
{
	struct window *win = &w->sender->window;
	uint64_t first = 0, due = window_due(win, a, now_ns, w->facts->config->probing.timeout_ns);
	unsigned int before = w->batch.n, skipped = 0;

	for (; w->batch.n < max && w->at[a] < due && skipped < SWEEP_SKIP_MAX;
	     w->at[a]++, skipped++) {
		if (!window_retry(win, w->at[a], a % win->arms))
			continue;
		if (w->batch.n == before)
			first = w->at[a];
		sweep_add_pos(w, w->at[a], a);
	}
	if (w->batch.n > before)
		sendlog_add(&win->cursor[a].log, first, now_ns);
}

static int fill(struct sweep *w, uint32_t max, uint64_t now_ns)
{
	const struct window *win = &w->sender->window;
	unsigned int frames = max < TX_BATCH ? max : TX_BATCH;

	for (unsigned int a = win->passes - 1; a > 0 && !w->pressure.stops_probes; a--)
		add_trailing(w, a, frames, now_ns);
	if (!w->pressure.stops_new)
		sweep_add_new(w, frames, w->sender->positions, now_ns);
	return 0;
}

static bool follow(struct sweep *w, uint64_t now_ns)
{
	(void)now_ns;
	memcpy(w->done, w->at, sizeof(w->done));
	return false;
}

/* Their time is anew. Those of a pass are next to each other, in the order of their positions. */
static void refused(struct sweep *w, unsigned int from, uint64_t now_ns)
{
	const struct batch_origin *origins = w->batch.origins;

	for (unsigned int i = from; i < w->batch.n; i++)
		if (origins[i].pass != BATCH_NONE
		    && (i == from || origins[i - 1].pass != origins[i].pass))
			sendlog_add(&w->sender->window.cursor[origins[i].pass].log, origins[i].pos,
				    now_ns);
}

const struct sweep_driver sweep_frames = {
	.burst = TX_BATCH, .nap_ns = NAP_NS, .fill = fill, .follow = follow, .refused = refused,
};
