/*
 * bpf/answers.bpf.c against lib/: what it makes of a frame is what packet_parse() and
 * validate_packet() say of it. Run frame by frame with BPF_PROG_TEST_RUN: on no interface, and
 * nothing is sent. Built only where the program is; where the kernel runs none it says so.
 */
#ifndef UNIT_ANSWERS_XDP_RIG_H
#define UNIT_ANSWERS_XDP_RIG_H

#include "unit.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>

#include "kernel_answers.h"
#include "kernel_clock.h"
#include "kernel_runs.h"
#include "neighbour.h"
#include "packet.h"
#include "payload.h"
#include "validate.h"
#include "wire.h"

#include "answers.skel.h"

#define ETHER_LEN	14
#define TYPE_V4		0x0800
#define TYPE_V6		0x86dd
#define FRAME_MAX	2048
#define RING_LEN	(64u << 10)

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
static bool requests, hops;
static uint32_t rings;			/* 0: one */
static uint64_t n_given, n_dropped, unmatched;

/* ---- the program --------------------------------------------------------------------------- */

static inline int on_record(void *arg, void *data, size_t size)
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

static inline int __attribute__((format(printf, 2, 0)))
say_warnings(enum libbpf_print_level level, const char *format, va_list args)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, format, args) : 0;
}

/* Key and attempts are the fuzz targets', so that their corpus fits. False: skipped. */
static inline bool begin(uint16_t port_first, uint16_t port_last, uint32_t ring_len)
{
	static const uint8_t attempts[PROBE_KINDS] = { 2, 3, 1, 2, 0, 1, 4, 1 };
	struct answers_facts *f;

	libbpf_set_print(say_warnings);
	if (!kernel_runs(BPF_MAP_TYPE_RINGBUF, BPF_FUNC_xdp_load_bytes,
			 "no bpf_xdp_load_bytes() (Linux 5.18)"))
		return false;
	ck_assert_int_eq(validate_init(&validator, (const uint8_t *)"a key for fuzzes", port_first,
				       port_last, attempts, NULL), 0);
	validator.hops = hops;
	bpf = answers_bpf__open();
	ck_assert_ptr_nonnull(bpf);
	f = &bpf->rodata->facts;
	f->validator = validator;
	f->dlen_max = PAYLOAD_MAX;
	f->arp_requests = f->solicitations = requests;
	f->rings = rings;
	bpf_map__set_max_entries(bpf->maps.ring, ring_len);
	ck_assert_int_eq(answers_bpf__load(bpf), 0);
	ring = ring_buffer__new(bpf_map__fd(bpf->maps.ring), on_record, NULL, NULL);
	ck_assert_ptr_nonnull(ring);
	n_given = n_dropped = unmatched = 0;
	return true;
}

static inline bool begin_usual(void)
{
	return begin(10000, 32767, RING_LEN);
}

static inline void end(void)
{
	ring_buffer__free(ring);
	answers_bpf__destroy(bpf);
}

static inline struct answers_marks read_marks(void)
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
static inline uint32_t run(const uint8_t *frame, size_t len)
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

/* After an IPv6 extension header it does not look: that goes on, as what answers nothing does. */
static inline bool is_seen(const uint8_t *ip, uint16_t type)
{
	if (type == TYPE_V4)
		return ip[0] >> 4 == 4;
	return type == TYPE_V6 && ip[0] >> 4 == 6 && (ip[6] == 6 || ip[6] == 58);
}

static inline struct expected expect_tcp(const struct packet *p, enum validate_class class)
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

static inline struct expected expect(const uint8_t *frame, size_t len)
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

static inline void fail_on(const uint8_t *frame, size_t len, const char *what)
{
	char hex[2 * FRAME_MAX + 1];

	for (size_t i = 0; i < len; i++)
		snprintf(hex + 2 * i, 3, "%02x", frame[i]);
	ck_abort_msg("%s: verdict %u, %u records; %s", what, outcome.verdict, outcome.records,
		     hex);
}

/* As the receive thread reads the record: nothing but payload may be missing. */
static inline void check_record(const uint8_t *frame, size_t len)
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
static inline void give(const uint8_t *frame, size_t len)
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
static inline size_t put_ether(uint8_t *frame, uint16_t type, const uint8_t *ip, size_t len)
{
	ck_assert_uint_le(ETHER_LEN + len, FRAME_MAX);
	memcpy(frame, "\2\0\0\0\0\1\2\0\0\0\0\2", 12);
	put_be16(frame + 12, type);
	memcpy(frame + ETHER_LEN, ip, len);
	return ETHER_LEN + len;
}

static inline void give_ip(const uint8_t *ip, size_t len)
{
	uint8_t frame[FRAME_MAX];

	give(frame, put_ether(frame, ip[0] >> 4 == 6 ? TYPE_V6 : TYPE_V4, ip, len));
}

/* ---- answers ------------------------------------------------------------------------------- */

static inline struct addr ours(bool v6)
{
	return v6 ? (struct addr){ 0x2001000200000000ull, 1 } : addr_from_v4(0xc6130001);
}

static inline struct addr target(bool v6)
{
	return v6 ? (struct addr){ 0x2001000200000000ull, 0x40007 } : addr_from_v4(0xc6120407);
}

/* A SYN/ACK to an attempt of a probe, with a cookie. */
static inline struct wire sound(bool v6, uint8_t kind, uint8_t attempt)
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

static inline void give_wire(const struct wire *w)
{
	uint8_t ip[WIRE_MAX];

	give_ip(ip, wire_tcp(w, ip));
}

#endif
