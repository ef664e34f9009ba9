/*
 * budget: a send thread's share of what may be sent: packets/s, bits/s, and neighbour replies, all
 * token buckets (pacer.h). Send thread only.
 */
#ifndef TFOMAP_BUDGET_H
#define TFOMAP_BUDGET_H

#include <stddef.h>
#include <stdint.h>

#include "pacer.h"

struct config;

struct budget {
	struct pacer rate, bandwidth;	/* both count in SYNs of syn_len */
	struct pacer replies;		/* to neighbours */
	double syn_len;			/* bytes of a request on the wire */
	uint32_t most;			/* packets in one go */
	uint32_t slice;			/* packets that gather for one go, 1..most */
};

/* Full buckets, of one share of `shares`; request_len: bytes of a request's frame. */
void budget_init(struct budget *b, const struct config *c, unsigned int shares,
		 size_t request_len, uint32_t most, uint64_t now_ns);

/* As it was at first, now: there is no making up for what was not sent until then. */
void budget_refill(struct budget *b, uint64_t now_ns);

/* Packets that may go now, 0..most; 0: *wait_ns is how long to sleep. */
uint32_t budget_allow(struct budget *b, uint64_t now_ns, uint64_t *wait_ns);

/* Neighbour replies that may go now, at most max. */
uint32_t budget_allow_replies(struct budget *b, uint64_t now_ns, uint32_t max);

/* n packets of len bytes in all were sent, nreplies of them neighbour replies. */
void budget_take(struct budget *b, uint32_t n, uint64_t len, uint32_t nreplies);

#endif
