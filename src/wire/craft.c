#include "wire/craft.h"

#include <errno.h>
#include <libnet.h>
#include <string.h>

#include "cksum.h"
#include "err.h"
#include "packet.h"
#include "tcpopt.h"

#define TTL		64
#define WINDOW		65535
#define MSS_V4		1460
#define MSS_V6		1440
#define TS_ECR_LEN	4
#define ACK_OPTIONS_LEN	12		/* two NOPs and the timestamps (RFC 7323 appendix A) */

/* The option sets, without TFO. MSS is patched in by family; the timestamp is a fixed value. */
static const struct {
	uint8_t len, mss_at;	/* mss_at: 0 = there is none */
	uint8_t ts_at;		/* the timestamps' values; 0 = there are none */
	uint8_t wscale;
	uint8_t bytes[20];
} option_sets[] = {
	[TCP_OPTIONS_WINDOWS] = { 12, 2, 0, 8, { 2, 4, 0, 0, 1, 3, 3, 8, 1, 1, 4, 2 } },
	[TCP_OPTIONS_LINUX] = { 20, 2, 8, 7, { 2, 4, 0, 0, 4, 2, 8, 10, 0, 1, 0, 0, 0, 0, 0, 0,
					 1, 3, 3, 7 } },
	[TCP_OPTIONS_BSD] = { 20, 2, 12, 6, { 2, 4, 0, 0, 1, 3, 3, 6, 4, 2, 8, 10, 0, 1, 0, 0,
				       0, 0, 0, 0 } },
	[TCP_OPTIONS_MSS] = { 4, 2, 0, 0, { 2, 4 } },
	[TCP_OPTIONS_NONE] = { 0, 0, 0, 0, { 0 } },
};

/* The option area of a SYN; returns its length, and where in it the cookie stands. */
static size_t build_options(enum tcp_options set, bool v6, uint8_t kind, uint8_t cookie_len,
			    uint8_t area[static TCPOPT_AREA_MAX], size_t *cookie_at)
{
	static const uint8_t zero[TFO_COOKIE_MAX];
	size_t n = option_sets[set].len;

	memcpy(area, option_sets[set].bytes, n);
	if (option_sets[set].mss_at)
		put_be16(area + option_sets[set].mss_at, v6 ? MSS_V6 : MSS_V4);
	*cookie_at = 0;
	if (kind) {
		uint8_t option[TFO_OPTION_MAX];
		size_t len = tfo_write(kind, zero, cookie_len, option);

		memcpy(area + n, option, len);
		n += len;
		*cookie_at = n - cookie_len;
	}
	while (n % 4)
		area[n++] = TCPOPT_KIND_NOP;
	return n;
}

static int build_headers(libnet_t *l, bool v6, const struct craft_link *link, uint8_t flags,
			 uint16_t window, const uint8_t *area, size_t area_len)
{
	uint16_t tcp_len = (uint16_t)(LIBNET_TCP_H + area_len);

	if (area_len && libnet_build_tcp_options(area, (uint32_t)area_len, l, 0) < 0)
		return -1;
	if (libnet_build_tcp(0, 0, 0, 0, flags, window, 0, 0, tcp_len, NULL, 0, l, 0) < 0)
		return -1;
	if (v6) {
		struct libnet_in6_addr any = { { { 0 } } };

		if (libnet_build_ipv6(0, 0, tcp_len, IPPROTO_TCP, TTL, any, any, NULL, 0, l, 0) < 0)
			return -1;
	} else if (libnet_build_ipv4((uint16_t)(LIBNET_IPV4_H + tcp_len), 0, 0, IP_DF, TTL,
				     IPPROTO_TCP, 0, 0, 0, NULL, 0, l, 0) < 0) {
		return -1;
	}
	return craft_link_header(l, link, v6 ? ETHERTYPE_IPV6 : ETHERTYPE_IP);
}

/* Without addresses, ports and numbers the checksums stand for the constant part alone. */
static int craft_template(struct patch_template *t, bool v6, const struct craft_link *link,
			  uint8_t flags, uint16_t window, const uint8_t *area, size_t area_len,
			  struct err *e)
{
	char errbuf[LIBNET_ERRBUF_SIZE] = "";
	libnet_t *l = libnet_init(LIBNET_NONE, NULL, errbuf);
	uint8_t *packet = NULL;
	uint32_t len = 0;
	int rc = 0;

	if (!l)
		return err_set(e, ENOMEM, "libnet: %s", errbuf);
	if (build_headers(l, v6, link, flags, window, area, area_len) < 0
	    || libnet_pblock_coalesce(l, &packet, &len) < 0 || len > CRAFT_HEADERS_MAX) {
		rc = err_set(e, EINVAL, "libnet cannot craft a packet: %s", libnet_geterror(l));
		goto out;
	}
	memcpy(t->bytes, packet, len);
	t->len = (uint8_t)len;
	t->l3 = (uint8_t)craft_link_len(link);
	t->l4 = t->l3 + (v6 ? 40 : 20);
	t->ip_sum = v6 ? 0 : (uint16_t)~get_be16(t->bytes + t->l3 + 10);
	t->tcp_sum = (uint16_t)~get_be16(t->bytes + t->l4 + 16);
out:
	free(packet);
	libnet_destroy(l);
	return rc;
}

static int build_shape(struct craft *c, bool v6, const struct craft_link *link,
		       enum tcp_options options, uint8_t kind, uint8_t cookie_len,
		       struct err *e)
{
	struct patch_template *t = &c->syn[v6][craft_shape(kind, cookie_len)];
	uint8_t area[TCPOPT_AREA_MAX + 3];
	size_t at, n = build_options(options, v6, kind, cookie_len, area, &at);
	int rc = craft_template(t, v6, link, TCP_SYN, WINDOW, area, n, e);

	t->cookie = (uint8_t)(at ? t->l4 + LIBNET_TCP_H + at : 0);
	t->cookie_len = cookie_len;
	return rc;
}

/* The ACKs of one family. */
static int build_acks(struct craft *c, bool v6, const struct craft_link *link,
		      enum tcp_options options, struct err *e)
{
	uint8_t area[ACK_OPTIONS_LEN] = { TCPOPT_KIND_NOP, TCPOPT_KIND_NOP, TCPOPT_KIND_TIMESTAMPS,
					  TCPOPT_TS_LEN };
	unsigned int wscale = option_sets[options].wscale;
	int rc = 0;

	memcpy(area + 4, option_sets[options].bytes + option_sets[options].ts_at, 4);
	for (unsigned int scaled = 0; scaled < 2 && !rc; scaled++)
		for (unsigned int stamped = 0; stamped < 2 && !rc; stamped++) {
			struct patch_template *t = &c->ack[v6][scaled][stamped];

			rc = craft_template(t, v6, link, TCP_ACK,
					    (uint16_t)(WINDOW >> (scaled ? wscale : 0)), area,
					    stamped ? sizeof(area) : 0, e);
			t->cookie = (uint8_t)(stamped ? t->len - TS_ECR_LEN : 0);
			t->cookie_len = stamped ? TS_ECR_LEN : 0;
		}
	return rc;
}

int craft_init(struct craft *c, const struct craft_link link[static 2],
	       enum tcp_options options, struct err *e)
{
	static const uint8_t kinds[] = { TFO_KIND, TFO_KIND_EXP };
	int rc = 0;

	memset(c, 0, sizeof(*c));
	c->stamps = option_sets[options].ts_at > 0;
	for (int v6 = 0; v6 < 2 && !rc; v6++) {
		rc = craft_template(&c->rst[v6], v6, &link[v6], TCP_RST, 0, NULL, 0, e);
		if (!rc)
			rc = build_acks(c, v6, &link[v6], options, e);
		if (!rc)
			rc = build_shape(c, v6, &link[v6], options, 0, 0, e);
		for (unsigned int k = 0; k < 2 && !rc; k++) {
			rc = build_shape(c, v6, &link[v6], options, kinds[k], 0, e);
			for (uint8_t n = TFO_COOKIE_MIN; n <= TFO_COOKIE_MAX && !rc; n += 2)
				rc = build_shape(c, v6, &link[v6], options, kinds[k], n, e);
		}
	}
	return rc;
}

const struct patch_template *craft_syn_template(const struct craft *c, bool v6, uint8_t tfo_kind)
{
	return &c->syn[v6][craft_shape(tfo_kind, 0)];
}

size_t craft_syn_max(const struct craft *c, bool v6)
{
	size_t max = 0;

	for (unsigned int i = 0; i < CRAFT_SHAPES; i++) {
		const struct patch_template *t = &c->syn[v6][i];

		if ((size_t)(t->len - t->l3) > max)
			max = (size_t)(t->len - t->l3);
	}
	return max;
}

size_t craft_request_len(const struct craft *c)
{
	return c->syn[0][craft_shape(TFO_KIND, 0)].len;
}

void craft_set_ttl(const struct craft *c, bool v6, uint8_t ttl, uint8_t *frame)
{
	uint8_t *ip = frame + c->rst[v6].l3;

	if (v6) {
		ip[7] = ttl;
		return;
	}
	put_be16(ip + 10, cksum_repair(get_be16(ip + 10), (uint16_t)(ip[8] << 8),
				       (uint16_t)(ttl << 8)));
	ip[8] = ttl;
}

size_t craft_rst(const struct craft *c, const struct craft_segment *s,
		 uint8_t out[static CRAFT_FRAME_MAX])
{
	const struct patch p = {
		.src = s->src, .dst = s->dst, .sport = s->sport, .dport = s->dport, .seq = s->seq,
	};
	bool v6 = !addr_is_v4(s->dst);

	return patch_packet(&c->rst[v6], v6, &p, out, PATCH_LEN, out + PATCH_LEN);
}

size_t craft_ack(const struct craft *c, const struct craft_segment *s,
		 uint8_t out[static CRAFT_FRAME_MAX])
{
	bool v6 = !addr_is_v4(s->dst);
	bool stamped = s->stamped && c->stamps;
	const struct patch_template *t = &c->ack[v6][s->scaled][stamped];
	struct patch p = {
		.src = s->src, .dst = s->dst, .sport = s->sport, .dport = s->dport, .seq = s->seq,
		.ack = s->ack, .payload_len = s->payload_len,
	};
	size_t len;

	if (stamped)
		p.more += s->ts_ecr;
	if (s->payload_len)
		p.more = cksum_add(p.more, s->payload, s->payload_len);
	len = patch_packet(t, v6, &p, out, PATCH_LEN, out + PATCH_LEN);
	if (stamped)
		put_be32(out + t->cookie, s->ts_ecr);
	if (s->payload_len)
		memcpy(out + t->len, s->payload, s->payload_len);
	return len;
}
