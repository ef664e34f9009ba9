/*
 * setup_network_source: inside of setup_network: source addresses of the user's that this host does
 * not own.
 */
#ifndef TFOMAP_SETUP_NETWORK_SOURCE_H
#define TFOMAP_SETUP_NETWORK_SOURCE_H

#include "scan/setup.h"
#include "scan/setup_network_link.h"

/* 127.0.0.0/8, ::1: the kernel knows no other link for them. */
bool network_is_loopback(struct addr a);

/*
 * Refuses what can be no source of this scan: another host's, as far as the routes and the targets
 * tell. Interface and gateways are known. 0, or -errno with a message.
 */
int network_check_source(const struct network *n, struct addr a, bool owned, struct err *e);

/*
 * What this host does not own is answered for on a link that has neighbours, if nobody there has
 * it: they are asked first. 0, or -errno with a message.
 */
int network_proxy_sources(struct network *n, struct err *e);

#endif
