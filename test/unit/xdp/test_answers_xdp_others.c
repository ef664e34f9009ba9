/* The program that takes answers in the driver: what answers nothing, is cut, or changed. */
#include "answers_xdp_rig.h"

#include <dirent.h>

#include "rng.h"

#define CORPUS	"test/fuzz/corpus"	/* `make check-unit` runs in the source's root */

/* ---- other packets ------------------------------------------------------------------------- */

TEST_TIMES(cut_anywhere, 2)
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

/* Each 16-bit value that lengths, fragment fields and offsets can take. */
TEST_TIMES(header_fields, 2)
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

/* Options in the IPv4 header, up to all that fit there; and all that fit in TCP's. */
TEST(ipv4_options)
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

/* It does not look behind them: such an answer goes on to the kernel. */
TEST(ipv6_extensions)
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

/* Addresses that would pass for IPv4 ones: a packet of IPv6 does not speak for IPv4. */
TEST(mapped_addresses)
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

TEST_TIMES(icmp_of_each_type, 2)
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

/* Those that end an attempt, and no other, as packet_parse() has it. */
TEST_TIMES(icmp_of_each_code, 2)
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

/* In a VLAN, under any other Ethertype, in frames without contents. */
TEST_TIMES(other_frames, 2)
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

TEST(fuzz_corpus)
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

/* Sound answers of which some bits, bytes, or the end are changed. */
TEST(changed_at_random)
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
