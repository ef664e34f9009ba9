/*
 * deferred: SYNs of the sweep that the engine's sweeper could not send when it came to them. Its
 * send logs say when they were made; so they count as not done until they were sent as frames and
 * had their time-out. All zero: there are none. Send thread only.
 */
#ifndef TFOMAP_DEFERRED_H
#define TFOMAP_DEFERRED_H

#include <stdbool.h>
#include <stdint.h>

#include "window_status.h"

struct window;

struct deferred {
	bool any;
	uint64_t from[WINDOW_PASSES_MAX];	/* of each pass this position and later ones, */
	uint64_t until_ns;		/* until then; UINT64_MAX: they were not sent yet */
};

/* That SYN is deferred: what the window says to be done of its pass goes back to there. */
void deferred_add(struct deferred *d, struct window *win, uint64_t pos, unsigned int pass);

/* They are being sent; until_ns: when the last of them has had its time-out. */
void deferred_sent(struct deferred *d, uint64_t until_ns);

/* Whoever was sent has had its time-out at now_ns, if all have. Nothing of it waits any more. */
void deferred_expire(struct deferred *d, uint64_t now_ns);

/* How much of a pass is done that has come to position `pos`. */
uint64_t deferred_done(const struct deferred *d, unsigned int pass, uint64_t pos);

#endif
