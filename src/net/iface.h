/*
 * iface: interfaces, addresses and routes of the network namespace that the caller is in, queried
 * over rtnetlink; needs no privilege. Main thread, before the scan.
 */
#ifndef TFOMAP_IFACE_H
#define TFOMAP_IFACE_H

#include <stdbool.h>

#include "net/iface_read.h"

struct err;
struct mnl_socket;
struct prefixset;

/* What a route is queried for. */
struct iface_query {
	struct addr target;
	bool has_source;	/* rules for this source address count (`ip rule from`) */
	struct addr source;	/* IPv4: one of this host's own, else -EINVAL */
	int oif;		/* 0: any interface */
};

/*
 * By name, which may be one of its other names (altname); or, where that is NULL, by index. 0, or
 * -errno with a message that says what to try.
 */
int iface_find(struct mnl_socket *nl, const char *name, int index, struct iface *out,
	       struct err *e);

/*
 * The route that the kernel would take. 0, or -errno without a message: the kernel's, which for
 * routes that say so are -ENETUNREACH, -EHOSTUNREACH, -EINVAL (blackhole), -EACCES (prohibit).
 */
int iface_route(struct mnl_socket *nl, const struct iface_query *q, struct iface_route *out);

/*
 * Adds the prefixes whose routes lead to the interface without a gateway, of all tables, to out,
 * which is not sealed. 0, or -errno without a message.
 */
int iface_connected(int index, struct prefixset *out);

/*
 * Adds the addresses that this host takes as its own (of its interfaces, or of `local` routes) to
 * out, which is not sealed. 0, or -errno without a message.
 */
int iface_local(struct prefixset *out);

/*
 * Whether the kernel takes packets to a as its own (an address of an interface, or of a `local`
 * route). Then it resets on its own what a probe opens. 0, or -errno with a message.
 */
int iface_owns(struct mnl_socket *nl, struct addr a, bool *owns, struct err *e);

/*
 * What an interface that takes no packets is said to be: "is down", "has no carrier"; else "takes
 * no packets". Any thread.
 */
const char *iface_state(int ifindex);

#endif
