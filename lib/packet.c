/*
 * Checksums are not verified: captures of outgoing and of coalesced packets have unset ones
 * (checksum offload), and a damaged reply does not pass the keyed hash of validate.h anyway.
 */
#include "packet.h"

#include <string.h>

#include "bytes.h"
#include "icmp.h"

#define IP4_LEN		20	/* fixed headers */
#define IP6_LEN		40
#define IP6_EXT_LEN	8	/* the least an extension header has */
#define ICMP_LEN	8
#define TCP_LEN		20
#define QUOTE_LEN	8	/* ports and sequence number: what RFC 792 promises */

#define IP4_DF		0x4000
#define IP4_MF		0x2000
#define IP4_OFFSET	0x1fff
#define IP6_OFFSET	0xfff8
#define IP6_MF		0x0001

enum {
	PROTO_HOPOPTS = 0, PROTO_ICMP = 1, PROTO_TCP = 6, PROTO_ROUTING = 43, PROTO_FRAGMENT = 44,
	PROTO_ICMP6 = 58, PROTO_DSTOPTS = 60,
};

/* What an IP header says, and what follows it. */
struct ip {
	struct addr src, dst;
	const uint8_t *body;
	size_t have;		/* bytes of body that are both captured and of this packet */
	size_t said;		/* bytes of body by the IP length; >= have */
	long claimed;		/* a quoted header: the same, by what it says; may be anything */
	uint16_t id;
	uint8_t proto, ttl, tos;
	bool df;
};

/*
 * quoted: the packet is one that an ICMP error quotes. Its length and fragment fields are not
 * looked at, as the quote is cut and routers are known to hand these fields back changed or in
 * their own byte order; all that was captured counts as said.
 */
static enum packet_fault ip4_read(struct ip *ip, const uint8_t *buf, size_t len, bool quoted)
{
	size_t head, total;
	uint16_t frag;

	if (len < IP4_LEN)
		return PACKET_SHORT;
	head = (buf[0] & 0x0f) * 4u;
	/* A total length of 0 is what segmentation offload leaves: it is below head, so bad. */
	total = get_be16(buf + 2);
	if (head < IP4_LEN || (!quoted && total < head))
		return PACKET_BAD_IP;
	if (len < head)
		return PACKET_SHORT;
	frag = get_be16(buf + 6);
	if (!quoted && frag & (IP4_MF | IP4_OFFSET))
		return PACKET_FRAGMENT;
	if (quoted)
		total = len;
	*ip = (struct ip){
		.src = addr_from_v4(get_be32(buf + 12)), .dst = addr_from_v4(get_be32(buf + 16)),
		.body = buf + head, .have = (len < total ? len : total) - head,
		.said = total - head, .claimed = (long)get_be16(buf + 2) - (long)head,
		.id = get_be16(buf + 4), .proto = buf[9], .ttl = buf[8], .tos = buf[1],
		.df = frag & IP4_DF,
	};
	return PACKET_OK;
}

static bool ip6_is_extension(uint8_t proto)
{
	return proto == PROTO_HOPOPTS || proto == PROTO_ROUTING || proto == PROTO_FRAGMENT
		|| proto == PROTO_DSTOPTS;
}

/* Steps over extension headers (RFC 8200 4): ip->body and what hangs on it move on. */
static enum packet_fault ip6_skip(struct ip *ip, bool quoted)
{
	while (ip6_is_extension(ip->proto)) {
		const uint8_t *ext = ip->body;
		size_t n = IP6_EXT_LEN;

		if (ip->have < n)
			return PACKET_SHORT;
		if (ip->proto != PROTO_FRAGMENT)
			n += ext[1] * 8u;
		else if (!quoted && get_be16(ext + 2) & (IP6_OFFSET | IP6_MF))
			return PACKET_FRAGMENT;
		if (ip->have < n)
			return PACKET_SHORT;
		ip->proto = ext[0];
		ip->body += n;
		ip->have -= n;
		ip->said -= n;
		ip->claimed -= (long)n;
	}
	return PACKET_OK;
}

static enum packet_fault ip6_read(struct ip *ip, const uint8_t *buf, size_t len, bool quoted)
{
	size_t body;

	if (len < IP6_LEN)
		return PACKET_SHORT;
	body = get_be16(buf + 4);
	/* Length 0 is a jumbogram or what segmentation offload leaves: as in IPv4, bad. */
	if (!quoted && body == 0)
		return PACKET_BAD_IP;
	if (quoted)
		body = len - IP6_LEN;
	*ip = (struct ip){
		.src = addr_from_wire6(buf + 8), .dst = addr_from_wire6(buf + 24),
		.body = buf + IP6_LEN,
		.have = len - IP6_LEN < body ? len - IP6_LEN : body, .said = body,
		.claimed = get_be16(buf + 4),
		.proto = buf[6], .ttl = buf[7], .tos = (uint8_t)(get_be16(buf) >> 4),
	};
	/* struct addr would take these for IPv4: whoever sends them must not speak for IPv4. */
	if (addr_is_v4(ip->src) || addr_is_v4(ip->dst))
		return PACKET_BAD_IP;
	return ip6_skip(ip, quoted);
}

static enum packet_fault ip_read(struct ip *ip, const uint8_t *buf, size_t len, bool quoted)
{
	if (len == 0)
		return PACKET_SHORT;
	switch (buf[0] >> 4) {
	case 4:
		return ip4_read(ip, buf, len, quoted);
	case 6:
		return ip6_read(ip, buf, len, quoted);
	default:
		return PACKET_BAD_IP;
	}
}

/* The option area, where head is the header length that the data offset gives, >= TCP_LEN. */
static void tcp_read_options(struct packet_tcp *t, const struct ip *ip, size_t head)
{
	t->opts = ip->body + TCP_LEN;
	t->opts_len = (uint8_t)((head < ip->have ? head : ip->have) - TCP_LEN);
	t->opts_cut = head > ip->have;
}

/* A segment whose header runs past the packet is kept: its numbers are sound, its options cut. */
static enum packet_fault tcp_read(struct packet_tcp *t, const struct ip *ip)
{
	const uint8_t *b = ip->body;
	size_t head;

	if (ip->have < TCP_LEN)
		return PACKET_SHORT;
	head = (b[12] >> 4) * 4u;
	if (head < TCP_LEN)
		return PACKET_BAD_TCP;
	t->src = ip->src;
	t->dst = ip->dst;
	t->sport = get_be16(b);
	t->dport = get_be16(b + 2);
	t->seq = get_be32(b + 4);
	t->ack = get_be32(b + 8);
	t->flags = b[13];
	t->window = get_be16(b + 14);
	t->payload_len = (uint16_t)(ip->said > head ? ip->said - head : 0);
	tcp_read_options(t, ip, head);
	return PACKET_OK;
}

/*
 * The payload after a quoted header of head bytes. `before` bytes of the quote precede it, and
 * quote_len is what RFC 4884 says of the quote's length, 0: nothing.
 */
static void tcp_read_quoted(struct packet_tcp *t, const struct ip *ip, size_t head, size_t before,
			    size_t quote_len)
{
	size_t have = ip->have;

	if (quote_len > before && quote_len - before < have)
		have = quote_len - before;
	t->quoted_len = ip->claimed >= (long)head ? (int32_t)(ip->claimed - (long)head) : -1;
	if (have <= head || t->quoted_len <= 0)
		return;
	t->quoted = ip->body + head;
	have -= head;
	t->quoted_have = (uint16_t)(have < (size_t)t->quoted_len ? have : (size_t)t->quoted_len);
}

/*
 * A quote may end anywhere from its 8th byte on; RFC 4884 pads it with zeros and lets extensions
 * follow, so a data offset below 5 is padding and says nothing of the options.
 */
static enum packet_fault tcp_read_quote(struct packet_tcp *t, const struct ip *ip, size_t before,
					size_t quote_len)
{
	const uint8_t *b = ip->body;
	size_t head;

	if (ip->have < QUOTE_LEN)
		return PACKET_BAD_QUOTE;
	t->src = ip->src;
	t->dst = ip->dst;
	t->sport = get_be16(b);
	t->dport = get_be16(b + 2);
	t->seq = get_be32(b + 4);
	t->opts = b + QUOTE_LEN;
	t->opts_cut = true;
	t->quoted_len = -1;
	if (ip->have >= 12)
		t->ack = get_be32(b + 8);
	if (ip->have >= 14)
		t->flags = b[13];
	if (ip->have >= 16)
		t->window = get_be16(b + 14);
	if (ip->have < TCP_LEN)
		return PACKET_OK;
	head = (b[12] >> 4) * 4u;
	if (head >= TCP_LEN) {
		tcp_read_options(t, ip, head);
		tcp_read_quoted(t, ip, head, before, quote_len);
	}
	return PACKET_OK;
}

static enum packet_fault icmp_read(struct packet *p, const struct ip *ip)
{
	bool v4 = addr_is_v4(ip->src);
	const uint8_t *icmp = ip->body;
	enum packet_fault fault;
	struct ip quote;

	if (ip->have < ICMP_LEN)
		return PACKET_SHORT;
	if (!icmp_ends_attempt(v4, icmp[0], icmp[1]))
		return PACKET_OTHER;
	fault = ip_read(&quote, icmp + ICMP_LEN, ip->have - ICMP_LEN, true);
	if (fault == PACKET_SHORT)
		return PACKET_BAD_QUOTE;
	if (fault != PACKET_OK)
		return fault;
	if (addr_is_v4(quote.src) != v4)
		return PACKET_BAD_IP;
	if (quote.proto != PROTO_TCP)
		return PACKET_OTHER;
	p->is_icmp = true;
	p->icmp_from = ip->src;
	p->icmp_type = icmp[0];
	p->icmp_code = icmp[1];
	return tcp_read_quote(&p->tcp, &quote, (size_t)(quote.body - icmp) - ICMP_LEN,
			      v4 ? icmp[5] * 4u : icmp[4] * 8u);
}

enum packet_fault packet_parse(struct packet *p, const uint8_t *buf, size_t caplen)
{
	enum packet_fault fault;
	struct ip ip;

	memset(p, 0, sizeof(*p));
	fault = ip_read(&ip, buf, caplen, false);
	if (fault != PACKET_OK)
		return fault;
	p->ttl = ip.ttl;
	p->tos = ip.tos;
	p->ip_id = ip.id;
	p->df = ip.df;
	if (ip.proto == PROTO_TCP)
		return tcp_read(&p->tcp, &ip);
	if (ip.proto == (addr_is_v4(ip.src) ? PROTO_ICMP : PROTO_ICMP6))
		return icmp_read(p, &ip);
	return PACKET_OTHER;
}
