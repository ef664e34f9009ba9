/*
 * route: how packets of each family leave, by the kernel's routes and the user's words: interface,
 * gateway, source address. Main thread, before the scan.
 */
#ifndef TFOMAP_SETUP_ROUTE_H
#define TFOMAP_SETUP_ROUTE_H

#include <stdbool.h>

#include "addr.h"
#include "config/config.h"
#include "net/iface.h"
#include "prefixset.h"

struct err;
struct mnl_socket;
struct targets;

/* How packets of one family leave. */
struct route {
	bool needed;			/* there are targets */
	bool found;			/* the kernel was queried, and has a route */
	struct addr target;		/* the one that it was queried for */
	struct iface_route kernel;
	bool has_source;		/* a source address of the user's that this host owns: */
	struct addr source;		/* rules for it count */
};

/* Source addresses: [0] IPv4, [1] IPv6. */
struct sources {
	struct addr v[2][CONFIG_SOURCES_MAX];
	unsigned int n[2];
};

struct routes {
	const struct config *c;
	struct targets *targets;	/* setup's; not yet in order */
	bool wire;			/* packets leave */
	struct mnl_socket *nl;
	struct iface iface;		/* index 0: not known */
	struct route v[2];		/* [0] IPv4, [1] IPv6 */
	struct prefixset own;		/* the targets that are this host's addresses */
	struct prefixset connected;	/* the prefixes on the link: neighbours are looked up */
	bool owned[CONFIG_SOURCES_MAX];	/* the user's source addresses: the kernel's own */
	struct sources sources;		/* of the scan: sources_choose() */
};

/*
 * r: c, targets, wire and v[].needed are set, the rest is zero. Queries which of the user's
 * source addresses are its own. 0, or -errno with a message; routes_close() in any case.
 */
int routes_open(struct routes *r, struct err *e);
void routes_close(struct routes *r);

/* The kernel's route to a by the interface oif (0: any), from the family's source. */
int routes_query(const struct routes *r, struct addr a, int oif, struct iface_route *out);

/* Whether the user named a source address of the family. */
bool routes_has_source(const struct routes *r, bool v6);

/* Packets have a link header, and this host has to find whose address is in it. */
bool routes_use_neighbours(const struct routes *r);

/* What the kernel's -errno to a query means. */
const char *route_failure(int err);

/* Says that there is no route: why is a negative errno. Returns it. */
int routes_refuse(const struct routes *r, struct addr target, int why, struct err *e);

/* 127.0.0.0/8, ::1: the kernel knows no other link for them. */
bool route_is_loopback(struct addr a);

#endif
