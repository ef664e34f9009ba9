/*
 * sender: one sender shard, a send thread's part of the sweep (sender_shard.h): its positions,
 * counted from 0, their window, the requests for other packets, and its counters. Nothing in
 * it is another send thread's.
 */
#ifndef TFOMAP_SENDER_H
#define TFOMAP_SENDER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "addr.h"
#include "base/stats.h"
#include "done_set.h"
#include "err.h"
#include "target.h"
#include "outage_log.h"
#include "plan.h"
#include "ring.h"
#include "sender_shard.h"
#include "state/seen.h"
#include "tfo.h"
#include "window.h"

/* A probe that is due to a target beyond the sweep's: a receive thread to the send thread. */
struct followup {
	uint64_t x;			/* the target's index */
	struct target target;
	struct addr source;
	uint32_t slot;			/* in the cookie cache: where the send time is stamped */
	uint8_t kind, attempt;
	struct tfo_option cookie;
	/* A hop probe, from the port of that kind and attempt: */
	uint8_t ttl;			/* 0: it is none, its TTL is the usual one */
	bool plain;			/* without that kind's payload */
	uint32_t seq;
};

/*
 * What stamps[] (shared.h) says of a follow-up: 0: it waits in the ring; the time: it was sent
 * then. With STAMP_LEAVING beside the time it is in the engine's hands, and may leave, or be
 * refused and handed over again: its slot is not yet free for another. STAMP_NOT_SENT: it was given
 * up.
 */
#define STAMP_LEAVING	(1ull << 63)
#define STAMP_NOT_SENT	UINT64_MAX

/* A segment on a connection that a SYN/ACK opened: likewise. */
struct segment_request {
	uint64_t x;			/* whose payload is on it: the target's index, */
	uint16_t from, len;		/* and which bytes; len 0: none */
	struct addr src, dst;
	uint16_t sport, dport;
	uint32_t seq, ack;
	bool reset;			/* a RST without ACK; else an ACK */
	bool carries_on;		/* the connection is carried on; else this closes it */
	bool scaled;			/* both sides scale their windows (RFC 7323 2) */
	bool stamped;			/* both sides have timestamps (RFC 7323 3): */
	uint32_t ts_ecr;		/* the server's newest */
};

struct sender {
	uint64_t positions;		/* set before the threads start */
	struct done_set done;		/* of them, those that an earlier part of the run is done
					 * with; likewise */
	struct window window;		/* window.h says who */
	struct seen *seen;		/* heap: reading a saved capture, in place of the window's
					 * logs and marks; NULL: something sends */
	struct ring followups, segments;	/* receive, under the part's lock -> send */
	char pad[64];
	/* The send thread's from here on; any thread reads. */
	_Atomic uint64_t first_sent_ns, last_sent_ns;	/* SYNs; 0: none yet */
	_Atomic uint64_t refused_ns;	/* for how long its engine has taken nothing; 0: it takes */
	_Atomic bool swept;		/* every probe of the sweep was sent */
	_Atomic bool failed;		/* then err is set */
	struct err err;
	struct outage_log outages;	/* what was sent then may not have come past the gateway, or
					 * not have been answered: the interface was down */
	_Atomic uint32_t gateway_changes[2];	/* that it has followed: IPv4, IPv6 */
	struct stats stats;		/* stats.def says which */
};

/* Of a sender; powers of two. */
struct sender_sizes {
	uint64_t window;		/* positions */
	uint64_t keep_ns;		/* how long its logs know when a position was sent */
	uint32_t followups, segments;	/* in the rings */
	uint32_t seen;			/* targets of a saved capture; 0: something sends */
};

/* positions: how many it has. 0 or -ENOMEM; sender_free() in any case. */
int sender_init(struct sender *sd, uint64_t positions, const struct plan *plan,
		const struct sender_sizes *sizes);
void sender_free(struct sender *sd);

/* The sender, of n, that position k of the sweep belongs to, and its position in there. */
static inline struct sender *sender_at(struct sender *senders, unsigned int n, uint64_t k,
				       uint64_t *pos)
{
	struct sender *sd = &senders[sender_of(k, n)];

	*pos = sd->seen ? seen_pos(sd->seen, k) : sender_pos(k, n);
	return sd;
}

/* Before the threads start: its sweep leaves out what is done. Takes *done, which becomes empty. */
void sender_resume(struct sender *sd, struct done_set *done);

/* Whether so much waits for it that its rings may soon be full. Receive threads. */
bool sender_is_backlogged(const struct sender *sd);

#endif
