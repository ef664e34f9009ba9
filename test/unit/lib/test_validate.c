#include <errno.h>
#include <string.h>

#include "err.h"
#include "tcpopt.h"
#include "unit.h"
#include "validate.h"
#include "wire.h"

#define PORT_FIRST 10000
#define PORT_LAST 32767
#define DPORT 443
#define DLEN_MAX 1420

static const uint8_t key[16] = "0123456789abcdef";
static const uint8_t attempts[PROBE_KINDS] = {
	[PROBE_SYN] = 2, [PROBE_REQUEST] = 3, [PROBE_DATA] = 2, [PROBE_BLIND] = 1,
};

/* A validator, and one probe in each family. */
static struct validator validator;
static struct family {
	struct addr src, dst;
	struct validate_tag tag;
} families[2];

static void start(void)
{
	ck_assert_int_eq(validate_init(&validator, key, PORT_FIRST, PORT_LAST, attempts, NULL), 0);
	families[0].src = addr_from_v4(0xc6120001);
	families[0].dst = addr_from_v4(0xc6120407);
	families[1].src = (struct addr){ 0x2001000200000000ull, 1 };
	families[1].dst = (struct addr){ 0x2001000200000000ull, 0x40007 };
	for (size_t i = 0; i < 2; i++)
		families[i].tag = validate_tag(&validator, families[i].src, families[i].dst, DPORT,
					       PROBE_DATA, 1);
}

/* What f's target answers, with an acknowledgement of ack from the probe's sequence number on. */
static struct wire answer(const struct family *f, uint8_t flags, uint32_t ack)
{
	return (struct wire){
		.src = f->dst, .dst = f->src, .sport = DPORT, .dport = f->tag.sport,
		.seq = 0x01020304, .ack = f->tag.seq + ack, .flags = flags,
	};
}

/* The SYN of f's probe. */
static struct wire own_syn(const struct family *f)
{
	return (struct wire){
		.src = f->src, .dst = f->dst, .sport = f->tag.sport, .dport = DPORT,
		.seq = f->tag.seq, .flags = TCP_SYN,
	};
}

static enum validate_class validate_wire(const struct wire *w, uint32_t dlen_max,
					 struct validate_match *m)
{
	uint8_t buf[WIRE_MAX];
	struct packet p;

	if (packet_parse(&p, buf, wire_tcp(w, buf)) != PACKET_OK)
		ck_abort_msg("a packet of the test's own does not parse");
	validate_packet(&validator, &p, dlen_max, m);
	return m->class;
}

static void assert_match(const struct validate_match *m, const struct family *f)
{
	ck_assert(addr_eq(m->src, f->src));
	ck_assert(addr_eq(m->dst, f->dst));
	ck_assert_uint_eq(m->dport, DPORT);
	ck_assert_uint_eq(m->kind, PROBE_DATA);
	ck_assert_uint_eq(m->attempt, 1);
	ck_assert_uint_eq(m->tag.seq, f->tag.seq);
	ck_assert_uint_eq(m->tag.sport, f->tag.sport);
}

TEST_AROUND(start, NULL)

TEST_EACH(parts_cover_the_range_once, families)
{
	unsigned int width = (PORT_LAST - PORT_FIRST + 1) / 8, part = 0;

	ck_assert_uint_eq(validator.part_width, width);
	for (unsigned int kind = 0; kind < PROBE_KINDS; kind++) {
		for (unsigned int a = 0; a < attempts[kind]; a++, part++) {
			for (unsigned int dport = 1; dport < 500; dport++) {
				struct validate_tag t = validate_tag(&validator, row->src, row->dst,
						(uint16_t)dport, (uint8_t)kind, (uint8_t)a);

				ck_assert_uint_ge(t.sport, PORT_FIRST + part * width);
				ck_assert_uint_lt(t.sport, PORT_FIRST + (part + 1) * width);
			}
		}
	}
	ck_assert_uint_eq(part, 8);
}

/* Each of the things that the hash is over, and the key, changes the sequence number. */
TEST_EACH(tag_depends_on_everything, families)
{
	struct addr src = addr_add(row->src, 1), dst = addr_add(row->dst, 1);
	const struct validator *v = &validator;
	struct validator other;
	uint32_t seq[7];

	ck_assert_int_eq(validate_init(&other, (const uint8_t *)"0123456789abcdeF", PORT_FIRST,
				       PORT_LAST, attempts, NULL), 0);
	seq[0] = row->tag.seq;
	seq[1] = validate_tag(v, src, row->dst, DPORT, PROBE_DATA, 1).seq;
	seq[2] = validate_tag(v, row->src, dst, DPORT, PROBE_DATA, 1).seq;
	seq[3] = validate_tag(v, row->src, row->dst, DPORT + 1, PROBE_DATA, 1).seq;
	seq[4] = validate_tag(v, row->src, row->dst, DPORT, PROBE_BLIND, 1).seq;
	seq[5] = validate_tag(v, row->src, row->dst, DPORT, PROBE_DATA, 0).seq;
	seq[6] = validate_tag(&other, row->src, row->dst, DPORT, PROBE_DATA, 1).seq;
	for (size_t i = 0; i < 7; i++)
		for (size_t j = 0; j < i; j++)
			ck_assert_uint_ne(seq[i], seq[j]);
	ck_assert_uint_eq(validate_tag(v, row->src, row->dst, DPORT, PROBE_DATA, 1).seq, seq[0]);
}

TEST(refuses_what_does_not_fit)
{
	static const uint8_t six[PROBE_KINDS] = { 2, 2, 2 }, none[PROBE_KINDS];
	struct validator v;
	struct err e = { "" };

	ck_assert_int_eq(validate_init(&v, key, 10000, 10003, six, &e), -ERANGE);
	ck_assert_str_eq(e.msg, "--source-port 10000-10003: 4 ports are too few for 6 probe kinds "
			 "and attempts; give at least 6");
	e.msg[0] = '\0';
	ck_assert_int_eq(validate_init(&v, key, 10000, 10000, six, &e), -ERANGE);
	ck_assert_str_eq(e.msg, "--source-port 10000-10000: 1 port is too few for 6 probe kinds "
			 "and attempts; give at least 6");
	e.msg[0] = '\0';
	ck_assert_int_eq(validate_init(&v, key, 10005, 10000, six, &e), -ERANGE);
	ck_assert_str_eq(e.msg, "--source-port 10005-10000: the last port is below the first");
	ck_assert_int_eq(validate_init(&v, key, 10000, 10005, none, NULL), -EINVAL);
}

/* The narrowest range, one port for each part, and the widest, of one part. */
TEST_EACH(takes_narrow_and_wide_ranges, families)
{
	static const uint8_t six[PROBE_KINDS] = { 2, 0, 4 }, one[PROBE_KINDS] = { 1 };
	struct family f = *row;

	ck_assert_int_eq(validate_init(&validator, key, 65530, 65535, six, NULL), 0);
	for (uint8_t a = 0; a < 4; a++) {
		struct validate_match m;
		struct wire w;

		f.tag = validate_tag(&validator, f.src, f.dst, DPORT, 2, a);
		ck_assert_uint_eq(f.tag.sport, 65532u + a);
		w = answer(&f, TCP_SYN | TCP_ACK, 1);
		ck_assert_int_eq(validate_wire(&w, 0, &m), VALIDATE_SYNACK);
		ck_assert_uint_eq(m.kind, 2);
		ck_assert_uint_eq(m.attempt, a);
	}
	ck_assert_int_eq(validate_init(&validator, key, 0, 65535, one, NULL), 0);
	for (unsigned int dport = 1; dport < 1000; dport++) {
		struct validate_tag t = validate_tag(&validator, f.src, f.dst, (uint16_t)dport,
						     0, 0);
		struct wire w = { .src = f.dst, .dst = f.src, .sport = (uint16_t)dport,
				  .dport = t.sport, .ack = t.seq + 1, .flags = TCP_SYN | TCP_ACK };
		struct validate_match m;

		ck_assert_int_eq(validate_wire(&w, 0, &m), VALIDATE_SYNACK);
	}
}

/* All 256 flag bytes of an answer that acknowledges the SYN. */
TEST_EACH(classes_by_flags, families)
{
	for (unsigned int flags = 0; flags < 256; flags++) {
		struct wire w = answer(row, (uint8_t)flags, 1);
		enum validate_class want = VALIDATE_UNMATCHED;
		struct validate_match m;

		if (flags & TCP_RST)
			want = flags & TCP_ACK ? VALIDATE_RST : VALIDATE_RST_BARE;
		else if (flags & TCP_ACK)
			want = flags & TCP_SYN ? VALIDATE_SYNACK : VALIDATE_DATA;
		ck_assert_int_eq(validate_wire(&w, DLEN_MAX, &m), want);
		if (want != VALIDATE_UNMATCHED)
			assert_match(&m, row);
	}
}

/* Acknowledgements from one below the SYN to beyond all data. */
TEST_EACH(bounds_what_is_acked, families)
{
	static const uint8_t flags[] = { TCP_SYN | TCP_ACK, TCP_RST | TCP_ACK, TCP_ACK,
					 TCP_FIN | TCP_ACK | TCP_PSH };
	static const struct {
		uint32_t ack, dlen_max;
		bool ours;
	} cases[] = {
		{ 0, 1420, false }, { 1, 1420, true }, { 2, 1420, true }, { 101, 1420, true },
		{ 1421, 1420, true }, { 1422, 1420, false }, { 100101, 1420, false },
		{ 1, 0, true }, { 2, 0, false }, { 0x80000001, 1420, false },
		{ 0xffffffff, 1420, false },
	};

	for (size_t i = 0; i < N_OF(cases); i++) {
		for (size_t k = 0; k < sizeof(flags); k++) {
			struct wire w = answer(row, flags[k], cases[i].ack);
			struct validate_match m;
			bool ours = validate_wire(&w, cases[i].dlen_max, &m) != VALIDATE_UNMATCHED;

			ck_assert_int_eq(ours, cases[i].ours);
			ck_assert_uint_eq(m.acked, ours ? cases[i].ack - 1 : 0);
			ck_assert(ours || addr_eq(m.dst, (struct addr){ 0, 0 }));
		}
	}
}

/* A sequence number so near 2^32 that the data's acknowledgement begins anew at 0. */
TEST_EACH(counts_modulo_2_32, families)
{
	static const uint32_t dlen = 60000;
	struct family f = *row;
	uint32_t to_zero;

	for (unsigned int n = 0; n < 10000000 && -f.tag.seq >= dlen; n++) {
		f.dst = addr_add(f.dst, 1);
		f.tag = validate_tag(&validator, f.src, f.dst, DPORT, PROBE_DATA, 1);
	}
	to_zero = -f.tag.seq;
	ck_assert_uint_lt(to_zero, dlen);
	for (int step = -1; step <= 1; step++) {
		struct wire w = answer(&f, TCP_SYN | TCP_ACK, to_zero + (uint32_t)step);
		struct validate_match m;

		ck_assert_uint_eq(w.ack, (uint32_t)step);
		ck_assert_int_eq(validate_wire(&w, dlen, &m), VALIDATE_SYNACK);
		ck_assert_uint_eq(m.acked, to_zero + (uint32_t)step - 1);
		assert_match(&m, &f);
		w = answer(&f, TCP_SYN | TCP_ACK, dlen + 1 + (uint32_t)step);
		ck_assert_int_eq(validate_wire(&w, dlen, &m),
				 step == 1 ? VALIDATE_UNMATCHED : VALIDATE_SYNACK);
	}
}

/* One bit changed in what the hash is over or gives: not an answer to a probe of ours. */
TEST_EACH(refuses_one_wrong_bit, families)
{
	const struct wire good = answer(row, TCP_SYN | TCP_ACK, 1);
	struct validate_match m;

	ck_assert_int_eq(validate_wire(&good, 0, &m), VALIDATE_SYNACK);
	for (unsigned int bit = 0; bit < 32; bit++) {
		struct wire bad[] = { good, good, good, good, good };

		bad[0].ack ^= 1u << bit;
		bad[1].src.lo ^= 1u << bit;
		bad[2].dst.lo ^= 1u << bit;
		bad[3].sport ^= (uint16_t)(1u << bit % 16);
		bad[4].dport ^= (uint16_t)(1u << bit % 16);
		for (size_t i = 0; i < N_OF(bad); i++)
			ck_assert_int_eq(validate_wire(&bad[i], 0, &m), VALIDATE_UNMATCHED);
	}
}

/* The number of one attempt at the port of another. */
TEST_EACH(keeps_attempts_apart, families)
{
	struct validate_tag first = validate_tag(&validator, row->src, row->dst, DPORT,
						 PROBE_DATA, 0);
	struct wire w = answer(row, TCP_SYN | TCP_ACK, 1);
	struct validate_match m;

	w.dport = first.sport;
	ck_assert_int_eq(validate_wire(&w, DLEN_MAX, &m), VALIDATE_UNMATCHED);
	w.ack = first.seq + 1;
	ck_assert_int_eq(validate_wire(&w, DLEN_MAX, &m), VALIDATE_SYNACK);
	ck_assert_uint_eq(m.kind, PROBE_DATA);
	ck_assert_uint_eq(m.attempt, 0);
}

/* Of all ports, a bare RST fits one in each part: the one that the hash gives. */
TEST_EACH(bare_rst_fits_one_port_a_part, families)
{
	struct wire w = answer(row, TCP_RST, 1);
	unsigned int fits = 0;

	for (unsigned int port = 0; port < 65536; port++) {
		struct validate_match m;

		w.dport = (uint16_t)port;
		if (validate_wire(&w, 0, &m) == VALIDATE_UNMATCHED)
			continue;
		ck_assert_int_eq(m.class, VALIDATE_RST_BARE);
		ck_assert_uint_eq(m.tag.sport, port);
		ck_assert_uint_eq(m.acked, 0);
		fits++;
	}
	ck_assert_uint_eq(fits, 8);
}

/* Each part of a run has its ports a turn further; who reads a capture of it takes them all. */
TEST_EACH(takes_later_turns_of_a_capture, families)
{
	struct wire w = answer(row, TCP_SYN | TCP_ACK, 1);
	struct validate_match m;

	for (unsigned int turn = 0; turn < 9; turn++) {
		validator.turn = (uint16_t)turn;
		w.dport = validate_tag(&validator, row->src, row->dst, DPORT, PROBE_DATA, 1).sport;
		validator.turn = 0;
		validator.later_turns = 7;
		if (turn > 7) {
			ck_assert_int_eq(validate_wire(&w, DLEN_MAX, &m), VALIDATE_UNMATCHED);
			continue;
		}
		ck_assert_int_eq(validate_wire(&w, DLEN_MAX, &m), VALIDATE_SYNACK);
		ck_assert_uint_eq(m.turn, turn);
		ck_assert_uint_eq(m.tag.sport, w.dport);
		validator.later_turns = 0;
		ck_assert_int_eq(validate_wire(&w, DLEN_MAX, &m),
				 turn ? VALIDATE_UNMATCHED : VALIDATE_SYNACK);
	}
}

TEST_EACH(knows_its_own_syn, families)
{
	struct wire w = own_syn(row);
	struct validate_match m;

	w.payload_len = 100;
	ck_assert_int_eq(validate_wire(&w, DLEN_MAX, &m), VALIDATE_SENT);
	assert_match(&m, row);
	w.seq++;
	ck_assert_int_eq(validate_wire(&w, DLEN_MAX, &m), VALIDATE_UNMATCHED);
	w.seq--;
	w.dport++;
	ck_assert_int_eq(validate_wire(&w, DLEN_MAX, &m), VALIDATE_UNMATCHED);
	w.dport--;
	w.flags = TCP_ACK;
	ck_assert_int_eq(validate_wire(&w, DLEN_MAX, &m), VALIDATE_UNMATCHED);
}

/* Quotes of n bytes from the TCP header's 8 on; from a router and from the target itself. */
TEST_EACH(takes_quotes_of_its_syn, families)
{
	struct addr from[] = { addr_add(row->dst, 77), row->dst };
	size_t head = addr_is_v4(row->src) ? 20 : 40;
	uint8_t opts[TCPOPT_AREA_MAX], quote[WIRE_MAX], buf[WIRE_MAX];
	struct wire w = own_syn(row);
	struct validate_match m;
	struct packet p;
	size_t whole;

	w.opts = opts;
	w.opts_len = wire_hex("220a3021b9d889017eeb", opts);
	w.payload_len = 10;
	whole = wire_tcp(&w, quote);
	for (size_t n = head + 8; n <= whole; n++) {
		size_t len = wire_icmp(from[n % 2], row->src, 3, 1, quote, n, buf);

		ck_assert_int_eq(packet_parse(&p, buf, len), PACKET_OK);
		validate_packet(&validator, &p, DLEN_MAX, &m);
		ck_assert_int_eq(m.class, VALIDATE_ICMP);
		assert_match(&m, row);
		ck_assert_uint_eq(m.acked, 0);
	}
	for (size_t bit = head * 8; bit < (head + 8) * 8; bit++) {
		size_t len;

		quote[bit / 8] ^= (uint8_t)(1u << bit % 8);
		len = wire_icmp(from[0], row->src, 3, 1, quote, whole, buf);
		quote[bit / 8] ^= (uint8_t)(1u << bit % 8);
		ck_assert_int_eq(packet_parse(&p, buf, len), PACKET_OK);
		validate_packet(&validator, &p, DLEN_MAX, &m);
		ck_assert_int_eq(m.class, VALIDATE_UNMATCHED);
	}
}

/* The quoted packet is an answer to a probe, not a probe: whoever quotes it is not on our path. */
TEST_EACH(refuses_quotes_of_answers, families)
{
	struct wire w = answer(row, TCP_SYN | TCP_ACK, 1);
	uint8_t quote[WIRE_MAX], buf[WIRE_MAX];
	struct validate_match m;
	struct packet p;
	size_t len;

	w.seq = row->tag.seq;
	len = wire_icmp(row->dst, row->src, 3, 1, quote, wire_tcp(&w, quote), buf);
	ck_assert_int_eq(packet_parse(&p, buf, len), PACKET_OK);
	validate_packet(&validator, &p, DLEN_MAX, &m);
	ck_assert_int_eq(m.class, VALIDATE_UNMATCHED);
}

/* Of every port, by going through the parts; and back from each probe's own port. */
static const uint16_t ranges[][2] = {
	{ PORT_FIRST, PORT_LAST }, { 1000, 1007 }, { 0, 65535 }, { 65528, 65535 },
	{ 20000, 20014 },
};

TEST_EACH(parts_of_ports, ranges)
{
	uint8_t kind, attempt;
	struct validator v;
	unsigned int port = (*row)[0];

	ck_assert_int_eq(validate_init(&v, key, (*row)[0], (*row)[1], attempts,
				       NULL), 0);
	for (unsigned int p = 0; p < port; p++)
		ck_assert(!validate_part(&v, (uint16_t)p, &kind, &attempt));
	for (uint8_t k = 0; k < PROBE_KINDS; k++)
		for (uint8_t a = 0; a < attempts[k]; a++)
			for (unsigned int i = 0; i < v.part_width; i++, port++)
				if (!validate_part(&v, (uint16_t)port, &kind, &attempt)
				    || kind != k || attempt != a)
					ck_abort_msg("port %u: %u/%u", port, kind, attempt);
	for (; port <= UINT16_MAX; port++)
		ck_assert(!validate_part(&v, (uint16_t)port, &kind, &attempt));
}

/* One part that is all ports is as wide as a width can be; of none there is no part. */
TEST(parts_at_the_limits)
{
	static const uint8_t one[PROBE_KINDS] = { [PROBE_FORGED] = 1 };
	uint8_t kind, attempt;
	struct validator v;

	ck_assert_int_eq(validate_init(&v, key, 0, 65535, one, NULL), 0);
	for (unsigned int port = 0; port < 65535; port++) {
		ck_assert(validate_part(&v, (uint16_t)port, &kind, &attempt));
		ck_assert(kind == PROBE_FORGED && attempt == 0);
	}
	ck_assert(!validate_part(&v, 65535, &kind, &attempt));
	v = (struct validator){ .port_last = 65535 };
	ck_assert(!validate_part(&v, 443, &kind, &attempt));
}

/* ---- hop probes ---------------------------------------------------------------------------- */

static const struct hop {
	uint8_t ttl, attempt;
	bool feature;
} hops[] = {
	{ 1, 0, false }, { 1, 0, true }, { 2, 1, false }, { 31, 5, true }, { 64, 7, false },
	{ 64, 7, true },
};

static uint32_t hop_seq(const struct family *f, const struct hop *h)
{
	return validate_hop_seq(validate_hop_base(&validator, f->src, f->dst, DPORT, PROBE_DATA,
						  1), h->ttl, h->feature, h->attempt);
}

static void assert_hop(const struct validate_match *m, const struct family *f, const struct hop *h)
{
	ck_assert_uint_eq(m->kind, PROBE_HOP);
	ck_assert_uint_eq(m->attempt, h->attempt);
	ck_assert_uint_eq(m->hop.kind, PROBE_DATA);
	ck_assert_uint_eq(m->hop.attempt, 1);
	ck_assert_uint_eq(m->hop.ttl, h->ttl);
	ck_assert_int_eq(m->hop.feature, h->feature);
	ck_assert_uint_eq(m->tag.seq, hop_seq(f, h));
	ck_assert_uint_eq(m->tag.sport, f->tag.sport);
	ck_assert(addr_eq(m->dst, f->dst) && addr_eq(m->src, f->src));
}

/* From the port of the probe that it imitates, and all that it is in the sequence number. */
TEST_EACH(knows_hop_probes, hops)
{
	for (size_t i = 0; i < 2; i++) {
		const struct family *f = &families[i];
		struct wire own = own_syn(f), rst = answer(f, TCP_RST | TCP_ACK, 0);
		uint8_t quoted[WIRE_MAX], bytes[WIRE_MAX];
		struct validate_match m;
		struct packet p;
		size_t len;

		own.seq = hop_seq(f, row);
		rst.ack = own.seq + 1;
		ck_assert_int_eq(validate_wire(&own, DLEN_MAX, &m), VALIDATE_UNMATCHED);
		ck_assert_int_eq(validate_wire(&rst, DLEN_MAX, &m), VALIDATE_UNMATCHED);
		validator.hops = true;
		ck_assert_int_eq(validate_wire(&own, DLEN_MAX, &m), VALIDATE_SENT);
		assert_hop(&m, f, row);
		ck_assert_int_eq(validate_wire(&rst, DLEN_MAX, &m), VALIDATE_RST);
		assert_hop(&m, f, row);
		len = wire_tcp(&own, quoted);
		len = wire_icmp(addr_add(f->dst, 9), f->src, i ? 3 : 11, 0, quoted,
				len < 48 ? len : 48, bytes);
		ck_assert_int_eq(packet_parse(&p, bytes, len), PACKET_OK);
		validate_packet(&validator, &p, DLEN_MAX, &m);
		ck_assert_int_eq(m.class, VALIDATE_ICMP);
		assert_hop(&m, f, row);
		validator.hops = false;
	}
}

/* One that acknowledges data, too: which it is shows once their length is known. */
TEST_EACH(knows_hop_probes_by_their_data, hops)
{
	for (uint32_t dlen = 1; dlen <= DLEN_MAX; dlen += 129) {
		const struct family *f = &families[0];
		struct wire rst = answer(f, TCP_RST | TCP_ACK, 0);
		struct validate_match m;

		validator.hops = true;
		rst.ack = hop_seq(f, row) + 1 + dlen;
		ck_assert_int_eq(validate_wire(&rst, DLEN_MAX, &m), VALIDATE_RST);
		ck_assert_uint_eq(m.kind, PROBE_HOP);
		ck_assert(validate_hop_acked(&m, rst.ack, dlen));
		ck_assert_uint_eq(m.acked, dlen);
		assert_hop(&m, f, row);
		rst.ack += VALIDATE_HOP_MASK + 1 + DLEN_MAX;
		ck_assert_int_eq(validate_wire(&rst, DLEN_MAX, &m), VALIDATE_UNMATCHED);
		validator.hops = false;
	}
}

/* The numbers of the probe itself stay what they are. */
TEST_EACH(hops_beside_the_probe, families)
{
	struct wire own = own_syn(row), w = answer(row, TCP_SYN | TCP_ACK, 1);
	struct validate_match m;

	validator.hops = true;
	ck_assert_int_eq(validate_wire(&own, DLEN_MAX, &m), VALIDATE_SENT);
	assert_match(&m, row);
	ck_assert_int_eq(validate_wire(&w, DLEN_MAX, &m), VALIDATE_SYNACK);
	assert_match(&m, row);
	for (unsigned int bit = 10; bit < 32; bit++) {
		own.seq = hop_seq(row, &hops[0]) ^ 1u << bit;
		ck_assert_int_eq(validate_wire(&own, DLEN_MAX, &m), VALIDATE_UNMATCHED);
	}
	validator.hops = false;
}
