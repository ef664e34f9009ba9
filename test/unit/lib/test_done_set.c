#include "done_set.h"

#include "unit.h"

/* Positions that are done: all before 210 but three, and three from there on. */
static const uint64_t left[] = { 133, 70, 135, 133, 72 };

static const struct {
	uint64_t k;
	bool done;
} positions[] = {
	{ 0, true }, { 69, true }, { 70, false }, { 71, true }, { 72, true }, { 132, true },
	{ 133, false }, { 134, true }, { 135, false }, { 209, true }, { 210, false },
	{ 211, true }, { 273, false }, { 274, true }, { 299, true }, { 300, false },
	{ UINT64_MAX, false },
};

TEST(what_is_left_before_the_tail_and_done_behind_it)
{
	struct done_set d;

	ck_assert_int_eq(done_set_init(&d, 210, 300, left, N_OF(left)), 0);
	ck_assert_uint_eq(d.first, 70);
	done_set_add(&d, 72);
	done_set_add(&d, 3);
	done_set_add(&d, 211);
	done_set_add(&d, 274);
	done_set_add(&d, 299);
	for (size_t i = 0; i < N_OF(positions); i++)
		ck_assert_msg(done_set_has(&d, positions[i].k) == positions[i].done, "%llu",
			      (unsigned long long)positions[i].k);
	ck_assert_uint_eq(d.nleft, 3);
	done_set_free(&d);
	ck_assert(!done_set_has(&d, 0));
}

/* However far the first that is left is behind the tail, it takes no memory. */
TEST(one_is_left_far_behind)
{
	struct done_set d;

	ck_assert_int_eq(done_set_init(&d, 1ull << 60, 1ull << 60, &(uint64_t){ 5 }, 1), 0);
	ck_assert(done_set_has(&d, 4) && !done_set_has(&d, 5) && done_set_has(&d, 6));
	ck_assert(done_set_has(&d, (1ull << 60) - 1) && !done_set_has(&d, 1ull << 60));
	done_set_add(&d, 5);
	ck_assert(done_set_has(&d, 5));
	done_set_free(&d);
}

TEST(none_is_done_of_nothing)
{
	const struct done_set none = { .first = 0 };

	ck_assert(!done_set_has(&none, 0));
	ck_assert(!done_set_has(&none, UINT64_MAX));
}
