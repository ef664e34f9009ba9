/* sweep: what an earlier part of the run is done with gets no SYN. */
#include "unit.h"

#include "sweeper_rig.h"

#define FIRST	10		/* all before it are done, */
#define TAIL	50		/* and some after it, of which the others are listed up to here, */
#define END	100		/* and those that are done from there */

static bool was_done(uint64_t k)
{
	return k < FIRST || (k < END && k % 3 == 0);
}

/* An earlier part got as far as END. */
static void begin_resumed(const struct core_setup *o)
{
	struct done_set done = { .first = 0 };
	uint64_t left[TAIL];
	size_t n = 0;

	begin_running(o);
	for (uint64_t k = FIRST; k < TAIL; k++)
		if (!was_done(k))
			left[n++] = k;
	ck_assert_int_eq(done_set_init(&done, TAIL, END, left, n), 0);
	for (uint64_t k = TAIL; k < END; k++)
		if (was_done(k))
			done_set_add(&done, k);
	sender_resume(&core.s.senders[0], &done);
	ck_assert_ptr_null(done.bits);
}

/* Frames that were sent and what the sweeper sent: those not done once a pass, the others never. */
static void check_asked(unsigned int passes)
{
	unsigned int syns[WINDOW_PASSES_MAX][POSITIONS];

	memcpy(syns, fake.syns, sizeof(syns));
	for (unsigned int i = 0; i < atomic_load(&tap.n); i++)
		if (tap.v[i].m.class == VALIDATE_SENT)
			syns[tap.v[i].m.attempt][tap.v[i].k]++;
	for (unsigned int s = 0; s < passes; s++)
		for (unsigned int k = 0; k < POSITIONS; k++)
			if (syns[s][k] != !was_done(k))
				ck_abort_msg("position %u, pass %u: %u", k, s, syns[s][k]);
}

static const struct core_setup setups[] = {
	{ .target = "198.18.0.0/22", .retries = 0 },
	{ .target = "198.18.0.0/22", .retries = 1 },
	{ .target = "198.18.0.0/22", .retries = 1, .window = 128 },
};

TEST_EACH(as_frames, setups)
{
	begin_resumed(row);
	tap.ops = &tap_ops;
	start();
	until_swept(true);
	stop();
	check_asked(1 + row->retries);
	ck_assert_uint_eq(window_reserved(&core.s.senders[0].window), POSITIONS);
	ck_assert_uint_eq(count(STAT_sent_retries) * 2, row->retries * count(STAT_sent_request));
	end();
}

/* Up to END they go as frames, and the sweeper begins there. */
TEST_EACH(in_the_kernel, setups)
{
	begin_resumed(row);
	fake.p.at[0] = END;
	for (unsigned int s = 1; s < WINDOW_PASSES_MAX; s++)
		fake.p.at[s] = FIRST;
	start();
	until_swept(true);
	stop();
	check_asked(1 + row->retries);
	for (unsigned int k = 0; k < END; k++)
		ck_assert_uint_eq(fake.syns[0][k], 0);
	end();
}

/* All of the shard is done: nothing is sent. */
TEST_EACH(nothing_is_left, setups)
{
	struct done_set done = { .first = 0 };

	begin_with(row);
	ck_assert_int_eq(done_set_init(&done, POSITIONS, POSITIONS, NULL, 0), 0);
	sender_resume(&core.s.senders[0], &done);
	start();
	until_swept(true);
	nothing_more_than(0);
	end();
}
