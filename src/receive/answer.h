/*
 * answer: what a validated answer means for its target: its row at once, or an entry in the cookie
 * cache where something more is due. Counts it, shows it as a reply row, keeps its cookie, and has
 * reset what it opened. Under the part's lock.
 */
#ifndef TFOMAP_ANSWER_H
#define TFOMAP_ANSWER_H

#include "receive/arrival.h"
#include "receive/cookies.h"
#include "receive/rows.h"

struct cookiefile;
struct err;
struct rx_part;
struct trace;

struct answers {
	struct shared *s;
	struct rx_part *part;
	struct cookiefile *cookie_log;	/* where cookies got are appended; NULL: none */
	struct cookies cookies;
	struct rows rows;
	struct trace *trace;		/* NULL: no trace */
};

/* Of a part; sink and cookie_log stay the caller's. 0, or -ENOMEM with a message. */
int answers_init(struct answers *an, struct shared *s, unsigned int part, struct sink *sink,
		 struct cookiefile *cookie_log, struct err *e);
void answers_free(struct answers *an);

/* Traces (trace.h) what comes and what becomes of it. The trace stays the caller's. */
void answers_trace(struct answers *an, struct trace *t);

/*
 * A SYN/ACK, RST, ICMP error or data segment that answers a probe of ours, and that
 * answers_refuse() does not refuse.
 */
void answers_take(struct answers *an, struct arrival *a);

/*
 * True: it is a RST without ACK that ends no connection which is carried on: it proves nothing, and
 * is counted.
 */
bool answers_refuse(struct answers *an, struct arrival *a);

/* The same once no more rows are written: but what a SYN/ACK opened is reset all the same. */
void answers_turn_away(struct answers *an, struct arrival *a);

#endif
