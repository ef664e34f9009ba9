#include "scan/scan.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/log.h"
#include "config/config.h"
#include "net/gateway.h"
#include "net/outage.h"
#include "output/collapse.h"
#include "output/sink.h"
#include "output/status.h"
#include "output/statusfile.h"
#include "receive/rx.h"
#include "scan/scan_state.h"
#include "setup/setup.h"
#include "send/sweep.h"
#include "send/sweep_export.h"
#include "state/cookiefile.h"
#include "state/proxy.h"
#include "targets/targets.h"
#include "wire/capfile.h"
#include "wire/tx.h"
#include "wire/tx_sweep.h"

#define LOOK_NS		(20 * NS_PER_MS)	/* how often the main thread looks */
#define CLOSE_NS	NS_PER_S	/* for connections that are still to be closed at a stop, */
#define CLOSE_MIN_NS	(100 * NS_PER_MS)	/* and for those that are not seen yet */
#define STATUS_TERMINAL_NS	NS_PER_S
#define STATUS_PLAIN_NS		(10 * NS_PER_S)

/* ---- opening ------------------------------------------------------------------------------- */

/* Opens the engine for a send thread. */
static int open_engine(struct scan *sc, unsigned int sender, struct err *e)
{
	const struct config *c = sc->c;
	struct setup *su = &sc->setup;
	struct shared *s = &su->shared;
	struct tx_sweep sweep;
	struct tx_setup tx = {
		.interface = su->interface, .ifindex = su->ifindex, .iplayer = su->iplayer,
		.loopback = su->loopback, .file = c->network.tx_file,
		.why = &s->senders[sender].err,
	};

	if (su->tx->sweeper) {
		sweep_export(&sweep, s, sender, c->rate.pps / s->nsenders);
		tx.sweep = &sweep;
	}
	return su->tx->open(&sc->tx_state[sender], &tx, e);
}

static int open_senders(struct scan *sc, struct err *e)
{
	struct setup *su = &sc->setup;
	int rc = open_engine(sc, 0, e);

	/* What was chosen for its speed may turn out not to run here: before it took any window. */
	if (rc && su->tx->sweeper && su->tx_auto) {
		su->tx = tx_best(false);
		su->run.engine = su->tx->name;
		log_info("engine %s, as %s", su->tx->name, e->msg);
		e->msg[0] = '\0';
		rc = open_engine(sc, 0, e);
	}
	for (unsigned int i = 1; i < su->shared.nsenders && !rc; i++)
		rc = open_engine(sc, i, e);
	return rc;
}

static int open_receiver(struct scan *sc, struct err *e)
{
	struct setup *su = &sc->setup;
	const struct rx_setup rx = {
		.interface = su->interface, .ifindex = su->ifindex,
		.vlan_id = (uint16_t)sc->c->network.vlan_id, .file = sc->c->network.rx_file,
		.validator = &su->shared.facts.validator,
		.asks_arp = proxy_any(&su->shared.facts, false),
		.asks_solicit = proxy_any(&su->shared.facts, true),
		.buffer_len = su->rx->buffer_len ? su->rx->buffer_len(su->unread) : 0,
	};
	int rc = su->rx->open(&sc->in.state, &rx, e);

	if (!rc)
		sc->in.ops = su->rx;
	return rc;
}

static int open_gateways(struct scan *sc, struct err *e)
{
	struct setup *su = &sc->setup;
	const struct gateway_link link = {
		.interface = su->interface, .ifindex = su->ifindex, .header = su->link,
	};

	const struct gateway_scan scan = {
		.sum = &su->shared.rx.stats, .stats = &su->shared.control.stats,
		.status = &su->shared.control.gateway, .timeout_ns = sc->c->probing.timeout_ns,
		.on_link = su->shared.facts.neigh != NULL,
	};

	return gateways_open(&sc->gateways, &scan, su->gateways, &link, e);
}

static int open_network(struct scan *sc, struct err *e)
{
	int rc;

	if (!sc->setup.tx)
		return open_receiver(sc, e);
	rc = open_senders(sc, e);
	if (!rc && sc->setup.rx)
		rc = open_receiver(sc, e);
	if (!rc && sc->setup.rx)
		rc = open_gateways(sc, e);
	if (!rc)
		setup_init_teardown(&sc->setup, sc->c);
	if (!rc && sc->setup.rx)
		sc->setup.run.receiver = sc->setup.rx->name;
	return rc;
}

static int open_files(struct scan *sc, struct err *e)
{
	const struct config *c = sc->c;
	struct shared *s = &sc->setup.shared;
	int rc = 0;

	if (c->records.status_file)
		rc = statusfile_open(&sc->status_file, c->records.status_file, e);
	if (!rc && c->probing.cookie_file && !c->network.rx_file && !c->ask.dryrun)
		rc = cookiefile_open(&sc->cookie_log, c->probing.cookie_file, e);
	if (!rc && c->network.save_pcap)
		rc = sc->setup.iplayer ? capfile_open_ip(&sc->capture, c->network.save_pcap, e)
		     : capfile_open(&sc->capture, c->network.save_pcap, e);
	s->capture = sc->capture;
	if (!rc)
		rc = sink_open(&sc->sink, c, &s->rx.stats, s->facts.wall_offset_ns, e);
	if (!rc)
		rc = rx_new(&sc->rx, s, &sc->in, sc->sink, sc->cookie_log, e);
	return rc;
}

/* ---- watching ------------------------------------------------------------------------------ */

struct status_moment scan_status(const struct scan *sc, uint64_t now_ns)
{
	const struct shared *s = &sc->setup.shared;
	uint64_t last_ns = shared_last_sent_ns(s);
	uint64_t end_ns = last_ns ? last_ns + sc->c->rate.cooldown_ns : 0;
	bool sending = !shared_swept(s) && !shared_stopping(s, STOP_SENDING);
	struct status_moment m = {
		.wall_ns = now_ns + (uint64_t)clock_wall_offset_ns(),
		.elapsed_ns = now_ns - sc->start_ns, .targets = s->facts.order.positions,
		.sending = sending,
		.remaining_ns = !sending && s->facts.wire && end_ns > now_ns ? end_ns - now_ns : 0,
		.rate_pps = sc->c->rate.pps,
	};

	for (unsigned int i = 0; i < STATS; i++)
		m.v[i] = stat_get(&s->rx.stats, (enum stat_id)i);
	return m;
}

static void show_status(struct scan *sc, uint64_t now_ns)
{
	struct status_moment m = scan_status(sc, now_ns);
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
	m = scan_status(sc, now_ns);
	statusfile_add(sc->status_file, &m);
	sc->recorded_ns = now_ns - (now_ns - sc->start_ns) % NS_PER_S;
}

/* True where nothing more can come that changes a row. */
static bool is_over(const struct scan *sc, uint64_t now_ns)
{
	const struct shared *s = &sc->setup.shared;
	uint64_t last_ns = shared_last_sent_ns(s);
	uint64_t end_ns = last_ns + sc->c->rate.cooldown_ns;
	bool stopped = shared_stopping(s, STOP_SENDING);
	bool closed = !atomic_load(&s->rx.teardowns_due) && shared_clean(s);
	bool idle = atomic_load(&s->rx.pending) == 0 && closed;

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
	return idle && !atomic_load(&s->rx.awaiting) && now_ns >= end_ns;
}

void scan_ask_stop(struct scan *sc, enum stop level, const char *reason, int status)
{
	struct run_facts *f = &sc->setup.run;

	if (!f->exit_reason) {
		f->exit_reason = reason;
		f->exit_status = status;
	}
	if ((int)level > atomic_load(&sc->setup.shared.control.stop))
		atomic_store(&sc->setup.shared.control.stop, (int)level);
}

/*
 * No more rows can or need be written: the scan ends as soon as it has closed what it opened, also
 * what is on its way. *since_ns: 0 at first.
 */
static void ask_close(struct scan *sc, uint64_t *since_ns, uint64_t now_ns, const char *reason,
		      int status)
{
	uint64_t ns = shared_clean(&sc->setup.shared) ? CLOSE_MIN_NS : CLOSE_NS;

	if (!*since_ns)
		*since_ns = now_ns;
	scan_ask_stop(sc, now_ns - *since_ns < ns ? STOP_SENDING : STOP_NOW, reason, status);
}

void scan_take_signal(struct scan *sc, uint64_t wait_ns)
{
	const struct timespec wait = { 0, (long)wait_ns };

	if (sigtimedwait(&sc->signals, NULL, &wait) <= 0)
		return;
	if (sc->asked++ > 0) {
		scan_ask_stop(sc, STOP_NOW, "signal", SCAN_STOPPED);
		pthread_sigmask(SIG_UNBLOCK, &sc->signals, NULL);	/* a third one kills */
		return;
	}
	scan_ask_stop(sc, STOP_SENDING, "signal", SCAN_STOPPED);
	if (sc->ending)
		log_notice("waiting for whatever takes the rows (once more to leave now)");
	else
		log_notice("stopping: no more probes; waiting %.3g s for answers (once more to "
			   "leave now)", (double)sc->c->rate.cooldown_ns / NS_PER_S);
}

/* Looks at signals, limits and failures until the scan is over. */
static void watch(struct scan *sc)
{
	struct shared *s = &sc->setup.shared;
	uint64_t shown_ns = sc->start_ns, fed_ns = sc->start_ns, every_ns, closing_ns = 0;

	hitrate_init(&sc->hitrate, sc->start_ns);

	every_ns = log_status_is_terminal() ? STATUS_TERMINAL_NS : STATUS_PLAIN_NS;
	while (!shared_stopping(s, STOP_OVER)) {
		uint64_t now_ns;

		scan_take_signal(sc, LOOK_NS);
		now_ns = clock_now_ns();
		if (sc->gateways)
			gateways_tick(sc->gateways, now_ns);
		if (shared_tx_failure(s) || gateways_lost(sc->gateways))
			scan_ask_stop(sc, STOP_OVER, "failure", SCAN_FAILED);
		else if (atomic_load(&s->rx.failed))
			ask_close(sc, &closing_ns, now_ns, "failure", SCAN_FAILED);
		else if (atomic_load(&s->rx.full))
			ask_close(sc, &closing_ns, now_ns, "max-results", SCAN_STOPPED);
		else if (sc->c->rate.max_runtime_ns
			 && now_ns - sc->start_ns >= sc->c->rate.max_runtime_ns
			 && !shared_stopping(s, STOP_SENDING)
			 && !(shared_swept(s) && atomic_load(&s->rx.pending) == 0))
			scan_ask_stop(sc, STOP_SENDING, "max-runtime", SCAN_STOPPED);
		else if (is_over(sc, now_ns))
			scan_ask_stop(sc, STOP_OVER, "complete", SCAN_COMPLETE);
		if (s->facts.wire && !shared_swept(s) && now_ns - fed_ns >= NS_PER_S) {
			collapse_watch(&sc->hitrate, &s->rx.stats, now_ns);
			fed_ns = now_ns;
		}
		outage_watch(&sc->outage, shared_refused_ns(s), s->facts.interface,
			     s->facts.ifindex, s->facts.outage_max_ns);
		record_status(sc, now_ns);
		if (!sc->c->records.quiet && now_ns - shown_ns >= every_ns) {
			show_status(sc, now_ns);
			shown_ns = now_ns;
		}
	}
	if (!sc->c->records.quiet)
		show_status(sc, clock_now_ns());
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

	sweep_run(&sc->setup.shared, sender->sender, sc->setup.tx, sc->tx_state[sender->sender]);
	return NULL;
}

static void start_senders(struct scan *sc, struct send_thread *senders)
{
	struct shared *s = &sc->setup.shared;

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
		pthread_setname_np(senders[i].thread, "send");
		/* One goes where the kernel puts it, and so does one that only looks on. */
		if (s->nsenders > 1 && !sc->setup.tx->sweeper)
			cpu_pin_sender(senders[i].thread, i);
	}
}

static void *receive_thread(void *arg)
{
	struct scan *sc = arg;

	rx_run(sc->rx);
	return NULL;
}

/* Threads inherit the blocked signals: only the main thread takes them. */
static int run_live(struct scan *sc, struct err *e)
{
	struct send_thread senders[SENDERS_MAX] = { { .sc = NULL } };
	pthread_t rx;
	int rc;

	sigemptyset(&sc->signals);
	sigaddset(&sc->signals, SIGINT);
	sigaddset(&sc->signals, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &sc->signals, NULL);
	rc = pthread_create(&rx, NULL, receive_thread, sc);
	if (rc)
		return err_set(e, rc, "cannot start the receive thread: %s", strerror(rc));
	pthread_setname_np(rx, "receive");
	start_senders(sc, senders);
	watch(sc);
	for (unsigned int i = 0; i < SENDERS_MAX; i++)
		if (senders[i].runs)
			ending_join(sc, senders[i].thread);
	ending_join(sc, rx);
	return 0;
}

static void announce(const struct scan *sc)
{
	const struct shared *s = &sc->setup.shared;
	const struct targets_counts *n = targets_counts(sc->setup.targets);

	if (sc->c->ask.config_file)
		log_info("options from %s", sc->c->ask.config_file);
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
		 (unsigned long long)sc->setup.run.seed,
		 sc->setup.tx ? sc->setup.tx->name : "none", s->nsenders, log_s(s->nsenders),
		 sc->in.ops ? sc->in.ops->name : "none",
		 sc->setup.interface[0] ? sc->setup.interface : "none");
}

static struct scan the_scan;		/* the one run of the process */

bool scan_uses_config(void)
{
	return the_scan.stuck;
}

int scan_run(const struct config *c, struct err *e)
{
	struct scan *sc = &the_scan;
	struct run_facts *f = &sc->setup.run;
	int status;

	sc->c = c;
	if (setup_init(&sc->setup, c, &status, e))
		goto out;
	status = c->network.rx_file ? SCAN_INPUT : SCAN_START;
	if (open_network(sc, e))
		goto close;
	status = SCAN_INPUT;
	if (open_files(sc, e))
		goto close;
	announce(sc);
	sc->start_ns = sc->recorded_ns = clock_now_ns();
	f->start_wall_ns = sc->start_ns + (uint64_t)clock_wall_offset_ns();
	if (ending_write_metadata(sc, e))
		goto close;
	status = SCAN_START;
	if (c->network.rx_file) {
		rx_run_file(sc->rx);
		if (atomic_load(&sc->setup.shared.rx.full))
			scan_ask_stop(sc, STOP_NOW, "max-results", SCAN_STOPPED);
		scan_ask_stop(sc, STOP_OVER, "complete", SCAN_COMPLETE);
	} else if (run_live(sc, e)) {
		goto close;
	}
	ending_conclude(sc, e);
	status = f->exit_status;
	if (sc->stuck)
		return status;		/* a thread still uses what would be freed */
	goto out;
close:
	ending_close(sc, &(struct err){ "" });
out:
	setup_free(&sc->setup);
	return status;
}
