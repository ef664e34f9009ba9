/* scan_state: inside of scan: the one run of the process. Main thread, but what its parts say. */
#ifndef TFOMAP_SCAN_STATE_H
#define TFOMAP_SCAN_STATE_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "hitrate.h"
#include "net/outage.h"
#include "output/expect.h"
#include "records/status.h"
#include "scan/waited.h"
#include "wire/rx_source.h"

struct capfile;
struct control;
struct cookiefile;
struct gateways;
struct metadata_file;
struct run_facts;
struct rx;
struct saver;
struct setup;
struct shared;
struct sink;
struct statusfile;
struct targets;
struct tx_ops;

struct scan {
	const struct config *c;
	/* Of setup: */
	struct setup *setup;
	struct shared *s;
	struct control *control;	/* s->control */
	struct run_facts *run;
	const struct targets *targets;
	/* What is open: */
	const struct tx_ops *tx;	/* whose tx_state are */
	void *tx_state[CONFIG_THREADS_MAX];	/* each send thread's; NULL: not open */
	struct rx_in in[CONFIG_THREADS_MAX];	/* each receive thread's */
	struct gateways *gateways;	/* NULL: none is followed */
	struct sink *sink;
	struct cookiefile *cookie_log;
	struct capfile *capture;
	struct statusfile *status_file;	/* NULL: none */
	struct metadata_file *metadata;	/* likewise */
	struct rx *rx;
	struct saver *saver;		/* NULL: no checkpoint */
	/* How it goes: */
	struct expect expect;		/* of --expect */
	uint64_t start_ns;
	uint64_t earlier_ns;		/* so long the run's earlier parts took */
	uint64_t recorded_ns;		/* the second that the status file's last row is for */
	struct hitrate hitrate;
	struct outage outage;
	struct waited rows_waited;	/* whatever takes rows */
	struct status_moment shown;	/* the status line before */
	sigset_t signals;		/* SIGINT, SIGTERM */
	unsigned int interrupts;	/* how often they did */
	bool ending;			/* nothing is sent or received any more */
	bool stuck;			/* a thread that does not end uses all this */
};

#endif
