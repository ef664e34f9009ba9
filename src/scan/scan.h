/* scan: a run from set-up to exit status: opens, starts the threads, watches, ends. Main thread. */
#ifndef TFOMAP_SCAN_H
#define TFOMAP_SCAN_H

#include <stdbool.h>

#include "state/exit_reason.h"

struct config;
struct err;

/*
 * Whether a thread of the scan was abandoned, which may still read the configuration: then
 * that must stay.
 */
bool scan_uses_config(void);

/* Runs the scan. Returns the exit status; 1, 2 and 3 come with a message. */
int scan_run(const struct config *c, struct err *e);

/*
 * With --expect, once scan_run() has returned that status, or e says why nothing was run: prints
 * the line for monitoring to standard output. Returns the exit status that takes the scan's place.
 */
int scan_report_expected(int status, struct err *e);

#endif
