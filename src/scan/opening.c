#include "scan/opening.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "base/log.h"
#include "config/config.h"
#include "err.h"
#include "net/gateway.h"
#include "net/rst_filter.h"
#include "scan/scan_state.h"
#include "send/sweep_export.h"
#include "setup/setup_state.h"
#include "state/proxy.h"
#include "wire/rx_source.h"
#include "wire/tx.h"
#include "wire/tx_sweep.h"

/* ---- send engines -------------------------------------------------------------------------- */

/* Opens the engine for a send thread. */
static int open_engine(struct scan *sc, unsigned int sender, struct err *e)
{
	const struct config *c = sc->c;
	struct setup *su = sc->setup;
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
	sc->tx = su->tx;
	return su->tx->open(&sc->tx_state[sender], &tx, e);
}

static int open_senders(struct scan *sc, struct err *e)
{
	struct setup *su = sc->setup;
	int rc = open_engine(sc, 0, e);

	/* What was chosen for its speed may turn out not to run here: before it took any window. */
	while (rc && su->tx->sweeper && su->tx_auto) {
		su->tx = tx_next_best(su->tx);
		su->run.engine = su->tx->name;
		if (su->rx_auto)
			su->rx = rx_find("pcap", false);
		log_info("engine %s, as %s", su->tx->name, e->msg);
		e->msg[0] = '\0';
		rc = open_engine(sc, 0, e);
	}
	for (unsigned int i = 1; i < su->shared.nsenders && !rc; i++)
		rc = open_engine(sc, i, e);
	return rc;
}

/* ---- receive source ------------------------------------------------------------------------ */

/* A source for each receive thread, opened in a thread of their own. */
struct opening {
	const struct scan *sc;
	const struct rx_ops *ops;
	void *state[RECEIVERS_MAX];	/* NULL: not open */
	struct err err;
	int rc;
	bool begun;
	pthread_t thread;
};

/* The first one last: the others read what is its. */
static void close_sources(struct opening *o)
{
	for (unsigned int i = RECEIVERS_MAX; i-- > 0;)
		if (o->state[i])
			o->ops->close(o->state[i]);
	*o = (struct opening){ .sc = o->sc };
}

static void open_sources(struct opening *o)
{
	const struct setup *su = o->sc->setup;
	const struct config *c = o->sc->c;
	unsigned int n = su->shared.rx.n;
	struct rx_setup rx = {
		.interface = su->interface, .ifindex = su->ifindex,
		.vlan_id = (uint16_t)c->network.vlan_id, .file = c->network.rx_file,
		.validator = &su->shared.facts.validator,
		.arp_requests = proxy_any(&su->shared.facts, false),
		.solicitations = proxy_any(&su->shared.facts, true),
		.buffer_len = o->ops->buffer_len ? o->ops->buffer_len(su->unread / n) : 0,
		.n = n,
	};

	o->rc = 0;
	for (unsigned int i = 0; i < n && !o->rc; i++) {
		rx.number = i;
		rx.first = o->state[0];
		o->rc = o->ops->open(&o->state[i], &rx, &o->err);
	}
}

static void *opening_thread(void *arg)
{
	pthread_setname_np(pthread_self(), "opening");
	open_sources(arg);
	return NULL;
}

/* Meanwhile the send engines are: the kernel takes its time for both. */
static void begin_sources(struct opening *o)
{
	o->ops = o->sc->setup->rx;
	o->begun = o->ops && pthread_create(&o->thread, NULL, opening_thread, o) == 0;
}

/* What was begun is open, or refused; it is of no use where another one is wanted by now. */
static void end_sources(struct opening *o)
{
	if (o->begun)
		pthread_join(o->thread, NULL);
	if (o->ops != o->sc->setup->rx)
		close_sources(o);
}

static void open_anew(struct opening *o)
{
	close_sources(o);
	o->ops = o->sc->setup->rx;
	open_sources(o);
}

static int open_receiver(struct scan *sc, struct opening *o, struct err *e)
{
	struct setup *su = sc->setup;
	int rc;

	if (!o->begun) {
		o->ops = su->rx;
		open_sources(o);
	}
	/* What was chosen for its speed may turn out not to run here. */
	if (o->rc && su->rx_auto && su->rx->consumes) {
		su->rx = rx_find("pcap", false);
		log_info("answers by %s, as %s", su->rx->name, o->err.msg);
		open_anew(o);
	}
	if (o->rc && su->shared.rx.n > 1 && !sc->c->network.receivers) {
		shared_set_receivers(&su->shared, 1);
		log_notice("one receive thread, as: %s", o->err.msg);
		open_anew(o);
	}
	if (o->rc) {
		*e = o->err;
		rc = o->rc;
		close_sources(o);
		return rc;
	}
	for (unsigned int i = 0; i < su->shared.rx.n; i++)
		sc->in[i] = (struct rx_in){ o->ops, o->state[i] };
	if (su->tx)
		sc->run->receiver = o->ops->name;
	return 0;
}

/* ---- RST filter ---------------------------------------------------------------------------- */

/*
 * tfomap resets what its probes open, in every plan: the kernel does not where a firewall of this
 * host keeps answers from it, or its resets in. Where it does, its reset comes at once, which cuts
 * a server's early answer short and leaves a place of its TFO queue taken: so it is kept from that.
 * It is, too, where the driver hands over what answers a probe before the kernel sees it: forged
 * answers it sees still, and its resets would go to whomever they name. *why: why it is not.
 */
static void keep_kernel_back(struct scan *sc, struct err *why)
{
	struct setup *su = sc->setup;

	sc->s->facts.tears_down = sc->s->facts.wire;
	if (sc->s->facts.wire)
		(void)rst_filter_open(&su->rst_filter, sc->c->network.port_first,
				      sc->c->network.port_last, why);
}

/* Once it is known where answers come from. */
static void warn_of_kernel(const struct scan *sc, const struct err *why)
{
	if (!why->msg[0] || sc->setup->rx->consumes)
		return;
	log_msg(sc->c->probing.plan == PLAN_SURVEY ? LOG_INFO : LOG_NOTICE,
		"%s: this host's kernel may reset "
		"what a probe opens before tfomap does, so early answers of servers may be missed "
		"(rlen), and places of their TFO queues stay taken for a minute", why->msg);
}

/* ---- all of it ----------------------------------------------------------------------------- */

static int open_gateways(struct scan *sc, struct err *e)
{
	struct setup *su = sc->setup;
	struct gateway_link link = {
		.interface = su->interface, .ifindex = su->ifindex,
		.vlan_id = (uint16_t)sc->c->network.vlan_id,
	};
	const struct gateway_scan scan = {
		.sum = &su->shared.rx.stats, .stats = &su->shared.control.stats,
		.status = &su->shared.control.gateway, .timeout_ns = sc->c->probing.timeout_ns,
		.on_link = su->shared.facts.neigh != NULL,
	};

	memcpy(link.mac, su->mac, sizeof(link.mac));
	return gateways_open(&sc->gateways, &scan, su->gateways, &link, e);
}

/* All else, while the source is being opened. */
static int open_beside(struct scan *sc, struct err *filter, struct err *e)
{
	int rc = open_senders(sc, e);

	if (!rc)
		keep_kernel_back(sc, filter);
	return !rc && sc->setup->rx ? open_gateways(sc, e) : rc;
}

int opening_network(struct scan *sc, struct err *e)
{
	struct opening o = { .sc = sc };
	struct err filter = { "" };
	int rc;

	if (!sc->setup->tx)
		return open_receiver(sc, &o, e);
	begin_sources(&o);
	rc = open_beside(sc, &filter, e);
	end_sources(&o);
	if (rc)
		close_sources(&o);
	else if (sc->setup->rx)
		rc = open_receiver(sc, &o, e);
	if (!rc)
		warn_of_kernel(sc, &filter);
	return rc;
}
