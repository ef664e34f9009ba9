#include "receive/rx.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "config/config.h"
#include "receive/answer.h"
#include "receive/progress.h"
#include "receive/reader.h"
#include "receive/replay.h"
#include "receive/tails.h"
#include "receive/trace.h"
#include "state/cookiefile.h"
#include "wire/capfile.h"

#define LOST_EVERY_NS	(40 * NS_PER_MS)	/* how often the capture's losses are read */
#define SAVE_EVERY_NS	NS_PER_S		/* how often cookies and frames go to their files */
#define LAST_POLLS	256			/* of what has come already, at the end */

/* What is under the lock of the part that has its number (rx_status.h). */
struct part {
	uint64_t read_ns;		/* what came by then was taken: the clock of time-outs */
	struct answers answers;
	struct replay replay;		/* of a saved capture */
	struct trace trace;
};

struct rx {
	struct shared *s;
	struct sink *sink;
	struct cookiefile *cookie_log;	/* NULL: none */
	struct progress progress;	/* where there is a checkpoint */
	uint64_t saved_ns;		/* when cookies and frames went to their files */
	unsigned int n;			/* parts, and threads */
	struct part parts[RECEIVERS_MAX];
	struct reader readers[RECEIVERS_MAX];
};

/* ---- locks --------------------------------------------------------------------------------- */

static void lock_all(struct rx *rx)
{
	for (unsigned int i = 0; i < rx->n; i++)
		pthread_mutex_lock(&rx->s->rx.part[i].lock);
	rx_lock(&rx->s->rx);
}

static void unlock_all(struct rx *rx)
{
	rx_unlock(&rx->s->rx);
	for (unsigned int i = 0; i < rx->n; i++)
		pthread_mutex_unlock(&rx->s->rx.part[i].lock);
}

/* ---- a part, under its lock ---------------------------------------------------------------- */

/* An answer, or in a capture what was sent. */
static void take(struct reader *r, unsigned int part, const struct rx_frame *fr, struct arrival *a)
{
	struct rx *rx = r->arg;
	struct part *p = &rx->parts[part];
	const struct rx_ops *ops = r->in.ops;

	if (answers_refuse(&p->answers, a))
		return;
	if (a->m.class == VALIDATE_SENT) {
		if (!ops->sees_sent)
			stat_add(&r->status->reading, STAT_drop_unmatched, 1);	/* a loop */
		else
			replay_sent(&p->replay, a);
		return;
	}
	if (rx_is_closed(&r->s->rx)) {
		answers_turn_away(&p->answers, a);
		return;
	}
	reader_save_frame(r, fr, a);
	if (ops->sees_sent)
		replay_answered(&p->replay, a, p->read_ns);
	answers_take(&p->answers, a);
	if (rows_full(&p->answers.rows))
		ops->enough(r->in.state);
}

static void write_rows(struct reader *r, unsigned int part)
{
	rows_write(&((struct rx *)r->arg)->parts[part].answers.rows);
}

/* Its clock goes on as far as all threads have read. */
static void follow_readers(struct rx *rx, unsigned int part)
{
	uint64_t read_ns = shared_silent_ns(rx->s, rx_read_ns(&rx->s->rx));

	if (read_ns > rx->parts[part].read_ns)
		rx->parts[part].read_ns = read_ns;
}

/* False: there was nobody to retire. */
static bool retire(struct rx *rx, unsigned int part, uint64_t now_ns)
{
	struct part *p = &rx->parts[part];
	bool any = p->answers.cookies.sees_sent ? replay_retire(&p->replay, now_ns, p->read_ns)
		   : tails_retire(rx->s, part, &p->answers.rows, p->read_ns);

	rows_write(&p->answers.rows);
	return any;
}

static void tick_part(struct rx *rx, unsigned int part, uint64_t now_ns)
{
	struct rx_part *status = &rx->s->rx.part[part];
	struct part *p = &rx->parts[part];

	if (p->answers.trace)
		trace_sent(&p->trace);
	retire(rx, part, now_ns);
	cookies_tick(&p->answers.cookies, now_ns, p->read_ns);
	tails_recycle(rx->s, part, p->read_ns);
	atomic_store_explicit(&status->awaiting, tails_any_awaited(rx->s, part),
			      memory_order_relaxed);
	atomic_store_explicit(&status->teardowns_due, cookies_teardowns_due(&p->answers.cookies),
			      memory_order_relaxed);
}

/* ---- time ---------------------------------------------------------------------------------- */

/* So much waits for whatever takes rows, cookies and frames that no more should come. */
static bool is_output_full(const struct rx *rx)
{
	return sink_is_full(rx->sink) || cookiefile_is_full(rx->cookie_log)
	       || capfile_is_full(rx->s->capture);
}

/* Rows go out at each look, what others read at leisure now and then. */
static void write_out(struct rx *rx, uint64_t now_ns)
{
	struct err e = { "" };
	int rc;

	rx_lock(&rx->s->rx);
	if (now_ns - rx->saved_ns >= SAVE_EVERY_NS) {
		cookiefile_flush(rx->cookie_log);
		capfile_flush(rx->s->capture);
		rx->saved_ns = now_ns;
	}
	rc = sink_flush(rx->sink, &e);
	rx_unlock(&rx->s->rx);
	if (rc)
		rx_fail(&rx->s->rx, &e);
}

/* When nothing is sent any more, rows come as fast as they are taken. False: leave at once. */
static bool wait_for_output(const struct rx *rx)
{
	const struct timespec pause = { 0, NS_PER_MS };

	while (sink_is_full(rx->sink) && !shared_stopping(rx->s, STOP_NOW))
		nanosleep(&pause, NULL);
	return !shared_stopping(rx->s, STOP_NOW);
}

/* What went before in a run that goes on is not counted here. */
static bool is_finished(struct rx *rx)
{
	const struct shared *s = rx->s;
	uint32_t pending = 0;

	if (s->facts.config->output.rows != ROWS_TARGET || s->senders[0].done.end
	    || stat_get(&s->rx.stats, STAT_targets_done) != s->facts.order.positions)
		return false;
	/* Whoever wrote the last row lets go of its part with its resets in the ring. */
	lock_all(rx);
	for (unsigned int i = 0; i < rx->n; i++)
		pending += cookies_pending(&rx->parts[i].answers.cookies);
	unlock_all(rx);
	return pending == 0;
}

static void save_progress(struct rx *rx, void (*save)(struct progress *p, struct saving *to))
{
	lock_all(rx);
	save(&rx->progress, rx->s->saving);
	unlock_all(rx);
}

/* What time brings to all parts together: the first thread's. */
static void tick_all(struct rx *rx, uint64_t now_ns)
{
	struct rx_status *status = &rx->s->rx;

	atomic_store_explicit(&status->finished, is_finished(rx), memory_order_release);
	atomic_store_explicit(&status->output_full, is_output_full(rx), memory_order_relaxed);
	if (!atomic_load(&status->failed))
		write_out(rx, now_ns);
	if (progress_is_wanted(rx->s->saving))
		save_progress(rx, progress_save);
}

static void tick(struct reader *r, uint64_t now_ns)
{
	struct rx *rx = r->arg;

	r->now_ns = now_ns;
	reader_hold(r, r->id);
	follow_readers(rx, r->id);
	tick_part(rx, r->id, now_ns);
	reader_let_go(r);
	atomic_store_explicit(&r->status->backlogged, reader_is_backlogged(r),
			      memory_order_relaxed);
	atomic_store_explicit(&r->status->looked_ns, now_ns, memory_order_relaxed);
	if (r->in.ops && now_ns - r->lost_ns >= LOST_EVERY_NS)
		reader_count_lost(r, now_ns);
	if (r->id == 0)
		tick_all(rx, now_ns);
}

/* ---- a thread ------------------------------------------------------------------------------ */

static void receive(struct reader *r)
{
	struct shared *s = r->s;
	int n = 0;

	r->now_ns = r->lost_ns = clock_now_ns();
	do {
		n = reader_poll(r);
		reader_follow_clock(r);
		tick(r, clock_now_ns());
	} while (n >= 0 && !shared_stopping(s, STOP_OVER));
	/* What has come by now counts, too. */
	for (int i = 0; i < LAST_POLLS && n >= RX_POLL_MAX && !shared_stopping(s, STOP_NOW)
	     && !rx_is_closed(&s->rx);
	     i++)
		n = reader_poll(r);
	if (r->in.ops)
		reader_count_lost(r, clock_now_ns());
}

static void *receive_thread(void *arg)
{
	pthread_setname_np(pthread_self(), "receive");
	receive(arg);
	return NULL;
}

/* All but the first. Where one cannot be had the run fails. */
static void start_others(struct rx *rx)
{
	struct err e = { "" };

	for (unsigned int i = 1; i < rx->n && !e.msg[0]; i++) {
		struct reader *r = &rx->readers[i];
		int rc = pthread_create(&r->thread, NULL, receive_thread, r);

		r->runs = rc == 0;
		if (rc)
			err_set(&e, rc, "cannot start receive thread %u of %u: %s; try fewer "
				"--receiver-threads", i + 1, rx->n, strerror(rc));
	}
	if (e.msg[0])
		rx_fail(&rx->s->rx, &e);
}

static void join_others(struct rx *rx)
{
	for (unsigned int i = 1; i < rx->n; i++)
		if (rx->readers[i].runs)
			pthread_join(rx->readers[i].thread, NULL);
}

/* ---- all of them --------------------------------------------------------------------------- */

/* At the end of the scan: writes the rows of what is known. The rest is unfinished. */
static void conclude(struct rx *rx)
{
	uint64_t now_ns = rx->readers[0].now_ns;
	bool any;

	do {
		any = false;
		for (unsigned int i = 0; i < rx->n; i++)
			any |= retire(rx, i, now_ns);
	} while (wait_for_output(rx) && any);
	save_progress(rx, progress_save_last);
	for (unsigned int i = 0; i < rx->n; i++) {
		cookies_flush(&rx->parts[i].answers.cookies, now_ns);
		rows_write(&rx->parts[i].answers.rows);
	}
}

void rx_run(struct rx *rx)
{
	struct shared *s = rx->s;
	struct err e = { "" };

	start_others(rx);
	receive(&rx->readers[0]);
	join_others(rx);
	for (unsigned int i = 0; i < rx->n && rx->n > 1; i++)
		reader_log(&rx->readers[i]);
	/* What all have read by now; from here on this thread is alone. */
	for (unsigned int i = 0; i < rx->n; i++)
		follow_readers(rx, i);
	if (!shared_stopping(s, STOP_NOW) && !rx_is_closed(&s->rx))
		conclude(rx);
	save_progress(rx, progress_save_last);
	if (sink_flush(rx->sink, &e))
		rx_fail(&s->rx, &e);
}

void rx_save_progress(struct rx *rx)
{
	save_progress(rx, progress_save);
}

void rx_count_unfinished(struct rx *rx)
{
	struct shared *s = rx->s;

	for (unsigned int i = 0; i < rx->n && s->facts.wire; i++)
		stat_add(&s->rx.part[i].stats, STAT_unfinished,
			 cookies_pending(&rx->parts[i].answers.cookies)
			 + tails_count_awaited(s, i, rx->parts[i].read_ns));
}

/* ---- a capture file, read by one ----------------------------------------------------------- */

static void on_file_frame(void *arg, const struct rx_frame *fr)
{
	struct reader *r = arg;
	struct rx *rx = r->arg;
	struct part *p = &rx->parts[0];

	reader_hold(r, 0);
	/* What comes out of order is not past its time-outs, nor what its run had not read. */
	if (fr->wall_ns > r->now_ns + r->s->facts.file_lag_ns)
		r->now_ns = fr->wall_ns - r->s->facts.file_lag_ns;
	if (r->now_ns > p->read_ns + RX_DELAY_NS)
		p->read_ns = r->now_ns - RX_DELAY_NS;
	if (p->answers.trace)
		trace_sent(&p->trace);
	cookies_tick(&p->answers.cookies, r->now_ns, p->read_ns);
	retire(rx, 0, r->now_ns);	/* who answers only now has been silent */
	reader_take_frame(r, fr);
	replay_forget_due(&p->replay);
}

void rx_run_file(struct rx *rx)
{
	struct reader *r = &rx->readers[0];
	struct shared *s = rx->s;
	struct err e = { "" };
	int rc;

	do {
		rc = r->in.ops->poll(r->in.state, on_file_frame, r, &e);
		reader_let_go(r);
		tick(r, r->now_ns);
	} while (rc >= 0 && wait_for_output(rx) && !rx_is_closed(&s->rx)
		 && !shared_stopping(s, STOP_OVER));
	if (rc < 0 && rc != -ENODATA)
		rx_fail(&s->rx, &e);
	reader_count_lost(r, r->now_ns);
	/* Its scan waited for what was under way; what else was due it did not send. */
	if (!rx_is_closed(&s->rx)) {
		r->now_ns += s->facts.file_lag_ns + PLAN_LINGER_NS
			     + CONN_QUIET_TIMEOUTS * s->facts.config->probing.timeout_ns;
		rx->parts[0].read_ns = r->now_ns;
		tick(r, r->now_ns);
		conclude(rx);
	}
	replay_warn_left_out(&rx->parts[0].replay);
	if (sink_flush(rx->sink, &e))
		rx_fail(&s->rx, &e);
}

/* ---- opening and closing ------------------------------------------------------------------- */

static int init_part(struct rx *rx, unsigned int i, const struct rx_in *in, struct err *e)
{
	struct part *p = &rx->parts[i];
	struct shared *s = rx->s;
	int64_t offset_ns = s->facts.wall_offset_ns;

	rx->readers[i] = (struct reader){
		.s = s, .id = i, .status = &s->rx.part[i], .take = take,
		.taken = write_rows, .arg = rx, .in = *in,
		.wall_offset_ns = offset_ns, .former_offset_ns = offset_ns,
	};
	p->replay = (struct replay){ .s = s, .cookies = &p->answers.cookies,
				     .rows = &p->answers.rows };
	if (answers_init(&p->answers, s, i, rx->sink, rx->cookie_log, e))
		return -ENOMEM;
	rx->n++;
	if (s->rx.n > 1 && (reader_init(&rx->readers[i])
			    || sink_pen_new(&p->answers.rows.pen, rx->sink)))
		return err_set(e, ENOMEM, "out of memory for the receive threads");
	p->answers.cookies.sees_sent = in->ops && in->ops->sees_sent;
	atomic_store(&s->rx.part[i].awaiting, true);
	return 0;
}

static void init_progress(struct rx *rx)
{
	const struct entry_cache *caches[RECEIVERS_MAX];

	for (unsigned int i = 0; i < rx->n; i++)
		caches[i] = &rx->parts[i].answers.cookies.cache;
	progress_init(&rx->progress, rx->s, caches, rx->sink, rx->cookie_log);
}

int rx_new(struct rx **out, struct shared *s, const struct rx_in in[], struct sink *sink,
	   struct cookiefile *cookie_log, struct err *e)
{
	struct rx *rx = calloc(1, sizeof(*rx));
	int rc = 0;

	if (!rx)
		return err_set(e, ENOMEM, "out of memory for the receive threads");
	rx->s = s;
	rx->sink = sink;
	rx->cookie_log = cookie_log;
	for (unsigned int i = 0; i < s->rx.n && !rc; i++)
		rc = init_part(rx, i, &in[i], e);
	if (rc) {
		rx_free(rx);
		return rc;
	}
	if (s->saving)
		init_progress(rx);
	if (rx->n == 1 && trace_is_wanted(s))
		answers_trace(&rx->parts[0].answers, &rx->parts[0].trace);
	*out = rx;
	return 0;
}

void rx_free(struct rx *rx)
{
	for (unsigned int i = 0; i < rx->n; i++) {
		sink_pen_free(rx->parts[i].answers.rows.pen);
		answers_free(&rx->parts[i].answers);
		reader_free(&rx->readers[i]);
	}
	free(rx);
}
