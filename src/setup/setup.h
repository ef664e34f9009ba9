/*
 * setup: from the configuration to all that a scan stands on: targets, order, keys, sizes, the
 * network. Nothing is sent here but what finds a neighbour on the local link.
 */
#ifndef TFOMAP_SETUP_H
#define TFOMAP_SETUP_H

#include <net/if.h>

#include "net/gateway_status.h"
#include "records/metadata.h"
#include "state/proxy.h"
#include "state/shared.h"

struct neigh;
struct resume;
struct rst_filter;
struct rx_ops;
struct tx_ops;

struct setup {
	struct shared shared;
	struct resume *resume;		/* what the run goes on from */
	struct targets *targets;
	struct cookie_store *store;
	struct neigh *neigh;		/* NULL: no target is on the local link */
	struct rst_filter *rst_filter;		/* NULL: the kernel may reset, too */
	struct proxies proxies;
	struct gateway_known gateways[2];	/* [0] IPv4, [1] IPv6: those that are followed */
	struct run_facts run;
	const struct tx_ops *tx;	/* NULL: reading a capture */
	bool tx_auto, rx_auto;		/* they are chosen, not named */
	const struct rx_ops *rx;	/* NULL: nothing can answer */
	char interface[IF_NAMESIZE];	/* the kernel's own name, not an altname */
	int ifindex;
	unsigned int mtu;		/* bytes, from the IP header on; 0: no interface */
	uint8_t mac[6];			/* the interface's */
	bool iplayer;			/* packets have no link header */
	bool loopback;			/* the interface is lo */
	uint64_t unread;		/* packets that may come within RX_UNREAD_MS */
};

/*
 * Loads and resolves; the file of --rx needs no network. r: of --checkpoint, outlives su. 0, or
 * -errno with a message: then *status is the exit status (1: input; 2: network).
 */
int setup_init(struct setup *su, const struct config *c, struct resume *r, int *status,
	       struct err *e);

/*
 * With the send engines open: tfomap resets what its probes open, and the kernel is kept from it;
 * where that may not be had *filter says why. Once it is known where answers come from that is
 * told, as far as it matters.
 */
void setup_init_teardown(struct setup *su, const struct config *c, struct err *filter);
void setup_warn_teardown(const struct setup *su, const struct config *c, const struct err *filter);
/*
 * Of a run that is over: that it was of these targets. su is not set up. 0, or -errno with a
 * message.
 */
int setup_check_targets(struct setup *su, const struct config *c, struct resume *r, struct err *e);

void setup_free(struct setup *su);

#endif
