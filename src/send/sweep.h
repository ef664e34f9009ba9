/*
 * sweep: a send thread. Follow-ups first, then the retries that are due, then new targets, all
 * from one token bucket. Each sender has its thread, its engine and its share of the rate.
 */
#ifndef TFOMAP_SWEEP_H
#define TFOMAP_SWEEP_H

#include "state/shared.h"
#include "wire/tx.h"

/*
 * Sends a sender's part until main says STOP_OVER; from STOP_SENDING on only clean-up. The engine
 * is open and stays open. A broken engine ends in the sender's failed and err.
 */
void sweep_run(struct shared *s, unsigned int sender, const struct tx_ops *tx, void *tx_state);

#endif
