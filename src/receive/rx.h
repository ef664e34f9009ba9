/*
 * rx: the receive threads. Packets are parsed, validated and taken as evidence; what is due goes to
 * the send threads, what is known goes out as rows. Each thread reads from a source of its own, and
 * takes what it reads for the part (rx_status.h) that it is of; the first one does what is of all.
 */
#ifndef TFOMAP_RX_H
#define TFOMAP_RX_H

#include "output/sink.h"
#include "state/shared.h"
#include "wire/rx_source.h"

struct cookiefile;
struct rx;

/*
 * in: a source for each of s->rx.n threads. cookie_log: where cookies got are appended, NULL: none.
 * It, what in[] stands for, and sink stay the caller's. 0, or -ENOMEM with a message.
 */
int rx_new(struct rx **out, struct shared *s, const struct rx_in in[], struct sink *sink,
	   struct cookiefile *cookie_log, struct err *e);
void rx_free(struct rx *rx);

/*
 * The first receive thread, which starts the others and waits for them: receives until main says
 * STOP_OVER or STOP_NOW, or --max-results is reached. Then all rows that are still due are written
 * (STOP_NOW: left). A failure ends in s->rx.failed and s->rx.err.
 */
void rx_run(struct rx *rx);

/* The same from a capture file, whose packets are the clock; returns at its end. One thread. */
void rx_run_file(struct rx *rx);

/* Before the threads start, where a checkpoint is wanted: how far the run is. */
void rx_save_progress(struct rx *rx);

/*
 * After all threads have ended, once: counts the targets that were started and are neither known
 * to be silent nor have a row (STAT_unfinished).
 */
void rx_count_unfinished(struct rx *rx);

#endif
