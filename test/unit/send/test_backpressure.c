/* backpressure: which conditions stop new targets, which stop every probe, and what is counted. */
#include "unit.h"

#include <check.h>

#include "base/clock.h"
#include "base/stats.h"
#include "send/backpressure.h"
#include "state/rx_status.h"

#define NOW	(1000 * NS_PER_S)

static struct rx_status rx;
static struct stats stats;
static _Atomic bool silent;
static struct backpressure b;

static void begin(void)
{
	memset(&rx, 0, sizeof(rx));
	rx.n = 2;
	memset(&stats, 0, sizeof(stats));
	atomic_store(&silent, false);
	b = (struct backpressure){ .gateway_silent = &silent, .rx = &rx, .stats = &stats };
}

static void looks(bool stops_new, bool stops_probes)
{
	backpressure_look(&b, NOW);
	ck_assert_int_eq(b.stops_new, stops_new);
	ck_assert_int_eq(b.stops_probes, stops_probes);
}

static const struct {
	_Atomic bool *why;
	enum stat_id counter;
	bool stops_probes;
} conditions[] = {
	{ &silent, STAT_waits_gateway, true }, { &rx.output_full, STAT_waits_output, true },
	{ &rx.part[1].cache_half_full, STAT_waits_table, false },
	{ &rx.part[1].backlogged, STAT_waits_receiver, false },
};

/* Counted once, however long it lasts, and anew when it comes again; the others are not. */
TEST_EACH(each_condition, conditions)
{
	uint64_t all = 0;

	begin();
	looks(false, false);
	for (unsigned int times = 1; times <= 2; times++) {
		atomic_store(row->why, true);
		looks(true, row->stops_probes);
		looks(true, row->stops_probes);
		ck_assert_uint_eq(stat_get(&stats, row->counter), times);
		atomic_store(row->why, false);
		looks(false, false);
	}
	for (unsigned int id = 0; id < STATS; id++)
		all += stat_get(&stats, (enum stat_id)id);
	ck_assert_uint_eq(all, 2);
}

/* A receive thread that did not look for 100 ms; before its first look that is not known. */
TEST(receiver_without_time)
{
	begin();
	atomic_store(&rx.part[1].looked_ns, NOW - 100 * NS_PER_MS);
	looks(false, false);
	atomic_store(&rx.part[1].looked_ns, NOW - 100 * NS_PER_MS - 1);
	looks(true, false);
	ck_assert_uint_eq(stat_get(&stats, STAT_waits_receiver), 1);
	atomic_store(&rx.part[1].looked_ns, 0);
	looks(false, false);
}

/* Two at once: each is counted, and the stronger one holds. */
TEST(several)
{
	begin();
	atomic_store(&rx.part[1].cache_half_full, true);
	looks(true, false);
	atomic_store(&rx.output_full, true);
	looks(true, true);
	atomic_store(&rx.part[1].cache_half_full, false);
	looks(true, true);
	ck_assert_uint_eq(stat_get(&stats, STAT_waits_table), 1);
	ck_assert_uint_eq(stat_get(&stats, STAT_waits_output), 1);
}

/* Whoever fills the window sees that for itself; it is only counted here. */
TEST(the_window)
{
	begin();
	ck_assert(!backpressure_set(&b, PRESSURE_WINDOW, false));
	ck_assert(backpressure_set(&b, PRESSURE_WINDOW, true));
	ck_assert(backpressure_set(&b, PRESSURE_WINDOW, true));
	looks(false, false);
	ck_assert(b.on[PRESSURE_WINDOW]);
	ck_assert_uint_eq(stat_get(&stats, STAT_waits_window), 1);
}
