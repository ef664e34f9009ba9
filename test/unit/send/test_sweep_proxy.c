/* sweep: replies to neighbours among what is sent. */
#include "unit.h"

#include "state/proxy.h"
#include "sweep_rig.h"

#define POSITIONS	256		/* in a /24 */
#define REPLY_PPS	100		/* replies, at most; */
#define REPLY_BURST	11		/* so many at once */

static struct proxies proxies;

static void begin(void)
{
	struct craft_link link = { .src = { 2, 0, 0, 0, 0, 9 } };
	struct err e = { "" };

	begin_with(&(struct core_setup){ .retries = 0 });
	core_source(&core, "198.19.9.9");
	ck_assert(facts_proxy_source(&core.s.facts, addr_from_v4(0xc6130909)));
	ck_assert_msg(proxy_open(&core.s.facts, &core.s.neigh_requests, &link, &e) == 0, "%s",
		      e.msg);
}

static void finish(void)
{
	proxy_close(&proxies, &core.s.neigh_requests);
	end();
}

static bool request(void)
{
	struct neighbour_request r = {
		addr_from_v4(0xc6130909), addr_from_v4(0xc6130003), { 2, 0, 0, 0, 0, 7 },
	};

	return ring_push(&core.s.neigh_requests, &r);
}

/* What comes of it is no answer to a probe: the cool-down does not begin anew. */
TEST(counted_apart)
{
	begin();
	atomic_store(&core.s.rx.part[0].cache_half_full, true);
	ck_assert(request() && request());
	start();
	until_sent(2);		/* by then all is done for the first */
	ck_assert_uint_eq(atomic_load(&core.s.senders[0].first_sent_ns), 0);
	nothing_more_than(2);
	ck_assert(tap.v[0].is_reply && tap.v[1].is_reply);
	ck_assert(addr_eq(tap.v[0].neighbour.ip, addr_from_v4(0xc6130909)));
	ck_assert_mem_eq(tap.v[0].frame, "\2\0\0\0\0\7\2\0\0\0\0\11", 12);
	ck_assert_uint_eq(count(STAT_sent_neighbour), 2);
	ck_assert_uint_eq(count(STAT_sent_cleanup), 1);
	ck_assert_uint_eq(count(STAT_sent_bytes), 2 * tap.v[0].len + tap.v[2].len);
	finish();
}

/* While no more probes go out, too: their answers are still on the way. */
TEST(in_the_cool_down)
{
	begin();
	atomic_store(&core.s.control.stop, STOP_SENDING);
	ck_assert(request());
	start();
	until_sent(1);
	nothing_more_than(1);
	ck_assert(tap.v[0].is_reply);
	finish();
}

/* Where the rate lets a packet go every few hours only, who asks need not wait that long. */
TEST(before_the_rate_allows)
{
	begin();
	core.config.rate.pps = 0.0001;
	start();
	until_sent(1);		/* the only packet that is allowed */
	ck_assert(request());
	until_sent(2);
	stop();
	check_probe(0, 0, PROBE_REQUEST, 0);
	ck_assert(tap.v[1].is_reply);
	finish();
}

/* However many ask, the scan goes on. */
TEST(flood)
{
	uint64_t start_ns = clock_now_ns();
	unsigned int n, replies = 0;

	begin();
	while (request())
		;
	start();
	until_swept(false);
	stop();
	n = atomic_load(&tap.n);
	for (unsigned int i = 0; i < n; i++) {
		double elapsed_s = (double)(tap.v[i].ns - start_ns) / NS_PER_S;

		replies += tap.v[i].is_reply;
		ck_assert_msg(replies <= REPLY_BURST + REPLY_PPS * elapsed_s, "%u after %.3f s",
			      replies, elapsed_s);
	}
	ck_assert_uint_gt(replies, 0);
	ck_assert_uint_eq(count(STAT_sent_neighbour), replies);
	ck_assert_uint_eq(count(STAT_sent_request), POSITIONS);
	finish();
}
