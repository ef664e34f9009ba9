/*
 * watch: main while a scan runs: takes signals, decides when it is over, follows the gateways, and
 * says how it goes: status line and file.
 */
#ifndef TFOMAP_WATCH_H
#define TFOMAP_WATCH_H

struct scan;

/* Until the scan is over or has to end: then s->control.stop is STOP_OVER or STOP_NOW. */
void watch_run(struct scan *sc);

/* The status file's last row, after all threads have ended. */
void watch_record_last(struct scan *sc);

#endif
