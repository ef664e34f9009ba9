#include "state/proxy.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/stats.h"
#include "err.h"
#include "ring.h"
#include "state/facts.h"
#include "wire/rx_source.h"

#define RING_SLOTS	512u	/* requests that wait; neighbours repeat those without a reply */
#define ETHER_LEN	14
#define ETHERTYPE_8021Q	0x8100
#define SOLICIT_AT	40	/* of an IPv6 packet without extension headers: its ICMPv6 type */
#define SOLICIT_TYPE	135

bool proxy_any(const struct facts *f, bool v6)
{
	for (unsigned int i = 0; i < f->nsources[v6]; i++)
		if (f->sources[v6][i].proxied)
			return true;
	return false;
}

static bool is_proxied(const struct facts *f, struct addr a)
{
	bool v6 = !addr_is_v4(a);

	for (unsigned int i = 0; i < f->nsources[v6]; i++)
		if (f->sources[v6][i].proxied && addr_eq(f->sources[v6][i].addr, a))
			return true;
	return false;
}

/* ---- opening and closing ------------------------------------------------------------------- */

/* The kernel joins by MLD, and has the network card accept frames to the group. */
static int join_group(int fd, struct addr a, int ifindex)
{
	struct addr group = { 0xff02000000000000ull, 0x1ff000000ull | (a.lo & 0xffffff) };
	struct ipv6_mreq membership = { .ipv6mr_interface = (unsigned int)ifindex };

	addr_to_wire6(group, (uint8_t *)&membership.ipv6mr_multiaddr);
	if (setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &membership, sizeof(membership)) < 0
	    && errno != EADDRINUSE)		/* of another address that ends alike */
		return -errno;
	return 0;
}

/* Where the kernel has no IPv6 there, requests may come all the same. */
void proxy_join(struct proxies *c, const struct facts *f, int ifindex)
{
	int rc = 0;

	if (!proxy_any(f, true))
		return;
	c->groups = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (c->groups < 0) {
		rc = -errno;
		c->groups = 0;
	}
	for (unsigned int i = 0; i < f->nsources[1] && !rc; i++)
		if (f->sources[1][i].proxied)
			rc = join_group(c->groups, f->sources[1][i].addr, ifindex);
	if (rc)
		log_notice("cannot join the solicited-node groups of --source-ip: %s; answers to "
			   "it may not arrive", strerror(-rc));
}

int proxy_open(struct facts *f, struct ring *requests, const struct craft_link *link,
	       struct err *e)
{
	if (ring_init(requests, sizeof(struct neighbour_request), RING_SLOTS))
		return err_set(e, ENOMEM, "out of memory for neighbour requests");
	f->link = *link;
	f->proxies = true;
	return 0;
}

void proxy_close(struct proxies *c, struct ring *requests)
{
	ring_free(requests);
	if (c->groups)
		close(c->groups);
	c->groups = 0;
}

/* ---- receive threads ----------------------------------------------------------------------- */

bool proxy_is_request(const struct rx_frame *f)
{
	if (f->type == NEIGHBOUR_TYPE_ARP)
		return true;
	return f->type == NEIGHBOUR_TYPE_IPV6 && f->ip_caplen > SOLICIT_AT
	       && f->ip[6] == IPPROTO_ICMPV6 && f->ip[SOLICIT_AT] == SOLICIT_TYPE;
}

/* The VLAN that the frame came in; 0: none. */
static uint16_t vlan_of(const struct rx_frame *f)
{
	if (f->caplen < ETHER_LEN + 2 || get_be16(f->bytes + ETHER_LEN - 2) != ETHERTYPE_8021Q)
		return 0;
	return get_be16(f->bytes + ETHER_LEN) & 0xfff;
}

/* Fills in who sent the frame, where the request does not say. False: no neighbour did. */
static bool find_requester(const struct rx_frame *f, struct neighbour_request *r)
{
	static const uint8_t nobody[6];
	const uint8_t *from = f->bytes + 6;

	if (memcmp(r->mac, nobody, sizeof(nobody)) != 0)
		return true;
	if (f->caplen < ETHER_LEN || from[0] & 1 || memcmp(from, nobody, sizeof(nobody)) == 0)
		return false;
	memcpy(r->mac, from, sizeof(r->mac));
	return true;
}

bool proxy_take_request(const struct facts *f, struct ring *requests, struct stats *stats,
			const struct rx_frame *frame)
{
	struct neighbour_request r;

	if (!proxy_is_request(frame))
		return false;
	stat_add(stats, STAT_received, 1);
	if (!neighbour_parse_request(&r, frame->type, frame->ip, frame->ip_caplen))
		stat_add(stats, STAT_drop_parse, 1);
	else if (!is_proxied(f, r.target) || vlan_of(frame) != f->link.vlan_id
		 || !find_requester(frame, &r))
		stat_add(stats, STAT_drop_unmatched, 1);
	else if (ring_push(requests, &r))
		stat_add(stats, STAT_questions, 1);
	else
		stat_add(stats, STAT_question_lost, 1);
	return true;
}

/* ---- send thread --------------------------------------------------------------------------- */

size_t proxy_next_reply(const struct facts *f, struct ring *requests,
			uint8_t out[static CRAFT_NEIGH_MAX])
{
	struct neighbour_request r;
	struct err e = { "" };
	int len;

	if (!ring_pop(requests, &r))
		return 0;
	len = craft_neigh_reply(&f->link, &r, out, &e);
	return len > 0 ? (size_t)len : 0;
}
