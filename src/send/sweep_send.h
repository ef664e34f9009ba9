/*
 * sweep_send: the send thread's batch into the engine's hands. What the engine refuses is tried
 * again with back-off; only what it took counts as sent.
 */
#ifndef TFOMAP_SWEEP_SEND_H
#define TFOMAP_SWEEP_SEND_H

#include <stdbool.h>
#include <stdint.h>

struct sweep;

/*
 * Sends the batch, filled at now_ns, however long the engine refuses it. False: the engine is
 * broken, or there is no time left to try again: then what was not sent is given up.
 */
bool sweep_send(struct sweep *w, uint64_t now_ns);

/* Frames of the batch from `from` on are not sent: that nobody answers them proves nothing. */
void sweep_give_up(struct sweep *w, unsigned int from);

/* The engine is broken, as -errno says: ends in the sender's failed and err. */
void sweep_fail(struct sweep *w, int rc);

#endif
