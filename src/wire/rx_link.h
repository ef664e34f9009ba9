/* rx_link: what follows the link header of a captured packet. */
#ifndef TFOMAP_RX_LINK_H
#define TFOMAP_RX_LINK_H

#include <stdbool.h>
#include <stdint.h>

/* A type of link, by libpcap's number: its header's length, and where the Ethertype is in there. */
struct rx_link {
	int dlt;
	uint32_t len;
	int type_at;			/* -1: only IP can follow it */
};

/* NULL: it is not known. */
const struct rx_link *rx_link_find(int dlt);

/*
 * Where the packet after the header at p begins, after tags, MPLS labels and PPPoE, and its
 * Ethertype, 0 where only IP can be. False: it is not there; then *type is what could not be looked
 * into. link NULL: there is no header.
 */
bool rx_link_read(const struct rx_link *link, const uint8_t *p, uint32_t caplen, uint32_t *at,
		  uint16_t *type);

/* Likewise, and false where it is something else than IP. */
bool rx_link_read_ip(const struct rx_link *link, const uint8_t *p, uint32_t caplen, uint32_t *at,
		     uint16_t *type);

#endif
