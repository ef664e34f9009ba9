/*
 * rx_status: from the receive threads to the others. The targets are divided into as many parts as
 * there are receive threads: sender i belongs to part i mod n. Any thread takes packets of any
 * part; what a part owns is under its lock: its cookie cache, its rows, the tails and floors of its
 * windows, the producing side of its senders' rings. What all share is under another lock, which is
 * taken after a part's: rows, cookie file, what is left, requests of neighbours.
 */
#ifndef TFOMAP_RX_STATUS_H
#define TFOMAP_RX_STATUS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/stats.h"
#include "err.h"
#include "loss_log.h"

#define RECEIVERS_MAX 16u	/* shared.h */

struct rx_part {
	pthread_mutex_t lock;
	/* Under it; any thread reads what is atomic. */
	_Atomic bool cache_half_full;	/* the cookie cache: no new target is begun */
	_Atomic bool awaiting;		/* some position may still be answered in time */
	_Atomic bool teardowns_due;	/* connections that took data are to be closed */
	_Atomic uint32_t pending;	/* targets in the cookie cache; of these, */
	_Atomic uint32_t cookies;	/* those that gave a cookie, not counted in stats yet, */
	_Atomic uint32_t second_tests;	/* and those that wait for a second test, */
	_Atomic uint64_t second_test_ns;	/* the first of them until then; 0: none */
	struct loss_log losses;		/* as far as its clock of time-outs is */
	struct stats stats;		/* of what becomes of packets */
	char pad[64];
	/* Of the thread that has its number, which alone writes it. */
	_Atomic bool backlogged;	/* answers wait that may soon find no room */
	_Atomic uint64_t looked_ns;	/* when it last looked for answers; 0: not yet */
	_Atomic uint64_t read_ns;	/* what came to it by then was taken, of any part, and
					 * what was lost is known */
	struct stats reading;		/* of packets, before it is known whose they are */
	char pad_end[64];
};

struct rx_status {
	unsigned int n;			/* parts, and threads: 1..RECEIVERS_MAX, and no more than
					 * there are senders. Set before the threads start */
	struct rx_part part[RECEIVERS_MAX];
	/* The first thread's. */
	_Atomic bool output_full;	/* rows or files wait for whatever takes them */
	_Atomic bool finished;		/* every target has its row; its resets are in the rings */
	pthread_mutex_t lock;		/* of what all parts share */
	_Atomic bool full;		/* --max-results rows are written */
	_Atomic bool failed;		/* then err is set */
	struct err err;
	struct stats stats;		/* the sink's; and what is read of all others' with them */
};

/* ---- what all parts share: one thread alone needs no lock ------------------------------------ */

static inline void rx_lock(struct rx_status *rx)
{
	if (rx->n > 1)
		pthread_mutex_lock(&rx->lock);
}

static inline void rx_unlock(struct rx_status *rx)
{
	if (rx->n > 1)
		pthread_mutex_unlock(&rx->lock);
}

/* It has failed, as *e says; the first failure stands. Not under the lock. */
static inline void rx_fail(struct rx_status *rx, const struct err *e)
{
	rx_lock(rx);
	if (!atomic_load(&rx->failed)) {
		rx->err = *e;
		atomic_store(&rx->failed, true);
	}
	rx_unlock(rx);
}

/* No more rows are written. */
static inline bool rx_is_closed(const struct rx_status *rx)
{
	return atomic_load_explicit(&rx->full, memory_order_relaxed) || atomic_load(&rx->failed);
}

/* ---- of all parts, for any thread ------------------------------------------------------------ */

static inline bool rx_cache_half_full(const struct rx_status *rx)
{
	for (unsigned int i = 0; i < rx->n; i++)
		if (atomic_load_explicit(&rx->part[i].cache_half_full, memory_order_relaxed))
			return true;
	return false;
}

static inline bool rx_backlogged(const struct rx_status *rx)
{
	for (unsigned int i = 0; i < rx->n; i++)
		if (atomic_load_explicit(&rx->part[i].backlogged, memory_order_relaxed))
			return true;
	return false;
}

/* What is still to come, or to be done; as in struct rx_part. */
struct rx_due {
	bool awaiting, teardowns_due;
	uint32_t pending, cookies, second_tests;
	uint64_t second_test_ns;
};

static inline struct rx_due rx_due(const struct rx_status *rx)
{
	struct rx_due due = { .awaiting = false };

	for (unsigned int i = 0; i < rx->n; i++) {
		const struct rx_part *p = &rx->part[i];
		uint64_t ns = atomic_load_explicit(&p->second_test_ns, memory_order_relaxed);

		/* First: what they no longer say is pending, or in the rings, by then. */
		due.awaiting |= atomic_load(&p->awaiting);
		due.teardowns_due |= atomic_load(&p->teardowns_due);
		due.pending += atomic_load_explicit(&p->pending, memory_order_relaxed);
		due.cookies += atomic_load_explicit(&p->cookies, memory_order_relaxed);
		due.second_tests += atomic_load_explicit(&p->second_tests, memory_order_relaxed);
		if (ns && (!due.second_test_ns || ns < due.second_test_ns))
			due.second_test_ns = ns;
	}
	return due;
}

/* When the thread that is the longest without a look for answers had its last one; 0: none had. */
static inline uint64_t rx_looked_ns(const struct rx_status *rx)
{
	uint64_t oldest_ns = 0;

	for (unsigned int i = 0; i < rx->n; i++) {
		uint64_t ns = atomic_load_explicit(&rx->part[i].looked_ns, memory_order_relaxed);

		if (ns && (!oldest_ns || ns < oldest_ns))
			oldest_ns = ns;
	}
	return oldest_ns;
}

/* What came by then was taken, by all threads; 0: not all have begun. */
static inline uint64_t rx_read_ns(const struct rx_status *rx)
{
	uint64_t ns = UINT64_MAX;

	for (unsigned int i = 0; i < rx->n; i++) {
		uint64_t read_ns = atomic_load_explicit(&rx->part[i].read_ns,
							memory_order_acquire);

		ns = read_ns < ns ? read_ns : ns;
	}
	return ns;
}

#endif
