/*
 * neighbours: whom frames are addressed to: the gateways, and targets on the local link. Sends
 * requests there. Main thread, before the scan.
 */
#ifndef TFOMAP_SETUP_NEIGHBOURS_H
#define TFOMAP_SETUP_NEIGHBOURS_H

#include "net/gateway_status.h"
#include "wire/craft_link.h"

struct err;
struct neigh;
struct order;
struct prefixset;
struct routes;

/* How frames leave: [0] IPv4, [1] IPv6. */
struct next_hops {
	struct craft_link header[2];	/* dst: the gateway's */
	struct gateway_known gateways[2];	/* that are followed */
	struct neigh *neigh;		/* the caller's; NULL: no target is on the local link */
};

/*
 * Separates targets on the local link from those reached by a gateway: on_link gets the addresses
 * of those that o probes (sealed). 0, or -errno with a message.
 */
int neighbours_on_link(const struct routes *r, const struct order *o, struct prefixset *on_link,
		       struct err *e);

/*
 * Looks up the MAC addresses of the gateways, and of what is on_link. h: the headers are there but
 * for dst. 0, or -errno with a message.
 */
int neighbours_find(const struct routes *r, const struct prefixset *on_link, struct next_hops *h,
		    struct err *e);

/*
 * Refuses a source address of the user's that this host does not own where a neighbour has it. 0,
 * or -errno with a message.
 */
int neighbours_check_unused(const struct routes *r, struct err *e);

#endif
