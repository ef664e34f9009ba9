/*
 * wire: packets for tests, built from fields, so that a test can ask for what no stack would send.
 * Checksums stay 0: the parser does not read them.
 */
#ifndef TFOMAP_TEST_WIRE_H
#define TFOMAP_TEST_WIRE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "addr.h"
#include "bytes.h"

#define WIRE_MAX 4096

struct wire {
	struct addr src, dst;		/* of one family, which is the packet's */
	uint16_t sport, dport;
	uint32_t seq, ack;
	uint8_t flags;
	const uint8_t *opts;
	size_t opts_len;		/* 0..40; padded with EOL to a multiple of 4 */
	size_t payload_len;		/* 0..3000, of 'x' */
};

/* Writes an IP header for n bytes that follow at the returned place. */
static inline uint8_t *wire_ip(uint8_t *out, struct addr src, struct addr dst, uint8_t proto,
			       size_t n)
{
	if (!addr_is_v4(src)) {
		memset(out, 0, 40);
		out[0] = 0x60;
		put_be16(out + 4, (uint16_t)n);
		out[6] = proto;
		out[7] = 64;
		addr_to_wire6(src, out + 8);
		addr_to_wire6(dst, out + 24);
		return out + 40;
	}
	memset(out, 0, 20);
	out[0] = 0x45;
	put_be16(out + 2, (uint16_t)(20 + n));
	out[8] = 64;
	out[9] = proto;
	put_be32(out + 12, addr_v4(src));
	put_be32(out + 16, addr_v4(dst));
	return out + 20;
}

/* Writes a TCP packet; returns its length. */
static inline size_t wire_tcp(const struct wire *w, uint8_t out[static WIRE_MAX])
{
	size_t area = (w->opts_len + 3) / 4 * 4, n = 20 + area + w->payload_len;
	uint8_t *tcp = wire_ip(out, w->src, w->dst, 6, n);

	memset(tcp, 0, 20 + area);
	put_be16(tcp, w->sport);
	put_be16(tcp + 2, w->dport);
	put_be32(tcp + 4, w->seq);
	put_be32(tcp + 8, w->ack);
	tcp[12] = (uint8_t)((20 + area) / 4 << 4);
	tcp[13] = w->flags;
	put_be16(tcp + 14, 64240);
	if (w->opts_len)
		memcpy(tcp + 20, w->opts, w->opts_len);
	memset(tcp + 20 + area, 'x', w->payload_len);
	return (size_t)(tcp - out) + n;
}

/* Writes an ICMP or ICMPv6 message with n quoted bytes; returns its length. */
static inline size_t wire_icmp(struct addr from, struct addr to, uint8_t type, uint8_t code,
			       const uint8_t *quote, size_t n, uint8_t out[static WIRE_MAX])
{
	uint8_t *icmp = wire_ip(out, from, to, addr_is_v4(from) ? 1 : 58, 8 + n);

	memset(icmp, 0, 8);
	icmp[0] = type;
	icmp[1] = code;
	memcpy(icmp + 8, quote, n);
	return (size_t)(icmp - out) + 8 + n;
}

/* Reads hex digits, in lower or upper case, that may stand in groups; returns how many bytes. */
static inline size_t wire_hex(const char *hex, uint8_t *out)
{
	size_t digits = 0;

	for (; *hex; hex++) {
		const char *all = "0123456789abcdef", *at = strchr(all, *hex | 0x20);

		if (*hex == ' ' || !at)
			continue;
		if (digits % 2 == 0)
			out[digits / 2] = 0;
		out[digits / 2] = (uint8_t)(out[digits / 2] << 4 | (at - all));
		digits++;
	}
	return digits / 2;
}

#endif
