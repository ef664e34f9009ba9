#include "table.h"

#include <errno.h>
#include <stdlib.h>

#include "siphash.h"

#define BLOCK	8u

/*
 * Buckets hold slot numbers and are probed linearly. They are at least twice as many as the
 * slots, so probes stay short and there is always an empty one to end a search. A deletion moves
 * back what follows it, so no tombstones gather in a long run.
 *
 * Slots come back into use in the order in which they were given back. What came one after the
 * other and left so lies side by side for ever, which a CPU reads ahead; were the last one taken
 * first, a long run would end with an order of chance. Slots that were never needed, and their
 * pages, come after all these.
 */

int table_init(struct table *t, uint32_t capacity, uint64_t seed)
{
	const struct siphash_key key = { seed, ~seed };
	uint32_t buckets = 2;

	while (buckets < 2 * capacity)
		buckets *= 2;
	*t = (struct table){ .capacity = capacity, .mask = buckets - 1, .first_free = TABLE_NONE };
	for (uint64_t i = 0; i < 2; i++)
		t->secret[i] = siphash_words(&key, &i, 1, 1, 3) | 1;
	t->keys = calloc(capacity, sizeof(*t->keys));
	t->buckets = calloc(buckets, sizeof(*t->buckets));
	t->next_free = calloc(capacity, sizeof(*t->next_free));
	if (t->keys && t->buckets && t->next_free)
		return 0;
	table_free(t);
	return -ENOMEM;
}

void table_free(struct table *t)
{
	free(t->keys);
	free(t->buckets);
	free(t->next_free);
	*t = (struct table){ .capacity = 0 };
}

/*
 * Keys that follow each other, as the positions of a sweep do, are looked up at about the same
 * time: BLOCK of them have homes side by side, in one cache line where each would else be a miss.
 * Which homes, the seed decides: chosen keys collide with no more than one block of them.
 * Multiplying by two secrets is enough for that: nothing shows what came of it, so nobody learns
 * them.
 */
static uint32_t table_home(const struct table *t, uint64_t key)
{
	uint64_t h = key / BLOCK * t->secret[0];

	h = (h ^ h >> 32) * t->secret[1];
	return ((uint32_t)(h >> 32) * BLOCK + (uint32_t)(key % BLOCK)) & t->mask;
}

uint32_t table_get(const struct table *t, uint64_t key)
{
	for (uint32_t b = table_home(t, key); t->buckets[b]; b = (b + 1) & t->mask) {
		uint32_t slot = t->buckets[b] - 1;

		if (t->keys[slot] == key)
			return slot;
	}
	return TABLE_NONE;
}

/* One is free. */
static uint32_t take_slot(struct table *t)
{
	uint32_t slot = t->first_free;

	if (slot == TABLE_NONE)
		return t->touched++;
	t->first_free = slot == t->last_free ? TABLE_NONE : t->next_free[slot];
	return slot;
}

static void give_back(struct table *t, uint32_t slot)
{
	if (t->first_free == TABLE_NONE)
		t->first_free = slot;
	else
		t->next_free[t->last_free] = slot;
	t->last_free = slot;
}

uint32_t table_put(struct table *t, uint64_t key)
{
	uint32_t b, slot;

	if (t->n == t->capacity)
		return TABLE_NONE;
	slot = take_slot(t);
	t->n++;
	t->keys[slot] = key;
	b = table_home(t, key);
	while (t->buckets[b])
		b = (b + 1) & t->mask;
	t->buckets[b] = slot + 1;
	return slot;
}

/*
 * Empties bucket hole. Of what follows it without a gap, everything whose home is not between
 * the hole and its place moves back into the hole, or a search from its home would end there.
 */
static void table_close_gap(struct table *t, uint32_t hole)
{
	for (uint32_t b = (hole + 1) & t->mask; t->buckets[b]; b = (b + 1) & t->mask) {
		uint32_t home = table_home(t, t->keys[t->buckets[b] - 1]);

		if (((b - home) & t->mask) >= ((b - hole) & t->mask)) {
			t->buckets[hole] = t->buckets[b];
			hole = b;
		}
	}
	t->buckets[hole] = 0;
}

void table_del(struct table *t, uint32_t slot)
{
	uint32_t b = table_home(t, t->keys[slot]);

	while (t->buckets[b] != slot + 1)
		b = (b + 1) & t->mask;
	table_close_gap(t, b);
	t->n--;
	give_back(t, slot);
}
