/*
 * sendlog: when each position of the sweep was sent, as (first position, time) per batch: the
 * round-trip time without a bit of the packet, to one batch or SENDLOG_GRAIN_NS. One writer, any
 * readers; the oldest entries are written over. Its memory may be shared with an in-kernel program
 * that writes it: then plain fixed-width integers, no pointers.
 */
#ifndef TFOMAP_SENDLOG_H
#define TFOMAP_SENDLOG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* The finest grain, so that memory is bounded by time, not by the rate. */
#define SENDLOG_GRAIN_NS 50000ull

struct sendlog_entry {
	_Atomic uint64_t first, ns;
};

struct sendlog_block {
	_Atomic uint64_t n;		/* entries written so far */
	uint64_t pad;
	struct sendlog_entry v[];
};

/* What a block of that capacity takes, bytes. */
#define SENDLOG_BLOCK_LEN(capacity) \
	(sizeof(struct sendlog_block) + (capacity) * sizeof(struct sendlog_entry))

struct sendlog {
	struct sendlog_block *block;
	bool owned;			/* block is heap */
	uint64_t mask;
	uint64_t grain_ns;		/* batches closer than this share an entry */
};

/*
 * capacity: a power of two, 128 at least. keep_ns: how long an entry must last; where the capacity
 * is small for that, the grain is coarser. 0 or -ENOMEM.
 */
int sendlog_init(struct sendlog *l, uint32_t capacity, uint64_t keep_ns);
void sendlog_free(struct sendlog *l);

/* Before anything was written: it goes on in memory of the caller's, zero, which outlives it. */
void sendlog_move(struct sendlog *l, struct sendlog_block *block);

/* Writer: positions from first on were sent at ns (> 0). Neither may go back. */
void sendlog_add(struct sendlog *l, uint64_t first, uint64_t ns);

/* When position k was sent; 0: before what the log holds (or k was not sent). */
uint64_t sendlog_time(const struct sendlog *l, uint64_t k);

/*
 * The first position below end that was not sent by ns: all positions before it were, or were
 * skipped. end: positions that the log is known to have (read before the call). *pos: where the
 * last call stopped, 0 at first; ns must not go back from call to call. 0: the reader is too late
 * for what the log holds, and cannot know yet.
 */
uint64_t sendlog_until(const struct sendlog *l, uint64_t *pos, uint64_t ns, uint64_t end);

#endif
