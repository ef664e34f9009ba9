/*
 * targets: the ordered set of N (address, port) pairs that a scan may probe. Three parts follow
 * each other, each sorted by address, then port: the addresses of prefixes and address words x the
 * port list; the addresses that lists (and host names) give without a port x the port list; the
 * pairs of lists and "addr:port" words. A pair is in one of them, once. Read-only after loading:
 * any thread.
 */
#ifndef TFOMAP_TARGETS_H
#define TFOMAP_TARGETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "lookup.h"
#include "prefixset.h"
#include "target.h"
#include "targets/targetlist.h"

/*
 * What was loaded and what was left out, for messages and the metadata; all in pairs, each counted
 * once: named pairs = total + merged + other_family + outside + blocked + own + no_route.
 */
struct targets_counts {
	uint64_t total;			/* N */
	uint64_t from_prefixes, from_list;	/* total = one + the other */
	uint64_t merged;		/* named again: by other lines, words, prefixes */
	uint64_t other_family;		/* left out: --ipv4, --ipv6 */
	uint64_t outside;		/* left out of the rest: not in --allowlist-file, with -I */
	uint64_t blocked;		/* of the rest: on a blocklist */
	uint64_t own, no_route;		/* targets_leave_out(): this host's; no way leads there */
	uint64_t blocklist_hash;	/* SipHash-2-4, zero key, of the sealed block ranges */
	uint64_t blocklist_ranges;	/* 0: nothing is blocked */
};

/* Inside of targets: who fills them in, and targets_at(). */
struct targets {
	struct prefixset set;		/* the prefixes' addresses, without what is left out */
	uint16_t *ports;		/* --target-ports: heap, owned; sorted */
	uint32_t n_ports;
	uint32_t *starts, *entries;	/* of lookup: heap, owned */
	struct lookup lookup;		/* of all; as they are loaded */
	struct lookup_arrays arrays;
	struct targetlist list;		/* sorted; no pair twice, none that is in set x ports */
	size_t n_hosts;			/* entries of list without port: its first ones */
	struct targetlist merged;	/* entries of another part, for domain and info */
	struct targets_counts counts;
	bool have_v4, have_v6, is_list;
};

void targets_free(struct targets *t);

const struct targets_counts *targets_counts(const struct targets *t);

/* The pair of index i < N. */
static inline struct target targets_at(const struct targets *t, uint64_t i)
{
	struct target target;

	lookup_at(&t->lookup, &t->arrays, i, &target.ip, &target.port);
	return target;
}

/* The place of port among the ports, 0..n_ports-1, in *rank; false: it is not among them. */
bool targets_port_rank(const struct targets *t, uint16_t port, uint32_t *rank);

/* The index of a pair (false: not among the targets). */
bool targets_index(const struct targets *t, struct addr ip, uint16_t port, uint64_t *i);

/*
 * The pairs as plain arrays (lookup.h), for who looks them up by itself: theirs, as long as they
 * are.
 */
const struct lookup *targets_flat(const struct targets *t, struct lookup_arrays *out);

/* True where some target has a domain or info: else targets_extra() need not be called. */
bool targets_have_extra(const struct targets *t);

/* True where any IPv4 resp. IPv6 target is in the set. */
bool targets_have_v4(const struct targets *t);
bool targets_have_v6(const struct targets *t);

/* True where all targets come from lists or single words (then --retries defaults to 2). */
bool targets_is_list(const struct targets *t);

/*
 * Domain and info of index i: those of the first line that names the pair; empty strings where
 * there is nothing. Reads the file; may be called by several threads at once.
 */
void targets_extra(const struct targets *t, uint64_t i, struct target_extra *x);

#endif
