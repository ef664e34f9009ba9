/*
 * craft: the packets that tfomap sends. libnet crafts a template for each family and TFO option
 * shape once; a packet is a copy of it with addresses, ports, sequence number, cookie and payload
 * patched in and both checksums repaired (RFC 1624). No privilege is needed. Read-only after
 * craft_init(): any thread.
 */
#ifndef TFOMAP_CRAFT_H
#define TFOMAP_CRAFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "addr.h"
#include "patch.h"
#include "payload.h"
#include "tcpopt.h"
#include "tfo.h"
#include "wire/craft_link.h"

struct err;

#define CRAFT_HEADERS_MAX	(CRAFT_LINK_LEN + CRAFT_VLAN_LEN + 40 + 60)
#define CRAFT_FRAME_MAX		(CRAFT_HEADERS_MAX + PAYLOAD_MAX)

_Static_assert(CRAFT_HEADERS_MAX <= PATCH_LEN && PATCH_LEN <= CRAFT_FRAME_MAX, "patch.h");

/* Shapes of the TFO option: none, and kinds 34 and 254 with each cookie length, 0 = a request. */
#define CRAFT_COOKIE_LENS	8			/* 0, 4, 6 .. 16 */
#define CRAFT_SHAPES		(1 + 2 * CRAFT_COOKIE_LENS)

struct craft {
	struct patch_template syn[2][CRAFT_SHAPES];
	struct patch_template rst[2];
	struct patch_template ack[2][2][2];	/* [IPv6][windows are scaled][timestamps] */
	bool stamps;				/* SYNs have timestamps */
};

/* A SYN to make. seq, ports and addresses in host order. */
struct craft_syn {
	struct addr src, dst;
	uint16_t sport, dport;
	uint32_t seq;
	uint8_t tfo_kind;		/* 0 = no option, 34, 254 */
	uint8_t cookie_len;		/* 0 = request; 4..16, even */
	const uint8_t *cookie;
	const uint8_t *payload;
	uint16_t payload_len;		/* 0..PAYLOAD_MAX */
};

/* link: [0] IPv4, [1] IPv6. 0, or -errno with a message. */
int craft_init(struct craft *c, const struct craft_link link[static 2],
	       enum tcp_options options, struct err *e);

/* What SYNs with an empty cookie of that kind are made from (patch.h); kind 0: without option. */
const struct patch_template *craft_syn_template(const struct craft *c, bool v6, uint8_t tfo_kind);

/* The longest SYN without payload, from the IP header on. */
size_t craft_syn_max(const struct craft *c, bool v6);

/* The length of an IPv4 request's frame, by which a bandwidth is counted. */
size_t craft_request_len(const struct craft *c);

static inline unsigned int craft_shape(uint8_t kind, uint8_t cookie_len)
{
	if (!kind)
		return 0;
	return 1 + (kind == TFO_KIND ? 0 : CRAFT_COOKIE_LENS)
	       + (cookie_len ? cookie_len / 2u - 1 : 0);
}

/*
 * Writes the frame to out, and more bytes after a short one; returns its length. Inline, since a
 * sweep makes one for each probe.
 */
static inline __attribute__((always_inline)) size_t
craft_syn(const struct craft *c, const struct craft_syn *syn, uint8_t out[static CRAFT_FRAME_MAX])
{
	bool v6 = !addr_is_v4(syn->dst);
	const struct patch_template *t = &c->syn[v6][craft_shape(syn->tfo_kind, syn->cookie_len)];
	struct patch p = {
		.src = syn->src, .dst = syn->dst, .sport = syn->sport, .dport = syn->dport,
		.seq = syn->seq, .payload_len = syn->payload_len,
	};
	size_t len;

	if (syn->cookie_len)
		p.more = cksum_add(p.more, syn->cookie, t->cookie_len);
	if (syn->payload_len)
		p.more = cksum_add(p.more, syn->payload, syn->payload_len);
	len = patch_packet(t, v6, &p, out, PATCH_LEN, out + PATCH_LEN);
	if (syn->cookie_len)
		memcpy(out + t->cookie, syn->cookie, t->cookie_len);
	if (syn->payload_len)
		memcpy(out + t->len, syn->payload, syn->payload_len);
	return len;
}

/* The packet of a family in that frame gets another TTL or hop limit. */
void craft_set_ttl(const struct craft *c, bool v6, uint8_t ttl, uint8_t *frame);

/* A segment on a connection that a SYN/ACK opened. In host order. */
struct craft_segment {
	struct addr src, dst;
	uint16_t sport, dport;
	uint32_t seq, ack;
	bool scaled;			/* the SYN/ACK had a window scale, as SYNs may have */
	bool stamped;			/* likewise timestamps; */
	uint32_t ts_ecr;		/* what the server's newest says */
	const uint8_t *payload;
	uint16_t payload_len;		/* 0..PAYLOAD_MAX */
};

/* A RST without ACK; seq is what the server expects next. */
size_t craft_rst(const struct craft *c, const struct craft_segment *s,
		 uint8_t out[static CRAFT_FRAME_MAX]);

/* An ACK, with the payload if there is any; the window is 64 KiB. */
size_t craft_ack(const struct craft *c, const struct craft_segment *s,
		 uint8_t out[static CRAFT_FRAME_MAX]);

#endif
