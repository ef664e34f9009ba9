#include "scan/scan.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/log.h"
#include "base/privileges.h"
#include "config/config.h"
#include "files/file_lock.h"
#include "records/metadata.h"
#include "receive/rx.h"
#include "scan/ending.h"
#include "scan/opening.h"
#include "scan/outputs.h"
#include "scan/sandbox.h"
#include "scan/saver.h"
#include "scan/scan_state.h"
#include "scan/stop.h"
#include "scan/watch.h"
#include "send/sweep.h"
#include "setup/resume.h"
#include "setup/setup.h"
#include "targets/targets.h"
#include "wire/tx.h"

/* ---- opening ------------------------------------------------------------------------------- */

/* The first n parts of the run are those before this one; they move as one is added. */
static void note_earlier(struct scan *sc, size_t n)
{
	const struct checkpoint_part *parts = sc->setup->resume->run.parts;

	sc->run->earlier = parts;
	sc->run->nearlier = n;
	sc->earlier_ns = 0;
	for (size_t i = 0; i < n; i++)
		sc->earlier_ns += parts[i].end_ns > parts[i].start_ns
				  ? parts[i].end_ns - parts[i].start_ns : 0;
}

static int begin_metadata(struct scan *sc, struct err *e)
{
	const char *path = sc->c->records.metadata_file;
	int rc = path ? metadata_open(&sc->metadata, path, e) : 0;

	if (rc)
		return rc;
	sc->start_ns = sc->recorded_ns = clock_now_ns();
	sc->run->start_wall_ns = sc->start_ns + (uint64_t)clock_wall_offset_ns();
	note_earlier(sc, sc->setup->resume->run.nparts);
	return 0;
}

/*
 * Gives privileges away, and replaces the metadata of a run before: once nothing refuses the start
 * any more, and before its rows go. What is to be a user's is made by that user.
 */
static int enter_sandbox(struct scan *sc, int *status, struct err *e)
{
	bool by_user = sc->c->records.user != NULL;
	int rc = by_user ? 0 : ending_write_metadata(sc, e);

	if (rc)
		return rc;
	*status = SCAN_START;
	rc = sandbox_enter(sc->c, e);
	if (rc)
		return rc;
	*status = SCAN_INPUT;
	return by_user ? ending_write_metadata(sc, e) : 0;
}

static int begin_saving(struct scan *sc, struct err *e)
{
	size_t earlier = sc->run->nearlier;
	int rc;

	if (!sc->saver)
		return 0;
	saver_request(sc->saver);
	rx_save_progress(sc->rx);
	rc = outputs_save(sc, sc->run->start_wall_ns, e);
	note_earlier(sc, earlier);
	return rc;
}

/* ---- the run ------------------------------------------------------------------------------- */

/* A send thread's start. */
struct send_thread {
	struct scan *sc;
	unsigned int sender;
	pthread_t thread;
	bool runs;
};

static void *send_thread(void *arg)
{
	const struct send_thread *sender = arg;
	struct scan *sc = sender->sc;

	pthread_setname_np(pthread_self(), "send");
	sweep_run(sc->s, sender->sender, sc->setup->tx, sc->tx_state[sender->sender]);
	return NULL;
}

static void start_senders(struct scan *sc, struct send_thread *senders)
{
	struct shared *s = sc->s;

	for (unsigned int i = 0; i < s->nsenders; i++) {
		int rc;

		senders[i] = (struct send_thread){ .sc = sc, .sender = i };
		rc = pthread_create(&senders[i].thread, NULL, send_thread, &senders[i]);
		if (rc) {
			err_set(&s->senders[i].err, rc, "cannot start a send thread: %s",
				strerror(rc));
			atomic_store(&s->senders[i].failed, true);
			return;
		}
		senders[i].runs = true;
		/* One goes where the kernel puts it, and so does one that only looks on. */
		if (s->nsenders > 1 && !sc->setup->tx->sweeper)
			cpu_pin_sender(senders[i].thread, i);
	}
}

static void *receive_thread(void *arg)
{
	struct scan *sc = arg;

	pthread_setname_np(pthread_self(), "receive");
	rx_run(sc->rx);
	return NULL;
}

static void stop_saver(struct scan *sc)
{
	if (saver_stop(sc->saver))
		ending_join(sc, saver_thread(sc->saver));
}

/* Threads inherit the blocked signals: only the main thread takes them. */
static int run_live(struct scan *sc, struct err *e)
{
	struct send_thread senders[SENDERS_MAX] = { { .sc = NULL } };
	pthread_t rx;
	int rc;

	stop_block_signals(sc);
	rc = sc->saver ? saver_start(sc->saver, e) : 0;
	if (rc)
		return rc;
	rc = pthread_create(&rx, NULL, receive_thread, sc);
	if (rc) {
		stop_saver(sc);
		return err_set(e, rc, "cannot start the receive thread: %s", strerror(rc));
	}
	start_senders(sc, senders);
	watch_run(sc);
	for (unsigned int i = 0; i < SENDERS_MAX; i++)
		if (senders[i].runs)
			ending_join(sc, senders[i].thread);
	ending_join(sc, rx);
	stop_saver(sc);
	return 0;
}

static void announce(const struct scan *sc)
{
	const struct shared *s = sc->s;
	const struct targets_counts *n = targets_counts(sc->targets);

	if (sc->setup->resume->goes_on)
		log_notice("going on with the run of %s: part %zu, %llu rows before",
			   sc->setup->resume->path, sc->setup->resume->run.nparts + 1,
			   (unsigned long long)stat_get(&s->earlier, STAT_rows));
	if (sc->c->general.config_file)
		log_info("options from %s", sc->c->general.config_file);
	if (file_lock_missing())
		log_info("files cannot be locked (%s): another tfomap with the same ones would not "
			 "be refused", strerror(file_lock_missing()));
	if (n->merged)
		log_info("%llu repeated target%s merged", (unsigned long long)n->merged,
			 log_s(n->merged));
	if (n->other_family)
		log_notice("%llu target%s left out: of the other family than %s",
			   (unsigned long long)n->other_family, log_s(n->other_family),
			   sc->c->targets.ipv4_only ? "--ipv4" : "--ipv6");
	if (n->outside)
		log_info("%llu target%s left out: outside the allowlist",
			 (unsigned long long)n->outside, log_s(n->outside));
	if (n->blocked)
		log_notice("%llu target%s left out: on a blocklist",
			   (unsigned long long)n->blocked, log_s(n->blocked));
	log_info("%llu target%s, seed %llu, engine %s, %u thread%s, answers by %s, interface %s",
		 (unsigned long long)s->facts.order.positions, log_s(s->facts.order.positions),
		 (unsigned long long)sc->run->seed,
		 sc->setup->tx ? sc->setup->tx->name : "none", s->nsenders, log_s(s->nsenders),
		 sc->in[0].ops ? sc->in[0].ops->name : "none",
		 sc->setup->interface[0] ? sc->setup->interface : "none");
	if (s->rx.n > 1)
		log_info("%u receive threads", s->rx.n);
}

/* ---- all of it ----------------------------------------------------------------------------- */

static struct scan the_scan;		/* the one run of the process */
static struct setup the_setup;
static struct resume the_resume;

bool scan_uses_config(void)
{
	return the_scan.stuck;
}

/* A disk that is full by now is none of the user's words. */
static int status_of(int rc)
{
	return rc == -ENOSPC || rc == -EDQUOT ? SCAN_FAILED : SCAN_INPUT;
}

/* Opens all that a run takes. 0, or -errno with a message; *status: the exit status then. */
static int open_all(struct scan *sc, int *status, struct err *e)
{
	int rc;

	*status = sc->setup->tx ? SCAN_START : SCAN_INPUT;
	rc = opening_network(sc, e);
	if (rc)
		return rc;
	*status = SCAN_INPUT;
	rc = begin_metadata(sc, e);
	if (!rc)
		rc = outputs_open(sc, sc->setup->resume, sc->setup->tx, sc->setup->iplayer, e);
	if (!rc)
		rc = rx_new(&sc->rx, sc->s, sc->in, sc->sink, sc->cookie_log, e);
	if (!rc)
		rc = enter_sandbox(sc, status, e);
	if (rc)
		return rc;
	rc = outputs_begin(sc, e);
	if (!rc) {
		announce(sc);
		rc = begin_saving(sc, e);
	}
	*status = status_of(rc);
	return rc;
}

/* Reads a capture: nothing is sent, and no thread need be waited for. */
static void run_offline(struct scan *sc)
{
	rx_run_file(sc->rx);
	if (atomic_load(&sc->s->rx.full))
		stop_request(sc, STOP_NOW, REASON_MAX_RESULTS);
	stop_request(sc, STOP_OVER, REASON_COMPLETE);
}

static int run(struct scan *sc, struct err *e)
{
	if (!sc->setup->tx)
		run_offline(sc);
	else if (run_live(sc, e))
		return SCAN_START;
	watch_record_last(sc);
	if (!sc->stuck)
		rx_count_unfinished(sc->rx);
	ending_conclude(sc, e);
	return sc->run->exit_status;
}

/* Whether there is something to do; else *status. */
static bool begins(const struct config *c, int *status, struct err *e)
{
	struct resume *r = &the_resume;
	int rc = resume_open(r, c, e);
	bool over = !rc && resume_is_over(r, c);

	if (over)
		rc = setup_check_targets(&the_setup, c, r, e);
	*status = rc ? status_of(rc) : SCAN_COMPLETE;
	if (over && !rc)
		log_notice("the run is complete, as %s says: nothing is sent, and nothing written; "
			   "to scan anew, remove that file (the rows are written anew, too), or "
			   "name another one and other rows", r->path);
	if (rc || over)
		resume_free(r);
	return !rc && !over;
}

int scan_report_expected(int status, struct err *e)
{
	const struct stats *stats = the_scan.c ? &the_setup.shared.rx.stats : NULL;

	return outputs_report_expected(&the_scan.expect, stats, status, e);
}

int scan_run(const struct config *c, struct err *e)
{
	struct scan *sc = &the_scan;
	int status;

	if (privileges_narrow(!c->network.rx_file, e))
		return SCAN_START;
	if (!begins(c, &status, e))
		return status;

	*sc = (struct scan){
		.c = c, .setup = &the_setup, .s = &the_setup.shared,
		.control = &the_setup.shared.control, .run = &the_setup.run,
		.expect = { .wanted = c->output.expect },
	};
	if (setup_init(&the_setup, c, &the_resume, &status, e) == 0) {
		sc->targets = the_setup.targets;
		if (open_all(sc, &status, e) == 0)
			status = run(sc, e);
	}
	if (sc->stuck)
		return status;		/* a thread still uses what would be freed */
	if (!sc->ending) {
		ending_close(sc, &(struct err){ "" });
		ending_abandon(sc, status);
	}
	metadata_close(sc->metadata);
	if (sc->rx)
		rx_free(sc->rx);
	saver_free(sc->saver);
	setup_free(&the_setup);
	resume_free(&the_resume);
	return status;
}
