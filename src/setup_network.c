#include "setup_network.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <string.h>

#include "config.h"
#include "log.h"
#include "netlink.h"
#include "setup_network_link.h"
#include "setup_network_source.h"
#include "tx.h"

#define PLACES_MAX	4096	/* of the order, looked at for a target to ask with */
#define SAMPLES_MAX	64	/* targets that the kernel is asked about */

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

/*
 * Asks with one target. An address of this host is reached by lo, whatever was asked for: then
 * another target may tell more.
 */
static bool try_target(struct network *n, struct network_way *w, struct addr target, int *why)
{
	struct iface_route r;
	int oif = n->iface.index, err = network_route(n, target, oif, &r);
	bool local = !err && r.type == IFACE_ROUTE_LOCAL;
	bool good = !err && (local || r.type == IFACE_ROUTE_UNICAST) && (!oif || r.oif == oif);

	if (!*why) {
		w->target = target;
		*why = err ? err : -ENETUNREACH;
	}
	if (!good || (local && w->found))
		return false;
	w->found = true;
	w->target = target;
	w->route = r;
	return !local;
}

/* The route of one family: of the first target in the order that one leads to. */
static int find_way(struct network *n, bool v6, struct err *e)
{
	const struct shared *s = &n->su->shared;
	const struct prefixset none = { .n = 0 };
	struct network_way *w = &n->ways[v6];
	unsigned int asked = 0;
	struct addr target;
	int why = 0;

	for (uint64_t k = 0; k < s->order.places && k < PLACES_MAX && asked < SAMPLES_MAX; k++) {
		target = targets_at(s->targets, order_target(&s->order, k)).ip;
		if (addr_is_v4(target) == v6)
			continue;
		asked++;
		if (try_target(n, w, target, &why))
			return 0;
	}
	if (!asked && targets_outside(s->targets, v6, &none, &target))
		try_target(n, w, target, &why);
	return w->found ? 0 : network_no_route(n, w->target, why, e);
}

/* Where all that a route tells was said by the user, there may be none. */
static bool needs_route(const struct network *n, bool v6)
{
	const struct config *c = n->c;
	bool has_source = false;

	for (size_t i = 0; i < c->nsources; i++)
		has_source |= addr_is_v4(c->sources[i]) != v6;
	return !c->interface || !has_source
	       || (n->su->shared.wire && n->iface.kind == IFACE_ETHERNET && !c->gateway_mac_set);
}

static int check_same(struct network *n, struct err *e)
{
	const struct network_way *v4 = &n->ways[0], *v6 = &n->ways[1];
	struct iface other;

	if (!v4->found || !v6->found || v4->route.oif == v6->route.oif)
		return 0;
	if (iface_find(n->nl, NULL, v6->route.oif, &other, e))
		return -ENETUNREACH;
	return err_set(e, EINVAL, "IPv4 targets leave by %s, IPv6 targets by %s: scan one family "
		       "at a time, or choose with --interface", n->iface.name, other.name);
}

/* Whether packets can leave. */
static int check_up(const struct iface *i, struct err *e)
{
	if (!i->up)
		return err_set(e, ENETDOWN, "interface %s is down: ip link set %s up, or choose "
			       "another with --interface", i->name, i->name);
	if (!i->carrier)
		return err_set(e, ENETDOWN, "interface %s has no carrier: put the cable in, start "
			       "the program of the tunnel, or choose another with --interface",
			       i->name);
	return 0;
}

static int find_interface(struct network *n, struct err *e)
{
	int rc = n->c->interface ? iface_find(n->nl, n->c->interface, 0, &n->iface, e) : 0;

	if (!rc && n->c->interface && n->su->shared.wire)
		rc = check_up(&n->iface, e);
	for (unsigned int v6 = 0; v6 < 2 && !rc; v6++)
		if (n->ways[v6].needed && needs_route(n, v6))
			rc = find_way(n, v6, e);
	if (!rc && !n->c->interface) {
		const struct network_way *w = &n->ways[!n->ways[0].found];

		rc = iface_find(n->nl, NULL, w->route.oif, &n->iface, e);
		if (!rc)
			rc = check_same(n, e);
		if (!rc && n->su->shared.wire)
			rc = check_up(&n->iface, e);
	}
	return rc;
}

/* ---- source addresses ---------------------------------------------------------------------- */

/* Whose the user's source addresses are. In a VLAN of our own the kernel has none. */
static int know_sources(struct network *n, struct err *e)
{
	const struct config *c = n->c;
	int rc = 0;

	for (size_t i = 0; i < c->nsources && !rc; i++) {
		struct network_way *w = &n->ways[!addr_is_v4(c->sources[i])];

		rc = iface_owns(n->nl, c->sources[i], &n->owned[i], e);
		n->owned[i] &= !c->vlan_id;
		if (n->owned[i] && !w->has_source && !network_is_loopback(c->sources[i])) {
			w->has_source = true;
			w->source = c->sources[i];
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
		.oif = n->c->interface ? n->iface.index : 0,
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
	if (n->iface.kind == IFACE_ETHERNET && !n->c->gateway_mac_set
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

	for (size_t i = 0; i < c->nsources && !rc; i++) {
		shared_add_source(s, c->sources[i]);
		rc = network_check_source(n, c->sources[i], n->owned[i], e);
		if (!rc && n->owned[i] && s->wire)
			rc = check_source(n, c->sources[i], e);
	}
	for (unsigned int v6 = 0; v6 < 2 && !rc; v6++) {
		const struct network_way *w = &n->ways[v6];

		if (w->needed && !s->nsources[v6] && w->route.has_source)
			shared_add_source(s, w->route.source);
		if (w->needed && !s->nsources[v6])
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
	bool wire = n->su->shared.wire, ethernet = i->kind == IFACE_ETHERNET;

	n->su->iplayer = c->iplayer || (i->index && i->kind == IFACE_IPLAYER);
	if (wire && c->iplayer && (ethernet || i->kind == IFACE_LOOPBACK))
		return err_set(e, EINVAL, "--iplayer: interface %s has an Ethernet header; leave "
			       "--iplayer out", i->name);
	if (wire && i->kind == IFACE_OTHER && !c->iplayer)
		return err_set(e, EOPNOTSUPP, "interface %s has a link header that is not known; "
			       "choose another --interface, or try --iplayer", i->name);
	if (c->vlan_id && (n->su->iplayer || (wire && !ethernet)))
		return err_set(e, EINVAL, "--vlan %u: interface %s has no Ethernet header that a "
			       "tag could be in; choose another --interface", c->vlan_id,
			       i->index ? i->name : "of --iplayer");
	if (c->vlan_id && !c->nsources)
		return err_set(e, EADDRNOTAVAIL, "--vlan %u: the kernel has no address in that "
			       "VLAN; give one with --source-ip (or, where there is an interface "
			       "for the VLAN, name that with --interface, without --vlan)",
			       c->vlan_id);
	return 0;
}

/* The link header but for the stations that are to be found. */
static void start_header(struct network *n)
{
	for (unsigned int v6 = 0; v6 < 2; v6++) {
		struct craft_link *link = &n->link[v6];

		memcpy(link->src, n->iface.mac, sizeof(link->src));
		memcpy(link->dst, n->c->gateway_mac, sizeof(link->dst));
		link->vlan_id = (uint16_t)n->c->vlan_id;
		link->none = n->su->iplayer;
	}
}

static int find_all(struct network *n, struct err *e)
{
	struct setup *su = n->su;
	bool stations;
	struct prefixset on_link;
	struct err why = { "" };
	int rc = know_sources(n, e);

	if (rc)
		return rc;
	rc = find_interface(n, &why);
	/* What sends nothing needs no way out, where it is told its source address. */
	if (rc && (su->shared.wire || !n->c->nsources))
		return err_set(e, -rc, "%s", why.msg);
	if (rc)
		n->iface = (struct iface){ .kind = IFACE_ETHERNET };
	rc = choose_layer(n, e);
	if (rc)
		return rc;
	start_header(n);
	prefixset_init(&on_link);
	stations = su->shared.wire && n->iface.kind == IFACE_ETHERNET && !n->c->gateway_mac_set;
	if (stations)
		rc = network_find_gateways(n, &on_link, e);
	if (!rc)
		rc = choose_sources(n, e);
	if (!rc && stations)
		rc = network_find_stations(n, &on_link, e);
	if (!rc)
		rc = network_claim_sources(n, e);
	prefixset_free(&on_link);
	return rc;
}

int network_init(struct setup *su, const struct config *c, struct err *e)
{
	struct network n = {
		.su = su, .c = c,
		.ways = { { .needed = targets_have_v4(su->targets) },
			  { .needed = targets_have_v6(su->targets) } },
	};
	int rc = netlink_open(&n.nl);

	if (rc)
		return err_set(e, -rc, "cannot ask the kernel for routes: %s", strerror(-rc));
	rc = find_all(&n, e);
	mnl_socket_close(n.nl);
	if (rc)
		return rc;
	memcpy(su->interface, n.iface.name, sizeof(n.iface.name));
	su->ifindex = n.iface.index;
	su->mtu = n.iface.mtu;
	su->link = n.link[0];
	if (n.iface.index)
		su->facts.interface = su->shared.interface = su->interface;
	su->shared.ifindex = su->ifindex;
	return craft_init(&su->shared.craft, n.link, c->tcp_options, e);
}
