#include "unit.h"

#include "base/clock.h"
#include "config/config.h"
#include "send/budget.h"

#define START		123456789012345ull
#define REQUEST_LEN	78		/* bytes; */
#define WIRE_LEN	(REQUEST_LEN + 24)	/* on the wire with preamble, sequence and gap */
#define MOST		64
#define DOZE_NS		(10 * NS_PER_MS)

/* What a send thread was allowed in a simulated time. */
struct total {
	uint64_t packets, bytes, replies, longest_wait_ns;
};

static struct config config;

/* Asks as a send thread does, and sends all it may, of len bytes each; it always has something. */
static struct total send_for(struct budget *b, uint64_t ns, uint64_t len, bool replies)
{
	struct total sum = { 0 };
	uint64_t now = START, wait;

	while (now < START + ns) {
		uint32_t r = replies ? budget_allow_replies(b, now, MOST) : 0;
		uint32_t n = budget_allow(b, now, &wait);

		ck_assert_uint_le(n, b->most);
		ck_assert_uint_le(wait, DOZE_NS);
		ck_assert(n == 0 || n >= b->slice);
		sum.longest_wait_ns = wait > sum.longest_wait_ns ? wait : sum.longest_wait_ns;
		if (!n && !r) {
			ck_assert_uint_gt(wait, 0);
			now += wait;
			continue;
		}
		n = n > r ? n : r;
		budget_take(b, n, n * len, r);
		sum.packets += n;
		sum.bytes += n * (len + WIRE_LEN - REQUEST_LEN);
		sum.replies += r;
		now += 1000;
	}
	return sum;
}

static const double rates[] = { 1, 10, 1000, 12345.678, 250000, 1488095, 1e7 };
static const unsigned int shares[] = { 1, 2, 3, 16 };

static void near(uint64_t got, double want, double off)
{
	if ((double)got < want - off || (double)got > want + off)
		ck_abort_msg("%ju, and not %.0f +- %.0f", (uintmax_t)got, want, off);
}

TEST_TIMES(senders_make_up_the_rate, N_OF(rates))
{
	uint64_t ns = rates[_i] < 1000 ? NS_PER_S : NS_PER_S / 20;

	for (size_t i = 0; i < N_OF(shares); i++) {
		double most = 1 + rates[_i] * 2e-4, sum = 0;

		config = (struct config){ .rate.pps = rates[_i] };
		for (unsigned int sender = 0; sender < shares[i]; sender++) {
			struct budget b;

			budget_init(&b, &config, shares[i], REQUEST_LEN, 1 << 17, START);
			ck_assert_uint_ge(b.slice, 1);
			ck_assert_uint_le(b.slice, most);
			sum += (double)send_for(&b, ns, REQUEST_LEN, false).packets;
		}
		near((uint64_t)sum, rates[_i] * (double)ns / NS_PER_S, shares[i] * (2 + most));
	}
}

TEST(bits_by_what_is_sent)
{
	/* Of a request's length, of a reset's, of one with a payload. */
	static const uint64_t lens[] = { REQUEST_LEN, 54, 600 };

	for (size_t i = 0; i < N_OF(lens); i++) {
		struct budget b;
		struct total sum;

		config = (struct config){ .rate.bandwidth_bps = 8e6 };
		budget_init(&b, &config, 1, REQUEST_LEN, MOST, START);
		sum = send_for(&b, 4 * NS_PER_S, lens[i], false);
		near(sum.bytes, 4e6, 20000);
	}
}

/* The lower of both limits is the one. */
TEST(rate_and_bandwidth)
{
	struct budget b;

	config = (struct config){ .rate.pps = 5000, .rate.bandwidth_bps = 8 * WIRE_LEN * 1000.0 };
	budget_init(&b, &config, 1, REQUEST_LEN, MOST, START);
	near(send_for(&b, 4 * NS_PER_S, REQUEST_LEN, false).packets, 4000, 10);
	config.rate.pps = 500;
	budget_init(&b, &config, 1, REQUEST_LEN, MOST, START);
	near(send_for(&b, 4 * NS_PER_S, REQUEST_LEN, false).packets, 2000, 10);
}

TEST(no_limit)
{
	struct budget b;
	uint64_t wait = 1;

	config = (struct config){ .rate.pps = 0 };
	budget_init(&b, &config, 4, REQUEST_LEN, MOST, START);
	for (int i = 0; i < 100; i++) {
		ck_assert_uint_eq(budget_allow(&b, START, &wait), MOST);
		ck_assert_uint_eq(wait, 0);
		budget_take(&b, MOST, MOST * REQUEST_LEN, 0);
	}
}

/* One packet at once, then the next in its time: a long wait is slept in parts. */
TEST(waits_no_longer_than_a_doze)
{
	struct budget b;
	struct total sum;

	config = (struct config){ .rate.pps = 0.5 };
	budget_init(&b, &config, 1, REQUEST_LEN, MOST, START);
	sum = send_for(&b, 9 * NS_PER_S, REQUEST_LEN, false);
	ck_assert_uint_eq(sum.packets, 5);
	ck_assert_uint_eq(sum.longest_wait_ns, DOZE_NS);
}

/* At high rates packets gather for a batch, and never for more than one. */
TEST(slices)
{
	static const struct {
		double rate_pps;
		unsigned int shares;
		uint32_t most, slice;
	} cases[] = {
		{ 0.1, 1, 64, 1 }, { 10000, 1, 64, 1 }, { 200000, 1, 64, 20 },
		{ 200000, 4, 64, 5 }, { 1e6, 1, 64, 64 }, { 1e6, 1, 1 << 17, 100 },
		{ 0, 1, 64, 64 },
	};

	for (size_t i = 0; i < N_OF(cases); i++) {
		struct budget b;

		config = (struct config){ .rate.pps = cases[i].rate_pps };
		budget_init(&b, &config, cases[i].shares, REQUEST_LEN, cases[i].most, START);
		ck_assert_uint_eq(b.slice, cases[i].slice);
	}
}

/* What is sent without leave is a debt, paid before anything more. */
TEST(debts_are_paid)
{
	struct budget b;
	uint64_t wait;

	config = (struct config){ .rate.pps = 1000 };
	budget_init(&b, &config, 1, REQUEST_LEN, MOST, START);
	budget_take(&b, 101, 101 * REQUEST_LEN, 0);
	ck_assert_uint_eq(budget_allow(&b, START + 100 * NS_PER_MS, &wait), 0);
	ck_assert_uint_gt(wait, 0);
	ck_assert_uint_eq(budget_allow(&b, START + 102 * NS_PER_MS, &wait), 2);
}

/* 100 neighbour replies a second and half of the rate at most; and the rate is kept. */
TEST(replies_are_bounded)
{
	static const struct {
		double rate_pps, bandwidth_bps, replies;
	} cases[] = {
		{ 0, 0, 100 }, { 1000, 0, 100 }, { 50, 0, 25 }, { 0, 8 * WIRE_LEN * 40.0, 20 },
		{ 60, 8 * WIRE_LEN * 40.0, 20 },
	};

	for (size_t i = 0; i < N_OF(cases); i++) {
		uint64_t now = START, replies = 0;
		struct budget b;

		config = (struct config){
			.rate.pps = cases[i].rate_pps, .rate.bandwidth_bps = cases[i].bandwidth_bps,
		};
		budget_init(&b, &config, 1, REQUEST_LEN, MOST, START);
		for (; now < START + 10 * NS_PER_S; now += NS_PER_MS) {
			uint32_t n = budget_allow_replies(&b, now, MOST);

			budget_take(&b, n, n * REQUEST_LEN, n);
			replies += n;
		}
		near(replies, 10 * cases[i].replies, 12);
		if (cases[i].rate_pps > 0 && !cases[i].bandwidth_bps) {
			budget_init(&b, &config, 1, REQUEST_LEN, MOST, START);
			near(send_for(&b, 10 * NS_PER_S, REQUEST_LEN, true).packets,
			     10 * cases[i].rate_pps, 12);
		}
	}
}
