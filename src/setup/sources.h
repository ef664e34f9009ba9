/* sources: the source addresses of the scan, and whether the user's can be. Main thread. */
#ifndef TFOMAP_SETUP_SOURCES_H
#define TFOMAP_SETUP_SOURCES_H

struct err;
struct routes;

/*
 * With interface and gateways known: fills r->sources: those that the user names, unless they are
 * another host's, as far as the routes and the targets say; else the kernel's choice. 0, or -errno
 * with a message.
 */
int sources_choose(struct routes *r, struct err *e);

#endif
