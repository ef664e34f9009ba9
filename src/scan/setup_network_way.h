/*
 * setup_network_way: inside of setup_network: by which interface the targets are reached, and which
 * are not: those are left out, counted and said.
 */
#ifndef TFOMAP_SETUP_NETWORK_WAY_H
#define TFOMAP_SETUP_NETWORK_WAY_H

#include "scan/setup.h"
#include "scan/setup_network_link.h"

/*
 * Before the order is made. All packets leave by one interface, those of a family to one gateway:
 * finds n's interface and ways, and leaves out of the targets this host's own addresses, which
 * nothing that leaves comes to, and a family, or what is not on the local link, where no route
 * leads. 0, or -errno with a message: then nothing can be scanned.
 */
int network_find_ways(struct network *n, struct err *e);

#endif
