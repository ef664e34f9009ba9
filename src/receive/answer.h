/*
 * answer: what a validated answer means for its target: its row at once, or an entry in the cookie
 * cache where something more is due. Counts it, shows it as a reply row, keeps its cookie, and has
 * reset what it opened. Receive thread.
 */
#ifndef TFOMAP_ANSWER_H
#define TFOMAP_ANSWER_H

#include "output/sink.h"
#include "receive/cookies.h"
#include "state/shared.h"

struct cookiefile;

struct answers {
	struct shared *s;
	struct sink *sink;
	struct cookiefile *cookie_log;	/* where cookies got are appended; NULL: not asked for */
	struct cookies cookies;
	bool saw_sent;			/* the capture that is read has what was sent */
	struct target_extra extra;	/* too large for a stack frame */
};

/* One validated packet on its way through. */
struct arrival {
	struct validate_match m;
	const struct packet *p;
	uint64_t x, k;			/* the target's index and position */
	struct sender *sender;		/* that sweeps it, */
	uint64_t pos;			/* and the position in there */
	struct target target;
	struct entry *entry;		/* the target's in the cookie cache, if only until its row
					 * was written; NULL: none */
	int arm;			/* of the sweep that sends the probe; -1: a follow-up */
	bool is_first;			/* the first answer of the target */
	uint64_t ns;			/* when it came, on the run's clock */
};

/* sink and cookie_log stay the caller's. 0, or -ENOMEM with a message. */
int answers_init(struct answers *an, struct shared *s, struct sink *sink,
		 struct cookiefile *cookie_log, struct err *e);
void answers_free(struct answers *an);

/* A SYN/ACK, RST, ICMP error or data segment that answers a probe of ours. */
void answers_take(struct answers *an, struct arrival *a);

/* The same once no more rows are written: but what a SYN/ACK opened is reset all the same. */
void answers_turn_away(struct answers *an, struct arrival *a);

/* The row of a target that never answered: position k, with its status in the window. */
void answers_silent(struct answers *an, uint64_t k, uint16_t status);

/* Reading a saved capture: our own SYN, for which the send thread's notes are made here. */
void answers_sent(struct answers *an, struct arrival *a);

/* Reading a saved capture that lacks what was sent: an answer shows that its probe was. */
void answers_suppose_sent(struct answers *an, struct arrival *a);

/* --max-results rows are written: no more of them. */
static inline bool answers_full(const struct answers *an)
{
	return atomic_load_explicit(&an->s->rx.full, memory_order_relaxed);
}

#endif
