#include "unit.h"

#include <errno.h>

#include "sweep_rig.h"

#define POSITIONS 256		/* in a /24 */

static void begin(void)
{
	begin_with(&(struct core_setup){ .retries = 0 });
}

/* Every position once, in the order's sequence, from frame `from` on. */
static void check_whole_sweep(unsigned int from, uint64_t positions)
{
	for (uint64_t k = 0; k < positions; k++)
		check_probe(from + (unsigned int)k, k, PROBE_REQUEST, 0);
	ck_assert_uint_eq(count(STAT_sent_request), positions);
	ck_assert_uint_eq(count(STAT_targets_started), positions);
	ck_assert_uint_eq(count(STAT_sent_retries), 0);
	ck_assert_uint_eq(count(STAT_not_sent), 0);
	ck_assert(!atomic_load(&core.s.senders[0].failed));
	ck_assert_str_eq(core.s.senders[0].err.msg, "");
}

/* ---- the sweep ----------------------------------------------------------------------------- */

static const double rates[] = { 0, 30000, 1e6 };

TEST_EACH(each_target_once_in_order, rates)
{
	uint64_t bytes = 0;

	begin();
	core.config.rate.pps = *row;
	start();
	until_swept(false);
	nothing_more_than(POSITIONS);
	check_whole_sweep(0, POSITIONS);
	for (unsigned int i = 0; i <= POSITIONS; i++)
		bytes += tap.v[i].len;
	ck_assert_uint_eq(count(STAT_sent_bytes), bytes);
	ck_assert_uint_eq(count(STAT_sent_cleanup), 1);
	ck_assert_uint_eq(count(STAT_requeued), 0);
	ck_assert_uint_ne(atomic_load(&core.s.senders[0].first_sent_ns), 0);
	ck_assert_uint_ge(atomic_load(&core.s.senders[0].last_sent_ns),
			  atomic_load(&core.s.senders[0].first_sent_ns));
	ck_assert_uint_eq(atomic_load(&core.s.senders[0].window.reserved), POSITIONS);
	for (uint64_t k = 0; k < POSITIONS; k++)
		ck_assert_uint_ne(sendlog_time(&core.s.senders[0].window.cursor[0].log, k), 0);
	end();
}

TEST(request_as_it_is)
{
	struct tcpopts o;

	begin();
	start();
	until_swept(false);
	stop();
	for (unsigned int i = 0; i < POSITIONS; i++) {
		const struct packet_tcp *t = &tap.v[i].p.tcp;

		ck_assert_uint_eq(t->flags, TCP_SYN);
		ck_assert_uint_eq(t->payload_len, 0);
		ck_assert(addr_eq(t->src, core.s.facts.sources[0][0].addr));
		tcpopt_parse(&o, t->opts, t->opts_len);
		ck_assert_uint_eq(o.tfo.state, TFO_EMPTY);
		ck_assert_uint_eq(o.tfo.kind, TFO_KIND);
	}
	end();
}

TEST(a_shard_without_positions)
{
	struct err e = { "" };

	begin();
	ck_assert_int_eq(order_init(&core.s.facts.order, POSITIONS, 3, 8, 5, 1, &e), 0);
	core.s.senders[0].positions = core.s.facts.order.positions;
	start();
	until_swept(false);
	nothing_more_than(0);
	end();
}

/* 1024 targets and 128 slots: it waits for room, which it is said to do once. */
TEST(waits_for_the_window)
{
	begin_with(&(struct core_setup){ .target = "198.18.0.0/22", .window = 128 });
	start();
	until_counted(STAT_waits_window, 1);
	ck_assert_uint_eq(atomic_load(&tap.n), 128);
	ck_assert(!atomic_load(&core.s.senders[0].swept));
	until_swept(false);
	nothing_more_than(1024);
	check_whole_sweep(0, 1024);
	end();
}

/* Half of the cookie cache is taken: follow-ups go on, new targets wait. */
TEST(waits_for_the_table)
{
	begin();
	atomic_store(&core.s.rx.part[0].cache_half_full, true);
	start();
	until_counted(STAT_waits_table, 1);
	push_followup(7, 0);
	until_sent(1);
	push_followup(8, 0);
	until_sent(2);
	atomic_store(&core.s.rx.part[0].cache_half_full, false);
	until_swept(false);
	nothing_more_than(2 + POSITIONS);
	check_probe(0, 7, PROBE_DATA, 0);
	check_probe(1, 8, PROBE_DATA, 0);
	check_whole_sweep(2, POSITIONS);
	ck_assert_uint_eq(count(STAT_waits_table), 1);
	ck_assert_uint_eq(count(STAT_sent_data), 2);
	end();
}

/* ---- retries ------------------------------------------------------------------------------- */

/* Every third position answers its first request, every fifth its second. */
static void some_answer(const struct tapped *t)
{
	if ((t->k % 3 == 0 && t->m.attempt == 0) || (t->k % 5 == 0 && t->m.attempt == 1))
		window_mark(&core.s.senders[0].window, t->k, WINDOW_ANSWERED);
}

static void check_retries(uint64_t positions)
{
	unsigned int retries = 0, syns[1024] = { 0 };

	for (unsigned int i = 0; tap.v[i].m.class == VALIDATE_SENT; i++) {
		const struct tapped *t = &tap.v[i];

		ck_assert_uint_lt(t->k, positions);
		ck_assert_uint_eq(t->m.kind, PROBE_REQUEST);
		ck_assert_uint_eq(t->m.attempt, syns[t->k]);
		syns[t->k]++;
		retries += t->m.attempt > 0;
	}
	for (uint64_t k = 0; k < positions; k++)
		if (syns[k] != (k % 3 == 0 ? 1 : k % 5 == 0 ? 2 : 3))
			ck_abort_msg("position %ju: %u SYNs", (uintmax_t)k, syns[k]);
	ck_assert_uint_eq(count(STAT_sent_request), positions + retries);
	ck_assert_uint_eq(count(STAT_sent_retries), retries);
	ck_assert_uint_eq(count(STAT_targets_started), positions);
}

/* In a window for all, and in a small one. */
static const struct core_setup windows[] = {
	{ .retries = 2 }, { .target = "198.18.0.0/22", .retries = 2, .window = 256 },
};

TEST_EACH(retries_to_the_silent, windows)
{
	begin_with(row);
	tap.on_frame = some_answer;
	start();
	until_swept(true);
	nothing_more_than(atomic_load(&tap.n));
	check_retries(core.s.facts.order.positions);
	end();
}

/* Each batch is refused once, so that the next one is a grain of the send log later. */
static int refuse_first(unsigned int call, unsigned int n)
{
	return call % 2 ? (int)n : -ENOBUFS;
}

/* What the send log says of every SYN: after the one before it, and not after it was sent. */
TEST(times_of_retries)
{
	uint64_t before_ns[POSITIONS] = { 0 }, last_ns = 0;
	unsigned int moments[3] = { 0 };

	begin_with(&(struct core_setup){ .retries = 2 });
	tap.on_frame = some_answer;
	tap.script = refuse_first;
	start();
	until_swept(true);
	stop();
	for (unsigned int i = 0; i < atomic_load(&tap.n); i++) {
		const struct tapped *t = &tap.v[i];
		uint64_t ns = sendlog_time(&core.s.senders[0].window.cursor[t->m.attempt].log,
					   t->k);

		if (ns <= before_ns[t->k] || ns > t->ns)
			ck_abort_msg("position %ju, attempt %u: %jd ns after the one before, "
				     "%jd ns before it left", (uintmax_t)t->k, t->m.attempt,
				     (intmax_t)(ns - before_ns[t->k]), (intmax_t)(t->ns - ns));
		before_ns[t->k] = t->ns;
		moments[t->m.attempt] += ns != last_ns;
		last_ns = ns;
	}
	for (unsigned int a = 0; a < 3; a++)
		ck_assert_uint_gt(moments[a], 1);
	end();
}

/* ---- what the kernel does not take --------------------------------------------------------- */

/* Refuses now for one reason, now for another, and takes a part, or all. */
static int refuse_often(unsigned int call, unsigned int n)
{
	static const int replies[] = { -ENOBUFS, 1, -EAGAIN, 5, -ENOBUFS, 64, 3, -ENETDOWN, 7 };
	int reply = replies[call % N_OF(replies)];

	return reply > (int)n ? (int)n : reply;
}

static int down_for_a_moment(unsigned int call, unsigned int n)
{
	return call >= 1 && call <= 12 ? -ENETDOWN : (int)n;
}

static tap_script *const passing[] = { refuse_often, down_for_a_moment };

TEST_EACH(refused_packets_are_sent_later, passing)
{
	begin();
	tap.script = *row;
	start();
	until_swept(false);
	stop();
	ck_assert_uint_eq(atomic_load(&tap.n), POSITIONS);
	check_whole_sweep(0, POSITIONS);
	ck_assert_uint_gt(atomic_load(&tap.refusals), 3);
	ck_assert_uint_eq(count(STAT_requeued), atomic_load(&tap.refusals));
	end();
}

static uint64_t refused_ns;	/* the last time */

/* The second batch, with three follow-ups in it, is refused for a while; then its rest, again. */
static int refused_for_a_moment(unsigned int call, unsigned int n)
{
	if (call == 0)
		for (uint64_t k = 0; k < 3; k++)
			push_followup(k, 0);
	if (call == 0 || call > 20)
		return (int)n;
	if (call == 12)
		return 2;
	refused_ns = clock_now_ns();
	return -ENOBUFS;
}

/* As the receive thread may see it while the engine has the frame. */
static void stamps_meanwhile(const struct tapped *t)
{
	const struct window *w = &core.s.senders[0].window;
	uint64_t stamp;

	if (t->m.class != VALIDATE_SENT)
		return;
	if (t->m.kind == PROBE_REQUEST) {
		if (sendlog_time(&w->cursor[0].log, t->k) > t->ns)
			abort();
		return;
	}
	stamp = atomic_load(&core.s.stamps[t->k]);
	if (!(stamp & STAMP_LEAVING) || stamp == STAMP_NOT_SENT
	    || (stamp & ~STAMP_LEAVING) < refused_ns || (stamp & ~STAMP_LEAVING) > t->ns)
		abort();
}

/* What is sent late was sent late: its time-out begins then. */
TEST(times_of_what_was_refused)
{
	const struct window *w = &core.s.senders[0].window;
	unsigned int last = TX_BATCH + TX_BATCH - 1;	/* frame, of the second batch */
	uint64_t last_ns;

	begin();
	tap.script = refused_for_a_moment;
	tap.on_frame = stamps_meanwhile;
	start();
	until_swept(false);
	stop();
	ck_assert_uint_eq(count(STAT_sent_data), 3);
	for (unsigned int k = 0; k < 3; k++) {
		ck_assert_uint_eq(atomic_load(&core.s.stamps[k]) & STAMP_LEAVING, 0);
		ck_assert_uint_ne(atomic_load(&core.s.stamps[k]), 0);
	}
	check_probe(last, TX_BATCH + TX_BATCH - 4, PROBE_REQUEST, 0);
	last_ns = sendlog_time(&w->cursor[0].log, tap.v[last].k);
	ck_assert_uint_ge(last_ns, refused_ns);
	ck_assert_uint_le(last_ns, tap.v[last].ns);
	end();
}

static int down_for_good(unsigned int call, unsigned int n)
{
	return call == 0 ? (int)n - 1 : -ENETDOWN;
}

/* The send thread gives up by itself, and says on which interface. */
TEST(interface_stays_down)
{
	unsigned int n;

	begin();
	core.s.facts.interface = "eth7";
	core.s.facts.outage_max_ns = NS_PER_MS;
	tap.script = down_for_good;
	start();
	join();
	ck_assert(atomic_load(&core.s.senders[0].failed));
	ck_assert_ptr_nonnull(strstr(core.s.senders[0].err.msg, "eth7"));
	ck_assert_ptr_nonnull(strstr(core.s.senders[0].err.msg, "Network is down"));
	n = atomic_load(&tap.n);
	ck_assert_uint_gt(n, 0);
	ck_assert_uint_eq(count(STAT_sent_request), n);
	ck_assert_uint_eq(count(STAT_not_sent), 1);
	ck_assert(!atomic_load(&core.s.senders[0].swept));
	end();
}

static int broken(unsigned int call, unsigned int n)
{
	return call == 2 ? -ENXIO : (int)n;
}

TEST(broken_engine_is_not_asked_again)
{
	begin();
	tap.script = broken;
	start();
	join();
	ck_assert(atomic_load(&core.s.senders[0].failed));
	ck_assert_ptr_nonnull(strstr(core.s.senders[0].err.msg, strerror(ENXIO)));
	ck_assert_uint_eq(atomic_load(&tap.calls), 3);
	ck_assert_uint_eq(count(STAT_requeued), 0);
	ck_assert_uint_eq(count(STAT_sent_request), atomic_load(&tap.n));
	ck_assert_uint_gt(count(STAT_not_sent), 0);
	end();
}

static int never(unsigned int call, unsigned int n)
{
	(void)call;
	(void)n;
	return -ENOBUFS;
}

/* Refused for ever: it ends when it has to. */
TEST(stopped_while_refused)
{
	begin();
	push_followup(3, 0);
	tap.script = never;
	start();
	until_refused(3);
	ck_assert_uint_ne(atomic_load(&core.s.stamps[3]) & STAMP_LEAVING, 0);
	ck_assert_uint_ne(atomic_load(&core.s.senders[0].refused_ns), 0);
	stop();
	ck_assert(!atomic_load(&core.s.senders[0].failed));
	ck_assert_uint_eq(count(STAT_sent_request), 0);
	ck_assert_uint_gt(count(STAT_not_sent), 1);
	/* Nothing was sent: the follow-up is stamped so, the positions marked. */
	ck_assert_uint_eq(atomic_load(&core.s.stamps[3]), STAMP_NOT_SENT);
	ck_assert_uint_eq(count(STAT_not_sent), 1 + count(STAT_targets_started));
	for (uint64_t k = 0; k < count(STAT_targets_started); k++)
		ck_assert_uint_eq(window_status(&core.s.senders[0].window, k), 1 | WINDOW_UNKNOWN);
	end();
}

/* ---- what goes first ----------------------------------------------------------------------- */

/* While the first batch leaves, follow-ups and a reset become due. */
static int becomes_due(unsigned int call, unsigned int n)
{
	if (call == 0) {
		push_followup(3, 0);
		push_followup(1, 4);
		push_teardown(99);
		push_followup(2, 1);
	}
	return (int)n;
}

TEST(follow_ups_before_the_sweep)
{
	static const uint64_t positions[] = { 3, 1, 2 };
	static const uint8_t attempts[] = { 0, 4, 1 };
	unsigned int first = 0;

	begin();
	tap.script = becomes_due;
	start();
	until_swept(false);
	nothing_more_than(POSITIONS + 4);
	for (; tap.v[first].m.class == VALIDATE_SENT; first++)
		check_probe(first, first, PROBE_REQUEST, 0);
	ck_assert_uint_le(first, TX_BATCH);
	ck_assert_uint_eq(tap.v[first].p.tcp.seq, 99);
	for (unsigned int i = 0; i < 3; i++) {
		const struct packet_tcp *t = &tap.v[first + 1 + i].p.tcp;
		struct tcpopts o;

		check_probe(first + 1 + i, positions[i], PROBE_DATA, attempts[i]);
		ck_assert_uint_eq(t->payload_len, CORE_DLEN);
		tcpopt_parse(&o, t->opts, t->opts_len);
		ck_assert_uint_eq(o.tfo.kind, TFO_KIND);
		ck_assert_uint_eq(o.tfo.len, 8);
		ck_assert_mem_eq(o.tfo.cookie, "\1\2\3\4\5\6\7\10", 8);
		ck_assert_uint_ne(atomic_load(&core.s.stamps[positions[i]]), 0);
	}
	ck_assert_uint_eq(atomic_load(&core.s.stamps[0]), 0);
	for (unsigned int k = first; k < POSITIONS; k++)
		check_probe(k + 4, k, PROBE_REQUEST, 0);
	ck_assert_uint_eq(count(STAT_sent_request), POSITIONS);
	ck_assert_uint_eq(count(STAT_sent_data), 3);
	ck_assert_uint_eq(count(STAT_sent_cleanup), 2);
	end();
}

/* Of `data` that is sent again, the second cookie's first SYN is no retry. */
TEST(counts_retries_of_data)
{
	begin();
	atomic_store(&core.s.rx.part[0].cache_half_full, true);
	for (uint8_t attempt = 0; attempt < 6; attempt++)
		push_followup(attempt, attempt);
	start();
	until_sent(6);
	nothing_more_than(6);
	ck_assert_uint_eq(count(STAT_sent_data), 6);
	ck_assert_uint_eq(count(STAT_sent_retries), 4);
	end();
}

/* After the first Ctrl-C only what cleans up is sent. */
TEST(stop_sending)
{
	begin();
	atomic_store(&core.s.control.stop, STOP_SENDING);
	push_followup(3, 0);
	start();
	nothing_more_than(0);
	ck_assert_uint_eq(ring_count(&core.s.senders[0].followups), 1);
	ck_assert_uint_eq(atomic_load(&core.s.stamps[3]), 0);
	ck_assert(!atomic_load(&core.s.senders[0].swept));
	ck_assert_uint_eq(count(STAT_targets_started), 0);
	end();
}

/* sent_request_exp counts request-exp, and so on. */
TEST(a_counter_for_each_kind)
{
	for (unsigned int kind = 0; kind < PROBE_KINDS; kind++) {
		char name[32];

		snprintf(name, sizeof(name), "sent_%s", probe_types[kind].name);
		for (char *c = name; *c; c++)
			*c = *c == '-' ? '_' : *c;
		ck_assert_str_eq(stat_types[STAT_sent_syn + kind].name, name);
	}
}
