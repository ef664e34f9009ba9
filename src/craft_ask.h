/*
 * craft_ask: the question which station has an address: an ARP request (RFC 826) or a neighbour
 * solicitation (RFC 4861 4.3), crafted by libnet. No privilege is needed.
 */
#ifndef TFOMAP_CRAFT_ASK_H
#define TFOMAP_CRAFT_ASK_H

#include "craft.h"

#define CRAFT_ASK_MAX	(CRAFT_LINK_LEN + CRAFT_VLAN_LEN + 40 + 32)

/*
 * Writes a frame that asks everyone on the link for target; asker is our address there, of the
 * same family. link: src and vlan_id count, it has a link header. Returns the frame's length, or
 * -errno with a message.
 */
int craft_ask(const struct craft_link *link, struct addr asker, struct addr target,
	      uint8_t out[static CRAFT_ASK_MAX], struct err *e);

#endif
