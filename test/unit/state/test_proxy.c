/* proxy: which requests get a reply, and what reply, as the two threads see them. */
#include "unit.h"


#include "plain_sum.h"
#include "rig.h"
#include "state/proxy.h"
#include "wire/rx_source.h"

#define OURS4	"198.19.9.9"
#define OURS6	"2001:2:0:ff::9"

static struct core core;
static struct proxies proxies;
static const uint8_t neighbour[6] = { 2, 0, 0, 0, 0, 7 }, here[6] = { 2, 0, 0, 0, 0, 9 };

static void begin(uint16_t vlan_id)
{
	struct craft_link link = { .src = { 2, 0, 0, 0, 0, 9 }, .vlan_id = vlan_id };
	struct err e = { "" };
	struct addr a;

	core_init(&core, &(struct core_setup){ .retries = 0 });
	core_source(&core, OURS4);
	core_source(&core, OURS6);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(addr_parse(&a, i ? OURS6 : OURS4), 0);
		ck_assert(!proxy_any(&core.s.facts, i));
		ck_assert(facts_proxy_source(&core.s.facts, a));
		ck_assert(proxy_any(&core.s.facts, i));
	}
	ck_assert_int_eq(addr_parse(&a, "198.19.9.8"), 0);
	ck_assert(!facts_proxy_source(&core.s.facts, a));
	ck_assert(!core.s.facts.proxies);
	ck_assert_msg(proxy_open(&core.s.facts, &core.s.neigh_requests, &link, &e) == 0, "%s",
		      e.msg);
	ck_assert(core.s.facts.proxies);
}

static void end(void)
{
	proxy_close(&proxies, &core.s.neigh_requests);
	core_free(&core);
}

static uint64_t count(enum stat_id id)
{
	return stat_get(&core.s.rx.stats, id);
}

/* ---- requests ------------------------------------------------------------------------------ */

/* A frame that asks for target; in a VLAN where that is not 0. */
static size_t request(const char *target, uint16_t vlan_id, uint8_t out[static CRAFT_NEIGH_MAX])
{
	struct craft_link link = { .src = { 2, 0, 0, 0, 0, 7 }, .vlan_id = vlan_id };
	struct err e = { "" };
	struct addr a, requester;
	int len;

	ck_assert_int_eq(addr_parse(&a, target), 0);
	ck_assert_int_eq(addr_parse(&requester, addr_is_v4(a) ? "198.19.0.3" : "fe80::7"), 0);
	len = craft_neigh_request(&link, requester, a, out, &e);
	ck_assert_msg(len > 0, "%s", e.msg);
	return (size_t)len;
}

/* The frame as the capture hands it over: a copy of just that size. */
static bool comes_in(const uint8_t *bytes, size_t len)
{
	size_t at = get_be16(bytes + 12) == 0x8100 ? 18 : 14;
	uint8_t *copy = malloc(len);
	struct rx_frame f = {
		.bytes = copy, .ip = copy + at, .caplen = (uint32_t)len, .len = (uint32_t)len,
		.ip_caplen = (uint32_t)(len - at), .type = get_be16(bytes + at - 2),
	};
	bool taken;

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, bytes, len);
	taken = proxy_take_request(&core.s.facts, &core.s.neigh_requests, &core.s.rx.stats, &f);
	free(copy);
	return taken;
}

static void asks(const char *target, uint16_t vlan_id)
{
	uint8_t frame[CRAFT_NEIGH_MAX];

	ck_assert(comes_in(frame, request(target, vlan_id, frame)));
}

/* The next reply says that target is here, to the neighbour that asked. */
static void gets_reply(const char *target, uint16_t vlan_id)
{
	size_t at = vlan_id ? 18 : 14, len;
	uint8_t frame[CRAFT_NEIGH_MAX];
	struct neighbour n;
	struct addr a;

	len = proxy_next_reply(&core.s.facts, &core.s.neigh_requests, frame);
	ck_assert_uint_gt(len, at);
	ck_assert_mem_eq(frame, neighbour, 6);
	ck_assert_mem_eq(frame + 6, here, 6);
	ck_assert(neighbour_parse(&n, get_be16(frame + at - 2), frame + at, len - at));
	ck_assert_int_eq(addr_parse(&a, target), 0);
	ck_assert(addr_eq(n.ip, a));
	ck_assert_mem_eq(n.mac, here, 6);
}

static void no_reply(void)
{
	uint8_t frame[CRAFT_NEIGH_MAX];

	ck_assert_uint_eq(proxy_next_reply(&core.s.facts, &core.s.neigh_requests, frame), 0);
}

TEST_TIMES(answers_for_what_is_proxied, 2)
{
	uint16_t vlan_id = _i ? 7 : 0;

	begin(vlan_id);
	asks(OURS4, vlan_id);
	asks(OURS6, vlan_id);
	gets_reply(OURS4, vlan_id);
	gets_reply(OURS6, vlan_id);
	no_reply();
	ck_assert_uint_eq(count(STAT_questions), 2);
	ck_assert_uint_eq(count(STAT_received), 2);
	ck_assert_uint_eq(count(STAT_drop_unmatched), 0);
	end();
}

/* The kernel's own, and everybody else's; and what is asked in another VLAN. */
TEST(leaves_others_alone)
{
	begin(0);
	asks("198.19.0.1", 0);			/* a source that is not proxied: the kernel's */
	asks("2001:2:0:ffff::1", 0);
	asks("198.19.9.8", 0);
	asks("2001:2:0:ff::8", 0);
	asks(OURS4, 7);
	asks(OURS6, 7);
	no_reply();
	ck_assert_uint_eq(count(STAT_drop_unmatched), 6);
	ck_assert_uint_eq(count(STAT_questions), 0);
	end();
	begin(7);
	asks(OURS4, 0);
	asks(OURS6, 8);
	no_reply();
	ck_assert_uint_eq(count(STAT_drop_unmatched), 2);
	end();
}

/* Without its MAC address in the request it is that of the frame, if a neighbour sent it. */
TEST(requester_of_the_frame)
{
	uint8_t frame[CRAFT_NEIGH_MAX];
	uint16_t sum;
	size_t len;

	begin(0);
	len = request(OURS6, 0, frame) - 8;
	frame[14 + 5] = 24;
	frame[14 + 42] = frame[14 + 43] = 0;
	sum = plain_plus(plain_plus(plain_sum(0, frame + 14 + 8, 32), 58), 24);
	sum = (uint16_t)~plain_sum(sum, frame + 14 + 40, 24);
	frame[14 + 42] = (uint8_t)(sum >> 8);
	frame[14 + 43] = (uint8_t)sum;
	ck_assert(comes_in(frame, len));
	gets_reply(OURS6, 0);
	frame[6] |= 1;
	ck_assert(comes_in(frame, len));
	memset(frame + 6, 0, 6);
	ck_assert(comes_in(frame, len));
	no_reply();
	ck_assert_uint_eq(count(STAT_drop_unmatched), 2);
	end();
}

TEST(unsound_requests)
{
	uint8_t frame[CRAFT_NEIGH_MAX];
	size_t len;

	begin(0);
	len = request(OURS4, 0, frame);
	frame[14 + 7] = 2;			/* a reply */
	ck_assert(comes_in(frame, len));
	frame[14 + 7] = 1;
	ck_assert(comes_in(frame, len - 1));	/* cut */
	len = request(OURS6, 0, frame);
	frame[14 + 43] ^= 1;			/* checksum */
	ck_assert(comes_in(frame, len));
	no_reply();
	ck_assert_uint_eq(count(STAT_drop_parse), 3);
	/* Nothing of the kind: for others to look at, and not counted here. */
	frame[14 + 40] = 136;
	ck_assert(!comes_in(frame, len));
	ck_assert(!comes_in(frame, 14 + 40));
	frame[14 + 6] = 6;
	ck_assert(!comes_in(frame, len));
	ck_assert_uint_eq(count(STAT_received), 3);
	end();
}

/* A flood fills the ring, and no more. */
TEST(flood)
{
	uint64_t kept;

	begin(0);
	for (int i = 0; i < 5000; i++)
		asks(OURS4, 0);
	kept = count(STAT_questions);
	ck_assert_uint_gt(kept, 0);
	ck_assert_uint_gt(count(STAT_question_lost), 0);
	ck_assert_uint_eq(kept + count(STAT_question_lost), 5000);
	for (uint64_t i = 0; i < kept; i++)
		gets_reply(OURS4, 0);
	no_reply();
	asks(OURS6, 0);
	gets_reply(OURS6, 0);
	end();
}
