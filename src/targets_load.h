/* targets_load: inside of targets: what the set is made of, and how it is filled. */
#ifndef TFOMAP_TARGETS_LOAD_H
#define TFOMAP_TARGETS_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "prefixset.h"
#include "spot.h"
#include "targetlist.h"
#include "targets.h"

struct config;
struct err;

struct targets {
	struct prefixset set;		/* the prefixes' addresses, without what is left out */
	uint16_t *ports;		/* --target-ports: heap, owned; sorted */
	uint32_t n_ports;
	uint32_t *starts;		/* of spots: heap, owned */
	struct spots spots;		/* set x ports; as all are loaded */
	struct spot_arrays arrays;
	struct targetlist list;		/* sorted; no pair twice, none that is in set x ports */
	size_t n_hosts;			/* entries of list without port: its first ones */
	struct targetlist merged;	/* entries of another part, for domain and info */
	struct targets_counts counts;
	bool have_v4, have_v6, is_list;
};

/* Fills *t, which is empty, from the configuration: targets_load() without the allocation. */
int targets_fill(struct targets *t, const struct config *c, struct err *e);

/* The place of port among the ports, 0..n_ports-1, in *rank; false: it is not among them. */
bool targets_port_rank(const struct targets *t, uint16_t port, uint32_t *rank);

#endif
