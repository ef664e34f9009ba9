/* Several send threads, each with its sender, its engine and its share of the rate. */
#include "unit.h"

#include <pthread.h>
#include <sched.h>

#include "base/clock.h"
#include "rig.h"
#include "send/sweep.h"
#include "wire/tx.h"

#define POSITIONS	8192		/* in a /19: 16 blocks */
#define SENDERS	3
#define PASSES	3		/* most */

/* A sender's engine, which counts what it is given. The sender's thread's, until that is joined. */
struct engine {
	unsigned int sender;
	uint64_t next;			/* position of the sender that comes next, first attempts */
	uint64_t bytes, frames;
	bool disorder;			/* a position was not its own, or came in another order */
	_Atomic unsigned int n;
};

static struct core core;
static struct engine engines[SENDERS];
static pthread_t senders[SENDERS];
static _Atomic uint8_t syns[PASSES][POSITIONS];

static void take(struct engine *e, const struct tx_frame *frame)
{
	struct validate_match m;
	uint64_t x, k, pos;
	struct packet p;

	e->bytes += frame->len;
	e->frames++;
	if (packet_parse(&p, frame->data + CRAFT_LINK_LEN, frame->len - CRAFT_LINK_LEN))
		abort();
	validate_packet(&core.s.facts.validator, &p, PAYLOAD_MAX, &m);
	if (m.class != VALIDATE_SENT)
		return;
	if (!targets_index(core.targets, m.dst, m.dport, &x) || !order_pos(&core.s.facts.order, x,
									   &k)
	    || m.attempt >= PASSES)
		abort();
	if (shared_sender(&core.s, k, &pos) != &core.s.senders[e->sender])
		e->disorder = true;
	if (m.attempt == 0 && pos != e->next++)
		e->disorder = true;
	atomic_fetch_add(&syns[m.attempt][k], 1);
}

static int send_frames(void *state, const struct tx_frame *frames, unsigned int n)
{
	struct engine *e = state;

	for (unsigned int i = 0; i < n; i++)
		take(e, &frames[i]);
	atomic_fetch_add(&e->n, n);
	return (int)n;
}

static const struct tx_ops ops = { .name = "senders", .send = send_frames };

static void *run_sender(void *arg)
{
	struct engine *e = arg;

	sweep_run(&core.s, e->sender, &ops, e);
	return NULL;
}

static void begin_with(const struct core_setup *o)
{
	memset(engines, 0, sizeof(engines));
	for (unsigned int s = 0; s < PASSES; s++)
		for (unsigned int k = 0; k < POSITIONS; k++)
			atomic_store(&syns[s][k], 0);
	core_init(&core, o);
	core.config.probing.timeout_ns = NS_PER_MS;
	core.config.rate.cooldown_ns = NS_PER_S;
}

static void start(void)
{
	for (unsigned int i = 0; i < SENDERS; i++) {
		engines[i].sender = i;
		ck_assert_int_eq(pthread_create(&senders[i], NULL, run_sender, &engines[i]), 0);
	}
}

/* The receive thread's part for each sender, where nobody answers. */
static void until_swept(void)
{
	while (!shared_swept(&core.s)) {
		uint64_t now_ns = clock_now_ns();

		for (unsigned int i = 0; i < SENDERS; i++) {
			struct window *w = &core.s.senders[i].window;
			uint64_t to = window_silent_until(w, now_ns,
							  core.config.probing.timeout_ns);

			w->tail = to > w->tail ? to : w->tail;
			window_recycle(w, now_ns, NS_PER_S, true);
		}
		sched_yield();
	}
}

static void stop(void)
{
	atomic_store(&core.s.control.stop, STOP_OVER);
	for (unsigned int i = 0; i < SENDERS; i++)
		ck_assert_int_eq(pthread_join(senders[i], NULL), 0);
}

static uint64_t count(enum stat_id id)
{
	return stat_get(&core.s.rx.stats, id);
}

static void check_all(unsigned int passes)
{
	uint64_t bytes = 0, first = UINT64_MAX, last = 0;

	for (unsigned int s = 0; s < PASSES; s++)
		for (unsigned int k = 0; k < POSITIONS; k++)
			if (atomic_load(&syns[s][k]) != (s < passes))
				ck_abort_msg("position %u, pass %u: %u SYNs", k, s,
					     atomic_load(&syns[s][k]));
	for (unsigned int i = 0; i < SENDERS; i++) {
		struct sender *l = &core.s.senders[i];
		uint64_t ns = atomic_load(&l->first_sent_ns);

		ck_assert(!engines[i].disorder);
		ck_assert_uint_eq(engines[i].next, l->positions);
		ck_assert_uint_eq(atomic_load(&l->stats.v[STAT_targets_started]), l->positions);
		ck_assert_uint_eq(window_reserved(&l->window), l->positions);
		bytes += engines[i].bytes;
		first = ns < first ? ns : first;
		ns = atomic_load(&l->last_sent_ns);
		last = ns > last ? ns : last;
	}
	ck_assert_uint_eq(count(STAT_sent_request), passes * POSITIONS);
	ck_assert_uint_eq(count(STAT_sent_retries), (passes - 1) * POSITIONS);
	ck_assert_uint_eq(count(STAT_targets_started), POSITIONS);
	ck_assert_uint_eq(count(STAT_sent_bytes), bytes);
	ck_assert_uint_eq(shared_first_sent_ns(&core.s), first);
	ck_assert_uint_eq(shared_last_sent_ns(&core.s), last);
	ck_assert_ptr_null(shared_tx_failure(&core.s));
}

static const double rates[] = { 0, 60000 };

START_TEST(every_pos_once)
{
	begin_with(&(struct core_setup){ .target = "198.18.0.0/19", .senders = SENDERS,
					 .retries = PASSES - 1, .window = 4096 });
	core.config.rate.pps = rates[_i];
	start();
	until_swept();
	stop();
	check_all(PASSES);
	core_free(&core);
}
END_TEST

START_TEST(in_small_windows)
{
	begin_with(&(struct core_setup){ .target = "198.18.0.0/19", .senders = SENDERS,
					.retries = 1,
					 .window = 128 });
	start();
	while (count(STAT_waits_window) < SENDERS)
		sched_yield();
	until_swept();
	stop();
	check_all(2);
	core_free(&core);
}
END_TEST

/* A sender's clean-up and follow-ups are its own, and so is the room that it waits for. */
START_TEST(each_has_its_rings)
{
	struct cleanup c = { .src = { 0, ADDR_V4_PREFIX | 0xc6130001 }, .dport = 443 };

	begin_with(&(struct core_setup){ .target = "198.18.0.0/19", .senders = SENDERS,
					 .ring = 16 });
	atomic_store(&core.s.rx.cache_half_full, true);
	c.dst = targets_at(core.targets, 0).ip;
	ck_assert(shared_clean(&core.s));
	ck_assert(!shared_rings_full(&core.s));
	for (unsigned int i = 0; i < 4; i++) {
		ck_assert(!shared_rings_full(&core.s));
		ck_assert(ring_push(&core.s.senders[2].cleanups, &c));
		ck_assert(!shared_clean(&core.s));
	}
	ck_assert(shared_rings_full(&core.s));
	start();
	while (!shared_clean(&core.s))
		sched_yield();
	ck_assert(!shared_rings_full(&core.s));
	while (count(STAT_waits_table) < SENDERS)
		sched_yield();
	stop();
	ck_assert_uint_eq(engines[0].frames, 0);
	ck_assert_uint_eq(engines[1].frames, 0);
	ck_assert_uint_eq(engines[2].frames, 4);
	ck_assert_uint_eq(count(STAT_sent_cleanup), 4);
	ck_assert(!shared_swept(&core.s));
	core_free(&core);
}
END_TEST

/* Follow-ups that wait for one sender are as good a reason. */
START_TEST(rings_that_fill)
{
	struct followup f = { .kind = PROBE_DATA };

	begin_with(&(struct core_setup){ .target = "198.18.0.0/19", .senders = SENDERS,
					 .ring = 64 });
	for (unsigned int i = 0; i < 16; i++) {
		ck_assert(!shared_rings_full(&core.s));
		ck_assert(ring_push(&core.s.senders[1].followups, &f));
	}
	ck_assert(shared_rings_full(&core.s));
	ck_assert(ring_pop(&core.s.senders[1].followups, &f));
	ck_assert(!shared_rings_full(&core.s));
	core_free(&core);
}
END_TEST

/* The receive thread is behind: no sender goes on, each says so once, and all go on after it. */
START_TEST(waits_for_the_receiver)
{
	begin_with(&(struct core_setup){ .target = "198.18.0.0/19", .senders = SENDERS,
					 .window = 4096 });
	atomic_store(&core.s.rx.backlogged, true);
	start();
	while (count(STAT_waits_receiver) < SENDERS)
		sched_yield();
	for (unsigned int i = 0; i < SENDERS; i++)
		ck_assert_uint_eq(atomic_load(&engines[i].n), 0);
	atomic_store(&core.s.rx.backlogged, false);
	until_swept();
	stop();
	check_all(1);
	ck_assert_uint_eq(count(STAT_waits_receiver), SENDERS);
	core_free(&core);
}
END_TEST

/* More senders than blocks: who has no positions is done at once. */
START_TEST(senders_without_positions)
{
	begin_with(&(struct core_setup){ .senders = SENDERS });
	ck_assert_uint_eq(core.s.senders[0].positions, 256);
	ck_assert_uint_eq(core.s.senders[1].positions, 0);
	start();
	until_swept();
	stop();
	ck_assert_uint_eq(count(STAT_sent_request), 256);
	ck_assert_uint_eq(engines[0].next, 256);
	ck_assert_uint_eq(engines[1].frames + engines[2].frames, 0);
	ck_assert_uint_eq(atomic_load(&core.s.senders[1].first_sent_ns), 0);
	ck_assert_uint_eq(shared_first_sent_ns(&core.s),
			  atomic_load(&core.s.senders[0].first_sent_ns));
	core_free(&core);
}
END_TEST

/* ---- without threads ----------------------------------------------------------------------- */

START_TEST(all_of_them_count)
{
	struct sender *l;

	begin_with(&(struct core_setup){ .target = "198.18.0.0/19", .senders = SENDERS });
	l = core.s.senders;
	ck_assert_uint_eq(shared_first_sent_ns(&core.s), 0);
	ck_assert_uint_eq(shared_last_sent_ns(&core.s), 0);
	atomic_store(&l[2].first_sent_ns, 700);
	ck_assert_uint_eq(shared_first_sent_ns(&core.s), 700);
	atomic_store(&l[1].first_sent_ns, 600);
	atomic_store(&l[1].last_sent_ns, 900);
	atomic_store(&l[2].last_sent_ns, 800);
	ck_assert_uint_eq(shared_first_sent_ns(&core.s), 600);
	ck_assert_uint_eq(shared_last_sent_ns(&core.s), 900);
	atomic_store(&l[0].swept, true);
	atomic_store(&l[2].swept, true);
	ck_assert(!shared_swept(&core.s));
	atomic_store(&l[1].swept, true);
	ck_assert(shared_swept(&core.s));
	ck_assert_ptr_null(shared_tx_failure(&core.s));
	atomic_store(&l[2].failed, true);
	ck_assert_ptr_eq(shared_tx_failure(&core.s), &l[2].err);
	stat_add(&core.s.rx.stats, STAT_received, 1);
	for (unsigned int i = 0; i < SENDERS; i++)
		stat_add(&l[i].stats, STAT_requeued, 10 + i);
	ck_assert_uint_eq(count(STAT_received), 1);
	ck_assert_uint_eq(count(STAT_requeued), 33);
	core_free(&core);
}
END_TEST

UNIT_SUITE(sweep_senders)
{
	TCase *tcase = unit_case(suite, "sweep", in_small_windows, each_has_its_rings,
				 waits_for_the_receiver, senders_without_positions);

	tcase_add_loop_test(tcase, every_pos_once, 0, 2);
	unit_case(suite, "shared", rings_that_fill, all_of_them_count);
}
