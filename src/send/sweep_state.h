/*
 * sweep_state: inside of sweep: what a send thread's modules have in common, and how the common
 * loop calls the driver of its sweep.
 */
#ifndef TFOMAP_SWEEP_STATE_H
#define TFOMAP_SWEEP_STATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "send/backpressure.h"
#include "send/batch.h"
#include "send/budget.h"
#include "window_status.h"

struct facts;
struct ring;
struct sender;
struct shared;
struct sweep;

#define SWEEP_AHEAD	16	/* positions whose targets are worked out in one go */

/*
 * Who makes the SYNs of the sweep's positions: this thread, batch by batch (sweep_frames), or the
 * engine's own sweeper, which this thread grants credit and follows (sweep_kernel). Chosen once,
 * when the thread starts. A call other than fill, follow and refused may be NULL: nothing is to be
 * done then.
 */
struct sweep_driver {
	uint32_t burst;			/* packets that may go in one turn */
	uint64_t nap_ns;		/* with no frame to send: look again after this */
	size_t own_len;			/* of w->own, which is all zero at first */
	/* How many of n frames the engine takes now; NULL: it takes all. */
	unsigned int (*room)(struct sweep *w, unsigned int n);
	/* Adds frames that the engine took and hands back, until the batch has max. */
	void (*retake)(struct sweep *w, unsigned int max);
	/*
	 * Adds SYNs of the sweep, as far as back-pressure allows, so that max packets go in
	 * this turn, those of the batch among them. Returns how many go beside the batch, or
	 * -errno: the engine is broken.
	 */
	int (*fill)(struct sweep *w, uint32_t max, uint64_t now_ns);
	/*
	 * After sending: w->at, w->done and w->nwaiting as they are now. True: SYNs have left
	 * beside the batch.
	 */
	bool (*follow)(struct sweep *w, uint64_t now_ns);
	/* The engine took a part of the batch. */
	void (*sent)(struct sweep *w, uint64_t now_ns);
	/* The batch's frames from `from` on are handed to the engine once more, now. */
	void (*refused)(struct sweep *w, unsigned int from, uint64_t now_ns);
	/* A family's frames go to w->gateway[v6] from here on. */
	void (*redirect)(struct sweep *w, bool v6);
	/* No SYN of the sweep from here on; returns when that is so. May be called again. */
	void (*stop)(struct sweep *w);
};

struct sweep {
	struct shared *s;
	const struct facts *facts;	/* these are s's, too, for short: */
	struct sender *sender;
	unsigned int number, nsenders;	/* of the sender; of all */
	struct ring *requests;		/* of neighbours; NULL: none for this sender */
	_Atomic uint64_t *stamps;	/* of follow-ups */
	const struct tx_ops *tx;
	void *tx_state;
	const struct sweep_driver *driver;
	void *own;			/* the driver's */
	struct budget budget;
	struct backpressure pressure;
	uint64_t at[WINDOW_PASSES_MAX];	/* next position of each pass; [0] the head */
	uint64_t done[WINDOW_PASSES_MAX];	/* positions below are done with, of each pass */
	uint64_t nwaiting;		/* positions below `at` that are still to be sent */
	uint32_t gateway_changes[2];	/* that are followed: IPv4, IPv6; then */
	uint8_t gateway[2][6];		/* frames go there */
	uint64_t ahead[SWEEP_AHEAD], ahead_first;	/* targets of positions ahead_first.. */
	unsigned int n_ahead;
	uint64_t refused_ns;		/* for how long the engine has taken nothing, */
	uint64_t refused_from_ns;	/* and since when */
	unsigned int nreplies;		/* to neighbours, in the batch */
	struct batch batch;
};

#endif
