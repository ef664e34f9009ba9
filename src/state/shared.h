/*
 * shared: what the threads of a run see of each other: the facts, which are constant, the sender
 * shards, the receive thread's status, and main's control; and queries over all of them.
 */
#ifndef TFOMAP_SHARED_H
#define TFOMAP_SHARED_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "state/control.h"
#include "state/facts.h"
#include "state/rx_status.h"
#include "state/sender.h"

#define SENDERS_MAX CONFIG_THREADS_MAX

struct capfile;
struct saving;

struct shared {
	struct facts facts;
	struct capfile *capture;	/* --save-pcap, whose threads are one each; NULL: not asked
					 * for */
	struct saving *saving;		/* --checkpoint; NULL: not asked for */
	unsigned int nsenders;		/* 1..SENDERS_MAX */
	struct sender senders[SENDERS_MAX];
	struct ring neigh_requests;	/* receive -> the first sender, struct neighbour_request;
					 * where there are proxies */
	_Atomic uint64_t *stamps;	/* [facts.slots], heap: 0 by the receive thread when it
					 * asks, the rest (sender.h) by the send thread */
	struct stats earlier;		/* of the run's earlier parts; constant */
	struct rx_status rx;
	struct control control;
};

/* sender_at() of the run. */
static inline struct sender *shared_sender(struct shared *s, uint64_t k, uint64_t *pos)
{
	return sender_at(s->senders, s->nsenders, k, pos);
}

/*
 * Makes n senders and the stamps of their follow-ups, of the facts. 0 or -ENOMEM;
 * shared_free_senders() in any case.
 */
int shared_init_senders(struct shared *s, unsigned int n, const struct sender_sizes *sizes);
void shared_free_senders(struct shared *s);

/*
 * Hands a segment to the sender that sweeps position k. Receive thread. False: there was no room,
 * which is counted.
 */
bool shared_push_segment(struct shared *s, uint64_t k, const struct segment_request *r);

/* Of all senders, for any thread: every probe of the sweep was sent; no segment waits. */
bool shared_swept(const struct shared *s);
bool shared_clean(const struct shared *s);

/* Whether so much waits for some sender that its rings may soon be full. Receive thread. */
bool shared_rings_full(const struct shared *s);

/* When the first and the last SYN was sent; 0: none was yet. */
uint64_t shared_first_sent_ns(const struct shared *s);
uint64_t shared_last_sent_ns(const struct shared *s);

/* For how long some engine has taken nothing; 0: all take. */
uint64_t shared_refused_ns(const struct shared *s);

/*
 * Receive thread: the clock of time-outs, of which ns would be the time: it stands still while the
 * gateway may be gone, and until all senders know their outages.
 */
uint64_t shared_silent_ns(const struct shared *s, uint64_t ns);

/* The failure of a send thread; NULL: none failed. */
const struct err *shared_tx_failure(const struct shared *s);

static inline bool shared_stopping(const struct shared *s, enum stop level)
{
	return atomic_load_explicit(&s->control.stop, memory_order_relaxed) >= (int)level;
}

#endif
