/* neigh_cache: what the kernel knows of neighbours. */
#ifndef TFOMAP_NEIGH_CACHE_H
#define TFOMAP_NEIGH_CACHE_H

#include "net/neigh.h"

struct err;
struct nlmsghdr;

/* What a message of the kernel says of a neighbour on an interface. NEIGH_UNKNOWN: nothing. */
enum neigh_trust neigh_read_message(const struct nlmsghdr *nlh, int ifindex, struct neighbour *out);

/* From the kernel's neighbour cache of an interface. 0, or -errno with a message. */
int neigh_read_cache(struct neigh *n, int ifindex, struct err *e);

#endif
