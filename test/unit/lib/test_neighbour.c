#include <stdlib.h>
#include <string.h>

#include "neighbour.h"
#include "plain_sum.h"
#include "rng.h"
#include "unit.h"

/* arp, Reply 198.19.0.1 is-at 02:00:00:00:00:01, length 28 */
static const uint8_t arp_reply[] = {
	0x00, 0x01, 0x08, 0x00, 0x06, 0x04, 0x00, 0x02, 0x02, 0x00, 0x00, 0x00, 0x00, 0x01,
	0xc6, 0x13, 0x00, 0x01, 0x02, 0x00, 0x00, 0x00, 0x00, 0x02, 0xc6, 0x13, 0x00, 0x02,
};

/*
 * IP6 2001:2:0:ff::1 > 2001:2:0:ff::2: ICMP6, neighbor advertisement, tgt is 2001:2:0:ff::1,
 * Flags [solicited, override], destination link-address option (2), length 8 (1):
 * 02:00:00:00:00:01
 */
static const uint8_t advert[] = {
	0x60, 0x00, 0x00, 0x00, 0x00, 0x20, 0x3a, 0xff,
	0x20, 0x01, 0x00, 0x02, 0x00, 0x00, 0x00, 0xff, 0, 0, 0, 0, 0, 0, 0, 0x01,
	0x20, 0x01, 0x00, 0x02, 0x00, 0x00, 0x00, 0xff, 0, 0, 0, 0, 0, 0, 0, 0x02,
	0x88, 0x00, 0xb0, 0x98, 0x60, 0x00, 0x00, 0x00,
	0x20, 0x01, 0x00, 0x02, 0x00, 0x00, 0x00, 0xff, 0, 0, 0, 0, 0, 0, 0, 0x01,
	0x02, 0x01, 0x02, 0x00, 0x00, 0x00, 0x00, 0x01,
};

#define AT_LEN		4
#define AT_NEXT		6
#define AT_HOPS		7
#define AT_DST		24
#define AT_ICMP		40
#define AT_CODE		41
#define AT_SUM		42
#define AT_FLAGS	44
#define AT_TARGET	48
#define AT_OPTION	64

static const uint8_t neighbour[] = { 2, 0, 0, 0, 0, 1 };
static const struct addr ip6 = { 0x20010002000000ffull, 1 };

/* Parses a copy of just that size, so that a sanitizer sees a read past it. */
static bool parse(uint16_t type, const uint8_t *bytes, size_t len, struct neighbour *n)
{
	uint8_t *copy = malloc(len ? len : 1);
	bool taken;

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, bytes, len);
	taken = neighbour_parse(n, type, copy, len);
	free(copy);
	return taken;
}

/* Makes the checksum of an advertisement of len bytes right. */
static void seal(uint8_t *p, size_t len)
{
	uint16_t sum;

	p[AT_LEN] = (uint8_t)((len - AT_ICMP) >> 8);
	p[AT_LEN + 1] = (uint8_t)(len - AT_ICMP);
	p[AT_SUM] = p[AT_SUM + 1] = 0;
	sum = plain_sum(0, p + 8, 32);
	sum = plain_plus(sum, 58);
	sum = plain_plus(sum, (uint16_t)(len - AT_ICMP));
	sum = (uint16_t)~plain_sum(sum, p + AT_ICMP, len - AT_ICMP);
	p[AT_SUM] = (uint8_t)(sum >> 8);
	p[AT_SUM + 1] = (uint8_t)sum;
}

TEST(reads_both)
{
	uint8_t padded[46];
	struct neighbour n;

	ck_assert(parse(NEIGHBOUR_TYPE_ARP, arp_reply, sizeof(arp_reply), &n));
	ck_assert(addr_eq(n.ip, addr_from_v4(0xc6130001)));
	ck_assert_mem_eq(n.mac, neighbour, 6);
	memset(padded, 0xff, sizeof(padded));
	memcpy(padded, arp_reply, sizeof(arp_reply));
	ck_assert(parse(NEIGHBOUR_TYPE_ARP, padded, sizeof(padded), &n));
	ck_assert_mem_eq(n.mac, neighbour, 6);
	ck_assert(parse(NEIGHBOUR_TYPE_IPV6, advert, sizeof(advert), &n));
	ck_assert(addr_eq(n.ip, ip6));
	ck_assert_mem_eq(n.mac, neighbour, 6);
}

/* Each fixed field, changed. */
TEST(refuses_other_arp)
{
	static const struct {
		uint8_t at, value;
	} changes[] = {
		{ 1, 6 }, { 2, 0x86 }, { 4, 8 }, { 5, 16 }, { 7, 1 }, { 7, 4 }, { 6, 1 },
		{ 8, 3 },	/* a group address */
	};
	uint8_t frame[sizeof(arp_reply)];
	struct neighbour n;

	for (size_t i = 0; i < N_OF(changes); i++) {
		memcpy(frame, arp_reply, sizeof(frame));
		frame[changes[i].at] = changes[i].value;
		ck_assert_msg(!parse(NEIGHBOUR_TYPE_ARP, frame, sizeof(frame), &n), "%zu", i);
	}
	memcpy(frame, arp_reply, sizeof(frame));
	memset(frame + 8, 0, 6);
	ck_assert(!parse(NEIGHBOUR_TYPE_ARP, frame, sizeof(frame), &n));
	memset(frame + 8, 0xff, 6);
	ck_assert(!parse(NEIGHBOUR_TYPE_ARP, frame, sizeof(frame), &n));
}

TEST(refuses_what_is_cut)
{
	struct neighbour n;

	for (size_t len = 0; len < sizeof(arp_reply); len++)
		ck_assert(!parse(NEIGHBOUR_TYPE_ARP, arp_reply, len, &n));
	for (size_t len = 0; len < sizeof(advert); len++)
		ck_assert(!parse(NEIGHBOUR_TYPE_IPV6, advert, len, &n));
}

TEST(type_decides)
{
	struct neighbour n;

	ck_assert(!parse(NEIGHBOUR_TYPE_IPV6, arp_reply, sizeof(arp_reply), &n));
	ck_assert(!parse(NEIGHBOUR_TYPE_ARP, advert, sizeof(advert), &n));
	ck_assert(!parse(0, advert, sizeof(advert), &n));
	ck_assert(!parse(0x0800, arp_reply, sizeof(arp_reply), &n));
}

/* RFC 4861 7.1.2, rule by rule; the checksum is made right after each change. */
TEST(refuses_unsound_advertisements)
{
	static const struct {
		uint8_t at, value;
	} changes[] = {
		{ 0, 0x40 }, { AT_NEXT, 6 }, { AT_HOPS, 254 }, { AT_ICMP, 135 }, { AT_ICMP, 134 },
		{ AT_CODE, 1 }, { AT_TARGET, 0xff }, { AT_DST, 0xff }, { AT_OPTION, 1 },
		{ AT_OPTION + 1, 0 }, { AT_OPTION + 1, 2 }, { AT_OPTION + 2, 1 },
	};
	uint8_t p[sizeof(advert)];
	struct neighbour n;

	memcpy(p, advert, sizeof(p));
	seal(p, sizeof(p));
	ck_assert_mem_eq(p, advert, sizeof(p));
	for (size_t i = 0; i < N_OF(changes); i++) {
		memcpy(p, advert, sizeof(p));
		p[changes[i].at] = changes[i].value;
		seal(p, sizeof(p));
		ck_assert_msg(!parse(NEIGHBOUR_TYPE_IPV6, p, sizeof(p), &n), "%zu", i);
	}
	/* An IPv4-mapped address in IPv6 must not pass for an IPv4 neighbour. */
	memcpy(p, advert, sizeof(p));
	addr_to_wire6(addr_from_v4(0xc6130001), p + AT_TARGET);
	seal(p, sizeof(p));
	ck_assert(!parse(NEIGHBOUR_TYPE_IPV6, p, sizeof(p), &n));
	/* To a group, if nobody had asked. */
	memcpy(p, advert, sizeof(p));
	p[AT_DST] = 0xff;
	p[AT_FLAGS] = 0x20;
	seal(p, sizeof(p));
	ck_assert(parse(NEIGHBOUR_TYPE_IPV6, p, sizeof(p), &n));
}

TEST(refuses_wrong_checksums)
{
	uint8_t p[sizeof(advert)];
	struct neighbour n;

	for (size_t at = 8; at < sizeof(p); at++) {
		memcpy(p, advert, sizeof(p));
		p[at] ^= 0x10;
		ck_assert_msg(!parse(NEIGHBOUR_TYPE_IPV6, p, sizeof(p), &n), "%zu", at);
	}
}

/* Other options stand before it, the first of two counts, and none may have length 0. */
TEST(finds_the_option)
{
	uint8_t p[sizeof(advert) + 32];
	struct neighbour n;

	memcpy(p, advert, AT_OPTION);
	memset(p + AT_OPTION, 0, sizeof(p) - AT_OPTION);
	p[AT_OPTION] = 14;	/* a nonce of two units */
	p[AT_OPTION + 1] = 2;
	memcpy(p + AT_OPTION + 16, advert + AT_OPTION, 8);
	memcpy(p + AT_OPTION + 24, advert + AT_OPTION, 8);
	p[AT_OPTION + 31] = 9;
	memcpy(p + AT_OPTION + 32, advert + AT_OPTION, 8);
	seal(p, sizeof(p));
	ck_assert(parse(NEIGHBOUR_TYPE_IPV6, p, sizeof(p), &n));
	ck_assert_mem_eq(n.mac, neighbour, 6);
	p[AT_OPTION + 33] = 0;
	seal(p, sizeof(p));
	ck_assert(!parse(NEIGHBOUR_TYPE_IPV6, p, sizeof(p), &n));
	/* Without any option. */
	seal(p, AT_OPTION);
	ck_assert(!parse(NEIGHBOUR_TYPE_IPV6, p, AT_OPTION, &n));
}

/* Whatever is taken names a neighbour. */
TEST(any_bytes)
{
	struct rng rng = { 7 };
	unsigned int taken = 0;

	for (int i = 0; i < 20000; i++) {
		bool arp = i % 2;
		uint8_t p[sizeof(advert)];
		size_t len = arp ? sizeof(arp_reply) : sizeof(advert);
		struct neighbour n;

		memcpy(p, arp ? arp_reply : advert, len);
		for (uint64_t k = rng_below(&rng, 3); k > 0; k--)
			p[rng_below(&rng, len)] = (uint8_t)rng_below(&rng, 256);
		if (!arp && rng_below(&rng, 2))
			seal(p, len);
		if (!parse(arp ? NEIGHBOUR_TYPE_ARP : NEIGHBOUR_TYPE_IPV6, p, len, &n))
			continue;
		taken++;
		ck_assert(!(n.mac[0] & 1));
		ck_assert(addr_is_v4(n.ip) == arp);
	}
	ck_assert_uint_gt(taken, 2000);
}
