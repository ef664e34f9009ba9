#include "scan/ending.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "state/exit_reason.h"
#include "base/log.h"
#include "base/writer.h"
#include "config/config.h"
#include "net/gateway.h"
#include "records/metadata.h"
#include "output/sink.h"
#include "records/statusfile.h"
#include "records/summary.h"
#include "scan/saver.h"
#include "scan/scan_state.h"
#include "scan/stop.h"
#include "state/cookiefile.h"
#include "state/shared.h"
#include "targets/targets.h"
#include "wire/capfile.h"
#include "wire/tx.h"

#define JOIN_S		1		/* a thread that does not end by then is given up */
#define FILES		4

/* ---- closing ------------------------------------------------------------------------------- */

static int close_engines(struct scan *sc, struct err *e)
{
	int first = 0;

	for (unsigned int i = 0; i < sc->s->nsenders; i++) {
		int rc = sc->tx_state[i] ? sc->tx->close(sc->tx_state[i], e) : 0;

		sc->tx_state[i] = NULL;
		first = first ? first : rc;
	}
	return first;
}

/* The first one last: the others read what is its. */
static void close_sources(struct scan *sc)
{
	for (unsigned int i = CONFIG_THREADS_MAX; i-- > 0;)
		if (sc->in[i].state)
			sc->in[i].ops->close(sc->in[i].state);
}

int ending_close(struct scan *sc, struct err *e)
{
	int rc = 0, first = 0;

	if (sc->sink)
		first = sink_close(sc->sink, e);
	rc = cookiefile_close(sc->cookie_log, e);
	first = first ? first : rc;
	rc = sc->capture ? capfile_close(sc->capture, e) : 0;
	first = first ? first : rc;
	rc = statusfile_close(sc->status_file, e);
	first = first ? first : rc;
	rc = close_engines(sc, e);
	first = first ? first : rc;
	close_sources(sc);
	gateways_close(sc->gateways);
	return first;
}

/* ---- whatever takes rows and files --------------------------------------------------------- */

/* True: nothing waits any more. */
static bool is_taken(struct scan *sc, struct waited *w, uint64_t now_ns)
{
	if (writer_wait(w->writer, STOP_LOOK_NS))
		return true;
	waited_look(w, sc->interrupts, now_ns);
	return false;
}

/* ---- threads ------------------------------------------------------------------------------- */

void ending_join(struct scan *sc, pthread_t thread)
{
	struct timespec until;
	bool is_last = false;

	for (;;) {
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec += JOIN_S;
		if (pthread_timedjoin_np(thread, NULL, &until) == 0)
			return;
		if (is_last) {
			sc->stuck = true;
			return;
		}
		/* It may wait for room for its rows. */
		waited_look(&sc->rows_waited, sc->interrupts, clock_now_ns());
		stop_take_signal(sc, 0);
		is_last = sc->interrupts > 1;
	}
}

/* ---- files --------------------------------------------------------------------------------- */

/* A capture that is left is not to be read again as one of the whole scan. */
static void warn_of_left_capture(const struct scan *sc)
{
	struct writer_state st;

	if (!sc->capture || sc->stuck)
		return;
	writer_get(capfile_writer(sc->capture), &st);
	if (st.left && st.waiting)
		log_warn("capture file '%s' is incomplete: %llu packet%s not written, as the scan "
			 "was interrupted; do not read it again as the whole",
			 sc->c->network.save_pcap, (unsigned long long)st.waiting,
			 log_s(st.waiting));
}

/* A slow reader, a stopped terminal, a full disk that hangs: waited for until a second signal. */
static void wait_for_files(struct scan *sc)
{
	struct waited files[FILES] = {
		sc->rows_waited,
		{ .writer = cookiefile_writer(sc->cookie_log), .what = "record" },
		{ .writer = capfile_writer(sc->capture), .what = "record" },
		{ .writer = statusfile_writer(sc->status_file), .what = "record" },
	};
	bool taken = false;

	while (!taken && sc->interrupts < 2) {
		taken = true;
		for (size_t i = 0; i < FILES; i++)
			taken &= is_taken(sc, &files[i], clock_now_ns());
		stop_take_signal(sc, 0);
	}
	for (size_t i = 0; i < FILES && !taken; i++)
		if (!writer_wait(files[i].writer, 0) && !writer_leave(files[i].writer))
			sc->stuck = true;
	warn_of_left_capture(sc);
}

/* ---- what became of it --------------------------------------------------------------------- */

static void warn_losses(const struct stats *s)
{
	for (unsigned int i = 0; i < STATS; i++) {
		uint64_t n = stat_get(s, (enum stat_id)i);

		if (stat_types[i].means && n)
			log_warn("%s %llu: %s; %s", stat_types[i].name, (unsigned long long)n,
				 stat_types[i].doc, stat_types[i].means);
	}
}

int ending_write_metadata(struct scan *sc, struct err *e)
{
	if (!sc->metadata)
		return 0;
	/* From here on signals do as usual: nothing is left to be put in order. */
	if (sc->ending && metadata_may_wait(sc->metadata))
		pthread_sigmask(SIG_UNBLOCK, &sc->signals, NULL);
	sc->run->nsources = facts_list_sources(&sc->s->facts, sc->run->sources);
	return metadata_write(sc->metadata, sc->c, targets_counts(sc->targets), &sc->s->rx.stats,
			      sc->run, e);
}

void ending_abandon(struct scan *sc, int status)
{
	struct run_facts *f = sc->run;

	if (!sc->metadata || !f->start_wall_ns || metadata_may_wait(sc->metadata))
		return;
	f->exit_reason = REASON_FAILURE;
	f->exit_status = status;
	f->end_wall_ns = clock_now_ns() + (uint64_t)clock_wall_offset_ns();
	ending_write_metadata(sc, NULL);
}

/* True: the files have all that was put into them, on the disk where there is a checkpoint. */
static bool close_files(struct scan *sc, struct err *e)
{
	struct shared *s = sc->s;
	struct err late = { "" };
	bool whole = false;

	wait_for_files(sc);
	/* The engine's own file, where that is what it sends to, is waited for as it is closed. */
	if (!s->facts.wire)
		pthread_sigmask(SIG_UNBLOCK, &sc->signals, NULL);
	if (sc->stuck) {
		stat_set(&s->rx.stats, STAT_rows_lost, sink_waiting(sc->sink));
		log_warn("a thread hangs in a system call (a disk or a mount that does not "
			 "answer): rows and files may be incomplete");
	} else {
		whole = !sc->saver || saver_sync(sc->saver) == 0;
		if (ending_close(sc, &late))
			err_set(e, EIO, "%s", late.msg);
	}
	return whole;
}

/* With --max-results, too, there is nothing left to do. */
static void conclude_saving(struct scan *sc, bool whole, struct err *e)
{
	const struct run_facts *f = sc->run;
	bool complete = f->exit_status == SCAN_COMPLETE
			&& !stat_get(&sc->s->rx.stats, STAT_unfinished);

	if (sc->saver && !sc->stuck
	    && saver_conclude(sc->saver, whole, complete, exit_reasons[f->exit_reason].name,
			      f->end_wall_ns, f->sending_ns, e))
		sc->run->exit_status = SCAN_FAILED;
}

/* Those of whom nothing false is said, as nothing is. */
static void log_unfinished(const struct scan *sc)
{
	uint64_t n = stat_get(&sc->s->rx.stats, STAT_unfinished);

	if (n)
		log_notice("%" PRIu64 " target%s unfinished: not all probes sent, or no time to "
			   "answer them; no row, %s", n, log_s(n),
			   sc->saver ? "run the same command again to go on" : "scan again");
}

static void log_line(void *arg, const char *text)
{
	(void)arg;
	log_notice("%s", text);
}

/* For who looks on: on a terminal. */
static void summarize(const struct scan *sc)
{
	const char *file = sc->c->output.file;
	const struct summary sum = {
		.targets = sc->s->facts.order.positions,
		.duration_ns = sc->earlier_ns + clock_now_ns() - sc->start_ns,
		.end = sc->run->exit_reason == REASON_SIGNAL ? "stopped"
			: exit_reasons[sc->run->exit_reason].name,
		.rows = file && strcmp(file, "-") != 0 ? file : NULL,
	};

	if (log_status_is_terminal() && !sc->c->general.dryrun)
		summary_write(&sum, &sc->s->rx.stats, log_line, NULL);
}

void ending_conclude(struct scan *sc, struct err *e)
{
	struct shared *s = sc->s;
	struct run_facts *f = sc->run;
	bool whole;

	sc->ending = true;
	log_status_end();
	if (shared_tx_failure(s))
		err_set(e, EIO, "%s", shared_tx_failure(s)->msg);
	else if (gateways_lost(sc->gateways))
		err_set(e, EHOSTUNREACH, "%s", gateways_lost(sc->gateways));
	if (atomic_load(&s->rx.failed))
		err_set(e, EIO, "%s", s->rx.err.msg);
	whole = close_files(sc, e);
	if (e->msg[0]) {
		f->exit_reason = REASON_FAILURE;
		f->exit_status = SCAN_FAILED;
	} else if (f->exit_status == SCAN_COMPLETE && stat_get(&s->rx.stats, STAT_rows_lost)) {
		f->exit_reason = REASON_SIGNAL;
		f->exit_status = SCAN_STOPPED;
	}
	f->end_wall_ns = clock_now_ns() + (uint64_t)clock_wall_offset_ns();
	f->sending_ns = shared_last_sent_ns(s) - shared_first_sent_ns(s);
	summarize(sc);
	log_unfinished(sc);
	warn_losses(&s->rx.stats);
	/* Once the checkpoint says that all is done nothing is written any more. */
	if (ending_write_metadata(sc, e))
		f->exit_status = SCAN_FAILED;
	conclude_saving(sc, whole, e);
}
