/*
 * The far end of the bench's cable, in the driver's receive path: `sink` counts and drops, `answer`
 * turns each SYN into a SYN/ACK, in the SYN's own frame. `pass` does nothing; a veth takes what its
 * peer sends by XDP_TX or from a live frame only where it has a program.
 *
 * Where a request's options leave room (16 bytes) its answer has a cookie, made from the addresses;
 * a SYN with that cookie and with data is acknowledged with the data, one with another cookie gets
 * the right one. No frame grows: in the socket-buffer path there is mostly no room to.
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

#define OPTION_NOP	1
#define OPTION_MSS	2
#define OPTION_TFO	34
#define COOKIE_LEN	8
#define MSS_LEN		4
#define ROOM_COOKIE	(MSS_LEN + 2 + COOKIE_LEN + 2)

/* Reading the clock costs as much as all the rest: every packet at first, then each 16th. */
#define TIMED_ALL	1024
#define TIMED_EACH	16

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

/* The finalizer of splitmix64. */
static __always_inline __u64 mix64(__u64 x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

static __always_inline __u32 sum_words(const void *p, __u32 len)
{
	const __u16 *w = p;
	__u32 sum = 0;

	for (__u32 i = 0; i < len / 2; i++)
		sum += w[i];
	return sum;
}

static __always_inline __u16 sum_fold(__u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
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
	tcp->seq = (__u32)(cookie >> 32) ^ port;
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

SEC("xdp") int far_answer(struct xdp_md *ctx)
{
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = (void *)(long)ctx->data;
	__u8 source[ETH_ALEN];
	struct far_counts *c;
	__u32 len;

	if ((void *)(eth + 1) > end)
		return XDP_DROP;
	c = count_packet(eth->h_proto);
	if (!c)
		return XDP_DROP;
	len = eth->h_proto == bpf_htons(ETH_P_IP) ? answer_v4(c, (void *)(eth + 1), end)
	      : answer_v6(c, (void *)(eth + 1), end);
	if (!len)
		return XDP_DROP;
	__builtin_memcpy(source, eth->h_source, ETH_ALEN);
	__builtin_memcpy(eth->h_source, eth->h_dest, ETH_ALEN);
	__builtin_memcpy(eth->h_dest, source, ETH_ALEN);
	len += sizeof(*eth);
	if (len < ctx->data_end - ctx->data
	    && bpf_xdp_adjust_tail(ctx, (int)len - (int)(ctx->data_end - ctx->data)))
		return XDP_DROP;
	return XDP_TX;
}

SEC("xdp") int far_sink(struct xdp_md *ctx)
{
	const struct ethhdr *eth = (void *)(long)ctx->data;

	if ((const void *)(eth + 1) <= (void *)(long)ctx->data_end)
		count_packet(eth->h_proto);
	return XDP_DROP;
}

SEC("xdp") int far_pass(struct xdp_md *ctx)
{
	(void)ctx;
	return XDP_PASS;
}

char far_license[] SEC("license") = "GPL";
