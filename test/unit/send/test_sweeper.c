/* The send thread beside a sweeper: each position once, and what the sweeper hands back. */
#include "sweeper_rig.h"

#include <errno.h>

static const double rates[] = { 0, 20000 };

TEST_EACH(every_pos_once, rates)
{
	begin_running(&(struct core_setup){ .target = "198.18.0.0/22", .retries = 2 });
	core.config.rate.pps = *row;
	start();
	until_swept(true);
	stop();
	check_all();
	ck_assert_uint_eq(atomic_load(&tap.n), 0);
	ck_assert_uint_eq(count(STAT_sent_bytes), fake.p.sent_bytes);
	ck_assert_uint_ne(atomic_load(&core.s.senders[0].first_sent_ns), 0);
	ck_assert_uint_ge(atomic_load(&core.s.senders[0].last_sent_ns),
			  atomic_load(&core.s.senders[0].first_sent_ns));
	ck_assert(!atomic_load(&core.s.senders[0].failed));
	end();
}

TEST(every_pos_in_a_small_window)
{
	begin_running(&(struct core_setup){ .target = "198.18.0.0/22", .retries = 1,
					    .window = 128 });
	start();
	until_counted(STAT_waits_window, 1);
	ck_assert_uint_eq(count(STAT_targets_started), 128);
	until_swept(true);
	stop();
	check_all();
	end();
}

/* What it hands back goes out as frames do. */
TEST(what_it_cannot_do)
{
	begin_running(&(struct core_setup){ .target = "198.18.0.0/22", .retries = 1 });
	fake.hand_back_each = 7;
	start();
	until_swept(true);
	/* A frame that comes after the last of them. */
	push_teardown(1);
	until_counted(STAT_sent_cleanup, 1);
	push_teardown(2);
	until_counted(STAT_sent_cleanup, 2);
	stop();
	ck_assert_uint_eq(fake.n_back, 2 * (POSITIONS / 7 + 1));
	ck_assert_uint_eq(fake.n_taken, fake.n_back);
	check_all();
	end();
}

static _Atomic bool takes_more;

static int refused_for_long(unsigned int call, unsigned int n)
{
	return call >= 1 && !takes_more ? -ENETDOWN : (int)n;
}

/*
 * What it hands back waits for the interface: it is not done with, however old the log says that it
 * is, before it was sent and had its time-out.
 */
TEST(handed_back_and_refused)
{
	const struct window *win;
	uint64_t deferred = UINT64_MAX, late_ns = 0;

	begin_running(&(struct core_setup){ .target = "198.18.0.0/22" });
	core.config.probing.timeout_ns = 20 * NS_PER_MS;
	win = &core.s.senders[0].window;
	tap.script = refused_for_long;
	takes_more = false;
	fake.hand_back_each = 100;
	start();
	until_refused(13);
	/* The second of them, and of those after it none. */
	deferred = atomic_load(&win->cursor[0].done);
	takes_more = true;
	until_swept(true);
	while (atomic_load(&win->cursor[0].done) < POSITIONS)
		sched_yield();
	late_ns = clock_now_ns();
	stop();
	check_all();
	ck_assert_uint_eq(deferred % 100, 0);
	for (unsigned int i = 0; i < atomic_load(&tap.n); i++)
		if (tap.v[i].k >= deferred)
			ck_assert_uint_ge(late_ns, tap.v[i].ns);
	ck_assert_uint_eq(count(STAT_not_sent), 0);
	end();
}

/* They were counted when it took them. */
TEST(frames_handed_back)
{
	struct syn syn;

	begin_running(&(struct core_setup){ .target = "198.18.0.0/22" });
	core_craft(&core, 5, core.s.facts.sources[0][0].addr, PROBE_DATA, 0, NULL, &syn);
	memcpy(fake.frame, syn.frame, syn.len);
	fake.frame_len = syn.len;
	fake.frames_back = 100;
	start();
	until_swept(false);
	until_sent(100);
	stop();
	ck_assert_uint_eq(atomic_load(&tap.n), 100);
	ck_assert_uint_eq(count(STAT_sent_data), 0);
	ck_assert_uint_eq(count(STAT_sent_bytes), fake.p.sent_bytes);
	ck_assert_uint_eq(count(STAT_not_taken), 0);
	end();
}

/* What it has no room for stays where it is, and does not keep the sweep. */
TEST(frames_wait_for_room)
{
	begin_running(&(struct core_setup){ .target = "198.18.0.0/22" });
	fake.no_room = true;
	push_followup(3, 0);
	push_teardown(1);
	start();
	until_swept(false);
	ck_assert_uint_eq(atomic_load(&tap.n), 0);
	ck_assert_uint_eq(ring_count(&core.s.senders[0].followups), 1);
	ck_assert_uint_eq(ring_count(&core.s.senders[0].segments), 1);
	atomic_store(&fake.no_room, false);
	until_sent(2);
	stop();
	ck_assert_uint_eq(tap.v[0].p.tcp.flags, TCP_RST);
	check_probe(1, 3, PROBE_DATA, 0);
	ck_assert_uint_eq(count(STAT_requeued), 0);
	end();
}

static int takes_nothing(unsigned int call, unsigned int n)
{
	(void)call;
	(void)n;
	return -ENOBUFS;
}

/* At the end: frames count as not taken after all, positions as not sent; they prove nothing. */
TEST(left_at_the_end)
{
	struct syn syn;

	begin_running(&(struct core_setup){ .target = "198.18.0.0/22" });
	tap.script = takes_nothing;
	core_craft(&core, 5, core.s.facts.sources[0][0].addr, PROBE_DATA, 0, NULL, &syn);
	memcpy(fake.frame, syn.frame, syn.len);
	fake.frame_len = syn.len;
	fake.frames_back = 100;
	fake.hand_back_each = 10;
	start();
	until_refused(1);
	stop();
	ck_assert_uint_eq(count(STAT_not_taken), 100);
	ck_assert_uint_eq(count(STAT_not_sent), fake.n_back);
	for (uint64_t k = 0; k < fake.p.at[0]; k++)
		ck_assert_uint_eq(window_status(&core.s.senders[0].window, k),
				  k % 10 ? 1 : 1 | WINDOW_UNKNOWN);
	end();
}

/* From then on nothing is granted; what cleans up still goes. */
TEST(stopped_once)
{
	uint64_t granted;

	begin_running(&(struct core_setup){ .target = "198.18.0.0/22" });
	fake.speed = 1;
	start();
	until_counted(STAT_targets_started, 5);
	atomic_store(&core.s.control.stop, STOP_SENDING);
	for (unsigned int i = 0; i < 3; i++) {
		push_teardown(i);
		until_counted(STAT_sent_cleanup, i + 1);
	}
	stop();
	granted = fake.granted;
	ck_assert_uint_eq(fake.stops, 1);
	ck_assert_uint_eq(count(STAT_sent_request), fake.p.used);
	ck_assert_uint_le(fake.p.used, granted);
	ck_assert(!atomic_load(&core.s.senders[0].failed));
	end();
}

/* Told to end at once, it is stopped, too, and what it sent until then is counted. */
TEST_TIMES(stopped_at_the_end, 3)
{
	static const enum stop levels[] = { STOP_SENDING, STOP_OVER, STOP_NOW };

	begin_running(&(struct core_setup){ .target = "198.18.0.0/22" });
	fake.speed = 1;
	fake.on_its_way = 5;
	start();
	until_counted(STAT_targets_started, 5);
	atomic_store(&core.s.control.stop, levels[_i]);
	while (_i == 0 && count(STAT_sent_cleanup) == 0)
		if (ring_count(&core.s.senders[0].segments) == 0)
			push_teardown(1);
	stop();
	ck_assert_uint_eq(fake.stops, 1);
	ck_assert_uint_eq(fake.on_its_way, 0);
	ck_assert_uint_eq(count(STAT_sent_request), fake.p.used);
	ck_assert_uint_eq(count(STAT_targets_started), fake.p.at[0]);
	end();
}

/* Where the gateway has moved to is the sweeper's to know, too. */
TEST(gateway_moves)
{
	struct gateway_now *g = &core.s.control.gateway.now[1];

	begin_running(&(struct core_setup){ .target = "198.18.0.0/22" });
	atomic_store(&g->mac, 0x020304050607);
	atomic_fetch_add(&g->changes, 1);
	start();
	until_swept(false);
	stop();
	ck_assert_mem_eq(fake.gateway[1], "\2\3\4\5\6\7", 6);
	ck_assert_mem_eq(fake.gateway[0], "\0\0\0\0\0\0", 6);
	ck_assert_uint_eq(atomic_load(&core.s.senders[0].gateway_changes[1]), 1);
	check_all();
	end();
}

TEST(broken_sweeper)
{
	begin_running(&(struct core_setup){ .target = "198.18.0.0/22" });
	core.s.facts.interface = "eth7";
	fake.speed = 1;
	fake.error = -ENXIO;
	start();
	join();
	ck_assert(atomic_load(&core.s.senders[0].failed));
	ck_assert_ptr_nonnull(strstr(core.s.senders[0].err.msg, "eth7"));
	ck_assert_ptr_nonnull(strstr(core.s.senders[0].err.msg, strerror(ENXIO)));
	ck_assert_ptr_eq(shared_tx_failure(&core.s), &core.s.senders[0].err);
	ck_assert_uint_eq(fake.grants, 10);
	ck_assert(!atomic_load(&core.s.senders[0].swept));
	end();
}
