#include <stdlib.h>
#include <string.h>

#include "packet.h"
#include "packets.h"
#include "unit.h"
#include "wire.h"

/* Below short_to bytes a sample is too short, below ok_from its fault is cut. */
static const struct sample {
	const uint8_t *bytes;
	size_t len;
	size_t short_to, ok_from;
	enum packet_fault cut;
	size_t opts_at, opts_len;
} samples[] = {
	{ synack4, sizeof(synack4), 40, 40, PACKET_SHORT, 40, 24 },
	{ synack4_data, sizeof(synack4_data), 40, 40, PACKET_SHORT, 40, 4 },
	{ synack4_ip_options, sizeof(synack4_ip_options), 44, 44, PACKET_SHORT, 44, 4 },
	{ rst4, sizeof(rst4), 40, 40, PACKET_SHORT, 40, 0 },
	{ icmp4_quote_8, sizeof(icmp4_quote_8), 28, 56, PACKET_BAD_QUOTE, 0, 0 },
	{ icmp4_rfc4884, sizeof(icmp4_rfc4884), 28, 56, PACKET_BAD_QUOTE, 68, 24 },
	{ synack6_extensions, sizeof(synack6_extensions), 92, 92, PACKET_SHORT, 92, 12 },
	{ icmp6_quote_extension, sizeof(icmp6_quote_extension), 48, 104, PACKET_BAD_QUOTE, 116,
	  24 },
};

#define N_SAMPLES N_OF(samples)
#define TARGET4 0xc6120407u
#define SOURCE4 0xc6120001u
#define ROUTER4 0xc61209feu

static struct addr addr6(uint64_t lo)
{
	return (struct addr){ 0x2001000200000000ull, lo };
}

/* n bytes in a block of just that size, so that a sanitizer sees a read past them. */
static uint8_t *copy_exact(const uint8_t *bytes, size_t n)
{
	uint8_t *copy = malloc(n ? n : 1);

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, bytes, n);
	return copy;
}

static bool is_inside(const struct packet *p, const uint8_t *buf, size_t len)
{
	return p->tcp.opts_len <= TCPOPT_AREA_MAX && p->tcp.opts >= buf
		&& p->tcp.opts + p->tcp.opts_len <= buf + len;
}

/* What is to be read in a sample: opts NULL: none are there. */
static void check_sample(const uint8_t *bytes, size_t len, const struct packet *want)
{
	const struct packet_tcp *t = &want->tcp;
	struct packet p;

	ck_assert_int_eq(packet_parse(&p, bytes, len), PACKET_OK);
	ck_assert(addr_eq(p.tcp.src, t->src) && addr_eq(p.tcp.dst, t->dst));
	ck_assert_uint_eq(p.tcp.sport, t->sport);
	ck_assert_uint_eq(p.tcp.dport, t->dport);
	ck_assert_uint_eq(p.tcp.seq, t->seq);
	ck_assert_uint_eq(p.tcp.ack, t->ack);
	ck_assert_uint_eq(p.tcp.flags, t->flags);
	ck_assert_uint_eq(p.tcp.window, t->window);
	ck_assert_uint_eq(p.tcp.opts_len, t->opts_len);
	if (t->opts)
		ck_assert_ptr_eq(p.tcp.opts, t->opts);
	ck_assert_int_eq(p.tcp.opts_cut, t->opts_cut);
	ck_assert_uint_eq(p.tcp.payload_len, t->payload_len);
	ck_assert_int_eq(p.is_icmp, want->is_icmp);
	ck_assert(!p.is_icmp || addr_eq(p.icmp_from, want->icmp_from));
	ck_assert_uint_eq(p.icmp_type, want->icmp_type);
	ck_assert_uint_eq(p.icmp_code, want->icmp_code);
	ck_assert_uint_eq(p.ttl, want->ttl);
	ck_assert_uint_eq(p.tos, want->tos);
	ck_assert_uint_eq(p.ip_id, want->ip_id);
	ck_assert_int_eq(p.df, want->df);
}

#define ANSWER .sport = 443, .dport = 20561, .seq = 16909060, .window = 64240, \
	       .flags = TCP_SYN | TCP_ACK
#define QUOTED .sport = 20561, .dport = 443, .seq = 2309737967

TEST(reads_ipv4)
{
	struct packet want = {
		.tcp = { .src = addr_from_v4(TARGET4), .dst = addr_from_v4(SOURCE4), ANSWER,
			 .ack = 2309737968, .opts = synack4 + 40, .opts_len = 24 },
		.ttl = 52, .ip_id = 4660, .df = true,
	};

	check_sample(synack4, sizeof(synack4), &want);
	/* After options of IP. */
	want.tcp.opts = synack4_ip_options + 44;
	want.tcp.opts_len = 4;
	want.tos = 2;
	want.df = false;
	check_sample(synack4_ip_options, sizeof(synack4_ip_options), &want);
}

TEST(reads_ipv6)
{
	uint8_t bytes[sizeof(synack6_extensions)];
	struct packet want = {
		.tcp = { .src = addr6(0x40007), .dst = addr6(1), ANSWER, .ack = 2309737968,
			 .opts = synack6_extensions + 92, .opts_len = 12 },
		.ttl = 52,
	};

	check_sample(synack6_extensions, sizeof(synack6_extensions), &want);
	memcpy(bytes, synack6_extensions, sizeof(bytes));
	put_be32(bytes, 0x6b9abcde);
	want.tcp.opts = bytes + 92;
	want.tos = 0xb9;		/* the traffic class */
	check_sample(bytes, sizeof(bytes), &want);
}

TEST(reads_quotes)
{
	/* The shortest that RFC 792 allows: nothing is known of the options. */
	struct packet want = {
		.tcp = { .src = addr_from_v4(SOURCE4), .dst = addr_from_v4(TARGET4), QUOTED,
			 .opts_cut = true },
		.is_icmp = true, .icmp_from = addr_from_v4(ROUTER4), .icmp_type = 3,
		.icmp_code = 13, .ttl = 61, .ip_id = 4660, .df = true,
	};
	const struct packet v6 = {
		.tcp = { .src = addr6(1), .dst = addr6(0x40007), QUOTED, .flags = TCP_SYN,
			 .window = 64240, .opts = icmp6_quote_extension + 116, .opts_len = 24 },
		.is_icmp = true, .icmp_from = addr6(0x900fe), .icmp_type = 1, .icmp_code = 4,
		.ttl = 61,
	};
	uint8_t padded[28 + 128] = { 0 };

	check_sample(icmp4_quote_8, sizeof(icmp4_quote_8), &want);
	/* RFC 4884 pads a quote to 128 bytes: zeros after the 8 bytes are not a TCP header. */
	memcpy(padded, icmp4_quote_8, sizeof(icmp4_quote_8));
	put_be16(padded + 2, sizeof(padded));
	check_sample(padded, sizeof(padded), &want);
	want.icmp_type = 11;
	want.icmp_code = 0;
	want.ttl = 250;
	want.tcp.flags = TCP_SYN;
	want.tcp.window = 64240;
	want.tcp.opts = icmp4_rfc4884 + 68;
	want.tcp.opts_len = 24;
	want.tcp.opts_cut = false;
	check_sample(icmp4_rfc4884, sizeof(icmp4_rfc4884), &want);
	check_sample(icmp6_quote_extension, sizeof(icmp6_quote_extension), &v6);
}

/* Payload counts by the IP length: short captures keep it, Ethernet padding adds nothing. */
TEST(counts_payload)
{
	uint8_t padded[sizeof(rst4) + 20] = { 0 };
	uint8_t *cut = copy_exact(synack4_data, 44);
	struct packet p;

	ck_assert_int_eq(packet_parse(&p, synack4_data, sizeof(synack4_data)), PACKET_OK);
	ck_assert_uint_eq(p.tcp.payload_len, 19);
	ck_assert_int_eq(packet_parse(&p, cut, 44), PACKET_OK);
	ck_assert_uint_eq(p.tcp.payload_len, 19);
	ck_assert(!p.tcp.opts_cut);
	free(cut);
	memcpy(padded, rst4, sizeof(rst4));
	ck_assert_int_eq(packet_parse(&p, padded, sizeof(padded)), PACKET_OK);
	ck_assert_uint_eq(p.tcp.flags, TCP_RST | TCP_ACK);
	ck_assert_uint_eq(p.tcp.payload_len, 0);
	ck_assert_uint_eq(p.tcp.opts_len, 0);
}

/* What lies past the IP length is not of the packet, even where the data offset reaches there. */
TEST(keeps_to_the_ip_length)
{
	static const struct { size_t at; uint16_t value; uint8_t opts_len; } cases[] = {
		{ 2, 52, 12 }, { 32, 0xf012, 24 },	/* the total length; the data offset */
	};

	for (size_t i = 0; i < 2; i++) {
		uint8_t bytes[sizeof(synack4)];
		struct packet p;

		memcpy(bytes, synack4, sizeof(bytes));
		put_be16(bytes + cases[i].at, cases[i].value);
		ck_assert_int_eq(packet_parse(&p, bytes, sizeof(bytes)), PACKET_OK);
		ck_assert_uint_eq(p.tcp.ack, 2309737968);
		ck_assert_uint_eq(p.tcp.opts_len, cases[i].opts_len);
		ck_assert(p.tcp.opts_cut);
		ck_assert_uint_eq(p.tcp.payload_len, 0);
	}
}

/* Which of a quote's numbers are there, byte by byte of its TCP header. */
TEST(reads_quote_as_far_as_it_goes)
{
	for (size_t n = 8; n <= 44; n++) {
		uint8_t *cut = copy_exact(icmp4_rfc4884, 48 + n);
		struct packet p;

		put_be32(cut + 28 + 20, 0x505101bb);
		if (n >= 12)
			put_be32(cut + 56, 0x01020304);
		ck_assert_int_eq(packet_parse(&p, cut, 48 + n), PACKET_OK);
		ck_assert(p.is_icmp);
		ck_assert_uint_eq(p.tcp.seq, 2309737967);
		ck_assert_uint_eq(p.tcp.ack, n >= 12 ? 0x01020304 : 0);
		ck_assert_uint_eq(p.tcp.flags, n >= 14 ? TCP_SYN : 0);
		ck_assert_uint_eq(p.tcp.window, n >= 16 ? 64240 : 0);
		ck_assert_uint_eq(p.tcp.opts_len, n >= 20 ? n - 20 : 0);
		ck_assert_int_eq(p.tcp.opts_cut, n < 44);
		free(cut);
	}
}

TEST_TIMES(survives_every_truncation, N_SAMPLES)
{
	const struct sample *s = &samples[_i];
	struct packet whole, p;

	ck_assert_int_eq(packet_parse(&whole, s->bytes, s->len), PACKET_OK);
	for (size_t n = 0; n <= s->len; n++) {
		uint8_t *cut = copy_exact(s->bytes, n);
		enum packet_fault fault = packet_parse(&p, cut, n);
		size_t seen = n > s->opts_at ? n - s->opts_at : 0;

		ck_assert_int_eq(fault, n < s->short_to ? PACKET_SHORT
				 : n < s->ok_from ? s->cut : PACKET_OK);
		if (fault == PACKET_OK) {
			ck_assert(is_inside(&p, cut, n));
			ck_assert_uint_eq(p.tcp.opts_len, seen < s->opts_len ? seen : s->opts_len);
			ck_assert_int_eq(p.tcp.opts_cut, n < s->opts_at + s->opts_len
					 || s->opts_at == 0);
			ck_assert_uint_eq(p.tcp.seq, whole.tcp.seq);
			ck_assert_uint_eq(p.tcp.payload_len, whole.tcp.payload_len);
		}
		free(cut);
	}
}

/* Every value of every byte: whatever comes out lies inside the packet. */
TEST_TIMES(survives_every_byte, N_SAMPLES)
{
	const struct sample *s = &samples[_i];
	uint8_t *bytes = copy_exact(s->bytes, s->len);
	unsigned int faults[PACKET_FAULTS] = { 0 };

	for (size_t at = 0; at < s->len; at++) {
		for (unsigned int v = 0; v < 256; v++) {
			struct packet p;
			enum packet_fault fault;

			bytes[at] = (uint8_t)v;
			fault = packet_parse(&p, bytes, s->len);
			faults[fault]++;
			if (fault == PACKET_OK && !is_inside(&p, bytes, s->len))
				ck_abort_msg("byte %zu as %u", at, v);
		}
		bytes[at] = s->bytes[at];
	}
	ck_assert_uint_gt(faults[PACKET_OK], 0);
	ck_assert_uint_gt(faults[PACKET_BAD_IP], 0);
	ck_assert_uint_gt(faults[PACKET_OTHER], 0);
	free(bytes);
}

/* One or two bytes of a sample changed, and what is then wrong with it. */
static const struct change {
	const uint8_t *bytes;
	size_t len, at;
	int width;
	uint16_t value;
	enum packet_fault fault;
} changes[] = {
#define CHANGE(sample, ...) { sample, sizeof(sample), __VA_ARGS__ }
	CHANGE(synack4, 0, 1, 0x55, PACKET_BAD_IP),		/* version */
	CHANGE(synack4, 0, 1, 0x05, PACKET_BAD_IP),
	CHANGE(synack4, 0, 1, 0x44, PACKET_BAD_IP),		/* header length */
	CHANGE(synack4, 0, 1, 0x4f, PACKET_SHORT),
	CHANGE(rst4, 0, 1, 0x4f, PACKET_BAD_IP),		/* above the total length */
	CHANGE(synack4, 2, 2, 0, PACKET_BAD_IP),		/* total length */
	CHANGE(synack4, 2, 2, 19, PACKET_BAD_IP),
	CHANGE(synack4, 2, 2, 20, PACKET_SHORT),
	CHANGE(synack4, 2, 2, 39, PACKET_SHORT),
	CHANGE(synack4, 2, 2, 40, PACKET_OK),
	CHANGE(synack4, 2, 2, 65535, PACKET_OK),
	CHANGE(synack4, 6, 2, 0x2000, PACKET_FRAGMENT),		/* fragment field */
	CHANGE(synack4, 6, 2, 0x6000, PACKET_FRAGMENT),
	CHANGE(synack4, 6, 2, 0x0001, PACKET_FRAGMENT),
	CHANGE(synack4, 6, 2, 0x1fff, PACKET_FRAGMENT),
	CHANGE(synack4, 6, 2, 0x8000, PACKET_OK),
	CHANGE(synack4, 9, 1, 17, PACKET_OTHER),		/* protocol */
	CHANGE(synack4, 9, 1, 58, PACKET_OTHER),
	CHANGE(synack4, 32, 1, 0x00, PACKET_BAD_TCP),		/* data offset */
	CHANGE(synack4, 32, 1, 0x4f, PACKET_BAD_TCP),
	CHANGE(synack4, 32, 1, 0x50, PACKET_OK),
	CHANGE(synack4, 32, 1, 0xf0, PACKET_OK),
	CHANGE(icmp4_rfc4884, 28, 1, 0x44, PACKET_BAD_IP),	/* quote: version and length */
	CHANGE(icmp4_rfc4884, 28, 1, 0x65, PACKET_BAD_IP),
	CHANGE(icmp4_rfc4884, 28, 1, 0x75, PACKET_BAD_IP),
	CHANGE(icmp4_quote_8, 28, 1, 0x46, PACKET_BAD_QUOTE),
	CHANGE(icmp4_quote_8, 28, 1, 0x4f, PACKET_BAD_QUOTE),
	CHANGE(icmp4_quote_8, 30, 2, 0, PACKET_OK),		/* quote: total length */
	CHANGE(icmp4_quote_8, 30, 2, 0x5200, PACKET_OK),
	CHANGE(icmp4_quote_8, 34, 2, 0x0040, PACKET_OK),	/* quote: DF in another order */
	CHANGE(icmp4_quote_8, 37, 1, 17, PACKET_OTHER),		/* quote: protocol */
	CHANGE(icmp4_quote_8, 2, 2, 55, PACKET_BAD_QUOTE),	/* total length */
	CHANGE(icmp4_quote_8, 2, 2, 27, PACKET_SHORT),
	CHANGE(synack6_extensions, 4, 2, 0, PACKET_BAD_IP),	/* payload length */
	CHANGE(synack6_extensions, 4, 2, 7, PACKET_SHORT),
	CHANGE(synack6_extensions, 4, 2, 51, PACKET_SHORT),
	CHANGE(synack6_extensions, 4, 2, 52, PACKET_OK),
	CHANGE(synack6_extensions, 6, 1, 59, PACKET_OTHER),	/* next header */
	CHANGE(synack6_extensions, 6, 1, 1, PACKET_OTHER),
	CHANGE(synack6_extensions, 41, 1, 255, PACKET_SHORT),	/* length of hop-by-hop */
	CHANGE(synack6_extensions, 58, 2, 0x0001, PACKET_FRAGMENT),
	CHANGE(synack6_extensions, 58, 2, 0x0008, PACKET_FRAGMENT),
	CHANGE(synack6_extensions, 58, 2, 0x0006, PACKET_OK),	/* reserved bits */
	CHANGE(icmp6_quote_extension, 6, 1, 1, PACKET_OTHER),	/* ICMP of IPv4 */
	CHANGE(icmp6_quote_extension, 48, 1, 0x45, PACKET_BAD_IP),
	CHANGE(icmp6_quote_extension, 52, 2, 0, PACKET_OK),	/* quote: payload length */
	CHANGE(icmp6_quote_extension, 89, 1, 7, PACKET_BAD_QUOTE),
#undef CHANGE
};

TEST_EACH(finds_fault, changes)
{
	uint8_t *bytes = copy_exact(row->bytes, row->len);
	struct packet p;

	if (row->width == 1)
		bytes[row->at] = (uint8_t)row->value;
	else
		put_be16(bytes + row->at, row->value);
	ck_assert_int_eq(packet_parse(&p, bytes, row->len), row->fault);
	free(bytes);
}

/* An IPv4-mapped address in an IPv6 header would be taken for that IPv4 address. */
TEST(refuses_mapped_addresses)
{
	static const size_t at[] = { 8, 24 }, quoted_at[] = { 56, 72 };

	for (size_t i = 0; i < 2; i++) {
		uint8_t segment[sizeof(synack6_extensions)], icmp[sizeof(icmp6_quote_extension)];
		struct packet p;

		memcpy(segment, synack6_extensions, sizeof(segment));
		addr_to_wire6(addr_from_v4(TARGET4), segment + at[i]);
		ck_assert_int_eq(packet_parse(&p, segment, sizeof(segment)), PACKET_BAD_IP);
		memcpy(icmp, icmp6_quote_extension, sizeof(icmp));
		addr_to_wire6(addr_from_v4(TARGET4), icmp + quoted_at[i]);
		ck_assert_int_eq(packet_parse(&p, icmp, sizeof(icmp)), PACKET_BAD_IP);
	}
}

/* Those that end an attempt to connect; none about its size or its way (icmp.h). */
TEST(reads_errors_only)
{
	uint8_t v4[sizeof(icmp4_quote_8)], v6[sizeof(icmp6_quote_extension)];
	struct packet p;

	memcpy(v4, icmp4_quote_8, sizeof(v4));
	memcpy(v6, icmp6_quote_extension, sizeof(v6));
	for (unsigned int type = 0; type < 256; type++)
		for (unsigned int code = 0; code < 256; code++) {
			bool error4 = (type == 3 && code != 4) || type == 11 || type == 12;
			bool error6 = type == 1 || type == 3 || type == 4;

			v4[20] = v6[40] = (uint8_t)type;
			v4[21] = v6[41] = (uint8_t)code;
			ck_assert_int_eq(packet_parse(&p, v4, sizeof(v4)),
					 error4 ? PACKET_OK : PACKET_OTHER);
			ck_assert_int_eq(packet_parse(&p, v6, sizeof(v6)),
					 error6 ? PACKET_OK : PACKET_OTHER);
		}
}
