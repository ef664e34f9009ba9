/*
 * network: how a scan's packets leave: interface, source addresses, link header, and whose address
 * is in it. Main thread, before the scan.
 */
#ifndef TFOMAP_SETUP_NETWORK_H
#define TFOMAP_SETUP_NETWORK_H

#include <stdbool.h>

#include "err.h"
#include "setup/neighbours.h"
#include "setup/route.h"

struct network {
	struct routes routes;
	struct next_hops hops;
	bool iplayer;			/* packets have no link header */
	bool proxies;			/* source addresses that nobody owns (routes.owned) are to
					 * be answered for on the link */
	int rc;				/* of network_open(): why nothing can be sent */
	struct err why;
};

/*
 * Before the targets are put in order: finds the routes to them, and leaves out those that none
 * leads to. What fails is returned by network_init(). wire: packets leave. network_close() in any
 * case.
 */
void network_open(struct network *n, struct targets *targets, const struct config *c, bool wire);
void network_close(struct network *n);

/*
 * With the order there: finds the rest. hops.neigh is the caller's then. 0, or -errno with a
 * message that says what to try.
 */
int network_init(struct network *n, const struct order *o, struct err *e);

#endif
