#include "send/budget.h"

#include "base/clock.h"
#include "config/config.h"

#define SLICE_NS	100000ull	/* at high rates packets gather this long for a batch */
#define DOZE_NS		(10 * NS_PER_MS)	/* longest sleep: then the rings are looked at */
#define WIRE_OVERHEAD	24	/* preamble, check sequence and gap, as zmap counts them */
#define REPLY_PPS	100.0		/* neighbour replies, and a share of the rate: who requests
					 * more must not stop the scan */
#define REPLY_SHARE	0.5

static double lesser(double a, double b)
{
	return a > 0 && a < b ? a : b;
}

void budget_init(struct budget *b, const struct config *c, unsigned int shares,
		 size_t request_len, uint32_t most, uint64_t now_ns)
{
	double pps = c->rate.pps / shares, syns, slice;

	b->syn_len = (double)request_len + WIRE_OVERHEAD;
	b->most = most;
	syns = c->rate.bandwidth_bps / 8 / b->syn_len / shares;
	pacer_init(&b->rate, pps, now_ns);
	pacer_init(&b->bandwidth, syns, now_ns);
	pacer_init(&b->replies, lesser(pps * REPLY_SHARE, lesser(syns * REPLY_SHARE, REPLY_PPS)),
		   now_ns);
	slice = lesser(pps * SLICE_NS / NS_PER_S, lesser(syns * SLICE_NS / NS_PER_S, most));
	b->slice = slice < 1 ? 1 : (uint32_t)slice;
}

void budget_refill(struct budget *b, uint64_t now_ns)
{
	pacer_init(&b->rate, b->rate.rate_pps, now_ns);
	pacer_init(&b->bandwidth, b->bandwidth.rate_pps, now_ns);
	pacer_init(&b->replies, b->replies.rate_pps, now_ns);
}

uint32_t budget_allow(struct budget *b, uint64_t now_ns, uint64_t *wait_ns)
{
	uint32_t n = pacer_allow(&b->rate, now_ns, b->most);
	uint32_t m = pacer_allow(&b->bandwidth, now_ns, b->most);
	uint64_t rate_ns = pacer_wait_ns(&b->rate, b->slice);
	uint64_t bandwidth_ns = pacer_wait_ns(&b->bandwidth, b->slice);

	*wait_ns = rate_ns > bandwidth_ns ? rate_ns : bandwidth_ns;
	if (*wait_ns > DOZE_NS)
		*wait_ns = DOZE_NS;
	if (n > m)
		n = m;
	return n < b->slice ? 0 : n;
}

uint32_t budget_allow_replies(struct budget *b, uint64_t now_ns, uint32_t max)
{
	return pacer_allow(&b->replies, now_ns, max);
}

void budget_take(struct budget *b, uint32_t n, uint64_t len, uint32_t nreplies)
{
	pacer_take(&b->replies, nreplies);
	pacer_take(&b->rate, n);
	pacer_take(&b->bandwidth, (double)(len + (uint64_t)n * WIRE_OVERHEAD) / b->syn_len);
}
