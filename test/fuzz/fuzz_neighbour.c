/*
 * Any bytes as a question or an answer of a neighbour: the first byte of the input says whether ARP
 * or IPv6.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "neighbour.h"

/* Makes the checksum of an ICMPv6 packet right, so that what stands behind it is reached. */
static void seal(uint8_t *p, size_t len)
{
	size_t icmp_len;
	uint32_t sum = 58;

	if (len < 44)
		return;
	icmp_len = get_be16(p + 4);
	if (icmp_len < 4 || icmp_len > len - 40)
		return;
	p[42] = p[43] = 0;
	sum += (uint32_t)icmp_len;
	for (size_t i = 8; i < 40 + icmp_len; i++)
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	put_be16(p + 42, (uint16_t)~sum);
}

/* A question that is taken has a requester, or none, and a target that he is not. */
static void check_request(const struct neighbour_request *r, bool arp)
{
	const struct addr nobody = { 0, 0 };

	MUST(addr_is_v4(r->target) == arp);
	MUST(addr_eq(r->requester, nobody) || addr_is_v4(r->requester) == arp);
	MUST(!addr_eq(r->requester, r->target));
	MUST(!(r->mac[0] & 1));
	MUST(arp || (r->target.hi >> 56 != 0xff && r->requester.hi >> 56 != 0xff));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct neighbour_request r;
	struct neighbour n;
	uint8_t *packet;
	bool arp;

	if (len < 1)
		return 0;
	arp = data[0] & 1;
	packet = malloc(len > 1 ? len - 1 : 1);	/* the sanitizer sees a read past it */
	MUST(packet);
	memcpy(packet, data + 1, len - 1);
	if (data[0] & 2)
		seal(packet, len - 1);
	if (neighbour_parse(&n, arp ? NEIGHBOUR_TYPE_ARP : NEIGHBOUR_TYPE_IPV6, packet, len - 1)) {
		MUST(addr_is_v4(n.ip) == arp);
		MUST(!(n.mac[0] & 1));
		MUST(n.mac[0] | n.mac[1] | n.mac[2] | n.mac[3] | n.mac[4] | n.mac[5]);
		MUST(arp || n.ip.hi >> 56 != 0xff);
	}
	if (neighbour_parse_request(&r, arp ? NEIGHBOUR_TYPE_ARP : NEIGHBOUR_TYPE_IPV6, packet,
				    len - 1))
		check_request(&r, arp);
	free(packet);
	return 0;
}
