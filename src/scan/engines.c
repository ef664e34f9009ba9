#include "scan/engines.h"

#include "base/log.h"
#include "config/config.h"
#include "scan/scan_state.h"
#include "send/sweep_export.h"
#include "setup/setup.h"
#include "state/proxy.h"
#include "wire/rx_source.h"
#include "wire/tx.h"
#include "wire/tx_sweep.h"

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

int engines_open_senders(struct scan *sc, struct err *e)
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

static int open_source(struct scan *sc, struct err *e)
{
	struct setup *su = sc->setup;
	const struct rx_setup rx = {
		.interface = su->interface, .ifindex = su->ifindex,
		.vlan_id = (uint16_t)sc->c->network.vlan_id, .file = sc->c->network.rx_file,
		.validator = &su->shared.facts.validator,
		.arp_requests = proxy_any(&su->shared.facts, false),
		.solicitations = proxy_any(&su->shared.facts, true),
		.buffer_len = su->rx->buffer_len ? su->rx->buffer_len(su->unread) : 0,
	};

	return su->rx->open(&sc->in.state, &rx, e);
}

int engines_open_receiver(struct scan *sc, struct err *e)
{
	struct setup *su = sc->setup;
	int rc = open_source(sc, e);

	/* What was chosen for its speed may turn out not to run here. */
	if (rc && su->rx_auto && su->rx->consumes) {
		su->rx = rx_find("pcap", false);
		log_info("answers by %s, as %s", su->rx->name, e->msg);
		e->msg[0] = '\0';
		rc = open_source(sc, e);
	}
	if (!rc)
		sc->in.ops = su->rx;
	return rc;
}
