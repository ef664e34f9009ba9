#include "scan/setup_network.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <string.h>

#include "base/log.h"
#include "config/config.h"
#include "net/netlink.h"
#include "scan/setup_network_link.h"
#include "scan/setup_network_source.h"
#include "scan/setup_network_way.h"
#include "targets/targets.h"
#include "wire/tx.h"

/* ---- routes -------------------------------------------------------------------------------- */

int network_route(const struct network *n, struct addr a, int oif, struct iface_route *out)
{
	const struct network_way *w = &n->ways[!addr_is_v4(a)];
	const struct iface_query q = {
		.target = a, .has_source = w->has_source, .source = w->source, .oif = oif,
	};

	return iface_route(n->nl, &q, out);
}

static const char *no_route(int err)
{
	switch (err) {
	case -EINVAL:
		return "a blackhole route says so";
	case -EACCES:
		return "a prohibit route says so";
	case -EADDRNOTAVAIL:
		return "this host has no address to send from";
	default:
		return strerror(-err);
	}
}

int network_no_route(const struct network *n, struct addr target, int why, struct err *e)
{
	char text[ADDR_STRLEN];

	addr_format(target, text);
	if (n->iface.index)
		return err_set(e, -why, "no route to %s by %s: %s; try another --interface, or "
			       "name --source-ip and --gateway-mac", text, n->iface.name,
			       no_route(why));
	return err_set(e, -why, "no route to %s: %s; add one, or name --interface, --source-ip and "
		       "--gateway-mac", text, no_route(why));
}

bool network_has_source(const struct network *n, bool v6)
{
	for (size_t i = 0; i < n->c->network.nsources; i++)
		if (addr_is_v4(n->c->network.sources[i]) != v6)
			return true;
	return false;
}

/* ---- source addresses ---------------------------------------------------------------------- */

/* Whose the user's source addresses are. In a VLAN of our own the kernel has none. */
static int know_sources(struct network *n, struct err *e)
{
	const struct config *c = n->c;
	int rc = 0;

	for (size_t i = 0; i < c->network.nsources && !rc; i++) {
		struct network_way *w = &n->ways[!addr_is_v4(c->network.sources[i])];

		rc = iface_owns(n->nl, c->network.sources[i], &n->owned[i], e);
		n->owned[i] &= !c->network.vlan_id;
		if (n->owned[i] && !w->has_source && !network_is_loopback(c->network.sources[i])) {
			w->has_source = true;
			w->source = c->network.sources[i];
		}
	}
	return rc;
}

/* All packets of a family leave by one interface to one gateway, whatever their source. */
static int check_source(struct network *n, struct addr source, struct err *e)
{
	const struct network_way *w = &n->ways[!addr_is_v4(source)];
	const struct iface_query q = {
		.target = w->target, .has_source = true, .source = source,
		.oif = n->c->network.interface ? n->iface.index : 0,
	};
	char text[ADDR_STRLEN], first[ADDR_STRLEN];
	struct iface_route r;
	int err;

	if (!w->found)
		return 0;
	err = iface_route(n->nl, &q, &r);
	addr_format(source, text);
	addr_format(w->source, first);
	if (err)
		return err_set(e, -err, "--source-ip %s: no route leaves from it: %s; add a rule "
			       "or a route, or leave it out", text, no_route(err));
	if (r.oif != w->route.oif)
		return err_set(e, EINVAL, "--source-ip: packets from %s and from %s leave by "
			       "different interfaces; scan with one of them at a time, or choose "
			       "with --interface", first, text);
	if (n->iface.kind == IFACE_ETHERNET && !n->c->network.gateway_mac_set
	    && (r.has_gateway != w->route.has_gateway
		|| (r.has_gateway && !addr_eq(r.gateway, w->route.gateway))))
		return err_set(e, EINVAL, "--source-ip: packets from %s and from %s leave by "
			       "different gateways; scan with one of them at a time, or name a "
			       "--gateway-mac for both", first, text);
	return 0;
}

/* The source addresses: the given ones, else the kernel's choice for the route. */
static int choose_sources(struct network *n, struct err *e)
{
	const struct config *c = n->c;
	struct shared *s = &n->su->shared;
	int rc = 0;

	for (size_t i = 0; i < c->network.nsources && !rc; i++) {
		facts_add_source(&s->facts, c->network.sources[i]);
		rc = network_check_source(n, c->network.sources[i], n->owned[i], e);
		if (!rc && n->owned[i] && s->facts.wire)
			rc = check_source(n, c->network.sources[i], e);
	}
	for (unsigned int v6 = 0; v6 < 2 && !rc; v6++) {
		const struct network_way *w = &n->ways[v6];

		if (w->needed && !s->facts.nsources[v6] && w->route.has_source)
			facts_add_source(&s->facts, w->route.source);
		if (w->needed && !s->facts.nsources[v6])
			rc = err_set(e, EADDRNOTAVAIL, "there are IPv%d targets, but no IPv%d "
				     "source address; give one with --source-ip",
				     v6 ? 6 : 4, v6 ? 6 : 4);
	}
	return rc;
}

/* ---- the link ------------------------------------------------------------------------------ */

/* Whether packets have a link header. Where none leaves, there need be no interface. */
static int choose_layer(struct network *n, struct err *e)
{
	const struct config *c = n->c;
	const struct iface *i = &n->iface;
	bool wire = n->su->shared.facts.wire, ethernet = i->kind == IFACE_ETHERNET;

	n->su->iplayer = c->network.iplayer || (i->index && i->kind == IFACE_IPLAYER);
	if (wire && c->network.iplayer && (ethernet || i->kind == IFACE_LOOPBACK))
		return err_set(e, EINVAL, "--iplayer: interface %s has an Ethernet header; leave "
			       "--iplayer out", i->name);
	if (wire && i->kind == IFACE_OTHER && !c->network.iplayer)
		return err_set(e, EOPNOTSUPP, "interface %s has a link header that is not known; "
			       "choose another --interface, or try --iplayer", i->name);
	if (c->network.vlan_id && (n->su->iplayer || (wire && !ethernet)))
		return err_set(e, EINVAL, "--vlan %u: interface %s has no Ethernet header that a "
			       "tag could be in; choose another --interface", c->network.vlan_id,
			       i->index ? i->name : "of --iplayer");
	if (c->network.vlan_id && !c->network.nsources)
		return err_set(e, EADDRNOTAVAIL, "--vlan %u: the kernel has no address in that "
			       "VLAN; give one with --source-ip (or, where there is an interface "
			       "for the VLAN, name that with --interface, without --vlan)",
			       c->network.vlan_id);
	return 0;
}

/* The link header but for the neighbours that are to be found. */
static void start_header(struct network *n)
{
	for (unsigned int v6 = 0; v6 < 2; v6++) {
		struct craft_link *link = &n->link[v6];

		memcpy(link->src, n->iface.mac, sizeof(link->src));
		/* What goes by lo has no way but that to itself. */
		if (n->iface.kind != IFACE_LOOPBACK)
			memcpy(link->dst, n->c->network.gateway_mac, sizeof(link->dst));
		link->vlan_id = (uint16_t)n->c->network.vlan_id;
		link->none = n->su->iplayer;
	}
}

static int find_all(struct network *n, struct err *e)
{
	bool neighbours = n->su->shared.facts.wire && n->iface.kind == IFACE_ETHERNET
			&& !n->c->network.gateway_mac_set;
	struct prefixset on_link;
	int rc = choose_layer(n, e);

	if (rc)
		return rc;
	start_header(n);
	prefixset_init(&on_link);
	if (neighbours)
		rc = network_find_on_link(n, &on_link, e);
	if (!rc)
		rc = choose_sources(n, e);
	if (!rc && neighbours)
		rc = network_find_neighbours(n, &on_link, e);
	if (!rc)
		rc = network_proxy_sources(n, e);
	prefixset_free(&on_link);
	return rc;
}

void network_open(struct network *n, struct setup *su, const struct config *c)
{
	*n = (struct network){
		.su = su, .c = c,
		.ways = { { .needed = targets_have_v4(su->targets) },
			  { .needed = targets_have_v6(su->targets) } },
	};
	prefixset_init(&n->own);
	prefixset_init(&n->connected);
	n->rc = netlink_open(&n->nl);
	if (n->rc) {
		err_set(&n->why, -n->rc, "cannot ask the kernel for routes: %s", strerror(-n->rc));
		return;
	}
	n->rc = know_sources(n, &n->why);
	if (!n->rc)
		n->rc = network_find_ways(n, &n->why);
}

void network_close(struct network *n)
{
	if (n->nl)
		mnl_socket_close(n->nl);
	prefixset_free(&n->own);
	prefixset_free(&n->connected);
}

int network_init(struct network *n, struct err *e)
{
	struct setup *su = n->su;
	int rc;

	/* What sends nothing needs no way out, where it is told its source address. */
	if (n->rc && (su->shared.facts.wire || !n->c->network.nsources))
		return err_set(e, -n->rc, "%s", n->why.msg);
	if (n->rc)
		n->iface = (struct iface){ .kind = IFACE_ETHERNET };
	rc = find_all(n, e);
	if (rc)
		return rc;
	memcpy(su->interface, n->iface.name, sizeof(n->iface.name));
	su->ifindex = n->iface.index;
	su->loopback = n->iface.kind == IFACE_LOOPBACK;
	su->mtu = n->iface.mtu;
	su->link = n->link[0];
	if (n->iface.index)
		su->run.interface = su->shared.facts.interface = su->interface;
	su->shared.facts.ifindex = su->ifindex;
	return craft_init(&su->shared.facts.craft, n->link, n->c->probing.tcp_options, e);
}
