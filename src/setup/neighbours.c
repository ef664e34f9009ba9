#include "setup/neighbours.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/log.h"
#include "err.h"
#include "net/neigh.h"
#include "net/neigh_cache.h"
#include "net/neigh_request.h"
#include "order.h"
#include "setup/route.h"
#include "targets/targets.h"
#include "targets/targets_sets.h"

#define ON_LINK_MAX	65536u		/* neighbours that are looked up */
#define ENUMERATE_MAX	(1u << 20)	/* positions of a sample that are looked at one by one */
#define REQUEST_LEN	(60 + 24)	/* bytes of a request on the wire */

/* ---- who is on the link -------------------------------------------------------------------- */

/* The addresses that this run probes, of those in `connected`. */
static int find_connected(const struct routes *r, const struct order *o, struct prefixset *out)
{
	const struct targets *t = r->targets;
	int err = 0;

	/* Of a sample or a shard not all addresses are probed, and need be looked up. */
	if (o->positions == targets_counts(t)->total || o->positions > ENUMERATE_MAX)
		err = targets_within(t, &r->connected, out);
	else
		for (uint64_t k = 0; k < o->positions && !err; k++) {
			struct addr ip = targets_at(t, order_target(o, k)).ip;

			if (prefixset_contains(&r->connected, ip))
				err = prefixset_add(out, ip, ip);
		}
	prefixset_seal(out);
	return err;
}

int neighbours_on_link(const struct routes *r, const struct order *o, struct prefixset *on_link,
		       struct err *e)
{
	int rc = find_connected(r, o, on_link);

	if (rc)
		return err_set(e, -rc, "cannot read which targets are on the local link: %s",
			       strerror(-rc));
	if (on_link->count > ON_LINK_MAX)
		return err_set(e, E2BIG, "%" PRIu64 " targets are on the local link of %s, each a "
			       "neighbour of its own, and at most %u can be looked up: scan "
			       "smaller prefixes, or name one neighbour for all with --gateway-mac",
			       on_link->count, r->iface.name, ON_LINK_MAX);
	return 0;
}

/* ---- requests ------------------------------------------------------------------------------ */

/* Our address to send requests from: the kernel's choice, else a source address of the scan. */
static int find_requester(const struct routes *r, struct addr ip, const struct iface_route *kernel,
			  struct addr *out, struct err *e)
{
	bool v6 = !addr_is_v4(ip);
	const struct route *w = &r->v[v6];
	char text[ADDR_STRLEN];

	addr_format(ip, text);
	if (!r->c->network.vlan_id && (kernel->has_source || w->has_source))
		*out = kernel->has_source ? kernel->source : w->source;
	else if (r->sources.n[v6])
		*out = r->sources.v[v6][0];
	else
		return err_set(e, EADDRNOTAVAIL, "there is no IPv%d address to request the MAC "
			       "address of %s from: give one with --source-ip, or name "
			       "--gateway-mac", v6 ? 6 : 4, text);
	return 0;
}

/* The kernel knows of each what it is: a neighbour, a gateway's, its own, a broadcast. */
static int mark_on_link(const struct routes *r, struct neigh *neigh, struct addr ip, struct err *e)
{
	const struct route *w = &r->v[!addr_is_v4(ip)];
	struct addr requester = { 0, 0 };
	struct iface_route kernel;
	int err = routes_query(r, ip, r->iface.index, &kernel);
	bool unicast = !err && kernel.type == IFACE_ROUTE_UNICAST && kernel.oif == r->iface.index;

	if (unicast && kernel.has_gateway && w->kernel.has_gateway)
		return 0;
	if (!unicast || kernel.has_gateway) {
		neigh_mark(neigh, ip, NEIGH_ON_LINK, requester);
		return 0;
	}
	err = find_requester(r, ip, &kernel, &requester, e);
	if (!err)
		neigh_mark(neigh, ip, NEIGH_ON_LINK | NEIGH_WANTED, requester);
	return err;
}

static int mark_gateway(const struct routes *r, struct neigh *neigh, bool v6,
			struct gateway_known *known, struct err *e)
{
	struct addr gateway = r->v[v6].kernel.gateway;
	struct iface_route kernel;
	int err = routes_query(r, gateway, r->iface.index, &kernel);

	if (err)
		kernel.has_source = false;
	err = find_requester(r, gateway, &kernel, &known->requester, e);
	if (!err)
		neigh_mark(neigh, gateway, NEIGH_WANTED, known->requester);
	return err;
}

/* Those on the link, and the gateways. */
static int list(const struct routes *r, const struct prefixset *on_link, struct neigh **out)
{
	struct prefixset all;
	int err = 0;

	prefixset_init(&all);
	for (size_t i = 0; i < on_link->n && !err; i++)
		err = prefixset_add(&all, on_link->v[i].first, on_link->v[i].last);
	for (unsigned int v6 = 0; v6 < 2 && !err; v6++)
		if (r->v[v6].kernel.has_gateway)
			err = prefixset_add(&all, r->v[v6].kernel.gateway,
					    r->v[v6].kernel.gateway);
	prefixset_seal(&all);
	if (!err)
		err = neigh_new(out, &all);
	prefixset_free(&all);
	return err;
}

static int prepare(const struct routes *r, const struct prefixset *on_link, struct next_hops *h,
		   struct err *e)
{
	int err = list(r, on_link, &h->neigh);

	if (err)
		return err_set(e, -err, "no memory for the neighbours on the local link");
	for (uint64_t i = 0; i < on_link->count && !err; i++)
		err = mark_on_link(r, h->neigh, prefixset_nth(on_link, i), e);
	for (unsigned int v6 = 0; v6 < 2 && !err; v6++)
		if (r->v[v6].kernel.has_gateway)
			err = mark_gateway(r, h->neigh, v6, &h->gateways[v6], e);
	return err;
}

static double request_rate(const struct config *c)
{
	double limit_pps = c->rate.bandwidth_bps / 8 / REQUEST_LEN;

	return limit_pps > 0 && (c->rate.pps <= 0 || limit_pps < c->rate.pps) ? limit_pps
	       : c->rate.pps;
}

static struct neigh_link link_of(const struct routes *r)
{
	struct neigh_link link = {
		.interface = r->iface.name, .ifindex = r->iface.index,
		.vlan_id = (uint16_t)r->c->network.vlan_id, .rate_pps = request_rate(r->c),
		.quiet = r->c->records.quiet,
	};

	memcpy(link.mac, r->iface.mac, sizeof(link.mac));
	return link;
}

static int resolve(const struct routes *r, struct next_hops *h, struct err *e)
{
	const struct neigh_link link = link_of(r);
	/* What the kernel knows of the link is of its untagged part. */
	int rc = r->c->network.vlan_id ? 0 : neigh_read_cache(h->neigh, r->iface.index, e);

	return rc ? rc : neigh_resolve(h->neigh, &link, e);
}

static int take_gateway(const struct routes *r, bool v6, struct next_hops *h, struct err *e)
{
	const char *others = !r->v[!v6].needed ? "" : v6 ? "--ipv4, " : "--ipv6, ";
	const struct addr ip = r->v[v6].kernel.gateway;
	struct gateway_known *known = &h->gateways[v6];
	char text[ADDR_STRLEN];

	if (!r->v[v6].kernel.has_gateway)
		return 0;
	if (neigh_mac(h->neigh, ip, h->header[v6].dst)) {
		known->ip = ip;
		memcpy(known->mac, h->header[v6].dst, sizeof(known->mac));
		known->is_followed = true;
		known->is_fixed = neigh_is_fixed(h->neigh, ip);
		return 0;
	}
	addr_format(ip, text);
	return err_set(e, EHOSTUNREACH, "the gateway %s on %s does not answer %s: is the cable in, "
		       "and the gateway up? Else try %sanother --interface, or name its MAC "
		       "address with --gateway-mac", text, r->iface.name,
		       addr_is_v4(ip) ? "ARP" : "neighbour solicitations", others);
}

int neighbours_find(const struct routes *r, const struct prefixset *on_link, struct next_hops *h,
		    struct err *e)
{
	uint32_t silent;
	int rc = prepare(r, on_link, h, e);

	if (!rc)
		rc = resolve(r, h, e);
	for (unsigned int v6 = 0; v6 < 2 && !rc; v6++)
		rc = take_gateway(r, v6, h, e);
	if (rc || !on_link->count) {
		neigh_free(h->neigh);
		h->neigh = NULL;
		return rc;
	}
	silent = neigh_silent(h->neigh);
	if (silent)
		log_notice("no reply from %" PRIu32 " of %" PRIu64 " address%s on the local link "
			   "of %s: nothing is sent to them", silent, on_link->count,
			   on_link->count == 1 ? "" : "es", r->iface.name);
	return 0;
}

/* ---- who has an address -------------------------------------------------------------------- */

static int list_sources(const struct routes *r, struct neigh **out, struct err *e)
{
	const struct config *c = r->c;
	const struct addr nobody = { 0, 0 };
	struct prefixset all;
	int rc = 0;

	prefixset_init(&all);
	for (size_t i = 0; i < c->network.nsources && !rc; i++)
		if (!r->owned[i])
			rc = prefixset_add(&all, c->network.sources[i], c->network.sources[i]);
	prefixset_seal(&all);
	if (!rc)
		rc = neigh_new(out, &all);
	prefixset_free(&all);
	if (rc)
		return err_set(e, -rc, "no memory for the source addresses");
	for (size_t i = 0; i < c->network.nsources; i++)
		if (!r->owned[i])
			neigh_mark(*out, c->network.sources[i], NEIGH_WANTED, nobody);
	return 0;
}

int neighbours_check_unused(const struct routes *r, struct err *e)
{
	const struct neigh_link link = link_of(r);
	const struct config *c = r->c;
	char text[ADDR_STRLEN];
	struct neigh *neigh = NULL;
	uint8_t mac[6];
	int rc = list_sources(r, &neigh, e);

	if (!rc)
		rc = neigh_probe(neigh, &link, e);
	for (size_t i = 0; i < c->network.nsources && !rc; i++) {
		if (r->owned[i] || !neigh_mac(neigh, c->network.sources[i], mac))
			continue;
		addr_format(c->network.sources[i], text);
		rc = err_set(e, EADDRINUSE, "--source-ip %s is in use on %s, by " NEIGH_MAC ": "
			     "name an address that nobody has, or one of this host's", text,
			     r->iface.name, NEIGH_MAC_ARGS(mac));
	}
	neigh_free(neigh);
	return rc;
}
