/*
 * ring: a bounded queue of fixed-size items from one producer thread (or whoever has a lock) to one
 * consumer thread, without locks of its own. Items are copied in and out.
 */
#ifndef TFOMAP_RING_H
#define TFOMAP_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdatomic.h>
#include <stdint.h>

struct ring {
	uint8_t *items;			/* heap, owned */
	size_t item_len;
	uint32_t mask;			/* capacity - 1 */
	/* Apart, so that the two threads do not write to one cache line. */
	uint8_t pad_head[64];
	_Atomic uint32_t head;		/* next to write: the producer's */
	uint8_t pad_tail[64];
	_Atomic uint32_t tail;		/* next to read: the consumer's */
	uint8_t pad_end[64];
};

/* capacity: a power of two, 2..2^31. 0 or -ENOMEM. */
int ring_init(struct ring *r, size_t item_len, uint32_t capacity);
void ring_free(struct ring *r);

/* Producer only. false: full, nothing was stored. */
bool ring_push(struct ring *r, const void *item);

/* Consumer only. false: empty, *item is untouched. */
bool ring_pop(struct ring *r, void *item);

/* Producer only: how many items were pushed so far, mod 2^32. */
static inline uint32_t ring_pushed(const struct ring *r)
{
	return atomic_load_explicit(&r->head, memory_order_relaxed);
}

/* Any thread: whether the item that was pushed when ring_pushed() became n has been popped. */
static inline bool ring_has_popped(const struct ring *r, uint32_t n)
{
	return (int32_t)(atomic_load_explicit(&r->tail, memory_order_relaxed) - n) >= 0;
}

/* Items inside: exact for the two owners while the other is still, else a moment's picture. */
uint32_t ring_count(const struct ring *r);

#endif
