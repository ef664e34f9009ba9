/* sweep_kernel: what credit a sweeper gets, and how far its passes may go, without its thread. */
#include "send/sweep_state.h"
#include "sweeper_rig.h"

static struct sweep *w;

/* A send thread before its first turn, of a sweeper that does nothing by itself. */
static void begin_still(const struct core_setup *o, double rate_pps)
{
	begin_with(o);
	core.config.rate.pps = rate_pps;
	memset(&fake, 0, sizeof(fake));
	fake.still = true;
	w = sweep_new(&core.s, 0, &fake_ops, &tap.senders[0], CORE_START_NS);
	ck_assert_ptr_nonnull(w);
}

static void end_still(void)
{
	sweep_free(w);
	end();
}

/* Returns how many packets more the sweeper may send, of max. */
static int grant(uint32_t max)
{
	uint64_t before = fake.granted;
	int n;

	backpressure_look(&w->pressure, core.now_ns);
	n = w->driver->fill(w, max, core.now_ns);
	ck_assert_uint_eq(fake.granted, before + (uint64_t)n);
	return n;
}

/* The sweeper sends n, and that is seen. */
static void goes_on(unsigned int n)
{
	struct window *win = &core.s.senders[0].window;

	while (n-- > 0)
		ck_assert(sweep_one(win));
	w->driver->follow(w, core.now_ns);
	for (unsigned int a = 0; a < win->passes; a++)
		atomic_store(&win->cursor[a].done, w->done[a]);
}

/* Its first packet is waited for; then it has what there is. */
TEST(one_to_begin_with)
{
	begin_still(&(struct core_setup){ .target = "198.18.0.0/22" }, 1e6);
	ck_assert_int_eq(grant(50), 1);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(grant(50), 0);
	goes_on(1);
	ck_assert_int_eq(grant(50), 50);
	ck_assert_int_eq(grant(0), 0);
	ck_assert_int_eq(grant(7), 7);
	ck_assert_uint_eq(fake.granted, 58);
	end_still();
}

/* 50 ms of the rate, and one, may be in flight; without a rate there is a limit, too. */
TEST(in_flight_is_limited)
{
	static const struct {
		double rate_pps;
		uint32_t limit;
	} cases[] = { { 1000, 51 }, { 10, 1 }, { 4000, 201 }, { 0, 1 << 17 }, { 1e9, 1 << 17 } };

	for (size_t i = 0; i < N_OF(cases); i++) {
		uint32_t limit = cases[i].limit;

		begin_still(&(struct core_setup){ .target = "198.18.0.0/22" }, cases[i].rate_pps);
		ck_assert_int_eq(grant(1), 1);
		goes_on(1);
		ck_assert_int_eq(grant(1 << 20), (int)limit);
		ck_assert_int_eq(grant(1 << 20), 0);
		goes_on(1);
		ck_assert_int_eq(grant(1 << 20), 1);
		ck_assert_uint_eq(fake.granted - fake.p.used, limit);
		end_still();
	}
}

TEST(no_further_than_there_are_positions)
{
	begin_still(&(struct core_setup){ .target = "198.18.0.0/22", .window = 2048 }, 0);
	grant(1);
	ck_assert_uint_eq(fake.until[0], POSITIONS);
	goes_on(1);
	grant(1 << 17);
	ck_assert_uint_eq(fake.until[0], POSITIONS);
	ck_assert_uint_eq(window_reserved(&core.s.senders[0].window), POSITIONS);
	goes_on(POSITIONS - 1);
	ck_assert(!sweep_one(&core.s.senders[0].window));
	grant(100);
	ck_assert_uint_eq(count(STAT_waits_window), 0);
	end_still();
}

/* A wait for room is counted once, when all that there is is done. */
TEST(no_further_than_there_is_room)
{
	struct window *win = &core.s.senders[0].window;

	begin_still(&(struct core_setup){ .target = "198.18.0.0/22", .window = 128 }, 0);
	grant(1);
	goes_on(1);
	grant(1000);
	ck_assert_uint_eq(fake.until[0], 128);
	ck_assert_uint_eq(window_reserved(win), 128);
	ck_assert_uint_eq(count(STAT_waits_window), 0);
	goes_on(127);
	ck_assert(!sweep_one(win));
	grant(10);
	grant(10);
	ck_assert_uint_eq(count(STAT_waits_window), 1);
	atomic_store(&win->floor, 60);
	grant(10);
	ck_assert_uint_eq(fake.until[0], 188);
	ck_assert_uint_gt(window_reserved(win), 128);
	ck_assert_uint_le(window_reserved(win), 188);
	goes_on(60);
	grant(10);
	ck_assert_uint_eq(count(STAT_waits_window), 2);
	end_still();
}

/* Nothing new where the receive thread has no room; what was reserved stays so. */
TEST_TIMES(stops_under_back_pressure, 2)
{
	struct window *win = &core.s.senders[0].window;
	_Atomic bool *why = _i ? &core.s.rx.part[0].backlogged : &core.s.rx.part[0].cache_half_full;
	enum stat_id id = _i ? STAT_waits_receiver : STAT_waits_table;

	begin_still(&(struct core_setup){ .target = "198.18.0.0/22", .retries = 1 }, 0);
	grant(1);
	goes_on(1);
	grant(100);
	goes_on(40);
	atomic_store(why, true);
	grant(100);
	grant(100);
	ck_assert_uint_eq(fake.until[0], 0);
	ck_assert(!sweep_one(win));
	ck_assert_uint_ge(window_reserved(win), 101);
	ck_assert_uint_eq(count(id), 1);
	ck_assert_uint_eq(count(STAT_waits_table) + count(STAT_waits_receiver), 1);
	/* Who was asked is asked again all the same. */
	core.now_ns += NS_PER_S;
	grant(100);
	ck_assert_uint_eq(fake.until[1], 41);
	goes_on(41);
	ck_assert_uint_eq(count(STAT_sent_retries), 41);
	atomic_store(why, false);
	grant(100);
	ck_assert_uint_eq(fake.until[0], POSITIONS);
	ck_assert(sweep_one(win));
	end_still();
}

/* Each kind's SYNs in its counter: two arms, and their repeats. */
TEST(counts_what_was_done)
{
	begin_still(&(struct core_setup){ .plan = PLAN_PATH, .retries = 1 }, 0);
	ck_assert_uint_eq(core.s.senders[0].window.passes, 4);
	for (unsigned int round = 1; round <= 2; round++) {
		for (unsigned int a = 0; a < 4; a++) {
			fake.p.sent[a] += 10 + a;
			fake.p.at[a] += 20 + a;
		}
		fake.p.used += 50;
		fake.p.sent_bytes += 3000;
		fake.p.refused += 5;
		w->driver->follow(w, core.now_ns);
		ck_assert_uint_eq(count(STAT_sent_syn), round * (10 + 12));
		ck_assert_uint_eq(count(STAT_sent_request), round * (11 + 13));
		ck_assert_uint_eq(count(STAT_sent_retries), round * (12 + 13));
		ck_assert_uint_eq(count(STAT_sent_bytes), round * 3000);
		ck_assert_uint_eq(count(STAT_requeued), round * 5);
		for (unsigned int a = 0; a < 4; a++)
			ck_assert_uint_eq(w->at[a], round * (20 + a));
		w->driver->follow(w, core.now_ns);
	}
	ck_assert_uint_eq(count(STAT_sent_data), 0);
	end_still();
}
