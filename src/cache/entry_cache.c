#include "cache/entry_cache.h"

#include <errno.h>
#include <stdlib.h>

#include "err.h"

#define CACHE_LINE	64
#define EXPECTED_FLOWS	2	/* of a survey; no plan has room for fewer */

int entry_cache_init(struct entry_cache *c, uint32_t slots, unsigned int nflows,
		     _Atomic uint64_t *stamps, uint64_t seed, struct err *e)
{
	*c = (struct entry_cache){ .slots = slots, .nflows = nflows, .stamps = stamps };
	for (int i = 0; i < ENTRY_STATES; i++)
		c->queue[i] = (struct entry_queue){ TABLE_NONE, TABLE_NONE, 0 };
	c->v = calloc(slots, sizeof(*c->v));
	c->flows = calloc(slots, nflows * sizeof(*c->flows));
	if (!c->v || !c->flows || table_init(&c->table, slots, seed)) {
		free(c->v);
		free(c->flows);
		return err_set(e, ENOMEM, "out of memory for a cookie cache of %u targets", slots);
	}
	return 0;
}

void entry_cache_free(struct entry_cache *c)
{
	for (uint32_t slot = 0; c->v && slot < c->slots; slot++)
		free(c->v[slot].trail);
	table_free(&c->table);
	free(c->v);
	free(c->flows);
}

struct entry *entry_cache_find(const struct entry_cache *c, uint64_t k)
{
	uint32_t slot = table_get(&c->table, k);

	return slot == TABLE_NONE ? NULL : &c->v[slot];
}

struct entry *entry_cache_add(struct entry_cache *c, uint64_t k)
{
	uint32_t slot = table_put(&c->table, k);

	if (slot == TABLE_NONE)
		return NULL;
	c->v[slot] = (struct entry){
		.k = k, .state = ENTRY_NONE, .stamp = &c->stamps[slot],
		.flows = &c->flows[(size_t)slot * c->nflows],
	};
	return &c->v[slot];
}

static void prefetch(const void *p, size_t len)
{
	for (const char *line = p; line < (const char *)p + len; line += CACHE_LINE)
		__builtin_prefetch(line, 1);
}

void entry_cache_expect_next(const struct entry_cache *c, const struct entry *en)
{
	if (en->next == TABLE_NONE)
		return;
	prefetch(&c->v[en->next], sizeof(*c->v));
	prefetch(&c->flows[(size_t)en->next * c->nflows], EXPECTED_FLOWS * sizeof(*c->flows));
}

static void enqueue(struct entry_cache *c, struct entry *en, enum entry_state state)
{
	struct entry_queue *q = &c->queue[state];
	uint32_t slot = entry_cache_slot(c, en);

	en->next = TABLE_NONE;
	en->prev = q->last;
	if (q->last == TABLE_NONE)
		q->first = slot;
	else
		c->v[q->last].next = slot;
	q->last = slot;
	q->n++;
}

static void dequeue(struct entry_cache *c, struct entry *en)
{
	struct entry_queue *q = &c->queue[en->state];

	if (en->prev == TABLE_NONE)
		q->first = en->next;
	else
		c->v[en->prev].next = en->next;
	if (en->next == TABLE_NONE)
		q->last = en->prev;
	else
		c->v[en->next].prev = en->prev;
	q->n--;
}

void entry_cache_move(struct entry_cache *c, struct entry *en, enum entry_state state)
{
	if (en->state != ENTRY_NONE)
		dequeue(c, en);
	en->state = (uint8_t)state;
	if (state == ENTRY_NONE)
		table_del(&c->table, entry_cache_slot(c, en));
	else
		enqueue(c, en, state);
}
