#include "ring.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * head and tail count up for ever, modulo 2^32; only the place in items is masked. So head - tail
 * is the number of items inside and distinguishes full from empty without a spare slot.
 */

int ring_init(struct ring *r, size_t item_len, uint32_t capacity)
{
	r->items = calloc(capacity, item_len);
	if (!r->items)
		return -ENOMEM;
	r->item_len = item_len;
	r->mask = capacity - 1;
	atomic_init(&r->head, 0);
	atomic_init(&r->tail, 0);
	return 0;
}

void ring_free(struct ring *r)
{
	free(r->items);
	r->items = NULL;
}

static uint8_t *ring_place(const struct ring *r, uint32_t at)
{
	return r->items + (size_t)(at & r->mask) * r->item_len;
}

bool ring_push(struct ring *r, const void *item)
{
	uint32_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
	/* Acquire: the consumer has read the item that is overwritten now. */
	uint32_t tail = atomic_load_explicit(&r->tail, memory_order_acquire);

	if (head - tail > r->mask)
		return false;
	memcpy(ring_place(r, head), item, r->item_len);
	/* Release: who sees the new head sees the item. */
	atomic_store_explicit(&r->head, head + 1, memory_order_release);
	return true;
}

bool ring_pop(struct ring *r, void *item)
{
	uint32_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
	uint32_t head = atomic_load_explicit(&r->head, memory_order_acquire);

	if (head == tail)
		return false;
	memcpy(item, ring_place(r, tail), r->item_len);
	atomic_store_explicit(&r->tail, tail + 1, memory_order_release);
	return true;
}

uint32_t ring_count(const struct ring *r)
{
	/*
	 * tail first: read the other way round, a third thread could see a tail beyond its head.
	 * This way it can see more than fits, where both moved in between.
	 */
	uint32_t tail = atomic_load_explicit(&r->tail, memory_order_acquire);
	uint32_t n = atomic_load_explicit(&r->head, memory_order_acquire) - tail;

	return n > r->mask ? r->mask + 1 : n;
}
