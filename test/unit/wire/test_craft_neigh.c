#include "unit.h"

#include <string.h>

#include "err.h"
#include "plain_sum.h"
#include "wire/craft_neigh.h"

static const uint8_t ours[6] = { 2, 0, 0, 0, 0, 9 };
static uint8_t frame[CRAFT_NEIGH_MAX];

static const uint8_t theirs[6] = { 2, 0, 0, 0, 0, 7 };
static const uint8_t everyone[6] = { 255, 255, 255, 255, 255, 255 };
static const struct addr nobody = { 0, 0 };

/*
 * Asks for target, or tells that it is ours, in a VLAN where vlan_id is not 0. Returns where the
 * packet behind the link header begins, which is checked.
 */
static const uint8_t *make(bool tell, uint16_t vlan_id, struct addr requester, struct addr target,
			   const uint8_t dst[static 6], uint16_t type, size_t packet_len)
{
	struct craft_link link = { .src = { 2, 0, 0, 0, 0, 9 }, .dst = { 4 }, .vlan_id = vlan_id };
	struct neighbour_request r = { target, requester, { 2, 0, 0, 0, 0, 7 } };
	size_t at = CRAFT_LINK_LEN + (vlan_id ? CRAFT_VLAN_LEN : 0);
	struct err e = { "" };
	int len = tell ? craft_neigh_reply(&link, &r, frame, &e)
		       : craft_neigh_request(&link, requester, target, frame, &e);

	ck_assert_msg(len == (int)(at + packet_len), "%d %s", len, e.msg);
	ck_assert_mem_eq(frame, dst, 6);
	ck_assert_mem_eq(frame + 6, ours, 6);
	if (vlan_id) {
		ck_assert_uint_eq(get_be16(frame + 12), 0x8100);
		ck_assert_uint_eq(get_be16(frame + 14), vlan_id);
	}
	ck_assert_uint_eq(get_be16(frame + at - 2), type);
	return frame + at;
}

/* What both messages of Neighbour Discovery have: RFC 4861 4.3, 4.4, hop limit 255. */
static void check_nd(const uint8_t *p, uint8_t type, struct addr src, struct addr dst,
		     uint32_t flags, struct addr target, const uint8_t option[static 8])
{
	uint16_t sum = plain_sum(0, p + 8, 32);

	ck_assert_uint_eq(get_be32(p), 0x60000000);
	ck_assert_uint_eq(get_be16(p + 4), 32);
	ck_assert_uint_eq(p[6], 58);
	ck_assert_uint_eq(p[7], 255);
	ck_assert(addr_eq(addr_from_wire6(p + 8), src));
	ck_assert(addr_eq(addr_from_wire6(p + 24), dst));
	ck_assert_uint_eq(p[40], type);
	ck_assert_uint_eq(p[41], 0);
	ck_assert_uint_eq(get_be32(p + 44), flags);
	ck_assert(addr_eq(addr_from_wire6(p + 48), target));
	ck_assert_mem_eq(p + 64, option, 8);
	sum = plain_plus(plain_plus(sum, 58), 32);
	ck_assert_uint_eq(plain_sum(sum, p + 40, 32), 0xffff);
}

/* arp who-has 198.19.0.1 tell 198.19.0.2 */
TEST_TIMES(arp_request, 2)
{
	static const uint8_t want[28] = {
		0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 9, 198, 19, 0, 2,
		0, 0, 0, 0, 0, 0, 198, 19, 0, 1,
	};

	ck_assert_mem_eq(make(false, _i ? 4094 : 0, addr_from_v4(0xc6130002),
			      addr_from_v4(0xc6130001), everyone, 0x0806, sizeof(want)), want,
			 sizeof(want));
}

/* To the solicited-node group, with our link-layer address. */
TEST_TIMES(solicitation, 2)
{
	static const uint8_t group_mac[6] = { 0x33, 0x33, 0xff, 0xab, 0xcd, 0xef };
	static const uint8_t option[] = { 1, 1, 2, 0, 0, 0, 0, 9 };
	const struct addr group = { 0xff02000000000000ull, 0x1ffabcdefull };
	const struct addr requester = { 0x20010002000000ffull, 2 };
	const struct addr target = { 0x20010002000000ffull, 0x1122334455abcdefull };

	check_nd(make(false, _i ? 7 : 0, requester, target, group_mac, 0x86dd, 72), 135,
		 requester, group, 0, target, option);
}

/* RFC 5227 2.1.1, RFC 4862 5.4.2: nobody asks, and in IPv6 does not tell a link-layer address. */
TEST_TIMES(whether_it_is_taken, 2)
{
	static const uint8_t group_mac[6] = { 0x33, 0x33, 0xff, 0xab, 0xcd, 0xef };
	const struct addr v4 = addr_from_v4(0xc6130001);
	const struct addr v6 = { 0x20010002000000ffull, 0x1122334455abcdefull };
	struct neighbour_request r;
	const uint8_t *p = make(false, _i ? 7 : 0, nobody, v4, everyone, 0x0806, 28);

	ck_assert(neighbour_parse_request(&r, NEIGHBOUR_TYPE_ARP, p, 28));
	ck_assert(addr_eq(r.target, v4) && addr_eq(r.requester, nobody));
	ck_assert_mem_eq(r.mac, ours, 6);
	p = make(false, _i ? 7 : 0, nobody, v6, group_mac, 0x86dd, 64);
	ck_assert(neighbour_parse_request(&r, NEIGHBOUR_TYPE_IPV6, p, 64));
	ck_assert(addr_eq(r.target, v6) && addr_eq(r.requester, nobody));
	ck_assert_mem_eq(r.mac, "\0\0\0\0\0", 6);
}

/* ---- the answer that it is ours ------------------------------------------------------------ */

/* arp reply 198.19.0.2 is-at 02:00:00:00:00:09, to who asked, with an address or without one */
TEST_TIMES(arp_reply, 2)
{
	uint8_t want[28] = {
		0, 1, 8, 0, 6, 4, 0, 2, 2, 0, 0, 0, 0, 9, 198, 19, 0, 2,
		2, 0, 0, 0, 0, 7, 198, 19, 0, 1,
	};
	const struct addr requester = addr_from_v4(0xc6130001);
	const struct addr target = addr_from_v4(0xc6130002);

	ck_assert_mem_eq(make(true, _i ? 4094 : 0, requester, target, theirs, 0x0806,
			      sizeof(want)), want, sizeof(want));
	memset(want + 24, 0, 4);
	ck_assert_mem_eq(make(true, _i ? 4094 : 0, nobody, target, theirs, 0x0806,
			      sizeof(want)), want, sizeof(want));
}

static void check_advert(const uint8_t *p, struct addr target, struct addr dst, uint32_t flags)
{
	static const uint8_t option[] = { 2, 1, 2, 0, 0, 0, 0, 9 };
	struct neighbour n;

	check_nd(p, 136, target, dst, flags, target, option);
	/* And we would take it ourselves. */
	ck_assert(neighbour_parse(&n, NEIGHBOUR_TYPE_IPV6, p, 72));
	ck_assert(addr_eq(n.ip, target));
	ck_assert_mem_eq(n.mac, ours, 6);
}

/* RFC 4861 7.2.4: solicited and overriding to who asked; to all nodes where he has no address. */
TEST_TIMES(advertisement, 2)
{
	static const uint8_t all_nodes_mac[6] = { 0x33, 0x33, 0, 0, 0, 1 };
	const struct addr target = { 0x20010002000000ffull, 0x1122334455abcdefull };
	const struct addr requester = { 0xfe80000000000000ull, 7 };
	const struct addr all_nodes = { 0xff02000000000000ull, 1 };

	check_advert(make(true, _i ? 7 : 0, requester, target, theirs, 0x86dd, 72), target,
		     requester, 0x60000000);
	check_advert(make(true, _i ? 7 : 0, nobody, target, all_nodes_mac, 0x86dd, 72), target,
		     all_nodes, 0x20000000);
}
