/*
 * entry_cache: room for the targets in the cookie cache: entries found by position, and for each
 * state a queue of those in it, in order of time. One thread's, or one lock's.
 */
#ifndef TFOMAP_ENTRY_CACHE_H
#define TFOMAP_ENTRY_CACHE_H

#include <stdint.h>

#include "cache/entry.h"
#include "table.h"

struct err;

struct entry_queue {
	uint32_t first, last, n;
};

struct entry_cache {
	struct table table;
	struct entry *v;		/* heap, owned, by slot */
	struct flow *flows;		/* likewise, nflows a slot */
	uint32_t slots;
	unsigned int nflows;
	_Atomic uint64_t *stamps;
	struct entry_queue queue[ENTRY_STATES];	/* ENTRY_NONE's is not used */
};

/*
 * slots: entries, each with room for nflows flows and a stamp of stamps[slots], which outlive it.
 * 0, or -ENOMEM with a message.
 */
int entry_cache_init(struct entry_cache *c, uint32_t slots, unsigned int nflows,
		     _Atomic uint64_t *stamps, uint64_t seed, struct err *e);
void entry_cache_free(struct entry_cache *c);

/* The entry of position k; NULL: none. */
struct entry *entry_cache_find(const struct entry_cache *c, uint64_t k);

/* Room for position k, in ENTRY_NONE, with k, stamp and flows set. NULL: there is none. */
struct entry *entry_cache_add(struct entry_cache *c, uint64_t k);

/* To the end of the state's queue; ENTRY_NONE: its room is free. */
void entry_cache_move(struct entry_cache *c, struct entry *en, enum entry_state state);

static inline uint32_t entry_cache_slot(const struct entry_cache *c, const struct entry *en)
{
	return (uint32_t)(en - c->v);
}

static inline struct entry *entry_cache_first(const struct entry_cache *c, enum entry_state state)
{
	uint32_t slot = c->queue[state].first;

	return slot == TABLE_NONE ? NULL : &c->v[slot];
}

/* The one after it in its queue; NULL: it is the last. */
static inline struct entry *entry_cache_next(const struct entry_cache *c, const struct entry *en)
{
	return en->next == TABLE_NONE ? NULL : &c->v[en->next];
}

/*
 * The one after en in its queue comes next: what is in no CPU cache after so long is fetched while
 * en is worked on.
 */
void entry_cache_expect_next(const struct entry_cache *c, const struct entry *en);

/* Entries that have no row yet. */
static inline uint32_t entry_cache_pending(const struct entry_cache *c)
{
	return c->table.n - c->queue[ENTRY_DONE].n;
}

#endif
