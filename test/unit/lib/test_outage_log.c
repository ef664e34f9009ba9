#include "unit.h"

#include "outage_log.h"

TEST(none_at_first)
{
	static const struct outage_log g;

	ck_assert(!outage_log_any(&g));
	for (unsigned int of = 0; of < OUTAGE_KINDS; of++)
		ck_assert(!outage_log_overlaps(&g, of, 0, UINT64_MAX));
}

TEST(of_each_kind)
{
	static struct outage_log g;

	outage_log_add(&g, OUTAGE_GATEWAY_V6, 100, 200);
	outage_log_add(&g, OUTAGE_GATEWAY_V6, 300, 400);
	ck_assert(outage_log_any(&g));
	ck_assert(!outage_log_overlaps(&g, OUTAGE_GATEWAY_V4, 100, 400));
	ck_assert(!outage_log_overlaps(&g, OUTAGE_LINK, 100, 400));
	ck_assert(!outage_log_overlaps(&g, OUTAGE_GATEWAY_V6, 50, 99));
	ck_assert(outage_log_overlaps(&g, OUTAGE_GATEWAY_V6, 50, 100));
	ck_assert(outage_log_overlaps(&g, OUTAGE_GATEWAY_V6, 150, 150));
	ck_assert(outage_log_overlaps(&g, OUTAGE_GATEWAY_V6, 200, 250));
	ck_assert(!outage_log_overlaps(&g, OUTAGE_GATEWAY_V6, 201, 299));
	ck_assert(outage_log_overlaps(&g, OUTAGE_GATEWAY_V6, 350, 1000));
	ck_assert(!outage_log_overlaps(&g, OUTAGE_GATEWAY_V6, 401, 1000));
}

TEST(more_than_there_is_room_for)
{
	static struct outage_log g;

	for (uint64_t i = 0; i < 2 * OUTAGES_MAX; i++)
		outage_log_add(&g, OUTAGE_GATEWAY_V4, 100 * i, 100 * i + 10);
	for (uint64_t i = 0; i < 2 * OUTAGES_MAX; i++)
		ck_assert(outage_log_overlaps(&g, OUTAGE_GATEWAY_V4, 100 * i + 5, 100 * i + 5));
	ck_assert(!outage_log_overlaps(&g, OUTAGE_GATEWAY_V4, 50, 60));
	ck_assert(!outage_log_overlaps(&g, OUTAGE_GATEWAY_V4, 200 * OUTAGES_MAX, UINT64_MAX));
}

/* Nobody waits for its end to know of it. */
TEST(goes_on)
{
	static struct outage_log g;

	outage_log_add(&g, OUTAGE_LINK, 100, UINT64_MAX);
	ck_assert(outage_log_overlaps(&g, OUTAGE_LINK, 5000, 6000));
	ck_assert(!outage_log_overlaps(&g, OUTAGE_LINK, 50, 99));
	outage_log_end(&g, OUTAGE_LINK, 200);
	ck_assert(outage_log_overlaps(&g, OUTAGE_LINK, 150, 160));
	ck_assert(!outage_log_overlaps(&g, OUTAGE_LINK, 5000, 6000));
	outage_log_add(&g, OUTAGE_LINK, 300, UINT64_MAX);
	outage_log_end(&g, OUTAGE_LINK, 400);
	ck_assert(!outage_log_overlaps(&g, OUTAGE_LINK, 250, 260));
	ck_assert(outage_log_overlaps(&g, OUTAGE_LINK, 350, 360));
}
