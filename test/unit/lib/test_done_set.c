#include "done_set.h"

#include "unit.h"

/* Positions that are done, of the set that begins at 70 and ends at 210. */
static const struct {
	uint64_t k;
	bool done;
} positions[] = {
	{ 0, true }, { 69, true }, { 70, false }, { 71, true }, { 133, false }, { 134, true },
	{ 135, false }, { 209, true }, { 210, false }, { UINT64_MAX, false },
};

TEST(what_is_before_and_what_was_added)
{
	struct done_set d;

	ck_assert_int_eq(done_set_init(&d, 70, 210), 0);
	done_set_add(&d, 71);
	done_set_add(&d, 133);
	done_set_add(&d, 134);
	done_set_add(&d, 209);
	done_set_remove(&d, 133);
	for (size_t i = 0; i < N_OF(positions); i++)
		ck_assert_msg(done_set_has(&d, positions[i].k) == positions[i].done, "%llu",
			      (unsigned long long)positions[i].k);
	done_set_free(&d);
	ck_assert(!done_set_has(&d, 0));
}

TEST(none_is_done_of_nothing)
{
	const struct done_set none = { .first = 0 };

	ck_assert(!done_set_has(&none, 0));
	ck_assert(!done_set_has(&none, UINT64_MAX));
}
