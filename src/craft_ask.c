#include "craft_ask.h"

#include <errno.h>
#include <libnet.h>
#include <string.h>

#include "craft_link.h"
#include "err.h"

#define HOP_LIMIT	255	/* RFC 4861 7.1.1: no router has passed it on */
#define SOLICIT_LEN	32	/* solicitation with the source's link-layer address */

static int build_arp(libnet_t *l, struct craft_link link, struct addr asker, struct addr target)
{
	static const uint8_t unknown[6];
	uint8_t sender[4], asked[4];

	put_be32(sender, addr_v4(asker));
	put_be32(asked, addr_v4(target));
	memset(link.dst, 0xff, sizeof(link.dst));
	if (libnet_build_arp(ARPHRD_ETHER, ETHERTYPE_IP, 6, 4, ARPOP_REQUEST, link.src, sender,
			     unknown, asked, NULL, 0, l, 0) < 0)
		return -1;
	return craft_link_header(l, &link, ETHERTYPE_ARP);
}

static struct libnet_in6_addr libnet_addr(struct addr a)
{
	struct libnet_in6_addr out;

	addr_to_wire6(a, (uint8_t *)&out);
	return out;
}

/* To the group that the target's last three bytes name (RFC 4291 2.7.1, RFC 2464 7). */
static int build_solicitation(libnet_t *l, struct craft_link link, struct addr asker,
			      struct addr target)
{
	struct addr group = { 0xff02000000000000ull, 0x1ff000000ull | (target.lo & 0xffffff) };

	link.dst[0] = link.dst[1] = 0x33;
	put_be32(link.dst + 2, (uint32_t)group.lo);
	if (libnet_build_icmpv6_ndp_opt(ND_OPT_SOURCE_LINKADDR, link.src, 6, l, 0) < 0
	    || libnet_build_icmpv6_ndp_nsol(ND_NEIGHBOR_SOLICIT, 0, 0, libnet_addr(target), NULL, 0,
					    l, 0) < 0
	    || libnet_build_ipv6(0, 0, SOLICIT_LEN, IPPROTO_ICMP6, HOP_LIMIT, libnet_addr(asker),
				 libnet_addr(group), NULL, 0, l, 0) < 0)
		return -1;
	return craft_link_header(l, &link, ETHERTYPE_IPV6);
}

int craft_ask(const struct craft_link *link, struct addr asker, struct addr target,
	      uint8_t out[static CRAFT_ASK_MAX], struct err *e)
{
	char errbuf[LIBNET_ERRBUF_SIZE] = "";
	libnet_t *l = libnet_init(LIBNET_NONE, NULL, errbuf);
	uint8_t *packet = NULL;
	uint32_t len = 0;
	int rc;

	if (!l)
		return err_set(e, ENOMEM, "libnet: %s", errbuf);
	rc = addr_is_v4(target) ? build_arp(l, *link, asker, target)
	     : build_solicitation(l, *link, asker, target);
	if (rc < 0 || libnet_pblock_coalesce(l, &packet, &len) < 0 || len > CRAFT_ASK_MAX) {
		rc = err_set(e, EINVAL, "libnet cannot craft a request: %s", libnet_geterror(l));
	} else {
		memcpy(out, packet, len);
		rc = (int)len;
	}
	free(packet);
	libnet_destroy(l);
	return rc;
}
