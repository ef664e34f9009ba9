/*
 * neigh: the neighbours on the local link that frames go to: the gateways, and the targets that no
 * gateway leads to. Filled before the threads start (main thread), first from the kernel's cache,
 * then by our own requests; read-only from then on: any thread. Needs CAP_NET_RAW, no more.
 */
#ifndef TFOMAP_NEIGH_H
#define TFOMAP_NEIGH_H

#include <stdbool.h>
#include <stdint.h>

#include "addr.h"
#include "neighbour.h"
#include "prefixset.h"

struct neigh;

/* What is to become of an address, as bits; 0: it is routed. */
#define NEIGH_WANTED	1	/* its MAC address is needed */
#define NEIGH_ON_LINK	2	/* a target: frames to it go to it, or nowhere */

/*
 * How far a MAC address is to be trusted: what is known better replaces it. Fixed is what
 * somebody has put into the kernel's table.
 */
enum neigh_trust { NEIGH_UNKNOWN, NEIGH_STALE, NEIGH_SURE, NEIGH_FIXED };

/* A MAC address in a message. */
#define NEIGH_MAC	"%02x:%02x:%02x:%02x:%02x:%02x"
#define NEIGH_MAC_ARGS(m)	(m)[0], (m)[1], (m)[2], (m)[3], (m)[4], (m)[5]

/* Takes the sealed set of addresses over, and leaves an empty one. 0 or -ENOMEM. */
int neigh_new(struct neigh **out, struct prefixset *addresses);
void neigh_free(struct neigh *n);

/* Adds role (bits, above) to an address of the set; requester: our address there. */
void neigh_mark(struct neigh *n, struct addr ip, unsigned int role, struct addr requester);

/* Takes a reply; false: nobody wanted it, or it is no better than what is known. */
bool neigh_take(struct neigh *n, const struct neighbour *answer, enum neigh_trust trust);

/* How many of the addresses whose MAC address is wanted are known less than that. */
uint32_t neigh_missing(const struct neigh *n, enum neigh_trust trust);

/*
 * The first of them from place *i on, which becomes its place, and the address to send requests
 * from. False: there is none.
 */
bool neigh_next_missing(const struct neigh *n, enum neigh_trust trust, uint32_t *i, struct addr *ip,
			struct addr *requester);

/* How many targets on the link have no MAC address. */
uint32_t neigh_silent(const struct neigh *n);

/* The MAC address that an address has; false: not known. */
bool neigh_mac(const struct neigh *n, struct addr ip, uint8_t mac[static 6]);

/* Whether it is fixed. */
bool neigh_is_fixed(const struct neigh *n, struct addr ip);

enum neigh_hop {
	NEIGH_ROUTED,		/* not on the link: to its gateway */
	NEIGH_FOUND,		/* to itself */
	NEIGH_SILENT,		/* on the link, and not there */
};

/* Where frames to a target go. NEIGH_FOUND: mac is set, else it stays as it is. */
enum neigh_hop neigh_find(const struct neigh *n, struct addr ip, uint8_t mac[static 6]);

#endif
