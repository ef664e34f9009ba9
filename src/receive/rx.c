#include "receive/rx.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "config/config.h"
#include "receive/answer.h"
#include "receive/progress.h"
#include "receive/replay.h"
#include "receive/sent.h"
#include "receive/trace.h"
#include "state/cookiefile.h"
#include "state/proxy.h"
#include "targets/targets.h"
#include "wire/capfile.h"

#define LOST_EVERY_NS	(40 * NS_PER_MS)	/* how often the capture's losses are read */
#define SAVE_EVERY_NS	NS_PER_S		/* how often cookies and frames go to their files */
#define SILENT_CHUNK	4096			/* silent rows between two looks at the capture */
#define LAST_POLLS	256			/* of what has come already, at the end */
#define CLOCK_STEP_NS	(10 * (int64_t)NS_PER_MS)	/* the wall clock was set */
#define AHEAD_NS	(100 * NS_PER_MS)	/* no packet comes so much later than it is now */
#define WAIT_NS		(10 * NS_PER_S)		/* nor waited so long */

struct rx {
	struct shared *s;
	struct rx_in in;
	struct rx_lost lost;		/* so far */
	struct sink *sink;
	struct cookiefile *cookie_log;	/* NULL: none */
	struct answers answers;
	struct replay replay;
	struct trace trace;
	struct progress progress;	/* where there is a checkpoint */
	int64_t wall_offset_ns;		/* now: follows steps of the wall clock */
	int64_t former_offset_ns;	/* before the last of these */
	uint64_t now_ns;		/* a capture file's clock; live: of the last tick */
	uint64_t read_ns;		/* what came by then was taken: the clock of time-outs */
	uint64_t newest_ns;		/* when the last packet taken had come */
	uint64_t lost_ns;		/* all that was lost by then is known */
	uint64_t saved_ns;		/* when cookies and frames went to their files */
};

/* ---- packets ------------------------------------------------------------------------------- */

/* ns: on the run's clock, as the SYNs' times are: the wall clock may be set meanwhile. */
static void save_frame(const struct rx *rx, const struct rx_frame *fr, uint64_t ns)
{
	if (rx->s->capture)
		capfile_write(rx->s->capture, fr->bytes, fr->caplen, fr->len,
			      ns + (uint64_t)rx->s->facts.wall_offset_ns);
}

/* An answer whose options were not captured, or what may be one. Live, there is room for all. */
static void count_cut(struct rx *rx, const struct rx_frame *fr, const struct arrival *a)
{
	bool may_be_one = a->fault == PACKET_OK ? a->m.class == VALIDATE_SYNACK
			  : rx->in.ops->may_be_cut;

	if (may_be_one && rx_frame_is_cut(fr, a->fault, a->p))
		stat_add(&rx->s->rx.stats, STAT_cut_short, 1);
}

bool rx_recognise(struct shared *s, const uint8_t *ip, size_t len, struct packet *p,
		  struct arrival *a)
{
	struct stats *stats = &s->rx.stats;

	a->p = p;
	a->fault = packet_parse(p, ip, len);
	a->m.class = VALIDATE_UNMATCHED;
	if (a->fault == PACKET_OK)
		validate_packet(&s->facts.validator, p, PAYLOAD_MAX, &a->m);
	stat_add(stats, STAT_received, 1);
	if (a->m.class == VALIDATE_UNMATCHED) {
		stat_add(stats, a->fault == PACKET_OK || a->fault == PACKET_OTHER
			 ? STAT_drop_unmatched : STAT_drop_parse, 1);
		return false;
	}
	a->target = (struct target){ a->m.dst, a->m.dport };
	if (targets_index(s->facts.targets, a->m.dst, a->m.dport, &a->x)
	    && order_pos(&s->facts.order, a->x, &a->k)) {
		a->sender = shared_sender(s, a->k, &a->pos);
		if (a->sender->seen ? replay_place(a)
		    : a->pos < window_reserved(&a->sender->window))
			return true;
	}
	stat_add(stats, a->m.class == VALIDATE_RST_BARE ? STAT_rsts_bare : STAT_drop_unsent, 1);
	return false;
}

/* No more rows are written. */
static bool is_closed(const struct rx *rx)
{
	return rows_full(&rx->answers.rows) || atomic_load(&rx->s->rx.failed);
}

static void follow_clock(struct rx *rx)
{
	int64_t offset_ns = clock_wall_offset_ns();

	if (llabs(offset_ns - rx->wall_offset_ns) <= CLOCK_STEP_NS)
		return;
	rx->former_offset_ns = rx->wall_offset_ns;
	rx->wall_offset_ns = offset_ns;
}

/*
 * When a packet came, on the run's clock. One poll may bring what came before the wall clock was
 * set and what came after: which it is shows where the step is much longer than packets wait.
 */
static uint64_t came_ns(struct rx *rx, const struct rx_frame *fr)
{
	uint64_t ns = fr->wall_ns - (uint64_t)rx->wall_offset_ns, former_ns;

	if (rx->in.ops->own_clock || (ns < rx->now_ns + AHEAD_NS && rx->now_ns < ns + WAIT_NS))
		return ns;
	follow_clock(rx);
	ns = fr->wall_ns - (uint64_t)rx->wall_offset_ns;
	former_ns = fr->wall_ns - (uint64_t)rx->former_offset_ns;
	return llabs((int64_t)(former_ns - rx->now_ns)) < llabs((int64_t)(ns - rx->now_ns))
	       ? former_ns : ns;
}

static void on_frame(void *arg, const struct rx_frame *fr)
{
	struct rx *rx = arg;
	struct packet p;
	struct arrival a;
	bool ours;

	rx->newest_ns = came_ns(rx, fr);
	if (rx->s->facts.proxies
	    && proxy_take_request(&rx->s->facts, &rx->s->neigh_requests, &rx->s->rx.stats, fr))
		return;
	ours = rx_recognise(rx->s, fr->ip, fr->ip_caplen, &p, &a);
	count_cut(rx, fr, &a);
	if (!ours || answers_refuse(&rx->answers, &a))
		return;
	a.ns = rx->newest_ns;
	if (a.m.class == VALIDATE_SENT) {
		if (!rx->in.ops->sees_sent)
			stat_add(&rx->s->rx.stats, STAT_drop_unmatched, 1);	/* a loop */
		else
			replay_sent(&rx->replay, &a);
		return;
	}
	if (is_closed(rx)) {
		answers_turn_away(&rx->answers, &a);
		return;
	}
	save_frame(rx, fr, a.ns);
	if (rx->in.ops->sees_sent)
		replay_answered(&rx->replay, &a, rx->read_ns);
	answers_take(&rx->answers, &a);
	if (rows_full(&rx->answers.rows))
		rx->in.ops->enough(rx->in.state);
}

/* ---- time ---------------------------------------------------------------------------------- */

/* Retires the positions whose last attempt had its time-out; silent ones get their rows. */
static bool move_tail(struct rx *rx, unsigned int sender)
{
	struct window *w = &rx->s->senders[sender].window;
	uint64_t before = w->tail;
	uint64_t to = window_silent_until(w, rx->read_ns, rx->s->facts.config->probing.timeout_ns);
	bool rows = facts_reports_silent(&rx->s->facts) && rx->s->facts.wire;

	for (int n = 0; rows && n < SILENT_CHUNK && w->tail < to; n++, w->tail++) {
		uint16_t status = window_status(w, w->tail);

		if (rows_full(&rx->answers.rows) || sink_is_full(rx->sink))
			break;
		if (!status || status & WINDOW_KNOWN)
			continue;
		rows_silent(&rx->answers.rows, sender_whole(w->tail, sender, rx->s->nsenders));
	}
	if (!rows && to > w->tail)
		w->tail = to;
	return w->tail > before;
}

/* The same of all senders, or of a saved capture's targets. False: there were none. */
static bool retire(struct rx *rx)
{
	bool any = false;

	if (rx->in.ops && rx->in.ops->sees_sent)
		return replay_retire(&rx->replay, rx->now_ns, rx->read_ns);
	for (unsigned int i = 0; i < rx->s->nsenders; i++)
		any |= move_tail(rx, i);
	return any;
}

/* Whether some position of the sweep may still be answered in time. */
static bool any_awaited(const struct rx *rx)
{
	for (unsigned int i = 0; i < rx->s->nsenders; i++)
		if (rx->s->senders[i].window.tail < rx->s->senders[i].positions)
			return true;
	return false;
}

/* What did not come as far as on_frame(). */
static void count_lost(struct rx *rx, uint64_t now_ns)
{
	struct stats *stats = &rx->s->rx.stats;
	struct rx_lost before = rx->lost;

	rx->in.ops->lost(rx->in.state, &rx->lost);
	if (rx->lost.capture > before.capture || rx->lost.interface > before.interface)
		loss_log_add(&rx->s->rx.losses, rx->lost_ns, clock_now_ns());
	stat_set(stats, STAT_drop_capture, rx->lost.capture);
	stat_set(stats, STAT_drop_interface, rx->lost.interface);
	stat_add(stats, STAT_received, rx->lost.unmatched - before.unmatched);
	stat_add(stats, STAT_drop_unmatched, rx->lost.unmatched - before.unmatched);
	rx->lost_ns = now_ns;
}

/* What waits for this thread, or from it for the send threads, is so much that more may be lost. */
static bool is_backlogged(const struct rx *rx)
{
	return (rx->in.ops && rx->in.ops->back_pressure
		&& rx->in.ops->back_pressure(rx->in.state))
	       || shared_rings_full(rx->s);
}

/* So much waits for whatever takes rows, cookies and frames that no more should come. */
static bool is_output_full(const struct rx *rx)
{
	return sink_is_full(rx->sink) || cookiefile_is_full(rx->cookie_log)
	       || capfile_is_full(rx->s->capture);
}

/* Rows go out at each look, what others read at leisure now and then. */
static int write_out(struct rx *rx, uint64_t now_ns)
{
	if (now_ns - rx->saved_ns >= SAVE_EVERY_NS) {
		cookiefile_flush(rx->cookie_log);
		capfile_flush(rx->s->capture);
		rx->saved_ns = now_ns;
	}
	return sink_flush(rx->sink, &rx->s->rx.err);
}

/* When nothing is sent any more, rows come as fast as they are taken. False: leave at once. */
static bool wait_for_output(const struct rx *rx)
{
	const struct timespec pause = { 0, NS_PER_MS };

	while (sink_is_full(rx->sink) && !shared_stopping(rx->s, STOP_NOW))
		nanosleep(&pause, NULL);
	return !shared_stopping(rx->s, STOP_NOW);
}

/* What time brings. */
static void tick(struct rx *rx, uint64_t now_ns)
{
	struct shared *s = rx->s;
	const struct config *c = s->facts.config;

	rx->now_ns = now_ns;
	if (rx->answers.trace)
		trace_sent(&rx->trace);
	retire(rx);
	cookies_tick(&rx->answers.cookies, now_ns, rx->read_ns);
	for (unsigned int i = 0; i < s->nsenders; i++)
		window_recycle(&s->senders[i].window, rx->read_ns,
			       c->probing.timeout_ns + c->rate.cooldown_ns, s->facts.wire);
	atomic_store_explicit(&s->rx.awaiting, any_awaited(rx), memory_order_relaxed);
	atomic_store_explicit(&s->rx.teardowns_due, cookies_teardowns_due(&rx->answers.cookies),
			      memory_order_relaxed);
	/* What went before in a run that goes on is not counted here. */
	atomic_store_explicit(&s->rx.finished, c->output.rows == ROWS_TARGET
			      && !s->senders[0].done.end
			      && cookies_pending(&rx->answers.cookies) == 0
			      && stat_get(&s->rx.stats,
					  STAT_targets_done) == s->facts.order.positions,
			      memory_order_release);
	atomic_store_explicit(&s->rx.backlogged, is_backlogged(rx), memory_order_relaxed);
	atomic_store_explicit(&s->rx.output_full, is_output_full(rx), memory_order_relaxed);
	atomic_store_explicit(&s->rx.looked_ns, now_ns, memory_order_relaxed);
	if (rx->in.ops && now_ns - rx->lost_ns >= LOST_EVERY_NS)
		count_lost(rx, now_ns);
	if (!atomic_load(&s->rx.failed) && write_out(rx, now_ns))
		atomic_store(&s->rx.failed, true);
	progress_save(&rx->progress, s->saving);
}

/* At the end of the scan: writes the rows of what is known. The rest is unfinished. */
static void conclude(struct rx *rx)
{
	bool any;

	do
		any = retire(rx);
	while (wait_for_output(rx) && any);
	progress_save_last(&rx->progress, rx->s->saving);
	cookies_flush(&rx->answers.cookies, rx->now_ns);
}

/*
 * Takes what has come. Fewer packets than a poll may bring were all there are: what came before it
 * is taken. Else the clock of time-outs follows the packets; and what is known of losses.
 */
static int read_packets(struct rx *rx)
{
	const struct timespec pause = { 0, 1000000 };
	uint64_t read_ns = clock_now_ns() - RX_DELAY_NS;
	int n = 0;

	if (rx->in.ops)
		n = rx->in.ops->poll(rx->in.state, on_frame, rx, &rx->s->rx.err);
	else
		nanosleep(&pause, NULL);
	if (n >= RX_POLL_MAX && rx->newest_ns < read_ns)
		read_ns = rx->newest_ns;
	if (rx->in.ops && read_ns > rx->lost_ns)
		read_ns = rx->lost_ns;
	read_ns = shared_silent_ns(rx->s, read_ns);
	if (read_ns > rx->read_ns)
		rx->read_ns = read_ns;
	return n;
}

void rx_run(struct rx *rx)
{
	struct shared *s = rx->s;
	int n = 0;

	rx->now_ns = rx->lost_ns = clock_now_ns();
	do {
		n = read_packets(rx);
		if (n < 0)
			atomic_store(&s->rx.failed, true);
		follow_clock(rx);
		tick(rx, clock_now_ns());
	} while (n >= 0 && !shared_stopping(s, STOP_OVER));
	/* What has come by now counts, too. */
	for (int i = 0; i < LAST_POLLS && n >= RX_POLL_MAX && !shared_stopping(s, STOP_NOW)
	     && !is_closed(rx);
	     i++)
		n = read_packets(rx);
	if (rx->in.ops)
		count_lost(rx, clock_now_ns());
	if (!shared_stopping(s, STOP_NOW) && !is_closed(rx))
		conclude(rx);
	progress_save_last(&rx->progress, s->saving);
	if (sink_flush(rx->sink, &s->rx.err))
		atomic_store(&s->rx.failed, true);
}

void rx_save_progress(struct rx *rx)
{
	progress_save(&rx->progress, rx->s->saving);
}

void rx_count_unfinished(struct rx *rx)
{
	struct shared *s = rx->s;

	if (!s->facts.wire)
		return;
	stat_add(&s->rx.stats, STAT_unfinished, cookies_pending(&rx->answers.cookies));
	for (unsigned int i = 0; i < s->nsenders; i++)
		stat_add(&s->rx.stats, STAT_unfinished,
			 sent_count_awaited(&s->senders[i], s->facts.config->probing.timeout_ns,
					    rx->read_ns));
}

static void on_file_frame(void *arg, const struct rx_frame *fr)
{
	struct rx *rx = arg;

	/* What comes out of order is not past its time-outs, nor what its run had not read. */
	if (fr->wall_ns > rx->now_ns + rx->s->facts.file_lag_ns)
		rx->now_ns = fr->wall_ns - rx->s->facts.file_lag_ns;
	if (rx->now_ns > rx->read_ns + RX_DELAY_NS)
		rx->read_ns = rx->now_ns - RX_DELAY_NS;
	if (rx->answers.trace)
		trace_sent(&rx->trace);
	cookies_tick(&rx->answers.cookies, rx->now_ns, rx->read_ns);
	retire(rx);	/* who answers only now has been silent */
	on_frame(rx, fr);
	replay_forget_due(&rx->replay);
}

void rx_run_file(struct rx *rx)
{
	struct shared *s = rx->s;
	int rc;

	do {
		rc = rx->in.ops->poll(rx->in.state, on_file_frame, rx, &s->rx.err);
		tick(rx, rx->now_ns);
	} while (rc >= 0 && wait_for_output(rx) && !is_closed(rx)
		 && !shared_stopping(s, STOP_OVER));
	if (rc < 0 && rc != -ENODATA)
		atomic_store(&s->rx.failed, true);
	count_lost(rx, rx->now_ns);
	/* Its scan waited for what was under way; what else was due it did not send. */
	if (!is_closed(rx)) {
		rx->now_ns += s->facts.file_lag_ns + PLAN_LINGER_NS
			      + CONN_QUIET_TIMEOUTS * s->facts.config->probing.timeout_ns;
		rx->read_ns = rx->now_ns;
		tick(rx, rx->now_ns);
		conclude(rx);
	}
	replay_warn_left_out(&rx->replay);
	if (sink_flush(rx->sink, &s->rx.err))
		atomic_store(&s->rx.failed, true);
}

int rx_new(struct rx **out, struct shared *s, const struct rx_in *in, struct sink *sink,
	   struct cookiefile *cookie_log, struct err *e)
{
	struct rx *rx = calloc(1, sizeof(*rx));

	if (!rx)
		return err_set(e, ENOMEM, "out of memory for the receive thread");
	rx->s = s;
	rx->in = *in;
	rx->sink = sink;
	rx->replay = (struct replay){ .s = s, .cookies = &rx->answers.cookies,
				      .rows = &rx->answers.rows };
	rx->cookie_log = cookie_log;
	rx->wall_offset_ns = rx->former_offset_ns = s->facts.wall_offset_ns;
	atomic_store(&s->rx.awaiting, true);
	if (answers_init(&rx->answers, s, sink, cookie_log, e)) {
		free(rx);
		return -ENOMEM;
	}
	if (s->saving)
		progress_init(&rx->progress, s, &rx->answers.cookies.cache, sink, cookie_log);
	rx->answers.cookies.sees_sent = in->ops && in->ops->sees_sent;
	if (trace_is_wanted(s))
		answers_trace(&rx->answers, &rx->trace);
	*out = rx;
	return 0;
}

void rx_free(struct rx *rx)
{
	answers_free(&rx->answers);
	free(rx);
}
