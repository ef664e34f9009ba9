/*
 * sweep: a send thread. Follow-ups first, then the retries that are due, then new targets, all
 * from one token bucket. Each sender has its thread, its engine and its share of the rate.
 */
#ifndef TFOMAP_SWEEP_H
#define TFOMAP_SWEEP_H

#include <stdint.h>

struct shared;
struct sweep;
struct tx_ops;

/*
 * Sends a sender's part until main says STOP_OVER; from STOP_SENDING on only segments and replies
 * to neighbours. The engine is open and stays open. A broken engine ends in the sender's failed and
 * err.
 */
void sweep_run(struct shared *s, unsigned int sender, const struct tx_ops *tx, void *tx_state);

/* What sweep_run() works with, at now_ns; NULL: out of memory. */
struct sweep *sweep_new(struct shared *s, unsigned int sender, const struct tx_ops *tx,
			void *tx_state, uint64_t now_ns);
void sweep_free(struct sweep *w);

#endif
