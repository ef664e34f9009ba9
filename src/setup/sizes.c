#include "setup/sizes.h"

#include "base/clock.h"
#include "config/config.h"
#include "wire/rx_source.h"

#define SLOTS_MIN	1024u
#define SLOTS_MAX	(1u << 25)
#define SLOTS_LATE	(1u << 24)	/* no more than that for late answers' sake */
#define TABLE_MIN	1024u
#define TABLE_MAX	(1u << 19)
#define RING_MIN	8192u
#define RING_MAX	(1u << 18)
#define RING_S		0.25		/* of segments that may wait */
#define THREADS_AUTO_MAX	4
#define SENDER_PPS	100000		/* a send thread is worth that much, or as many bits/s */
#define SENDER_BPS	67200000.0
#define SENDER_POSITIONS	8192u
#define RECEIVERS_PPS	1000000		/* more may bring more answers than a thread takes */
#define RECEIVERS_CORES	2		/* beside the senders': each thread has one of its own */
#define ANSWERS_MAX	16		/* of one target, as a rule */

static uint64_t power_of_two(double at_least, uint64_t min, uint64_t max)
{
	uint64_t n = min;

	while (n < max && (double)n < at_least)
		n *= 2;
	return n;
}

/*
 * What the user wants, or one a core. The receive thread takes a sixth of a core for each of them;
 * it gets one for itself where the kernel sweeps, which gives way to nobody.
 */
static uint64_t threads_wanted(const struct sizes_basis *b)
{
	long n = b->cores - (b->sweeps && b->cores <= THREADS_AUTO_MAX);

	if (b->config->network.threads)
		return b->config->network.threads;
	if (n > THREADS_AUTO_MAX)
		return THREADS_AUTO_MAX;
	return n > 1 ? (uint64_t)n : 1;
}

/* 0: no limit. */
static double rate_of(const struct config *c)
{
	double pps = c->rate.pps, bandwidth_pps = c->rate.bandwidth_bps / SENDER_BPS * SENDER_PPS;

	return bandwidth_pps > 0 && (pps == 0 || bandwidth_pps < pps) ? bandwidth_pps : pps;
}

/*
 * One sender for each thread that is wanted, but no more than the rate and the targets are
 * worth: a sender has its share of the rate, whether its part of the targets can use it or not. A
 * saved capture is of one sender, so that it can be read again by one.
 */
static unsigned int choose_senders(const struct sizes_basis *b)
{
	const struct config *c = b->config;
	uint64_t n = threads_wanted(b);
	double pps = rate_of(c);

	if (pps > 0 && (double)n > pps / SENDER_PPS)
		n = (uint64_t)(pps / SENDER_PPS);
	if (n > b->positions / SENDER_POSITIONS)
		n = b->positions / SENDER_POSITIONS;
	return n < 1 || c->network.save_pcap || b->one_sender ? 1 : (unsigned int)n;
}

/*
 * What the user wants, but no more than senders: each has senders of its own, whose targets are its
 * part of them. Else one, and a second where it may be needed and takes no core from a
 * sender: of a fast engine, without a limit or above a rate, and with cores to spare.
 */
static unsigned int choose_receivers(const struct sizes_basis *b, unsigned int senders)
{
	unsigned int wanted = b->config->network.receivers;
	double pps = rate_of(b->config);

	if (b->one_receiver)
		return 1;
	if (wanted)
		return wanted < senders ? wanted : senders;
	return b->is_fast && senders > 1 && (pps == 0 || pps > RECEIVERS_PPS)
	       && b->cores >= (long)senders + RECEIVERS_CORES ? 2 : 1;
}

/* Answers to every packet, as far as there are targets to answer. */
static uint64_t choose_unread(const struct sizes_basis *b, double rate)
{
	double answers = (double)b->positions * ANSWERS_MAX;
	double sent = rate * RX_UNREAD_MS / 1000;

	return (uint64_t)(sent < answers ? sent : answers);
}

/*
 * The senders' windows and the cache hold rate x time: what can be in flight, twice, as each has to
 * stay half free. Without a rate limit they have their largest size; the sweep waits where that is
 * not enough.
 */
void sizes_choose(const struct sizes_basis *b, struct sizes *out)
{
	const struct config *c = b->config;
	unsigned int n = b->senders ? b->senders : choose_senders(b);
	uint64_t most = power_of_two((double)b->positions * 2, SLOTS_MIN, SLOTS_MAX), window;
	double timeout_s = (double)c->probing.timeout_ns / NS_PER_S;
	double rate = c->rate.pps > 0 ? c->rate.pps : SLOTS_MAX;
	double awaited = 2 * rate * (timeout_s * (b->retries + 1) + 1);
	double late = awaited + 2 * rate * (double)c->rate.cooldown_ns / NS_PER_S;

	if (late > SLOTS_LATE)
		late = awaited > SLOTS_LATE ? awaited : SLOTS_LATE;
	window = power_of_two(late, SLOTS_MIN, most);
	if (b->keep_all)
		window = power_of_two((double)b->positions, SLOTS_MIN, SEEN_MAX);
	*out = (struct sizes){
		.senders = n,
		.receivers = choose_receivers(b, n),
		.sender = {
			.window = power_of_two((double)window / n, SLOTS_MIN, SEEN_MAX),
			.keep_ns = c->probing.timeout_ns + c->rate.cooldown_ns + NS_PER_S,
			.followups = RING_MIN,
			.seen = b->keep_all ? (uint32_t)b->positions : 0,
			.segments = (uint32_t)power_of_two(rate / n * RING_S, RING_MIN, RING_MAX),
		},
		.table = (uint32_t)power_of_two(2 * rate * (timeout_s + 1), TABLE_MIN,
						most < TABLE_MAX ? most : TABLE_MAX),
		.unread = choose_unread(b, rate),
	};
}
