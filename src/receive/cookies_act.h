/*
 * cookies_act: what the cookie cache (cookies.h) does to an entry: the actions of the table
 * entry_states.def. Receive thread.
 */
#ifndef TFOMAP_COOKIES_ACT_H
#define TFOMAP_COOKIES_ACT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "cache/entry_cache.h"

struct facts;
struct rx_status;

/* The row of a target of which nothing more is due. */
typedef void cookies_done_fn(void *arg, const struct entry *en);

/* What happened to an entry: it was in `from`, and was left in en->state. */
typedef void cookies_step_fn(void *arg, const struct entry *en, enum entry_state from,
			     enum entry_event event, uint64_t now_ns);

struct cookies {
	const struct facts *facts;
	struct sender *senders;		/* [nsenders] */
	unsigned int nsenders;
	struct rx_status *rx;
	struct left *left;		/* NULL: no checkpoint */
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
