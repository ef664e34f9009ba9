/*
 * rx: the receive thread. Packets are parsed, validated and taken as evidence; what is due goes to
 * the send thread, what is known goes out as rows. It alone owns the cookie cache, the rows and
 * the window's tail and floor.
 */
#ifndef TFOMAP_RX_H
#define TFOMAP_RX_H

#include "output/sink.h"
#include "state/shared.h"
#include "wire/rx_source.h"

struct arrival;
struct cookiefile;
struct packet;
struct rx;

/*
 * cookie_log: where cookies got are appended, NULL: none. It, what *in stands for, and
 * sink stay the caller's. 0, or -ENOMEM with a message.
 */
int rx_new(struct rx **out, struct shared *s, const struct rx_in *in, struct sink *sink,
	   struct cookiefile *cookie_log, struct err *e);
void rx_free(struct rx *rx);

/*
 * Receives until main says STOP_OVER or STOP_NOW, or --max-results is reached. Then all rows that
 * are still due are written (STOP_NOW: left). A failure ends in s->rx.failed and s->rx.err.
 */
void rx_run(struct rx *rx);

/* The same from a capture file, whose packets are the clock; returns at its end. */
void rx_run_file(struct rx *rx);

/* Before the threads start, where a checkpoint is wanted: how far the run is. */
void rx_save_progress(struct rx *rx);

/*
 * Whose packet it is: reads the IP packet of len bytes into *p and *a, which live as long as the
 * bytes; a->ns is the caller's to set. False: to or of no probe of ours, and counted; then
 * a->fault and a->m.class say why.
 */
bool rx_recognise(struct shared *s, const uint8_t *ip, size_t len, struct packet *p,
		  struct arrival *a);

/*
 * After all threads have ended, once: counts the targets that were started and are neither known
 * to be silent nor have a row (STAT_unfinished).
 */
void rx_count_unfinished(struct rx *rx);

#endif
