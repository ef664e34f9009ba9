/* The warning when answers stop coming: of first SYNs alone. */
#include "unit.h"

#include <string.h>

#include "base/clock.h"
#include "scan/collapse.h"

static struct hitrate h;
static struct stats stats;
static uint64_t now_ns;

/* n seconds: so many targets started and so many answers to that; and SYNs beside it. */
static void run(unsigned int n, uint64_t started, uint64_t answers, uint64_t retries)
{
	while (n--) {
		now_ns += NS_PER_S;
		stat_add(&stats, STAT_targets_started, started);
		stat_add(&stats, STAT_first_answers, answers);
		stat_add(&stats, STAT_synacks, answers);
		stat_add(&stats, STAT_sent_request, started + retries);
		stat_add(&stats, STAT_sent_retries, retries);
		collapse_watch(&h, &stats, now_ns);
	}
}

static void begin(void)
{
	memset(&stats, 0, sizeof(stats));
	now_ns = 10 * NS_PER_S;
	hitrate_init(&h, now_ns);
	run(20, 1000, 500, 0);
	ck_assert(!h.collapsed);
}

/* Who is asked again was silent before: a stretch of nothing but that brings nothing. */
TEST(retries_are_no_collapse)
{
	begin();
	run(30, 0, 0, 1000);
	ck_assert(!h.collapsed);
	begin();
	run(30, 100, 50, 5000);
	ck_assert(!h.collapsed);
}

/* A black-out in the middle of the sweep shows, with retries beside it or not. */
TEST(a_black_out_is_one)
{
	begin();
	run(10, 1000, 0, 0);
	ck_assert(h.collapsed);
	begin();
	run(10, 500, 0, 500);
	ck_assert(h.collapsed);
}
