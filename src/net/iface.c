#include "net/iface.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "err.h"
#include "net/iface_read.h"
#include "net/netlink.h"
#include "prefixset.h"

/* ---- links ---- */

static int on_link(const struct nlmsghdr *nlh, void *arg)
{
	iface_read_link(nlh, arg);
	return MNL_CB_OK;
}

int iface_find(struct mnl_socket *nl, const char *name, int index, struct iface *out,
	       struct err *e)
{
	char buf[NETLINK_REQUEST];
	struct ifinfomsg *info;
	struct nlmsghdr *nlh;
	void *extra;
	int err;

	if (name && (!*name || strlen(name) >= ALTIFNAMSIZ))
		return err_set(e, ENODEV, "--interface %s: names have 1 to %d characters "
			       "(--list-interfaces shows those there are)", name, ALTIFNAMSIZ - 1);
	nlh = netlink_begin(buf, RTM_GETLINK, 0, &extra, sizeof(*info));
	info = extra;
	if (name)
		mnl_attr_put_strz(nlh, strlen(name) < IF_NAMESIZE ? IFLA_IFNAME : IFLA_ALT_IFNAME,
				  name);
	else
		info->ifi_index = index;
	err = netlink_request(nl, nlh, on_link, out);
	if (err)
		return err_set(e, -err, "%s %s: %s (--list-interfaces shows those there are)",
			       name ? "--interface" : "interface", name ? name : "of the route",
			       strerror(-err));
	return 0;
}

/* ---- routes ---- */

static int on_route(const struct nlmsghdr *nlh, void *arg)
{
	struct addr dst;
	uint8_t dst_len;

	iface_read_route(nlh, arg, &dst, &dst_len);
	return MNL_CB_OK;
}

int iface_route(struct mnl_socket *nl, const struct iface_query *q, struct iface_route *out)
{
	uint8_t bits = addr_is_v4(q->target) ? 32 : 128;
	char buf[NETLINK_REQUEST];
	struct nlmsghdr *nlh;
	struct rtmsg *rtm;
	void *extra;

	nlh = netlink_begin(buf, RTM_GETROUTE, 0, &extra, sizeof(*rtm));
	rtm = extra;
	rtm->rtm_family = netlink_family(q->target);
	rtm->rtm_dst_len = bits;
	netlink_put_addr(nlh, RTA_DST, q->target);
	if (q->has_source) {
		rtm->rtm_src_len = bits;
		netlink_put_addr(nlh, RTA_SRC, q->source);
	}
	if (q->oif)
		mnl_attr_put_u32(nlh, RTA_OIF, (uint32_t)q->oif);
	*out = (struct iface_route){ .type = IFACE_ROUTE_OTHER };
	return netlink_request(nl, nlh, on_route, out);
}

struct routes {
	enum iface_route_type type;	/* of those that are wanted */
	int index;			/* by this interface, without a gateway; 0: any */
	struct prefixset *out;
	int err;
};

static int on_prefix(const struct nlmsghdr *nlh, void *arg)
{
	struct routes *w = arg;
	struct iface_route r;
	struct addr first, last;
	uint8_t len, bits;

	if (!iface_read_route(nlh, &r, &first, &len) || r.type != w->type
	    || (w->index && (r.has_gateway || r.oif != w->index)))
		return MNL_CB_OK;
	bits = addr_is_v4(first) ? 32 : 128;
	if (len > bits)
		return MNL_CB_OK;
	len = (uint8_t)(128 - bits + len);
	last = first;
	last.hi |= len >= 64 ? 0 : ~0ull >> len;
	last.lo |= len >= 128 ? 0 : len <= 64 ? ~0ull : ~0ull >> (len - 64);
	w->err = prefixset_add(w->out, first, last);
	return w->err ? MNL_CB_ERROR : MNL_CB_OK;
}

static int dump_routes(struct routes *w)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	char buf[NETLINK_REQUEST];
	int err = 0;

	for (unsigned int f = 0; f < 2 && !err; f++) {
		struct nlmsghdr *nlh;
		struct rtmsg *rtm;
		void *extra;

		nlh = netlink_begin(buf, RTM_GETROUTE, NLM_F_DUMP, &extra, sizeof(*rtm));
		rtm = extra;
		rtm->rtm_family = families[f];
		rtm->rtm_type = w->type == IFACE_ROUTE_LOCAL ? RTN_LOCAL : RTN_UNICAST;
		if (w->index)
			mnl_attr_put_u32(nlh, RTA_OIF, (uint32_t)w->index);
		err = netlink_dump(nlh, on_prefix, w);
		err = w->err ? w->err : err;
	}
	return err;
}

int iface_connected(int index, struct prefixset *out)
{
	return dump_routes(&(struct routes){
		.type = IFACE_ROUTE_UNICAST, .index = index, .out = out,
	});
}

int iface_local(struct prefixset *out)
{
	return dump_routes(&(struct routes){ .type = IFACE_ROUTE_LOCAL, .out = out });
}

int iface_owns(struct mnl_socket *nl, struct addr a, bool *owns, struct err *e)
{
	struct iface_query q = { .target = a };
	struct iface_route r;
	char text[ADDR_STRLEN];
	int err = iface_route(nl, &q, &r);

	/* An address to which there is no route is nobody's here. */
	if (err && err != -ENETUNREACH && err != -EHOSTUNREACH && err != -EACCES &&
	    err != -EINVAL) {
		addr_format(a, text);
		return err_set(e, -err, "cannot query the kernel's route to %s: %s", text,
			       strerror(-err));
	}
	*owns = !err && r.type == IFACE_ROUTE_LOCAL;
	return 0;
}

const char *iface_state(int ifindex)
{
	struct iface i = { .up = true, .carrier = true };
	struct mnl_socket *nl;

	if (!netlink_open(&nl)) {
		if (iface_find(nl, NULL, ifindex, &i, &(struct err){ "" }))
			i = (struct iface){ .up = true, .carrier = true };
		mnl_socket_close(nl);
	}
	return !i.up ? "is down" : !i.carrier ? "has no carrier" : "takes no packets";
}
