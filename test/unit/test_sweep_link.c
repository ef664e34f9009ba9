/* The sweep where targets are on the local link: each frame goes to its station, or nowhere. */
#include "unit.h"

#include "neigh.h"
#include "sweep_rig.h"

#define PLACES 256		/* in a /24 */

static const uint8_t gateway[6] = { 2, 2 };	/* the rig's */

/* Of 198.18.0.0/24 the first n are on the link: those with an odd number are not there. */
static void begin(const char *target, unsigned int n, unsigned int retries)
{
	struct prefixset set;

	begin_with(&(struct core_setup){ .target = target, .retries = retries });
	prefixset_init(&set);
	ck_assert_int_eq(prefixset_add(&set, addr_from_v4(0xc6120000),
				       addr_from_v4(0xc6120000 + n - 1)), 0);
	prefixset_seal(&set);
	ck_assert_int_eq(neigh_new(&core.s.neigh, &set), 0);
	for (unsigned int i = 0; i < n; i++) {
		struct neighbour a = { addr_from_v4(0xc6120000 + i),
				       { 2, 0, 0, 0, 9, (uint8_t)i } };

		neigh_mark(core.s.neigh, a.ip, NEIGH_ASK | NEIGH_ON_LINK, a.ip);
		if (i % 2 == 0)
			ck_assert(neigh_take(core.s.neigh, &a, NEIGH_SURE));
	}
}

static void finish(void)
{
	neigh_free(core.s.neigh);
	end();
}

static bool is_there(struct addr ip, unsigned int n)
{
	return (addr_v4(ip) & 0xff) >= n || addr_v4(ip) % 2 == 0;
}

static void check_station(const struct tapped *t, unsigned int n)
{
	uint8_t last = (uint8_t)addr_v4(t->p.tcp.dst);
	const uint8_t station[6] = { 2, 0, 0, 0, 9, last };

	ck_assert(is_there(t->p.tcp.dst, n));
	ck_assert_mem_eq(t->frame, last < n ? station : gateway, 6);
}

START_TEST(frames_go_to_stations)
{
	unsigned int sent = 0;

	begin("198.18.0.0/24", 64, 0);
	start();
	until_swept(false);
	nothing_more_than(PLACES - 32);
	for (uint64_t k = 0; k < PLACES; k++) {
		struct addr ip = targets_at(core.targets, order_target(&core.s.order, k)).ip;

		if (!is_there(ip, 64))
			continue;
		check_probe(sent, k, PROBE_REQUEST, 0);
		check_station(&tap.v[sent++], 64);
	}
	check_station(&tap.v[sent], 64);	/* the reset that nothing_more_than() sends */
	ck_assert_uint_eq(sent, PLACES - 32);
	ck_assert_uint_eq(count(STAT_sent_request), PLACES - 32);
	ck_assert_uint_eq(count(STAT_no_neighbour), 32);
	ck_assert_uint_eq(count(STAT_targets_started), PLACES);
	ck_assert_uint_eq(count(STAT_not_sent), 0);
	finish();
}
END_TEST

/* Who is there and silent is asked again; who is not there was not asked once. */
START_TEST(retries_go_to_who_is_there)
{
	unsigned int sent = PLACES - 128;

	begin("198.18.0.0/24", 256, 2);
	start();
	until_swept(true);
	nothing_more_than(3 * sent);
	for (unsigned int i = 0; i < 3 * sent; i++) {
		check_station(&tap.v[i], 256);
		ck_assert_uint_eq(tap.v[i].m.kind, PROBE_REQUEST);
	}
	ck_assert_uint_eq(count(STAT_sent_retries), 2 * sent);
	ck_assert_uint_eq(count(STAT_no_neighbour), 128);
	finish();
}
END_TEST

/* The sweep comes to its end, and no packet was sent. */
START_TEST(nobody_is_there)
{
	begin("198.18.0.1/32", 2, 1);
	start();
	until_swept(true);
	stop();
	ck_assert_uint_eq(atomic_load(&tap.calls), 0);
	ck_assert_uint_eq(atomic_load(&core.s.lanes[0].last_sent_ns), 0);
	ck_assert_uint_eq(count(STAT_no_neighbour), 1);
	ck_assert_uint_eq(count(STAT_targets_started), 1);
	finish();
}
END_TEST

/* A follow-up and a reset to a station that is not there any more: both are counted, and told. */
START_TEST(what_has_no_station_is_told)
{
	uint64_t k = 0;

	begin("198.18.0.0/24", 256, 0);
	while (is_there(targets_at(core.targets, order_target(&core.s.order, k)).ip, 256))
		k++;
	push_followup(k, 0);
	push_cleanup_to(order_target(&core.s.order, k), 1);
	start();
	until_swept(false);
	nothing_more_than(PLACES - 128);
	ck_assert_uint_eq(atomic_load(&core.s.stamps[k]), STAMP_NOT_SENT);
	ck_assert_uint_eq(count(STAT_sent_data), 0);
	ck_assert_uint_eq(count(STAT_not_sent), 2);
	finish();
}
END_TEST

UNIT_SUITE(sweep_link)
{
	unit_case(suite, "stations", frames_go_to_stations, retries_go_to_who_is_there,
		  nobody_is_there, what_has_no_station_is_told);
}
