/*
 * window: the targets in flight, one status byte each, in a ring over the places of the sweep.
 * The send thread moves `reserved` (before sending: an answer at or above it is forged) and the
 * cursors; the receive thread marks answers and moves `floor`, below which slots may be used anew.
 * Memory depends on rate x time-out, never on the number of targets.
 */
#ifndef TFOMAP_WINDOW_H
#define TFOMAP_WINDOW_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "sendlog.h"

#define WINDOW_ATTEMPTS_MAX	16	/* of the sweep's probe: the first and 15 retries */

/* Status byte: how many SYNs were sent, and what came of it. */
#define WINDOW_SENT_MASK	0x1f
#define WINDOW_DONE		0x40	/* its row is written */
#define WINDOW_ANSWERED		0x80	/* no retry is due */

struct window_cursor {
	_Atomic uint64_t done;		/* places below were sent this attempt, or need none */
	struct sendlog log;
	uint64_t pos;			/* the send thread's, for window_due() */
};

struct window {
	_Atomic uint8_t *status;	/* heap, owned */
	uint64_t slots;			/* a power of two */
	unsigned int attempts;		/* 1..WINDOW_ATTEMPTS_MAX */
	struct window_cursor cursor[WINDOW_ATTEMPTS_MAX];	/* [0] is the head */
	char pad_reserved[64];		/* each owner's marks on cache lines of their own */
	_Atomic uint64_t reserved;	/* the send thread's */
	char pad_floor[64];
	_Atomic uint64_t floor;		/* the receive thread's */
	uint64_t tail;			/* the receive thread's: places below are past their time-out */
	uint64_t tail_pos, floor_pos;	/* the receive thread's, into the last cursor's log */
};

/* slots: a power of two, 128..2^32. 0 or -ENOMEM. */
int window_init(struct window *w, uint64_t slots, unsigned int attempts);
void window_free(struct window *w);

/* Send thread: room for place k; then, with the room there, its first SYN is on its way. */
static inline bool window_has_room(const struct window *w, uint64_t k)
{
	return k < atomic_load_explicit(&w->floor, memory_order_acquire) + w->slots;
}

static inline void window_start(struct window *w, uint64_t k)
{
	atomic_store_explicit(&w->status[k & (w->slots - 1)], 1, memory_order_relaxed);
}

/* Send thread: takes the next attempt of place k where it is still silent. False: it is not. */
bool window_retry(struct window *w, uint64_t k);

/* Send thread: the first place that attempt a (1..) may not visit yet: sent less than timeout ago. */
uint64_t window_due(struct window *w, unsigned int a, uint64_t now_ns, uint64_t timeout_ns);

/* Receive thread: the status of place k; 0: its slot is no longer (or not yet) its own. */
uint8_t window_status(const struct window *w, uint64_t k);

/* Receive thread: sets bits (WINDOW_DONE, WINDOW_ANSWERED). Returns the status before. */
uint8_t window_mark(struct window *w, uint64_t k, uint8_t bits);

/* Receive thread: the first place that is not yet past the time-out of its last attempt. */
uint64_t window_silent_until(struct window *w, uint64_t now_ns, uint64_t timeout_ns);

/*
 * Receive thread: frees slots: those of places sent longer than keep_ns ago and, where the ring
 * runs short, all below tail; where slots are not `needed` (no retries, no silent rows) tail does
 * not hold them back either. Call after tail was moved.
 */
void window_recycle(struct window *w, uint64_t now_ns, uint64_t keep_ns, bool needed);

#endif
