/* neighbour: ARP and Neighbour Discovery, questions and answers. */
#include <stdlib.h>
#include <string.h>

#include "neighbour.h"
#include "plain_sum.h"
#include "rng.h"
#include "unit.h"

enum message { ARP_REQUEST, ARP_REPLY, SOLICITATION, ADVERTISEMENT, MESSAGES };

#define ARP_LEN		28
#define ND_LEN		72
#define MAC_1		2, 0, 0, 0, 0, 1
#define MAC_2		2, 0, 0, 0, 0, 2
#define IP4_1		0xc6, 0x13, 0, 1
#define IP4_2		0xc6, 0x13, 0, 2
#define IP6_1		0x20, 0x01, 0, 2, 0, 0, 0, 0xff, 0, 0, 0, 0, 0, 0, 0, 1
#define IP6_2		0x20, 0x01, 0, 2, 0, 0, 0, 0xff, 0, 0, 0, 0, 0, 0, 0, 2
#define GROUP_OF_1	0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0, 0, 1

/* 2 asks for 1, and 1 answers. Above each what tcpdump says of it. */
static const uint8_t messages[MESSAGES][ND_LEN] = {
	/* arp, Request who-has 198.19.0.1 tell 198.19.0.2, length 28 */
	[ARP_REQUEST] = { 0, 1, 8, 0, 6, 4, 0, 1, MAC_2, IP4_2, 0, 0, 0, 0, 0, 0, IP4_1 },
	/* arp, Reply 198.19.0.1 is-at 02:00:00:00:00:01, length 28 */
	[ARP_REPLY] = { 0, 1, 8, 0, 6, 4, 0, 2, MAC_1, IP4_1, MAC_2, IP4_2 },
	/* IP6 2001:2:0:ff::2 > ff02::1:ff00:1: ICMP6, neighbor solicitation, who has
	 * 2001:2:0:ff::1, source link-address option (1), length 8 (1): 02:00:00:00:00:02 */
	[SOLICITATION] = { 0x60, 0, 0, 0, 0, 32, 58, 255, IP6_2, GROUP_OF_1,
			   135, 0, 0, 0, 0, 0, 0, 0, IP6_1, 1, 1, MAC_2 },
	/* IP6 2001:2:0:ff::1 > 2001:2:0:ff::2: ICMP6, neighbor advertisement, tgt is
	 * 2001:2:0:ff::1, Flags [solicited, override], destination link-address option (2),
	 * length 8 (1): 02:00:00:00:00:01 */
	[ADVERTISEMENT] = { 0x60, 0, 0, 0, 0, 32, 58, 255, IP6_1, IP6_2,
			    136, 0, 0xb0, 0x98, 0x60, 0, 0, 0, IP6_1, 2, 1, MAC_1 },
};

#define AT_LEN		4
#define AT_NEXT		6
#define AT_HOPS		7
#define AT_SRC		8
#define AT_DST		24
#define AT_ICMP		40
#define AT_CODE		41
#define AT_SUM		42
#define AT_FLAGS	44
#define AT_TARGET	48
#define AT_OPTION	64

static const uint8_t mac_1[] = { MAC_1 }, mac_2[] = { MAC_2 }, unknown[6];
static const struct addr ip4_1 = { 0, ADDR_V4_PREFIX | 0xc6130001 };
static const struct addr ip4_2 = { 0, ADDR_V4_PREFIX | 0xc6130002 };
static const struct addr ip6_1 = { 0x20010002000000ffull, 1 };
static const struct addr ip6_2 = { 0x20010002000000ffull, 2 };
static const struct addr nobody = { 0, 0 };

static struct neighbour_request asked;	/* what was read last of a question */
static struct neighbour found;		/* and of an answer */
static uint8_t p[ND_LEN + 32];		/* the message that a test changes */

static bool is_arp(enum message m)
{
	return m == ARP_REQUEST || m == ARP_REPLY;
}

static size_t len_of(enum message m)
{
	return is_arp(m) ? ARP_LEN : ND_LEN;
}

static bool parse_as(bool question, uint16_t type, const uint8_t *bytes, size_t len)
{
	/* In a block of just that size, so that a sanitizer sees a read past it. */
	uint8_t *copy = malloc(len ? len : 1);
	bool taken;

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, bytes, len);
	taken = question ? neighbour_parse_request(&asked, type, copy, len)
			 : neighbour_parse(&found, type, copy, len);
	free(copy);
	return taken;
}

static bool parse(enum message m, size_t len)
{
	return parse_as(m == ARP_REQUEST || m == SOLICITATION,
			is_arp(m) ? NEIGHBOUR_TYPE_ARP : NEIGHBOUR_TYPE_IPV6, p, len);
}

/* The same, with the lengths and the checksum of Neighbour Discovery made right. */
static bool parse_sealed(enum message m, size_t len)
{
	uint16_t sum;

	if (!is_arp(m)) {
		p[AT_LEN] = (uint8_t)((len - AT_ICMP) >> 8);
		p[AT_LEN + 1] = (uint8_t)(len - AT_ICMP);
		p[AT_SUM] = p[AT_SUM + 1] = 0;
		sum = plain_plus(plain_sum(0, p + AT_SRC, 32), 58);
		sum = plain_plus(sum, (uint16_t)(len - AT_ICMP));
		sum = (uint16_t)~plain_sum(sum, p + AT_ICMP, len - AT_ICMP);
		p[AT_SUM] = (uint8_t)(sum >> 8);
		p[AT_SUM + 1] = (uint8_t)sum;
	}
	return parse(m, len);
}

static void take(enum message m)
{
	memcpy(p, messages[m], ND_LEN);
	ck_assert(parse_sealed(m, len_of(m)));
}

static void is_requested(struct addr target, struct addr requester, const uint8_t mac[static 6])
{
	ck_assert(addr_eq(asked.target, target) && addr_eq(asked.requester, requester));
	ck_assert_mem_eq(asked.mac, mac, 6);
}

static void is_found(struct addr ip)
{
	ck_assert(addr_eq(found.ip, ip));
	ck_assert_mem_eq(found.mac, mac_1, 6);
}

TEST(reads_arp)
{
	take(ARP_REQUEST);
	is_requested(ip4_1, ip4_2, mac_2);
	take(ARP_REPLY);
	is_found(ip4_1);
	/* Behind it, what fills an Ethernet frame. */
	memset(p + ARP_LEN, 0xff, 46 - ARP_LEN);
	ck_assert(parse(ARP_REPLY, 46));
	is_found(ip4_1);
	/* RFC 5227: who wants the address looks whether it is taken, and has none yet. */
	take(ARP_REQUEST);
	memset(p + 14, 0, 4);
	ck_assert(parse(ARP_REQUEST, ARP_LEN));
	is_requested(ip4_1, nobody, mac_2);
}

TEST(reads_neighbour_discovery)
{
	take(ADVERTISEMENT);
	ck_assert_mem_eq(p, messages[ADVERTISEMENT], ND_LEN);	/* the checksum is tcpdump's */
	is_found(ip6_1);
	take(SOLICITATION);
	is_requested(ip6_1, ip6_2, mac_2);
	/* To the neighbour itself, which need not be told who asks. */
	memcpy(p + AT_DST, p + AT_TARGET, 16);
	ck_assert(parse_sealed(SOLICITATION, AT_OPTION));
	is_requested(ip6_1, ip6_2, unknown);
	/* To a group, if nobody had asked. */
	take(ADVERTISEMENT);
	p[AT_DST] = 0xff;
	p[AT_FLAGS] = 0x20;
	ck_assert(parse_sealed(ADVERTISEMENT, ND_LEN));
}

TEST(reads_duplicate_address_detection)
{
	take(SOLICITATION);
	memset(p + AT_SRC, 0, 16);
	ck_assert(!parse_sealed(SOLICITATION, ND_LEN));	/* with an option */
	ck_assert(parse_sealed(SOLICITATION, AT_OPTION));
	is_requested(ip6_1, nobody, unknown);
	p[AT_DST + 12] = 0xfe;				/* to no solicited-node group */
	ck_assert(!parse_sealed(SOLICITATION, AT_OPTION));
}

/* The byte that is changed to something unsound: fixed fields, RFC 4861 7.1.1 and 7.1.2. */
static const struct {
	enum message m;
	uint8_t at, value;
} unsound[] = {
	{ ARP_REQUEST, 0, 1 }, { ARP_REQUEST, 1, 6 }, { ARP_REQUEST, 2, 0x86 },
	{ ARP_REQUEST, 3, 6 }, { ARP_REQUEST, 4, 8 }, { ARP_REQUEST, 5, 16 },
	{ ARP_REQUEST, 6, 1 }, { ARP_REQUEST, 7, 0 }, { ARP_REQUEST, 7, 2 }, { ARP_REQUEST, 7, 3 },
	{ ARP_REQUEST, 8, 3 },				/* from a group */
	{ ARP_REQUEST, 14, 0xe0 }, { ARP_REQUEST, 14, 0xff },
	{ ARP_REQUEST, 17, 1 },				/* an announcement */
	{ ARP_REPLY, 1, 6 }, { ARP_REPLY, 2, 0x86 }, { ARP_REPLY, 4, 8 }, { ARP_REPLY, 5, 16 },
	{ ARP_REPLY, 7, 1 }, { ARP_REPLY, 7, 4 }, { ARP_REPLY, 6, 1 },
	{ ARP_REPLY, 8, 3 },				/* a group address */
	{ SOLICITATION, 0, 0x40 }, { SOLICITATION, AT_NEXT, 6 }, { SOLICITATION, AT_HOPS, 254 },
	{ SOLICITATION, AT_ICMP, 136 }, { SOLICITATION, AT_ICMP, 133 },
	{ SOLICITATION, AT_CODE, 1 }, { SOLICITATION, AT_TARGET, 0xff },
	{ SOLICITATION, AT_OPTION + 1, 0 }, { SOLICITATION, AT_OPTION + 1, 2 },
	{ SOLICITATION, AT_OPTION + 2, 1 },
	{ SOLICITATION, AT_SRC, 0xff }, { SOLICITATION, AT_SRC + 15, 1 },	/* target's own */
	{ ADVERTISEMENT, 0, 0x40 }, { ADVERTISEMENT, AT_NEXT, 6 }, { ADVERTISEMENT, AT_HOPS, 254 },
	{ ADVERTISEMENT, AT_ICMP, 135 }, { ADVERTISEMENT, AT_ICMP, 134 },
	{ ADVERTISEMENT, AT_CODE, 1 }, { ADVERTISEMENT, AT_TARGET, 0xff },
	{ ADVERTISEMENT, AT_DST, 0xff }, { ADVERTISEMENT, AT_OPTION, 1 },
	{ ADVERTISEMENT, AT_OPTION + 1, 0 }, { ADVERTISEMENT, AT_OPTION + 1, 2 },
	{ ADVERTISEMENT, AT_OPTION + 2, 1 },
};

TEST_EACH(refuses_what_is_unsound, unsound)
{
	take(row->m);
	p[row->at] = row->value;
	ck_assert(!parse_sealed(row->m, len_of(row->m)));
}

/* Hardware addresses of nobody and of all; IPv4 in disguise; lengths too short, beyond the end. */
TEST(refuses_addresses_and_lengths)
{
	static const size_t addresses[] = { AT_TARGET, AT_SRC };

	for (int m = ARP_REQUEST; m <= ARP_REPLY; m++)
		for (int byte = 0; byte <= 0xff; byte += 0xff) {
			take(m);
			memset(p + 8, byte, 6);
			ck_assert(!parse(m, ARP_LEN));
		}
	for (int m = SOLICITATION; m <= ADVERTISEMENT; m++)
		for (size_t i = 0; i < (m == SOLICITATION ? 2 : 1); i++) {
			take(m);
			addr_to_wire6(ip4_1, p + addresses[i]);
			ck_assert(!parse_sealed(m, ND_LEN));
		}
	for (uint8_t len = ND_LEN - AT_ICMP - 9; len <= ND_LEN - AT_ICMP + 1; len += 10) {
		take(SOLICITATION);
		p[AT_LEN + 1] = len;
		ck_assert(!parse(SOLICITATION, ND_LEN));
	}
}

TEST_TIMES(refuses_what_is_cut, MESSAGES)
{
	take(_i);
	for (size_t len = 0; len < len_of(_i); len++)
		ck_assert(!parse(_i, len));
}

TEST(refuses_wrong_checksums)
{
	for (int m = SOLICITATION; m <= ADVERTISEMENT; m++)
		for (size_t at = AT_SRC; at < ND_LEN; at++) {
			take(m);
			p[at] ^= 0x10;
			ck_assert_msg(!parse(m, ND_LEN), "%zu", at);
		}
}

/* Under its own Ethertype, and by the parser of its own sort. */
TEST_TIMES(type_decides, MESSAGES)
{
	static const uint16_t types[] = { NEIGHBOUR_TYPE_ARP, NEIGHBOUR_TYPE_IPV6, 0, 0x0800 };

	take(_i);
	for (int k = 0; k < 2 * (int)N_OF(types); k++) {
		bool question = k % 2, own = question == (_i == ARP_REQUEST || _i == SOLICITATION)
			&& types[k / 2] == (is_arp(_i) ? NEIGHBOUR_TYPE_ARP : NEIGHBOUR_TYPE_IPV6);

		ck_assert_int_eq(parse_as(question, types[k / 2], p, len_of(_i)), own);
	}
}

/* Other options stand before it, the first of two counts, and none may have length 0. */
TEST(finds_the_option)
{
	const uint8_t *option = messages[ADVERTISEMENT] + AT_OPTION;

	take(ADVERTISEMENT);
	memset(p + AT_OPTION, 0, sizeof(p) - AT_OPTION);
	p[AT_OPTION] = 14;	/* a nonce of two units */
	p[AT_OPTION + 1] = 2;
	memcpy(p + AT_OPTION + 16, option, 8);
	memcpy(p + AT_OPTION + 24, option, 8);
	p[AT_OPTION + 31] = 9;
	memcpy(p + AT_OPTION + 32, option, 8);
	ck_assert(parse_sealed(ADVERTISEMENT, sizeof(p)));
	is_found(ip6_1);
	p[AT_OPTION + 33] = 0;
	ck_assert(!parse_sealed(ADVERTISEMENT, sizeof(p)));
	ck_assert(!parse_sealed(ADVERTISEMENT, AT_OPTION));	/* without any option */
}

/* Whatever is taken names a neighbour; a question so that it can be answered. */
TEST_TIMES(any_bytes, MESSAGES)
{
	struct rng rng = { 7 };
	unsigned int taken = 0;

	for (int i = 0; i < 10000; i++) {
		memcpy(p, messages[_i], ND_LEN);
		for (uint64_t k = rng_below(&rng, 3); k > 0; k--)
			p[rng_below(&rng, len_of(_i))] = (uint8_t)rng_below(&rng, 256);
		if (!parse_sealed(_i, len_of(_i)))
			continue;
		taken++;
		if (_i == ARP_REPLY || _i == ADVERTISEMENT) {
			ck_assert(!(found.mac[0] & 1) && addr_is_v4(found.ip) == is_arp(_i));
			continue;
		}
		ck_assert(!(asked.mac[0] & 1) && addr_is_v4(asked.target) == is_arp(_i));
		ck_assert(addr_eq(asked.requester, nobody)
			  || addr_is_v4(asked.requester) == is_arp(_i));
		ck_assert(!addr_eq(asked.requester, asked.target));
	}
	ck_assert_uint_gt(taken, 1000);
}
