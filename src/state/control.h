/* control: from the main thread, which alone writes it, to the others. */
#ifndef TFOMAP_CONTROL_H
#define TFOMAP_CONTROL_H

#include <stdatomic.h>

#include "base/stats.h"
#include "net/gateway_status.h"

/*
 * How far the end has come: on; no more probes, answers are awaited; over, all rows are written;
 * leave at once, rows that are not whole are not written.
 */
enum stop { STOP_NOT, STOP_SENDING, STOP_OVER, STOP_NOW };

struct control {
	_Atomic int stop;		/* enum stop */
	struct gateway_status gateway;
	struct stats stats;
};

#endif
