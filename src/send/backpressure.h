/*
 * backpressure: why a send thread has to wait with probes, and how often it had to. Send thread
 * only.
 */
#ifndef TFOMAP_BACKPRESSURE_H
#define TFOMAP_BACKPRESSURE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct rx_status;
struct stats;
struct writer;

enum pressure {
	PRESSURE_GATEWAY,		/* it is silent */
	PRESSURE_OUTPUT,		/* rows or files wait for whatever takes them */
	PRESSURE_CACHE,			/* the cookie cache is half full */
	PRESSURE_RECEIVER,		/* a receive thread has no time, or too much to do */
	PRESSURE_WINDOW,		/* no probe slot is free */
	PRESSURES
};

/* What it looks at, and where waits are counted: not its own. */
struct backpressure {
	const _Atomic bool *gateway_silent;
	const struct rx_status *rx;
	const struct writer *capture;	/* of --save-pcap; NULL: none */
	struct stats *stats;
	bool on[PRESSURES];
	bool stops_probes;		/* nothing may go out that brings rows */
	bool stops_new;			/* no target may be begun; PRESSURE_WINDOW is apart */
};

/* Looks at all of them but PRESSURE_WINDOW. */
void backpressure_look(struct backpressure *b, uint64_t now_ns);

/* Sets one, and counts it once, however long it lasts. Returns on. */
bool backpressure_set(struct backpressure *b, enum pressure p, bool on);

#endif
