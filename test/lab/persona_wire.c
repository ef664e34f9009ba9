#include "persona_wire.h"

#include <string.h>

enum { ETH = 14, IP4 = 20, IP6 = 40, TCP = 20, ICMP = 8 };

static uint16_t load16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t load32(const uint8_t *p)
{
	return (uint32_t)load16(p) << 16 | load16(p + 2);
}

static void store16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void store32(uint8_t *p, uint32_t v)
{
	store16(p, v >> 16);
	store16(p + 2, v & 0xffff);
}

/* ---- reading ------------------------------------------------------------------------------- */

static void read_tfo(struct syn *s, const uint8_t *option, uint8_t len)
{
	uint8_t head = option[0] == 34 ? 2 : 4;

	if (option[0] != 34 && (len < 4 || load16(option + 2) != 0xf989))
		return;
	s->kind = option[0];
	s->option = option;
	s->option_len = len;
	s->cookie = option + head;
	s->clen = (uint8_t)(len - head);
}

static void read_options(struct syn *s, const uint8_t *p, const uint8_t *end)
{
	while (p < end && *p != 0) {
		if (*p == 1) {
			p++;
			continue;
		}
		if (end - p < 2 || p[1] < 2 || p[1] > end - p)
			return;
		if (*p == 34 || *p == 253 || *p == 254)
			read_tfo(s, p, p[1]);
		p += p[1];
	}
}

/* Sets ip, tcp, their lengths and the addresses; neither options of IPv4 nor headers of IPv6. */
static bool read_ip(struct syn *s, const uint8_t *frame, size_t len)
{
	const uint8_t *ip = frame + ETH;

	s->eth = frame;
	s->ip = ip;
	if (len >= ETH + IP4 + TCP && load16(frame + 12) == 0x0800 && ip[0] == 0x45 && ip[9] == 6) {
		s->ip_len = load16(ip + 2);
		s->src = ip + 12;
		s->dst = ip + 16;
		s->tcp = ip + IP4;
	} else if (len >= ETH + IP6 + TCP && load16(frame + 12) == 0x86dd && ip[6] == 6) {
		s->v6 = true;
		s->ip_len = IP6 + load16(ip + 4);
		s->src = ip + 8;
		s->dst = ip + 24;
		s->tcp = ip + IP6;
	} else {
		return false;
	}
	s->tcp_len = s->ip_len - (size_t)(s->tcp - ip);
	return s->ip_len <= len - ETH && s->ip_len >= (size_t)(s->tcp - ip) + TCP;
}

bool wire_read_syn(struct syn *s, const uint8_t *frame, size_t len)
{
	size_t head;

	memset(s, 0, sizeof(*s));
	if (!read_ip(s, frame, len) || (s->tcp[13] & (SYN | ACK | RST)) != SYN)
		return false;
	head = (s->tcp[12] >> 4) * 4u;
	if (head < TCP || head > s->tcp_len)
		return false;
	s->sport = load16(s->tcp);
	s->dport = load16(s->tcp + 2);
	s->seq = load32(s->tcp + 4);
	s->dlen = (uint16_t)(s->tcp_len - head);
	read_options(s, s->tcp + TCP, s->tcp + head);
	return true;
}

/* ---- writing ------------------------------------------------------------------------------- */

/* RFC 1071: the sum of big-endian 16-bit words, an odd byte filled up with zero. */
static uint32_t sum(uint32_t sofar, const uint8_t *p, size_t n)
{
	for (; n > 1; p += 2, n -= 2)
		sofar += load16(p);
	return n ? sofar + (uint32_t)(*p << 8) : sofar;
}

static uint16_t fold(uint32_t sofar)
{
	while (sofar >> 16)
		sofar = (sofar & 0xffff) + (sofar >> 16);
	return (uint16_t)~sofar;
}

/* The headers before a body of n bytes, back the way the SYN came; returns where the body goes. */
static uint8_t *write_head(uint8_t *frame, const struct syn *s, uint8_t proto, uint8_t hops,
			   size_t n)
{
	uint8_t *ip = frame + ETH;

	memcpy(frame, s->eth + 6, 6);
	memcpy(frame + 6, s->eth, 6);
	memcpy(frame + 12, s->eth + 12, 2);
	if (s->v6) {
		memset(ip, 0, IP6);
		ip[0] = 0x60;
		store16(ip + 4, (unsigned)n);
		ip[6] = proto;
		ip[7] = hops;
		memcpy(ip + 8, s->dst, 16);
		memcpy(ip + 24, s->src, 16);
		return ip + IP6;
	}
	memset(ip, 0, IP4);
	ip[0] = 0x45;
	store16(ip + 2, (unsigned)(IP4 + n));
	ip[6] = 0x40;
	ip[8] = hops;
	ip[9] = proto;
	memcpy(ip + 12, s->dst, 4);
	memcpy(ip + 16, s->src, 4);
	store16(ip + 10, fold(sum(0, ip, IP4)));
	return ip + IP4;
}

/* The checksum of a body of n bytes and of the pseudo header before it. */
static uint16_t body_sum(const struct syn *s, uint8_t proto, const uint8_t *body, size_t n)
{
	size_t alen = s->v6 ? 16 : 4;

	return fold(sum(sum(sum((uint32_t)(proto + n), s->src, alen), s->dst, alen), body, n));
}

size_t wire_write_segment(uint8_t frame[static WIRE_FRAME_MAX], const struct syn *s,
			  const struct segment *g)
{
	size_t data = g->data ? strnlen(g->data, WIRE_DATA_MAX) : 0;
	size_t head = (size_t)TCP + g->opts_len, n = head + data;
	uint8_t *tcp = write_head(frame, s, 6, g->hops, n);

	memset(tcp, 0, TCP);
	store16(tcp, s->dport + g->from_shift);
	store16(tcp + 2, s->sport + g->to_shift);
	store32(tcp + 4, g->seq);
	store32(tcp + 8, g->ack);
	tcp[12] = g->long_header ? 0xf0 : (uint8_t)(head << 2);
	tcp[13] = g->flags;
	store16(tcp + 14, g->window);
	memcpy(tcp + TCP, g->opts, g->opts_len);
	if (data)
		memcpy(tcp + head, g->data, data);
	store16(tcp + 16, body_sum(s, 6, tcp, n));
	return (size_t)(tcp - frame) + n;
}

size_t wire_write_quote(uint8_t frame[static WIRE_FRAME_MAX], const struct syn *s,
			const struct quote *q)
{
	size_t ip_head = (size_t)(s->tcp - s->ip);
	size_t quoted = q->len < s->tcp_len ? q->len : s->tcp_len;
	size_t n = ICMP + ip_head + quoted;
	uint8_t proto = s->v6 ? 58 : 1;
	uint8_t *icmp = write_head(frame, s, proto, 64, n);
	uint8_t *tcp = icmp + ICMP + ip_head;

	memset(icmp, 0, ICMP);
	icmp[0] = s->v6 ? 1 : 3;	/* unreachable: by an administrator's will */
	icmp[1] = s->v6 ? 1 : 13;
	memcpy(icmp + ICMP, s->ip, ip_head + quoted);
	if (q->foreign)
		store32(tcp + 4, s->seq + 1);
	if (q->stripped && s->kind && (size_t)(s->option - s->tcp) + s->option_len <= quoted)
		memset(tcp + (s->option - s->tcp), 1, s->option_len);
	store16(icmp + 2, s->v6 ? body_sum(s, proto, icmp, n) : fold(sum(0, icmp, n)));
	return (size_t)(icmp - frame) + n;
}
