/*
 * sweep: a send thread. Follow-ups first, then the retries that are due, then new targets, all
 * from one token bucket. Each lane has its thread, its engine and its share of the rate.
 */
#ifndef TFOMAP_SWEEP_H
#define TFOMAP_SWEEP_H

#include "shared.h"
#include "tx.h"

/*
 * Sends a lane's part until main says STOP_OVER; from STOP_SENDING on only clean-up. The engine is
 * open and stays open. A broken engine ends in the lane's failed and err.
 */
void sweep_run(struct shared *s, unsigned int lane, const struct tx_ops *tx, void *tx_state);

#endif
