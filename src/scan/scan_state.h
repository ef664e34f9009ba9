/* scan_state: inside of scan: the one run of the process. Main thread, but what its parts say. */
#ifndef TFOMAP_SCAN_STATE_H
#define TFOMAP_SCAN_STATE_H

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "hitrate.h"
#include "net/outage.h"
#include "output/status.h"
#include "setup/setup.h"
#include "wire/rx_source.h"

struct capfile;
struct cookiefile;
struct err;
struct gateways;
struct rx;
struct sink;
struct statusfile;

struct scan {
	const struct config *c;
	struct setup setup;
	void *tx_state[SENDERS_MAX];	/* each send thread's */
	struct rx_in in;
	struct gateways *gateways;	/* NULL: none is followed */
	struct sink *sink;
	struct cookiefile *cookie_log;
	struct capfile *capture;
	struct statusfile *status_file;	/* NULL: not asked for */
	uint64_t recorded_ns;		/* the second that its last row is for */
	struct rx *rx;
	uint64_t start_ns;
	struct hitrate hitrate;
	struct outage outage;
	struct status_moment shown;	/* the status line before */
	sigset_t signals;		/* that ask to stop */
	unsigned int asked;		/* how often they did */
	bool ending;			/* nothing is sent or received any more */
	bool stuck;			/* a thread that does not end uses all this */
};

/* What a signal, a limit or a failure asks for; the first reason stays. */
void scan_ask_stop(struct scan *sc, enum stop level, const char *reason, int status);

/* Looks for a signal, wait_ns at most, and does what it asks for. */
void scan_take_signal(struct scan *sc, uint64_t wait_ns);

/* What is known now, for line and row. */
struct status_moment scan_status(const struct scan *sc, uint64_t now_ns);

/* ---- ending.c ---- */

/* Closes the send engines; as ending_close(). */
int ending_close_engine(struct scan *sc, struct err *e);

/* Closes all; the first failure is returned with its message. */
int ending_close(struct scan *sc, struct err *e);

/* Waits for a thread. Asked to leave at once, one that does not end is left behind. */
void ending_join(struct scan *sc, pthread_t thread);

/*
 * After all threads have ended: waits for whatever takes rows and files, or leaves them, closes,
 * says what was lost, and writes the metadata. The result of the run is in its facts and *e.
 */
void ending_conclude(struct scan *sc, struct err *e);

/* Writes the metadata as they are now: while it runs, only over what is a file, or nothing yet. */
int ending_write_metadata(struct scan *sc, struct err *e);

#endif
