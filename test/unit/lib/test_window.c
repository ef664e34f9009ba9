#include "unit.h"

#include <stdlib.h>

#include "window.h"

#define START	1000000000ull
#define US	1000ull
#define MS	1000000ull
#define S	1000000000ull

static struct window w;

static void begin(uint64_t slots, unsigned int attempts)
{
	ck_assert_int_eq(window_init(&w, slots, 1, attempts, 0, 60000000000), 0);
}

static void end(void)
{
	window_free(&w);
}

/* As the send thread does: n first SYNs from position k on, at ns; reserved and done follow. */
static void send_new(uint64_t k, uint64_t n, uint64_t ns)
{
	for (uint64_t i = k; i < k + n; i++) {
		if (!window_has_room(&w, i))
			ck_abort_msg("no room for position %ju", (uintmax_t)i);
		window_start(&w, i);
	}
	sendlog_add(&w.cursor[0].log, k, ns);
	atomic_store(&w.reserved, k + n);
	atomic_store(&w.cursor[0].done, k + n);
}

/* Attempt a visits the positions from..to - 1 at ns. */
static void send_retries(unsigned int a, uint64_t from, uint64_t to, uint64_t ns)
{
	uint64_t first = to;

	for (uint64_t k = from; k < to; k++)
		if (window_retry(&w, k, 0) && first == to)
			first = k;
	if (first < to)
		sendlog_add(&w.cursor[a].log, first, ns);
	atomic_store(&w.cursor[a].done, to);
}

static uint64_t floor_now(void)
{
	return atomic_load(&w.floor);
}

TEST_AROUND(NULL, end)

TEST(room_for_as_many_as_slots)
{
	begin(128, 1);
	for (uint64_t k = 0; k < 128; k++)
		ck_assert(window_has_room(&w, k));
	ck_assert(!window_has_room(&w, 128));
	ck_assert(!window_has_room(&w, UINT64_MAX));
	atomic_store(&w.floor, 1000);
	ck_assert(window_has_room(&w, 1127));
	ck_assert(!window_has_room(&w, 1128));
}

TEST(status_counts_the_attempts)
{
	begin(128, WINDOW_ATTEMPTS_MAX);
	ck_assert_uint_eq(window_status(&w, 5), 0);
	send_new(0, 10, START);
	for (unsigned int sent = 1; sent < WINDOW_ATTEMPTS_MAX; sent++) {
		ck_assert_uint_eq(window_status(&w, 5), sent);
		ck_assert(window_retry(&w, 5, 0));
	}
	ck_assert_uint_eq(window_status(&w, 5), WINDOW_ATTEMPTS_MAX);
	ck_assert_uint_eq(window_status(&w, 4), 1);
	ck_assert_uint_eq(window_status(&w, 6), 1);
	/* Marks add up, and leave the number of attempts as it is. */
	ck_assert_uint_eq(window_mark(&w, 5, WINDOW_ANSWERED), WINDOW_ATTEMPTS_MAX);
	ck_assert_uint_eq(window_mark(&w, 5, WINDOW_DONE), WINDOW_ATTEMPTS_MAX | WINDOW_ANSWERED);
	ck_assert_uint_eq(window_status(&w, 5),
			  WINDOW_ATTEMPTS_MAX | WINDOW_ANSWERED | WINDOW_DONE);
	ck_assert(!window_retry(&w, 5, 0));
}

TEST(outside_the_ring_there_is_no_status)
{
	begin(128, 1);
	send_new(0, 128, START);
	window_mark(&w, 7, WINDOW_ANSWERED);
	ck_assert_uint_eq(window_status(&w, 127), 1);
	ck_assert_uint_eq(window_status(&w, 128), 0);
	ck_assert_uint_eq(window_status(&w, 128 + 7), 0);
	ck_assert_uint_eq(window_status(&w, UINT64_MAX), 0);
	window_recycle(&w, START + S, 0, false);
	ck_assert_uint_eq(floor_now(), 128);
	ck_assert_uint_eq(window_status(&w, 7), 0);
	ck_assert_uint_eq(window_status(&w, 127), 0);
	/*
	 * Its slot is used anew: the new position begins at one attempt, the old one stays unknown.
	 */
	send_new(128, 10, START + S);
	ck_assert_uint_eq(window_status(&w, 128 + 7), 1);
	ck_assert_uint_eq(window_status(&w, 7), 0);
}

TEST(due_a_time_out_after_the_attempt_before)
{
	begin(128, 3);
	ck_assert_uint_eq(window_due(&w, 1, START, S), 0);
	send_new(0, 10, START);
	send_new(10, 10, START + MS);
	ck_assert_uint_eq(window_due(&w, 1, S - 1, S), 0);	/* the clock's first second */
	ck_assert_uint_eq(window_due(&w, 1, START + S - 1, S), 0);
	ck_assert_uint_eq(window_due(&w, 1, START + S, S), 10);
	ck_assert_uint_eq(window_due(&w, 1, START + S + MS - 1, S), 10);
	ck_assert_uint_eq(window_due(&w, 1, START + S + MS, S), 20);
	/* The third attempt goes by the second's time, as far as that is. */
	ck_assert_uint_eq(window_due(&w, 2, START + 3 * S, S), 0);
	send_retries(1, 0, 10, START + 2 * S);
	ck_assert_uint_eq(window_due(&w, 2, START + 3 * S - 1, S), 0);
	ck_assert_uint_eq(window_due(&w, 2, START + 3 * S, S), 10);
}

TEST(silent_after_the_last_attempt)
{
	begin(128, 2);
	send_new(0, 10, START);
	ck_assert_uint_eq(window_silent_until(&w, START + 100 * S, S), 0);
	send_retries(1, 0, 4, START + S);
	send_retries(1, 4, 10, START + 2 * S);
	ck_assert_uint_eq(window_silent_until(&w, START + 2 * S - 1, S), 0);
	ck_assert_uint_eq(window_silent_until(&w, START + 2 * S, S), 4);
	ck_assert_uint_eq(window_silent_until(&w, START + 3 * S - 1, S), 4);
	ck_assert_uint_eq(window_silent_until(&w, START + 3 * S, S), 10);
}

/* Slots that nothing needs go by age, and where the ring runs short, by need. */
TEST(recycles_what_is_not_needed)
{
	begin(128, 1);
	send_new(0, 10, START);
	send_new(10, 30, START + S);
	window_recycle(&w, START + 10 * S - 1, 10 * S, false);
	ck_assert_uint_eq(floor_now(), 0);
	window_recycle(&w, START + 10 * S, 10 * S, false);
	ck_assert_uint_eq(floor_now(), 10);
	window_recycle(&w, START + 10 * S, 10 * S, false);
	ck_assert_uint_eq(floor_now(), 10);
	send_new(40, 98, START + 2 * S);
	ck_assert(!window_has_room(&w, 138));
	/* Half of the ring is free again, though nothing is old. */
	window_recycle(&w, START + 2 * S, 10 * S, false);
	ck_assert_uint_eq(floor_now(), 138 - 64);
	ck_assert(window_has_room(&w, 138));
}

TEST(keeps_what_is_needed)
{
	begin(128, 1);
	send_new(0, 100, START);
	window_recycle(&w, START + S, 10 * S, true);
	ck_assert_uint_eq(floor_now(), 0);
	/* Old, but not yet looked at. */
	window_recycle(&w, START + 20 * S, 10 * S, true);
	ck_assert_uint_eq(floor_now(), 0);
	/* Short of slots: what is behind the tail goes before its age, */
	w.tail = 20;
	window_recycle(&w, START + 2 * S, 10 * S, true);
	ck_assert_uint_eq(floor_now(), 20);
	/* but no more than half of the ring. */
	w.tail = 90;
	window_recycle(&w, START + 2 * S, 10 * S, true);
	ck_assert_uint_eq(floor_now(), 100 - 64);
	window_recycle(&w, START + 20 * S, 10 * S, true);
	ck_assert_uint_eq(floor_now(), 90);
	/* It never goes back. */
	w.tail = 0;
	window_recycle(&w, START + 20 * S, 10 * S, true);
	window_recycle(&w, START, 10 * S, true);
	ck_assert_uint_eq(floor_now(), 90);
}

/* Half empty, nothing but age frees a slot: late answers still find theirs. */
TEST(keeps_slots_while_there_is_room)
{
	begin(128, 1);
	send_new(0, 64, START);
	w.tail = 64;
	for (unsigned int needed = 0; needed < 2; needed++)
		window_recycle(&w, START + 9 * S, 10 * S, needed);
	ck_assert_uint_eq(floor_now(), 0);
	ck_assert_uint_eq(window_status(&w, 0), 1);
}

/* Of positions sent every pass from START on: how many by ns. */
static uint64_t sent_by(uint64_t ns, uint64_t pass, uint64_t positions)
{
	uint64_t n = ns >= START ? (ns - START) / pass + 1 : 0;

	return n < positions ? n : positions;
}

/*
 * 10,000 packets/s, each in a batch of its own, and a time-out of 30 s: nobody is asked again
 * before that, and everybody then, to a thousandth of it.
 */
TEST(long_time_out)
{
	const uint64_t positions = 400000, pass = 100 * US, timeout = 30 * S, off = timeout / 1000;
	uint64_t done = 0;

	begin(1 << 20, 2);
	for (uint64_t i = 0; done < positions; i++) {
		uint64_t now = START + i * pass, due;

		if (i < positions)
			send_new(i, 1, now);
		due = window_due(&w, 1, now, timeout);
		if ((now + off < timeout && due)
		    || (now + off >= timeout && due > sent_by(now - timeout + off, pass, positions))
		    || (now >= timeout + off && due < sent_by(now - timeout - off, pass,
							      positions)))
			ck_abort_msg("after %.4f s position %ju is due", (double)(now - START) / S,
				     (uintmax_t)due);
		send_retries(1, done, due, now);
		done = due;
	}
}

/* ---- two probes to each target, paired ----------------------------------------------------- */

#define GAP_NS (20 * MS)

/* Two arms with two attempts each: passes 0 and 1, then their repeats, 2 and 3. */
static void begin_paired(void)
{
	ck_assert_int_eq(window_init(&w, 128, 2, 2, GAP_NS, 60 * S), 0);
}

/* Pass s visits the positions below to, at ns. */
static void visit(unsigned int s, uint64_t to, uint64_t ns)
{
	uint64_t first = to;

	for (uint64_t k = atomic_load(&w.cursor[s].done); k < to; k++)
		if (window_retry(&w, k, s % 2) && first == to)
			first = k;
	if (first < to)
		sendlog_add(&w.cursor[s].log, first, ns);
	atomic_store(&w.cursor[s].done, to);
}

TEST(arms_are_counted_apart)
{
	begin_paired();
	send_new(0, 3, START);
	ck_assert(window_retry(&w, 0, 1));
	ck_assert(window_retry(&w, 0, 1));
	ck_assert_uint_eq(window_sent(window_status(&w, 0), 0), 1);
	ck_assert_uint_eq(window_sent(window_status(&w, 0), 1), 2);
	window_mark(&w, 0, WINDOW_ARM(1, WINDOW_ANSWERED));
	ck_assert(!window_retry(&w, 0, 1));
	ck_assert(window_retry(&w, 0, 0));
	ck_assert_uint_eq(window_sent(window_status(&w, 0), 0), 2);
	ck_assert_uint_eq(window_sent(window_status(&w, 0), 1), 2);
	window_mark(&w, 1, WINDOW_DONE);
	ck_assert(!window_retry(&w, 1, 0));
	ck_assert(!window_retry(&w, 1, 1));
	/* A slot used anew has nothing of its last position. */
	atomic_store(&w.floor, 128);
	send_new(128, 1, START);
	ck_assert_uint_eq(window_status(&w, 128), 1);
}

/* However late one arm's attempt is: the other's keeps off by the gap, before it and behind it. */
TEST(attempts_keep_the_gap)
{
	begin_paired();
	send_new(0, 10, START);
	ck_assert_uint_eq(window_due(&w, 1, START + GAP_NS - 1, S), 0);
	ck_assert_uint_eq(window_due(&w, 1, START + GAP_NS, S), 10);
	/* The second arm is late: the first one's repeat waits for it. */
	ck_assert_uint_eq(window_due(&w, 2, START + S, S), 0);
	visit(1, 10, START + S);
	ck_assert_uint_eq(window_due(&w, 2, START + S + GAP_NS - 1, S), 0);
	ck_assert_uint_eq(window_due(&w, 2, START + S + GAP_NS, S), 10);
	/* That is late now, too. */
	ck_assert_uint_eq(window_due(&w, 3, START + 5 * S, S), 0);
	visit(2, 10, START + 5 * S);
	ck_assert_uint_eq(window_due(&w, 3, START + 5 * S + GAP_NS - 1, S), 0);
	ck_assert_uint_eq(window_due(&w, 3, START + 5 * S + GAP_NS, S), 10);
}

/* The second arm was answered, the first one has a time-out from its own last SYN. */
TEST(each_arm_has_its_time_out)
{
	begin_paired();
	send_new(0, 1, START);
	visit(1, 1, START + GAP_NS);
	window_mark(&w, 0, WINDOW_ARM(1, WINDOW_ANSWERED));
	if (window_due(&w, 3, START + S - 1, S))
		visit(3, 1, START + S - 1);
	ck_assert_uint_eq(window_silent_until(&w, START + S - 1, S), 0);
	visit(2, 1, START + S);
	visit(3, 1, START + S + GAP_NS);
	ck_assert_uint_eq(window_silent_until(&w, START + 2 * S - 1, S), 0);
	window_recycle(&w, START + 2 * S - 1, S, true);
	ck_assert_uint_eq(atomic_load(&w.floor), 0);
	ck_assert_uint_eq(window_silent_until(&w, START + 2 * S, S), 1);
	ck_assert_uint_eq(window_sent(window_status(&w, 0), 0), 2);
	ck_assert_uint_eq(window_sent(window_status(&w, 0), 1), 1);
}

/* ---- in memory of the caller's -------------------------------------------------------------- */

static _Atomic uint16_t *statuses;
static struct sendlog_block *blocks[WINDOW_PASSES_MAX];

static void move(void)
{
	uint64_t capacity = w.cursor[0].log.mask + 1;

	statuses = calloc(w.slots, sizeof(*statuses));
	ck_assert_ptr_nonnull(statuses);
	for (unsigned int i = 0; i < w.passes; i++) {
		blocks[i] = calloc(1, SENDLOG_BLOCK_LEN(capacity));
		ck_assert_ptr_nonnull(blocks[i]);
	}
	window_move(&w, statuses, blocks);
}

/* All goes on in there, and the caller sees it; the window frees none of it. */
TEST(moved_it_is_the_same)
{
	begin(128, 2);
	move();
	send_new(0, 100, START);
	window_mark(&w, 7, WINDOW_ANSWERED);
	ck_assert_uint_eq(window_due(&w, 1, START + S - 1, S), 0);
	ck_assert_uint_eq(window_due(&w, 1, START + S, S), 100);
	send_retries(1, 0, 100, START + S);
	ck_assert_uint_eq(window_status(&w, 6), 2);
	ck_assert_uint_eq(window_status(&w, 7), 1 | WINDOW_ANSWERED);
	ck_assert_uint_eq(window_silent_until(&w, START + 2 * S - 1, S), 0);
	ck_assert_uint_eq(window_silent_until(&w, START + 2 * S, S), 100);
	w.tail = 100;
	window_recycle(&w, START + 10 * S, S, true);
	ck_assert_uint_eq(floor_now(), 100);
	send_new(100, 128, START + 10 * S);
	for (unsigned int i = 0; i < 128; i++)
		ck_assert_uint_eq(atomic_load(&statuses[i]), 1);
	ck_assert_uint_eq(atomic_load(&blocks[0]->n), 2);
	ck_assert_uint_eq(atomic_load(&blocks[1]->n), 1);
	ck_assert_uint_eq(atomic_load(&blocks[1]->v[0].ns), START + S);
	end();
	ck_assert_uint_eq(atomic_load(&statuses[5]), 1);
	free(statuses);
	for (unsigned int i = 0; i < 2; i++)
		free(blocks[i]);
}

/* None below the floor, none beyond the slots: those are others'. */
TEST(the_next_that_is_done_with)
{
	begin(128, 1);
	send_new(0, 128, START);
	for (uint64_t k = 0; k < 128; k += 50)
		window_mark(&w, k, WINDOW_DONE);
	ck_assert_uint_eq(window_next_done(&w, 0, 128), 0);
	ck_assert_uint_eq(window_next_done(&w, 1, 128), 50);
	ck_assert_uint_eq(window_next_done(&w, 50, 128), 50);
	ck_assert_uint_eq(window_next_done(&w, 51, 100), 100);
	ck_assert_uint_eq(window_next_done(&w, 101, 500), 500);
	ck_assert_uint_eq(window_next_done(&w, 9, 9), 9);
	atomic_store(&w.floor, 60);
	ck_assert_uint_eq(window_next_done(&w, 0, 128), 100);
}
