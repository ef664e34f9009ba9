/*
 * setup_network: the way to the targets: interface, source addresses, link header, and who takes
 * the frames.
 */
#ifndef TFOMAP_SETUP_NETWORK_H
#define TFOMAP_SETUP_NETWORK_H

#include "setup.h"

/*
 * Fills in what of su the network tells: interface, sources, the packets' templates. su's targets
 * and order are there. 0, or -errno with a message that says what to try.
 */
int network_init(struct setup *su, const struct config *c, struct err *e);

#endif
