#include "wire/craft_neigh.h"

#include <errno.h>
#include <libnet.h>
#include <string.h>

#include "err.h"

#define HOP_LIMIT	255	/* RFC 4861 7.1.1: no router has passed it on */
#define ND_LEN		24	/* either message, without options */
#define ND_OPTION_LEN	8	/* a link-layer address */
#define SOLICITED	0x40000000u
#define OVERRIDE	0x20000000u

static int build_arp(libnet_t *l, const struct craft_link *link, uint16_t operation,
		     struct addr sender, const uint8_t mac[static 6], struct addr receiver)
{
	uint8_t from[4], to[4];

	put_be32(from, addr_v4(sender));
	put_be32(to, addr_v4(receiver));
	if (libnet_build_arp(ARPHRD_ETHER, ETHERTYPE_IP, 6, 4, operation, link->src, from, mac, to,
			     NULL, 0, l, 0) < 0)
		return -1;
	return craft_link_header(l, link, ETHERTYPE_ARP);
}

static struct libnet_in6_addr libnet_addr(struct addr a)
{
	struct libnet_in6_addr out;

	addr_to_wire6(a, (uint8_t *)&out);
	return out;
}

static int build_ipv6(libnet_t *l, const struct craft_link *link, uint16_t len, struct addr src,
		      struct addr dst)
{
	if (libnet_build_ipv6(0, 0, len, IPPROTO_ICMP6, HOP_LIMIT, libnet_addr(src),
			      libnet_addr(dst), NULL, 0, l, 0) < 0)
		return -1;
	return craft_link_header(l, link, ETHERTYPE_IPV6);
}

/* The MAC address of a group is made of its last four bytes (RFC 2464 7). */
static void to_group(struct craft_link *link, struct addr group)
{
	link->dst[0] = link->dst[1] = 0x33;
	put_be32(link->dst + 2, (uint32_t)group.lo);
}

/*
 * To the group that the target's last three bytes name (RFC 4291 2.7.1). Who has no address does
 * not send its MAC address (RFC 4861 4.3).
 */
static int build_solicitation(libnet_t *l, struct craft_link link, struct addr requester,
			      struct addr target)
{
	struct addr group = { 0xff02000000000000ull, 0x1ff000000ull | (target.lo & 0xffffff) };
	bool has_mac = !addr_eq(requester, (struct addr){ 0, 0 });

	to_group(&link, group);
	if (has_mac && libnet_build_icmpv6_ndp_opt(ND_OPT_SOURCE_LINKADDR, link.src, 6, l, 0) < 0)
		return -1;
	if (libnet_build_icmpv6_ndp_nsol(ND_NEIGHBOR_SOLICIT, 0, 0, libnet_addr(target), NULL, 0,
					 l, 0) < 0)
		return -1;
	return build_ipv6(l, &link, ND_LEN + (has_mac ? ND_OPTION_LEN : 0), requester, group);
}

static int build_advert(libnet_t *l, struct craft_link link, const struct neighbour_request *r)
{
	const struct addr nobody = { 0, 0 }, all_nodes = { 0xff02000000000000ull, 1 };
	bool solicited = !addr_eq(r->requester, nobody);

	if (!solicited)
		to_group(&link, all_nodes);
	if (libnet_build_icmpv6_ndp_opt(ND_OPT_TARGET_LINKADDR, link.src, 6, l, 0) < 0
	    || libnet_build_icmpv6_ndp_nadv(ND_NEIGHBOR_ADVERT, 0, 0,
					    solicited ? SOLICITED | OVERRIDE : OVERRIDE,
					    libnet_addr(r->target), NULL, 0, l, 0) < 0)
		return -1;
	return build_ipv6(l, &link, ND_LEN + ND_OPTION_LEN, r->target,
			  solicited ? r->requester : all_nodes);
}

static int begin(libnet_t **l, struct err *e)
{
	char errbuf[LIBNET_ERRBUF_SIZE] = "";

	*l = libnet_init(LIBNET_NONE, NULL, errbuf);
	return *l ? 0 : err_set(e, ENOMEM, "libnet: %s", errbuf);
}

/* Writes what was built, unless rc says that it was not. */
static int finish(libnet_t *l, int rc, uint8_t out[static CRAFT_NEIGH_MAX], struct err *e)
{
	uint8_t *packet = NULL;
	uint32_t len = 0;

	if (rc < 0 || libnet_pblock_coalesce(l, &packet, &len) < 0 || len > CRAFT_NEIGH_MAX) {
		rc = err_set(e, EINVAL, "libnet cannot craft a packet: %s", libnet_geterror(l));
	} else {
		memcpy(out, packet, len);
		rc = (int)len;
	}
	free(packet);
	libnet_destroy(l);
	return rc;
}

int craft_neigh_request(const struct craft_link *link, struct addr requester, struct addr target,
			uint8_t out[static CRAFT_NEIGH_MAX], struct err *e)
{
	static const uint8_t unknown[6];
	struct craft_link to_all = *link;
	libnet_t *l;
	int rc = begin(&l, e);

	if (rc)
		return rc;
	memset(to_all.dst, 0xff, sizeof(to_all.dst));
	rc = addr_is_v4(target) ? build_arp(l, &to_all, ARPOP_REQUEST, requester, unknown, target)
	     : build_solicitation(l, *link, requester, target);
	return finish(l, rc, out, e);
}

int craft_neigh_reply(const struct craft_link *link, const struct neighbour_request *r,
		      uint8_t out[static CRAFT_NEIGH_MAX], struct err *e)
{
	struct craft_link back = *link;
	libnet_t *l;
	int rc = begin(&l, e);

	if (rc)
		return rc;
	memcpy(back.dst, r->mac, sizeof(back.dst));
	rc = addr_is_v4(r->target)
	     ? build_arp(l, &back, ARPOP_REPLY, r->target, r->mac, r->requester)
	     : build_advert(l, back, r);
	return finish(l, rc, out, e);
}
