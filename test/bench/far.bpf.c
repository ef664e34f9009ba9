/*
 * The far end of the bench's cable, in the driver's receive path: `sink` counts and drops, `answer`
 * turns each SYN into a SYN/ACK, in the SYN's own frame. `pass` does nothing; a veth takes what its
 * peer sends by XDP_TX or from a live frame only where it has a program.
 *
 * Where a request's options leave room (16 bytes) its answer has a cookie, made from the addresses;
 * a SYN with that cookie and with data is acknowledged with the data, one with another cookie gets
 * the right one. No frame grows at its end: in the socket-buffer path there is mostly no room to.
 *
 * Two do more, of IPv4, still without a memory. `serve` sends a response and its FIN, in one
 * segment, to the ACK of a SYN/ACK that took data, and to the first data after one that took none.
 * `chain` is a target behind HOPS - 1 routers, whose ICMP errors quote the whole packet; a box
 * between hop BOX and the next one takes the empty TFO option out of each SYN. Their frames grow at
 * the head, where each has 256 bytes.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <stdbool.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "far.h"
#include "far_frame.h"

#define COOKIE_LEN	8
#define MSS_LEN		4
#define ROOM_COOKIE	(MSS_LEN + 2 + COOKIE_LEN + 2)

/* Reading the clock costs as much as all the rest: every packet at first, then each 16th. */
#define TIMED_ALL	1024
#define TIMED_EACH	16

#define HOPS	8	/* the TTL that brings a packet to the target */
#define BOX	5
#define ICMP_TIME_EXCEEDED 11
#define ROUTERS 0xc6130100u /* 198.19.1.0; hop n is .n */

enum tfo { TFO_NONE, TFO_EMPTY, TFO_WRONG, TFO_RIGHT };

/* What both families have: sums and mixes do not change when the addresses are swapped. */
struct segment {
	struct tcphdr *tcp;
	__u32 len;	/* with its header */
	__u32 sum;	/* of the addresses' 16-bit words */
	__u64 mix;	/* of the addresses, directed */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct far_counts);
} counts SEC(".maps");

/* A frame that is made on the stack, where every access is aligned, and copied from eth on. */
struct response {
	__u8 align[2];
	struct ethhdr eth;
	struct iphdr ip;
	struct tcphdr tcp;
	char text[64];
};

/* An ICMP error, before what it quotes (RFC 792). */
struct error {
	__u8 align[2];
	struct ethhdr eth;
	struct iphdr ip;
	struct {
		__u8 type, code;
		__u16 check;
		__u32 unused;
	} icmp;
};

#define FRAME_LEN(made)	(sizeof(made) - sizeof((made).align))

static __always_inline struct far_counts *count_packet(__u16 protocol)
{
	__u32 zero = 0;
	struct far_counts *c = bpf_map_lookup_elem(&counts, &zero);

	if (!c || (protocol != bpf_htons(ETH_P_IP) && protocol != bpf_htons(ETH_P_IPV6)))
		return NULL;
	c->packets++;
	if (c->packets <= TIMED_ALL || c->packets % TIMED_EACH == 0) {
		c->last_ns = bpf_ktime_get_ns();
		c->timed = c->packets;
		if (c->packets == 1)
			c->first_ns = c->last_ns;
	}
	return c;
}

static __always_inline enum tfo find_tfo(const struct segment *s, const void *end, __u64 cookie)
{
	const __u8 *options = (const __u8 *)(s->tcp + 1);
	__u32 room = s->tcp->doff * 4 - sizeof(*s->tcp), at = 0;

	for (int i = 0; i < 20 && at + 2 <= room; i++) {
		const __u8 *p = options + (at & 63);
		__u64 got;

		if ((const void *)(p + 2) > end || !p[0])
			break;
		if (p[0] == OPTION_NOP) {
			at++;
			continue;
		}
		if (p[0] == OPTION_TFO && p[1] == 2)
			return TFO_EMPTY;
		if (p[0] == OPTION_TFO) {
			if (p[1] != 2 + COOKIE_LEN || (const void *)(p + 2 + COOKIE_LEN) > end)
				return TFO_WRONG;
			__builtin_memcpy(&got, p + 2, COOKIE_LEN);
			return got == cookie ? TFO_RIGHT : TFO_WRONG;
		}
		if (p[1] < 2)
			break;
		at += p[1];
	}
	return TFO_NONE;
}

/* Writes the options of the answer; returns their length. The SYN's own took at least as much. */
static __always_inline __u32 write_options(struct segment *s, const void *end, bool give,
					   __u64 cookie)
{
	static const __u8 mss[] = { OPTION_MSS, MSS_LEN, 1460 >> 8, 1460 & 0xff };
	__u8 *p = (__u8 *)(s->tcp + 1);
	__u32 room = s->tcp->doff * 4 - sizeof(*s->tcp);

	if (room < MSS_LEN || (const void *)(p + MSS_LEN) > end)
		return 0;
	__builtin_memcpy(p, mss, MSS_LEN);
	if (!give || room < ROOM_COOKIE || (const void *)(p + ROOM_COOKIE) > end)
		return MSS_LEN;
	p[4] = OPTION_TFO;
	p[5] = 2 + COOKIE_LEN;
	__builtin_memcpy(p + 6, &cookie, COOKIE_LEN);
	p[14] = p[15] = OPTION_NOP;
	return ROOM_COOKIE;
}

/* Of the server's SYN/ACK; what the SYN's data became is in it, as nothing else keeps that. */
static __always_inline __u32 first_seq(__u64 cookie, __u16 port, bool took_data)
{
	return (((__u32)(cookie >> 32) ^ port) & ~1u) | took_data;
}

/* Makes the SYN its own answer. Returns the answer's length, its header included; 0: no SYN. */
static __always_inline __u32 answer_segment(struct far_counts *c, struct segment *s,
					    const void *end)
{
	struct tcphdr *tcp = s->tcp;
	__u64 cookie = mix64(s->mix);
	__u32 header = tcp->doff * 4, data = 0, options;
	__u16 port = tcp->source;
	enum tfo tfo;

	if (tcp->rst || !tcp->syn || tcp->ack || header < sizeof(*tcp) || s->len < header) {
		c->resets += tcp->rst;
		c->acks += !tcp->rst && tcp->ack;
		return 0;
	}
	c->syns++;
	tfo = find_tfo(s, end, cookie);
	if (tfo == TFO_RIGHT)
		data = s->len - header;
	c->requests += tfo == TFO_EMPTY;
	c->data += data > 0;
	options = write_options(s, end, tfo == TFO_EMPTY || tfo == TFO_WRONG, cookie);
	tcp->source = tcp->dest;
	tcp->dest = port;
	tcp->ack_seq = bpf_htonl(bpf_ntohl(tcp->seq) + 1 + data);
	tcp->seq = bpf_htonl(first_seq(cookie, port, data > 0));
	((__u8 *)tcp)[12] = (sizeof(*tcp) + options) << 2;
	((__u8 *)tcp)[13] = 0x12;	/* SYN, ACK */
	tcp->window = bpf_htons(65535);
	tcp->check = 0;
	s->sum += bpf_htons(IPPROTO_TCP) + bpf_htons(sizeof(*tcp) + options)
		  + sum_words(tcp, sizeof(*tcp));
	/* Lengths that the verifier can follow. */
	if (options && (const void *)(tcp + 1) + MSS_LEN <= end)
		s->sum += sum_words(tcp + 1, MSS_LEN);
	if (options == ROOM_COOKIE && (const void *)(tcp + 1) + ROOM_COOKIE <= end)
		s->sum += sum_words((const __u8 *)(tcp + 1) + MSS_LEN, ROOM_COOKIE - MSS_LEN);
	tcp->check = sum_fold(s->sum);
	c->answered++;
	return sizeof(*tcp) + options;
}

static __always_inline __u32 answer_v4(struct far_counts *c, struct iphdr *ip, const void *end)
{
	struct segment s = { .tcp = (struct tcphdr *)(ip + 1) };
	__u32 source, len;

	if ((const void *)(s.tcp + 1) > end || ip->ihl != 5 || ip->protocol != IPPROTO_TCP)
		return 0;
	source = ip->saddr;
	s.len = bpf_ntohs(ip->tot_len) - sizeof(*ip);
	s.sum = sum_words(&ip->saddr, 8);
	s.mix = (__u64)source << 32 | ip->daddr;
	len = answer_segment(c, &s, end);
	if (!len)
		return 0;
	ip->saddr = ip->daddr;
	ip->daddr = source;
	ip->tot_len = bpf_htons(sizeof(*ip) + len);
	ip->ttl = 64;
	ip->check = 0;
	ip->check = sum_fold(sum_words(ip, sizeof(*ip)));
	return sizeof(*ip) + len;
}

static __always_inline __u32 answer_v6(struct far_counts *c, struct ipv6hdr *ip, const void *end)
{
	struct segment s = { .tcp = (struct tcphdr *)(ip + 1) };
	struct in6_addr source;
	__u64 half[4];
	__u32 len;

	if ((const void *)(s.tcp + 1) > end || ip->nexthdr != IPPROTO_TCP)
		return 0;
	source = ip->saddr;
	__builtin_memcpy(half, &ip->saddr, sizeof(half));
	s.len = bpf_ntohs(ip->payload_len);
	s.sum = sum_words(&ip->saddr, 32);
	s.mix = mix64(mix64(mix64(half[0]) ^ half[1]) ^ half[2]) ^ half[3];
	len = answer_segment(c, &s, end);
	if (!len)
		return 0;
	ip->saddr = ip->daddr;
	ip->daddr = source;
	ip->payload_len = bpf_htons(len);
	ip->hop_limit = 64;
	return sizeof(*ip) + len;
}

static __always_inline int answer_frame(struct xdp_md *ctx, struct far_counts *c)
{
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = (void *)(long)ctx->data;
	__u32 len;

	if ((void *)(eth + 1) > end)
		return XDP_DROP;
	len = eth->h_proto == bpf_htons(ETH_P_IP) ? answer_v4(c, (void *)(eth + 1), end)
	      : answer_v6(c, (void *)(eth + 1), end);
	if (!len)
		return XDP_DROP;
	turn_round(eth);
	len += sizeof(*eth);
	if (len < ctx->data_end - ctx->data
	    && bpf_xdp_adjust_tail(ctx, (int)len - (int)(ctx->data_end - ctx->data)))
		return XDP_DROP;
	return XDP_TX;
}

static __always_inline struct far_counts *count_frame(struct xdp_md *ctx)
{
	const struct ethhdr *eth = (const void *)(long)ctx->data;

	if ((const void *)(eth + 1) > (void *)(long)ctx->data_end)
		return NULL;
	return count_packet(eth->h_proto);
}

/* Fills r with the response to a segment of len bytes of payload; false: none is due. */
static __always_inline bool fill_response(struct response *r, const struct iphdr *ip,
					  const struct tcphdr *tcp, __u32 len)
{
	__u64 cookie = mix64((__u64)ip->saddr << 32 | ip->daddr);
	__u32 seq = bpf_ntohl(tcp->ack_seq) - 1, tcp_len = sizeof(r->tcp) + sizeof(r->text);

	if (tcp->syn || tcp->rst || !tcp->ack)
		return false;
	if (seq != first_seq(cookie, tcp->source, true)
	    && (!len || seq != first_seq(cookie, tcp->source, false)))
		return false;
	*r = (struct response){
		.eth = *((const struct ethhdr *)ip - 1),
		.tcp = {
			.source = tcp->dest, .dest = tcp->source, .seq = tcp->ack_seq,
			.ack_seq = bpf_htonl(bpf_ntohl(tcp->seq) + len), .doff = 5, .fin = 1,
			.psh = 1, .ack = 1, .window = bpf_htons(65535),
		},
		.text = "HTTP/1.1 200 OK\r\nContent-Length: 24\r\n\r\nof no interest to anyone",
	};
	turn_round(&r->eth);
	fill_ip(&r->ip, IPPROTO_TCP, ip->daddr, ip->saddr, sizeof(r->ip) + tcp_len);
	r->tcp.check = sum_fold(sum_words(&r->ip.saddr, 8) + bpf_htons(IPPROTO_TCP)
				+ bpf_htons(tcp_len) + sum_words(&r->tcp, sizeof(r->tcp))
				+ sum_words(r->text, sizeof(r->text)));
	return true;
}

/* Whether the frame has become a response. */
static __always_inline bool respond(struct xdp_md *ctx, struct far_counts *c)
{
	const struct iphdr *ip = find_tcp_v4(ctx);
	const struct tcphdr *tcp = (const void *)(ip + 1);
	struct response r;
	__u32 headers;
	void *to;

	if (!ip)
		return false;
	headers = sizeof(*ip) + tcp->doff * 4;
	if (bpf_ntohs(ip->tot_len) < headers
	    || !fill_response(&r, ip, tcp, bpf_ntohs(ip->tot_len) - headers))
		return false;
	if (bpf_xdp_adjust_head(ctx, (int)(ctx->data_end - ctx->data) - (int)FRAME_LEN(r)))
		return false;
	to = (void *)(long)ctx->data;
	if (to + FRAME_LEN(r) > (void *)(long)ctx->data_end)
		return false;
	__builtin_memcpy(to, &r.eth, FRAME_LEN(r));
	c->acks++;
	c->responses++;
	return true;
}

/*
 * Takes an empty TFO option out, as boxes do: no-operations are in its place. It is looked for by
 * its two bytes, which are in no other option that scanners send; the verifier follows that.
 */
static __always_inline void strip_option(struct iphdr *ip, const void *end)
{
	struct tcphdr *tcp = (struct tcphdr *)(ip + 1);
	__u8 *p = (__u8 *)(tcp + 1);
	__u32 room = tcp->doff * 4 - sizeof(*tcp);

	for (__u32 i = 0; i + 2 <= 40 && i + 2 <= room && (const void *)(p + 2) <= end; i++, p++) {
		if (p[0] != OPTION_TFO || p[1] != 2)
			continue;
		p[0] = p[1] = OPTION_NOP;
		return;
	}
}

/* Makes the frame the ICMP error of the router where its TTL ended; false: there is no room. */
static __always_inline bool exceed(struct xdp_md *ctx, struct iphdr *ip)
{
	const void *end = (void *)(long)ctx->data_end;
	struct error e = { .eth = *((struct ethhdr *)ip - 1) };
	const __u16 *quoted = (const __u16 *)ip;
	__u32 sum;
	void *to;

	turn_round(&e.eth);
	fill_ip(&e.ip, IPPROTO_ICMP, bpf_htonl(ROUTERS | ip->ttl), ip->saddr,
		sizeof(e.ip) + sizeof(e.icmp) + bpf_ntohs(ip->tot_len));
	ip->ttl = 1;
	ip->check = 0;
	ip->check = sum_fold(sum_words(ip, sizeof(*ip)));
	e.icmp.type = ICMP_TIME_EXCEEDED;
	sum = sum_words(&e.icmp, sizeof(e.icmp));
	for (int i = 0; i < 64 && (const void *)(quoted + 1) <= end; i++)
		sum += *quoted++;
	e.icmp.check = sum_fold(sum);
	if ((const void *)quoted != end
	    || bpf_xdp_adjust_head(ctx, -(int)(sizeof(e.ip) + sizeof(e.icmp))))
		return false;
	to = (void *)(long)ctx->data;
	if (to + FRAME_LEN(e) > (void *)(long)ctx->data_end)
		return false;
	__builtin_memcpy(to, &e.eth, FRAME_LEN(e));
	return true;
}

SEC("xdp") int far_answer(struct xdp_md *ctx)
{
	struct far_counts *c = count_frame(ctx);

	return c ? answer_frame(ctx, c) : XDP_DROP;
}

SEC("xdp") int far_serve(struct xdp_md *ctx)
{
	struct far_counts *c = count_frame(ctx);

	if (!c)
		return XDP_DROP;
	return respond(ctx, c) ? XDP_TX : answer_frame(ctx, c);
}

SEC("xdp") int far_chain(struct xdp_md *ctx)
{
	struct far_counts *c = count_frame(ctx);
	struct iphdr *ip = find_tcp_v4(ctx);

	if (!c || !ip)
		return XDP_DROP;
	if (ip->ttl > BOX)
		strip_option(ip, (void *)(long)ctx->data_end);
	if (ip->ttl >= HOPS)
		return answer_frame(ctx, c);
	if (!exceed(ctx, ip))
		return XDP_DROP;
	c->exceeded++;
	return XDP_TX;
}

SEC("xdp") int far_sink(struct xdp_md *ctx)
{
	count_frame(ctx);
	return XDP_DROP;
}

SEC("xdp") int far_pass(struct xdp_md *ctx)
{
	(void)ctx;
	return XDP_PASS;
}

char far_license[] SEC("license") = "GPL";
