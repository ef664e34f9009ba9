#include "scan/watch.h"

#include <stdatomic.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "state/exit_reason.h"
#include "base/log.h"
#include "net/gateway.h"
#include "scan/collapse.h"
#include "records/statusfile.h"
#include "scan/scan_state.h"
#include "scan/stop.h"
#include "state/shared.h"

#define CLOSE_NS	NS_PER_S	/* for connections that are still to be closed at a stop, */
#define CLOSE_MIN_NS	(100 * NS_PER_MS)	/* and for those that are not seen yet */
#define STATUS_TERMINAL_NS	NS_PER_S
#define STATUS_PLAIN_NS		(10 * NS_PER_S)

/* ---- how it goes --------------------------------------------------------------------------- */

/* What is known now, for line and row. */
static struct status_moment moment(const struct scan *sc, uint64_t now_ns)
{
	const struct shared *s = sc->s;
	uint64_t last_ns = shared_last_sent_ns(s);
	uint64_t end_ns = last_ns ? last_ns + sc->c->rate.cooldown_ns : 0;
	bool sending = !shared_swept(s) && !shared_stopping(s, STOP_SENDING);
	struct rx_due due = rx_due(&s->rx);
	struct status_moment m = {
		.wall_ns = now_ns + (uint64_t)clock_wall_offset_ns(),
		.elapsed_ns = sc->earlier_ns + now_ns - sc->start_ns,
		.targets = s->facts.order.positions,
		.sending = sending,
		.remaining_ns = !sending && s->facts.wire && end_ns > now_ns ? end_ns - now_ns : 0,
		.rate_pps = sc->c->rate.pps,
		.pending = due.pending,
		.second_tests = due.second_tests,
		.second_test_ns = due.second_test_ns > now_ns ? due.second_test_ns - now_ns : 0,
	};

	for (unsigned int i = 0; i < STATS; i++)
		m.v[i] = stat_get(&s->rx.stats, (enum stat_id)i);
	m.v[STAT_cookies] += due.cookies;
	return m;
}

static void show_status(struct scan *sc, uint64_t now_ns)
{
	struct status_moment m = moment(sc, now_ns);
	struct winsize size = { .ws_col = 0 };
	char line[STATUS_LEN];

	if (log_status_is_terminal() && ioctl(STDERR_FILENO, TIOCGWINSZ, &size) < 0)
		size.ws_col = 80;
	status_line(&m, &sc->shown, size.ws_col, line);
	log_status(line);
	sc->shown = m;
}

/* A row for each whole second. */
static void record_status(struct scan *sc, uint64_t now_ns)
{
	struct status_moment m;

	if (!sc->status_file || now_ns - sc->recorded_ns < NS_PER_S)
		return;
	m = moment(sc, now_ns);
	statusfile_add(sc->status_file, &m);
	sc->recorded_ns = now_ns - (now_ns - sc->start_ns) % NS_PER_S;
}

void watch_record_last(struct scan *sc)
{
	struct status_moment last = moment(sc, clock_now_ns());

	if (sc->status_file)
		statusfile_add(sc->status_file, &last);
}

/* ---- when it is over ----------------------------------------------------------------------- */

/* True where nothing more can come that changes a row. */
static bool is_over(const struct scan *sc, uint64_t now_ns)
{
	const struct shared *s = sc->s;
	uint64_t last_ns = shared_last_sent_ns(s);
	uint64_t end_ns = last_ns + sc->c->rate.cooldown_ns;
	bool stopped = shared_stopping(s, STOP_SENDING);
	struct rx_due due = rx_due(&s->rx);
	bool closed = !due.teardowns_due && shared_clean(s);
	bool idle = due.pending == 0 && closed;

	/* Then no retry is due to anyone, however long the sweep would wait for its time. */
	if (atomic_load(&s->rx.finished) && closed)
		return true;
	if (!stopped && !shared_swept(s))
		return false;
	if (!s->facts.wire || !last_ns)
		return true;
	/* A stop waits no longer, whatever comes in; a little for what is to be closed. */
	if (stopped)
		return now_ns >= end_ns + (closed ? 0 : CLOSE_NS);
	return idle && !due.awaiting && now_ns >= end_ns;
}

/*
 * No more rows can or need be written: the scan ends as soon as it has closed what it opened, also
 * what is on its way. *since_ns: 0 at first.
 */
static void close_then_stop(struct scan *sc, uint64_t *since_ns, uint64_t now_ns,
			    enum exit_reason reason)
{
	uint64_t ns = shared_clean(sc->s) ? CLOSE_MIN_NS : CLOSE_NS;

	if (!*since_ns)
		*since_ns = now_ns;
	stop_request(sc, now_ns - *since_ns < ns ? STOP_SENDING : STOP_NOW, reason);
}

static bool runs_too_long(const struct scan *sc, uint64_t now_ns)
{
	uint64_t max_ns = sc->c->rate.max_runtime_ns;

	return max_ns && now_ns - sc->start_ns >= max_ns;
}

/* Whether the scan has to stop, or is over. *closing_ns: 0 at first. */
static void check_end(struct scan *sc, uint64_t *closing_ns, uint64_t now_ns)
{
	struct shared *s = sc->s;

	if (shared_tx_failure(s) || gateways_lost(sc->gateways))
		stop_request(sc, STOP_OVER, REASON_FAILURE);
	else if (atomic_load(&s->rx.failed))
		close_then_stop(sc, closing_ns, now_ns, REASON_FAILURE);
	else if (atomic_load(&s->rx.full))
		close_then_stop(sc, closing_ns, now_ns, REASON_MAX_RESULTS);
	else if (runs_too_long(sc, now_ns) && !shared_stopping(s, STOP_SENDING)
		 && !(shared_swept(s) && rx_due(&s->rx).pending == 0))
		stop_request(sc, STOP_SENDING, REASON_MAX_RUNTIME);
	else if (is_over(sc, now_ns))
		stop_request(sc, STOP_OVER, REASON_COMPLETE);
}

/* ---- all of it ----------------------------------------------------------------------------- */

void watch_run(struct scan *sc)
{
	uint64_t every_ns = log_status_is_terminal() ? STATUS_TERMINAL_NS : STATUS_PLAIN_NS;
	uint64_t shown_ns = sc->start_ns, fed_ns = sc->start_ns, closing_ns = 0;
	struct shared *s = sc->s;

	hitrate_init(&sc->hitrate, sc->start_ns);
	while (!shared_stopping(s, STOP_OVER)) {
		uint64_t now_ns;

		stop_take_signal(sc, STOP_LOOK_NS);
		now_ns = clock_now_ns();
		if (sc->gateways)
			gateways_tick(sc->gateways, now_ns);
		check_end(sc, &closing_ns, now_ns);
		if (s->facts.wire && !shared_swept(s) && now_ns - fed_ns >= NS_PER_S) {
			collapse_watch(&sc->hitrate, &s->rx.stats, now_ns);
			fed_ns = now_ns;
		}
		outage_watch(&sc->outage, shared_refused_ns(s), s->facts.interface,
			     s->facts.ifindex, s->facts.outage_max_ns);
		waited_look(&sc->rows_waited, sc->interrupts, now_ns);
		record_status(sc, now_ns);
		if (!sc->c->records.quiet && now_ns - shown_ns >= every_ns) {
			show_status(sc, now_ns);
			shown_ns = now_ns;
		}
	}
	if (!sc->c->records.quiet)
		show_status(sc, clock_now_ns());
}
