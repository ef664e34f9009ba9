/* The sweep where targets are on the local link: each frame goes to its neighbour, or nowhere. */
#include "unit.h"

#include "net/neigh.h"
#include "receive/sent.h"
#include "sweep_rig.h"

#define POSITIONS 256		/* in a /24 */

static const uint8_t gateway[6] = { 2, 2 };	/* the rig's */
static struct neigh *neigh;

/* Of 198.18.0.0/24 the first n are on the link: those with an odd number are not there. */
static void begin(const char *target, unsigned int n, unsigned int retries)
{
	struct prefixset set;

	begin_with(&(struct core_setup){ .target = target, .retries = retries });
	prefixset_init(&set);
	ck_assert_int_eq(prefixset_add(&set, addr_from_v4(0xc6120000),
				       addr_from_v4(0xc6120000 + n - 1)), 0);
	prefixset_seal(&set);
	ck_assert_int_eq(neigh_new(&neigh, &set), 0);
	for (unsigned int i = 0; i < n; i++) {
		struct neighbour a = { addr_from_v4(0xc6120000 + i),
				       { 2, 0, 0, 0, 9, (uint8_t)i } };

		neigh_mark(neigh, a.ip, NEIGH_WANTED | NEIGH_ON_LINK, a.ip);
		if (i % 2 == 0)
			ck_assert(neigh_take(neigh, &a, NEIGH_SURE));
	}
	core.s.facts.neigh = neigh;
}

static void finish(void)
{
	neigh_free(neigh);
	end();
}

static bool is_there(struct addr ip, unsigned int n)
{
	return (addr_v4(ip) & 0xff) >= n || addr_v4(ip) % 2 == 0;
}

static void check_neighbour(const struct tapped *t, unsigned int n)
{
	uint8_t last = (uint8_t)addr_v4(t->p.tcp.dst);
	const uint8_t neighbour[6] = { 2, 0, 0, 0, 9, last };

	ck_assert(is_there(t->p.tcp.dst, n));
	ck_assert_mem_eq(t->frame, last < n ? neighbour : gateway, 6);
}

TEST(frames_go_to_neighbours)
{
	unsigned int sent = 0;

	begin("198.18.0.0/24", 64, 0);
	start();
	until_swept(false);
	nothing_more_than(POSITIONS - 32);
	for (uint64_t k = 0; k < POSITIONS; k++) {
		struct addr ip = targets_at(core.targets, order_target(&core.s.facts.order, k)).ip;

		if (!is_there(ip, 64))
			continue;
		check_probe(sent, k, PROBE_REQUEST, 0);
		check_neighbour(&tap.v[sent++], 64);
	}
	check_neighbour(&tap.v[sent], 64);	/* the reset that nothing_more_than() sends */
	ck_assert_uint_eq(sent, POSITIONS - 32);
	ck_assert_uint_eq(count(STAT_sent_request), POSITIONS - 32);
	ck_assert_uint_eq(count(STAT_no_neighbour), 32);
	ck_assert_uint_eq(count(STAT_targets_started), POSITIONS);
	ck_assert_uint_eq(count(STAT_not_sent), 0);
	finish();
}

/* Who is there and silent is asked again; who is not there was not asked once. */
TEST(retries_go_to_who_is_there)
{
	unsigned int sent = POSITIONS - 128;

	begin("198.18.0.0/24", 256, 2);
	start();
	until_swept(true);
	nothing_more_than(3 * sent);
	for (unsigned int i = 0; i < 3 * sent; i++) {
		check_neighbour(&tap.v[i], 256);
		ck_assert_uint_eq(tap.v[i].m.kind, PROBE_REQUEST);
	}
	ck_assert_uint_eq(count(STAT_sent_retries), 2 * sent);
	ck_assert_uint_eq(count(STAT_no_neighbour), 128);
	finish();
}

/* The sweep comes to its end, and no packet was sent. */
TEST(nobody_is_there)
{
	begin("198.18.0.1/32", 2, 1);
	start();
	until_swept(true);
	stop();
	ck_assert_uint_eq(atomic_load(&tap.calls), 0);
	ck_assert_uint_eq(atomic_load(&core.s.senders[0].last_sent_ns), 0);
	ck_assert_uint_eq(count(STAT_no_neighbour), 1);
	ck_assert_uint_eq(count(STAT_targets_started), 1);
	finish();
}

/* A follow-up and a reset to a neighbour that is not there any more: they count as not sent. */
TEST(what_has_no_neighbour_is_counted)
{
	uint64_t k = 0;

	begin("198.18.0.0/24", 256, 0);
	while (is_there(targets_at(core.targets, order_target(&core.s.facts.order, k)).ip, 256))
		k++;
	push_followup(k, 0);
	push_teardown_to(order_target(&core.s.facts.order, k), 1);
	start();
	until_swept(false);
	nothing_more_than(POSITIONS - 128);
	ck_assert_uint_eq(atomic_load(&core.s.stamps[k]), STAMP_NOT_SENT);
	ck_assert_uint_eq(count(STAT_sent_data), 0);
	ck_assert_uint_eq(count(STAT_not_sent), 2);
	finish();
}

/* ---- a gateway that moves ------------------------------------------------------------------ */

static const uint8_t new_gateway[6] = { 2, 7, 7, 7, 7, 7 };

/* As the main thread says it (gateway.h). */
static void move_gateway(uint64_t heard_ns)
{
	struct gateway_now *g = &core.s.control.gateway.now[0];

	atomic_store(&g->mac, (uint64_t)get_be16(new_gateway) << 32 | get_be32(new_gateway + 2));
	atomic_store(&g->heard_ns, heard_ns);
	atomic_fetch_add(&g->changes, 1);
}

/* It moves while the engine has the second batch. */
static uint64_t moved_ns;
static unsigned int moved_at;		/* frames that went the old way */

static int move_in_between(unsigned int call, unsigned int n)
{
	if (call == 1) {
		moved_at = atomic_load(&tap.n) + n;
		moved_ns = clock_now_ns();
		move_gateway(moved_ns);
	}
	return (int)n;
}

static bool is_astray(uint32_t last, uint64_t sent_ns)
{
	return sent_is_astray(&core.s.senders[0], core.s.facts.neigh,
			      addr_from_v4(0xc6120000 | last), sent_ns);
}

/* Not those to neighbours on the link. From when to when others may be lost is known. */
TEST(frames_go_to_where_the_gateway_is)
{
	begin("198.18.0.0/24", 64, 0);
	tap.script = move_in_between;
	start();
	until_swept(false);
	nothing_more_than(POSITIONS - 32);
	for (unsigned int i = 0; i <= POSITIONS - 32; i++)
		if ((addr_v4(tap.v[i].p.tcp.dst) & 0xff) < 64)
			check_neighbour(&tap.v[i], 64);
		else
			ck_assert_mem_eq(tap.v[i].frame, i < moved_at ? gateway : new_gateway, 6);
	ck_assert_uint_gt(moved_at, 0);
	ck_assert_uint_lt(moved_at, POSITIONS - 32);
	ck_assert(is_astray(255, moved_ns));
	ck_assert(!is_astray(0, moved_ns));		/* a neighbour on the link */
	ck_assert(!is_astray(255, moved_ns - NS_PER_S));
	ck_assert(!is_astray(255, moved_ns + 1000 * NS_PER_S));
	ck_assert(!is_astray(255, 0));			/* not known */
	finish();
}

/* While it is silent nothing is sent but clean-up; then all is. */
TEST(a_silent_gateway_is_waited_for)
{
	begin("198.18.0.0/24", 1, 0);
	atomic_store(&core.s.control.gateway.silent, true);
	start();
	push_teardown(4711);
	until_sent(1);
	ck_assert_uint_eq(count(STAT_targets_started), 0);
	ck_assert_uint_eq(count(STAT_waits_gateway), 1);
	atomic_store(&core.s.control.gateway.silent, false);
	until_swept(false);
	nothing_more_than(POSITIONS + 1);
	ck_assert_uint_eq(tap.v[0].p.tcp.flags, TCP_RST);
	ck_assert_uint_eq(count(STAT_sent_request), POSITIONS);
	ck_assert_uint_eq(count(STAT_waits_gateway), 1);
	finish();
}
