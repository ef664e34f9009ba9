#include "unit.h"

#include "lane.h"

#define N_MAX 16

static const uint64_t sizes[] = {
	0, 1, 511, 512, 513, 1023, 1024, 1025, 4096, 5000, 8191, 8192, 20000,
};

/* Each place of the sweep is one place of one lane; lanes have theirs in order, without gaps. */
START_TEST(divides_every_sweep)
{
	for (uint32_t n = 1; n <= N_MAX; n++) {
		uint64_t places = sizes[_i], next[N_MAX] = { 0 };

		for (uint64_t k = 0; k < places; k++) {
			uint32_t lane = lane_of(k, n);

			/* Check writes down every assertion: one for all of them. */
			if (lane >= n || lane_place(k, n) != next[lane]
			    || lane_whole(next[lane]++, lane, n) != k)
				ck_abort_msg("place %ju of %u lanes: lane %u", (uintmax_t)k, n,
					     lane);
		}
		for (uint32_t lane = 0; lane < n; lane++)
			ck_assert_uint_eq(lane_places(places, lane, n), next[lane]);
	}
}
END_TEST

START_TEST(takes_turns_by_blocks)
{
	ck_assert_uint_eq(lane_of(0, 3), 0);
	ck_assert_uint_eq(lane_of(LANE_BLOCK, 3), 1);
	ck_assert_uint_eq(lane_of(2 * LANE_BLOCK, 3), 2);
	ck_assert_uint_eq(lane_of(3 * LANE_BLOCK, 3), 0);
	ck_assert_uint_eq(lane_place(3 * LANE_BLOCK + 7, 3), LANE_BLOCK + 7);
}
END_TEST

/* As far as places go. */
START_TEST(knows_large_places)
{
	uint64_t last = INT64_MAX - 1;

	for (uint32_t n = 1; n <= N_MAX; n++) {
		uint32_t lane = lane_of(last, n);
		uint64_t sum = 0;

		ck_assert_uint_eq(lane_whole(lane_place(last, n), lane, n), last);
		ck_assert_uint_eq(lane_places(last + 1, lane, n), lane_place(last, n) + 1);
		for (lane = 0; lane < n; lane++)
			sum += lane_places(last + 1, lane, n);
		ck_assert_uint_eq(sum, last + 1);
	}
}
END_TEST

UNIT_SUITE(lane)
{
	TCase *tcase = unit_case(suite, "lanes", takes_turns_by_blocks, knows_large_places);

	tcase_add_loop_test(tcase, divides_every_sweep, 0, sizeof(sizes) / sizeof(sizes[0]));
}
