/* seen: what a saved capture shows of the sweep. */
#include "unit.h"

#include "state/seen.h"

/* As they come, whatever their position in the sweep. */
TEST(targets_in_the_order_in_which_they_come)
{
	static const uint64_t ks[] = { 7, UINT64_MAX - 1, 0, 1ull << 40 };
	struct seen s;

	ck_assert_int_eq(seen_init(&s, 4, 1, 1), 0);
	for (uint64_t i = 0; i < 4; i++) {
		ck_assert_uint_eq(seen_pos(&s, ks[i]), SEEN_NONE);
		ck_assert_uint_eq(seen_add(&s, ks[i]), i);
	}
	for (uint64_t i = 0; i < 4; i++) {
		ck_assert_uint_eq(seen_pos(&s, ks[i]), i);
		ck_assert_uint_eq(seen_whole(&s, i), ks[i]);
	}
	ck_assert_uint_eq(seen_add(&s, 8), SEEN_NONE);
	seen_free(&s);
}

/* Each SYN has its own, however the times go. */
TEST(times_are_exact)
{
	struct seen s;

	ck_assert_int_eq(seen_init(&s, 3, 2, 2), 0);
	for (uint64_t k = 0; k < 3; k++)
		seen_add(&s, 9 - k);
	for (uint64_t pos = 0; pos < 3; pos++)
		for (unsigned int pass = 0; pass < 4; pass++) {
			ck_assert_uint_eq(seen_ns(&s, pos, pass), 0);
			seen_sent(&s, pos, pass, 1000 - 100 * pos + pass);
			seen_sent(&s, pos, pass, 1);	/* a copy */
		}
	for (uint64_t pos = 0; pos < 3; pos++)
		for (unsigned int pass = 0; pass < 4; pass++)
			ck_assert_uint_eq(seen_ns(&s, pos, pass), 1000 - 100 * pos + pass);
	ck_assert_uint_eq(seen_ns(&s, SEEN_NONE, 0), 0);
	seen_free(&s);
}

/* The last attempt of each arm, once; none is overtaken by one behind it. */
TEST(last_attempts_in_turn)
{
	struct seen s;

	ck_assert_int_eq(seen_init(&s, 2, 2, 2), 0);
	seen_add(&s, 5);
	seen_add(&s, 6);
	seen_sent(&s, 0, 0, 10);
	seen_sent(&s, 0, 1, 11);
	ck_assert_uint_eq(seen_next(&s, 1000), SEEN_NONE);
	seen_sent(&s, 1, 2, 30);
	seen_sent(&s, 0, 2, 20);
	seen_sent(&s, 0, 2, 21);
	seen_sent(&s, 0, 3, 40);
	ck_assert_uint_eq(seen_next(&s, 29), SEEN_NONE);
	ck_assert_uint_eq(seen_next(&s, 30), 1);
	ck_assert_uint_eq(seen_next(&s, 30), 0);
	ck_assert_uint_eq(seen_next(&s, 39), SEEN_NONE);
	ck_assert_uint_eq(seen_next(&s, 40), 0);
	ck_assert_uint_eq(seen_next(&s, 1000), SEEN_NONE);
	seen_free(&s);
}
