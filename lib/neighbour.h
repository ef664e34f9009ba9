/*
 * neighbour: an answer to the question which station has an address on the local link: an ARP
 * reply (RFC 826) or a neighbour advertisement (RFC 4861 4.4). Hostile input: every read is
 * bounded by what was captured, and what the RFCs tell a host not to believe is not taken.
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
	uint8_t mac[6];		/* of one station: neither zero nor a group address */
};

/*
 * Parses caplen bytes that follow an Ethernet header of that Ethertype. False: no such answer, or
 * none that is sound; then *n is not to be used. Whether the address was asked for is the caller's
 * to know.
 */
bool neighbour_parse(struct neighbour *n, uint16_t ethertype, const uint8_t *buf, size_t caplen);

#endif
