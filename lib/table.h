/*
 * table: a hash table of fixed capacity from 64-bit keys to slot numbers 0..capacity-1, which the
 * caller uses to index storage of its own. Nothing grows; full is an answer. One thread.
 */
#ifndef TFOMAP_TABLE_H
#define TFOMAP_TABLE_H

#include <stdint.h>

#define TABLE_NONE UINT32_MAX

struct table {
	uint64_t *keys;		/* heap, owned: keys[slot], for slots in use */
	uint32_t *buckets;	/* slot + 1, 0 = empty; open addressing */
	uint32_t *next_free;	/* next_free[slot], for slots that were given back, but the last */
	uint32_t first_free, last_free;	/* of these; first_free TABLE_NONE: there is none */
	uint32_t touched;	/* slots 0..touched-1 were in use */
	uint32_t capacity, n;	/* n in use */
	uint32_t mask;
	uint64_t secret[2];	/* keys may be chosen by others: buckets must not be */
};

/* capacity 1..2^30 slots. Memory is reserved, and touched as it is used. 0 or -ENOMEM. */
int table_init(struct table *t, uint32_t capacity, uint64_t seed);
void table_free(struct table *t);

/* The slot of key, or TABLE_NONE. */
uint32_t table_get(const struct table *t, uint64_t key);

/*
 * A slot for key, which is not in yet; TABLE_NONE: full. As long as none was given back they are 0,
 * 1, 2, ...; then the one that was given back first.
 */
uint32_t table_put(struct table *t, uint64_t key);

/* Gives back a slot that is in use. */
void table_del(struct table *t, uint32_t slot);

#endif
