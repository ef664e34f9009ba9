/*
 * sweep_fill: makes the frames that a send thread sends, into its batch. Each goes to its neighbour
 * on the local link, or to the gateway; what has no neighbour is counted instead. The batch gets at
 * most max frames in all.
 */
#ifndef TFOMAP_SWEEP_FILL_H
#define TFOMAP_SWEEP_FILL_H

#include <stdint.h>

struct sweep;

/* The SYN of a pass at position k of the sender; max: TX_BATCH. */
void sweep_add_pos(struct sweep *w, uint64_t k, unsigned int pass);

/* What other threads ask for: probes beyond the sweep's, RSTs and ACKs, replies to neighbours. */
void sweep_add_followups(struct sweep *w, unsigned int max);
void sweep_add_teardowns(struct sweep *w, unsigned int max);
void sweep_add_replies(struct sweep *w, unsigned int max);

#endif
