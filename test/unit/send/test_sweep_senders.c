/* Several send threads, each with its sender, its engine and its share of the rate. */
#include "unit.h"

#include "sweep_rig.h"

#define POSITIONS	4096		/* in a /20: 8 blocks */
#define SENDERS		3
#define PASSES		3		/* most */

static void begin(const struct core_setup *o)
{
	struct core_setup setup = *o;

	setup.target = "198.18.0.0/20";
	setup.senders = SENDERS;
	begin_with(&setup);
}

/* What a sender's engine was given. */
struct share {
	uint64_t next;			/* position that comes next, first attempts */
	uint64_t bytes;
	unsigned int frames;
};

/* Counts the frames, of which each SYN is its sender's, in the order of its positions. */
static void add_up(struct share of[static SENDERS], uint8_t syns[PASSES][POSITIONS])
{
	memset(of, 0, SENDERS * sizeof(*of));
	for (unsigned int i = 0; i < atomic_load(&tap.n); i++) {
		const struct tapped *t = &tap.v[i];
		struct share *share = &of[t->sender];
		uint64_t pos;

		share->bytes += t->len;
		share->frames++;
		if (t->m.class != VALIDATE_SENT)
			continue;
		ck_assert_uint_lt(t->m.attempt, PASSES);
		ck_assert_ptr_eq(shared_sender(&core.s, t->k, &pos), &core.s.senders[t->sender]);
		if (t->m.attempt == 0)
			ck_assert_uint_eq(pos, share->next++);
		syns[t->m.attempt][t->k]++;
	}
}

static void check_all(unsigned int passes)
{
	static uint8_t syns[PASSES][POSITIONS];
	uint64_t bytes = 0, first = UINT64_MAX, last = 0;
	struct share of[SENDERS];

	memset(syns, 0, sizeof(syns));
	add_up(of, syns);
	for (unsigned int s = 0; s < PASSES; s++)
		for (unsigned int k = 0; k < POSITIONS; k++)
			if (syns[s][k] != (s < passes))
				ck_abort_msg("position %u, pass %u: %u SYNs", k, s, syns[s][k]);
	for (unsigned int i = 0; i < SENDERS; i++) {
		struct sender *sd = &core.s.senders[i];
		uint64_t ns = atomic_load(&sd->first_sent_ns);

		ck_assert_uint_eq(of[i].next, sd->positions);
		ck_assert_uint_eq(atomic_load(&sd->stats.v[STAT_targets_started]), sd->positions);
		ck_assert_uint_eq(window_reserved(&sd->window), sd->positions);
		bytes += of[i].bytes;
		first = ns < first ? ns : first;
		ns = atomic_load(&sd->last_sent_ns);
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

TEST_EACH(every_pos_once, rates)
{
	begin(&(struct core_setup){ .retries = PASSES - 1, .window = 4096 });
	core.config.rate.pps = *row;
	start();
	until_swept(true);
	stop();
	check_all(PASSES);
	end();
}

TEST(in_small_windows)
{
	begin(&(struct core_setup){ .retries = 1, .window = 128 });
	start();
	until_counted(STAT_waits_window, SENDERS);
	until_swept(true);
	stop();
	check_all(2);
	end();
}

/* A sender's teardowns and follow-ups are its own, and so is the room that it waits for. */
TEST(each_has_its_rings)
{
	struct segment_request c = { .src = { 0, ADDR_V4_PREFIX | 0xc6130001 }, .dport = 443 };

	begin(&(struct core_setup){ .ring = 16 });
	atomic_store(&core.s.rx.part[0].cache_half_full, true);
	c.dst = targets_at(core.targets, 0).ip;
	ck_assert(shared_clean(&core.s));
	ck_assert(!shared_rings_full(&core.s, 0));
	for (unsigned int i = 0; i < 4; i++) {
		ck_assert(!shared_rings_full(&core.s, 0));
		ck_assert(ring_push(&core.s.senders[2].segments, &c));
		ck_assert(!shared_clean(&core.s));
	}
	ck_assert(shared_rings_full(&core.s, 0));
	start();
	while (!shared_clean(&core.s))
		sched_yield();
	ck_assert(!shared_rings_full(&core.s, 0));
	until_counted(STAT_waits_table, SENDERS);
	stop();
	ck_assert_uint_eq(atomic_load(&tap.n), 4);
	for (unsigned int i = 0; i < 4; i++)
		ck_assert_uint_eq(tap.v[i].sender, 2);
	ck_assert_uint_eq(count(STAT_sent_cleanup), 4);
	ck_assert(!shared_swept(&core.s));
	end();
}

/* Follow-ups that wait for one sender are as good a reason. */
TEST(rings_that_fill)
{
	struct followup f = { .kind = PROBE_DATA };

	begin(&(struct core_setup){ .ring = 64 });
	for (unsigned int i = 0; i < 16; i++) {
		ck_assert(!shared_rings_full(&core.s, 0));
		ck_assert(ring_push(&core.s.senders[1].followups, &f));
	}
	ck_assert(shared_rings_full(&core.s, 0));
	ck_assert(ring_pop(&core.s.senders[1].followups, &f));
	ck_assert(!shared_rings_full(&core.s, 0));
	end();
}

/* The receive thread has a backlog: no sender goes on, each counts it once; all go on after it. */
TEST(waits_for_the_receiver)
{
	begin(&(struct core_setup){ .window = 4096 });
	atomic_store(&core.s.rx.part[0].backlogged, true);
	start();
	until_counted(STAT_waits_receiver, SENDERS);
	ck_assert_uint_eq(atomic_load(&tap.n), 0);
	atomic_store(&core.s.rx.part[0].backlogged, false);
	until_swept(true);
	stop();
	check_all(1);
	ck_assert_uint_eq(count(STAT_waits_receiver), SENDERS);
	end();
}

/* More senders than blocks: who has no positions is done at once. */
TEST(senders_without_positions)
{
	begin_with(&(struct core_setup){ .senders = SENDERS });
	ck_assert_uint_eq(core.s.senders[0].positions, 256);
	ck_assert_uint_eq(core.s.senders[1].positions, 0);
	start();
	until_swept(true);
	stop();
	ck_assert_uint_eq(count(STAT_sent_request), 256);
	ck_assert_uint_eq(atomic_load(&tap.n), 256);
	for (unsigned int i = 0; i < 256; i++)
		ck_assert_uint_eq(tap.v[i].sender, 0);
	ck_assert_uint_eq(atomic_load(&core.s.senders[1].first_sent_ns), 0);
	ck_assert_uint_eq(shared_first_sent_ns(&core.s),
			  atomic_load(&core.s.senders[0].first_sent_ns));
	end();
}

/* ---- without threads ----------------------------------------------------------------------- */

TEST(all_of_them_count)
{
	struct sender *sd = core.s.senders;

	begin(&(struct core_setup){ .retries = 0 });
	ck_assert_uint_eq(shared_first_sent_ns(&core.s), 0);
	ck_assert_uint_eq(shared_last_sent_ns(&core.s), 0);
	atomic_store(&sd[2].first_sent_ns, 700);
	ck_assert_uint_eq(shared_first_sent_ns(&core.s), 700);
	atomic_store(&sd[1].first_sent_ns, 600);
	atomic_store(&sd[1].last_sent_ns, 900);
	atomic_store(&sd[2].last_sent_ns, 800);
	ck_assert_uint_eq(shared_first_sent_ns(&core.s), 600);
	ck_assert_uint_eq(shared_last_sent_ns(&core.s), 900);
	atomic_store(&sd[0].swept, true);
	atomic_store(&sd[2].swept, true);
	ck_assert(!shared_swept(&core.s));
	atomic_store(&sd[1].swept, true);
	ck_assert(shared_swept(&core.s));
	ck_assert_ptr_null(shared_tx_failure(&core.s));
	atomic_store(&sd[2].failed, true);
	ck_assert_ptr_eq(shared_tx_failure(&core.s), &sd[2].err);
	stat_add(&core.s.rx.stats, STAT_received, 1);
	for (unsigned int i = 0; i < SENDERS; i++)
		stat_add(&sd[i].stats, STAT_requeued, 10 + i);
	ck_assert_uint_eq(count(STAT_received), 1);
	ck_assert_uint_eq(count(STAT_requeued), 33);
	end();
}
