/* window: whole sweeps in simulated time, of one probe a target and of two that are paired. */
#include "unit.h"

#include <stdlib.h>

#include "rng.h"
#include "window.h"

#define START	1000000000ull
#define US	1000ull
#define MS	1000000ull
#define GAP_NS	(2 * MS)
#define NEVER	UINT8_MAX

static struct window w;

/* What one arm of a target was sent, and says. */
struct sim_arm {
	uint64_t last_ns;		/* its last SYN */
	uint64_t answer_ns;		/* when its answer comes; 0: none is on the way */
	uint8_t syns;
	uint8_t answers_attempt;	/* the attempt that is answered, or NEVER */
	bool answered;
};

struct sim_pos {
	struct sim_arm arm[WINDOW_ARMS_MAX];
	uint64_t last_ns;		/* the last SYN of any arm */
	bool passed;			/* by the tail: all that was due was sent */
};

struct sim {
	uint64_t slots, positions, timeout_ns, now_ns, batch;
	unsigned int arms, attempts, per_cent;
	uint64_t at[WINDOW_PASSES_MAX];
	struct rng rng;
	struct sim_pos *v;
	uint64_t answered, silent, waits;	/* answered, silent: arms */
};

static void sim_syn(struct sim *sim, uint64_t k, unsigned int pass)
{
	unsigned int a = pass / sim->arms;
	struct sim_pos *p = &sim->v[k];
	struct sim_arm *arm = &p->arm[pass % sim->arms];

	if (p->passed || arm->answered || arm->syns != a)
		ck_abort_msg("position %ju, pass %u: after %u SYNs, answered %d, passed %d",
			     (uintmax_t)k, pass, arm->syns, arm->answered, p->passed);
	if (a && sim->now_ns + SENDLOG_GRAIN_NS <= arm->last_ns + sim->timeout_ns)
		ck_abort_msg("position %ju, pass %u: %ju ns after the attempt before", (uintmax_t)k,
			     pass, (uintmax_t)(sim->now_ns - arm->last_ns));
	if (pass && sim->now_ns + SENDLOG_GRAIN_NS <= p->last_ns + GAP_NS)
		ck_abort_msg("position %ju, pass %u: %ju ns after the probe before", (uintmax_t)k,
			     pass, (uintmax_t)(sim->now_ns - p->last_ns));
	arm->syns++;
	arm->last_ns = p->last_ns = sim->now_ns;
	if (a == arm->answers_attempt)
		arm->answer_ns = sim->now_ns + 1 + rng_below(&sim->rng, sim->timeout_ns * 3 / 2);
}

/* The send thread's turn: one batch, the latest passes first. */
static void sim_send(struct sim *sim)
{
	uint64_t left = rng_below(&sim->rng, sim->batch + 1), first;

	for (unsigned int s = sim->arms * sim->attempts - 1; s > 0; s--) {
		uint64_t due = window_due(&w, s, sim->now_ns, sim->timeout_ns);

		for (first = UINT64_MAX; left && sim->at[s] < due; sim->at[s]++) {
			if (!window_retry(&w, sim->at[s], s % sim->arms))
				continue;
			first = first < sim->at[s] ? first : sim->at[s];
			sim_syn(sim, sim->at[s], s);
			left--;
		}
		if (first != UINT64_MAX)
			sendlog_add(&w.cursor[s].log, first, sim->now_ns);
	}
	for (first = sim->at[0]; left && sim->at[0] < sim->positions; left--, sim->at[0]++) {
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
	for (unsigned int s = 0; s < sim->arms * sim->attempts; s++)
		atomic_store(&w.cursor[s].done, sim->at[s]);
}

/* The answers of position k that came. */
static void sim_answers(struct sim *sim, uint64_t k)
{
	for (unsigned int i = 0; i < sim->arms; i++) {
		struct sim_arm *arm = &sim->v[k].arm[i];
		uint16_t status = window_status(&w, k);

		if (!arm->answer_ns || arm->answer_ns > sim->now_ns)
			continue;
		arm->answer_ns = 0;
		if (window_sent(status, i) != arm->syns)
			ck_abort_msg("position %ju, arm %u: %u SYNs, not %u", (uintmax_t)k, i,
				     window_sent(status, i), arm->syns);
		if (sim->v[k].passed)
			continue;
		window_mark(&w, k, WINDOW_ARM(i, WINDOW_ANSWERED));
		arm->answered = true;
		sim->answered++;
	}
}

/* Position k is below the tail: who did not answer took all SYNs, the last a time-out ago. */
static void sim_pass(struct sim *sim, uint64_t k)
{
	struct sim_pos *p = &sim->v[k];

	for (unsigned int i = 0; i < sim->arms; i++) {
		const struct sim_arm *arm = &p->arm[i];

		if (arm->answered)
			continue;
		if (arm->syns != sim->attempts ||
		    sim->now_ns + SENDLOG_GRAIN_NS <= arm->last_ns + sim->timeout_ns)
			ck_abort_msg("position %ju, arm %u is silent after %u SYNs and %ju ns",
				     (uintmax_t)k, i, arm->syns,
				     (uintmax_t)(sim->now_ns - arm->last_ns));
		sim->silent++;
	}
	p->passed = true;
	window_mark(&w, k, WINDOW_DONE);
}

/* The receive thread's turn: answers, those past their time-out, free slots. */
static void sim_receive(struct sim *sim)
{
	uint64_t to;

	for (uint64_t k = atomic_load(&w.floor); k < sim->at[0]; k++)
		sim_answers(sim, k);
	to = window_silent_until(&w, sim->now_ns, sim->timeout_ns);
	for (; w.tail < to; w.tail++)
		sim_pass(sim, w.tail);
	window_recycle(&w, sim->now_ns, 3 * sim->timeout_ns, true);
	if (atomic_load(&w.floor) > w.tail || sim->at[0] - atomic_load(&w.floor) > sim->slots)
		ck_abort_msg("floor %ju, tail %ju, head %ju", (uintmax_t)atomic_load(&w.floor),
			     (uintmax_t)w.tail, (uintmax_t)sim->at[0]);
}

static void sim_begin(struct sim *sim)
{
	sim->timeout_ns = 20 * MS;
	sim->now_ns = START;
	sim->rng.x = sim->slots + sim->attempts + sim->per_cent;
	ck_assert_int_eq(window_init(&w, sim->slots, sim->arms, sim->attempts, GAP_NS,
				     3 * sim->timeout_ns), 0);
	sim->v = calloc(sim->positions, sizeof(*sim->v));
	ck_assert_ptr_nonnull(sim->v);
	for (uint64_t k = 0; k < sim->positions; k++)
		for (unsigned int i = 0; i < sim->arms; i++)
			sim->v[k].arm[i].answers_attempt =
				(uint8_t)(rng_below(&sim->rng, 100) < sim->per_cent ?
					  rng_below(&sim->rng, sim->attempts) : NEVER);
}

/*
 * Targets of whose arms per_cent answer one of their attempts, through a window of slots: who is
 * silent takes all attempts, who answered none after that, nobody is left out.
 */
static void simulate(struct sim sim)
{
	uint64_t rounds = 0, arms = sim.positions * sim.arms;

	sim_begin(&sim);
	for (; w.tail < sim.positions; rounds++) {
		if (rounds >= 100 * sim.positions)
			ck_abort_msg("stuck at position %ju", (uintmax_t)w.tail);
		sim.now_ns += 20 * US + rng_below(&sim.rng, 200 * US);
		sim_send(&sim);
		if (rng_below(&sim.rng, 4))
			sim_receive(&sim);
	}
	for (uint64_t k = 0; k < sim.positions; k++)
		if (!sim.v[k].passed)
			ck_abort_msg("position %ju was left out", (uintmax_t)k);
	ck_assert_uint_eq(sim.answered + sim.silent, arms);
	/* The window was what held the sweep back, and answers were not all too late. */
	ck_assert_uint_gt(sim.waits, 0);
	ck_assert(sim.per_cent == 0 || sim.answered > arms * sim.per_cent / 200);
	ck_assert(sim.per_cent == 100 || sim.silent > arms * (100 - sim.per_cent) / 200);
	free(sim.v);
	window_free(&w);
}

#define SIM(positions_, slots_, arms_, attempts_, per_cent_, batch_) \
	{ .positions = positions_, .slots = slots_, .arms = arms_, .attempts = attempts_, \
	  .per_cent = per_cent_, .batch = batch_ }

static const struct sim sims[] = {
	SIM(100000, 1024, 1, 3, 40, 64),
	SIM(10000, 1024, 1, 2, 50, 30),
	SIM(10000, 512, 1, 4, 0, 40),
	SIM(10000, 256, 1, 2, 100, 64),
	SIM(10000, 1024, 1, WINDOW_ATTEMPTS_MAX, 20, 64),
	/* As small as may be, in batches of one or two: nearly every position has its own entry. */
	SIM(3000, 128, 1, 2, 30, 2),

	SIM(30000, 1024, 2, 3, 40, 64),
	SIM(10000, 512, 2, 1, 50, 64),
	SIM(10000, 256, 2, 2, 100, 64),
	SIM(10000, 256, 2, 2, 0, 20),
	SIM(5000, 1024, 2, WINDOW_ATTEMPTS_MAX, 20, 64),
	SIM(2000, 128, 2, 2, 30, 6),
};

TEST_EACH(sweep, sims)
{
	simulate(*row);
}
