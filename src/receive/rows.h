/*
 * rows: what is known goes to the sink: the row of a target, of a silent one, of a reply; and each
 * target has one. Under the part's lock.
 */
#ifndef TFOMAP_ROWS_H
#define TFOMAP_ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include "output/result.h"
#include "receive/arrival.h"
#include "target.h"

struct entry;
struct rx_part;
struct shared;
struct sink;
struct sink_pen;

/* The row of position k is about to be written. */
typedef void rows_look_fn(void *arg, uint64_t k, const struct evidence *ev);

struct rows {
	struct shared *s;
	struct rx_part *part;
	struct sink *sink;		/* the caller's, as is */
	struct sink_pen *pen;		/* what rows are drawn with; NULL: the sink's own */
	bool waits;			/* it has some that are not written yet */
	rows_look_fn *look;		/* NULL: nobody looks on */
	void *look_arg;
	struct target_extra extra;	/* too large for a stack frame */
};

/* What was drawn and waits is written. Before the part's lock is let go of. */
void rows_write(struct rows *r);

/* --max-results rows are written: no more of them. */
bool rows_full(const struct rows *r);

/* Sets bits of position k in its window, where that still knows it. */
void rows_mark(const struct rows *r, uint64_t k, uint16_t bits);

/* The row of position k, target x; where there may be no more it is unfinished. */
void rows_target(struct rows *r, uint64_t k, uint64_t x, const struct evidence *ev);

/* Position k gets no row: it is unfinished, and to be asked when the run goes on. */
void rows_leave(struct shared *s, uint64_t k);

/* That of an entry; where there may be no more it is unfinished. */
void rows_entry(struct rows *r, const struct entry *en);

/*
 * That of position k, which never answered; where its silence proves nothing it is unfinished.
 */
void rows_silent(struct rows *r, uint64_t k);

/* f: the probe's flow, which may be of another attempt; sent_ns: of the one answered. */
void rows_reply(struct rows *r, const struct arrival *a, const struct flow *f, uint64_t sent_ns,
		const struct reply *reply, enum result_repeat repeat, bool late);

#endif
