/* sweep_let: the send thread beside a sweeper, which here does its part when it is granted more. */
#include "unit.h"

#include <errno.h>

#include "sweep_rig.h"
#include "sweep_state.h"

#define PLACES 1024		/* in a /22 */

/* The sweeper: what it was told, and how far it is. */
static struct {
	uint64_t granted, until[WINDOW_STEPS_MAX];
	struct tx_progress p;
	unsigned int speed;		/* packets that it sends when it is granted more */
	uint64_t hand_back_each;	/* every so many places it cannot do; 0: it does all */
	uint64_t back[PLACES * 4][2], n_back, n_taken;	/* place and step */
	unsigned int syns[WINDOW_STEPS_MAX][PLACES];
	unsigned int grants, stops;
	unsigned int on_its_way;	/* packets that still leave before it stops */
	uint8_t gateway[2][6];
	int error;			/* of the 10th grant */
	uint64_t reserved;		/* when it was granted last */
	uint64_t first_ns;
	bool still;			/* without the thread: the clock is the test's */
} fake;

static struct sweep w;

/* ---- the sweeper --------------------------------------------------------------------------- */

static void do_place(struct window *win, uint64_t place, unsigned int step)
{
	fake.p.used++;
	if (fake.hand_back_each && place % fake.hand_back_each == 0) {
		fake.back[fake.n_back][0] = place;
		fake.back[fake.n_back++][1] = step;
		return;
	}
	fake.p.sent[step]++;
	fake.p.sent_bytes += 70 + step;
	fake.syns[step][place]++;
	sendlog_add(&win->cursor[step].log, place, fake.still ? core.now_ns : clock_now_ns());
}

/* One packet; false: nothing is due. */
static bool sweep_one(struct window *win)
{
	for (unsigned int s = win->steps - 1; s > 0; s--)
		while (fake.p.at[s] < fake.until[s])
			if (window_retry(win, fake.p.at[s]++, s % win->arms)) {
				do_place(win, fake.p.at[s] - 1, s);
				return true;
			}
	if (fake.p.at[0] >= fake.until[0])
		return false;
	window_start(win, fake.p.at[0]++);
	do_place(win, fake.p.at[0] - 1, 0);
	return true;
}

/* What tx.h promises to a sweeper, and that no answer to what it may send now seems forged. */
static void check_grant(uint64_t granted, const uint64_t *until)
{
	const struct window *win = &core.s.lanes[0].window;
	uint64_t reserved = window_reserved(win);
	uint64_t reach = fake.p.at[0] + granted - fake.p.used;

	if (granted < fake.granted || reserved < fake.reserved
	    || reserved < (reach < until[0] ? reach : until[0]) || until[0] > window_room(win)
	    || until[0] > core.s.lanes[0].places)
		abort();
	for (unsigned int s = 1; s < win->steps; s++)
		if (until[s] < fake.until[s])
			abort();
	fake.reserved = reserved;
}

static int fake_grant(void *state, uint64_t granted, const uint64_t *until, uint64_t now_ns)
{
	struct window *win = &core.s.lanes[0].window;

	if (state != &tap)
		abort();
	check_grant(granted, until);
	fake.first_ns = fake.first_ns ? fake.first_ns : now_ns;
	/* The first one to begin with, then what has gathered since it was seen. */
	if (core.config.rate_pps > 0
	    && (double)granted > 3 + (double)(now_ns - fake.first_ns) * 1e-9 * core.config.rate_pps)
		abort();
	fake.granted = granted;
	memcpy(fake.until, until, win->steps * sizeof(*until));
	if (fake.error && ++fake.grants == 10)
		return fake.error;
	for (unsigned int n = fake.speed; n > 0 && fake.p.used < granted; n--)
		if (!sweep_one(win))
			break;
	return 0;
}

static void fake_progress(void *state, struct tx_progress *p)
{
	(void)state;
	*p = fake.p;
}

static bool fake_hand_back(void *state, uint64_t *place, unsigned int *step)
{
	(void)state;
	if (fake.n_taken == fake.n_back)
		return false;
	*place = fake.back[fake.n_taken][0];
	*step = (unsigned int)fake.back[fake.n_taken++][1];
	return true;
}

static void fake_address(void *state, bool v6, const uint8_t mac[static 6])
{
	(void)state;
	memcpy(fake.gateway[v6], mac, sizeof(fake.gateway[v6]));
}

static void fake_stop(void *state)
{
	(void)state;
	fake.stops++;
	for (; fake.on_its_way > 0 && fake.p.used < fake.granted; fake.on_its_way--)
		sweep_one(&core.s.lanes[0].window);
}

static const struct tx_sweeper fake_sweeper = {
	fake_grant, fake_progress, fake_hand_back, fake_address, fake_stop,
};

static const struct tx_ops fake_ops = {
	.name = "fake", .send = tap_send, .sweeper = &fake_sweeper,
};

/* ---- without a thread ---------------------------------------------------------------------- */

/* A send thread before its first turn, of a sweeper that does nothing by itself. */
static void begin_still(const struct core_setup *o, double rate_pps)
{
	begin_with(o);
	core.config.rate_pps = rate_pps;
	memset(&fake, 0, sizeof(fake));
	fake.still = true;
	memset(&w, 0, sizeof(w));
	w.s = &core.s;
	w.lane = &core.s.lanes[0];
	w.tx = &fake_ops;
	w.tx_state = &tap;
	sweep_init_budget(&w, CORE_START_NS);
	core.config.rate_pps = 0;	/* which the sweeper looks at, with a clock of its own */
}

static int let(uint32_t max)
{
	int n = sweep_let(&w, max, core.now_ns);

	ck_assert_uint_eq(fake.granted, w.granted);
	return n;
}

/* The sweeper sends n, and that is seen. */
static void goes_on(unsigned int n)
{
	struct window *win = &core.s.lanes[0].window;

	while (n-- > 0)
		ck_assert(sweep_one(win));
	sweep_follow(&w, core.now_ns);
	for (unsigned int a = 0; a < win->steps; a++)
		atomic_store(&win->cursor[a].done, w.at[a]);
}

/* Its first packet is waited for; then it has what there is. */
START_TEST(one_to_begin_with)
{
	begin_still(&(struct core_setup){ .target = "198.18.0.0/22" }, 1e6);
	ck_assert_int_eq(let(50), 1);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(let(50), 0);
	goes_on(1);
	ck_assert_int_eq(let(50), 50);
	ck_assert_int_eq(let(0), 0);
	ck_assert_int_eq(let(7), 7);
	ck_assert_uint_eq(w.granted, 58);
	end();
}
END_TEST

/* 50 ms of the rate, and one, may be outstanding; without a rate there is a bound, too. */
START_TEST(outstanding_is_bounded)
{
	static const struct {
		double rate_pps;
		uint32_t lead;
	} cases[] = { { 1000, 51 }, { 10, 1 }, { 4000, 201 }, { 0, 1 << 17 }, { 1e9, 1 << 17 } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t lead = cases[i].lead;

		begin_still(&(struct core_setup){ .target = "198.18.0.0/22" }, cases[i].rate_pps);
		ck_assert_uint_eq(w.lead, lead);
		ck_assert_int_eq(let(1), 1);
		/* Its buckets are anew from here on, as full as they were. */
		core.config.rate_pps = cases[i].rate_pps;
		goes_on(1);
		core.config.rate_pps = 0;
		ck_assert_int_eq(let(1 << 20), (int)lead);
		ck_assert_int_eq(let(1 << 20), 0);
		goes_on(1);
		ck_assert_int_eq(let(1 << 20), 1);
		ck_assert_uint_eq(w.granted - fake.p.used, lead);
		end();
	}
}
END_TEST

START_TEST(no_further_than_there_are_places)
{
	begin_still(&(struct core_setup){ .target = "198.18.0.0/22", .window = 2048 }, 0);
	let(1);
	ck_assert_uint_eq(fake.until[0], PLACES);
	goes_on(1);
	let(1 << 17);
	ck_assert_uint_eq(fake.until[0], PLACES);
	ck_assert_uint_eq(window_reserved(&core.s.lanes[0].window), PLACES);
	goes_on(PLACES - 1);
	ck_assert(!sweep_one(&core.s.lanes[0].window));
	let(100);
	ck_assert_uint_eq(count(STAT_waits_window), 0);
	end();
}
END_TEST

/* A wait for room is counted once, when all that there is is done. */
START_TEST(no_further_than_there_is_room)
{
	struct window *win = &core.s.lanes[0].window;

	begin_still(&(struct core_setup){ .target = "198.18.0.0/22", .window = 128 }, 0);
	let(1);
	goes_on(1);
	let(1000);
	ck_assert_uint_eq(fake.until[0], 128);
	ck_assert_uint_eq(window_reserved(win), 128);
	ck_assert_uint_eq(count(STAT_waits_window), 0);
	goes_on(127);
	ck_assert(!sweep_one(win));
	let(10);
	let(10);
	ck_assert_uint_eq(count(STAT_waits_window), 1);
	atomic_store(&win->floor, 60);
	let(10);
	ck_assert_uint_eq(fake.until[0], 188);
	ck_assert_uint_gt(window_reserved(win), 128);
	ck_assert_uint_le(window_reserved(win), 188);
	goes_on(60);
	let(10);
	ck_assert_uint_eq(count(STAT_waits_window), 2);
	end();
}
END_TEST

/* Nothing new where the receive thread has no room; what was reserved stays so. */
START_TEST(pauses)
{
	struct window *win = &core.s.lanes[0].window;
	_Atomic bool *why = _i ? &core.s.behind : &core.s.crowded;
	enum stat_id id = _i ? STAT_waits_receiver : STAT_waits_table;

	begin_still(&(struct core_setup){ .target = "198.18.0.0/22", .retries = 1 }, 0);
	let(1);
	goes_on(1);
	let(100);
	goes_on(40);
	atomic_store(why, true);
	let(100);
	let(100);
	ck_assert_uint_eq(fake.until[0], 0);
	ck_assert(!sweep_one(win));
	ck_assert_uint_ge(window_reserved(win), 101);
	ck_assert_uint_eq(count(id), 1);
	ck_assert_uint_eq(count(STAT_waits_table) + count(STAT_waits_receiver), 1);
	/* Who was asked is asked again all the same. */
	core.now_ns += NS_PER_S;
	let(100);
	ck_assert_uint_eq(fake.until[1], 41);
	goes_on(41);
	ck_assert_uint_eq(count(STAT_sent_retries), 41);
	atomic_store(why, false);
	let(100);
	ck_assert_uint_eq(fake.until[0], PLACES);
	ck_assert(sweep_one(win));
	end();
}
END_TEST

/* Each kind's SYNs in its counter: two arms, and their repeats. */
START_TEST(counts_what_was_done)
{
	begin_still(&(struct core_setup){ .plan = PLAN_PATH, .retries = 1 }, 0);
	ck_assert_uint_eq(core.s.lanes[0].window.steps, 4);
	for (unsigned int round = 1; round <= 2; round++) {
		for (unsigned int a = 0; a < 4; a++) {
			fake.p.sent[a] += 10 + a;
			fake.p.at[a] += 20 + a;
		}
		fake.p.used += 50;
		fake.p.sent_bytes += 3000;
		fake.p.lost += 5;
		sweep_follow(&w, core.now_ns);
		ck_assert_uint_eq(count(STAT_sent_syn), round * (10 + 12));
		ck_assert_uint_eq(count(STAT_sent_request), round * (11 + 13));
		ck_assert_uint_eq(count(STAT_sent_retries), round * (12 + 13));
		ck_assert_uint_eq(count(STAT_sent_bytes), round * 3000);
		ck_assert_uint_eq(count(STAT_not_taken), round * 5);
		for (unsigned int a = 0; a < 4; a++)
			ck_assert_uint_eq(w.at[a], round * (20 + a));
		sweep_follow(&w, core.now_ns);
	}
	ck_assert_uint_eq(count(STAT_sent_data), 0);
	end();
}
END_TEST

/* ---- with the thread ----------------------------------------------------------------------- */

static void *fake_thread(void *arg)
{
	sweep_run(&core.s, 0, &fake_ops, arg);
	return NULL;
}

static void begin_running(const struct core_setup *o)
{
	begin_with(o);
	memset(&fake, 0, sizeof(fake));
	fake.speed = 37;
}

static void start_fake(void)
{
	ck_assert_int_eq(pthread_create(&sender, NULL, fake_thread, &tap), 0);
}

/* Each place has each of its steps once, of the sweeper or as a frame. */
static void check_all(void)
{
	unsigned int frames = 0, steps = core.s.lanes[0].window.steps;

	for (unsigned int i = 0; i < atomic_load(&tap.n); i++)
		if (tap.v[i].m.class == VALIDATE_SENT) {
			fake.syns[tap.v[i].m.attempt][tap.v[i].k]++;
			frames++;
		}
	for (unsigned int s = 0; s < steps; s++)
		for (unsigned int k = 0; k < PLACES; k++)
			if (fake.syns[s][k] != 1)
				ck_abort_msg("place %u, step %u: %u", k, s, fake.syns[s][k]);
	ck_assert_uint_eq(frames, fake.n_back);
	ck_assert_uint_eq(count(STAT_sent_request), steps * PLACES);
	ck_assert_uint_eq(count(STAT_sent_retries), (steps - 1) * PLACES);
	ck_assert_uint_eq(count(STAT_targets_started), PLACES);
}

static const double rates[] = { 0, 20000 };

START_TEST(every_place_once)
{
	begin_running(&(struct core_setup){ .target = "198.18.0.0/22", .retries = 2 });
	core.config.rate_pps = rates[_i];
	start_fake();
	until_swept(true);
	stop();
	check_all();
	ck_assert_uint_eq(atomic_load(&tap.n), 0);
	ck_assert_uint_eq(count(STAT_sent_bytes), fake.p.sent_bytes);
	ck_assert_uint_ne(atomic_load(&core.s.lanes[0].first_sent_ns), 0);
	ck_assert_uint_ge(atomic_load(&core.s.lanes[0].last_sent_ns),
			  atomic_load(&core.s.lanes[0].first_sent_ns));
	ck_assert(!atomic_load(&core.s.lanes[0].failed));
	end();
}
END_TEST

START_TEST(every_place_in_a_small_window)
{
	begin_running(&(struct core_setup){ .target = "198.18.0.0/22", .retries = 1,
					    .window = 128 });
	start_fake();
	while (count(STAT_waits_window) == 0)
		sched_yield();
	ck_assert_uint_eq(count(STAT_targets_started), 128);
	until_swept(true);
	stop();
	check_all();
	end();
}
END_TEST

/* What it hands back goes out as frames do. */
START_TEST(what_it_cannot_do)
{
	begin_running(&(struct core_setup){ .target = "198.18.0.0/22", .retries = 1 });
	fake.hand_back_each = 7;
	start_fake();
	until_swept(true);
	/* A frame that is behind the last of them. */
	push_cleanup(1);
	while (count(STAT_sent_cleanup) == 0)
		sched_yield();
	push_cleanup(2);
	while (count(STAT_sent_cleanup) == 1)
		sched_yield();
	stop();
	ck_assert_uint_eq(fake.n_back, 2 * (PLACES / 7 + 1));
	ck_assert_uint_eq(fake.n_taken, fake.n_back);
	check_all();
	end();
}
END_TEST

/* From then on nothing is granted; what cleans up still goes. */
START_TEST(stopped_once)
{
	uint64_t granted;

	begin_running(&(struct core_setup){ .target = "198.18.0.0/22" });
	fake.speed = 1;
	start_fake();
	while (count(STAT_targets_started) < 5)
		sched_yield();
	atomic_store(&core.s.stop, STOP_SENDING);
	for (unsigned int i = 0; i < 3; i++) {
		push_cleanup(i);
		while (count(STAT_sent_cleanup) == i)
			sched_yield();
	}
	stop();
	granted = fake.granted;
	ck_assert_uint_eq(fake.stops, 1);
	ck_assert_uint_eq(count(STAT_sent_request), fake.p.used);
	ck_assert_uint_le(fake.p.used, granted);
	ck_assert(!atomic_load(&core.s.lanes[0].failed));
	end();
}
END_TEST

/* Told to end at once, it is stopped, too, and what it sent until then is counted. */
START_TEST(stopped_at_the_end)
{
	static const enum stop levels[] = { STOP_SENDING, STOP_OVER, STOP_NOW };

	begin_running(&(struct core_setup){ .target = "198.18.0.0/22" });
	fake.speed = 1;
	fake.on_its_way = 5;
	start_fake();
	while (count(STAT_targets_started) < 5)
		sched_yield();
	atomic_store(&core.s.stop, levels[_i]);
	while (_i == 0 && count(STAT_sent_cleanup) == 0)
		if (ring_count(&core.s.lanes[0].cleanups) == 0)
			push_cleanup(1);
	stop();
	ck_assert_uint_eq(fake.stops, 1);
	ck_assert_uint_eq(fake.on_its_way, 0);
	ck_assert_uint_eq(count(STAT_sent_request), fake.p.used);
	ck_assert_uint_eq(count(STAT_targets_started), fake.p.at[0]);
	end();
}
END_TEST

START_TEST(broken_sweeper)
{
	begin_running(&(struct core_setup){ .target = "198.18.0.0/22" });
	core.s.interface = "eth7";
	fake.speed = 1;
	fake.error = -ENXIO;
	start_fake();
	ck_assert_int_eq(pthread_join(sender, NULL), 0);
	ck_assert(atomic_load(&core.s.lanes[0].failed));
	ck_assert_ptr_nonnull(strstr(core.s.lanes[0].err.msg, "eth7"));
	ck_assert_ptr_nonnull(strstr(core.s.lanes[0].err.msg, strerror(ENXIO)));
	ck_assert_ptr_eq(shared_tx_failure(&core.s), &core.s.lanes[0].err);
	ck_assert_uint_eq(fake.grants, 10);
	ck_assert(!atomic_load(&core.s.lanes[0].swept));
	end();
}
END_TEST

UNIT_SUITE(sweep_let)
{
	TCase *tcase = unit_case(suite, "grants", one_to_begin_with, outstanding_is_bounded,
				 no_further_than_there_are_places, no_further_than_there_is_room,
				 counts_what_was_done);

	tcase_add_loop_test(tcase, pauses, 0, 2);
	tcase = unit_case(suite, "sweep", every_place_in_a_small_window, what_it_cannot_do,
			  stopped_once, broken_sweeper);
	tcase_add_loop_test(tcase, every_place_once, 0, 2);
	tcase_add_loop_test(tcase, stopped_at_the_end, 0, 3);
}
