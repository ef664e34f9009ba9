#include "unit.h"

#include <string.h>

#include "err.h"
#include "packet.h"
#include "plain_sum.h"
#include "rng.h"
#include "tcpopt.h"
#include "wire/craft.h"

#define PROTO_TCP	6

/* The option sets, without TFO, as they are to come: bytes of either family. */
static const struct {
	enum tcp_options set;
	const char *name, *kinds;	/* kinds: as tcpopt_text() says, NOPs aside */
} sets[] = {
	{ TCP_OPTIONS_WINDOWS, "windows", "2-3-4" },
	{ TCP_OPTIONS_LINUX, "linux", "2-4-8-3" },
	{ TCP_OPTIONS_BSD, "bsd", "2-3-4-8" },
	{ TCP_OPTIONS_MSS, "mss", "2" },
	{ TCP_OPTIONS_NONE, "none", "" },
};

/* The TFO option's shapes. */
static const struct shape {
	uint8_t kind, cookie_len;
} shapes[] = {
	{ 0, 0 },
	{ 34, 0 }, { 34, 4 }, { 34, 6 }, { 34, 8 }, { 34, 10 }, { 34, 12 }, { 34, 14 }, { 34, 16 },
	{ 254, 0 }, { 254, 4 }, { 254, 6 }, { 254, 8 }, { 254, 10 }, { 254, 12 }, { 254, 14 },
	{ 254, 16 },
};

static const struct craft_link links[2] = {
	{ .src = { 2, 0, 0, 0, 4, 1 }, .dst = { 2, 0, 0, 0, 4, 2 } },
	{ .src = { 2, 0, 0, 0, 6, 1 }, .dst = { 2, 0, 0, 0, 6, 2 } },
};

static struct craft craft;
static uint8_t frame[CRAFT_FRAME_MAX + 1], payload[PAYLOAD_MAX], cookie[TFO_COOKIE_MAX];

static void init(enum tcp_options set)
{
	struct err e = { "" };

	ck_assert_msg(craft_init(&craft, links, set, &e) == 0, "%s", e.msg);
}

/* The one's complement sum of the segment and its pseudo header (RFC 9293 3.1, RFC 8200 8.1). */
static uint16_t tcp_sum(bool v6, const uint8_t *ip, size_t len)
{
	size_t head = v6 ? 40 : 20;
	uint16_t sum = v6 ? plain_sum(0, ip + 8, 32) : plain_sum(0, ip + 12, 8);

	sum = plain_plus(sum, PROTO_TCP);
	sum = plain_plus(sum, (uint16_t)(len - head));
	return plain_sum(sum, ip + head, len - head);
}

static void check_link(bool v6, size_t len)
{
	ck_assert_mem_eq(frame, links[v6].dst, 6);
	ck_assert_mem_eq(frame + 6, links[v6].src, 6);
	ck_assert_uint_eq(get_be16(frame + 12), v6 ? 0x86dd : 0x0800);
	ck_assert_uint_le(len, CRAFT_FRAME_MAX);
	/* Nothing is written past the end, or past a template's copy. */
	ck_assert_uint_eq(frame[len > PATCH_LEN ? len : PATCH_LEN], 0xa5);
}

/* What the parser does not look at, and both checksums. */
static void check_ip(bool v6, const uint8_t *ip, size_t len)
{
	if (v6) {
		ck_assert_uint_eq(get_be32(ip), 0x60000000);
		ck_assert_uint_eq(get_be16(ip + 4), len - 40);
		ck_assert_uint_eq(ip[6], PROTO_TCP);
	} else {
		ck_assert_uint_eq(ip[0], 0x45);
		ck_assert_uint_eq(get_be16(ip + 2), len);
		ck_assert_uint_eq(ip[9], PROTO_TCP);
		ck_assert_uint_eq(plain_sum(0, ip, 20), 0xffff);
	}
	ck_assert_uint_eq(tcp_sum(v6, ip, len), 0xffff);
}

static void check_headers(const struct packet *p, bool v6)
{
	ck_assert(!p->is_icmp);
	ck_assert_uint_eq(p->ttl, 64);
	ck_assert_uint_eq(p->tos, 0);
	ck_assert_uint_eq(p->ip_id, 0);
	ck_assert(p->df != v6);
}

/* Parses the frame of len bytes, and finds in it what it was made of. */
static void check_syn(const struct craft_syn *syn, size_t len, struct packet *p)
{
	bool v6 = !addr_is_v4(syn->dst);
	const uint8_t *ip = frame + CRAFT_LINK_LEN, *end = frame + len;

	check_link(v6, len);
	ck_assert_int_eq(packet_parse(p, ip, len - CRAFT_LINK_LEN), PACKET_OK);
	check_ip(v6, ip, len - CRAFT_LINK_LEN);
	check_headers(p, v6);
	ck_assert(addr_eq(p->tcp.src, syn->src));
	ck_assert(addr_eq(p->tcp.dst, syn->dst));
	ck_assert_uint_eq(p->tcp.sport, syn->sport);
	ck_assert_uint_eq(p->tcp.dport, syn->dport);
	ck_assert_uint_eq(p->tcp.seq, syn->seq);
	ck_assert_uint_eq(p->tcp.ack, 0);
	ck_assert_uint_eq(p->tcp.flags, TCP_SYN);
	ck_assert_uint_eq(p->tcp.window, 65535);
	ck_assert_uint_eq(p->tcp.payload_len, syn->payload_len);
	ck_assert(!p->tcp.opts_cut);
	ck_assert_ptr_eq(p->tcp.opts + p->tcp.opts_len + syn->payload_len, end);
	ck_assert_mem_eq(end - syn->payload_len, syn->payload, syn->payload_len);
}

static void check_options(const struct craft_syn *syn, const struct packet *p, const char *kinds)
{
	char text[TCPOPT_TEXT_LEN];
	struct tcpopts o;
	unsigned int n = 0;

	tcpopt_parse(&o, p->tcp.opts, p->tcp.opts_len);
	ck_assert(!o.malformed);
	ck_assert_uint_eq(o.tfo.kind, syn->tfo_kind);
	ck_assert_uint_eq(o.tfo.len, syn->cookie_len);
	ck_assert_mem_eq(o.tfo.cookie, syn->cookie, syn->cookie_len);
	if (o.has_mss)
		ck_assert_uint_eq(o.mss, addr_is_v4(syn->dst) ? 1460 : 1440);
	/* The rest is the same whatever the probe asks. */
	for (unsigned int i = 0; i < o.n; i++)
		if (o.kinds[i] != TCPOPT_KIND_NOP && o.kinds[i] != syn->tfo_kind)
			o.kinds[n++] = o.kinds[i];
	o.n = (uint8_t)n;
	tcpopt_text(&o, text);
	ck_assert_str_eq(text, kinds);
}

static size_t make(const struct craft_syn *syn)
{
	memset(frame, 0xa5, sizeof(frame));
	return craft_syn(&craft, syn, frame);
}

static void fill(struct rng *rng, uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)rng_next(rng);
}

static struct craft_syn random_syn(struct rng *rng, bool v6, const struct shape *shape)
{
	fill(rng, cookie, sizeof(cookie));
	fill(rng, payload, sizeof(payload));
	return (struct craft_syn){
		.src = v6 ? (struct addr){ rng_next(rng) | 1, rng_next(rng) }
			  : addr_from_v4((uint32_t)rng_next(rng)),
		.dst = v6 ? (struct addr){ rng_next(rng) | 1, rng_next(rng) }
			  : addr_from_v4((uint32_t)rng_next(rng)),
		.sport = (uint16_t)rng_next(rng), .dport = (uint16_t)rng_next(rng),
		.seq = (uint32_t)rng_next(rng),
		.tfo_kind = shape->kind, .cookie_len = shape->cookie_len, .cookie = cookie,
		.payload = payload,
	};
}

/* Every option set, family and shape, with payloads of odd and even length. */
TEST_EACH(parses_back, sets)
{
	static const uint16_t lengths[] = { 0, 1, 2, 3, 17, 535, PAYLOAD_MAX - 1, PAYLOAD_MAX };
	struct rng rng = { row->set };

	init(row->set);
	for (size_t i = 0; i < 2 * N_OF(shapes) * N_OF(lengths); i++) {
		const struct shape *shape = &shapes[i / 2 % N_OF(shapes)];
		struct craft_syn syn = random_syn(&rng, i % 2, shape);
		struct packet p;

		syn.payload_len = lengths[i / 2 / N_OF(shapes)];
		check_syn(&syn, make(&syn), &p);
		check_options(&syn, &p, row->kinds);
		ck_assert_uint_le(p.tcp.opts_len, TCPOPT_AREA_MAX);
		ck_assert_uint_eq(p.tcp.opts_len % 4, 0);
	}
}

/* The whole option area, byte by byte, for an 8-byte cookie. */
TEST_EACH(option_area, sets)
{
	static const struct {
		uint8_t len;
		const char *v4;
	} areas[] = {
		[TCP_OPTIONS_WINDOWS] = { 24, "\x02\x04\x05\xb4\x01\x03\x03\x08\x01\x01\x04\x02"
					      "\x22\x0a""cookie-8\x01\x01" },
		[TCP_OPTIONS_LINUX] = { 32, "\x02\x04\x05\xb4\x04\x02\x08\x0a\0\x01\0\0\0\0\0\0"
					    "\x01\x03\x03\x07\x22\x0a""cookie-8\x01\x01" },
		[TCP_OPTIONS_BSD] = { 32, "\x02\x04\x05\xb4\x01\x03\x03\x06\x04\x02\x08\x0a"
					  "\0\x01\0\0\0\0\0\0\x22\x0a""cookie-8\x01\x01" },
		[TCP_OPTIONS_MSS] = { 16, "\x02\x04\x05\xb4\x22\x0a""cookie-8\x01\x01" },
		[TCP_OPTIONS_NONE] = { 12, "\x22\x0a""cookie-8\x01\x01" },
	};
	struct rng rng = { 1 };
	struct craft_syn syn = random_syn(&rng, false, &shapes[4]);
	struct packet p;

	init(row->set);
	memcpy(cookie, "cookie-8", 8);
	check_syn(&syn, make(&syn), &p);
	ck_assert_uint_eq(p.tcp.opts_len, areas[row->set].len);
	ck_assert_mem_eq(p.tcp.opts, areas[row->set].v4, p.tcp.opts_len);
}

/* Fields whose words are all ones, or all zeros, or one more than fits: sums that wrap. */
TEST(sums_that_wrap)
{
	static const uint32_t words[] = { 0, 1, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff,
					  0x0000ffff, 0xffff0000, 0xffff0001 };
	struct rng rng = { 2 };

	init(TCP_OPTIONS_LINUX);
	for (int i = 0; i < 2000; i++) {
		const struct shape *shape = &shapes[rng_below(&rng, N_OF(shapes))];
		struct craft_syn syn = random_syn(&rng, i % 2, shape);
		uint32_t w[5];
		struct packet p;

		for (int k = 0; k < 5; k++)
			w[k] = words[rng_below(&rng, N_OF(words))];
		memset(payload, (int)w[4], sizeof(payload));
		memset(cookie, (int)w[3], sizeof(cookie));
		syn.seq = w[0];
		syn.sport = (uint16_t)w[1];
		syn.dport = (uint16_t)w[2];
		if (i % 2 == 0) {
			syn.src = addr_from_v4(w[3]);
			syn.dst = addr_from_v4(w[4]);
		} else {
			syn.src = (struct addr){ ~0ull << w[3] % 60, ~0ull };
			syn.dst = (struct addr){ ~0ull << w[4] % 60, ~0ull };
		}
		syn.payload_len = (uint16_t)rng_below(&rng, 70);
		check_syn(&syn, make(&syn), &p);
	}
}

/* The sequence number that brings the sum to exactly 0xffff: the field is then 0, not 0xffff. */
TEST(sum_of_all_ones)
{
	struct rng rng = { 3 };

	init(TCP_OPTIONS_WINDOWS);
	for (int i = 0; i < 200; i++) {
		struct craft_syn syn = random_syn(&rng, i % 2, &shapes[(size_t)i % N_OF(shapes)]);
		size_t at = CRAFT_LINK_LEN + (i % 2 ? 40 : 20) + 16;
		struct packet p;

		syn.payload_len = (uint16_t)(i % 5);
		syn.seq &= 0xffff0000;
		make(&syn);
		syn.seq |= get_be16(frame + at);
		check_syn(&syn, make(&syn), &p);
		ck_assert_uint_eq(get_be16(frame + at), 0);
	}
}

TEST_EACH(resets, sets)
{
	struct rng rng = { 4 };

	init(row->set);
	for (int i = 0; i < 200; i++) {
		bool v6 = i % 2;
		struct craft_syn syn = random_syn(&rng, v6, &shapes[0]);
		struct packet p;
		size_t len;

		memset(frame, 0xa5, sizeof(frame));
		/* The same header, but for flags, window and number. */
		len = craft_ack(&craft, syn.src, syn.dst, syn.sport, syn.dport, syn.seq,
				0xfedcba98u + (uint32_t)i, frame);
		ck_assert_int_eq(packet_parse(&p, frame + CRAFT_LINK_LEN, len - CRAFT_LINK_LEN),
				 PACKET_OK);
		check_ip(v6, frame + CRAFT_LINK_LEN, len - CRAFT_LINK_LEN);
		ck_assert_uint_eq(p.tcp.flags, TCP_ACK);
		ck_assert_uint_eq(p.tcp.seq, syn.seq);
		ck_assert_uint_eq(p.tcp.ack, 0xfedcba98u + (uint32_t)i);
		len = craft_rst(&craft, syn.src, syn.dst, syn.sport, syn.dport, syn.seq, frame);
		ck_assert_uint_eq(len, CRAFT_LINK_LEN + (v6 ? 40u : 20u) + 20);
		check_link(v6, len);
		ck_assert_int_eq(packet_parse(&p, frame + CRAFT_LINK_LEN, len - CRAFT_LINK_LEN),
				 PACKET_OK);
		check_ip(v6, frame + CRAFT_LINK_LEN, len - CRAFT_LINK_LEN);
		check_headers(&p, v6);
		ck_assert(addr_eq(p.tcp.src, syn.src) && addr_eq(p.tcp.dst, syn.dst));
		ck_assert_uint_eq(p.tcp.sport, syn.sport);
		ck_assert_uint_eq(p.tcp.dport, syn.dport);
		ck_assert_uint_eq(p.tcp.seq, syn.seq);
		ck_assert_uint_eq(p.tcp.ack, 0);
		ck_assert_uint_eq(p.tcp.flags, TCP_RST);
		ck_assert_uint_eq(p.tcp.window, 0);
		ck_assert_uint_eq(p.tcp.opts_len, 0);
		ck_assert_uint_eq(p.tcp.payload_len, 0);
	}
}

/* A packet leaves nothing behind in its template. */
TEST(templates_stay)
{
	struct rng rng = { 5 };
	struct craft before;

	init(TCP_OPTIONS_BSD);
	memcpy(&before, &craft, sizeof(before));
	for (size_t i = 0; i < 4 * N_OF(shapes); i++) {
		struct craft_syn syn = random_syn(&rng, i % 2, &shapes[i / 2 % N_OF(shapes)]);

		syn.payload_len = 33;
		make(&syn);
	}
	ck_assert_mem_eq(&craft, &before, sizeof(craft));
}

/* Behind whatever link header, the same packet. */
TEST(link_headers)
{
	static const struct {
		struct craft_link link;
		size_t len;
		const char *header;	/* but for the Ethertype, which is its end */
	} forms[] = {
		{ { .src = { 2, 1 }, .dst = { 2, 2 }, .vlan_id = 4094 }, 18,
		  "\2\2\0\0\0\0\2\1\0\0\0\0\x81\x00\x0f\xfe" },
		{ { .src = { 2, 1 }, .dst = { 2, 2 }, .vlan_id = 1 }, 18,
		  "\2\2\0\0\0\0\2\1\0\0\0\0\x81\x00\x00\x01" },
		{ { .none = true }, 0, "" },
	};
	static uint8_t plain[CRAFT_FRAME_MAX];
	struct rng rng = { 6 };

	for (size_t i = 0; i < 2 * N_OF(forms) * N_OF(shapes); i++) {
		bool v6 = i % 2;
		size_t form = i / 2 % N_OF(forms), at = forms[form].len, len;
		struct craft_syn syn = random_syn(&rng, v6, &shapes[i / 2 / N_OF(forms)]);
		const struct craft_link both[2] = { forms[form].link, forms[form].link };

		syn.payload_len = (uint16_t)(i % 70);
		init(TCP_OPTIONS_LINUX);
		len = make(&syn) - CRAFT_LINK_LEN;
		memcpy(plain, frame + CRAFT_LINK_LEN, len);
		ck_assert_int_eq(craft_init(&craft, both, TCP_OPTIONS_LINUX, NULL), 0);
		ck_assert_uint_eq(make(&syn), at + len);
		ck_assert_mem_eq(frame + at, plain, len);
		if (at) {
			ck_assert_mem_eq(frame, forms[form].header, at - 2);
			ck_assert_uint_eq(get_be16(frame + at - 2), v6 ? 0x86dd : 0x0800);
		}
		memset(frame, 0xa5, sizeof(frame));
		len = craft_rst(&craft, syn.src, syn.dst, 1, 2, 3, frame);
		ck_assert_uint_eq(len, at + (v6 ? 60 : 40));
		ck_assert_uint_eq(frame[at], v6 ? 0x60 : 0x45);
	}
}

TEST_EACH(length_of_a_request, sets)
{
	struct rng rng = { 7 };
	struct craft_syn syn = random_syn(&rng, false, &shapes[1]);

	init(row->set);
	ck_assert_uint_eq(craft_request_len(&craft), make(&syn));
}

/* Another TTL, and else the same packet; the checksum holds. */
TEST(time_to_live)
{
	struct rng rng = { 8 };

	init(TCP_OPTIONS_WINDOWS);
	for (unsigned int ttl = 0; ttl < 256; ttl++)
		for (int v6 = 0; v6 < 2; v6++) {
			struct craft_syn syn = random_syn(&rng, v6, &shapes[ttl % N_OF(shapes)]);
			static uint8_t before[CRAFT_FRAME_MAX];
			size_t len = make(&syn), at = CRAFT_LINK_LEN + (v6 ? 7 : 8);

			memcpy(before, frame, len);
			craft_set_ttl(&craft, v6, (uint8_t)ttl, frame);
			ck_assert_uint_eq(frame[at], ttl);
			if (!v6)
				ck_assert_uint_eq(plain_sum(0, frame + CRAFT_LINK_LEN, 20), 0xffff);
			frame[at] = before[at];
			if (!v6)
				memcpy(frame + CRAFT_LINK_LEN + 10, before + CRAFT_LINK_LEN + 10,
				       2);
			ck_assert_mem_eq(frame, before, len);
		}
}
