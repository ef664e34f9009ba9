/*
 * neighbour: the question which neighbour has an address on the local link, and the answer: ARP
 * (RFC 826), neighbour solicitations and advertisements (RFC 4861 4.3, 4.4). Hostile input: every
 * read is bounded by what was captured, and what the RFCs tell a host not to believe is not taken.
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
 * none that is sound; then *n is not to be used. Whether the address was asked for is the caller's
 * to know.
 */
bool neighbour_parse(struct neighbour *n, uint16_t ethertype, const uint8_t *buf, size_t caplen);

struct neighbour_request {
	struct addr target;	/* whose neighbour is asked for */
	struct addr asker;	/* all zero: who looks whether the target is taken */
	uint8_t mac[6];		/* the asker's; all zero: not said, it is that of the frame */
};

/* The same for a question: one that a host is to answer, if the target is its own. */
bool neighbour_parse_request(struct neighbour_request *r, uint16_t ethertype, const uint8_t *buf,
			     size_t caplen);

#endif
