/* window: whole sweeps in simulated time. */
#include "unit.h"

#include <stdlib.h>

#include "rng.h"
#include "window.h"

#define START	1000000000ull
#define US	1000ull
#define MS	1000000ull

static struct window w;

struct sim_place {
	uint64_t last_ns;		/* its last SYN */
	uint64_t answer_ns;		/* when its answer comes; 0: none is on the way */
	uint8_t syns;
	uint8_t answers_attempt;	/* the attempt that is answered; UINT8_MAX: none */
	uint8_t ended;			/* 0; by its answer; by its silence */
};

enum { BY_ANSWER = 1, BY_SILENCE };

struct sim {
	uint64_t slots, places, timeout_ns, now_ns, batch;
	unsigned int attempts;
	uint64_t at[WINDOW_ATTEMPTS_MAX];
	struct rng rng;
	struct sim_place *v;
	uint64_t answered, silent, waits;
};

static void sim_syn(struct sim *sim, uint64_t k, unsigned int a)
{
	struct sim_place *p = &sim->v[k];

	if (p->ended || p->syns != a)
		ck_abort_msg("place %ju: attempt %u after %u SYNs, ended %u", (uintmax_t)k, a,
			     p->syns, p->ended);
	if (a && sim->now_ns + SENDLOG_GRAIN_NS <= p->last_ns + sim->timeout_ns)
		ck_abort_msg("place %ju: attempt %u after %ju ns", (uintmax_t)k, a,
			     (uintmax_t)(sim->now_ns - p->last_ns));
	p->syns++;
	p->last_ns = sim->now_ns;
	if (a == p->answers_attempt)
		p->answer_ns = sim->now_ns + 1 + rng_below(&sim->rng, sim->timeout_ns * 3 / 2);
}

/* The send thread's turn: one batch, the latest attempts first. */
static void sim_send(struct sim *sim)
{
	uint64_t left = rng_below(&sim->rng, sim->batch + 1), first;

	for (unsigned int a = sim->attempts - 1; a > 0; a--) {
		uint64_t due = window_due(&w, a, sim->now_ns, sim->timeout_ns);

		for (first = UINT64_MAX; left && sim->at[a] < due; sim->at[a]++) {
			if (!window_retry(&w, sim->at[a], 0))
				continue;
			first = first < sim->at[a] ? first : sim->at[a];
			sim_syn(sim, sim->at[a], a);
			left--;
		}
		if (first != UINT64_MAX)
			sendlog_add(&w.cursor[a].log, first, sim->now_ns);
	}
	for (first = sim->at[0]; left && sim->at[0] < sim->places; left--, sim->at[0]++) {
		if (!window_has_room(&w, sim->at[0])) {
			sim->waits++;
			break;
		}
		window_start(&w, sim->at[0]);
		sim_syn(sim, sim->at[0], 0);
	}
	if (sim->at[0] > first)
		sendlog_add(&w.cursor[0].log, first, sim->now_ns);
	atomic_store(&w.reserved, sim->at[0]);
	for (unsigned int a = 0; a < sim->attempts; a++)
		atomic_store(&w.cursor[a].done, sim->at[a]);
}

/* The receive thread's turn: the answers that came, those past their time-out, free slots. */
static void sim_receive(struct sim *sim)
{
	uint64_t to;

	for (uint64_t k = atomic_load(&w.floor); k < sim->at[0]; k++) {
		struct sim_place *p = &sim->v[k];
		uint8_t status = window_status(&w, k);

		if (!p->answer_ns || p->answer_ns > sim->now_ns)
			continue;
		p->answer_ns = 0;
		if ((status & WINDOW_SENT_MASK) != p->syns)
			ck_abort_msg("place %ju: %u SYNs, not %u", (uintmax_t)k,
				     status & WINDOW_SENT_MASK, p->syns);
		if (status & (WINDOW_ANSWERED | WINDOW_DONE))
			continue;
		window_mark(&w, k, WINDOW_ANSWERED);
		p->ended = BY_ANSWER;
		sim->answered++;
	}
	to = window_silent_until(&w, sim->now_ns, sim->timeout_ns);
	for (; w.tail < to; w.tail++) {
		struct sim_place *p = &sim->v[w.tail];

		if (window_status(&w, w.tail) & WINDOW_ANSWERED)
			continue;
		if (p->ended || p->syns != sim->attempts ||
		    sim->now_ns + SENDLOG_GRAIN_NS <= p->last_ns + sim->timeout_ns)
			ck_abort_msg("place %ju is silent after %u SYNs", (uintmax_t)w.tail,
				     p->syns);
		window_mark(&w, w.tail, WINDOW_DONE);
		p->ended = BY_SILENCE;
		sim->silent++;
	}
	window_recycle(&w, sim->now_ns, 3 * sim->timeout_ns, true);
	if (atomic_load(&w.floor) > w.tail || sim->at[0] - atomic_load(&w.floor) > sim->slots)
		ck_abort_msg("floor %ju, tail %ju, head %ju", (uintmax_t)atomic_load(&w.floor),
			     (uintmax_t)w.tail, (uintmax_t)sim->at[0]);
}

/*
 * places targets, of which per_cent answer one of their attempts, through a window of slots: who
 * is silent takes all attempts, who answered none after that, nobody is left out.
 */
static void simulate(uint64_t places, uint64_t slots, unsigned int attempts, unsigned int per_cent,
		     uint64_t batch)
{
	struct sim sim = {
		.slots = slots, .places = places, .timeout_ns = 20 * MS, .now_ns = START,
		.batch = batch, .attempts = attempts, .rng = { slots + attempts + per_cent },
	};
	uint64_t rounds = 0;

	ck_assert_int_eq(window_init(&w, slots, 1, attempts, 0, 60000000000), 0);
	sim.v = calloc(places, sizeof(*sim.v));
	ck_assert_ptr_nonnull(sim.v);
	for (uint64_t k = 0; k < places; k++)
		sim.v[k].answers_attempt = (uint8_t)(rng_below(&sim.rng, 100) < per_cent ?
			rng_below(&sim.rng, attempts) : UINT8_MAX);
	for (; w.tail < places; rounds++) {
		if (rounds >= 100 * places)
			ck_abort_msg("stuck at place %ju", (uintmax_t)w.tail);
		sim.now_ns += 20 * US + rng_below(&sim.rng, 200 * US);
		sim_send(&sim);
		if (rng_below(&sim.rng, 4))
			sim_receive(&sim);
	}
	for (uint64_t k = 0; k < places; k++)
		if (!sim.v[k].ended)
			ck_abort_msg("place %ju was left out", (uintmax_t)k);
	ck_assert_uint_eq(sim.answered + sim.silent, places);
	/* The window was what held the sweep back, and answers were not all too late. */
	ck_assert_uint_gt(sim.waits, 0);
	ck_assert(per_cent == 0 || sim.answered > places * per_cent / 200);
	ck_assert(per_cent == 100 || sim.silent > places * (100 - per_cent) / 200);
	free(sim.v);
	window_free(&w);
}

START_TEST(sweep_three_attempts)
{
	simulate(100000, 1024, 3, 40, 64);
}
END_TEST

START_TEST(sweep_small_batches)
{
	simulate(10000, 1024, 2, 50, 30);
}
END_TEST

START_TEST(sweep_all_silent)
{
	simulate(10000, 512, 4, 0, 40);
}
END_TEST

START_TEST(sweep_all_answer)
{
	simulate(10000, 256, 2, 100, 64);
}
END_TEST

START_TEST(sweep_all_attempts)
{
	simulate(10000, 1024, WINDOW_ATTEMPTS_MAX, 20, 64);
}
END_TEST

/* As small as may be, in batches of one or two: nearly every place has its own entry. */
START_TEST(sweep_smallest_window)
{
	simulate(3000, 128, 2, 30, 2);
}
END_TEST

UNIT_SUITE(window_sweep)
{
	unit_case(suite, "sweep", sweep_three_attempts, sweep_small_batches, sweep_all_silent,
		  sweep_all_answer, sweep_all_attempts, sweep_smallest_window);
}
