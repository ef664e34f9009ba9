/*
 * iface: interfaces, addresses and routes of the network namespace that the caller is in, asked of
 * the kernel over rtnetlink; needs no privilege. Main thread, before the scan.
 */
#ifndef TFOMAP_IFACE_H
#define TFOMAP_IFACE_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "addr.h"

struct err;
struct mnl_socket;
struct prefixset;

/* What a packet socket of the interface takes and gives. */
enum iface_kind {
	IFACE_ETHERNET,
	IFACE_LOOPBACK,		/* Ethernet frames whose addresses are zero */
	IFACE_IPLAYER,		/* IP packets without any link header: tun, ipip, WireGuard */
	IFACE_OTHER,		/* a link header of another kind */
};

struct iface {
	char name[IF_NAMESIZE];
	int index;
	enum iface_kind kind;
	bool up;
	bool carrier;		/* a cable, a radio, a tunnel's program is at the other end */
	unsigned int mtu;	/* bytes, from the IP header on */
	uint8_t mac[6];		/* Ethernet; else zero */
};

/* What is asked for a route. */
struct iface_query {
	struct addr target;
	bool has_source;	/* rules for this source address count (`ip rule from`) */
	struct addr source;	/* IPv4: one of this host's own, else -EINVAL */
	int oif;		/* 0: any interface */
};

enum iface_route_type {
	IFACE_ROUTE_UNICAST,
	IFACE_ROUTE_LOCAL,	/* an address that this host takes as its own */
	IFACE_ROUTE_OTHER,	/* broadcast, multicast, blackhole, ... */
};

struct iface_route {
	enum iface_route_type type;
	int oif;
	bool has_source, has_gateway;
	struct addr source;	/* the kernel's choice, where the query named none */
	struct addr gateway;	/* may be IPv6 where the target is IPv4 (RFC 8950) */
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

/* Prints a table of all interfaces. 0, or -errno where the kernel could not be asked. */
int iface_list(FILE *out);

#endif
