/* stop: what ends a scan before its time: signals, limits, failures. Main thread. */
#ifndef TFOMAP_STOP_H
#define TFOMAP_STOP_H

#include <signal.h>
#include <stdint.h>

#include "state/exit_reason.h"
#include "state/control.h"

struct scan;

/*
 * How long signals are waited for at once, at most; the rest of what main looks at has to wait
 * meanwhile.
 */
#define STOP_LOOK_NS 20000000ull

/* The signals that ask to stop: SIGINT, SIGTERM, and SIGHUP where it is not ignored. */
void stop_list_signals(sigset_t *signals);

/* Before the threads start, which inherit it: those signals are main's. */
void stop_block_signals(struct scan *sc);

/* What a signal, a limit or a failure asks for; the first reason stays, with its exit status. */
void stop_request(struct scan *sc, enum stop level, enum exit_reason reason);

/* Waits for a signal, wait_ns at most, and acts on it. */
void stop_take_signal(struct scan *sc, uint64_t wait_ns);

#endif
