/*
 * engines: what sends and what receives is opened; what was chosen for its speed (auto) gives way
 * where it does not run. Main thread.
 */
#ifndef TFOMAP_ENGINES_H
#define TFOMAP_ENGINES_H

struct err;
struct scan;

/* One engine a send thread, by setup's choice. 0, or -errno with a message. */
int engines_open_senders(struct scan *sc, struct err *e);

/* Likewise what answers come from, into sc->in. */
int engines_open_receiver(struct scan *sc, struct err *e);

#endif
