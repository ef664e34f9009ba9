#include "net/iface_list.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "net/iface_read.h"
#include "net/netlink.h"

#define MAC_LEN	18	/* text and its NUL */

struct address {
	int index;		/* of the interface */
	struct addr a;
	uint8_t len;		/* of its prefix */
};

struct listing {
	struct iface *links;	/* heap */
	struct address *addresses;	/* heap */
	int *defaults;		/* heap: interfaces that default routes leave by */
	size_t n_links, n_addresses, n_defaults;
};

/* The array with room for one more element; NULL: no memory. */
static void *grow(void *v, size_t n, size_t size)
{
	return realloc(v, (n + 1) * size);
}

/* A dump that began anew shows again what it has shown. */
static int on_link(const struct nlmsghdr *nlh, void *arg)
{
	struct listing *l = arg;
	struct iface i, *v;

	if (!iface_read_link(nlh, &i))
		return MNL_CB_OK;
	for (size_t k = 0; k < l->n_links; k++)
		if (l->links[k].index == i.index)
			return MNL_CB_OK;
	v = grow(l->links, l->n_links, sizeof(*v));
	if (!v)
		return MNL_CB_ERROR;
	v[l->n_links++] = i;
	l->links = v;
	return MNL_CB_OK;
}

/* On a point-to-point link IFA_ADDRESS is the other end's. */
static bool read_address(const struct nlmsghdr *nlh, struct address *a)
{
	const struct ifaddrmsg *msg = mnl_nlmsg_get_payload(nlh);
	struct nlattr *attr;
	bool local = false, found = false;

	if (nlh->nlmsg_type != RTM_NEWADDR)
		return false;
	a->index = (int)msg->ifa_index;
	a->len = msg->ifa_prefixlen;
	mnl_attr_for_each(attr, nlh, sizeof(*msg)) {
		uint16_t type = mnl_attr_get_type(attr);

		if ((type == IFA_ADDRESS && !local) || type == IFA_LOCAL)
			found |= netlink_get_addr(attr, &a->a);
		local |= type == IFA_LOCAL;
	}
	return found;
}

static int on_address(const struct nlmsghdr *nlh, void *arg)
{
	struct listing *l = arg;
	struct address a, *v;

	if (!read_address(nlh, &a))
		return MNL_CB_OK;
	for (size_t k = 0; k < l->n_addresses; k++)
		if (l->addresses[k].index == a.index && addr_eq(l->addresses[k].a, a.a))
			return MNL_CB_OK;
	v = grow(l->addresses, l->n_addresses, sizeof(*v));
	if (!v)
		return MNL_CB_ERROR;
	v[l->n_addresses++] = a;
	l->addresses = v;
	return MNL_CB_OK;
}

static int on_route(const struct nlmsghdr *nlh, void *arg)
{
	struct listing *l = arg;
	struct iface_route r;
	struct addr dst;
	uint8_t dst_len;
	int *v;

	if (!iface_read_route(nlh, &r, &dst, &dst_len) || dst_len
	    || r.type != IFACE_ROUTE_UNICAST)
		return MNL_CB_OK;
	v = grow(l->defaults, l->n_defaults, sizeof(*v));
	if (!v)
		return MNL_CB_ERROR;
	v[l->n_defaults++] = r.oif;
	l->defaults = v;
	return MNL_CB_OK;
}

/* Dumps one kind of thing, of one family or (0) of all. */
static int dump(uint16_t type, size_t header_len, uint8_t family, mnl_cb_t fn, struct listing *l)
{
	char buf[NETLINK_REQUEST];
	struct nlmsghdr *nlh;
	void *extra;

	nlh = netlink_begin(buf, type, NLM_F_DUMP, &extra, header_len);
	*(uint8_t *)extra = family;	/* the first byte of each header */
	return netlink_dump(nlh, fn, l);
}

static void print_link(FILE *out, const struct listing *l, const struct iface *i)
{
	char mac[MAC_LEN] = "-", text[ADDR_STRLEN];
	const char *before = "";
	bool is_default = false;

	for (size_t k = 0; k < l->n_defaults; k++)
		is_default |= l->defaults[k] == i->index;
	if (i->kind == IFACE_ETHERNET)
		snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", i->mac[0], i->mac[1],
			 i->mac[2], i->mac[3], i->mac[4], i->mac[5]);
	fprintf(out, "%c %-15s  %-10s  %5u  %-17s  ", is_default ? '*' : ' ', i->name,
		!i->up ? "down" : i->carrier ? "up" : "no carrier", i->mtu, mac);
	for (size_t k = 0; k < l->n_addresses; k++) {
		if (l->addresses[k].index != i->index)
			continue;
		addr_format(l->addresses[k].a, text);
		fprintf(out, "%s%s/%u", before, text, l->addresses[k].len);
		before = ", ";
	}
	fprintf(out, "%s\n", *before ? "" : "-");
}

int iface_list(FILE *out)
{
	struct listing l = { .links = NULL };
	int err = dump(RTM_GETLINK, sizeof(struct ifinfomsg), 0, on_link, &l);

	if (!err)
		err = dump(RTM_GETADDR, sizeof(struct ifaddrmsg), 0, on_address, &l);
	if (!err)
		err = dump(RTM_GETROUTE, sizeof(struct rtmsg), AF_INET, on_route, &l);
	if (!err)
		err = dump(RTM_GETROUTE, sizeof(struct rtmsg), AF_INET6, on_route, &l);
	if (!err) {
		fprintf(out, "  %-15s  %-10s  %5s  %-17s  %s\n", "interface", "state", "MTU",
			"MAC address", "addresses");
		for (size_t k = 0; k < l.n_links; k++)
			print_link(out, &l, &l.links[k]);
		fputs("* a default route leaves by it\n", out);
	}
	free(l.links);
	free(l.addresses);
	free(l.defaults);
	return err;
}
