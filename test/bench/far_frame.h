/*
 * far_frame: what the far end's programs (far.bpf.c) know of any frame: checksums, both its ends,
 * an IPv4 header to find and to make.
 */
#ifndef FAR_FRAME_H
#define FAR_FRAME_H

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/tcp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define OPTION_NOP	1
#define OPTION_MSS	2
#define OPTION_TFO	34

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

static __always_inline void turn_round(struct ethhdr *eth)
{
	__u8 source[ETH_ALEN];

	__builtin_memcpy(source, eth->h_source, ETH_ALEN);
	__builtin_memcpy(eth->h_source, eth->h_dest, ETH_ALEN);
	__builtin_memcpy(eth->h_dest, source, ETH_ALEN);
}

/* The IPv4 header of a frame that goes on with a TCP header; NULL: it is another. */
static __always_inline struct iphdr *find_tcp_v4(struct xdp_md *ctx)
{
	struct ethhdr *eth = (void *)(long)ctx->data;
	struct iphdr *ip = (void *)(eth + 1);
	struct tcphdr *tcp = (void *)(ip + 1);

	if ((void *)(tcp + 1) > (void *)(long)ctx->data_end
	    || eth->h_proto != bpf_htons(ETH_P_IP) || ip->ihl != 5
	    || ip->protocol != IPPROTO_TCP)
		return NULL;
	return ip;
}

static __always_inline void fill_ip(struct iphdr *to, __u8 protocol, __u32 source, __u32 target,
				    __u32 len)
{
	*to = (struct iphdr){
		.version = 4, .ihl = 5, .tot_len = bpf_htons(len), .ttl = 64,
		.protocol = protocol, .saddr = source, .daddr = target,
	};
	to->check = sum_fold(sum_words(to, sizeof(*to)));
}

#endif
