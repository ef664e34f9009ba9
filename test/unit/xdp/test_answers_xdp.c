/* The program that takes answers in the driver: answers, their numbers, and the ring. */
#include "answers_xdp_rig.h"

#include <unistd.h>

#include "wire/rx_source.h"

TEST_TIMES(answers_to_every_kind, 2)
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

TEST_TIMES(every_flag, 2)
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

TEST_TIMES(numbers_at_their_bounds, 2)
{
	static const uint32_t acked[] = {
		0, 1, 2, PAYLOAD_MAX - 1, PAYLOAD_MAX, PAYLOAD_MAX + 1, 0x10000, 0x7fffffff,
		0x80000000, 0xfffffffe, 0xffffffff,
	};
	static const uint16_t ports[] = { 0, 1, 9999, 10000, 10001, 32766, 32767, 32768, 65535 };
	struct wire w;

	if (!begin_usual())
		return;
	for (size_t i = 0; i < N_OF(acked); i++) {
		w = sound(_i, PROBE_REQUEST, 0);
		w.ack += acked[i];
		give_wire(&w);
	}
	ck_assert_uint_eq(n_dropped, 5);
	for (size_t i = 0; i < N_OF(ports); i++) {
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

/* What acknowledges a hop probe, from the first of their numbers to the data of the last. */
TEST_TIMES(answers_to_hop_probes, 4)
{
	static const uint32_t beyond[] = {
		0, 1, VALIDATE_HOP_MASK, VALIDATE_HOP_MASK + PAYLOAD_MAX,
		VALIDATE_HOP_MASK + PAYLOAD_MAX + 1, 0x10000, 0x80000000, 0xffffffff,
	};
	bool begun;

	hops = _i / 2;
	begun = begin_usual();
	hops = false;
	if (!begun)
		return;
	for (size_t i = 0; i < N_OF(beyond); i++) {
		struct wire w = sound(_i % 2, PROBE_DATA, 1);
		uint32_t base = validate_hop_base(&validator, w.dst, w.src, w.sport, PROBE_DATA, 1);

		w.ack = (base & ~VALIDATE_HOP_MASK) + beyond[i] + 1;
		give_wire(&w);
	}
	ck_assert_uint_eq(n_dropped, validator.hops ? 4 : 0);
	ck_assert_uint_eq(read_marks().unmatched, unmatched);
	end();
}

/* One port a part; all ports there are; a range that leaves some of its last ports unused. */
TEST_TIMES(narrow_and_wide_ranges, 2)
{
	static const uint16_t ranges[][2] = {
		{ 1000, 1013 }, { 0, 65535 }, { 1, 65535 }, { 65520, 65535 }, { 20000, 20026 },
	};

	for (size_t r = 0; r < N_OF(ranges); r++) {
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

/* Where the ring is full an answer is lost, which is counted; its sender sends it again. */
TEST_TIMES(full_ring, 2)
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

/* 160 bytes of an answer; a power of two, and no more memory than is worth it. */
TEST(ring_by_what_waits)
{
	ck_assert_uint_eq(rx_xdp.buffer_len(0), 4u << 20);
	ck_assert_uint_eq(rx_xdp.buffer_len(10000), 4u << 20);
	ck_assert_uint_ge(rx_xdp.buffer_len(100000), 100000 * 160);
	/* A million packets/s: RX_UNREAD_MS of 100,000 answers/s. */
	ck_assert_uint_eq(rx_xdp.buffer_len(1100000), 16u << 20);
	ck_assert_uint_eq(rx_xdp.buffer_len(1u << 25), 64u << 20);
}

/* ---- several rings ------------------------------------------------------------------------- */

#define RINGS 2
#define TARGETS 256

/* arg: how many there are in the ring. */
static int count_record(void *arg, void *data, size_t size)
{
	(void)data;
	(void)size;
	++*(unsigned int *)arg;
	return 0;
}

/* A connection is in one ring; of many addresses, or ports of one, they have about as many each. */
TEST_TIMES(a_ring_for_each_connection, 4)
{
	bool v6 = _i & 1, ports = _i & 2;
	unsigned int n[RINGS] = { 0, 0 };
	uint32_t second = 1;
	int fd;

	rings = RINGS;
	if (!begin_usual())
		return;
	fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "ring", 0, 0, RING_LEN, NULL);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bpf_map_update_elem(bpf_map__fd(bpf->maps.rings), &second, &fd, BPF_ANY),
			 0);
	ring_buffer__free(ring);
	ring = ring_buffer__new(bpf_map__fd(bpf->maps.ring), count_record, &n[0], NULL);
	ck_assert(ring && ring_buffer__add(ring, fd, count_record, &n[1]) == 0);
	for (uint16_t t = 0; t < TARGETS; t++) {
		struct wire w = sound(v6, PROBE_REQUEST, 0);
		uint8_t frame[FRAME_MAX], ip[WIRE_MAX];
		unsigned int before = n[0];
		struct validate_tag tag;

		w.src.lo += ports ? 0 : t;
		w.sport = (uint16_t)(w.sport + (ports ? t : 0));
		tag = validate_tag(&validator, w.dst, w.src, w.sport, PROBE_REQUEST, 0);
		w.dport = tag.sport;
		w.ack = tag.seq + 1;
		for (unsigned int i = 0; i < 2; i++)
			ck_assert_uint_eq(run(frame, put_ether(frame, v6 ? TYPE_V6 : TYPE_V4, ip,
							       wire_tcp(&w, ip))), XDP_DROP);
		ck_assert_int_ge(ring_buffer__consume(ring), 0);
		ck_assert(n[0] == before || n[0] == before + 2);
	}
	ck_assert_uint_eq(n[0] + n[1], 2 * TARGETS);
	ck_assert(n[0] > TARGETS / 2 && n[1] > TARGETS / 2);
	ck_assert_uint_eq(read_marks().lost, 0);
	close(fd);
	end();
}
