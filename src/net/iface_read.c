#include "net/iface_read.h"

#include <libmnl/libmnl.h>
#include <linux/if_arp.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "net/netlink.h"

static enum iface_kind link_kind(unsigned short type, unsigned int flags)
{
	switch (type) {
	case ARPHRD_ETHER:
		return IFACE_ETHERNET;
	case ARPHRD_LOOPBACK:
		return IFACE_LOOPBACK;
	case ARPHRD_NONE:
	case ARPHRD_RAWIP:
	case ARPHRD_PPP:
	case ARPHRD_TUNNEL:
	case ARPHRD_TUNNEL6:
	case ARPHRD_SIT:
		return IFACE_IPLAYER;
	case ARPHRD_IPGRE:
	case ARPHRD_IP6GRE:
		/* Without a fixed far end its outer header is a link header, which we have not. */
		return (flags & IFF_POINTOPOINT) ? IFACE_IPLAYER : IFACE_OTHER;
	default:
		return IFACE_OTHER;
	}
}

bool iface_read_link(const struct nlmsghdr *nlh, struct iface *i)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(nlh);
	struct nlattr *attr;

	if (nlh->nlmsg_type != RTM_NEWLINK)
		return false;
	*i = (struct iface){
		.index = info->ifi_index, .kind = link_kind(info->ifi_type, info->ifi_flags),
		.up = info->ifi_flags & IFF_UP, .carrier = true,
	};
	mnl_attr_for_each(attr, nlh, sizeof(*info)) {
		switch (mnl_attr_get_type(attr)) {
		case IFLA_IFNAME:
			snprintf(i->name, sizeof(i->name), "%s", mnl_attr_get_str(attr));
			break;
		case IFLA_MTU:
			i->mtu = mnl_attr_get_u32(attr);
			break;
		case IFLA_CARRIER:
			i->carrier = mnl_attr_get_u8(attr);
			break;
		case IFLA_ADDRESS:
			if (i->kind == IFACE_ETHERNET
			    && mnl_attr_get_payload_len(attr) == sizeof(i->mac))
				memcpy(i->mac, mnl_attr_get_payload(attr), sizeof(i->mac));
			break;
		default:
			break;
		}
	}
	return true;
}

static void read_via(const struct nlattr *attr, struct iface_route *r)
{
	const struct rtvia *via = mnl_attr_get_payload(attr);

	if (mnl_attr_get_payload_len(attr) < sizeof(*via) + 16 || via->rtvia_family != AF_INET6)
		return;
	r->gateway = addr_from_wire6(via->rtvia_addr);
	r->has_gateway = true;
}

bool iface_read_route(const struct nlmsghdr *nlh, struct iface_route *r, struct addr *dst,
		      uint8_t *dst_len)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	struct nlattr *attr;

	if (nlh->nlmsg_type != RTM_NEWROUTE)
		return false;
	*r = (struct iface_route){
		.type = rtm->rtm_type == RTN_UNICAST ? IFACE_ROUTE_UNICAST
			: rtm->rtm_type == RTN_LOCAL ? IFACE_ROUTE_LOCAL : IFACE_ROUTE_OTHER,
	};
	*dst = rtm->rtm_family == AF_INET ? addr_from_v4(0) : (struct addr){ 0, 0 };
	*dst_len = rtm->rtm_dst_len;
	mnl_attr_for_each(attr, nlh, sizeof(*rtm)) {
		switch (mnl_attr_get_type(attr)) {
		case RTA_DST:
			netlink_get_addr(attr, dst);
			break;
		case RTA_OIF:
			r->oif = (int)mnl_attr_get_u32(attr);
			break;
		case RTA_PREFSRC:
			r->has_source = netlink_get_addr(attr, &r->source);
			break;
		case RTA_GATEWAY:
			r->has_gateway = netlink_get_addr(attr, &r->gateway);
			break;
		case RTA_VIA:
			read_via(attr, r);
			break;
		default:
			break;
		}
	}
	return rtm->rtm_family == AF_INET || rtm->rtm_family == AF_INET6;
}
