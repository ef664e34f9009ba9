/* reached: by which interface the targets are reached, and which of them are not. Main thread. */
#ifndef TFOMAP_SETUP_REACHED_H
#define TFOMAP_SETUP_REACHED_H

struct err;
struct routes;

/*
 * Before the targets are put in order. All packets leave by one interface, those of a family to one
 * gateway: finds r's interface and routes, and leaves out of the targets this host's own addresses,
 * which nothing that leaves comes to, and a family, or what is not on the local link, where no
 * route leads; that is counted and said. 0, or -errno with a message: then nothing can be scanned.
 */
int reached_find_routes(struct routes *r, struct err *e);

#endif
