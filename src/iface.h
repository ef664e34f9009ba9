/*
 * iface: the way out, asked of the kernel over rtnetlink: which interface and source address lead
 * to the targets, and which station takes the frames. Of the network namespace that the caller is
 * in. Main thread, before the scan.
 */
#ifndef TFOMAP_IFACE_H
#define TFOMAP_IFACE_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "addr.h"

struct err;

/* How packets of one family leave. All zero where the family was not asked for. */
struct iface_route {
	bool asked;
	bool has_source;
	bool has_gateway;	/* else the targets are on the local link */
	struct addr target;	/* the one that was asked with */
	struct addr source;	/* the kernel's choice for it */
	struct addr gateway;	/* may be IPv6 where the target is IPv4 (RFC 8950) */
};

struct iface {
	char name[IF_NAMESIZE];
	int index;
	unsigned int mtu;	/* bytes, from the IP header on */
	uint8_t mac[6];
	bool has_mac;		/* frames begin with an Ethernet header: Ethernet, and loopback,
				 * where the addresses are zero */
	bool is_loopback;
	struct iface_route v4, v6;
};

/*
 * Finds the interface that leads to the given targets, one of each family. NULL: the family is not
 * scanned, or needs no route as its source and gateway are named. name, which may be NULL where a
 * target is given, chooses the interface. 0, or -errno with a message that says what to try: no
 * such interface, it is down, no route, the families leave by different interfaces.
 */
int iface_find(struct iface *i, const char *name, const struct addr *target4,
	       const struct addr *target6, struct err *e);

/*
 * The MAC address of the station that takes frames of the family of r (v4 or v6 of i): the gateway
 * or, where there is none and r's target is the only one, the target itself. Where the neighbour
 * cache does not have it, the kernel is asked to resolve it (CAP_NET_ADMIN), and its answer waited
 * for, 4 s at most. 0, or -errno with a message that says what to try.
 */
int iface_next_hop(const struct iface *i, const struct iface_route *r, bool only_target,
		   uint8_t mac[static 6], struct err *e);

/*
 * Whether the kernel takes packets to a as its own (an address of an interface, or of a `local`
 * route). Then it resets on its own what a probe opens. 0, or -errno with a message.
 */
int iface_owns(struct addr a, bool *owns, struct err *e);

#endif
