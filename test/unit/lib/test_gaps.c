#include "unit.h"

#include "gaps.h"

START_TEST(none_at_first)
{
	static const struct gaps g;

	ck_assert(!gaps_touch(&g, false, 0, UINT64_MAX));
	ck_assert(!gaps_touch(&g, true, 0, UINT64_MAX));
}
END_TEST

START_TEST(of_each_family)
{
	static struct gaps g;

	gaps_add(&g, true, 100, 200);
	gaps_add(&g, true, 300, 400);
	ck_assert(!gaps_touch(&g, false, 100, 400));
	ck_assert(!gaps_touch(&g, true, 50, 99));
	ck_assert(gaps_touch(&g, true, 50, 100));
	ck_assert(gaps_touch(&g, true, 150, 150));
	ck_assert(gaps_touch(&g, true, 200, 250));
	ck_assert(!gaps_touch(&g, true, 201, 299));
	ck_assert(gaps_touch(&g, true, 350, 1000));
	ck_assert(!gaps_touch(&g, true, 401, 1000));
}
END_TEST

START_TEST(more_than_there_is_room_for)
{
	static struct gaps g;

	for (uint64_t i = 0; i < 2 * GAPS_MAX; i++)
		gaps_add(&g, false, 100 * i, 100 * i + 10);
	for (uint64_t i = 0; i < 2 * GAPS_MAX; i++)
		ck_assert(gaps_touch(&g, false, 100 * i + 5, 100 * i + 5));
	ck_assert(!gaps_touch(&g, false, 50, 60));
	ck_assert(!gaps_touch(&g, false, 200 * GAPS_MAX, UINT64_MAX));
}
END_TEST

UNIT_SUITE(gaps)
{
	unit_case(suite, "gaps", none_at_first, of_each_family, more_than_there_is_room_for);
}
