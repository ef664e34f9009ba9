/*
 * cookies: the cookie cache: the targets of which something is still due, from their first answer
 * to their row. An entry holds the evidence, the cookie with the source address that it is bound
 * to, and the probe that is due; what is due goes through the ring to the send thread. Owned by
 * the receive thread; times are the run's clock.
 */
#ifndef TFOMAP_COOKIES_H
#define TFOMAP_COOKIES_H

#include <stdbool.h>
#include <stdint.h>

#include "evidence.h"
#include "plan.h"
#include "state/shared.h"
#include "table.h"

/*
 * What an entry waits for, each a queue in order of time: ENTRY_ARMS, the sweep's other probe;
 * ENTRY_GAP, the gap between two probes; ENTRY_ASKED, the answer to a follow-up; ENTRY_LINGER, a
 * SYN/ACK that may still follow a RST or an ICMP error (an injected RST comes first);
 * ENTRY_SETTLE, what the server sends behind a SYN/ACK that took data, or a cookie alone;
 * ENTRY_CONFIRM, the second round that a blocked verdict gets. ENTRY_KEPT has its row, and waits
 * for repeated and late answers, as long as there is room.
 */
enum entry_state {
	ENTRY_ARMS, ENTRY_GAP, ENTRY_ASKED, ENTRY_LINGER, ENTRY_SETTLE, ENTRY_CONFIRM, ENTRY_KEPT,
	ENTRY_STATES
};

struct entry {
	uint64_t k, x;			/* position in the sweep, index of the target */
	struct target target;
	struct addr source;
	uint64_t due_ns;		/* when its wait ends; ASKED: when it was asked for */
	uint64_t before_ns;		/* ASKED: when the last attempt but one was sent */
	uint32_t prev, next;		/* in its queue */
	uint8_t state;
	uint8_t tried;			/* attempts of the wanted flow that were asked for */
	uint8_t nflows;
	uint8_t round;			/* 0; 1: the verdict is tested again */
	uint8_t first_verdict;		/* round 1: of round 0 */
	uint16_t sent_before;		/* round 1: SYNs of round 0 */
	uint16_t resets;		/* what was reset for it */
	bool open;			/* the other arm may still be sent, or answered */
	struct plan_want want;		/* GAP, ASKED */
	struct flow *flows;		/* plan_flows(): those sent; ASKED: the last is under way */
};

/* What is known of the entry's target. Lives as long as the entry does not change. */
struct evidence entry_evidence(const struct entry *en);

struct entry_queue {
	uint32_t first, last;
};

/* The row of a target of which nothing more is due. */
typedef void cookies_done_fn(void *arg, const struct entry *en);

struct cookies {
	struct shared *s;
	struct table table;
	struct entry *v;		/* heap, owned, by slot */
	struct flow *flows;		/* likewise, plan_flows() a slot */
	bool flushing;			/* nothing new is begun */
	struct entry_queue queue[ENTRY_STATES];
	uint32_t nkept;
	cookies_done_fn *done;
	cookies_done_fn *settled;	/* what probes opened that cookies_settles() may be closed;
					 * NULL: by others */
	void *done_arg;
};

/* s->facts.slots entries. 0 or -ENOMEM. */
int cookies_init(struct cookies *c, struct shared *s, cookies_done_fn *done, void *arg,
		 struct err *e);
void cookies_free(struct cookies *c);

/* The entry of position k; NULL: none. */
struct entry *cookies_find(const struct cookies *c, uint64_t k);

/*
 * A new entry with its first flow, which was answered; cookies_answered() must follow. open: the
 * window knows of the sweep's other arm. NULL: no room.
 */
struct entry *cookies_add(struct cookies *c, uint64_t k, uint64_t x, const struct target *t,
			  struct addr source, const struct flow *flow, bool open);

/* A flow of the sweep's other arm, which was answered, into an open entry. */
struct flow *cookies_add_arm(struct entry *en, const struct flow *flow);

/* Whether the server had its time to answer f: what comes now may be to our ACK. */
bool cookies_settled(const struct entry *en, const struct flow *f);

/*
 * The flow that an attempt of a kind belongs to; *sent_ns: when that very attempt was sent, 0 where
 * that is not known. NULL: no such probe was sent.
 */
struct flow *cookies_flow(const struct cookies *c, struct entry *en, uint8_t kind,
			  uint8_t attempt, uint64_t *sent_ns);

/*
 * The answer to one of the entry's flows was filled in: on to what is due next, or to its row
 * (then the entry is gone).
 */
void cookies_answered(struct cookies *c, struct entry *en, uint64_t now_ns);

/*
 * Whether f, a flow of the entry, took data, and what the server says to it is waited for: it is
 * among those that `settled` is called for.
 */
bool cookies_settles(const struct entry *en, const struct flow *f);

/*
 * Asks what has become due, gives up what stayed silent. read_ns <= now_ns: what came by then has
 * been taken, so that who is silent until then is.
 */
void cookies_tick(struct cookies *c, uint64_t now_ns, uint64_t read_ns);

/* Whether one more connection of the target's may be reset: two for each SYN. Counts it. */
bool cookies_may_reset(struct entry *en);

/* Whether some server's answer to data is waited for, whose connection is then to be closed. */
bool cookies_settling(const struct cookies *c);

/* A follow-up was seen leaving (reading a saved capture): stamps it. */
void cookies_sent(struct cookies *c, struct entry *en, uint64_t ns);

/* Targets that have no row yet. */
uint32_t cookies_pending(const struct cookies *c);

/*
 * The end: writes the rows of which all is known. What was still to be asked, or had not its
 * time-out yet, is unfinished (STAT_unfinished) and gets none.
 */
void cookies_flush(struct cookies *c, uint64_t now_ns);

#endif
