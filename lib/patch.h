/*
 * patch: a packet from its template: addresses, ports and numbers written into a copy of it, both
 * checksums repaired (RFC 1624). Templates hold zeros there, so the sums of what is written are
 * just added. Static inline, for the in-kernel program too.
 */
#ifndef TFOMAP_PATCH_H
#define TFOMAP_PATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "addr.h"
#include "bytes.h"
#include "cksum.h"

#define PATCH_LEN	128	/* of every template's copy: a constant length */

struct patch_template {
	uint8_t bytes[PATCH_LEN] __attribute__((aligned(8)));
	uint16_t ip_sum, tcp_sum;	/* of the template, complemented back; ip_sum 0: IPv6 */
	uint8_t len;			/* headers in all, without payload */
	uint8_t l3, l4;			/* where IP and TCP begin */
	uint8_t cookie;			/* where the cookie stands; 0 = none */
	uint8_t cookie_len;
};

/* In host order. */
struct patch {
	struct addr src, dst;
	uint16_t sport, dport;
	uint32_t seq, ack;
	uint16_t payload_len;
	uint64_t more;			/* sum of cookie and payload, which the caller writes */
};

/*
 * `room` bytes, both addresses multiples of 8. To the in-kernel program, whose room is known when
 * it is loaded, only the steps that are taken are left.
 */
static inline __attribute__((always_inline)) void
patch_copy(const uint8_t *from, uint8_t *out, uint32_t room)
{
#ifdef __bpf__
	out = __builtin_assume_aligned(out, 8);
#pragma unroll
	for (uint32_t i = 0; i < PATCH_LEN; i += 8)
		if (i + 8 <= room)
			*(uint64_t *)(out + i) = *(const uint64_t *)(from + i);
	if (room & 4)
		*(uint32_t *)(out + (room & ~7u)) = *(const uint32_t *)(from + (room & ~7u));
	if (room & 2)
		*(uint16_t *)(out + (room & ~3u)) = *(const uint16_t *)(from + (room & ~3u));
#else
	__builtin_memcpy(out, from, room);
#endif
}

/* The address fields; returns their sum. */
static inline __attribute__((always_inline)) uint64_t
patch_addrs(bool v6, const struct patch *p, uint8_t *ip)
{
	if (!v6) {
		put_be32(ip + 12, addr_v4(p->src));
		put_be32(ip + 16, addr_v4(p->dst));
		return (uint64_t)addr_v4(p->src) + addr_v4(p->dst);
	}
	addr_to_wire6(p->src, ip + 8);
	addr_to_wire6(p->dst, ip + 24);
	return (p->src.hi >> 32) + (uint32_t)p->src.hi + (p->src.lo >> 32) + (uint32_t)p->src.lo
	       + (p->dst.hi >> 32) + (uint32_t)p->dst.hi + (p->dst.lo >> 32)
	       + (uint32_t)p->dst.lo;
}

/*
 * Makes the packet's headers in out..end-1 from the template of p's family. room: how many bytes
 * are overwritten, as many as the headers are long or more, an even number, PATCH_LEN at most.
 * Returns the packet's length; 0: out is not so long.
 */
static inline __attribute__((always_inline)) uint32_t
patch_packet(const struct patch_template *t, bool v6, const struct patch *p, uint8_t *out,
	     uint32_t room, const uint8_t *end)
{
	uint8_t *ip = out + (t->l3 & 31), *tcp = ip + (v6 ? 40 : 20);
	uint64_t addrs;

	if (out + room > end || tcp + 20 > end)
		return 0;
	patch_copy(t->bytes, out, room);
	addrs = patch_addrs(v6, p, ip);
	if (v6) {
		put_be16(ip + 4, (uint16_t)(t->len - t->l4 + p->payload_len));
	} else {
		put_be16(ip + 2, (uint16_t)(t->len - t->l3 + p->payload_len));
		put_be16(ip + 10, cksum_fold(t->ip_sum + addrs + p->payload_len));
	}
	put_be16(tcp, p->sport);
	put_be16(tcp + 2, p->dport);
	put_be32(tcp + 4, p->seq);
	put_be32(tcp + 8, p->ack);
	put_be16(tcp + 16, cksum_fold(t->tcp_sum + addrs + p->sport + p->dport + p->seq + p->ack
				      + p->payload_len + p->more));
	return t->len + (uint32_t)p->payload_len;
}

#endif
