#include "iface.h"

#include <errno.h>
#include <linux/if_arp.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "err.h"
#include "netlink.h"

struct route_answer {
	struct iface_route *route;
	unsigned char type;		/* RTN_* */
	int oif;
};

/* ---- routes ---- */

static int on_via(const struct nlattr *attr, struct iface_route *r)
{
	const struct rtvia *via = mnl_attr_get_payload(attr);
	size_t len = mnl_attr_get_payload_len(attr);

	if (len < sizeof(*via) + 16 || via->rtvia_family != AF_INET6)
		return MNL_CB_OK;
	r->gateway = addr_from_wire6(via->rtvia_addr);
	r->has_gateway = true;
	return MNL_CB_OK;
}

static int on_route(const struct nlmsghdr *nlh, void *arg)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	struct route_answer *answer = arg;
	struct iface_route *r = answer->route;
	struct nlattr *attr;

	if (nlh->nlmsg_type != RTM_NEWROUTE)
		return MNL_CB_OK;
	answer->type = rtm->rtm_type;
	mnl_attr_for_each(attr, nlh, sizeof(*rtm)) {
		switch (mnl_attr_get_type(attr)) {
		case RTA_OIF:
			answer->oif = (int)mnl_attr_get_u32(attr);
			break;
		case RTA_PREFSRC:
			r->has_source = netlink_get_addr(attr, &r->source);
			break;
		case RTA_GATEWAY:
			r->has_gateway = netlink_get_addr(attr, &r->gateway);
			break;
		case RTA_VIA:
			on_via(attr, r);
			break;
		default:
			break;
		}
	}
	return MNL_CB_OK;
}

/* Asks for the route to r->target; oif 0: by any interface. */
static int ask_route(struct mnl_socket *nl, struct route_answer *answer, int oif)
{
	struct addr target = answer->route->target;
	char buf[NETLINK_REQUEST];
	struct nlmsghdr *nlh;
	struct rtmsg *rtm;
	void *extra;

	nlh = netlink_begin(buf, RTM_GETROUTE, 0, &extra, sizeof(*rtm));
	rtm = extra;
	rtm->rtm_family = netlink_family(target);
	rtm->rtm_dst_len = addr_is_v4(target) ? 32 : 128;
	netlink_put_addr(nlh, RTA_DST, target);
	if (oif)
		mnl_attr_put_u32(nlh, RTA_OIF, (uint32_t)oif);
	return netlink_ask(nl, nlh, on_route, answer);
}

static const char *no_route(int err)
{
	switch (err) {
	case -EINVAL:
		return "a blackhole route says so";
	case -EACCES:
		return "a prohibit route says so";
	default:
		return strerror(-err);
	}
}

/* The route of one family; *oif: 0, or the interface that it has to leave by; then that it does. */
static int find_route(struct mnl_socket *nl, struct iface_route *r, const struct addr *target,
		      const char *name, int *oif, struct err *e)
{
	struct route_answer answer = { .route = r };
	char text[ADDR_STRLEN];
	int err;

	*r = (struct iface_route){ .asked = true, .target = *target };
	err = ask_route(nl, &answer, *oif);
	addr_format(*target, text);
	/* An address of this host is reached by lo, whatever was asked for. */
	if (!err && ((answer.type != RTN_UNICAST && answer.type != RTN_LOCAL) ||
		     (*oif && answer.oif != *oif)))
		err = -ENETUNREACH;
	if (err && name)
		return err_set(e, -err, "no route to %s by %s: %s; try another --interface, or "
			       "name --source-ip and --gateway-mac", text, name, no_route(err));
	if (err)
		return err_set(e, -err, "no route to %s: %s; add one, or name --interface, "
			       "--source-ip and --gateway-mac", text, no_route(err));
	*oif = answer.oif;
	return 0;
}

/* ---- interfaces ---- */

struct link_answer {
	struct iface *i;
	unsigned int flags;		/* IFF_* */
	unsigned short type;		/* ARPHRD_* */
};

static int on_link(const struct nlmsghdr *nlh, void *arg)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(nlh);
	struct link_answer *answer = arg;
	struct iface *i = answer->i;
	struct nlattr *attr;

	if (nlh->nlmsg_type != RTM_NEWLINK)
		return MNL_CB_OK;
	i->index = info->ifi_index;
	answer->flags = info->ifi_flags;
	answer->type = info->ifi_type;
	mnl_attr_for_each(attr, nlh, sizeof(*info)) {
		switch (mnl_attr_get_type(attr)) {
		case IFLA_IFNAME:
			strncpy(i->name, mnl_attr_get_str(attr), sizeof(i->name) - 1);
			break;
		case IFLA_MTU:
			i->mtu = mnl_attr_get_u32(attr);
			break;
		case IFLA_ADDRESS:
			if (mnl_attr_get_payload_len(attr) == sizeof(i->mac))
				memcpy(i->mac, mnl_attr_get_payload(attr), sizeof(i->mac));
			break;
		default:
			break;
		}
	}
	return MNL_CB_OK;
}

/* Fills in what the link is: by name, or where that is NULL by index. */
static int find_link(struct mnl_socket *nl, struct iface *i, const char *name, int index,
		     struct err *e)
{
	struct link_answer answer = { .i = i };
	char buf[NETLINK_REQUEST];
	struct ifinfomsg *info;
	struct nlmsghdr *nlh;
	void *extra;
	int err;

	if (name && (!*name || strlen(name) >= IF_NAMESIZE))
		return err_set(e, ENODEV, "--interface %.32s: no such name is possible", name);
	nlh = netlink_begin(buf, RTM_GETLINK, 0, &extra, sizeof(*info));
	info = extra;
	if (name)
		mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	else
		info->ifi_index = index;
	err = netlink_ask(nl, nlh, on_link, &answer);
	if (err)
		return err_set(e, -err, "interface %s: %s (ip link lists those there are)",
			       name ? name : "of the route", strerror(-err));
	if (!(answer.flags & IFF_UP))
		return err_set(e, ENETDOWN, "interface %s is down: ip link set %s up, or choose "
			       "another with --interface", i->name, i->name);
	i->is_loopback = answer.type == ARPHRD_LOOPBACK;
	i->has_mac = answer.type == ARPHRD_ETHER || i->is_loopback;
	return 0;
}

/* ---- */

static int check_same(struct mnl_socket *nl, const struct iface *i, int oif4, int oif6,
		      struct err *e)
{
	struct iface other = { .index = 0 };

	if (!i->v4.asked || !i->v6.asked || oif4 == oif6)
		return 0;
	if (find_link(nl, &other, NULL, oif6, e))
		return -ENETUNREACH;
	return err_set(e, EINVAL, "IPv4 targets leave by %s, IPv6 targets by %s: scan one family "
		       "at a time, or choose with --interface", i->name, other.name);
}

static int find_all(struct mnl_socket *nl, struct iface *i, const char *name,
		    const struct addr *target4, const struct addr *target6, struct err *e)
{
	int oif4 = 0, oif6 = 0, err = 0;

	if (!name && !target4 && !target6)
		return err_set(e, EINVAL, "no interface is named, and no target to find it by");
	if (name) {
		err = find_link(nl, i, name, 0, e);
		oif4 = oif6 = i->index;
	}
	if (!err && target4)
		err = find_route(nl, &i->v4, target4, name, &oif4, e);
	if (!err && target6)
		err = find_route(nl, &i->v6, target6, name, &oif6, e);
	if (!err && !name)
		err = find_link(nl, i, NULL, target4 ? oif4 : oif6, e);
	if (!err)
		err = check_same(nl, i, oif4, oif6, e);
	return err;
}

int iface_find(struct iface *i, const char *name, const struct addr *target4,
	       const struct addr *target6, struct err *e)
{
	struct mnl_socket *nl;
	int err;

	*i = (struct iface){ .index = 0 };
	err = netlink_open(&nl, 0);
	if (err)
		return err_set(e, -err, "cannot ask the kernel for routes: %s", strerror(-err));
	err = find_all(nl, i, name, target4, target6, e);
	mnl_socket_close(nl);
	return err;
}

int iface_owns(struct addr a, bool *owns, struct err *e)
{
	struct iface_route r = { .target = a };
	struct route_answer answer = { .route = &r };
	struct mnl_socket *nl;
	char text[ADDR_STRLEN];
	int err;

	err = netlink_open(&nl, 0);
	if (!err) {
		err = ask_route(nl, &answer, 0);
		mnl_socket_close(nl);
	}
	/* An address to which there is no route is nobody's here. */
	if (err && err != -ENETUNREACH && err != -EHOSTUNREACH && err != -EACCES &&
	    err != -EINVAL) {
		addr_format(a, text);
		return err_set(e, -err, "cannot ask the kernel for the route to %s: %s", text,
			       strerror(-err));
	}
	*owns = !err && answer.type == RTN_LOCAL;
	return 0;
}
