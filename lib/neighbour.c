#include "neighbour.h"

#include <string.h>

#include "cksum.h"

#define ARP_LEN		28	/* for Ethernet and IPv4 */
#define ARP_REQUEST	1
#define ARP_REPLY	2
#define IPV6_LEN	40
#define ND_LEN		24	/* ICMPv6 without options: solicitation, advertisement */
#define SOLICIT_TYPE	135
#define ADVERT_TYPE	136
#define PROTO_ICMPV6	58
#define HOP_LIMIT	255	/* of what no router has passed on */
#define FLAG_SOLICITED	0x40
#define OPTION_SOURCE	1	/* link-layer addresses: the sender's, */
#define OPTION_TARGET	2	/* the target's */

static bool is_neighbour(const uint8_t mac[static 6])
{
	static const uint8_t zero[6];

	return !(mac[0] & 1) && memcmp(mac, zero, 6) != 0;
}

/* ---- ARP ----------------------------------------------------------------------------------- */

static bool is_arp(const uint8_t *p, size_t caplen, uint8_t operation)
{
	static const uint8_t head[] = { 0, 1, 8, 0, 6, 4, 0 };

	return caplen >= ARP_LEN && memcmp(p, head, sizeof(head)) == 0 && p[7] == operation
	       && is_neighbour(p + 8);
}

static bool parse_arp(struct neighbour *n, const uint8_t *p, size_t caplen)
{
	if (!is_arp(p, caplen, ARP_REPLY))
		return false;
	memcpy(n->mac, p + 8, 6);
	n->ip = addr_from_v4(get_be32(p + 14));
	return true;
}

/* A request for the sender's own address announces it (gratuitous ARP), and wants no reply. */
static bool parse_arp_request(struct neighbour_request *r, const uint8_t *p, size_t caplen)
{
	uint32_t requester, target;

	if (!is_arp(p, caplen, ARP_REQUEST))
		return false;
	requester = get_be32(p + 14);
	target = get_be32(p + 24);
	if (requester == target || requester >> 28 >= 0xe)
		return false;
	r->target = addr_from_v4(target);
	r->requester = requester ? addr_from_v4(requester) : (struct addr){ 0, 0 };
	memcpy(r->mac, p + 8, 6);
	return true;
}

/* ---- Neighbour Discovery ------------------------------------------------------------------- */

enum option { OPTION_NONE, OPTION_THERE, OPTION_BAD };

/* The MAC address in the first option of a type; an option of length 0 spoils them all. */
static enum option find_option(const uint8_t *p, size_t len, uint8_t type, uint8_t mac[static 6])
{
	enum option found = OPTION_NONE;

	while (len) {
		size_t option_len = len >= 2 ? p[1] * 8u : 0;

		if (!option_len || option_len > len)
			return OPTION_BAD;
		if (p[0] == type && option_len == 8 && found == OPTION_NONE) {
			memcpy(mac, p + 2, 6);
			found = OPTION_THERE;
		}
		p += option_len;
		len -= option_len;
	}
	return found;
}

/*
 * The ICMPv6 message of a packet and its length, where it is one of that type as RFC 4861 7.1 has
 * them; its target is no group, which has no neighbour. NULL: it is not.
 */
static const uint8_t *find_message(const uint8_t *p, size_t caplen, uint8_t type, size_t *len)
{
	const uint8_t *icmp = p + IPV6_LEN;

	if (caplen < IPV6_LEN + ND_LEN || p[0] >> 4 != 6 || p[6] != PROTO_ICMPV6
	    || p[7] != HOP_LIMIT)
		return NULL;
	*len = get_be16(p + 4);
	if (*len < ND_LEN || *len > caplen - IPV6_LEN || icmp[0] != type || icmp[1] != 0
	    || icmp[8] == 0xff)
		return NULL;
	if (cksum_fold(cksum_add(cksum_add(*len + PROTO_ICMPV6, p + 8, 32), icmp, *len)) != 0)
		return NULL;
	return icmp;
}

static bool parse_advert(struct neighbour *n, const uint8_t *p, size_t caplen)
{
	size_t len;
	const uint8_t *icmp = find_message(p, caplen, ADVERT_TYPE, &len);

	/* What was solicited is not sent to a group. */
	if (!icmp || (p[24] == 0xff && icmp[4] & FLAG_SOLICITED))
		return false;
	n->ip = addr_from_wire6(icmp + 8);
	return find_option(icmp + ND_LEN, len - ND_LEN, OPTION_TARGET, n->mac) == OPTION_THERE
	       && is_neighbour(n->mac) && !addr_is_v4(n->ip);
}

/* RFC 4861 7.1.1: from the unspecified address: to a solicited-node group, without a MAC option. */
static bool parse_solicitation(struct neighbour_request *r, const uint8_t *p, size_t caplen)
{
	static const uint8_t group[13] = { 0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff };
	size_t len;
	const uint8_t *icmp = find_message(p, caplen, SOLICIT_TYPE, &len);
	enum option option;

	if (!icmp)
		return false;
	memset(r->mac, 0, sizeof(r->mac));
	r->target = addr_from_wire6(icmp + 8);
	r->requester = addr_from_wire6(p + 8);
	option = find_option(icmp + ND_LEN, len - ND_LEN, OPTION_SOURCE, r->mac);
	if (addr_is_v4(r->target) || addr_is_v4(r->requester) || p[8] == 0xff
	    || addr_eq(r->requester, r->target) || option == OPTION_BAD)
		return false;
	if (addr_eq(r->requester, (struct addr){ 0, 0 }))
		return option == OPTION_NONE && memcmp(p + 24, group, sizeof(group)) == 0;
	return option == OPTION_NONE || is_neighbour(r->mac);
}

/* ---- either -------------------------------------------------------------------------------- */

bool neighbour_parse(struct neighbour *n, uint16_t ethertype, const uint8_t *buf, size_t caplen)
{
	switch (ethertype) {
	case NEIGHBOUR_TYPE_ARP:
		return parse_arp(n, buf, caplen);
	case NEIGHBOUR_TYPE_IPV6:
		return parse_advert(n, buf, caplen);
	default:
		return false;
	}
}

bool neighbour_parse_request(struct neighbour_request *r, uint16_t ethertype, const uint8_t *buf,
			     size_t caplen)
{
	switch (ethertype) {
	case NEIGHBOUR_TYPE_ARP:
		return parse_arp_request(r, buf, caplen);
	case NEIGHBOUR_TYPE_IPV6:
		return parse_solicitation(r, buf, caplen);
	default:
		return false;
	}
}
