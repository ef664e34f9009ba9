/* rx_status: from the receive thread, which alone writes it, to the others. */
#ifndef TFOMAP_RX_STATUS_H
#define TFOMAP_RX_STATUS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/stats.h"
#include "err.h"
#include "loss_log.h"

struct rx_status {
	/* Back-pressure: while one of these is set, no new target is begun. */
	_Atomic bool cache_half_full;	/* the cookie cache */
	_Atomic bool backlogged;	/* answers wait that may soon find no room */
	_Atomic bool output_full;	/* rows or files wait for whatever takes them */
	_Atomic uint64_t looked_ns;	/* when it last looked for answers; 0: not yet */
	_Atomic uint32_t pending;	/* targets in the cookie cache; of these, */
	_Atomic uint32_t cookies;	/* those that gave a cookie, not counted in stats yet, */
	_Atomic uint32_t second_tests;	/* and those that wait for a second test, */
	_Atomic uint64_t second_test_ns;	/* the first of them until then */
	_Atomic bool awaiting;		/* some position may still be answered in time */
	_Atomic bool teardowns_due;	/* connections that took data are to be closed */
	_Atomic bool finished;		/* every target has its row; its resets are in the rings */
	_Atomic bool full;		/* --max-results rows are written */
	_Atomic bool failed;		/* then err is set */
	struct err err;
	struct loss_log losses;		/* its own: as far as its clock of time-outs is */
	struct stats stats;		/* its own; and what is read of all others' with them */
};

#endif
