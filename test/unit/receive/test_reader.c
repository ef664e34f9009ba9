/* Two receive threads, each with an input of the test's, and the two parts of the targets. */
#include "unit.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "answer_rig.h"
#include "base/clock.h"
#include "base/log.h"
#include "receive/rx.h"
#include "wire/rx_source.h"

#define THREADS 2
#define POSITIONS 2048u
#define SHARE 64	/* packets of a poll */

struct frame {
	uint8_t bytes[CRAFT_LINK_LEN + 128];
	size_t len;
};

/* The input of a thread. */
static struct input {
	struct frame v[POSITIONS];
	unsigned int n, at;
	_Atomic unsigned int polls;
	_Atomic uint64_t lost;		/* by the capture */
	_Atomic bool stalls;		/* its poll does not return */
} in[THREADS];

static _Atomic unsigned int ready;	/* threads that have come to their first packets */

/* What happens in the first thread's poll when that brings nothing; and whether that is all. */
static bool (*happens)(void);
static struct rx *rx;

static bool all_has_come(void)
{
	return in[1].polls > in[1].n / SHARE + 1;
}

static int in_poll(void *state, rx_frame_fn *fn, void *arg, struct err *e)
{
	struct input *s = state;
	int n = 0;

	(void)e;
	atomic_fetch_add(&ready, s->polls == 0);
	while (s->n && atomic_load(&ready) < THREADS)
		;
	for (; s->at < s->n && n < SHARE; n++, s->at++) {
		const struct frame *v = &s->v[s->at];
		const struct rx_frame f = {
			.bytes = v->bytes, .ip = v->bytes + CRAFT_LINK_LEN,
			.caplen = (uint32_t)(CRAFT_LINK_LEN + v->len),
			.len = (uint32_t)(CRAFT_LINK_LEN + v->len), .ip_caplen = (uint32_t)v->len,
			.wall_ns = core.now_ns + (uint64_t)core.s.facts.wall_offset_ns,
		};

		fn(arg, &f);
	}
	while (atomic_load(&s->stalls))
		sched_yield();
	atomic_fetch_add(&s->polls, 1);
	if (s == &in[0] && n == 0 && happens())
		atomic_store(&core.s.control.stop, STOP_OVER);
	sched_yield();
	return n;
}

static void in_lost(void *state, struct rx_lost *out)
{
	struct input *s = state;

	*out = (struct rx_lost){ .capture = atomic_load(&s->lost) };
}

static void in_enough(void *state)
{
	(void)state;
}

static const struct rx_ops in_ops = {
	.name = "test", .poll = in_poll, .lost = in_lost, .enough = in_enough,
};

static void begin_two(const struct core_setup *o)
{
	struct core_setup setup = *o;
	const struct rx_in inputs[THREADS] = { { &in_ops, &in[0] }, { &in_ops, &in[1] } };
	struct err e = { "" };

	setup.target = "198.18.0.0/21";
	setup.senders = THREADS;
	setup.slots = 2 * POSITIONS;
	setup.ring = POSITIONS;
	begin_with(&setup);
	memset(in, 0, sizeof(in));
	atomic_store(&ready, 0);
	core.now_ns = clock_now_ns();
	core.s.facts.wall_offset_ns = clock_wall_offset_ns();
	shared_set_receivers(&core.s, THREADS);
	ck_assert_msg(log_open(NULL, LOG_WARN, &e) == 0
		      && rx_new(&rx, &core.s, inputs, sink, NULL, &e) == 0, "%s", e.msg);
}

static void end_two(void)
{
	log_close();
	rx_free(rx);
	end();
}

static void receive_until(bool (*done)(void))
{
	happens = done;
	atomic_store(&core.s.control.stop, STOP_NOT);
	rx_run(rx);
}

/*
 * Every position was sent; its server's answer comes by one source or the other. gives: every other
 * one gives a cookie.
 */
static void all_answer(bool gives)
{
	for (uint64_t k = 0; k < POSITIONS; k++) {
		struct input *s = &in[k / 3 % THREADS];
		struct frame *v = &s->v[s->n++];
		uint8_t bytes[WIRE_MAX];
		struct syn syn;

		core_send(&core, k, 0, &syn);
		v->len = core_answer(&syn, SYNACK(gives && k % 2 ? OPTS_COOKIE : OPTS_NONE, 0),
				     bytes);
		ck_assert_uint_le(v->len, sizeof(v->bytes) - CRAFT_LINK_LEN);
		put_be16(v->bytes + CRAFT_LINK_LEN - 2, 0x0800);
		memcpy(v->bytes + CRAFT_LINK_LEN, bytes, v->len);
	}
}

/* ---- packets ------------------------------------------------------------------------------- */

/* Either thread takes packets of both parts: each target has its row, counted once, in its part. */
TEST(rows_of_both_parts)
{
	begin_two(&(struct core_setup){ .retries = 0 });
	all_answer(false);
	receive_until(all_has_come);
	ck_assert_uint_eq(n_rows(), POSITIONS);
	ck_assert_uint_eq(count(STAT_targets_done), POSITIONS);
	ck_assert_uint_eq(count(STAT_received), POSITIONS);
	ck_assert_uint_eq(stat_get_verdict(&core.s.rx.stats, VERDICT_NO_COOKIE), POSITIONS);
	for (unsigned int i = 0; i < THREADS; i++) {
		const struct rx_part *part = &core.s.rx.part[i];

		ck_assert_uint_eq(stat_own(&part->reading, STAT_received), in[i].n);
		ck_assert_uint_eq(stat_own(&part->stats, STAT_synacks), POSITIONS / THREADS);
	}
	for (uint64_t k = 0; k < POSITIONS; k++) {
		uint64_t pos;
		const struct sender *sd = shared_sender(&core.s, k, &pos);

		ck_assert(window_status(&sd->window, pos) & WINDOW_DONE);
	}
	end_two();
}

static bool followups_are_due(void)
{
	return ring_count(&core.s.senders[0].followups) + ring_count(&core.s.senders[1].followups)
		== POSITIONS / 2;
}

/* What follows is for the sender that has the target, and no two have the same place for a time. */
TEST(followups_of_both_parts)
{
	static bool taken[2 * POSITIONS];
	struct followup f;

	begin_two(&(struct core_setup){ .retries = 0 });
	all_answer(true);
	memset(taken, 0, sizeof(taken));
	receive_until(followups_are_due);
	/* Of those the rows say, as the run ends, that they gave a cookie. */
	ck_assert_uint_eq(count(STAT_rows), POSITIONS);
	ck_assert_uint_eq(stat_get_verdict(&core.s.rx.stats, VERDICT_COOKIE_ONLY), POSITIONS / 2);
	ck_assert_uint_eq(count(STAT_table_full), 0);
	ck_assert_uint_eq(count(STAT_table_peak), POSITIONS / 2);
	for (unsigned int i = 0; i < THREADS; i++) {
		ck_assert_uint_eq(ring_count(&core.s.senders[i].followups),
				  POSITIONS / 2 / THREADS);
		while (ring_pop(&core.s.senders[i].followups, &f)) {
			uint64_t k, pos;

			ck_assert(order_pos(&core.s.facts.order, f.x, &k));
			ck_assert_ptr_eq(shared_sender(&core.s, k, &pos), &core.s.senders[i]);
			ck_assert_uint_lt(f.slot, core.s.facts.slots);
			ck_assert(!taken[f.slot]);
			taken[f.slot] = true;
		}
	}
	end_two();
}

/* Two threads write rows, and there is none too many: of one, too, for which both are there. */
TEST_TIMES(no_more_than_max_results, 20)
{
	uint64_t most = _i % 2 ? 1000 : 1;

	begin_two(&(struct core_setup){ .retries = 0, .max_results = most });
	all_answer(false);
	receive_until(all_has_come);
	ck_assert_uint_eq(n_rows(), most);
	ck_assert_uint_eq(count(STAT_rows), most);
	ck_assert_uint_eq(count(STAT_targets_done), most);
	ck_assert(atomic_load(&core.s.rx.full));
	end_two();
}

/* ---- a checkpoint -------------------------------------------------------------------------- */

static bool asks_for_progress(void)
{
	if (!followups_are_due() || rx_due(&core.s.rx).awaiting)
		return false;
	atomic_store(&core.saving.wanted, true);
	return true;
}

/* What it says of the targets of both parts: who has a row is past, who has none is named. */
TEST(a_checkpoint_of_both_parts)
{
	const struct checkpoint_progress *next = &core.saving.next;

	begin_two(&(struct core_setup){ .retries = 0, .saves = true });
	/* The sources say that they have no more while they have: by then all has come. */
	core.config.probing.timeout_ns = 3 * NS_PER_S;
	sem_init(&core.saving.taken, 0, 0);
	all_answer(true);
	receive_until(asks_for_progress);
	ck_assert_int_eq(sem_trywait(&core.saving.taken), 0);
	ck_assert_int_eq(core.saving.err, 0);
	ck_assert_uint_eq(next->counters[STAT_rows], POSITIONS / 2);
	ck_assert_uint_eq(next->counters[STAT_received], POSITIONS);
	ck_assert_uint_eq(next->verdicts[VERDICT_NO_COOKIE], POSITIONS / 2);
	for (unsigned int i = 0; i < THREADS; i++) {
		const struct checkpoint_shard *shard = &next->shards[i];

		ck_assert_uint_eq(shard->tail, POSITIONS / THREADS);
		ck_assert_uint_eq(shard->n, POSITIONS / THREADS / 2);
		for (size_t n = 0; n < shard->n; n++)
			ck_assert_uint_eq(sender_whole(shard->pending[n], i, THREADS) % 2, 1);
	}
	sem_destroy(&core.saving.taken);
	for (unsigned int i = 0; i < THREADS; i++) {
		checkpoint_shard_free(&core.saving.next.shards[i]);
		checkpoint_shard_free(&core.saving.last.shards[i]);
	}
	end_two();
}

/* ---- time-outs ----------------------------------------------------------------------------- */

static bool wrote_too_soon;

static void send_silent(void)
{
	struct syn syn;

	core.config.probing.timeout_ns = NS_PER_S / 10;
	core.config.output.report = REPORT_ALL;
	core_send(&core, 5, 0, &syn);
	core_send(&core, SENDER_BLOCK + 5, 0, &syn);
}

/* The first thread alone has read so far that both targets are silent. */
static bool first_is_past(void)
{
	uint64_t silent_ns = core.now_ns + 2 * core.config.probing.timeout_ns;

	if (atomic_load(&core.s.rx.part[0].read_ns) < silent_ns)
		return false;
	if (atomic_load(&in[1].stalls)) {
		wrote_too_soon = sink_rows(sink) > 0;
		atomic_store(&in[1].stalls, false);
	}
	return atomic_load(&core.s.rx.part[1].read_ns) >= silent_ns;
}

/* Who is silent by what one thread has read may have answered by what waits for the other. */
TEST(silent_by_what_both_have_read)
{
	begin_two(&(struct core_setup){ .retries = 0 });
	send_silent();
	wrote_too_soon = false;
	atomic_store(&in[1].stalls, true);
	receive_until(first_is_past);
	ck_assert(!wrote_too_soon);
	ck_assert_uint_eq(n_rows(), 2);
	ck_assert_uint_eq(stat_get_verdict(&core.s.rx.stats, VERDICT_OFFLINE), 2);
	end_two();
}

static bool second_loses(void)
{
	uint64_t silent_ns = core.now_ns + 2 * core.config.probing.timeout_ns;

	if (atomic_load(&in[1].polls))
		atomic_store(&in[1].lost, 3);
	return rx_read_ns(&core.s.rx) >= silent_ns;
}

/* Whatever was lost may have been an answer of either part's: none is known to be silent. */
TEST(silent_while_the_other_lost_answers)
{
	begin_two(&(struct core_setup){ .retries = 0 });
	send_silent();
	receive_until(second_loses);
	ck_assert_uint_eq(n_rows(), 0);
	ck_assert_uint_eq(count(STAT_unfinished), 2);
	ck_assert_uint_eq(count(STAT_drop_capture), 3);
	for (unsigned int i = 0; i < THREADS; i++)
		ck_assert(loss_log_overlaps(&core.s.rx.part[i].losses, core.now_ns, UINT64_MAX));
	end_two();
}

/* ---- failures ------------------------------------------------------------------------------ */

static int failing_poll(void *state, rx_frame_fn *fn, void *arg, struct err *e)
{
	unsigned int number = (unsigned int)((struct input *)state - in);

	(void)fn;
	(void)arg;
	return err_set(e, EIO, "source %u is broken", number);
}

/* Of two that fail at once one says why. */
TEST(both_sources_fail)
{
	static const struct rx_ops failing = {
		.name = "test", .poll = failing_poll, .lost = in_lost, .enough = in_enough,
	};
	const struct rx_in inputs[THREADS] = { { &failing, &in[0] }, { &failing, &in[1] } };
	struct err e = { "" };

	begin_two(&(struct core_setup){ .retries = 0 });
	rx_free(rx);
	ck_assert_int_eq(rx_new(&rx, &core.s, inputs, sink, NULL, &e), 0);
	receive_until(all_has_come);
	ck_assert(atomic_load(&core.s.rx.failed));
	ck_assert(strcmp(core.s.rx.err.msg, "source 0 is broken") == 0
		  || strcmp(core.s.rx.err.msg, "source 1 is broken") == 0);
	end_two();
}
