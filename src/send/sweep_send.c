/*
 * sweep_send: the send thread's batch into the engine's hands. What the engine refuses is tried
 * again with back-off; only what it took counts as sent.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "net/outage.h"
#include "send/sweep_state.h"

#define BACKOFF_MIN_NS	50000ull
#define BACKOFF_MAX_NS	(10 * NS_PER_MS)
#define LATE_NS		(10 * NS_PER_MS)	/* what a sweeper's time-outs may be short of */

void sweep_sleep(uint64_t ns)
{
	struct timespec t = { (time_t)(ns / NS_PER_S), (long)(ns % NS_PER_S) };

	nanosleep(&t, NULL);
}

/* ---- what came of frames ------------------------------------------------------------------- */

static void count_sent(struct sweep *w, unsigned int from, unsigned int to)
{
	struct shared *s = w->s;
	uint64_t bytes = 0, by_kind[SWEEP_FRAMES_ALL] = { 0 }, retries = 0;

	for (unsigned int i = from; i < to; i++) {
		bytes += w->kinds[i] == SWEEP_AGAIN ? 0 : w->batch[i].len;
		by_kind[w->kinds[i]]++;
		retries += w->attempts[i] % plan_followup_attempts(&s->facts.plan) > 0;
	}
	stat_add(&w->sender->stats, STAT_sent_bytes, bytes);
	for (unsigned int kind = 0; kind < PROBE_KINDS; kind++)
		stat_add(&w->sender->stats, stat_sent(kind), by_kind[kind]);
	stat_add(&w->sender->stats, STAT_sent_retries, retries);
	stat_add(&w->sender->stats, STAT_sent_cleanup, by_kind[SWEEP_CLEANUP]);
	stat_add(&w->sender->stats, STAT_sent_neighbour, by_kind[SWEEP_ANSWER]);
}

/* What the receive thread is told of the follow-ups among frames from..to - 1. */
static void stamp(struct sweep *w, unsigned int from, unsigned int to, uint64_t value)
{
	for (unsigned int i = from; i < to; i++)
		if (w->origins[i].slot != SWEEP_NONE)
			atomic_store_explicit(&w->s->stamps[w->origins[i].slot], value,
					      memory_order_release);
}

/*
 * The sweep's SYNs from `from` on are handed over once more: their time is anew. Those of a pass
 * are next to each other, in the order of their positions. A sweeper's logs are its own.
 */
static void late(struct sweep *w, unsigned int from, uint64_t now_ns)
{
	if (w->tx->sweeper && w->refused_ns >= LATE_NS)
		sweep_hold(w, from);
	if (w->tx->sweeper)
		return;
	for (unsigned int i = from; i < w->n; i++) {
		const struct sweep_origin *o = &w->origins[i];

		if (o->pass != SWEEP_NONE && (i == from || w->origins[i - 1].pass != o->pass))
			sendlog_add(&w->sender->window.cursor[o->pass].log, o->pos, now_ns);
	}
}

void sweep_give_up(struct sweep *w, unsigned int from)
{
	stamp(w, from, w->n, STAMP_NOT_SENT);
	for (unsigned int i = from; i < w->n; i++) {
		stat_add(&w->sender->stats,
			 w->kinds[i] == SWEEP_AGAIN ? STAT_not_taken : STAT_not_sent, 1);
		if (w->origins[i].pass != SWEEP_NONE)
			window_mark(&w->sender->window, w->origins[i].pos, WINDOW_UNKNOWN);
	}
}

/* ---- what the engine says ------------------------------------------------------------------ */

void sweep_fail(struct sweep *w, int rc)
{
	const struct shared *s = w->s;
	const char *interface = s->facts.interface ? s->facts.interface : "of the route";

	if (rc == -EMSGSIZE)
		err_set(&w->sender->err, -rc, "cannot send on interface %s: %s: its MTU is lower "
			"than when the scan began; raise it, or give a shorter --payload",
			interface, strerror(-rc));
	else if (w->refused_ns)
		err_set(&w->sender->err, -rc, "cannot send on interface %s: %s; it %s for %.3g s "
			"now: see to that, and scan again", interface, strerror(-rc),
			outage_state(s->facts.ifindex), (double)w->refused_ns / NS_PER_S);
	else
		err_set(&w->sender->err, -rc, "cannot send on interface %s: %s; look at the "
			"interface and its driver", interface, strerror(-rc));
	atomic_store(&w->sender->failed, true);
}

/*
 * The interface was down: answers to what was sent before came to nobody, and who is to answer may
 * take a while to see that it is up again. Silence from then proves nothing.
 */
static void note_outage(struct sweep *w, uint64_t now_ns)
{
	uint64_t before_ns = w->s->facts.config->probing.timeout_ns + OUTAGE_LEAST_NS;
	uint64_t from_ns = w->refused_from_ns > before_ns ? w->refused_from_ns - before_ns : 0;

	for (unsigned int v6 = 0; v6 < 2 && w->refused_ns >= OUTAGE_LEAST_NS; v6++)
		outage_log_add(&w->sender->link_outages, v6, from_ns, now_ns + OUTAGE_AFTER_NS);
}

static void set_refused(struct sweep *w, uint64_t ns)
{
	if (!w->refused_ns)
		w->refused_from_ns = clock_now_ns();
	w->refused_ns = ns;
	atomic_store_explicit(&w->sender->refused_ns, ns, memory_order_relaxed);
}

/* Waits before a refused batch is tried again. False: it is not to be. */
static bool wait_refused(struct sweep *w, int rc, uint64_t *backoff_ns)
{
	bool may_pass = rc == -ENOBUFS || rc == -EAGAIN || rc == -ENETDOWN;

	if (!may_pass || w->refused_ns > w->s->facts.outage_max_ns) {
		sweep_fail(w, rc);
		return false;
	}
	if (shared_stopping(w->s, STOP_OVER))
		return false;
	stat_add(&w->sender->stats, STAT_requeued, 1);
	sweep_sleep(*backoff_ns);
	set_refused(w, w->refused_ns + *backoff_ns);
	if (*backoff_ns < BACKOFF_MAX_NS)
		*backoff_ns *= 2;
	return true;
}

bool sweep_send(struct sweep *w, uint64_t now_ns)
{
	uint64_t backoff_ns = BACKOFF_MIN_NS;
	unsigned int sent = 0;

	while (sent < w->n) {
		int rc;

		stamp(w, sent, w->n, now_ns | STAMP_LEAVING);
		rc = w->tx->send(w->tx_state, w->batch + sent, w->n - sent);
		if (rc > 0) {
			stamp(w, sent, sent + (unsigned int)rc, now_ns);
			count_sent(w, sent, sent + (unsigned int)rc);
			sent += (unsigned int)rc;
			backoff_ns = BACKOFF_MIN_NS;
			if (w->refused_ns) {
				note_outage(w, now_ns);
				set_refused(w, 0);
			}
			sweep_held_sent(w, now_ns);
		} else if (!wait_refused(w, rc, &backoff_ns)) {
			break;
		}
		if (sent < w->n) {
			now_ns = clock_now_ns();
			late(w, sent, now_ns);
		}
	}
	sweep_give_up(w, sent);
	return sent == w->n;
}
