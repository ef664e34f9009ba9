/* targets_rig: a configuration of targets, what is loaded of it, and what must hold of that. */
#ifndef TFOMAP_FUZZ_TARGETS_RIG_H
#define TFOMAP_FUZZ_TARGETS_RIG_H

#include "config/config.h"
#include "fuzz.h"
#include "targets/blocklist.h"
#include "targets/targets.h"
#include "targets/targets_load.h"

#define RIG_TARGETS_MAX	256	/* of these and those at the other end each is looked at */

/* What the first byte of an input says. */
enum {
	RIG_PORTS = 1,		/* three, else one */
	RIG_V4_ONLY = 2, RIG_V6_ONLY = 4,
	RIG_BLOCK = 8,		/* with what is compiled in */
	RIG_MORE = 16,		/* from this bit on: the target's own */
};

static uint16_t rig_ports[] = { 80, 443, 8443 };

static inline struct config rig_config(uint8_t flags)
{
	struct config c = { .targets.no_default_blocklist = !(flags & RIG_BLOCK) };

	c.targets.ports.v = rig_ports;
	c.targets.ports.n = flags & RIG_PORTS ? 3 : 1;
	c.targets.ipv4_only = (flags & RIG_V4_ONLY) && !(flags & RIG_V6_ONLY);
	c.targets.ipv6_only = (flags & RIG_V6_ONLY) && !(flags & RIG_V4_ONLY);
	return c;
}

/* A target is a real one, in its place, of a family that is wanted, and not blocked. */
static inline void rig_check_target(const struct targets *t, const struct config *c, uint64_t i)
{
	const struct target at = targets_at(t, i);
	char why[BLOCKLIST_WHY_LEN];
	uint64_t again;

	MUST(at.port > 0);
	MUST(targets_index(t, at.ip, at.port, &again) && again == i);
	MUST(addr_is_v4(at.ip) ? targets_have_v4(t) && !c->targets.ipv6_only
	     : targets_have_v6(t) && !c->targets.ipv4_only);
	MUST(c->targets.no_default_blocklist || !blocklist_why(at.ip, why));
}

/* What must hold of all that is loaded. */
static inline void rig_check(const struct targets *t, const struct config *c)
{
	const struct targets_counts *n = targets_counts(t);
	uint64_t tail = n->total > RIG_TARGETS_MAX ? n->total - RIG_TARGETS_MAX : 0;

	MUST(n->total > 0 && n->total <= INT64_MAX);
	MUST(n->total == n->from_prefixes + n->from_list);
	MUST(n->own == 0 && n->no_route == 0);
	MUST(n->other_family == 0 || c->targets.ipv4_only || c->targets.ipv6_only);
	MUST(n->blocked == 0 || n->blocklist_ranges > 0);
	for (uint64_t i = 0; i < RIG_TARGETS_MAX && i < n->total; i++)
		rig_check_target(t, c, i);
	for (uint64_t i = tail; i < n->total; i++)
		rig_check_target(t, c, i);
}

/* Loads; NULL where it is refused, with a message. */
static inline struct targets *rig_load(const struct config *c)
{
	struct targets *t = NULL;
	struct err e = { "" };
	int rc = targets_load(&t, c, NULL, &e);

	fuzz_must_say(rc, &e);
	if (rc)
		return NULL;
	rig_check(t, c);
	return t;
}

#endif
