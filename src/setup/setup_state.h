/* setup_state: what setup makes: all that a scan stands on. */
#ifndef TFOMAP_SETUP_STATE_H
#define TFOMAP_SETUP_STATE_H

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

#endif
