/*
 * window: the targets in flight: a ring of probe slots, one status each, over the positions of a
 * sender of the sweep. The send thread moves `reserved` (before sending: an answer at or above it
 * is forged) and the cursors; the receive thread (of several whoever has the lock of these targets)
 * marks answers and moves `floor`, below which probe slots may be used anew. Memory depends on rate
 * x time-out, never on the number of targets.
 */
#ifndef TFOMAP_WINDOW_H
#define TFOMAP_WINDOW_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "sendlog.h"
#include "window_status.h"

/*
 * A pass of the sweep: one attempt of one arm. Pass 0 is the head; the others trail by time: pass
 * s the pass before it, by the gap between two probes of one target, and from the second attempt
 * on the same arm's attempt before, pass s - arms, by the time-out.
 */
struct window_cursor {
	_Atomic uint64_t done;		/* positions below were sent this pass, or need none */
	struct sendlog log;
	uint64_t pos, gap_pos;		/* the send thread's, for window_due() */
};

struct window {
	_Atomic uint16_t *status;
	bool owned;			/* status is heap */
	uint64_t slots;			/* probe slots, a power of two */
	unsigned int arms, passes;	/* passes: arms x attempts */
	uint64_t gap_ns;
	struct window_cursor cursor[WINDOW_PASSES_MAX];
	char pad_reserved[64];		/* each owner's marks on cache lines of their own */
	_Atomic uint64_t reserved;	/* the send thread's */
	char pad_floor[64];
	_Atomic uint64_t floor;		/* the receive thread's */
	uint64_t tail;			/* the receive thread's: below, time-outs are past */
	/* The receive thread's, into the logs of the arms' last passes. */
	uint64_t tail_pos[WINDOW_ARMS_MAX], floor_pos[WINDOW_ARMS_MAX];
};

/*
 * slots: probe slots, a power of two, 128..2^32. arms 1..WINDOW_ARMS_MAX, attempts
 * 1..WINDOW_ATTEMPTS_MAX; gap_ns: between the arms; keep_ns: how long the time of a SYN must be
 * known. 0 or -ENOMEM.
 */
int window_init(struct window *w, uint64_t slots, unsigned int arms, unsigned int attempts,
		uint64_t gap_ns, uint64_t keep_ns);
void window_free(struct window *w);

/*
 * Before anything was sent: the window goes on in memory of the caller's, zero, which outlives it:
 * as many statuses, and for each pass a log's block.
 */
void window_move(struct window *w, _Atomic uint16_t *status,
		 struct sendlog_block *const block[static WINDOW_PASSES_MAX]);

/* Before anything was sent: the sweep begins at position first; all before it is past. */
void window_begin(struct window *w, uint64_t first);

/* Send thread: the first position for which there is no room. */
static inline uint64_t window_room(const struct window *w)
{
	return atomic_load_explicit(&w->floor, memory_order_acquire) + w->slots;
}

/* Send thread: room for position k; then, with the room there, its first SYN is on its way. */
static inline bool window_has_room(const struct window *w, uint64_t k)
{
	return k < window_room(w);
}

/* Receive thread: the first position that no SYN can have gone to yet. */
static inline uint64_t window_reserved(const struct window *w)
{
	return atomic_load_explicit(&w->reserved, memory_order_acquire);
}

static inline void window_start(struct window *w, uint64_t k)
{
	atomic_store_explicit(&w->status[k & (w->slots - 1)], 1, memory_order_relaxed);
}

/* Send thread: with the room there, position k gets no SYN, and is done with. */
static inline void window_pass_over(struct window *w, uint64_t k)
{
	atomic_store_explicit(&w->status[k & (w->slots - 1)], WINDOW_DONE, memory_order_relaxed);
}

/* Send thread: takes an arm's next attempt at position k; false: it is not silent any more. */
bool window_retry(struct window *w, uint64_t k, unsigned int arm);

/* Send thread: the first position that pass s (1..) may not visit yet: it is too soon. */
uint64_t window_due(struct window *w, unsigned int s, uint64_t now_ns, uint64_t timeout_ns);

/* Receive thread: position k's probe slot was given up: what became of it is forgotten. */
static inline bool window_is_past(const struct window *w, uint64_t k)
{
	return k < atomic_load_explicit(&w->floor, memory_order_relaxed);
}

/* Receive thread: the status of position k; 0: its probe slot is no longer (or not yet) its own. */
uint16_t window_status(const struct window *w, uint64_t k);

/*
 * Receive thread: the first position from k on that is done with, of those that have begun; end:
 * none before it.
 */
uint64_t window_next_done(const struct window *w, uint64_t k, uint64_t end);

/*
 * Receive thread: sets bits (WINDOW_DONE, an arm's WINDOW_ANSWERED). Returns the status before. The
 * send thread only WINDOW_UNKNOWN, of a position that is not done with.
 */
uint16_t window_mark(struct window *w, uint64_t k, uint16_t bits);

/* Receive thread: the first position that is not yet past the time-out of its last pass. */
uint64_t window_silent_until(struct window *w, uint64_t now_ns, uint64_t timeout_ns);

/*
 * Receive thread: frees probe slots: those of positions sent longer than keep_ns ago and, where the
 * ring runs short, all below tail; where they are not `needed` (nothing can answer) tail does not
 * hold them back either. Call after tail was moved.
 */
void window_recycle(struct window *w, uint64_t now_ns, uint64_t keep_ns, bool needed);

#endif
