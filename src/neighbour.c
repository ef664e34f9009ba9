#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "clock.h"
#include "err.h"
#include "iface.h"
#include "netlink.h"

/* The kernel gives up after three requests a second apart; its own verdict should come first. */
#define RESOLVE_NS	(4 * NS_PER_S)

/* Stale entries too: the kernel sends by them as well, and confirms them as it does. */
#define NUD_USABLE	(NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_PROBE | NUD_STALE | NUD_DELAY)

struct search {
	int index;
	struct addr ip;
	uint8_t *mac;
	bool found, failed;
};

static int on_neighbour(const struct nlmsghdr *nlh, void *arg)
{
	const struct ndmsg *ndm = mnl_nlmsg_get_payload(nlh);
	struct nlattr *attr, *mac = NULL;
	struct search *s = arg;
	struct addr ip;
	bool same = false;

	if (nlh->nlmsg_type != RTM_NEWNEIGH || ndm->ndm_ifindex != s->index ||
	    (ndm->ndm_family != AF_INET && ndm->ndm_family != AF_INET6))
		return MNL_CB_OK;
	mnl_attr_for_each(attr, nlh, sizeof(*ndm)) {
		if (mnl_attr_get_type(attr) == NDA_DST)
			same = netlink_get_addr(attr, &ip) && addr_eq(ip, s->ip);
		else if (mnl_attr_get_type(attr) == NDA_LLADDR && mnl_attr_get_payload_len(attr) == 6)
			mac = attr;
	}
	if (!same)
		return MNL_CB_OK;
	s->failed = ndm->ndm_state & NUD_FAILED;
	if (mac && (ndm->ndm_state & NUD_USABLE)) {
		memcpy(s->mac, mnl_attr_get_payload(mac), 6);
		s->found = true;
	}
	return MNL_CB_OK;
}

static int look_up_once(struct search *s)
{
	char buf[NETLINK_REQUEST];
	struct mnl_socket *nl;
	struct nlmsghdr *nlh;
	struct ndmsg *ndm;
	void *extra;
	int err;

	err = netlink_open(&nl, 0);
	if (err)
		return err;
	nlh = netlink_begin(buf, RTM_GETNEIGH, NLM_F_DUMP, &extra, sizeof(*ndm));
	ndm = extra;
	ndm->ndm_family = netlink_family(s->ip);
	err = netlink_ask(nl, nlh, on_neighbour, s);
	mnl_socket_close(nl);
	return err;
}

/* Reads the neighbour cache. */
static int look_up(struct search *s)
{
	int err = -EINTR;

	/* The kernel says so where the cache changed while it was read. */
	for (int tries = 0; err == -EINTR && !s->found && tries < 8; tries++)
		err = look_up_once(s);
	/* A failure that is in the cache is an old one. */
	s->failed = false;
	return err == -EINTR ? 0 : err;
}

/* Makes the kernel resolve the address, as if a packet were to be sent to it. */
static int ask_kernel(const struct search *s)
{
	char buf[NETLINK_REQUEST];
	struct mnl_socket *nl;
	struct nlmsghdr *nlh;
	struct ndmsg *ndm;
	void *extra;
	int err;

	err = netlink_open(&nl, 0);
	if (err)
		return err;
	nlh = netlink_begin(buf, RTM_NEWNEIGH, NLM_F_CREATE, &extra, sizeof(*ndm));
	ndm = extra;
	ndm->ndm_family = netlink_family(s->ip);
	ndm->ndm_ifindex = s->index;
	ndm->ndm_flags = NTF_USE;
	ndm->ndm_state = NUD_NONE;
	netlink_put_addr(nlh, NDA_DST, s->ip);
	err = netlink_ask(nl, nlh, NULL, NULL);
	mnl_socket_close(nl);
	return err;
}

/* Waits until the kernel says what became of it. -ETIMEDOUT, -EHOSTUNREACH. */
static int await(struct mnl_socket *events, struct search *s)
{
	uint64_t end_ns = clock_now_ns() + RESOLVE_NS, now_ns;
	int rc;

	while (!s->found && !s->failed) {
		now_ns = clock_now_ns();
		if (now_ns >= end_ns)
			return -ETIMEDOUT;
		rc = netlink_listen(events, (int)((end_ns - now_ns) / NS_PER_MS) + 1, on_neighbour,
				    s);
		/* Where events were lost, the cache has what they said. */
		if (rc == -ENOBUFS)
			rc = look_up(s);
		if (rc < 0)
			return rc;
	}
	return s->found ? 0 : -EHOSTUNREACH;
}

static int resolve(struct search *s)
{
	struct mnl_socket *events;
	int err;

	err = look_up(s);
	if (err || s->found)
		return err;
	err = netlink_open(&events, RTMGRP_NEIGH);
	if (err)
		return err;
	err = ask_kernel(s);
	/* Addresses that need no resolving (no ARP on the link) are there at once, without event. */
	if (!err)
		err = look_up(s);
	if (!err && !s->found)
		err = await(events, s);
	mnl_socket_close(events);
	return err;
}

int iface_next_hop(const struct iface *i, const struct iface_route *r, bool only_target,
		   uint8_t mac[static 6], struct err *e)
{
	struct search s = {
		.index = i->index, .ip = r->has_gateway ? r->gateway : r->target, .mac = mac,
	};
	const char *what = r->has_gateway ? "gateway" : "target";
	char text[ADDR_STRLEN];
	int err;

	memset(mac, 0, 6);
	if (i->is_loopback)
		return 0;
	addr_format(s.ip, text);
	if (!i->has_mac)
		return err_set(e, EOPNOTSUPP, "%s has no Ethernet addresses: choose another "
			       "--interface", i->name);
	if (!r->has_gateway && !only_target)
		return err_set(e, EHOSTUNREACH, "the route to %s by %s has no gateway, so each "
			       "target there is a station of its own: name one station with "
			       "--gateway-mac, or a gateway in a route", text, i->name);
	err = resolve(&s);
	if (err == -EPERM)
		return err_set(e, EPERM, "the MAC address of the %s %s is not known, and asking "
			       "for it needs CAP_NET_ADMIN: name it with --gateway-mac, or ping "
			       "it first", what, text);
	if (err)
		return err_set(e, -err, "the MAC address of the %s %s on %s cannot be found: %s; "
			       "name it with --gateway-mac, or another --interface", what, text,
			       i->name, strerror(-err));
	return 0;
}
