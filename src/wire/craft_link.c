#include "wire/craft_link.h"

#include <libnet.h>

int craft_link_header(libnet_t *l, const struct craft_link *link, uint16_t ethertype)
{
	if (link->none)
		return 0;
	if (link->vlan_id)
		return libnet_build_802_1q(link->dst, link->src, ETHERTYPE_VLAN, 0, 0,
					   link->vlan_id, ethertype, NULL, 0, l, 0);
	return libnet_build_ethernet(link->dst, link->src, ethertype, NULL, 0, l, 0);
}
