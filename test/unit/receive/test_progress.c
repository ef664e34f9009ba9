/* progress: what of a run is done, where rows say it and where they do not. */
#include "unit.h"

#include "answer_rig.h"
#include "receive/progress.h"

#define TARGETS		9

static struct progress progress;
static struct syn syns[TARGETS];

/* Each of the targets got its SYN. What of them has no row is for the test to say. */
static void begin_saving(enum config_rows kind, enum config_report report)
{
	const struct entry_cache *const caches[] = { &answers.cookies.cache };

	begin_as(&(struct core_setup){ .saves = true }, kind, report);
	sem_init(&core.saving.taken, 0, 0);
	progress_init(&progress, &core.s, caches, sink, NULL);
	for (unsigned int k = 0; k < TARGETS; k++)
		core_send(&core, k, 0, &syns[k]);
	elapse(CORE_RTT_NS);
}

static void end_saving(void)
{
	checkpoint_shard_free(&core.saving.next.shards[0]);
	checkpoint_shard_free(&core.saving.last.shards[0]);
	sem_destroy(&core.saving.taken);
	end();
}

static const struct checkpoint_shard *saved(void)
{
	atomic_store(&core.saving.wanted, true);
	progress_save(&progress, &core.saving);
	ck_assert_int_eq(sem_trywait(&core.saving.taken), 0);
	ck_assert_int_eq(core.saving.err, 0);
	return &core.saving.next.shards[0];
}

static const struct checkpoint_shard *saved_last(void)
{
	progress_save_last(&progress, &core.saving);
	ck_assert(core.saving.has_last);
	return &core.saving.last.shards[0];
}

/* The positions that are done, each a bit. */
static void check_done(const struct checkpoint_shard *s, unsigned int want)
{
	ck_assert_uint_eq(s->tail, 0);
	for (unsigned int k = 0; k < TARGETS; k++)
		ck_assert_msg(checkpoint_is_done(s, k) == (want >> k & 1), "position %u", k);
	ck_assert_uint_le(checkpoint_done_end(s), TARGETS);
}

static void refuse(unsigned int k)
{
	answer(&syns[k], RESET(0));
}

/* A server without TFO: one answer, and its row. */
static void decline(unsigned int k)
{
	answer(&syns[k], SYNACK(OPTS_NONE, 0));
}

TEST(rows_say_what_is_done)
{
	begin_saving(ROWS_TARGET, REPORT_ANSWERED);
	decline(2);
	check_done(saved(), 0);
	ck_assert_uint_lt(core.saving.next.rows_from, core.saving.next.rows_len);
	decline(4);
	check_done(saved_last(), 0);
	end_saving();
}

/* RSTs have no row: once they are done they are named. */
TEST(what_has_no_row_is_named)
{
	begin_saving(ROWS_TARGET, REPORT_SYNACK);
	decline(2);
	refuse(0);
	refuse(5);
	check_done(saved(), 0);
	elapse(PLAN_LINGER_NS);
	check_done(saved(), 1u << 0 | 1u << 2 | 1u << 5);
	ck_assert_uint_eq(core.saving.next.counters[STAT_targets_done], 3);
	ck_assert_uint_eq(core.saving.next.counters[STAT_rows], 1);
	end_saving();
}

/* What is due has no row yet, and is no more done than who did not answer. */
TEST(nor_is_what_is_under_way)
{
	begin_saving(ROWS_TARGET, REPORT_SYNACK);
	refuse(1);
	answer(&syns[3], SYNACK(OPTS_COOKIE, 0));
	elapse(PLAN_LINGER_NS);
	check_done(saved(), 1u << 1);
	end_saving();
}

/* As it ends, what was finished by that is done, and what was given up is not. */
TEST(the_end)
{
	begin_saving(ROWS_TARGET, REPORT_SYNACK);
	refuse(1);
	answer(&syns[3], SYNACK(OPTS_COOKIE, 0));
	elapse(PLAN_LINGER_NS);
	refuse(6);
	atomic_store(&core.s.control.stop, STOP_OVER);
	check_done(saved_last(), 1u << 1);
	cookies_flush(&answers.cookies, core.now_ns);
	ck_assert_uint_eq(count(STAT_targets_done) + count(STAT_unfinished), 3);
	check_done(saved_last(), 1u << 1 | (count(STAT_unfinished) == 1) << 6);
	ck_assert_uint_eq(core.saving.last.counters[STAT_targets_done], count(STAT_targets_done));
	end_saving();
}

/* More was given up than is known: then rows alone say what is done, as they did before. */
TEST(too_many_are_given_up)
{
	begin_saving(ROWS_TARGET, REPORT_SYNACK);
	refuse(1);
	elapse(PLAN_LINGER_NS);
	core.saving.left.forgot = true;
	check_done(saved(), 0);
	check_done(saved_last(), 0);
	end_saving();
}
