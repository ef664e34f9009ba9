/*
 * neighbour: the request for the neighbour of an address on the local link, and the reply: ARP
 * (RFC 826), neighbour solicitations and advertisements (RFC 4861 4.3, 4.4). Hostile input: every
 * read is bounded by what was captured, and what the RFCs have a host ignore is not taken.
 */
#ifndef TFOMAP_NEIGHBOUR_H
#define TFOMAP_NEIGHBOUR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"

#define NEIGHBOUR_TYPE_ARP	0x0806	/* Ethertypes */
#define NEIGHBOUR_TYPE_IPV6	0x86dd

struct neighbour {
	struct addr ip;
	uint8_t mac[6];		/* of one neighbour: neither zero nor a group address */
};

/*
 * Parses caplen bytes that follow an Ethernet header of that Ethertype. False: no such answer, or
 * none that is sound; then *n is not to be used. Whether the address was requested is the caller's
 * to know.
 */
bool neighbour_parse(struct neighbour *n, uint16_t ethertype, const uint8_t *buf, size_t caplen);

struct neighbour_request {
	struct addr target;	/* whose MAC address is requested */
	struct addr requester;	/* all zero: address conflict or duplicate detection */
	uint8_t mac[6];		/* the requester's; all zero: that of the frame */
};

/* The same for a request: one that a host is to reply to, if the target is its own. */
bool neighbour_parse_request(struct neighbour_request *r, uint16_t ethertype, const uint8_t *buf,
			     size_t caplen);

#endif
