#include "unit.h"

#include "pacer.h"
#include "rng.h"

#define S 1000000000ull
#define MS 1000000ull

static const double rates[] = {
	0.1, 0.3, 1, 2.5, 7.7, 10, 99, 1000, 12345.678, 100000, 1488095, 1e7,
};

/* Some time since boot; not 0, as no clock is. */
#define START 123456789012345ull

/* What should have gone by now: the packet that goes at once, and the rate since then. */
static double due(double rate_pps, uint64_t now_ns)
{
	return 1 + (double)(now_ns - START) / 1e9 * rate_pps;
}

/*
 * A sender that waits for n packets, wakes up late by 0..late_ns, and sends all it may; its clock
 * is simulated. At every step what it sent is what is due, to one packet.
 */
static void check_rate(double rate_pps, uint32_t n, uint64_t late_ns, int steps)
{
	uint64_t now = START, sent = 0;
	struct rng rng = { n };
	struct pacer p;

	pacer_init(&p, rate_pps, now);
	while (steps-- > 0) {
		uint32_t may = pacer_allow(&p, now, UINT32_MAX);

		pacer_take(&p, may);
		sent += may;
		if ((double)sent > due(rate_pps, now) + 1e-3 ||
		    (double)sent < due(rate_pps, now) - 1 - 1e-3)
			ck_abort_msg("rate %g, %d steps to go: %ju of %f", rate_pps, steps,
				     (uintmax_t)sent, due(rate_pps, now));
		now += pacer_wait_ns(&p, n);
		if (late_ns)
			now += rng_below(&rng, late_ns);
	}
	ck_assert_uint_gt(sent, 1000);
}

/* Woken in time and late, for one packet and, where they are there in 64 ms, for a batch of 64. */
TEST_EACH(is_exact, rates)
{
	static const uint64_t late_ns[] = { 0, 1000, 5 * MS, 30 * MS, 100 * MS };

	for (size_t i = 0; i < N_OF(late_ns); i++) {
		check_rate(*row, 1, late_ns[i], 100000);
		if (*row >= 1000 && late_ns[i] <= 30 * MS)
			check_rate(*row, 64, late_ns[i], 100000);
	}
}

/* A sender that takes less than it may: what it left is still there. */
TEST(keeps_what_was_not_taken)
{
	struct rng rng = { 3 };
	uint64_t now = START, sent = 0;
	struct pacer p;

	pacer_init(&p, 5000, now);
	for (int i = 0; i < 100000; i++) {
		uint32_t may = pacer_allow(&p, now, 8), n = (uint32_t)rng_below(&rng, may + 1);

		if (may > 8)
			ck_abort_msg("step %d: %u", i, may);
		pacer_take(&p, n);
		sent += n;
		now += rng_below(&rng, 400000);
		/* Allowed faster than made: it never lags by as much as the bucket holds. */
		if ((double)sent > due(5000, now))
			ck_abort_msg("step %d: %ju of %f", i, (uintmax_t)sent, due(5000, now));
	}
	for (uint32_t may; (may = pacer_allow(&p, now, UINT32_MAX)); sent += may)
		pacer_take(&p, may);
	ck_assert_double_ge((double)sent, due(5000, now) - 1);
}

/* The wait is the shortest that is long enough. */
TEST_EACH(wait_is_long_enough_and_no_longer, rates)
{
	struct rng rng = { 4 };
	uint64_t now = START;
	struct pacer p;

	pacer_init(&p, *row, now);
	for (int i = 0; i < 20000; i++) {
		uint32_t n = 1 + (uint32_t)rng_below(&rng, (uint64_t)p.burst);
		uint64_t wait = pacer_wait_ns(&p, n);
		struct pacer early = p;

		if (wait > 2 && pacer_allow(&early, now + wait - 2, n) == n)
			ck_abort_msg("%u packets, %ju ns are too long", n, (uintmax_t)wait);
		now += wait;
		if (pacer_allow(&p, now, n) != n || pacer_wait_ns(&p, n) != 0)
			ck_abort_msg("%u packets, %ju ns are too short", n, (uintmax_t)wait);
		pacer_take(&p, n);
	}
}

TEST_EACH(starts_with_one, rates)
{
	struct pacer p;

	pacer_init(&p, *row, START);
	ck_assert_uint_eq(pacer_allow(&p, START, 100), 1);
	/* Asking takes nothing. */
	ck_assert_uint_eq(pacer_allow(&p, START, 100), 1);
	ck_assert_uint_eq(pacer_allow(&p, START, 0), 0);
	pacer_take(&p, 1);
	ck_assert_uint_eq(pacer_allow(&p, START, 100), 0);
}

/* After a stall of an hour, and of 10 s, one packet and 100 ms' worth may go at once, no more. */
TEST_EACH(makes_up_for_100_ms_of_a_stall, rates)
{
	uint64_t now = START + 3600 * S;
	double rate = *row;
	uint32_t burst = (uint32_t)(1 + rate / 10);
	struct pacer p;

	pacer_init(&p, rate, START);
	pacer_take(&p, 1);
	ck_assert_uint_eq(pacer_allow(&p, now, UINT32_MAX), burst);
	pacer_take(&p, burst);
	ck_assert_uint_eq(pacer_allow(&p, now, UINT32_MAX), 0);
	for (int i = 0; i < 1000; i++) {
		now += 10 * S;
		ck_assert_uint_eq(pacer_allow(&p, now, UINT32_MAX), burst);
		pacer_take(&p, burst);
	}
}

TEST_EACH(short_stalls_cost_nothing, rates)
{
	uint64_t now = START, sent = 0;
	struct pacer p;

	pacer_init(&p, *row, now);
	for (int i = 0; i < 10000; i++) {
		uint32_t may;

		/* Until the next packet is due, and 99 ms more. */
		now += pacer_wait_ns(&p, 1) + 99 * MS;
		may = pacer_allow(&p, now, UINT32_MAX);
		pacer_take(&p, may);
		sent += may;
	}
	ck_assert_double_gt((double)sent, due(*row, now) - 1 - 1e-3);
}

TEST(no_limit)
{
	struct pacer p;

	pacer_init(&p, 0, START);
	for (uint64_t i = 0; i < 1000; i++) {
		ck_assert_uint_eq(pacer_allow(&p, START + i, UINT32_MAX), UINT32_MAX);
		ck_assert_uint_eq(pacer_wait_ns(&p, UINT32_MAX), 0);
		pacer_take(&p, UINT32_MAX);
	}
	ck_assert_uint_eq(pacer_allow(&p, START, 3), 3);
}

/* Clocks of two calls may be read the other way round: nothing is gained or lost by that. */
TEST(clock_that_steps_back)
{
	struct pacer p;

	pacer_init(&p, 1000, START);
	pacer_take(&p, 1);
	ck_assert_uint_eq(pacer_allow(&p, START + 10 * MS, 100), 10);
	ck_assert_uint_eq(pacer_allow(&p, START + 5 * MS, 100), 10);
	ck_assert_uint_eq(pacer_allow(&p, 0, 100), 10);
	ck_assert_uint_eq(pacer_allow(&p, START + 12 * MS, 100), 12);
}

TEST(hardly_any_rate_does_not_overflow)
{
	struct pacer p;

	pacer_init(&p, 1e-300, START);
	pacer_take(&p, 1);
	ck_assert_uint_gt(pacer_wait_ns(&p, 1), 1ull << 61);
	ck_assert_uint_eq(pacer_allow(&p, UINT64_MAX, 1), 0);
}
