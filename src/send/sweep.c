#include "send/sweep.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "send/sweep_fill.h"
#include "send/sweep_frames.h"
#include "send/sweep_kernel.h"
#include "send/sweep_send.h"
#include "send/sweep_state.h"
#include "state/shared.h"
#include "wire/capfile.h"

/* ---- beginning and end --------------------------------------------------------------------- */

struct sweep *sweep_new(struct shared *s, unsigned int sender, const struct tx_ops *tx,
			void *tx_state, uint64_t now_ns)
{
	struct sweep *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->s = s;
	w->facts = &s->facts;
	w->sender = &s->senders[sender];
	w->number = sender;
	w->nsenders = s->nsenders;
	w->requests = sender == 0 && s->facts.proxies ? &s->neigh_requests : NULL;
	w->stamps = s->stamps;
	w->tx = tx;
	w->tx_state = tx_state;
	w->pressure = (struct backpressure){
		.gateway_silent = &s->control.gateway.silent, .rx = &s->rx,
		.capture = capfile_writer(s->capture), .stats = &w->sender->stats,
	};
	w->driver = tx->sweeper ? &sweep_kernel : &sweep_frames;
	budget_init(&w->budget, s->facts.config, s->nsenders, craft_request_len(&s->facts.craft),
		    w->driver->burst, now_ns);
	for (unsigned int a = 0; a < w->sender->window.passes; a++)
		w->at[a] = w->done[a] = w->sender->done.first;
	w->own = w->driver->own_len ? calloc(1, w->driver->own_len) : NULL;
	if (w->driver->own_len && !w->own) {
		sweep_free(w);
		return NULL;
	}
	return w;
}

void sweep_free(struct sweep *w)
{
	free(w->own);
	free(w);
}

static void stop_driver(struct sweep *w)
{
	if (w->driver->stop)
		w->driver->stop(w);
}

static void retake(struct sweep *w, unsigned int max)
{
	if (w->driver->retake)
		w->driver->retake(w, max);
}

/* ---- one turn ------------------------------------------------------------------------------ */

/* Where a gateway has moved or was silent, frames go to where it is now. */
static void follow_gateway(struct sweep *w, bool v6, uint64_t now_ns)
{
	struct gateway_now *gateway = &w->s->control.gateway.now[v6];
	uint32_t changes = atomic_load_explicit(&gateway->changes, memory_order_acquire);
	uint64_t mac = atomic_load_explicit(&gateway->mac, memory_order_relaxed);

	if (changes == w->gateway_changes[v6])
		return;
	put_be16(w->gateway[v6], (uint16_t)(mac >> 32));
	put_be32(w->gateway[v6] + 2, (uint32_t)mac);
	w->gateway_changes[v6] = changes;
	if (w->driver->redirect) {
		w->driver->redirect(w, v6);
		now_ns = clock_now_ns();
	}
	outage_log_add(&w->sender->outages, outage_of_gateway(v6),
		       atomic_load(&gateway->heard_ns), now_ns);
	atomic_store(&w->sender->gateway_changes[v6], changes);
}

/* As many of at most max frames as the engine takes; the others wait where they are. */
static unsigned int frames_now(struct sweep *w, uint32_t max)
{
	unsigned int n = max < TX_BATCH ? max : TX_BATCH;

	return w->driver->room ? w->driver->room(w, n) : n;
}

/*
 * Fills the batch with what is due, and has the driver do its part: at most max packets in all, and
 * nreplies replies to neighbours: the requester holds back what it has for us, so a reply does not
 * wait for the rate; it is debited. Returns how many packets, or -errno.
 */
static int fill_batch(struct sweep *w, uint32_t max, uint32_t nreplies, uint64_t now_ns)
{
	unsigned int frames = frames_now(w, max);
	int beside;

	batch_clear(&w->batch);
	if (nreplies)
		sweep_add_replies(w, nreplies);
	w->nreplies = w->batch.n;
	retake(w, frames);
	sweep_add_segments(w, frames);
	if (shared_stopping(w->s, STOP_SENDING)) {
		stop_driver(w);
		return (int)w->batch.n;
	}
	backpressure_look(&w->pressure, now_ns);
	if (!w->pressure.stops_probes)
		sweep_add_followups(w, frames);
	beside = w->driver->fill(w, max, now_ns);
	return beside < 0 ? beside : (int)w->batch.n + beside;
}

/* Before they are sent: an answer must not come into the file before its probe. */
static void save_batch(struct sweep *w, uint64_t now_ns)
{
	for (unsigned int i = 0; i < w->batch.n; i++)
		capfile_write(w->s->capture, w->batch.frames[i].data, w->batch.frames[i].len,
			      w->batch.frames[i].len,
			      now_ns + (uint64_t)w->facts->wall_offset_ns);
}

/* The batch, and what else of n packets goes beside it. */
static void take(struct sweep *w, unsigned int n)
{
	uint64_t len = (uint64_t)(n - w->batch.n) * craft_request_len(&w->facts->craft);

	for (unsigned int i = 0; i < w->batch.n; i++)
		len += w->batch.frames[i].len;
	budget_take(&w->budget, n, len, w->nreplies);
}

/* After sending: how far each attempt is, and whether that is all. */
static void publish(struct sweep *w, uint64_t now_ns)
{
	struct sender *sd = w->sender;
	bool syns = w->driver->follow(w, now_ns);
	uint64_t lowest = w->at[0];

	for (unsigned int i = 0; i < w->batch.n; i++)
		syns |= w->batch.kinds[i] < PROBE_KINDS || w->batch.kinds[i] == BATCH_COUNTED;
	/* Of other packets nothing comes that is to be waited for. */
	if (syns) {
		if (!atomic_load_explicit(&sd->first_sent_ns, memory_order_relaxed))
			atomic_store_explicit(&sd->first_sent_ns, now_ns, memory_order_relaxed);
		atomic_store_explicit(&sd->last_sent_ns, clock_now_ns(), memory_order_relaxed);
	}
	stat_set(&sd->stats, STAT_targets_started, w->at[0]);
	for (unsigned int a = 0; a < sd->window.passes; a++) {
		atomic_store_explicit(&sd->window.cursor[a].done, w->done[a],
				      memory_order_release);
		if (w->at[a] < lowest)
			lowest = w->at[a];
	}
	if (lowest == sd->positions && !w->nwaiting)
		atomic_store_explicit(&sd->swept, true, memory_order_release);
}

/* False: it is over. */
static bool take_turn(struct sweep *w)
{
	uint64_t now_ns = clock_now_ns(), wait_ns;
	uint32_t allowed = budget_allow(&w->budget, now_ns, &wait_ns), nreplies = 0;
	int n;

	follow_gateway(w, false, now_ns);
	follow_gateway(w, true, now_ns);
	if (w->requests && ring_count(w->requests))
		nreplies = budget_allow_replies(&w->budget, now_ns, TX_BATCH);
	if (!allowed && !nreplies) {
		clock_sleep(wait_ns);
		return true;
	}
	n = fill_batch(w, allowed, nreplies, now_ns);
	if (w->s->capture)
		save_batch(w, now_ns);
	if (n < 0)
		sweep_fail(w, n);
	if (n < 0 || (w->batch.n && !sweep_send(w, now_ns)))
		return false;
	take(w, (unsigned int)n);
	publish(w, now_ns);
	if (!w->batch.n)
		clock_sleep(w->driver->nap_ns);
	return true;
}

/* What the engine handed back goes as far as it is taken now. */
static void send_rest(struct sweep *w)
{
	bool takes = !atomic_load(&w->sender->failed);

	do {
		batch_clear(&w->batch);
		retake(w, TX_BATCH);
		if (!takes)
			sweep_give_up(w, 0);
		else if (w->batch.n)
			takes = sweep_send(w, clock_now_ns());
	} while (w->batch.n);
}

void sweep_run(struct shared *s, unsigned int sender, const struct tx_ops *tx, void *tx_state)
{
	struct sweep *w = sweep_new(s, sender, tx, tx_state, clock_now_ns());

	if (!w) {
		err_set(&s->senders[sender].err, ENOMEM, "out of memory for a send thread");
		atomic_store(&s->senders[sender].failed, true);
		return;
	}
	while (!shared_stopping(s, STOP_OVER) && take_turn(w))
		;
	stat_add(&w->sender->stats, STAT_not_sent, ring_count(&w->sender->segments));
	/* What was sent, or begun, since the last look counts, too. */
	stop_driver(w);
	send_rest(w);
	publish(w, clock_now_ns());
	sweep_free(w);
}
