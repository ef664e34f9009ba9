/* craft_link: the link header of the packets that tfomap sends. */
#ifndef TFOMAP_CRAFT_LINK_H
#define TFOMAP_CRAFT_LINK_H

#include <stdbool.h>
#include <stdint.h>

struct libnet_context;

#define CRAFT_LINK_LEN		14			/* Ethernet */
#define CRAFT_VLAN_LEN		4			/* 802.1Q, in front of the Ethertype */

struct craft_link {
	uint8_t src[6], dst[6];
	uint16_t vlan_id;		/* 0: no 802.1Q tag */
	bool none;			/* no link header: packets begin with IP */
};

/* Builds the header in l, the outermost. -1: libnet says why. */
int craft_link_header(struct libnet_context *l, const struct craft_link *link, uint16_t ethertype);

/* Its length; 0: there is none. */
static inline unsigned int craft_link_len(const struct craft_link *link)
{
	return link->none ? 0 : CRAFT_LINK_LEN + (link->vlan_id ? CRAFT_VLAN_LEN : 0);
}

#endif
