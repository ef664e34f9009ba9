#include "send/sweep_send.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "net/iface.h"
#include "send/sweep_state.h"
#include "state/shared.h"

#define BACKOFF_MIN_NS	50000ull
#define BACKOFF_MAX_NS	(10 * NS_PER_MS)
#define PAUSE_MOST	10	/* times what was asked for: longer, this process was stopped */

/* ---- what came of frames ------------------------------------------------------------------- */

static void count_sent(struct sweep *w, unsigned int from, unsigned int to)
{
	const struct batch *b = &w->batch;
	struct stats *stats = &w->sender->stats;
	unsigned int attempts = plan_followup_attempts(&w->facts->plan);
	uint64_t bytes = 0, by_kind[BATCH_KINDS] = { 0 }, retries = 0;

	/* Most frames in a row are of one kind. */
	for (unsigned int i = from, n; i < to; i += n) {
		uint8_t kind = b->kinds[i];

		for (n = 0; i + n < to && b->kinds[i + n] == kind; n++)
			bytes += kind == BATCH_COUNTED ? 0 : b->frames[i + n].len;
		by_kind[kind] += n;
	}
	for (unsigned int i = from; i < to; i++)
		retries += b->attempts[i] && b->attempts[i] % attempts;
	stat_add(stats, STAT_sent_bytes, bytes);
	for (unsigned int kind = 0; kind < PROBE_KINDS; kind++)
		stat_add(stats, stat_sent(kind), by_kind[kind]);
	stat_add(stats, STAT_sent_retries, retries);
	stat_add(stats, STAT_sent_cleanup, by_kind[BATCH_TEARDOWN]);
	stat_add(stats, STAT_sent_segments, by_kind[BATCH_CARRIED]);
	stat_add(stats, STAT_sent_neighbour, by_kind[BATCH_REPLY]);
}

/* Where the receive thread reads what became of the follow-ups among frames from..to - 1. */
static void stamp(struct sweep *w, unsigned int from, unsigned int to, uint64_t value)
{
	for (unsigned int i = from; i < to && i < w->batch.followups_end; i++)
		if (w->batch.origins[i].slot != BATCH_NONE)
			atomic_store_explicit(&w->stamps[w->batch.origins[i].slot], value,
					      memory_order_release);
}

void sweep_give_up(struct sweep *w, unsigned int from)
{
	stamp(w, from, w->batch.n, STAMP_NOT_SENT);
	for (unsigned int i = from; i < w->batch.n; i++) {
		stat_add(&w->sender->stats,
			 w->batch.kinds[i] == BATCH_COUNTED ? STAT_not_taken : STAT_not_sent, 1);
		if (w->batch.origins[i].pass != BATCH_NONE)
			window_mark(&w->sender->window, w->batch.origins[i].pos, WINDOW_UNKNOWN);
	}
}

/* ---- what the engine says ------------------------------------------------------------------ */

void sweep_fail(struct sweep *w, int rc)
{
	const struct facts *f = w->facts;
	const char *interface = f->interface ? f->interface : "of the route";

	if (rc == -EMSGSIZE)
		err_set(&w->sender->err, -rc, "cannot send on interface %s: %s: its MTU is lower "
			"than when the scan began; raise it, or give a shorter --payload",
			interface, strerror(-rc));
	else if (w->refused_ns)
		err_set(&w->sender->err, -rc, "cannot send on interface %s: %s; it %s for %.3g s "
			"now: check the link and scan again", interface, strerror(-rc),
			iface_state(f->ifindex), (double)w->refused_ns / NS_PER_S);
	else
		err_set(&w->sender->err, -rc, "cannot send on interface %s: %s; check the "
			"interface and its driver", interface, strerror(-rc));
	atomic_store(&w->sender->failed, true);
}

/*
 * The interface is down: answers to what was sent before come to nobody. Silence from then proves
 * nothing, also while it lasts.
 */
static void note_outage(struct sweep *w)
{
	uint64_t before_ns = w->facts->config->probing.timeout_ns + OUTAGE_LEAST_NS;
	uint64_t from_ns = w->refused_from_ns > before_ns ? w->refused_from_ns - before_ns : 0;

	outage_log_add(&w->sender->outages, OUTAGE_LINK, from_ns, UINT64_MAX);
}

static void set_refused(struct sweep *w, uint64_t ns)
{
	bool was_out = w->refused_ns >= OUTAGE_LEAST_NS;

	w->refused_ns = ns;
	if (!was_out && ns >= OUTAGE_LEAST_NS)
		note_outage(w);
	atomic_store_explicit(&w->sender->refused_ns, ns, memory_order_relaxed);
}

/* Waits before a refused batch is tried again. False: it is not to be. */
static bool wait_refused(struct sweep *w, int rc, uint64_t *backoff_ns)
{
	bool may_pass = rc == -ENOBUFS || rc == -EAGAIN || rc == -ENETDOWN;
	uint64_t from_ns, paused_ns;

	if (!may_pass || w->refused_ns > w->facts->outage_max_ns) {
		sweep_fail(w, rc);
		return false;
	}
	if (shared_stopping(w->s, STOP_OVER))
		return false;
	stat_add(&w->sender->stats, STAT_requeued, 1);
	from_ns = clock_now_ns();
	if (!w->refused_ns)
		w->refused_from_ns = from_ns;
	clock_sleep(*backoff_ns);
	/* On a busy machine a pause lasts longer than it was asked to. */
	paused_ns = clock_now_ns() - from_ns;
	if (paused_ns > PAUSE_MOST * *backoff_ns)
		paused_ns = PAUSE_MOST * *backoff_ns;
	set_refused(w, w->refused_ns + paused_ns);
	if (*backoff_ns < BACKOFF_MAX_NS)
		*backoff_ns *= 2;
	return true;
}

/* The engine took frames sent..sent + n - 1. */
static void note_sent(struct sweep *w, unsigned int sent, unsigned int n, uint64_t now_ns)
{
	stamp(w, sent, sent + n, now_ns);
	count_sent(w, sent, sent + n);
	/* Who is to answer may take a while to see that the interface is up again. */
	if (w->refused_ns >= OUTAGE_LEAST_NS)
		outage_log_end(&w->sender->outages, OUTAGE_LINK, now_ns + OUTAGE_AFTER_NS);
	if (w->refused_ns)
		set_refused(w, 0);
	if (w->driver->sent)
		w->driver->sent(w, now_ns);
}

bool sweep_send(struct sweep *w, uint64_t now_ns)
{
	uint64_t backoff_ns = BACKOFF_MIN_NS;
	unsigned int sent = 0;

	while (sent < w->batch.n) {
		int rc;

		stamp(w, sent, w->batch.n, now_ns | STAMP_LEAVING);
		rc = w->tx->send(w->tx_state, w->batch.frames + sent, w->batch.n - sent);
		if (rc > 0) {
			note_sent(w, sent, (unsigned int)rc, now_ns);
			sent += (unsigned int)rc;
			backoff_ns = BACKOFF_MIN_NS;
		} else if (!wait_refused(w, rc, &backoff_ns)) {
			break;
		}
		if (sent < w->batch.n) {
			now_ns = clock_now_ns();
			w->driver->refused(w, sent, now_ns);
		}
	}
	sweep_give_up(w, sent);
	return sent == w->batch.n;
}
