/*
 * setup_network_link: inside of setup_network: the way of each family, and the neighbours on the
 * local link.
 */
#ifndef TFOMAP_SETUP_NETWORK_LINK_H
#define TFOMAP_SETUP_NETWORK_LINK_H

#include "net/iface.h"
#include "net/neigh.h"
#include "scan/setup.h"

/* How packets of one family leave. */
struct network_way {
	bool needed;			/* there are targets */
	bool found;			/* the kernel was asked, and has a route */
	struct addr target;		/* the one that it was asked with */
	struct iface_route route;
	bool has_source;		/* a source address of the user's that this host owns: */
	struct addr source;		/* rules for it count */
};

struct network {
	struct setup *su;
	const struct config *c;
	struct mnl_socket *nl;
	struct iface iface;
	struct network_way ways[2];	/* [0] IPv4, [1] IPv6 */
	struct craft_link link[2];
	struct prefixset own;		/* the targets that are this host's addresses */
	struct prefixset connected;	/* the prefixes on the link: neighbours are asked for */
	bool owned[CONFIG_SOURCES_MAX];	/* the user's source addresses: the kernel's own */
	int rc;				/* of network_open(): why nothing can be sent */
	struct err why;
};

/* The kernel's route to a by the interface oif (0: any), from the family's source. */
int network_route(const struct network *n, struct addr a, int oif, struct iface_route *out);

/* Says that there is no route: why is a negative errno. Returns it. */
int network_no_route(const struct network *n, struct addr target, int why, struct err *e);

/* Whether the user named a source address of the family. */
bool network_has_source(const struct network *n, bool v6);

/*
 * Tells targets on the local link from those that a gateway leads to: on_link gets their addresses
 * (sealed). 0, or -errno with a message.
 */
int network_find_on_link(struct network *n, struct prefixset *on_link, struct err *e);

/*
 * Finds the MAC addresses of the gateways, for the link headers, and of what is on_link, which is
 * taken over. 0, or -errno with a message.
 */
int network_find_neighbours(struct network *n, struct prefixset *on_link, struct err *e);

/* How neighbours on the link are asked. */
struct neigh_link network_ask_link(const struct network *n);

#endif
