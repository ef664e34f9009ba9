#include "loss_log.h"
#include "unit.h"

#define SECOND 1000000000ull

static struct loss_log losses;

static void start(void)
{
	losses = (struct loss_log){ .n = 0 };
}

TEST_AROUND(start, NULL)

TEST(nothing_was_lost)
{
	ck_assert(!loss_log_overlaps(&losses, 0, UINT64_MAX));
}

TEST(what_comes_meanwhile_may_be_lost)
{
	static const struct {
		uint64_t from, to;
		bool lost;
	} times[] = {
		{ 0, 4, false }, { 0, 5, true }, { 6, 6, true }, { 4, 8, true }, { 7, 9, true },
		{ 8, 9, false },
	};

	loss_log_add(&losses, 5, 7);
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		ck_assert_int_eq(loss_log_overlaps(&losses, times[i].from, times[i].to),
				 times[i].lost);
}

/* A loss that goes on is one. */
TEST(one_after_the_other_is_one)
{
	for (uint64_t i = 0; i < 1000; i++)
		loss_log_add(&losses, SECOND + i, SECOND + i + 1);
	ck_assert_uint_eq(losses.n, 1);
	ck_assert(loss_log_overlaps(&losses, SECOND + 500, SECOND + 500));
	ck_assert(!loss_log_overlaps(&losses, SECOND + 1001, 2 * SECOND));
}

/* Of many it knows the last; before these all may be lost, as there is no telling. */
TEST(what_is_forgotten_is_in_doubt)
{
	for (uint64_t i = 1; i <= LOSSES_MAX + 3; i++)
		loss_log_add(&losses, i * SECOND, i * SECOND + 1);
	ck_assert(loss_log_overlaps(&losses, 3, 4));
	ck_assert(loss_log_overlaps(&losses, 3 * SECOND + 1, 3 * SECOND + 2));
	ck_assert(!loss_log_overlaps(&losses, 3 * SECOND + 2, 3 * SECOND + 3));
	for (uint64_t i = 4; i <= LOSSES_MAX + 3; i++) {
		ck_assert(loss_log_overlaps(&losses, i * SECOND, i * SECOND));
		ck_assert(!loss_log_overlaps(&losses, i * SECOND + 2, i * SECOND + 3));
	}
}

/* Of two threads that note theirs one may come late: what it says is kept, and what was. */
TEST(out_of_order)
{
	loss_log_add(&losses, 10, 20);
	loss_log_add(&losses, 5, 15);
	ck_assert(loss_log_overlaps(&losses, 5, 6));
	ck_assert(loss_log_overlaps(&losses, 20, 20));
	ck_assert(!loss_log_overlaps(&losses, 0, 4));
	ck_assert(!loss_log_overlaps(&losses, 21, UINT64_MAX));
	loss_log_add(&losses, 12, 25);
	ck_assert(loss_log_overlaps(&losses, 25, 25));
	ck_assert(!loss_log_overlaps(&losses, 26, UINT64_MAX));
}
