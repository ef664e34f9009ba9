#include "setup/route.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <string.h>

#include "err.h"
#include "net/netlink.h"

bool route_is_loopback(struct addr a)
{
	return addr_is_v4(a) ? addr_v4(a) >> 24 == 127 : addr_eq(a, (struct addr){ 0, 1 });
}

/* Whose the user's source addresses are. In a VLAN of our own the kernel has none. */
static int know_sources(struct routes *r, struct err *e)
{
	const struct config *c = r->c;
	int rc = 0;

	for (size_t i = 0; i < c->network.nsources && !rc; i++) {
		const struct addr source = c->network.sources[i];
		struct route *w = &r->v[!addr_is_v4(source)];

		rc = iface_owns(r->nl, source, &r->owned[i], e);
		r->owned[i] &= !c->network.vlan_id;
		if (r->owned[i] && !w->has_source && !route_is_loopback(source)) {
			w->has_source = true;
			w->source = source;
		}
	}
	return rc;
}

int routes_open(struct routes *r, struct err *e)
{
	int rc;

	prefixset_init(&r->own);
	prefixset_init(&r->connected);
	rc = netlink_open(&r->nl);
	return rc ? err_set(e, -rc, "cannot query the kernel's routes: %s", strerror(-rc))
	       : know_sources(r, e);
}

void routes_close(struct routes *r)
{
	if (r->nl)
		mnl_socket_close(r->nl);
	prefixset_free(&r->own);
	prefixset_free(&r->connected);
}

int routes_query(const struct routes *r, struct addr a, int oif, struct iface_route *out)
{
	const struct route *w = &r->v[!addr_is_v4(a)];
	const struct iface_query q = {
		.target = a, .has_source = w->has_source, .source = w->source, .oif = oif,
	};

	return iface_route(r->nl, &q, out);
}

bool routes_has_source(const struct routes *r, bool v6)
{
	for (size_t i = 0; i < r->c->network.nsources; i++)
		if (addr_is_v4(r->c->network.sources[i]) != v6)
			return true;
	return false;
}

bool routes_use_neighbours(const struct routes *r)
{
	return r->wire && r->iface.kind == IFACE_ETHERNET && !r->c->network.gateway_mac_set;
}

const char *route_failure(int err)
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

int routes_refuse(const struct routes *r, struct addr target, int why, struct err *e)
{
	char text[ADDR_STRLEN];

	addr_format(target, text);
	if (r->iface.index)
		return err_set(e, -why, "no route to %s by %s: %s; try another --interface, or "
			       "name --source-ip and --gateway-mac", text, r->iface.name,
			       route_failure(why));
	return err_set(e, -why, "no route to %s: %s; add one, or name --interface, --source-ip and "
		       "--gateway-mac", text, route_failure(why));
}
