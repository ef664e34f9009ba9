#include "base/clock.h"
#include "unit.h"

#include <string.h>
#include <time.h>

static const struct { uint64_t wall_ns; const char *text; } cases[] = {
	{ 0, "1970-01-01T00:00:00.000000Z" },
	{ 1000, "1970-01-01T00:00:00.000001Z" },
	{ 1767323045678901999ull, "2026-01-02T03:04:05.678901Z" },
	{ 1709164800ull * NS_PER_S - 1, "2024-02-28T23:59:59.999999Z" },
	{ 1709164800ull * NS_PER_S, "2024-02-29T00:00:00.000000Z" },
};

TEST_EACH(text, cases)
{
	char out[CLOCK_TEXT_LEN];

	clock_text(row->wall_ns, out);
	ck_assert_str_eq(out, row->text);
	ck_assert_uint_eq(strlen(out), CLOCK_TEXT_LEN - 1);
}

TEST(never_goes_back)
{
	uint64_t last = clock_now_ns();

	for (int i = 0; i < 1000; i++) {
		uint64_t now = clock_now_ns();

		ck_assert(now >= last);
		last = now;
	}
}

/* The run's clock plus the offset is the wall clock's, to the second. */
TEST(offset)
{
	uint64_t before = (uint64_t)time(NULL);
	uint64_t wall = (clock_now_ns() + (uint64_t)clock_wall_offset_ns()) / NS_PER_S;
	uint64_t after = (uint64_t)time(NULL);

	ck_assert_uint_ge(wall + 1, before);
	ck_assert_uint_le(wall, after + 1);
}
