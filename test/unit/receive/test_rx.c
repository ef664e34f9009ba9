/* The receive thread with an input of the test's: packets to senders, losses, back-pressure. */
#include "unit.h"

#include <sched.h>
#include <stdlib.h>

#include "answer_rig.h"
#include "base/clock.h"
#include "capture.h"
#include "receive/rx.h"
#include "wire/capfile.h"
#include "wire/rx_source.h"

#define SENDERS 3
#define PACKETS 8

/* The input: a turn of rx_run() is one poll. */
static struct {
	uint8_t bytes[PACKETS][CRAFT_LINK_LEN + WIRE_MAX];
	size_t len[PACKETS];
	unsigned int n, turns;
	int64_t wall_offset_ns;		/* the wall clock, as it goes now */
	int64_t former_offset_ns;	/* as it went when the first n_former packets came */
	unsigned int n_former;
	bool (*done)(void);		/* after each: whether it was the last one */
	struct rx_lost lost;
	bool behind, more;		/* more: than one poll brings */
	unsigned int enough;
} in;

static struct rx *rx;

static int in_poll(void *state, rx_frame_fn *fn, void *arg, struct err *e)
{
	unsigned int n = in.n;

	(void)e;
	ck_assert_ptr_eq(state, &in);
	in.n = 0;
	for (unsigned int i = 0; i < n; i++) {
		const struct rx_frame f = {
			.bytes = in.bytes[i], .ip = in.bytes[i] + CRAFT_LINK_LEN,
			.caplen = (uint32_t)(CRAFT_LINK_LEN + in.len[i]),
			.len = (uint32_t)(CRAFT_LINK_LEN + in.len[i]),
			.ip_caplen = (uint32_t)in.len[i],
			.wall_ns = core.now_ns + (uint64_t)(i < in.n_former ? in.former_offset_ns
							    : in.wall_offset_ns),
		};

		fn(arg, &f);
	}
	if (in.turns++ && in.done())
		atomic_store(&core.s.control.stop, STOP_OVER);
	sched_yield();
	return in.more ? RX_POLL_MAX : (int)n;
}

static void in_lost(void *state, struct rx_lost *out)
{
	(void)state;
	*out = in.lost;
}

static bool in_back_pressure(const void *state)
{
	(void)state;
	return in.behind;
}

static void in_enough(void *state)
{
	(void)state;
	in.enough++;
}

static const struct rx_ops in_ops = {
	.name = "test", .poll = in_poll, .lost = in_lost, .back_pressure = in_back_pressure,
	.enough = in_enough,
};

static const struct rx_in input = { &in_ops, &in };

static void begin_senders(uint32_t ring)
{
	const struct core_setup o = { .target = "198.18.0.0/21", .senders = SENDERS, .ring = ring };
	struct err e = { "" };

	begin_with(&o);
	memset(&in, 0, sizeof(in));
	core.now_ns = clock_now_ns();
	core.s.facts.wall_offset_ns = in.wall_offset_ns = clock_wall_offset_ns();
	core.s.facts.tears_down = true;
	ck_assert_msg(rx_new(&rx, &core.s, &input, sink, NULL, &e) == 0, "%s", e.msg);
}

static void end_senders(void)
{
	rx_free(rx);
	end();
}

/* The answer to syn is what comes next. */
static void comes(const struct syn *syn, const struct answer_spec *spec)
{
	ck_assert_uint_lt(in.n, PACKETS);
	put_be16(in.bytes[in.n] + CRAFT_LINK_LEN - 2, 0x0800);
	in.len[in.n] = core_answer(syn, spec, in.bytes[in.n] + CRAFT_LINK_LEN);
	in.n++;
}

/* ---- senders --------------------------------------------------------------------------------- */

/* Positions of the sweep: the sender of each, and which it is there. */
static const struct {
	uint64_t k, pos;
	unsigned int sender;
} positions[] = { { 5, 5, 0 }, { 512 + 7, 7, 1 }, { 1024 + 9, 9, 2 }, { 1536 + 3, 512 + 3, 0 } };

static bool followup_is_due(void)
{
	for (unsigned int i = 0; i < SENDERS; i++)
		if (ring_count(&core.s.senders[i].followups))
			return true;
	return false;
}

static bool at_once(void)
{
	return true;
}

/* Runs until done() says so, after two turns at the least. */
static void receive_until(bool (*done)(void))
{
	in.turns = 0;
	in.done = done;
	atomic_store(&core.s.control.stop, STOP_NOT);
	rx_run(rx);
}

/* An answer marks its own sender's position, and what it leads to is for that sender to send. */
TEST_TIMES(answers_reach_their_sender, N_OF(positions))
{
	unsigned int mine = positions[_i].sender;
	uint64_t x = 0;
	struct followup f;
	struct syn syn;

	begin_senders(64);
	/* Of each sender that position was sent. */
	for (unsigned int i = 0; i < SENDERS; i++)
		core_send(&core, sender_whole(positions[_i].pos, i, SENDERS), 0, &syn);
	core_send(&core, positions[_i].k, 0, &syn);
	x = order_target(&core.s.facts.order, positions[_i].k);
	comes(&syn, SYNACK(OPTS_COOKIE, 0));
	receive_until(followup_is_due);
	for (unsigned int i = 0; i < SENDERS; i++) {
		struct sender *l = &core.s.senders[i];
		uint16_t status = window_status(&l->window, positions[_i].pos);

		ck_assert_int_eq((status & WINDOW_ANSWERED) != 0, i == mine);
		ck_assert_uint_eq(ring_count(&l->followups), i == mine);
		ck_assert_uint_eq(ring_count(&l->segments), i == mine);
	}
	ck_assert(ring_pop(&core.s.senders[mine].followups, &f));
	ck_assert_uint_eq(f.x, x);
	ck_assert_uint_eq(count(STAT_received), 1);
	ck_assert_uint_eq(count(STAT_synacks), 1);
	end_senders();
}

/*
 * Positions are sent as their sender goes on, not as another does: what is ahead of it is forged.
 */
TEST_EACH(ahead_of_its_sender, positions)
{
	struct syn syn;

	begin_senders(64);
	core_send(&core, row->k, 0, &syn);
	atomic_store(&core.s.senders[row->sender].window.reserved, row->pos);
	for (unsigned int i = 0; i < SENDERS; i++)
		if (i != row->sender)
			atomic_store(&core.s.senders[i].window.reserved,
				     core.s.senders[i].positions);
	comes(&syn, SYNACK(OPTS_COOKIE, 0));
	receive_until(at_once);
	ck_assert_uint_eq(count(STAT_drop_unsent), 1);
	ck_assert_uint_eq(count(STAT_synacks), 0);
	atomic_store(&core.s.senders[row->sender].window.reserved, row->pos + 1);
	comes(&syn, SYNACK(OPTS_COOKIE, 0));
	receive_until(at_once);
	ck_assert_uint_eq(count(STAT_drop_unsent), 1);
	ck_assert_uint_eq(count(STAT_synacks), 1);
	end_senders();
}

/* ---- back-pressure ------------------------------------------------------------------------- */

/* For as long as more waits than there may soon be room for: here, or for a send thread. */
TEST(behind)
{
	struct segment_request c = { .dport = 443 };

	begin_senders(16);
	receive_until(at_once);
	ck_assert(!atomic_load(&core.s.rx.part[0].backlogged));
	in.behind = true;
	receive_until(at_once);
	ck_assert(atomic_load(&core.s.rx.part[0].backlogged));
	in.behind = false;
	receive_until(at_once);
	ck_assert(!atomic_load(&core.s.rx.part[0].backlogged));
	for (unsigned int i = 0; i < 4; i++)
		ck_assert(ring_push(&core.s.senders[1].segments, &c));
	receive_until(at_once);
	ck_assert(atomic_load(&core.s.rx.part[0].backlogged));
	ck_assert(ring_pop(&core.s.senders[1].segments, &c));
	receive_until(at_once);
	ck_assert(!atomic_load(&core.s.rx.part[0].backlogged));
	end_senders();
}

static bool losses_are_read(void)
{
	return count(STAT_drop_unmatched) == in.lost.unmatched;
}

/* What is not handed over: told apart already, which is no loss, or lost. Totals, not added up. */
TEST(what_was_not_handed_over)
{
	begin_senders(64);
	in.lost = (struct rx_lost){ .capture = 3, .interface = 5, .unmatched = 7 };
	receive_until(losses_are_read);
	ck_assert_uint_eq(count(STAT_drop_capture), 3);
	ck_assert_uint_eq(count(STAT_drop_interface), 5);
	ck_assert_uint_eq(count(STAT_drop_unmatched), 7);
	ck_assert_uint_eq(count(STAT_received), 7);
	in.lost.unmatched = 9;
	receive_until(losses_are_read);
	ck_assert_uint_eq(count(STAT_drop_unmatched), 9);
	ck_assert_uint_eq(count(STAT_received), 9);
	ck_assert_uint_eq(count(STAT_drop_capture), 3);
	end_senders();
}

/* Silence proves nothing then; where something was only told apart it does. */
TEST_TIMES(losses_are_noted, 3)
{
	uint64_t *counts[] = { &in.lost.unmatched, &in.lost.capture, &in.lost.interface };
	const struct loss_log *losses;
	uint64_t from_ns;

	begin_senders(64);
	in.lost.unmatched = 1;
	receive_until(losses_are_read);
	from_ns = clock_now_ns();
	*counts[_i] += 5;
	receive_until(at_once);
	losses = &core.s.rx.part[0].losses;
	ck_assert_int_eq(loss_log_overlaps(losses, from_ns, clock_now_ns()), _i > 0);
	ck_assert(!loss_log_overlaps(losses, clock_now_ns() + 1, UINT64_MAX));
	end_senders();
}

static bool more_is_lost(void)
{
	in.lost.capture = 4;
	return true;
}

/* What is lost at the very end is in the counters too. */
TEST(lost_at_last)
{
	begin_senders(64);
	in.lost.capture = 3;
	receive_until(more_is_lost);
	ck_assert_uint_eq(count(STAT_drop_capture), 4);
	end_senders();
}

/* ---- what is saved ------------------------------------------------------------------------- */

/*
 * The wall clock was set by an hour since the start, between two packets that are read at once.
 * What is saved of both bears the time of the clock that the SYNs' times are of, or they could not
 * be read as answers to these.
 */
TEST(saved_by_the_runs_clock)
{
	struct err e = { "" };
	struct got g = { .n = 0 };
	struct rx_in r;
	struct syn syn;

	begin_senders(64);
	rx_free(rx);
	core.s.facts.wall_offset_ns -= 3600 * (int64_t)NS_PER_S;
	in.former_offset_ns = core.s.facts.wall_offset_ns;
	in.n_former = 1;
	ck_assert_int_eq(rx_new(&rx, &core.s, &input, sink, NULL, &e), 0);
	scratch_text(&file, "");
	ck_assert_msg(capfile_open(&core.s.capture, file.path, false, false, &e) == 0
		      && capfile_begin(core.s.capture, &e) == 0, "%s", e.msg);
	for (uint64_t k = 5; k < 8; k++) {
		core_send(&core, k, 0, &syn);
		comes(&syn, SYNACK(OPTS_NONE, 0));
	}
	receive_until(at_once);
	ck_assert_uint_eq(count(STAT_synacks), 3);
	ck_assert_int_eq(capfile_close(core.s.capture, &e), 0);
	r = read_file();
	for (int i = 0; i < 3; i++) {
		uint64_t want_ns = core.now_ns + (uint64_t)core.s.facts.wall_offset_ns;

		/* The clocks' distance was measured twice. */
		ck_assert(next_frame(r, &g));
		ck_assert_int_lt(llabs((int64_t)(g.f.wall_ns - want_ns)), 60 * (int64_t)NS_PER_S);
	}
	no_more(r, &g);
	scratch_close(&file);
	end_senders();
}

/* ---- the end ------------------------------------------------------------------------------- */

/* So short that several of them have passed on a machine that booted a moment ago, too. */
static uint64_t shorten_timeout(void)
{
	core.config.probing.timeout_ns = NS_PER_S / 5;
	return core.config.probing.timeout_ns;
}

/*
 * While more waits than a poll brings, time-outs count by the packets that were taken: who is
 * silent by the clock alone has no row, and is unfinished where the scan ends so.
 */
TEST(silent_by_what_was_taken)
{
	struct syn silent, answered;
	uint64_t timeout_ns;

	begin_senders(64);
	timeout_ns = shorten_timeout();
	core.config.output.report = REPORT_ALL;
	core.now_ns = clock_now_ns() - 2 * timeout_ns;
	core_send(&core, 5, 0, &silent);
	core_send(&core, 6, 0, &answered);
	comes(&answered, SYNACK(OPTS_NONE, 0));
	in.more = true;
	receive_until(at_once);
	ck_assert_uint_eq(n_rows(), 1);
	rx_count_unfinished(rx);
	ck_assert_uint_eq(count(STAT_unfinished), 1);
	in.more = false;
	receive_until(at_once);
	ck_assert_uint_eq(n_rows(), 2);
	read_row(1);
	ck_assert_str_eq(cell("verdict"), "offline");
	rx_count_unfinished(rx);
	ck_assert_uint_eq(count(STAT_unfinished), 1);
	end_senders();
}

/* Answers were lost while one of two targets could answer: that one is not known to be silent. */
TEST(silent_while_answers_were_lost)
{
	struct syn syn;
	uint64_t timeout_ns;

	begin_senders(64);
	timeout_ns = shorten_timeout();
	core.config.output.report = REPORT_ALL;
	core.now_ns = clock_now_ns() - 5 * timeout_ns;
	core_send(&core, 5, 0, &syn);
	loss_log_add(&core.s.rx.part[0].losses, core.now_ns, core.now_ns + timeout_ns);
	core.now_ns += 3 * timeout_ns;
	core_send(&core, 6, 0, &syn);
	receive_until(at_once);
	check_row(6, "offline", 1);
	ck_assert_uint_eq(count(STAT_unfinished), 1);
	end_senders();
}

/* An answer was lost for want of room: its target is silent, but not known to be. */
TEST(silent_for_want_of_room)
{
	struct syn syn;
	uint64_t timeout_ns;

	begin_senders(64);
	timeout_ns = shorten_timeout();
	core.config.output.report = REPORT_ALL;
	core.now_ns = clock_now_ns() - 2 * timeout_ns;
	core_send(&core, 5, 0, &syn);
	window_mark(&core.s.senders[0].window, 5, WINDOW_UNKNOWN);
	receive_until(at_once);
	ck_assert_uint_eq(n_rows(), 0);
	ck_assert_uint_eq(count(STAT_unfinished), 1);
	end_senders();
}
