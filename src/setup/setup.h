/*
 * setup: from the configuration to all that a scan stands on: targets, order, keys, sizes, the
 * network. Nothing is sent here but what finds a neighbour on the local link.
 */
#ifndef TFOMAP_SETUP_H
#define TFOMAP_SETUP_H

#include "setup/setup_state.h"

/*
 * Loads and resolves; the file of --rx needs no network. r: of --checkpoint, outlives su. 0, or
 * -errno with a message: then *status is the exit status (1: input; 2: network).
 */
int setup_init(struct setup *su, const struct config *c, struct resume *r, int *status,
	       struct err *e);

/*
 * Of a run that is over: that it was of these targets. su is not set up. 0, or -errno with a
 * message.
 */
int setup_check_targets(struct setup *su, const struct config *c, struct resume *r, struct err *e);

void setup_free(struct setup *su);

#endif
