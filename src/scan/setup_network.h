/*
 * setup_network: the way to the targets: interface, source addresses, link header, and who takes
 * the frames.
 */
#ifndef TFOMAP_SETUP_NETWORK_H
#define TFOMAP_SETUP_NETWORK_H

#include "scan/setup.h"
#include "scan/setup_network_link.h"

/*
 * With su's targets there, and before their order is made: finds the ways to them, and leaves out
 * those that none leads to. What fails is told by network_init(). network_close() in any case.
 */
void network_open(struct network *n, struct setup *su, const struct config *c);
void network_close(struct network *n);

/*
 * With the order there: fills in what of su the network tells: interface, sources, the packets'
 * templates. 0, or -errno with a message that says what to try.
 */
int network_init(struct network *n, struct err *e);

#endif
