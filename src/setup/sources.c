#include "setup/sources.h"

#include <errno.h>
#include <string.h>

#include "err.h"
#include "setup/route.h"
#include "targets/targets.h"
#include "targets/targets_sets.h"

/* ---- whose it is --------------------------------------------------------------------------- */

static bool is_gateway(const struct routes *r, struct addr a)
{
	for (unsigned int v6 = 0; v6 < 2; v6++)
		if (r->v[v6].kernel.has_gateway && addr_eq(r->v[v6].kernel.gateway, a))
			return true;
	return false;
}

/*
 * What an address of a prefix on the link stands for, if not for a host: the prefix itself (RFC
 * 1122 3.2.1.3; IPv6: any router there, RFC 4291 2.6.1), or all its hosts. NULL: for a host, as in
 * prefixes of two addresses or one (RFC 3021, RFC 6164).
 */
static const char *no_host(const struct prefixset_range *r, struct addr a)
{
	if (addr_diff(r->last, r->first) < 2)
		return NULL;
	if (addr_eq(r->first, a))
		return addr_is_v4(a) ? "the network address of a prefix on"
				     : "the routers' anycast address of a prefix on";
	if (addr_is_v4(a) && addr_eq(r->last, a))
		return "the broadcast address of a prefix on";
	return NULL;
}

static int check_host(const struct routes *r, struct addr a, struct err *e)
{
	const char *what = NULL;
	struct prefixset connected;
	char text[ADDR_STRLEN];
	int rc;

	prefixset_init(&connected);
	rc = iface_connected(r->iface.index, &connected);
	for (size_t i = 0; i < connected.n && !what; i++)
		what = no_host(&connected.v[i], a);
	prefixset_free(&connected);
	if (rc)
		return err_set(e, -rc, "cannot read the routes of %s: %s", r->iface.name,
			       strerror(-rc));
	addr_format(a, text);
	return what ? err_set(e, EADDRNOTAVAIL, "--source-ip %s is %s %s: name a host's", text,
			      what, r->iface.name) : 0;
}

/* Answers to what is sent from a target's own address go to the target. */
static int check_target(const struct routes *r, struct addr a, struct err *e)
{
	struct prefixset source, found;
	char text[ADDR_STRLEN];
	bool is_target;
	int rc;

	prefixset_init(&source);
	prefixset_init(&found);
	rc = prefixset_add(&source, a, a);
	prefixset_seal(&source);
	if (!rc)
		rc = targets_within(r->targets, &source, &found);
	is_target = found.n > 0;
	prefixset_free(&source);
	prefixset_free(&found);
	if (rc)
		return err_set(e, -rc, "no memory for the source addresses");
	addr_format(a, text);
	return is_target ? err_set(e, EADDRINUSE, "--source-ip %s is among the targets, and not "
				   "this host's: name another, or leave it out of the targets "
				   "(--blocklist-file)", text) : 0;
}

/*
 * Refuses what can be no source of this scan: another host's, as far as the routes and the targets
 * say.
 */
static int check_owner(const struct routes *r, struct addr a, bool owned, struct err *e)
{
	const struct iface *i = &r->iface;
	char text[ADDR_STRLEN];
	int rc;

	addr_format(a, text);
	if (route_is_loopback(a) && i->kind != IFACE_LOOPBACK)
		return err_set(e, EADDRNOTAVAIL, "--source-ip %s is a loopback address, and "
			       "packets leave by %s: name an address that answers are routed "
			       "to", text, i->name);
	if (owned)
		return 0;
	if (is_gateway(r, a))
		return err_set(e, EADDRINUSE, "--source-ip %s is the gateway's address: name one "
			       "that nobody has", text);
	rc = check_host(r, a, e);
	return rc ? rc : check_target(r, a, e);
}

/* ---- which are chosen ---------------------------------------------------------------------- */

/* All packets of a family leave by one interface to one gateway, whatever their source. */
static int check_route(const struct routes *r, struct addr source, struct err *e)
{
	const struct route *w = &r->v[!addr_is_v4(source)];
	const struct iface_query q = {
		.target = w->target, .has_source = true, .source = source,
		.oif = r->c->network.interface ? r->iface.index : 0,
	};
	char text[ADDR_STRLEN], first[ADDR_STRLEN];
	struct iface_route kernel;
	int err;

	if (!w->found)
		return 0;
	err = iface_route(r->nl, &q, &kernel);
	addr_format(source, text);
	addr_format(w->source, first);
	if (err)
		return err_set(e, -err, "--source-ip %s: no route leaves from it: %s; add a rule "
			       "or a route, or leave it out", text, route_failure(err));
	if (kernel.oif != w->kernel.oif)
		return err_set(e, EINVAL, "--source-ip: packets from %s and from %s leave by "
			       "different interfaces; scan with one of them at a time, or choose "
			       "with --interface", first, text);
	if (routes_use_neighbours(r)
	    && (kernel.has_gateway != w->kernel.has_gateway
		|| (kernel.has_gateway && !addr_eq(kernel.gateway, w->kernel.gateway))))
		return err_set(e, EINVAL, "--source-ip: packets from %s and from %s leave by "
			       "different gateways; scan with one of them at a time, or name a "
			       "--gateway-mac for both", first, text);
	return 0;
}

static int check_source(const struct routes *r, struct addr source, bool owned, struct err *e)
{
	int rc = r->wire ? check_owner(r, source, owned, e) : 0;

	return rc || !r->wire || !owned ? rc : check_route(r, source, e);
}

static void add(struct sources *s, struct addr a)
{
	bool v6 = !addr_is_v4(a);

	s->v[v6][s->n[v6]++] = a;
}

int sources_choose(struct routes *r, struct err *e)
{
	const struct config *c = r->c;
	int rc = 0;

	for (size_t i = 0; i < c->network.nsources && !rc; i++) {
		add(&r->sources, c->network.sources[i]);
		rc = check_source(r, c->network.sources[i], r->owned[i], e);
	}
	for (unsigned int v6 = 0; v6 < 2 && !rc; v6++) {
		const struct route *w = &r->v[v6];

		if (w->needed && !r->sources.n[v6] && w->kernel.has_source)
			add(&r->sources, w->kernel.source);
		if (w->needed && !r->sources.n[v6])
			rc = err_set(e, EADDRNOTAVAIL, "there are IPv%d targets, but no IPv%d "
				     "source address; give one with --source-ip",
				     v6 ? 6 : 4, v6 ? 6 : 4);
	}
	return rc;
}
