/*
 * sweep: the send thread. Follow-ups first, then the retries that are due, then new targets, all
 * from one token bucket.
 */
#ifndef TFOMAP_SWEEP_H
#define TFOMAP_SWEEP_H

#include "shared.h"
#include "tx.h"

/*
 * Sends until main says STOP_OVER; from STOP_SENDING on only clean-up.
 * The engine is open and stays open. A broken engine ends in s->tx_failed and s->tx_err.
 */
void sweep_run(struct shared *s, const struct tx_ops *tx, void *tx_state);

#endif
