/*
 * cookies: the cookie cache: the targets of which something is still due, from their first answer
 * to their row. What becomes of one is the table entry_states.def; what is due goes through the
 * ring to the send thread. Each part has one, under its lock; times are the run's clock.
 */
#ifndef TFOMAP_COOKIES_H
#define TFOMAP_COOKIES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "cache/entry_cache.h"

struct err;
struct facts;
struct packet_tcp;
struct rx_part;
struct shared;
struct validate_match;

/* The row of a target of which nothing more is due. */
typedef void cookies_done_fn(void *arg, const struct entry *en);

/* What happened to an entry: it was in `from`, and was left in en->state. */
typedef void cookies_step_fn(void *arg, const struct entry *en, enum entry_state from,
			     enum entry_event event, uint64_t now_ns);

struct cookies {
	const struct facts *facts;
	struct sender *senders;		/* [nsenders] */
	unsigned int nsenders;
	struct shared *s;
	struct rx_part *part;		/* its part's */
	const _Atomic int *stop;	/* enum stop */
	struct entry_cache cache;
	uint32_t gave;			/* entries that gave a cookie and have no row */
	cookies_done_fn *done;
	cookies_done_fn *tear_down;	/* the server had its time to say something to the probes
					 * that entry_hears() is true of; NULL: none */
	void (*carry_on)(void *arg, struct entry *en, unsigned int due);	/* sends what is due
					 * (conn.h); NULL: nobody does */
	void *arg;			/* of all three */
	cookies_step_fn *step;		/* NULL: nobody looks on */
	void *step_arg;
	bool sees_sent;			/* what was sent is seen (cookies_sent()): nobody sends */
};

/* The part's share of s->facts.slots entries. 0, or -ENOMEM with a message. */
int cookies_init(struct cookies *c, struct shared *s, unsigned int part, cookies_done_fn *done,
		 void *arg, struct err *e);
void cookies_free(struct cookies *c);

/* The entry of position k; NULL: none. */
struct entry *cookies_find(const struct cookies *c, uint64_t k);

/*
 * A new entry with its first flow, which was answered; cookies_answered() must follow. open: the
 * window knows of the sweep's other arm. NULL: no room.
 */
struct entry *cookies_add(struct cookies *c, uint64_t k, uint64_t x, const struct target *t,
			  struct addr source, const struct flow *flow, bool open);

/*
 * The answer to one of the entry's flows was filled in: on to what is due next, or to its row
 * (then the entry may be gone).
 */
void cookies_answered(struct cookies *c, struct entry *en, uint64_t now_ns);

/* A segment of the connection that the entry's newest flow carries on. */
void cookies_segment(struct cookies *c, struct entry *en, const struct packet_tcp *t, uint64_t ns);

/*
 * Requests what has become due, gives up what stayed silent. read_ns <= now_ns: what came by then
 * has been taken, so that who is silent until then is.
 */
void cookies_tick(struct cookies *c, uint64_t now_ns, uint64_t read_ns);

/*
 * The same of one entry, which in its queue may stand after one that is not due (reading a saved
 * capture: what the sweep sends comes in any order).
 */
void cookies_look(struct cookies *c, struct entry *en, uint64_t now_ns, uint64_t read_ns);

/* Whether some server's answer to data is waited for, whose connection is then to be closed. */
bool cookies_teardowns_due(const struct cookies *c);

/* The same of its hop probe that is under way. */
void cookies_hop_answered(struct cookies *c, struct entry *en, uint64_t now_ns);

/*
 * A follow-up was seen leaving (reading a saved capture): all that its run decided before is
 * decided, and where m is the one that is due it is under way.
 */
void cookies_sent(struct cookies *c, struct entry *en, const struct validate_match *m,
		  uint64_t ns);

/* Targets that have no row yet. */
uint32_t cookies_pending(const struct cookies *c);

/*
 * The end: writes the rows of which all is known. What was still to be sent, or had not its
 * time-out by now_ns, is unfinished (STAT_unfinished) and gets none.
 */
void cookies_flush(struct cookies *c, uint64_t now_ns);

/* ---- inside: what the table's actions do to an entry (cookies_act.c) ------------------------- */

/* What cookies_act() returns where the entry stays as it was, at its place in the queue. */
#define COOKIES_STAYS	ENTRY_STATES

/*
 * Ends what the entry's state had under way, and does what the rule says. The state that follows,
 * one of rule->next, for the caller to move it to.
 */
enum entry_state cookies_act(struct cookies *c, struct entry *en, const struct entry_rule *rule,
			     uint64_t now_ns);

/* No more probes are sent. */
bool cookies_stopping(const struct cookies *c);

/* The sender that sweeps the entry's target, and the position in there. */
struct sender *cookies_sender(const struct cookies *c, const struct entry *en, uint64_t *pos);

#endif
