#include "hitrate.h"
#include "unit.h"

#define S 1000000000ull

/* Feeds n seconds of rate probes a second, share of which are answered. Returns the collapses. */
static unsigned int run(struct hitrate *h, uint64_t *t, uint64_t *sent, double *answers,
			unsigned int n, uint64_t rate, double share)
{
	unsigned int noticed = 0;

	while (n--) {
		*t += S;
		*sent += rate;
		*answers += (double)rate * share;
		noticed += hitrate_feed(h, *t, *sent, (uint64_t)*answers);
	}
	return noticed;
}

TEST(tells_each_collapse_once)
{
	uint64_t t = 7 * S, sent = 0;
	double answers = 0;
	struct hitrate h;

	hitrate_init(&h, t);
	ck_assert_uint_eq(run(&h, &t, &sent, &answers, 60, 10000, 0.02), 0);
	ck_assert_uint_eq(run(&h, &t, &sent, &answers, 60, 10000, 0.001), 1);
	ck_assert_uint_eq(run(&h, &t, &sent, &answers, 60, 10000, 0.02), 0);
	ck_assert_uint_eq(run(&h, &t, &sent, &answers, 60, 10000, 0), 1);
}

TEST(is_silent_without_cause)
{
	uint64_t t = 0, sent = 0;
	double answers = 0;
	struct hitrate h;

	hitrate_init(&h, t);
	/* Nobody answers at all: nothing collapses. */
	ck_assert_uint_eq(run(&h, &t, &sent, &answers, 100, 10000, 0), 0);
	/* The rate falls, the share does not. */
	ck_assert_uint_eq(run(&h, &t, &sent, &answers, 100, 10000, 0.1), 0);
	ck_assert_uint_eq(run(&h, &t, &sent, &answers, 100, 10, 0.1), 0);
	/* The share halves: no collapse. */
	ck_assert_uint_eq(run(&h, &t, &sent, &answers, 100, 10000, 0.05), 0);
	/* Sending has paused. */
	ck_assert_uint_eq(run(&h, &t, &sent, &answers, 100, 0, 0), 0);
}

TEST(waits_for_enough_answers)
{
	uint64_t t = 0, sent = 0;
	double answers = 0;
	struct hitrate h;

	hitrate_init(&h, t);
	ck_assert_uint_eq(run(&h, &t, &sent, &answers, 200, 100, 0.05), 0);
	/* 5 answers a second are due: not noticed before 20 s have passed. */
	ck_assert_uint_eq(run(&h, &t, &sent, &answers, 18, 100, 0), 0);
	ck_assert_uint_eq(run(&h, &t, &sent, &answers, 30, 100, 0), 1);
}
