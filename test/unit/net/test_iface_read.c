/* The kernel's messages about links and routes, as libmnl builds them. */
#include "net/iface_read.h"

#include <linux/if_arp.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "net/netlink.h"
#include "unit.h"

static uint64_t buf[NETLINK_REQUEST / 8];

static const struct addr gateway6 = { 0xfe80000000000000ull, 1 };

static struct nlmsghdr *begin_link(unsigned short type, unsigned int flags)
{
	struct ifinfomsg *info;
	struct nlmsghdr *nlh;
	void *extra;

	nlh = netlink_begin(buf, RTM_NEWLINK, 0, &extra, sizeof(*info));
	info = extra;
	info->ifi_index = 7;
	info->ifi_type = type;
	info->ifi_flags = flags;
	return nlh;
}

static struct nlmsghdr *begin_route(uint8_t family, uint8_t type, uint8_t dst_len)
{
	struct rtmsg *rtm;
	struct nlmsghdr *nlh;
	void *extra;

	nlh = netlink_begin(buf, RTM_NEWROUTE, 0, &extra, sizeof(*rtm));
	rtm = extra;
	rtm->rtm_family = family;
	rtm->rtm_type = type;
	rtm->rtm_dst_len = dst_len;
	return nlh;
}

TEST(an_ethernet_link)
{
	static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 5 };
	struct nlmsghdr *nlh = begin_link(ARPHRD_ETHER, IFF_UP);
	struct iface i;

	mnl_attr_put_strz(nlh, IFLA_IFNAME, "eth0");
	mnl_attr_put_u32(nlh, IFLA_MTU, 9000);
	mnl_attr_put(nlh, IFLA_ADDRESS, 6, mac);
	mnl_attr_put_u8(nlh, IFLA_CARRIER, 1);
	ck_assert(iface_read_link(nlh, &i));
	ck_assert_str_eq(i.name, "eth0");
	ck_assert_int_eq(i.index, 7);
	ck_assert_int_eq(i.kind, IFACE_ETHERNET);
	ck_assert_uint_eq(i.mtu, 9000);
	ck_assert_mem_eq(i.mac, mac, 6);
	ck_assert(i.up && i.carrier);
	/* Without its cable, and down. */
	nlh = begin_link(ARPHRD_ETHER, 0);
	mnl_attr_put_u8(nlh, IFLA_CARRIER, 0);
	ck_assert(iface_read_link(nlh, &i));
	ck_assert(!i.up && !i.carrier);
	ck_assert_str_eq(i.name, "");
}

/* An address that is not Ethernet's is left alone, whatever its length. */
TEST(other_links)
{
	static const struct {
		unsigned short type;
		unsigned int flags;
		enum iface_kind kind;
	} links[] = {
		{ ARPHRD_LOOPBACK, 0, IFACE_LOOPBACK }, { ARPHRD_NONE, 0, IFACE_IPLAYER },
		{ ARPHRD_PPP, 0, IFACE_IPLAYER }, { ARPHRD_TUNNEL, 0, IFACE_IPLAYER },
		{ ARPHRD_TUNNEL6, 0, IFACE_IPLAYER }, { ARPHRD_SIT, 0, IFACE_IPLAYER },
		/* GRE to a fixed far end; to any, the kernel wants the outer header. */
		{ ARPHRD_IPGRE, IFF_POINTOPOINT, IFACE_IPLAYER }, { ARPHRD_IPGRE, 0, IFACE_OTHER },
		{ ARPHRD_IP6GRE, IFF_POINTOPOINT, IFACE_IPLAYER },
		{ ARPHRD_IP6GRE, 0, IFACE_OTHER }, { ARPHRD_INFINIBAND, 0, IFACE_OTHER },
		{ ARPHRD_IEEE80211_RADIOTAP, 0, IFACE_OTHER },
	};
	static const uint8_t zero[6], address[20] = { 1, 2, 3, 4, 5, 6, 7 };
	struct iface i;

	for (size_t k = 0; k < N_OF(links); k++)
		for (size_t len = 4; len <= 20; len += len < 8 ? 2 : 12) {
			struct nlmsghdr *nlh = begin_link(links[k].type,
							  IFF_UP | links[k].flags);

			mnl_attr_put(nlh, IFLA_ADDRESS, len, address);
			ck_assert(iface_read_link(nlh, &i));
			ck_assert_int_eq(i.kind, links[k].kind);
			ck_assert_mem_eq(i.mac, zero, 6);
		}
	ck_assert(!iface_read_link(begin_route(AF_INET, RTN_UNICAST, 0), &i));
}

TEST(a_route_with_a_gateway)
{
	struct nlmsghdr *nlh = begin_route(AF_INET, RTN_UNICAST, 24);
	struct iface_route r;
	struct addr dst;
	uint8_t len;

	netlink_put_addr(nlh, RTA_DST, addr_from_v4(0xc6130000));
	netlink_put_addr(nlh, RTA_GATEWAY, addr_from_v4(0xc6130001));
	netlink_put_addr(nlh, RTA_PREFSRC, addr_from_v4(0xc6130002));
	mnl_attr_put_u32(nlh, RTA_OIF, 7);
	ck_assert(iface_read_route(nlh, &r, &dst, &len));
	ck_assert_int_eq(r.type, IFACE_ROUTE_UNICAST);
	ck_assert_int_eq(r.oif, 7);
	ck_assert(r.has_gateway && addr_eq(r.gateway, addr_from_v4(0xc6130001)));
	ck_assert(r.has_source && addr_eq(r.source, addr_from_v4(0xc6130002)));
	ck_assert(addr_eq(dst, addr_from_v4(0xc6130000)));
	ck_assert_uint_eq(len, 24);
}

/* RFC 8950: the next hop of an IPv4 route may have an IPv6 address. */
TEST(a_gateway_of_the_other_family)
{
	struct nlmsghdr *nlh = begin_route(AF_INET, RTN_UNICAST, 0);
	const struct rtvia head = { .rtvia_family = AF_INET6 };
	uint8_t via[sizeof(head) + 16];
	struct iface_route r;
	struct addr dst;
	uint8_t len;

	memcpy(via, &head, sizeof(head));
	addr_to_wire6(gateway6, via + sizeof(head));
	mnl_attr_put(nlh, RTA_VIA, sizeof(via), via);
	ck_assert(iface_read_route(nlh, &r, &dst, &len));
	ck_assert(r.has_gateway && addr_eq(r.gateway, gateway6));
	ck_assert(addr_eq(dst, addr_from_v4(0)));
	/* Cut short, it is no gateway. */
	nlh = begin_route(AF_INET, RTN_UNICAST, 0);
	mnl_attr_put(nlh, RTA_VIA, sizeof(via) - 12, via);
	ck_assert(iface_read_route(nlh, &r, &dst, &len));
	ck_assert(!r.has_gateway);
}

TEST(kinds_of_route)
{
	static const struct {
		uint8_t type;
		enum iface_route_type want;
	} types[] = {
		{ RTN_UNICAST, IFACE_ROUTE_UNICAST }, { RTN_LOCAL, IFACE_ROUTE_LOCAL },
		{ RTN_BROADCAST, IFACE_ROUTE_OTHER }, { RTN_MULTICAST, IFACE_ROUTE_OTHER },
		{ RTN_BLACKHOLE, IFACE_ROUTE_OTHER }, { RTN_UNREACHABLE, IFACE_ROUTE_OTHER },
	};
	struct iface_route r;
	struct addr dst;
	uint8_t len;

	for (size_t k = 0; k < N_OF(types); k++) {
		ck_assert(iface_read_route(begin_route(AF_INET6, types[k].type, 0), &r, &dst,
					   &len));
		ck_assert_int_eq(r.type, types[k].want);
		ck_assert(!r.has_gateway && !r.has_source);
		ck_assert(addr_eq(dst, (struct addr){ 0, 0 }));
	}
	ck_assert(!iface_read_route(begin_route(AF_BRIDGE, RTN_UNICAST, 0), &r, &dst, &len));
	ck_assert(!iface_read_route(begin_link(ARPHRD_ETHER, 0), &r, &dst, &len));
}
