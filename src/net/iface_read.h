/* iface_read: interfaces and routes as values, and how the kernel's messages become them. */
#ifndef TFOMAP_IFACE_READ_H
#define TFOMAP_IFACE_READ_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "addr.h"

struct nlmsghdr;

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

/* A link; false: another message. */
bool iface_read_link(const struct nlmsghdr *nlh, struct iface *i);

/* A route and its prefix, IPv4 or IPv6; false: another message. */
bool iface_read_route(const struct nlmsghdr *nlh, struct iface_route *r, struct addr *dst,
		      uint8_t *dst_len);

#endif
