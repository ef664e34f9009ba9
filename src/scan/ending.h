/* ending: how a run ends: threads, files, what is said of losses, the metadata. Main thread. */
#ifndef TFOMAP_ENDING_H
#define TFOMAP_ENDING_H

#include <pthread.h>

struct err;
struct scan;

/* Closes all that is open, but sc->rx; the first failure is returned with its message. */
int ending_close(struct scan *sc, struct err *e);

/* Waits for a thread. After a second signal one that does not end is abandoned: sc->stuck. */
void ending_join(struct scan *sc, pthread_t thread);

/*
 * After all threads have ended: waits for whatever takes rows and files, or leaves them, closes,
 * says what was lost, and writes the metadata. The result of the run is in its facts and *e.
 */
void ending_conclude(struct scan *sc, struct err *e);

/*
 * A run that ends before it began, with that status, when its metadata say that it is running: now
 * they say that it failed.
 */
void ending_abandon(struct scan *sc, int status);

/* Writes the metadata, where they are asked for, as they are now. 0, or -errno with a message. */
int ending_write_metadata(struct scan *sc, struct err *e);

#endif
