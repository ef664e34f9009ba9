#include "scan/setup_network_source.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "config/config.h"
#include "net/neigh.h"
#include "targets/targets.h"
#include "targets/targets_sets.h"

/* ---- whose it is by the routes and the targets --------------------------------------------- */

bool network_is_loopback(struct addr a)
{
	return addr_is_v4(a) ? addr_v4(a) >> 24 == 127 : addr_eq(a, (struct addr){ 0, 1 });
}

static bool is_gateway(const struct network *n, struct addr a)
{
	for (unsigned int v6 = 0; v6 < 2; v6++)
		if (n->ways[v6].route.has_gateway && addr_eq(n->ways[v6].route.gateway, a))
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

static int check_host(const struct network *n, struct addr a, struct err *e)
{
	const char *what = NULL;
	struct prefixset connected;
	char text[ADDR_STRLEN];
	int rc;

	prefixset_init(&connected);
	rc = iface_connected(n->iface.index, &connected);
	for (size_t i = 0; i < connected.n && !what; i++)
		what = no_host(&connected.v[i], a);
	prefixset_free(&connected);
	if (rc)
		return err_set(e, -rc, "cannot read the routes of %s: %s", n->iface.name,
			       strerror(-rc));
	addr_format(a, text);
	return what ? err_set(e, EADDRNOTAVAIL, "--source-ip %s is %s %s: name a host's", text,
			      what, n->iface.name) : 0;
}

/* Answers to what is sent from a target's own address go to the target. */
static int check_target(const struct network *n, struct addr a, struct err *e)
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
		rc = targets_within(n->su->targets, &source, &found);
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

int network_check_source(const struct network *n, struct addr a, bool owned, struct err *e)
{
	const struct iface *i = &n->iface;
	char text[ADDR_STRLEN];
	int rc;

	if (!n->su->shared.facts.wire)
		return 0;
	addr_format(a, text);
	if (network_is_loopback(a) && i->kind != IFACE_LOOPBACK)
		return err_set(e, EADDRNOTAVAIL, "--source-ip %s is a loopback address, and "
			       "packets leave by %s: name an address that answers find their way "
			       "to", text, i->name);
	if (owned)
		return 0;
	if (is_gateway(n, a))
		return err_set(e, EADDRINUSE, "--source-ip %s is the gateway's address: name one "
			       "that nobody has", text);
	rc = check_host(n, a, e);
	return rc ? rc : check_target(n, a, e);
}

/* ---- whose it is on the link --------------------------------------------------------------- */

static int prepare(const struct network *n, struct neigh **out, struct err *e)
{
	const struct config *c = n->c;
	const struct addr nobody = { 0, 0 };
	struct prefixset all;
	int rc = 0;

	prefixset_init(&all);
	for (size_t i = 0; i < c->network.nsources && !rc; i++)
		if (!n->owned[i])
			rc = prefixset_add(&all, c->network.sources[i], c->network.sources[i]);
	prefixset_seal(&all);
	if (!rc)
		rc = neigh_new(out, &all);
	prefixset_free(&all);
	if (rc)
		return err_set(e, -rc, "no memory for the source addresses");
	for (size_t i = 0; i < c->network.nsources; i++)
		if (!n->owned[i])
			neigh_mark(*out, c->network.sources[i], NEIGH_ASK, nobody);
	return 0;
}

static int check_unused(const struct network *n, struct err *e)
{
	const struct neigh_link link = network_ask_link(n);
	char text[ADDR_STRLEN];
	struct neigh *neigh = NULL;
	uint8_t mac[6];
	int rc = prepare(n, &neigh, e);

	if (!rc)
		rc = neigh_probe(neigh, &link, e);
	for (size_t i = 0; i < n->c->network.nsources && !rc; i++) {
		if (n->owned[i] || !neigh_mac(neigh, n->c->network.sources[i], mac))
			continue;
		addr_format(n->c->network.sources[i], text);
		rc = err_set(e, EADDRINUSE, "--source-ip %s is in use on %s, by " NEIGH_MAC ": "
			     "name an address that nobody has, or one of this host's", text,
			     n->iface.name, NEIGH_MAC_ARGS(mac));
	}
	neigh_free(neigh);
	return rc;
}

int network_proxy_sources(struct network *n, struct err *e)
{
	struct shared *s = &n->su->shared;
	unsigned int proxied = 0;

	if (!s->facts.wire || n->iface.kind != IFACE_ETHERNET || n->su->iplayer)
		return 0;
	for (size_t i = 0; i < n->c->network.nsources; i++)
		if (!n->owned[i] && facts_proxy_source(&s->facts, n->c->network.sources[i]))
			proxied++;
	if (!proxied)
		return 0;
	if (proxy_open(s, &n->link[0], e))
		return -ENOMEM;
	/* From here on others who look for the addresses are heard, too. */
	proxy_join(&n->su->proxies, s, n->iface.index);
	log_info("source addresses that this host does not own: %u; looking on %s whether they are "
		 "in use, then answering for them", proxied, n->iface.name);
	return check_unused(n, e);
}
