#include "scan/setup_network_link.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/log.h"
#include "config/config.h"
#include "net/neigh.h"
#include "net/netlink.h"
#include "targets/targets.h"
#include "targets/targets_sets.h"

#define ON_LINK_MAX	65536u		/* neighbours that are looked up */
#define WALK_MAX	(1u << 20)	/* places of a sample that are looked at one by one */
#define ASK_LEN		(60 + 24)	/* bytes of a request on the wire */

/* ---- who is on the link -------------------------------------------------------------------- */

/* The addresses that this run probes, of those in `connected`. */
static int find_on_link(const struct network *n, const struct prefixset *connected,
			struct prefixset *out)
{
	const struct targets *t = n->su->targets;
	const struct order *o = &n->su->shared.facts.order;
	int err = 0;

	/* Of a sample or a shard not all addresses are probed, and need be asked for. */
	if (o->positions == targets_counts(t)->total || o->positions > WALK_MAX)
		err = targets_within(t, connected, out);
	else
		for (uint64_t k = 0; k < o->positions && !err; k++) {
			struct addr ip = targets_at(t, order_target(o, k)).ip;

			if (prefixset_contains(connected, ip))
				err = prefixset_add(out, ip, ip);
		}
	prefixset_seal(out);
	return err;
}

int network_find_on_link(struct network *n, struct prefixset *on_link, struct err *e)
{
	int rc = find_on_link(n, &n->connected, on_link);

	if (rc)
		return err_set(e, -rc, "cannot tell which targets are on the local link: %s",
			       strerror(-rc));
	if (on_link->count > ON_LINK_MAX)
		return err_set(e, E2BIG, "%" PRIu64 " targets are on the local link of %s, each a "
			       "neighbour of its own, and at most %u can be asked for: scan "
			       "smaller prefixes, or name one neighbour for all with --gateway-mac",
			       on_link->count, n->iface.name, ON_LINK_MAX);
	return 0;
}

/* ---- asking for them ----------------------------------------------------------------------- */

/* Our address to ask for ip from: the kernel's choice, else a source address of the scan. */
static int find_asker(const struct network *n, struct addr ip, const struct iface_route *r,
		      struct addr *out, struct err *e)
{
	const struct shared *s = &n->su->shared;
	bool v6 = !addr_is_v4(ip);
	const struct network_way *w = &n->ways[v6];
	char text[ADDR_STRLEN];

	addr_format(ip, text);
	if (!n->c->network.vlan_id && (r->has_source || w->has_source))
		*out = r->has_source ? r->source : w->source;
	else if (s->facts.nsources[v6])
		*out = s->facts.sources[v6][0].addr;
	else
		return err_set(e, EADDRNOTAVAIL, "there is no IPv%d address to ask for the MAC "
			       "address of %s from: give one with --source-ip, or name "
			       "--gateway-mac", v6 ? 6 : 4, text);
	return 0;
}

/* The kernel knows of each what it is: a neighbour, a gateway's, its own, a broadcast. */
static int mark_on_link(const struct network *n, struct neigh *neigh, struct addr ip,
			struct err *e)
{
	const struct network_way *w = &n->ways[!addr_is_v4(ip)];
	struct addr asker = { 0, 0 };
	struct iface_route r;
	int err = network_route(n, ip, n->iface.index, &r);
	bool unicast = !err && r.type == IFACE_ROUTE_UNICAST && r.oif == n->iface.index;

	if (unicast && r.has_gateway && w->route.has_gateway)
		return 0;
	if (!unicast || r.has_gateway) {
		neigh_mark(neigh, ip, NEIGH_ON_LINK, asker);
		return 0;
	}
	err = find_asker(n, ip, &r, &asker, e);
	if (!err)
		neigh_mark(neigh, ip, NEIGH_ON_LINK | NEIGH_ASK, asker);
	return err;
}

static int mark_gateway(const struct network *n, struct neigh *neigh, bool v6, struct err *e)
{
	struct addr gateway = n->ways[v6].route.gateway;
	struct gateway_known *known = &n->su->gateways[v6];
	struct iface_route r;
	int err = network_route(n, gateway, n->iface.index, &r);

	if (err)
		r.has_source = false;
	err = find_asker(n, gateway, &r, &known->asker, e);
	if (!err)
		neigh_mark(neigh, gateway, NEIGH_ASK, known->asker);
	return err;
}

/* on_link is in the set; the gateways are added. */
static int prepare(struct network *n, struct prefixset *on_link, struct neigh **out, struct err *e)
{
	struct prefixset all;
	int err = 0;

	prefixset_init(&all);
	for (size_t i = 0; i < on_link->n && !err; i++)
		err = prefixset_add(&all, on_link->v[i].first, on_link->v[i].last);
	for (unsigned int v6 = 0; v6 < 2 && !err; v6++)
		if (n->ways[v6].route.has_gateway)
			err = prefixset_add(&all, n->ways[v6].route.gateway,
					    n->ways[v6].route.gateway);
	prefixset_seal(&all);
	if (!err)
		err = neigh_new(out, &all);
	prefixset_free(&all);
	if (err)
		return err_set(e, -err, "no memory for the neighbours on the local link");
	for (uint64_t i = 0; i < on_link->count && !err; i++)
		err = mark_on_link(n, *out, prefixset_nth(on_link, i), e);
	for (unsigned int v6 = 0; v6 < 2 && !err; v6++)
		if (n->ways[v6].route.has_gateway)
			err = mark_gateway(n, *out, v6, e);
	return err;
}

static double ask_rate(const struct config *c)
{
	double limit_pps = c->rate.bandwidth_bps / 8 / ASK_LEN;

	return limit_pps > 0 && (c->rate.pps <= 0 || limit_pps < c->rate.pps) ? limit_pps
	       : c->rate.pps;
}

struct neigh_link network_ask_link(const struct network *n)
{
	return (struct neigh_link){
		.interface = n->iface.name, .ifindex = n->iface.index, .header = n->link[0],
		.rate_pps = ask_rate(n->c), .quiet = n->c->records.quiet,
	};
}

static int resolve(struct network *n, struct neigh *neigh, struct err *e)
{
	const struct neigh_link link = network_ask_link(n);
	/* What the kernel knows of the link is of its untagged part. */
	int rc = n->c->network.vlan_id ? 0 : neigh_read_cache(neigh, n->iface.index, e);

	return rc ? rc : neigh_resolve(neigh, &link, e);
}

static int take_gateway(struct network *n, const struct neigh *neigh, bool v6, struct err *e)
{
	const struct iface_route *r = &n->ways[v6].route;
	const char *others = !n->ways[!v6].needed ? "" : v6 ? "--ipv4, " : "--ipv6, ";
	struct gateway_known *known = &n->su->gateways[v6];
	char text[ADDR_STRLEN];

	if (!r->has_gateway)
		return 0;
	if (neigh_mac(neigh, r->gateway, n->link[v6].dst)) {
		known->ip = r->gateway;
		memcpy(known->mac, n->link[v6].dst, sizeof(known->mac));
		known->is_followed = true;
		known->is_fixed = neigh_is_fixed(neigh, r->gateway);
		return 0;
	}
	addr_format(r->gateway, text);
	return err_set(e, EHOSTUNREACH, "the gateway %s on %s does not answer %s: is the cable in, "
		       "and the gateway up? Else try %sanother --interface, or name its MAC "
		       "address with --gateway-mac", text, n->iface.name,
		       addr_is_v4(r->gateway) ? "ARP" : "neighbour solicitations", others);
}

int network_find_neighbours(struct network *n, struct prefixset *on_link, struct err *e)
{
	struct neigh *neigh = NULL;
	uint32_t silent;
	int rc = prepare(n, on_link, &neigh, e);

	if (!rc)
		rc = resolve(n, neigh, e);
	for (unsigned int v6 = 0; v6 < 2 && !rc; v6++)
		rc = take_gateway(n, neigh, v6, e);
	if (rc || !on_link->count) {
		neigh_free(neigh);
		return rc;
	}
	silent = neigh_silent(neigh);
	if (silent)
		log_notice("%" PRIu32 " of %" PRIu64 " addresses on the local link of %s do not "
			   "answer: nothing is sent to them", silent, on_link->count,
			   n->iface.name);
	n->su->shared.facts.neigh = n->su->neigh = neigh;
	return 0;
}
