#include "neighbour.h"

#include <string.h>

#include "cksum.h"

#define ARP_LEN		28	/* for Ethernet and IPv4 */
#define ARP_REPLY	2
#define IPV6_LEN	40
#define ADVERT_LEN	24	/* ICMPv6 without options */
#define ADVERT_TYPE	136
#define PROTO_ICMPV6	58
#define HOP_LIMIT	255	/* of what no router has passed on */
#define FLAG_SOLICITED	0x40
#define OPTION_TARGET	2	/* target link-layer address */

static bool is_station(const uint8_t mac[static 6])
{
	static const uint8_t zero[6];

	return !(mac[0] & 1) && memcmp(mac, zero, 6) != 0;
}

static bool parse_arp(struct neighbour *n, const uint8_t *p, size_t caplen)
{
	static const uint8_t head[] = { 0, 1, 8, 0, 6, 4, 0, ARP_REPLY };

	if (caplen < ARP_LEN || memcmp(p, head, sizeof(head)) != 0 || !is_station(p + 8))
		return false;
	memcpy(n->mac, p + 8, 6);
	n->ip = addr_from_v4(get_be32(p + 14));
	return true;
}

/* The target's MAC address among len bytes of options; an option of length 0 spoils them all. */
static bool find_option(const uint8_t *p, size_t len, uint8_t mac[static 6])
{
	bool found = false;

	while (len) {
		size_t option_len = len >= 2 ? p[1] * 8u : 0;

		if (!option_len || option_len > len)
			return false;
		if (p[0] == OPTION_TARGET && option_len == 8 && !found) {
			memcpy(mac, p + 2, 6);
			found = true;
		}
		p += option_len;
		len -= option_len;
	}
	return found;
}

/* RFC 4861 7.1.2. */
static bool parse_advert(struct neighbour *n, const uint8_t *p, size_t caplen)
{
	const uint8_t *icmp = p + IPV6_LEN;
	size_t len;

	if (caplen < IPV6_LEN + ADVERT_LEN || p[0] >> 4 != 6 || p[6] != PROTO_ICMPV6
	    || p[7] != HOP_LIMIT)
		return false;
	len = get_be16(p + 4);
	if (len < ADVERT_LEN || len > caplen - IPV6_LEN || icmp[0] != ADVERT_TYPE || icmp[1] != 0)
		return false;
	if (cksum_fold(cksum_add(cksum_add(len + PROTO_ICMPV6, p + 8, 32), icmp, len)) != 0)
		return false;
	/* A group has no station; and what was solicited is not sent to a group. */
	if (icmp[8] == 0xff || (p[24] == 0xff && icmp[4] & FLAG_SOLICITED))
		return false;
	n->ip = addr_from_wire6(icmp + 8);
	return find_option(icmp + ADVERT_LEN, len - ADVERT_LEN, n->mac) && is_station(n->mac)
	       && !addr_is_v4(n->ip);
}

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
