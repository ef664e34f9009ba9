/* capture_scan: what a saved capture has in it, before it is read as answers. Main thread. */
#ifndef TFOMAP_CAPTURE_SCAN_H
#define TFOMAP_CAPTURE_SCAN_H

#include <stdbool.h>

struct config;
struct err;
struct targetlist;

/* Whether SYNs from our ports are in c's --rx file: then it tells what stayed silent. 0, -errno. */
int capture_has_sent(const struct config *c, bool *has_sent, struct err *e);

/*
 * Adds who was sent something from our ports, or sent something to them: more than the targets
 * there may be, never less. 0, or -errno with a message.
 */
int capture_list_targets(const struct config *c, struct targetlist *l, struct err *e);

#endif
