/*
 * Answers in the driver: of the frames that come in, those that answer a probe, by the keyed hash
 * (lib/validate.c), go into a ring and no further; ICMP errors and, where they are wanted, requests
 * of neighbours go into a ring and on; everything else just goes on. What is of one connection
 * goes into one ring.
 */
#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "icmp.h"
#include "kernel_answers.h"

#define ETHER_LEN	14
#define TYPE_V4		0x0800
#define TYPE_V6		0x86dd
#define TYPE_ARP	0x0806
#define PROTOCOL_ICMP	1
#define PROTOCOL_TCP	6
#define PROTOCOL_ICMP6	58
#define SOLICITATION	135
#define FRAGMENTED	0x3fff		/* more to come, or an offset */
#define IPV4_MIN	20
#define IPV6_LEN	40
#define ICMP_LEN	8
#define TCP_MIN		20
#define FLAG_SYN	0x02
#define FLAG_RST	0x04
#define FLAG_ACK	0x10

const volatile struct answers_facts facts;

struct ring {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} ring SEC(".maps");

/* The others. Whoever puts one in waits until no program runs: so the first is not there. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, ANSWERS_RINGS_MAX);
	__uint(key_size, sizeof(uint32_t));
	__array(values, struct ring);
} rings SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(key_size, sizeof(uint32_t));
	__uint(value_size, sizeof(struct answers_marks));
	__uint(max_entries, 1);
} marks SEC(".maps");

/* The facts as the kernel has them: what the compiler sees here is all zero. */
static __always_inline const struct answers_facts *known(void)
{
	const struct answers_facts *f = (const struct answers_facts *)&facts;

	asm volatile("" : "+r"(f));
	return f;
}

static __always_inline struct answers_marks *marks_here(void)
{
	uint32_t zero = 0;

	return bpf_map_lookup_elem(&marks, &zero);
}

/*
 * The ring of what comes from src, by TCP with these ports: Fibonacci hashing, scaled to their
 * number.
 */
static __always_inline uint32_t ring_of(const struct answers_facts *f, struct addr src,
					uint32_t ports)
{
	uint64_t where = src.hi ^ src.lo ^ ports;

	if (f->rings <= 1)
		return 0;
	return (uint32_t)((where * 0x9e3779b97f4a7c15ull >> 32) * f->rings >> 32);
}

/* Copies the frame into a ring, up to snaplen bytes, which is a constant. */
static __always_inline void hand_over(struct xdp_md *ctx, uint32_t to, uint32_t len,
				      const uint32_t snaplen)
{
	void *into = to ? bpf_map_lookup_elem(&rings, &to) : &ring;
	struct answers_record *r = into ? bpf_ringbuf_reserve(into, sizeof(*r) + snaplen, 0) : 0;
	struct answers_marks *m;
	uint32_t n = len < snaplen ? len : snaplen;

	if (!r) {
		m = marks_here();
		if (m)
			m->lost++;
		return;
	}
	r->ns = bpf_ktime_get_ns();
	r->len = len;
	r->caplen = n;
	asm volatile("" : "+r"(n));
	if (n < ETHER_LEN || n > snaplen || bpf_xdp_load_bytes(ctx, 0, r->bytes, n))
		bpf_ringbuf_discard(r, BPF_RB_NO_WAKEUP);
	else
		bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
}

/* Whether the segment answers a probe of ours (match_answer() of lib/validate.c). */
static __always_inline bool is_answer(const struct answers_facts *f, struct addr src,
				      struct addr dst, const uint8_t *tcp, bool *bare)
{
	uint16_t sport = get_be16(tcp), dport = get_be16(tcp + 2);
	uint8_t flags = tcp[13], kind, attempt;
	struct validate_tag tag;
	uint32_t base;

	*bare = false;
	if (!validate_part(&f->validator, dport, &kind, &attempt))
		return false;
	tag = validate_tag(&f->validator, dst, src, sport, kind, attempt);
	if (tag.sport != dport)
		return false;
	if (!(flags & FLAG_ACK)) {
		*bare = flags & FLAG_RST;
		return *bare;
	}
	if (get_be32(tcp + 8) - tag.seq - 1 <= f->dlen_max)
		return true;
	if (!f->validator.hops)
		return false;
	base = validate_hop_base(&f->validator, dst, src, sport, kind, attempt);
	return get_be32(tcp + 8) - 1 - (base & ~VALIDATE_HOP_MASK)
		<= VALIDATE_HOP_MASK + f->dlen_max;
}

/* said: bytes by the IP length. What packet_parse() takes for no sound segment answers nothing. */
static __always_inline int on_tcp(struct xdp_md *ctx, const struct answers_facts *f,
				  struct addr src, struct addr dst, const uint8_t *tcp,
				  const uint8_t *end, uint32_t said)
{
	struct answers_marks *m;
	uint16_t dport;
	uint32_t len;
	bool bare;

	if (tcp + TCP_MIN > end || said < TCP_MIN || (tcp[12] >> 4) * 4u < TCP_MIN)
		return XDP_PASS;
	dport = get_be16(tcp + 2);
	if (dport < f->validator.port_first || dport > f->validator.port_last)
		return XDP_PASS;
	if (!is_answer(f, src, dst, tcp, &bare)) {
		m = marks_here();
		if (m && tcp[13] & (FLAG_ACK | FLAG_RST))
			m->unmatched++;
		return XDP_PASS;
	}
	len = (uint32_t)(ctx->data_end - ctx->data);
	if (len <= SHORT_SNAPLEN)
		hand_over(ctx, ring_of(f, src, get_be32(tcp)), len, SHORT_SNAPLEN);
	else
		hand_over(ctx, ring_of(f, src, get_be32(tcp)), len, ANSWER_SNAPLEN);
	/* Anybody could have sent a RST without ACK: the kernel's connections may be meant. */
	return bare ? XDP_PASS : XDP_DROP;
}

static __always_inline int on_v4(struct xdp_md *ctx, const struct answers_facts *f,
				 const uint8_t *ip, const uint8_t *end)
{
	const uint8_t *icmp;
	uint32_t len, total;

	if (ip + IPV4_MIN > end || ip[0] >> 4 != 4)
		return XDP_PASS;
	len = (ip[0] & 15u) * 4;
	total = get_be16(ip + 2);
	if (len < IPV4_MIN || total < len || get_be16(ip + 6) & FRAGMENTED)
		return XDP_PASS;
	if (ip[9] == PROTOCOL_TCP)
		return on_tcp(ctx, f, addr_from_v4(get_be32(ip + 12)),
			      addr_from_v4(get_be32(ip + 16)), ip + len, end, total - len);
	icmp = ip + len;
	if (ip[9] != PROTOCOL_ICMP || icmp + ICMP_LEN > end)
		return XDP_PASS;
	if (icmp_ends_attempt(true, icmp[0], icmp[1]))
		hand_over(ctx, ring_of(f, addr_from_v4(get_be32(ip + 12)), 0),
			  (uint32_t)(ctx->data_end - ctx->data), ERROR_SNAPLEN);
	return XDP_PASS;
}

static __always_inline int on_v6(struct xdp_md *ctx, const struct answers_facts *f,
				 const uint8_t *ip, const uint8_t *end)
{
	const uint8_t *icmp = ip + IPV6_LEN;
	struct addr src, dst;

	if (ip + IPV6_LEN > end || ip[0] >> 4 != 6)
		return XDP_PASS;
	src = addr_from_wire6(ip + 8);
	dst = addr_from_wire6(ip + 24);
	/* A packet of IPv6 does not speak for IPv4. */
	if (addr_is_v4(src) || addr_is_v4(dst))
		return XDP_PASS;
	if (ip[6] == PROTOCOL_TCP)
		return on_tcp(ctx, f, src, dst, ip + IPV6_LEN, end, get_be16(ip + 4));
	if (ip[6] != PROTOCOL_ICMP6 || icmp + ICMP_LEN > end)
		return XDP_PASS;
	if (icmp_ends_attempt(false, icmp[0], icmp[1])
	    || (icmp[0] == SOLICITATION && f->solicitations))
		hand_over(ctx, ring_of(f, src, 0), (uint32_t)(ctx->data_end - ctx->data),
			  ERROR_SNAPLEN);
	return XDP_PASS;
}

SEC("xdp")
int answers(struct xdp_md *ctx)
{
	const uint8_t *frame = (const uint8_t *)(long)ctx->data;
	const uint8_t *end = (const uint8_t *)(long)ctx->data_end, *ip = frame + ETHER_LEN;
	const struct answers_facts *f = known();

	if (ip + 8 > end)
		return XDP_PASS;
	switch (get_be16(frame + ETHER_LEN - 2)) {
	case TYPE_V4:
		return on_v4(ctx, f, ip, end);
	case TYPE_V6:
		return on_v6(ctx, f, ip, end);
	case TYPE_ARP:
		if (f->arp_requests && get_be16(ip + 6) == 1)
			hand_over(ctx, 0, (uint32_t)(ctx->data_end - ctx->data), ERROR_SNAPLEN);
		break;
	}
	return XDP_PASS;
}

/* The kernel lends its clock to programs under the GPL only: this file is under either licence. */
char license_[] SEC("license") = "GPL";
