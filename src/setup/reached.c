#include "setup/reached.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/log.h"
#include "err.h"
#include "setup/route.h"
#include "targets/targets.h"
#include "targets/targets_sets.h"

#define INDICES_MAX	4096	/* of the targets, looked at for one to query with */
#define SAMPLES_MAX	64	/* targets that the kernel is queried for */
#define GOLDEN		0x9e3779b97f4a7c15ull	/* its multiples are spread evenly, modulo 2^64 */

/* ---- leaving out --------------------------------------------------------------------------- */

/*
 * Shards count the same targets: what one host has no route to cannot be left out of its shard
 * alone, as that would make another order.
 */
static bool is_shard(const struct routes *r)
{
	return r->c->targets.shards > 1;
}

/* Leaves out what is in out; *left: how many targets that were. */
static int leave_out(struct routes *r, const struct prefixset *out, uint64_t *counter,
		     uint64_t *left, struct err *e)
{
	uint64_t before = *counter;
	int err = targets_leave_out(r->targets, out, counter);

	*left = *counter - before;
	r->v[0].needed = targets_have_v4(r->targets);
	r->v[1].needed = targets_have_v6(r->targets);
	return err ? err_set(e, -err, "no memory for the targets") : 0;
}

/* Leaves out of a family what is not in keep, as there is no route to it. */
static int leave_rest(struct routes *r, bool v6, const struct prefixset *keep, uint64_t *left,
		      struct err *e)
{
	struct prefixset out;
	int rc;

	prefixset_init(&out);
	rc = targets_family(v6, &out);
	if (!rc)
		rc = prefixset_subtract(&out, keep);
	rc = rc ? err_set(e, -rc, "no memory for the targets")
	     : leave_out(r, &out, &r->targets->counts.no_route, left, e);
	prefixset_free(&out);
	return rc;
}

/* No route leads to what of the family is not in keep, as to `target`. */
static int leave_unrouted(struct routes *r, bool v6, const struct prefixset *keep,
			  struct addr target, int why, struct err *e)
{
	struct err reason = { "" };
	uint64_t left;
	int rc;

	routes_refuse(r, target, why, &reason);
	if (is_shard(r))
		return err_set(e, -why, "%s; or, as all shards have the same targets, leave out in "
			       "all of them what has no route (--ipv4, --ipv6, --blocklist-file)",
			       reason.msg);
	rc = leave_rest(r, v6, keep, &left, e);
	if (!rc && targets_counts(r->targets)->total == 0)
		return err_set(e, -why, "%s", reason.msg);
	if (!rc)
		log_notice("%" PRIu64 " IPv%d target%s left out: %s", left, v6 ? 6 : 4,
			   log_s(left), reason.msg);
	return rc;
}

/* ---- routes -------------------------------------------------------------------------------- */

/*
 * Whether a route that the kernel named is one. Where it knows none by an interface, it supposes
 * that the target is on the link.
 */
static bool is_usable(const struct routes *r, struct addr target, const struct iface_route *k)
{
	bool local = k->type == IFACE_ROUTE_LOCAL;

	if (!r->iface.index)
		return local || k->type == IFACE_ROUTE_UNICAST;
	if (k->oif != r->iface.index || local != (r->iface.kind == IFACE_LOOPBACK))
		return false;
	return local || (k->type == IFACE_ROUTE_UNICAST
			 && (k->has_gateway || !routes_use_neighbours(r)
			     || prefixset_contains(&r->connected, target)));
}

static bool is_link_local(struct addr a)
{
	return a.hi >> 54 == 0xfe80 >> 6;
}

/* Whether the kernel has an address that answers come back to. */
static bool is_source(const struct iface_route *k, struct addr target)
{
	const struct addr a = k->source;

	return k->has_source && (!is_link_local(a) || is_link_local(target))
	       && (!route_is_loopback(a) || route_is_loopback(target));
}

/* Queries for one target. False: no route leads there, and *why keeps the first reason. */
static bool try_target(struct routes *r, struct route *w, struct addr target, int *why)
{
	bool v6 = !addr_is_v4(target), found;
	/* Queried for a route by lo, the kernel supposes that everything is there. */
	int oif = r->iface.kind == IFACE_LOOPBACK ? 0 : r->iface.index;
	struct iface_route kernel;
	int err = routes_query(r, target, oif, &kernel);

	found = !err && is_usable(r, target, &kernel);
	if (found && !routes_has_source(r, v6) && !is_source(&kernel, target)) {
		found = false;
		err = -EADDRNOTAVAIL;
	}
	if (found) {
		w->found = true;
		w->kernel = kernel;
	}
	if (found || !*why)
		w->target = target;
	if (!found && !*why)
		*why = err ? err : -ENETUNREACH;
	return found;
}

/*
 * The route of one family: of the first of a sample of its targets outside of `skip` that one leads
 * to. 0; -ENOENT: there is no such target; else why there is none to r->v[v6].target.
 */
static int find_route(struct routes *r, bool v6, const struct prefixset *skip)
{
	const struct targets *t = r->targets;
	uint64_t total = targets_counts(t)->total;
	struct route *w = &r->v[v6];
	unsigned int queried = 0;
	struct addr target;
	int why = 0;

	for (uint64_t k = 0; k < total && k < INDICES_MAX && queried < SAMPLES_MAX; k++) {
		uint64_t x = total <= SAMPLES_MAX ? k
			     : (uint64_t)((unsigned __int128)(k * GOLDEN) * total >> 64);

		target = targets_at(t, x).ip;
		if (addr_is_v4(target) == v6 || prefixset_contains(skip, target))
			continue;
		queried++;
		if (try_target(r, w, target, &why))
			return 0;
	}
	if (queried)
		return why;
	if (!targets_outside(t, v6, skip, &target))
		return -ENOENT;
	return try_target(r, w, target, &why) ? 0 : why;
}

/* Where all that a route says was said by the user, or nothing is sent, there may be none. */
static bool may_lack_route(const struct routes *r, bool v6)
{
	return routes_has_source(r, v6)
	       && (!r->wire || (r->c->network.interface && !routes_use_neighbours(r)));
}

/* ---- this host's own addresses ------------------------------------------------------------- */

static int find_own(struct routes *r, struct err *e)
{
	struct prefixset local;
	int rc;

	prefixset_init(&local);
	rc = iface_local(&local);
	prefixset_seal(&local);
	if (rc)
		err_set(e, -rc, "cannot read this host's addresses: %s", strerror(-rc));
	else if (targets_within(r->targets, &local, &r->own))
		rc = err_set(e, ENOMEM, "no memory for the targets");
	prefixset_seal(&r->own);
	prefixset_free(&local);
	return rc;
}

/* Own addresses beside others that leave by an interface. */
static int leave_own(struct routes *r, const int why[static 2], struct err *e)
{
	uint64_t left;
	char text[ADDR_STRLEN];
	int rc;

	addr_format(r->own.v[0].first, text);
	for (unsigned int v6 = 0; v6 < 2 && is_shard(r); v6++)
		if (r->v[v6].needed && why[v6] == -ENOENT)
			return err_set(e, EADDRNOTAVAIL, "all IPv%d targets are this host's own "
				       "addresses (%s), which no packet that leaves comes to: "
				       "leave them out in all shards (--ipv%d)", v6 ? 6 : 4, text,
				       v6 ? 4 : 6);
	if (is_shard(r)) {
		log_notice("this host's own addresses among the targets, which no packet that is "
			   "sent reaches: %" PRIu64 " (%s); they count as silent, unless they "
			   "are blocked in all shards (--blocklist-file)", r->own.count, text);
		return 0;
	}
	rc = leave_out(r, &r->own, &r->targets->counts.own, &left, e);
	if (!rc)
		log_notice("%" PRIu64 " target%s left out: %s is this host's own address, which "
			   "no packet that leaves comes to; scan such in a run of their own", left,
			   log_s(left), text);
	return rc;
}

/* No others can be reached. */
static int keep_own(struct routes *r, const int why[static 2], struct err *e)
{
	const struct prefixset none = { .n = 0 };
	char text[ADDR_STRLEN];
	int rc = 0;

	addr_format(r->own.v[0].first, text);
	if (r->iface.index && r->iface.kind != IFACE_LOOPBACK)
		return err_set(e, EADDRNOTAVAIL, "%s is this host's own address, which no packet "
			       "that leaves by %s comes to: leave --interface out", text,
			       r->iface.name);
	for (unsigned int v6 = 0; v6 < 2 && !rc; v6++) {
		struct route *w = &r->v[v6];

		if (w->needed && why[v6] != -ENOENT)
			rc = leave_unrouted(r, v6, &r->own, w->target, why[v6], e);
		if (rc || !w->needed)
			continue;
		rc = find_route(r, v6, &none);
		if (rc)
			routes_refuse(r, w->target, rc, e);
	}
	return rc;
}

/* ---- all of it ----------------------------------------------------------------------------- */

/* The addresses of a family among the targets. */
static int count_family(const struct routes *r, bool v6, uint64_t *n_addresses)
{
	struct prefixset family, found;
	int rc;

	prefixset_init(&family);
	prefixset_init(&found);
	rc = targets_family(v6, &family);
	if (!rc)
		rc = targets_within(r->targets, &family, &found);
	prefixset_seal(&found);
	*n_addresses = found.count;
	prefixset_free(&family);
	prefixset_free(&found);
	return rc;
}

/* Families that leave by different interfaces: that with more addresses stays. */
static int leave_smaller(struct routes *r, struct err *e)
{
	const struct prefixset none = { .n = 0 };
	uint64_t left, n_addresses[2];
	struct iface by[2];
	bool v6;

	for (unsigned int i = 0; i < 2; i++) {
		if (count_family(r, i, &n_addresses[i]))
			return err_set(e, ENOMEM, "no memory for the targets");
		if (iface_find(r->nl, NULL, r->v[i].kernel.oif, &by[i], e))
			return -ENETUNREACH;
	}
	v6 = n_addresses[1] <= n_addresses[0];
	if (is_shard(r))
		return err_set(e, EINVAL, "IPv4 targets leave by %s, IPv6 targets by %s: scan one "
			       "family at a time (--ipv4, --ipv6), or choose with --interface",
			       by[0].name, by[1].name);
	if (leave_rest(r, v6, &none, &left, e))
		return -ENOMEM;
	r->v[v6].found = false;
	r->v[v6].kernel.has_gateway = false;
	log_notice("%" PRIu64 " IPv%d target%s left out: %s by %s, the IPv%d targets by %s; scan "
		   "them in a run of their own (--ipv%d), or choose with --interface", left,
		   v6 ? 6 : 4, log_s(left), left == 1 ? "it leaves" : "they leave",
		   by[v6].name, v6 ? 4 : 6, by[!v6].name, v6 ? 6 : 4);
	return 0;
}

static int choose_routes(struct routes *r, struct err *e)
{
	const struct prefixset none = { .n = 0 };
	int why[2] = { -ENOENT, -ENOENT }, rc = 0;
	bool usable[2] = { false, false }, first;

	for (unsigned int v6 = 0; v6 < 2; v6++) {
		if (r->v[v6].needed)
			why[v6] = find_route(r, v6, &r->own);
		usable[v6] = !why[v6] || (why[v6] != -ENOENT && may_lack_route(r, v6));
	}
	first = why[0] == -ENOENT;
	if (!usable[0] && !usable[1])
		return r->own.count ? keep_own(r, why, e)
		       : routes_refuse(r, r->v[first].target, why[first], e);
	if (r->own.count)
		rc = leave_own(r, why, e);
	for (unsigned int v6 = 0; v6 < 2 && !rc; v6++)
		if (!usable[v6] && why[v6] != -ENOENT)
			rc = leave_unrouted(r, v6, &none, r->v[v6].target, why[v6], e);
	if (!rc && r->v[0].found && r->v[1].found && r->v[0].kernel.oif != r->v[1].kernel.oif)
		rc = leave_smaller(r, e);
	return rc;
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

/* The interface is known: that it works, and which prefixes are on its link. */
static int know_interface(struct routes *r, struct err *e)
{
	int rc = r->wire ? check_up(&r->iface, e) : 0;

	if (rc || !routes_use_neighbours(r))
		return rc;
	rc = iface_connected(r->iface.index, &r->connected);
	prefixset_seal(&r->connected);
	return rc ? err_set(e, -rc, "cannot read which targets are on the local link: %s",
			    strerror(-rc)) : 0;
}

/* The interface that the routes name; without any nothing is sent. */
static int find_interface(struct routes *r, struct err *e)
{
	const struct route *w = &r->v[!r->v[0].found];
	int rc;

	r->iface = (struct iface){ .kind = IFACE_ETHERNET };
	if (!w->found)
		return 0;
	rc = iface_find(r->nl, NULL, w->kernel.oif, &r->iface, e);
	return rc ? rc : know_interface(r, e);
}

/* To what is not on the local link a gateway has to lead. */
static int find_gateway(struct routes *r, bool v6, struct err *e)
{
	struct route *w = &r->v[v6];
	const struct addr target = w->target;
	int why;

	if (!w->found || w->kernel.has_gateway)
		return 0;
	why = find_route(r, v6, &r->connected);
	if (!why || why == -ENOENT)
		return 0;
	why = leave_unrouted(r, v6, &r->connected, w->target, why, e);
	w->target = target;
	return why;
}

int reached_find_routes(struct routes *r, struct err *e)
{
	const char *name = r->c->network.interface;
	int rc = name ? iface_find(r->nl, name, 0, &r->iface, e) : 0;

	if (!rc && name)
		rc = know_interface(r, e);
	/* What the kernel has an address of may be another's inside a VLAN of ours. */
	if (!rc && !r->c->network.vlan_id)
		rc = find_own(r, e);
	if (!rc)
		rc = choose_routes(r, e);
	if (!rc && !name)
		rc = find_interface(r, e);
	for (unsigned int v6 = 0; v6 < 2 && !rc && routes_use_neighbours(r); v6++)
		rc = find_gateway(r, v6, e);
	return rc;
}
