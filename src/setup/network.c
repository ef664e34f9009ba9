#include "setup/network.h"

#include <errno.h>
#include <string.h>

#include "setup/reached.h"
#include "setup/sources.h"
#include "targets/targets.h"

/* Whether packets have a link header. Where none leaves, there need be no interface. */
static int choose_layer(struct network *n, struct err *e)
{
	const struct config *c = n->routes.c;
	const struct iface *i = &n->routes.iface;
	bool wire = n->routes.wire, ethernet = i->kind == IFACE_ETHERNET;

	n->iplayer = c->network.iplayer || (i->index && i->kind == IFACE_IPLAYER);
	if (wire && c->network.iplayer && (ethernet || i->kind == IFACE_LOOPBACK))
		return err_set(e, EINVAL, "--iplayer: interface %s has an Ethernet header; leave "
			       "--iplayer out", i->name);
	if (wire && i->kind == IFACE_OTHER && !c->network.iplayer)
		return err_set(e, EOPNOTSUPP, "interface %s has a link header that is not known; "
			       "choose another --interface, or try --iplayer", i->name);
	if (c->network.vlan_id && (n->iplayer || (wire && !ethernet)))
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
	const struct routes *r = &n->routes;

	for (unsigned int v6 = 0; v6 < 2; v6++) {
		struct craft_link *link = &n->hops.header[v6];

		memcpy(link->src, r->iface.mac, sizeof(link->src));
		/* What goes by lo goes to itself. */
		if (r->iface.kind != IFACE_LOOPBACK)
			memcpy(link->dst, r->c->network.gateway_mac, sizeof(link->dst));
		link->vlan_id = (uint16_t)r->c->network.vlan_id;
		link->none = n->iplayer;
	}
}

/* Source addresses that this host does not own are answered for on a link that has neighbours. */
static bool needs_proxies(const struct network *n)
{
	const struct routes *r = &n->routes;
	bool any = false;

	for (size_t i = 0; i < r->c->network.nsources; i++)
		any |= !r->owned[i];
	return any && r->wire && r->iface.kind == IFACE_ETHERNET && !n->iplayer;
}

static int find_all(struct network *n, const struct order *o, struct err *e)
{
	struct routes *r = &n->routes;
	struct prefixset on_link;
	int rc = 0;

	start_header(n);
	prefixset_init(&on_link);
	if (routes_use_neighbours(r))
		rc = neighbours_on_link(r, o, &on_link, e);
	if (!rc)
		rc = sources_choose(r, e);
	if (!rc && routes_use_neighbours(r))
		rc = neighbours_find(r, &on_link, &n->hops, e);
	prefixset_free(&on_link);
	n->proxies = needs_proxies(n);
	return rc;
}

void network_open(struct network *n, struct targets *targets, const struct config *c, bool wire)
{
	*n = (struct network){ .routes = { .c = c, .targets = targets, .wire = wire } };
	n->routes.v[0].needed = targets_have_v4(targets);
	n->routes.v[1].needed = targets_have_v6(targets);
	n->rc = routes_open(&n->routes, &n->why);
	if (!n->rc)
		n->rc = reached_find_routes(&n->routes, &n->why);
}

void network_close(struct network *n)
{
	routes_close(&n->routes);
}

int network_init(struct network *n, const struct order *o, struct err *e)
{
	struct routes *r = &n->routes;
	int rc;

	/* What sends nothing needs no route, where the user names its source address. */
	if (n->rc && (r->wire || !r->c->network.nsources))
		return err_set(e, -n->rc, "%s", n->why.msg);
	if (n->rc)
		r->iface = (struct iface){ .kind = IFACE_ETHERNET };
	rc = choose_layer(n, e);
	return rc ? rc : find_all(n, o, e);
}
