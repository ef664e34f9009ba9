/* neighbour: questions, ARP requests and neighbour solicitations. */
#include <stdlib.h>
#include <string.h>

#include "neighbour.h"
#include "plain_sum.h"
#include "rng.h"
#include "unit.h"

/* arp, Request who-has 198.19.0.1 tell 198.19.0.2, length 28 */
static const uint8_t arp_request[] = {
	0x00, 0x01, 0x08, 0x00, 0x06, 0x04, 0x00, 0x01, 0x02, 0x00, 0x00, 0x00, 0x00, 0x02,
	0xc6, 0x13, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xc6, 0x13, 0x00, 0x01,
};

/*
 * IP6 2001:2:0:ff::2 > ff02::1:ff00:1: ICMP6, neighbor solicitation, who has 2001:2:0:ff::1,
 * source link-address option (1), length 8 (1): 02:00:00:00:00:02
 */
static const uint8_t solicitation[] = {
	0x60, 0x00, 0x00, 0x00, 0x00, 0x20, 0x3a, 0xff,
	0x20, 0x01, 0x00, 0x02, 0x00, 0x00, 0x00, 0xff, 0, 0, 0, 0, 0, 0, 0, 0x02,
	0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x01, 0xff, 0x00, 0x00, 0x01,
	0x87, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x20, 0x01, 0x00, 0x02, 0x00, 0x00, 0x00, 0xff, 0, 0, 0, 0, 0, 0, 0, 0x01,
	0x01, 0x01, 0x02, 0x00, 0x00, 0x00, 0x00, 0x02,
};

#define AT_LEN		4
#define AT_NEXT		6
#define AT_HOPS		7
#define AT_SRC		8
#define AT_DST		24
#define AT_ICMP		40
#define AT_CODE		41
#define AT_SUM		42
#define AT_TARGET	48
#define AT_OPTION	64
#define LEN		sizeof(solicitation)

static const uint8_t neighbour[] = { 2, 0, 0, 0, 0, 2 }, unknown[6];
static const struct addr asked6 = { 0x20010002000000ffull, 1 };
static const struct addr asker6 = { 0x20010002000000ffull, 2 };
static const struct addr nobody = { 0, 0 };

/* Parses a copy of just that size, so that a sanitizer sees a read past it. */
static bool parse(uint16_t type, const uint8_t *bytes, size_t len, struct neighbour_request *r)
{
	uint8_t *copy = malloc(len ? len : 1);
	bool taken;

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, bytes, len);
	taken = neighbour_parse_request(r, type, copy, len);
	free(copy);
	return taken;
}

/* Parses a solicitation of len bytes, whose checksum is made right. */
static bool parse_sealed(uint8_t *p, size_t len, struct neighbour_request *r)
{
	uint16_t sum;

	p[AT_LEN] = (uint8_t)((len - AT_ICMP) >> 8);
	p[AT_LEN + 1] = (uint8_t)(len - AT_ICMP);
	p[AT_SUM] = p[AT_SUM + 1] = 0;
	sum = plain_plus(plain_sum(0, p + AT_SRC, 32), 58);
	sum = plain_plus(sum, (uint16_t)(len - AT_ICMP));
	sum = (uint16_t)~plain_sum(sum, p + AT_ICMP, len - AT_ICMP);
	p[AT_SUM] = (uint8_t)(sum >> 8);
	p[AT_SUM + 1] = (uint8_t)sum;
	return parse(NEIGHBOUR_TYPE_IPV6, p, len, r);
}

/* ---- ARP ----------------------------------------------------------------------------------- */

TEST(reads_arp)
{
	struct neighbour_request r;
	struct neighbour n;

	ck_assert(parse(NEIGHBOUR_TYPE_ARP, arp_request, sizeof(arp_request), &r));
	ck_assert(addr_eq(r.target, addr_from_v4(0xc6130001)));
	ck_assert(addr_eq(r.asker, addr_from_v4(0xc6130002)));
	ck_assert_mem_eq(r.mac, neighbour, 6);
	/* A question is no answer. */
	ck_assert(!neighbour_parse(&n, NEIGHBOUR_TYPE_ARP, arp_request, sizeof(arp_request)));
}

/* RFC 5227: who wants the address looks whether it is taken, and has none yet. */
TEST(reads_an_arp_probe)
{
	uint8_t p[sizeof(arp_request)];
	struct neighbour_request r;

	memcpy(p, arp_request, sizeof(p));
	memset(p + 14, 0, 4);
	ck_assert(parse(NEIGHBOUR_TYPE_ARP, p, sizeof(p), &r));
	ck_assert(addr_eq(r.asker, nobody));
	ck_assert_mem_eq(r.mac, neighbour, 6);
}

TEST(refuses_other_arp)
{
	static const struct {
		uint8_t at, value;
	} changes[] = {
		{ 0, 1 }, { 1, 6 }, { 2, 0x86 }, { 3, 6 }, { 4, 8 }, { 5, 16 }, { 6, 1 }, { 7, 0 },
		{ 7, 2 }, { 7, 3 },
		{ 8, 3 },		/* from a group */
		{ 14, 0xe0 }, { 14, 0xff },
		{ 17, 1 },		/* an announcement */
	};
	uint8_t p[sizeof(arp_request)];
	struct neighbour_request r;

	for (size_t i = 0; i < N_OF(changes); i++) {
		memcpy(p, arp_request, sizeof(p));
		p[changes[i].at] = changes[i].value;
		ck_assert_msg(!parse(NEIGHBOUR_TYPE_ARP, p, sizeof(p), &r), "%zu", i);
	}
	memcpy(p, arp_request, sizeof(p));
	memset(p + 8, 0, 6);
	ck_assert(!parse(NEIGHBOUR_TYPE_ARP, p, sizeof(p), &r));
}

TEST(refuses_what_is_cut)
{
	struct neighbour_request r;

	for (size_t len = 0; len < sizeof(arp_request); len++)
		ck_assert(!parse(NEIGHBOUR_TYPE_ARP, arp_request, len, &r));
	for (size_t len = 0; len < LEN; len++) {
		uint8_t p[LEN];

		memcpy(p, solicitation, LEN);
		ck_assert(parse_sealed(p, LEN, &r));
		ck_assert(!parse(NEIGHBOUR_TYPE_IPV6, p, len, &r));
	}
}

/* ---- Neighbour Discovery ------------------------------------------------------------------- */

TEST(reads_solicitation)
{
	uint8_t p[LEN];
	struct neighbour_request r;

	memcpy(p, solicitation, LEN);
	ck_assert(parse_sealed(p, LEN, &r));
	ck_assert(addr_eq(r.target, asked6));
	ck_assert(addr_eq(r.asker, asker6));
	ck_assert_mem_eq(r.mac, neighbour, 6);
	/* To the neighbour itself, which need not be told who asks. */
	memcpy(p + AT_DST, p + AT_TARGET, 16);
	ck_assert(parse_sealed(p, AT_OPTION, &r));
	ck_assert_mem_eq(r.mac, unknown, 6);
	ck_assert(addr_eq(r.asker, asker6));
}

TEST(reads_duplicate_address_detection)
{
	uint8_t p[LEN];
	struct neighbour_request r;

	memcpy(p, solicitation, LEN);
	memset(p + AT_SRC, 0, 16);
	ck_assert(!parse_sealed(p, LEN, &r));		/* with an option */
	ck_assert(parse_sealed(p, AT_OPTION, &r));
	ck_assert(addr_eq(r.asker, nobody));
	ck_assert_mem_eq(r.mac, unknown, 6);
	p[AT_DST + 12] = 0xfe;				/* to no solicited-node group */
	ck_assert(!parse_sealed(p, AT_OPTION, &r));
}

/* RFC 4861 7.1.1, rule by rule. */
TEST(refuses_unsound_solicitations)
{
	static const struct {
		uint8_t at, value;
	} changes[] = {
		{ 0, 0x40 }, { AT_NEXT, 6 }, { AT_HOPS, 254 }, { AT_ICMP, 136 }, { AT_ICMP, 133 },
		{ AT_CODE, 1 }, { AT_TARGET, 0xff }, { AT_OPTION + 1, 0 }, { AT_OPTION + 1, 2 },
		{ AT_OPTION + 2, 1 },
		{ AT_SRC, 0xff }, { AT_SRC + 15, 1 },	/* from a group, and from the target */
	};
	struct neighbour_request r;
	uint8_t p[LEN];

	for (size_t i = 0; i < N_OF(changes); i++) {
		memcpy(p, solicitation, LEN);
		p[changes[i].at] = changes[i].value;
		ck_assert_msg(!parse_sealed(p, LEN, &r), "%zu", i);
	}
	/* IPv4 in disguise. */
	memcpy(p, solicitation, LEN);
	addr_to_wire6(addr_from_v4(0xc6130001), p + AT_TARGET);
	ck_assert(!parse_sealed(p, LEN, &r));
	memcpy(p, solicitation, LEN);
	addr_to_wire6(addr_from_v4(0xc6130001), p + AT_SRC);
	ck_assert(!parse_sealed(p, LEN, &r));
	/* A length that says more than there is. */
	memcpy(p, solicitation, LEN);
	ck_assert(parse_sealed(p, LEN, &r));
	p[AT_LEN + 1]++;
	ck_assert(!parse(NEIGHBOUR_TYPE_IPV6, p, LEN, &r));
}

TEST(refuses_wrong_checksums)
{
	struct neighbour_request r;

	for (size_t at = AT_SRC; at < LEN; at++) {
		uint8_t p[LEN];

		memcpy(p, solicitation, LEN);
		ck_assert(parse_sealed(p, LEN, &r));
		p[at] ^= 0x10;
		ck_assert_msg(!parse(NEIGHBOUR_TYPE_IPV6, p, LEN, &r), "%zu", at);
	}
}

TEST(type_decides)
{
	struct neighbour_request r;
	uint8_t p[LEN];

	memcpy(p, solicitation, LEN);
	ck_assert(parse_sealed(p, LEN, &r));
	ck_assert(!parse(NEIGHBOUR_TYPE_ARP, p, LEN, &r));
	ck_assert(!parse(NEIGHBOUR_TYPE_IPV6, arp_request, sizeof(arp_request), &r));
	ck_assert(!parse(0, p, LEN, &r));
}

/* Whatever is taken can be answered. */
TEST(any_bytes)
{
	struct rng rng = { 11 };
	unsigned int taken = 0;

	for (int i = 0; i < 20000; i++) {
		bool arp = i % 2;
		size_t len = arp ? sizeof(arp_request) : LEN;
		struct neighbour_request r;
		uint8_t p[LEN];

		memcpy(p, arp ? arp_request : solicitation, len);
		for (uint64_t k = rng_below(&rng, 3); k > 0; k--)
			p[rng_below(&rng, len)] = (uint8_t)rng_below(&rng, 256);
		if (arp ? !parse(NEIGHBOUR_TYPE_ARP, p, len, &r) : !parse_sealed(p, len, &r))
			continue;
		taken++;
		ck_assert(!(r.mac[0] & 1));
		ck_assert(addr_is_v4(r.target) == arp);
		ck_assert(addr_eq(r.asker, nobody) || addr_is_v4(r.asker) == arp);
		ck_assert(!addr_eq(r.asker, r.target));
	}
	ck_assert_uint_gt(taken, 2000);
}
