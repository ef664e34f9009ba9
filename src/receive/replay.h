/*
 * replay: reading a saved capture: what its packets show of what was sent is noted where else the
 * send thread notes it. Receive thread.
 */
#ifndef TFOMAP_REPLAY_H
#define TFOMAP_REPLAY_H

#include <stdbool.h>

struct arrival;
struct cookies;
struct shared;

struct replay {
	struct shared *s;
	struct cookies *cookies;
	bool saw_sent;			/* the capture has what was sent */
};

/* Our own SYN. */
void replay_sent(struct replay *r, const struct arrival *a);

/* Where the capture lacks what was sent: an answer shows that its probe was. */
void replay_answered(const struct replay *r, const struct arrival *a);

/* After a packet: what became due was sent then; it comes in the capture, or was never sent. */
void replay_forget_due(const struct replay *r);

#endif
