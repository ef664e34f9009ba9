#include "net/neigh.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct neigh_entry {
	struct addr requester;
	uint8_t mac[6];
	uint8_t role;			/* NEIGH_WANTED, NEIGH_ON_LINK */
	uint8_t trust;			/* enum neigh_trust */
};

struct neigh {
	struct prefixset set;
	struct neigh_entry *v;		/* heap: one an address, by its rank in set */
	uint32_t n;
};

int neigh_new(struct neigh **out, struct prefixset *addresses)
{
	struct neigh *n = calloc(1, sizeof(*n));

	if (n && addresses->count <= UINT32_MAX)
		n->v = calloc(addresses->count ? addresses->count : 1, sizeof(*n->v));
	if (!n || !n->v) {
		free(n);
		return -ENOMEM;
	}
	n->set = *addresses;
	n->n = (uint32_t)addresses->count;
	prefixset_init(addresses);
	*out = n;
	return 0;
}

void neigh_free(struct neigh *n)
{
	if (!n)
		return;
	prefixset_free(&n->set);
	free(n->v);
	free(n);
}

static struct neigh_entry *entry_of(const struct neigh *n, struct addr ip)
{
	uint64_t rank;

	return prefixset_rank(&n->set, ip, &rank) ? &n->v[rank] : NULL;
}

void neigh_mark(struct neigh *n, struct addr ip, unsigned int role, struct addr requester)
{
	struct neigh_entry *entry = entry_of(n, ip);

	entry->role |= (uint8_t)role;
	entry->requester = requester;
}

bool neigh_take(struct neigh *n, const struct neighbour *answer, enum neigh_trust trust)
{
	struct neigh_entry *entry = entry_of(n, answer->ip);

	if (!entry || !(entry->role & NEIGH_WANTED) || entry->trust >= trust)
		return false;
	memcpy(entry->mac, answer->mac, sizeof(entry->mac));
	entry->trust = (uint8_t)trust;
	return true;
}

static bool is_missing(const struct neigh_entry *entry, enum neigh_trust trust)
{
	return (entry->role & NEIGH_WANTED) && entry->trust < trust;
}

uint32_t neigh_missing(const struct neigh *n, enum neigh_trust trust)
{
	uint32_t missing = 0;

	for (uint32_t i = 0; i < n->n; i++)
		missing += is_missing(&n->v[i], trust);
	return missing;
}

bool neigh_next_missing(const struct neigh *n, enum neigh_trust trust, uint32_t *i, struct addr *ip,
			struct addr *requester)
{
	while (*i < n->n && !is_missing(&n->v[*i], trust))
		++*i;
	if (*i == n->n)
		return false;
	*ip = prefixset_nth(&n->set, *i);
	*requester = n->v[*i].requester;
	return true;
}

uint32_t neigh_silent(const struct neigh *n)
{
	uint32_t silent = 0;

	for (uint32_t i = 0; i < n->n; i++)
		silent += (n->v[i].role & NEIGH_ON_LINK) && n->v[i].trust == NEIGH_UNKNOWN;
	return silent;
}

bool neigh_mac(const struct neigh *n, struct addr ip, uint8_t mac[static 6])
{
	const struct neigh_entry *entry = entry_of(n, ip);

	if (!entry || entry->trust == NEIGH_UNKNOWN)
		return false;
	memcpy(mac, entry->mac, sizeof(entry->mac));
	return true;
}

bool neigh_is_fixed(const struct neigh *n, struct addr ip)
{
	const struct neigh_entry *entry = entry_of(n, ip);

	return entry && entry->trust == NEIGH_FIXED;
}

enum neigh_hop neigh_find(const struct neigh *n, struct addr ip, uint8_t mac[static 6])
{
	const struct neigh_entry *entry = entry_of(n, ip);

	if (!entry || !(entry->role & NEIGH_ON_LINK))
		return NEIGH_ROUTED;
	if (entry->trust == NEIGH_UNKNOWN)
		return NEIGH_SILENT;
	memcpy(mac, entry->mac, sizeof(entry->mac));
	return NEIGH_FOUND;
}
