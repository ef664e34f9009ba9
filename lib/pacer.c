#include "pacer.h"

/*
 * What a stall may be made up for, seconds. The bucket holds that many seconds' worth above one
 * packet: at low rates too a wake-up that comes late by up to this costs nothing of the rate,
 * and never lets two packets go at once below 10 packets/s.
 */
#define PACER_BURST_S 0.1

void pacer_init(struct pacer *p, double rate_pps, uint64_t now_ns)
{
	p->rate_pps = rate_pps;
	p->burst = 1 + rate_pps * PACER_BURST_S;
	p->tokens = 1;
	p->last_ns = now_ns;
}

static double pacer_tokens_after(const struct pacer *p, uint64_t ns)
{
	return p->tokens + (double)ns * 1e-9 * p->rate_pps;
}

uint32_t pacer_allow(struct pacer *p, uint64_t now_ns, uint32_t want)
{
	if (p->rate_pps == 0)
		return want;
	if (now_ns > p->last_ns) {
		p->tokens = pacer_tokens_after(p, now_ns - p->last_ns);
		if (p->tokens > p->burst)
			p->tokens = p->burst;
		p->last_ns = now_ns;
	}
	if (p->tokens >= want)
		return want;
	return p->tokens >= 1 ? (uint32_t)p->tokens : 0;
}

void pacer_take(struct pacer *p, double n)
{
	if (p->rate_pps != 0)
		p->tokens -= n;
}

uint64_t pacer_wait_ns(const struct pacer *p, uint32_t n)
{
	double ns;
	uint64_t w;

	if (p->rate_pps == 0 || p->tokens >= n)
		return 0;
	ns = (n - p->tokens) / p->rate_pps * 1e9;
	if (ns >= 0x1p62)
		return 1ull << 62;
	/* Up, not down, and by the sum that pacer_allow() will make: no second, shorter wait. */
	w = (uint64_t)ns;
	while (pacer_tokens_after(p, w) < n)
		w++;
	return w;
}
