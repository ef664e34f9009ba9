/*
 * bpf/answers.bpf.c against lib/: what it makes of a frame is what packet_parse() and
 * validate_packet() say of it. Run frame by frame with BPF_PROG_TEST_RUN: on no interface, and
 * nothing is sent. Built only where the program is; where the kernel runs none it says so.
 */
#include "unit.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "kernel_answers.h"
#include "kernel_clock.h"
#include "neighbour.h"
#include "packet.h"
#include "payload.h"
#include "rng.h"
#include "validate.h"
#include "wire.h"

#include "answers.skel.h"

#define ETHER_LEN	14
#define TYPE_V4		0x0800
#define TYPE_V6		0x86dd
#define FRAME_MAX	2048
#define RING_LEN	(64u << 10)
#define CORPUS		"test/fuzz/corpus"	/* `make check-unit` runs in the source's root */

/* What the program made of a frame. */
struct outcome {
	uint32_t verdict;		/* XDP_... */
	unsigned int records;		/* in the ring; the last one: */
	uint32_t caplen;
	uint8_t bytes[ERROR_SNAPLEN];
	uint64_t unmatched;
};

static struct answers_bpf *bpf;
static struct ring_buffer *ring;
static struct outcome outcome;
static struct validator validator;
static bool runs, requests;
static uint64_t n_given, n_dropped, unmatched;

/* ---- the program --------------------------------------------------------------------------- */

static int on_record(void *arg, void *data, size_t size)
{
	const struct answers_record *r = data;

	(void)arg;
	outcome.records++;
	outcome.caplen = r->caplen;
	ck_assert_uint_le(r->caplen, sizeof(outcome.bytes));
	ck_assert_uint_ge(size, sizeof(*r) + r->caplen);
	ck_assert_uint_le(r->ns, kernel_clock_now_ns());
	ck_assert_uint_ge(r->ns + NS_PER_S * 60, kernel_clock_now_ns());
	ck_assert_uint_ge(r->len, r->caplen);
	memcpy(outcome.bytes, r->bytes, r->caplen);
	return 0;
}

/* Whether the kernel lets this user run it; else says, once for all tests, why not. */
static bool can_run(void)
{
	int map = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "probe", 0, 0, 4096, NULL);
	const char *why = map < 0 ? strerror(-map) : "no bpf_xdp_load_bytes() (Linux 5.18)";
	bool can = map >= 0 && libbpf_probe_bpf_helper(BPF_PROG_TYPE_XDP, BPF_FUNC_xdp_load_bytes,
						       NULL) == 1;

	if (map >= 0)
		close(map);
	if (!can)
		fprintf(stderr, "answers_xdp: skipped, the kernel runs no such program for this "
			"user: %s\n", why);
	return can;
}

static int __attribute__((format(printf, 2, 0)))
say_warnings(enum libbpf_print_level level, const char *format, va_list args)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, format, args) : 0;
}

/* Key and attempts are the fuzz targets', so that their corpus fits. False: skipped. */
static bool begin(uint16_t port_first, uint16_t port_last, uint32_t ring_len)
{
	static const uint8_t attempts[PROBE_KINDS] = { 2, 3, 1, 2, 0, 1, 4, 1 };
	struct answers_facts *f;

	libbpf_set_print(say_warnings);
	if (!runs)
		return false;
	ck_assert_int_eq(validate_init(&validator, (const uint8_t *)"a key for fuzzes", port_first,
				       port_last, attempts, NULL), 0);
	bpf = answers_bpf__open();
	ck_assert_ptr_nonnull(bpf);
	f = &bpf->rodata->facts;
	f->validator = validator;
	f->dlen_max = PAYLOAD_MAX;
	f->arp_requests = f->solicitations = requests;
	bpf_map__set_max_entries(bpf->maps.ring, ring_len);
	ck_assert_int_eq(answers_bpf__load(bpf), 0);
	ring = ring_buffer__new(bpf_map__fd(bpf->maps.ring), on_record, NULL, NULL);
	ck_assert_ptr_nonnull(ring);
	n_given = n_dropped = unmatched = 0;
	return true;
}

static bool begin_usual(void)
{
	return begin(10000, 32767, RING_LEN);
}

static void end(void)
{
	ring_buffer__free(ring);
	answers_bpf__destroy(bpf);
}

static struct answers_marks read_marks(void)
{
	int n = libbpf_num_possible_cpus();
	struct answers_marks sum = { 0, 0 }, *v = calloc((size_t)n, sizeof(*v));
	uint32_t zero = 0;

	ck_assert_ptr_nonnull(v);
	ck_assert_int_eq(bpf_map_lookup_elem(bpf_map__fd(bpf->maps.marks), &zero, v), 0);
	for (int i = 0; i < n; i++) {
		sum.lost += v[i].lost;
		sum.unmatched += v[i].unmatched;
	}
	free(v);
	return sum;
}

/* Returns its verdict; records stay in the ring. It may not change the frame. */
static uint32_t run(const uint8_t *frame, size_t len)
{
	uint8_t after[FRAME_MAX];
	struct bpf_test_run_opts opts = {
		.sz = sizeof(opts), .data_in = frame, .data_size_in = (uint32_t)len,
		.data_out = after, .data_size_out = sizeof(after), .repeat = 1,
	};

	ck_assert_int_eq(bpf_prog_test_run_opts(bpf_program__fd(bpf->progs.answers), &opts), 0);
	ck_assert_uint_eq(opts.data_size_out, len);
	ck_assert_mem_eq(after, frame, len);
	return opts.retval;
}

/* ---- what it is to do ---------------------------------------------------------------------- */

struct expected {
	uint32_t verdict;
	bool must, may;			/* be handed over */
	bool unmatched;			/* counted */
};

/* Behind an IPv6 extension header it does not look: that goes on, as what answers nothing does. */
static bool is_seen(const uint8_t *ip, uint16_t type)
{
	if (type == TYPE_V4)
		return ip[0] >> 4 == 4;
	return type == TYPE_V6 && ip[0] >> 4 == 6 && (ip[6] == 6 || ip[6] == 58);
}

static struct expected expect_tcp(const struct packet *p, enum validate_class class)
{
	const struct packet_tcp *t = &p->tcp;
	bool ours = t->dport >= validator.port_first && t->dport <= validator.port_last;
	struct expected x = { .verdict = XDP_PASS };

	x.unmatched = ours && class >= VALIDATE_SENT && t->flags & (TCP_ACK | TCP_RST);
	x.must = x.may = class <= VALIDATE_DATA;
	if (class <= VALIDATE_DATA && class != VALIDATE_RST_BARE)
		x.verdict = XDP_DROP;
	return x;
}

static struct expected expect(const uint8_t *frame, size_t len)
{
	struct expected x = { .verdict = XDP_PASS };
	uint16_t type = get_be16(frame + ETHER_LEN - 2);
	const uint8_t *ip = frame + ETHER_LEN;
	struct neighbour_request request;
	struct validate_match m;
	struct packet p;

	if (requests && neighbour_parse_request(&request, type, ip, len - ETHER_LEN))
		x.must = x.may = true;
	if (type == NEIGHBOUR_TYPE_ARP)
		x.may = requests;
	if (len == ETHER_LEN || !is_seen(ip, type))
		return x;
	/* Errors and requests are looked at by tfomap, and go on in any case. */
	if (len >= ETHER_LEN + 20 && ip[type == TYPE_V4 ? 9 : 6] != 6)
		x.may = true;
	if (packet_parse(&p, ip, len - ETHER_LEN) != PACKET_OK)
		return x;
	validate_packet(&validator, &p, PAYLOAD_MAX, &m);
	if (!p.is_icmp)
		return expect_tcp(&p, m.class);
	x.must = m.class == VALIDATE_ICMP;
	return x;
}

static void fail_on(const uint8_t *frame, size_t len, const char *what)
{
	char hex[2 * FRAME_MAX + 1];

	for (size_t i = 0; i < len; i++)
		snprintf(hex + 2 * i, 3, "%02x", frame[i]);
	ck_abort_msg("%s: verdict %u, %u records; %s", what, outcome.verdict, outcome.records,
		     hex);
}

/* As the receive thread reads the record: nothing but payload may be missing. */
static void check_record(const uint8_t *frame, size_t len)
{
	struct packet whole, part;
	enum packet_fault fault = packet_parse(&whole, frame + ETHER_LEN, len - ETHER_LEN);

	if (outcome.caplen > len || outcome.caplen < ETHER_LEN
	    || memcmp(outcome.bytes, frame, outcome.caplen) != 0)
		fail_on(frame, len, "other bytes");
	if (fault != PACKET_OK || whole.is_icmp)
		return;
	if (packet_parse(&part, outcome.bytes + ETHER_LEN, outcome.caplen - ETHER_LEN)
	    || part.tcp.opts_len != whole.tcp.opts_len || part.tcp.opts_cut != whole.tcp.opts_cut
	    || part.tcp.payload_len != whole.tcp.payload_len)
		fail_on(frame, len, "cut short");
}

/* Gives it a frame of ETHER_LEN bytes at least, and compares. */
static void give(const uint8_t *frame, size_t len)
{
	struct expected x = expect(frame, len);

	outcome.verdict = run(frame, len);
	outcome.records = 0;
	ck_assert_int_ge(ring_buffer__consume(ring), 0);
	if (outcome.verdict != x.verdict)
		fail_on(frame, len, x.verdict == XDP_DROP ? "an answer that goes on"
			: "no answer, and taken");
	if (outcome.records > 1 || outcome.records < x.must || outcome.records > x.may)
		fail_on(frame, len, x.must ? "not handed over" : "handed over");
	if (outcome.records)
		check_record(frame, len);
	n_given++;
	n_dropped += outcome.verdict == XDP_DROP;
	unmatched += x.unmatched;
}

/* An IP packet in a frame of its family. */
static size_t put_ether(uint8_t *frame, uint16_t type, const uint8_t *ip, size_t len)
{
	ck_assert_uint_le(ETHER_LEN + len, FRAME_MAX);
	memcpy(frame, "\2\0\0\0\0\1\2\0\0\0\0\2", 12);
	put_be16(frame + 12, type);
	memcpy(frame + ETHER_LEN, ip, len);
	return ETHER_LEN + len;
}

static void give_ip(const uint8_t *ip, size_t len)
{
	uint8_t frame[FRAME_MAX];

	give(frame, put_ether(frame, ip[0] >> 4 == 6 ? TYPE_V6 : TYPE_V4, ip, len));
}

/* ---- answers ------------------------------------------------------------------------------- */

static struct addr ours(bool v6)
{
	return v6 ? (struct addr){ 0x2001000200000000ull, 1 } : addr_from_v4(0xc6130001);
}

static struct addr target(bool v6)
{
	return v6 ? (struct addr){ 0x2001000200000000ull, 0x40007 } : addr_from_v4(0xc6120407);
}

/* A SYN/ACK to an attempt of a probe, with a cookie. */
static struct wire sound(bool v6, uint8_t kind, uint8_t attempt)
{
	static uint8_t opts[40];
	struct validate_tag tag = validate_tag(&validator, ours(v6), target(v6), 443, kind,
					       attempt);

	return (struct wire){
		.src = target(v6), .dst = ours(v6), .sport = 443, .dport = tag.sport, .seq = 7,
		.ack = tag.seq + 1, .flags = TCP_SYN | TCP_ACK,
		.opts = opts, .opts_len = wire_hex("020405b4 220a3021b9d889017eeb", opts),
	};
}

static void give_wire(const struct wire *w)
{
	uint8_t ip[WIRE_MAX];

	give_ip(ip, wire_tcp(w, ip));
}

START_TEST(answers_to_every_kind)
{
	if (!begin_usual())
		return;
	for (uint8_t kind = 0; kind < PROBE_KINDS; kind++)
		for (uint8_t a = 0; a < validator.part[kind + 1] - validator.part[kind]; a++) {
			struct wire w = sound(_i, kind, a);

			give_wire(&w);
			w.payload_len = 900;
			give_wire(&w);
		}
	ck_assert_uint_eq(n_dropped, n_given);
	ck_assert_uint_eq(n_given, 2 * validator.part[PROBE_KINDS]);
	ck_assert_uint_eq(read_marks().unmatched, 0);
	end();
}
END_TEST

START_TEST(every_flag)
{
	if (!begin_usual())
		return;
	for (unsigned int flags = 0; flags < 256; flags++)
		for (uint32_t acked = 0; acked < 3; acked++) {
			struct wire w = sound(_i, PROBE_DATA, 1);

			w.flags = (uint8_t)flags;
			w.ack += acked - 1;
			give_wire(&w);
		}
	ck_assert_uint_eq(n_dropped, 2 * 128);
	ck_assert_uint_eq(read_marks().unmatched, unmatched);
	ck_assert_uint_eq(unmatched, 128);
	end();
}
END_TEST

START_TEST(numbers_at_their_bounds)
{
	static const uint32_t acked[] = {
		0, 1, 2, PAYLOAD_MAX - 1, PAYLOAD_MAX, PAYLOAD_MAX + 1, 0x10000, 0x7fffffff,
		0x80000000, 0xfffffffe, 0xffffffff,
	};
	static const uint16_t ports[] = { 0, 1, 9999, 10000, 10001, 32766, 32767, 32768, 65535 };
	struct wire w;

	if (!begin_usual())
		return;
	for (size_t i = 0; i < sizeof(acked) / sizeof(acked[0]); i++) {
		w = sound(_i, PROBE_REQUEST, 0);
		w.ack += acked[i];
		give_wire(&w);
	}
	ck_assert_uint_eq(n_dropped, 5);
	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		w = sound(_i, PROBE_REQUEST, 0);
		w.dport = ports[i];
		give_wire(&w);
	}
	for (int i = -2; i <= 2; i++) {
		w = sound(_i, PROBE_REQUEST, 0);
		w.dport = (uint16_t)(w.dport + i);
		give_wire(&w);
		w = sound(_i, PROBE_REQUEST, 0);
		w.sport = (uint16_t)(w.sport + i);
		give_wire(&w);
	}
	ck_assert_uint_eq(n_dropped, 5 + 2);
	ck_assert_uint_eq(read_marks().unmatched, unmatched);
	end();
}
END_TEST

/* One port a part; all ports there are; a range that leaves some of its last ports unused. */
START_TEST(narrow_and_wide_ranges)
{
	static const uint16_t ranges[][2] = {
		{ 1000, 1013 }, { 0, 65535 }, { 1, 65535 }, { 65520, 65535 }, { 20000, 20026 },
	};

	for (size_t r = 0; r < sizeof(ranges) / sizeof(ranges[0]); r++) {
		struct wire w;

		if (!begin(ranges[r][0], ranges[r][1], RING_LEN))
			return;
		w = sound(_i, PROBE_BARE, 3);
		give_wire(&w);
		ck_assert_uint_eq(n_dropped, 1);
		for (unsigned int port = 0; port < 65536; port += r == 0 ? 1 : 97) {
			w.dport = (uint16_t)port;
			give_wire(&w);
		}
		ck_assert_uint_eq(read_marks().unmatched, unmatched);
		end();
	}
}
END_TEST

/* ---- other packets ------------------------------------------------------------------------- */

START_TEST(cut_anywhere)
{
	struct wire w;
	uint8_t ip[WIRE_MAX];
	size_t len;

	if (!begin_usual())
		return;
	w = sound(_i, PROBE_DATA, 0);
	w.payload_len = 5;
	len = wire_tcp(&w, ip);
	for (size_t n = 1; n <= len; n++)
		give_ip(ip, n);
	ck_assert_uint_ge(n_dropped, 5);
	end();
}
END_TEST

/* Each 16-bit value that lengths, fragment fields and offsets can take. */
START_TEST(header_fields)
{
	static const size_t fields[2][4] = { { 2, 6, 0, 32 }, { 4, 6, 0, 52 } };
	struct wire w;
	uint8_t ip[WIRE_MAX], changed[WIRE_MAX];
	size_t len;

	if (!begin_usual())
		return;
	w = sound(_i, PROBE_DATA, 0);
	w.payload_len = 5;
	len = wire_tcp(&w, ip);
	for (size_t f = 0; f < 4; f++)
		for (unsigned int v = 0; v < 65536; v += v < 300 ? 1 : 251) {
			memcpy(changed, ip, len);
			put_be16(changed + fields[_i][f], (uint16_t)v);
			give_ip(changed, len);
			put_be16(changed + fields[_i][f], (uint16_t)(v << 8));
			give_ip(changed, len);
		}
	ck_assert_uint_gt(n_dropped, 0);
	end();
}
END_TEST

/* Options in the IPv4 header, up to all that fit there; and all that fit in TCP's. */
START_TEST(ipv4_options)
{
	uint8_t ip[WIRE_MAX], more[WIRE_MAX], opts[40] = { 1 };

	if (!begin_usual())
		return;
	for (size_t n = 4; n <= 40; n += 4) {
		struct wire w = sound(false, PROBE_DATA, 0);
		size_t len;

		w.opts = opts;
		w.opts_len = sizeof(opts);
		len = wire_tcp(&w, ip);
		memcpy(more, ip, 20);
		memset(more + 20, 1, n);
		memcpy(more + 20 + n, ip + 20, len - 20);
		more[0] = (uint8_t)(0x45 + n / 4);
		put_be16(more + 2, (uint16_t)(len + n));
		give_ip(more, len + n);
		give_ip(more, len + n - 1);
	}
	ck_assert_uint_eq(n_dropped, n_given);
	end();
}
END_TEST

/* It does not look behind them: such an answer goes on to the kernel. */
START_TEST(ipv6_extensions)
{
	static const uint8_t types[] = { 0, 43, 44, 50, 51, 60, 135 };
	uint8_t ip[WIRE_MAX], more[WIRE_MAX];
	struct wire w;
	size_t len;

	if (!begin_usual())
		return;
	w = sound(true, PROBE_DATA, 0);
	len = wire_tcp(&w, ip);
	for (size_t i = 0; i < sizeof(types); i++) {
		memcpy(more, ip, 40);
		memset(more + 40, 0, 8);
		more[6] = types[i];
		more[40] = 6;
		memcpy(more + 48, ip + 40, len - 40);
		put_be16(more + 4, (uint16_t)(len - 40 + 8));
		give_ip(more, len + 8);
	}
	ck_assert_uint_eq(n_dropped, 0);
	end();
}
END_TEST

/* Addresses that would pass for IPv4 ones: a packet of IPv6 does not speak for IPv4. */
START_TEST(mapped_addresses)
{
	struct wire w;
	uint8_t v4[WIRE_MAX], v6[WIRE_MAX];
	size_t len;

	if (!begin_usual())
		return;
	w = sound(false, PROBE_DATA, 0);
	len = wire_tcp(&w, v4) - 20;
	give_ip(v4, 20 + len);
	ck_assert_uint_eq(n_dropped, 1);
	wire_ip(v6, ours(true), ours(true), 6, len);
	addr_to_wire6(w.src, v6 + 8);
	addr_to_wire6(w.dst, v6 + 24);
	memcpy(v6 + 40, v4 + 20, len);
	give_ip(v6, 40 + len);
	ck_assert_uint_eq(n_dropped, 1);
	end();
}
END_TEST

/* An ICMP error of that type and code about an attempt of ours. */
static size_t error_about_us(bool v6, unsigned int type, unsigned int code,
			     uint8_t ip[static WIRE_MAX])
{
	struct wire w = sound(v6, PROBE_REQUEST, 1), syn = w;
	uint8_t quote[WIRE_MAX];

	syn.src = w.dst;
	syn.dst = w.src;
	syn.sport = w.dport;
	syn.dport = w.sport;
	syn.seq = w.ack - 1;
	syn.flags = TCP_SYN;
	return wire_icmp(target(v6), ours(v6), (uint8_t)type, (uint8_t)code, quote,
			 wire_tcp(&syn, quote), ip);
}

START_TEST(icmp_of_each_type)
{
	unsigned int handed = 0;
	uint8_t ip[WIRE_MAX];

	requests = false;
	if (!begin_usual())
		return;
	for (unsigned int type = 0; type < 256; type++) {
		size_t len = error_about_us(_i, type, 1, ip);

		give_ip(ip, len);
		handed += outcome.records;
		for (size_t cut = 20; cut < len; cut++)
			give_ip(ip, cut);
		/* The other family's protocol number. */
		ip[_i ? 6 : 9] = _i ? 1 : 58;
		give_ip(ip, len);
		ck_assert_uint_eq(outcome.records, 0);
	}
	ck_assert_uint_eq(handed, 3);
	ck_assert_uint_eq(n_dropped, 0);
	end();
}
END_TEST

/* Those that end an attempt, and no other, as packet_parse() has it. */
START_TEST(icmp_of_each_code)
{
	unsigned int handed = 0;
	uint8_t ip[WIRE_MAX];

	requests = false;
	if (!begin_usual())
		return;
	for (unsigned int type = 0; type < 16; type++)
		for (unsigned int code = 0; code < 256; code++) {
			size_t len = error_about_us(_i, type, code, ip);
			struct packet p;

			give_ip(ip, len);
			ck_assert_uint_eq(outcome.records, packet_parse(&p, ip, len) == PACKET_OK);
			handed += outcome.records;
		}
	ck_assert_uint_eq(handed, _i ? 3 * 256 : 3 * 256 - 1);
	end();
}
END_TEST

/* In a VLAN, under any other Ethertype, in frames without contents. */
START_TEST(other_frames)
{
	struct wire w;
	uint8_t ip[WIRE_MAX], frame[FRAME_MAX], tagged[FRAME_MAX] = { 0 };
	size_t len;

	if (!begin_usual())
		return;
	w = sound(_i, PROBE_DATA, 0);
	len = put_ether(frame, _i ? TYPE_V6 : TYPE_V4, ip, wire_tcp(&w, ip));
	memcpy(tagged, frame, 12);
	put_be16(tagged + 12, 0x8100);
	put_be16(tagged + 14, 5);
	memcpy(tagged + 16, frame + 12, len - 12);
	give(tagged, len + 4);
	put_be16(tagged + 12, 0x88a8);
	give(tagged, len + 4);
	for (unsigned int type = 0; type < 65536; type += type / 256 == 8 ? 1 : 13) {
		put_be16(frame + 12, (uint16_t)type);
		if (type != (_i ? TYPE_V6 : TYPE_V4))
			give(frame, len);
		give(frame, ETHER_LEN);
	}
	ck_assert_uint_eq(n_dropped, 0);
	end();
}
END_TEST

/* ---- many packets -------------------------------------------------------------------------- */

/* A file as any of the three: with and without the first byte, which may say how to read it. */
static void give_file(const char *dir, const char *name)
{
	static const uint16_t types[] = { TYPE_V4, TYPE_V6, NEIGHBOUR_TYPE_ARP };
	uint8_t bytes[FRAME_MAX - ETHER_LEN], frame[FRAME_MAX];
	char path[512];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "rb");
	ck_assert_ptr_nonnull(f);
	n = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	for (size_t skip = 0; skip < 2 && skip < n; skip++)
		for (size_t i = 0; i < 3; i++)
			give(frame, put_ether(frame, types[i], bytes + skip, n - skip));
}

START_TEST(fuzz_corpus)
{
	static const char *const dirs[] = {
		CORPUS "/packet", CORPUS "/neighbour", CORPUS "/validate",
	};

	for (int i = 0; i < 6; i++) {
		DIR *d = opendir(dirs[i / 2]);
		struct dirent *file;

		ck_assert_msg(d, "%s: %s", dirs[i / 2], strerror(errno));
		requests = i % 2;
		if (!begin_usual()) {
			closedir(d);
			return;
		}
		while ((file = readdir(d)))
			if (file->d_name[0] != '.')
				give_file(dirs[i / 2], file->d_name);
		closedir(d);
		ck_assert_uint_gt(n_given, 20);
		end();
	}
}
END_TEST

/* Sound answers of which some bits, bytes, or the end are changed. */
START_TEST(changed_at_random)
{
	static const uint8_t flags[] = { TCP_SYN | TCP_ACK, TCP_RST | TCP_ACK, TCP_RST, TCP_ACK };
	struct rng rng = { 7 };

	if (!begin_usual())
		return;
	for (unsigned int i = 0; i < RNG_ROUNDS(40000); i++) {
		struct wire w = sound(i & 1, PROBE_DATA, i >> 1 & 1);
		uint8_t ip[WIRE_MAX];
		size_t len, head;

		w.flags = flags[rng_below(&rng, 4)];
		w.ack += (uint32_t)rng_below(&rng, 2) * 12;
		w.payload_len = rng_below(&rng, 40);
		len = wire_tcp(&w, ip);
		head = len - w.payload_len;
		for (uint64_t n = rng_below(&rng, 3); n > 0; n--)
			ip[rng_below(&rng, head)] ^= (uint8_t)(1u << rng_below(&rng, 8));
		if (rng_below(&rng, 4) == 0)
			ip[rng_below(&rng, head)] = (uint8_t)rng_next(&rng);
		if (rng_below(&rng, 8) == 0)
			len = 1 + rng_below(&rng, len);
		give_ip(ip, len);
	}
	ck_assert_uint_gt(n_dropped, RNG_ROUNDS(5000));
	ck_assert_uint_lt(n_dropped, RNG_ROUNDS(35000));
	ck_assert_uint_eq(read_marks().unmatched, unmatched);
	end();
}
END_TEST

/* Where the ring is full an answer is lost, which is counted; its sender sends it again. */
START_TEST(full_ring)
{
	struct wire w;
	uint8_t ip[WIRE_MAX], frame[FRAME_MAX];
	unsigned int n = 0;
	size_t len;

	if (!begin(10000, 32767, 4096))
		return;
	w = sound(_i, PROBE_DATA, 0);
	len = put_ether(frame, _i ? TYPE_V6 : TYPE_V4, ip, wire_tcp(&w, ip));
	for (; read_marks().lost == 0; n++)
		ck_assert_uint_eq(run(frame, len), XDP_DROP);
	ck_assert_uint_gt(n, 4096 / (ANSWER_SNAPLEN + 64));
	outcome.records = 0;
	ck_assert_int_ge(ring_buffer__consume(ring), 0);
	ck_assert_uint_eq(outcome.records, n - 1);
	ck_assert_uint_eq(run(frame, len), XDP_DROP);
	ck_assert_uint_eq(read_marks().lost, 1);
	end();
}
END_TEST

UNIT_SUITE(answers_xdp)
{
	const TTest *const both[] = {
		answers_to_every_kind, every_flag, numbers_at_their_bounds, narrow_and_wide_ranges,
		cut_anywhere, header_fields, icmp_of_each_type, icmp_of_each_code,
		other_frames, full_ring,
	};
	TCase *tcase = unit_case(suite, "packets", ipv4_options, ipv6_extensions, mapped_addresses,
				 fuzz_corpus, changed_at_random);

	runs = can_run();
	tcase = tcase_create("families");
	for (size_t i = 0; i < sizeof(both) / sizeof(*both); i++)
		tcase_add_loop_test(tcase, both[i], 0, 2);
	suite_add_tcase(suite, tcase);
}
