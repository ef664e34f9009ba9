/* neigh_store: inside of neigh: what is known of each address. */
#ifndef TFOMAP_NEIGH_STORE_H
#define TFOMAP_NEIGH_STORE_H

#include "net/neigh.h"

struct neigh_entry {
	struct addr asker;
	uint8_t mac[6];
	uint8_t role;			/* NEIGH_ASK, NEIGH_ON_LINK */
	uint8_t trust;			/* enum neigh_trust */
};

struct neigh {
	struct prefixset set;
	struct neigh_entry *v;		/* heap: one an address, by its rank in set */
	uint32_t n;
};

#endif
