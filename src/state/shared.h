/*
 * shared: what the threads of a run see of each other: the facts, which are constant, the sender
 * shards, the receive threads' status, and main's control; and queries over all of them.
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

_Static_assert(RECEIVERS_MAX == SENDERS_MAX, "there are no more of the ones than of the others");

struct capfile;
struct saving;

struct shared {
	struct facts facts;
	struct capfile *capture;	/* --save-pcap, whose threads are one each; NULL: not asked
					 * for */
	struct saving *saving;		/* --checkpoint; NULL: not asked for */
	unsigned int nsenders;		/* 1..SENDERS_MAX */
	struct sender senders[SENDERS_MAX];
	struct ring neigh_requests;	/* receive, under rx.lock -> the first sender, struct
					 * neighbour_request; where there are proxies */
	_Atomic uint64_t *stamps;	/* [facts.slots], heap: 0 by the receive threads when they
					 * ask, the rest (sender.h) by the send thread */
	struct stats earlier;		/* of the run's earlier parts; constant */
	struct rx_status rx;
	struct control control;
};

/* sender_at() of the run. */
static inline struct sender *shared_sender(struct shared *s, uint64_t k, uint64_t *pos)
{
	return sender_at(s->senders, s->nsenders, k, pos);
}

/* The part (rx_status.h) that position k belongs to. */
static inline struct rx_part *shared_part(struct shared *s, uint64_t k)
{
	return &s->rx.part[sender_of(k, s->nsenders) % s->rx.n];
}

/* Slots of the cookie cache, and stamps, of each part: a power of two. */
uint32_t shared_part_slots(const struct shared *s);

/*
 * Makes n senders and the stamps of their follow-ups, of the facts; one part, or as many as
 * shared_set_receivers() says after that, before the threads start. 0 or -ENOMEM;
 * shared_free_senders() in any case.
 */
int shared_init_senders(struct shared *s, unsigned int n, const struct sender_sizes *sizes);
void shared_set_receivers(struct shared *s, unsigned int n);
void shared_free_senders(struct shared *s);

/*
 * Hands a segment to the sender that sweeps position k. Under its part's lock. False: there was no
 * room, which is counted.
 */
bool shared_push_segment(struct shared *s, uint64_t k, const struct segment_request *r);

/* Of all senders, for any thread: every probe of the sweep was sent; no segment waits. */
bool shared_swept(const struct shared *s);
bool shared_clean(const struct shared *s);

/* Whether so much waits for a sender of the part that its rings may soon be full. */
bool shared_rings_full(const struct shared *s, unsigned int part);

/* When the first and the last SYN was sent; 0: none was yet. */
uint64_t shared_first_sent_ns(const struct shared *s);
uint64_t shared_last_sent_ns(const struct shared *s);

/* For how long some engine has taken nothing; 0: all take. */
uint64_t shared_refused_ns(const struct shared *s);

/*
 * Receive threads: the clock of time-outs, of which ns would be the time: it stands still while the
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
