/*
 * craft_neigh: the request for a neighbour's MAC address, and the reply to one for an address of
 * ours: ARP (RFC 826), neighbour solicitations and advertisements (RFC 4861), crafted by libnet. No
 * privilege is needed.
 */
#ifndef TFOMAP_CRAFT_NEIGH_H
#define TFOMAP_CRAFT_NEIGH_H

#include "neighbour.h"
#include "wire/craft_link.h"

#define CRAFT_NEIGH_MAX	(CRAFT_LINK_LEN + CRAFT_VLAN_LEN + 40 + 32)

/*
 * Writes a request to everyone on the link for target; requester is our address there, of the
 * same family, or all zero: whether the target is taken (RFC 5227 1.1, RFC 4862 5.4.2). link: src
 * and vlan_id count, it has a link header. Returns the frame's length, or -errno with a message.
 */
int craft_neigh_request(const struct craft_link *link, struct addr requester, struct addr target,
			uint8_t out[static CRAFT_NEIGH_MAX], struct err *e);

/*
 * Writes the reply to r, whose sender's MAC address is known: the target is here, at link's src. To
 * a duplicate address detection it goes to everyone (RFC 4861 7.2.4). Returns the frame's length,
 * or -errno with a message.
 */
int craft_neigh_reply(const struct craft_link *link, const struct neighbour_request *r,
		      uint8_t out[static CRAFT_NEIGH_MAX], struct err *e);

#endif
