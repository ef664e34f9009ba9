#include "network.h"

#include <errno.h>
#include <string.h>

#include "config.h"
#include "iface.h"
#include "setup.h"
#include "tx.h"

/* A target of that family, to ask the routing table about. */
static bool sample_target(const struct setup *su, bool v6, struct addr *out)
{
	const struct order *o = &su->shared.order;

	if (v6 ? !targets_have_v6(su->targets) : !targets_have_v4(su->targets))
		return false;
	for (uint64_t k = 0; k < o->places && k < 4096; k++) {
		*out = targets_at(su->targets, order_target(o, k)).ip;
		if (addr_is_v4(*out) == !v6)
			return true;
	}
	/* Rare in the order: by their place, as IPv4 sorts before IPv6. */
	*out = targets_at(su->targets, v6 ? targets_counts(su->targets)->total - 1 : 0).ip;
	return addr_is_v4(*out) == !v6;
}

/* The source addresses: the given ones, else the kernel's choice for the route. */
static int init_sources(struct setup *su, const struct config *c, const struct iface *i,
			struct err *e)
{
	struct shared *s = &su->shared;
	const struct iface_route *routes[2] = { &i->v4, &i->v6 };
	int rc = 0;

	for (size_t n = 0; n < c->nsources && !rc; n++) {
		bool owned = true;

		if (s->wire)
			rc = iface_owns(c->sources[n], &owned, e);
		shared_add_source(s, c->sources[n], !owned);
	}
	for (unsigned int v6 = 0; v6 < 2 && !rc; v6++) {
		bool needed = v6 ? targets_have_v6(su->targets) : targets_have_v4(su->targets);

		if (needed && !s->nsources[v6] && routes[v6]->has_source)
			shared_add_source(s, routes[v6]->source, false);
		if (needed && !s->nsources[v6])
			rc = err_set(e, EADDRNOTAVAIL, "there are IPv%d targets, but no IPv%d source "
				     "address; give one with --source-ip", v6 ? 6 : 4, v6 ? 6 : 4);
		if (s->nsources[v6])
			su->facts.sources[v6] = s->sources[v6][0].addr;
	}
	return rc;
}

/* Ethernet addresses for both families. */
static int init_link(struct setup *su, const struct config *c, const struct iface *i,
		     struct craft_link link[static 2], struct err *e)
{
	const struct iface_route *routes[2] = { &i->v4, &i->v6 };
	bool one = targets_counts(su->targets)->total == 1;
	int rc = 0;

	if (su->shared.wire && !i->has_mac)
		return err_set(e, EOPNOTSUPP, "interface %s has no Ethernet header, which is not "
			       "supported; choose another one with --interface", i->name);
	for (int v6 = 0; v6 < 2 && !rc; v6++) {
		memcpy(link[v6].src, i->mac, 6);
		memcpy(link[v6].dst, c->gateway_mac, 6);
		if (su->shared.wire && !c->gateway_mac_set && routes[v6]->asked && !i->is_loopback)
			rc = iface_next_hop(i, routes[v6], one, link[v6].dst, e);
	}
	return rc;
}

int network_init(struct setup *su, const struct config *c, struct err *e)
{
	struct craft_link link[2] = { { { 0 }, { 0 } } };
	struct addr sample[2];
	bool v4 = sample_target(su, false, &sample[0]), v6 = sample_target(su, true, &sample[1]);
	struct iface i = { .index = 0 };
	struct err why = { "" };
	int rc = iface_find(&i, c->interface, v4 ? &sample[0] : NULL, v6 ? &sample[1] : NULL, &why);

	/* What sends nothing needs no way out, where it is told its source address. */
	if (rc && (su->shared.wire || !c->nsources))
		return err_set(e, -rc, "%s", why.msg);
	if (!rc) {
		memcpy(su->interface, i.name, sizeof(i.name));
		su->ifindex = i.index;
		su->facts.interface = su->interface;
	}
	rc = init_sources(su, c, &i, e);
	if (!rc)
		rc = init_link(su, c, &i, link, e);
	return rc ? rc : craft_init(&su->shared.craft, link, c->tcp_options, e);
}
