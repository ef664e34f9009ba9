/*
 * pacer: a token bucket over a monotonic clock that the caller reads. Exact over time (a fraction
 * of a packet is never lost), bounded in how much of a stall it makes up for: 100 ms. One thread.
 */
#ifndef TFOMAP_PACER_H
#define TFOMAP_PACER_H

#include <stdint.h>

struct pacer {
	double rate_pps;	/* 0: no limit */
	double burst;		/* most tokens that gather: 1 + 100 ms' worth */
	double tokens;
	uint64_t last_ns;
};

/* rate_pps: 0 = no limit, else above 0. The bucket starts with one token at now_ns. */
void pacer_init(struct pacer *p, double rate_pps, uint64_t now_ns);

/* How many packets may go now, at most want. Does not take them. */
uint32_t pacer_allow(struct pacer *p, uint64_t now_ns, uint32_t want);

/*
 * Takes n tokens: n packets were sent, or one of n times the size that the rate counts in. More
 * than pacer_allow() said is a debt, paid before anything more is allowed.
 */
void pacer_take(struct pacer *p, double n);

/* Nanoseconds from the last pacer_allow()'s clock until n tokens (1..burst) are there; 0: now. */
uint64_t pacer_wait_ns(const struct pacer *p, uint32_t n);

#endif
