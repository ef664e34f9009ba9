#include <stdlib.h>
#include <string.h>

#include "tcpopt.h"
#include "unit.h"
#include "wire.h"

#define MSS_1460 "020405b4"
#define COOKIE "3021b9d889017eeb"
#define NOPS_10 "01010101010101010101"

/* An option area, and what is to be read in it. */
static const struct area {
	const char *hex, *kinds;
	bool malformed;
	int mss, wscale;		/* -1: none */
	enum tfo_state state;
	uint8_t kind;
	const char *cookie;
} areas[] = {
	{ "", "", false, -1, -1, TFO_ABSENT, 0, "" },
	{ MSS_1460, "2", false, 1460, -1, TFO_ABSENT, 0, "" },
	{ MSS_1460 "0402080a001122330000000001030307", "2-4-8-1-3", false, 1460, 7, TFO_ABSENT,
	  0, "" },
	{ MSS_1460 "01030308" "01010402" "220a" COOKIE "0000", "2-1-3-1-1-4-34-0", false, 1460, 8,
	  TFO_COOKIE, 34, COOKIE },
	{ "fe0cf989" COOKIE, "254", false, -1, -1, TFO_COOKIE, 254, COOKIE },
	{ "fd0cf989" COOKIE, "253", false, -1, -1, TFO_COOKIE, 253, COOKIE },
	{ "fe0caabb" COOKIE, "254", false, -1, -1, TFO_ABSENT, 0, "" },
	{ "fd04aabb", "253", false, -1, -1, TFO_ABSENT, 0, "" },
	{ "fe03f9" "00", "254-0", false, -1, -1, TFO_ABSENT, 0, "" },
	{ "fe02" "0101", "254-1-1", false, -1, -1, TFO_ABSENT, 0, "" },
	{ "fe04f989", "254", false, -1, -1, TFO_EMPTY, 254, "" },
	{ "2202" "0101", "34-1-1", false, -1, -1, TFO_EMPTY, 34, "" },
	/* 40 bytes full: an 18-byte cookie option, MSS, SACK, timestamps, window scale, NOPs */
	{ "2212000102030405060708090a0b0c0d0e0f" MSS_1460 "0402" "080a0011223300000000" "030300"
	  "010101", "34-2-4-8-3-1-1-1", false, 1460, 0, TFO_COOKIE, 34,
	  "000102030405060708090a0b0c0d0e0f" },
	{ NOPS_10 NOPS_10 NOPS_10 NOPS_10,
	  "1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1-1", false,
	  -1, -1, TFO_ABSENT, 0, "" },
	/* cookies that are none */
	{ "22051122330101", "34-1-1", false, -1, -1, TFO_ODD, 34, "112233" },
	{ "22041122", "34", false, -1, -1, TFO_ODD, 34, "1122" },
	{ "2214000102030405060708090a0b0c0d0e0f1011", "34", false, -1, -1, TFO_ODD, 34,
	  "000102030405060708090a0b0c0d0e0f1011" },
	{ "220600000000", "34", false, -1, -1, TFO_COOKIE, 34, "00000000" },
	/* what cannot be stepped over */
	{ MSS_1460 "22000101", "2-34", true, 1460, -1, TFO_ABSENT, 0, "" },
	{ MSS_1460 "22010101", "2-34", true, 1460, -1, TFO_ABSENT, 0, "" },
	{ "0300" MSS_1460, "3", true, -1, -1, TFO_ABSENT, 0, "" },
	{ "0301" MSS_1460, "3", true, -1, -1, TFO_ABSENT, 0, "" },
	{ MSS_1460 "220a3021", "2-34", true, 1460, -1, TFO_CUT, 34, "3021" },
	{ MSS_1460 "fe0cf98930", "2-254", true, 1460, -1, TFO_CUT, 254, "30" },
	{ MSS_1460 "fe0cf9", "2-254", true, 1460, -1, TFO_ABSENT, 0, "" },
	{ "22ff" COOKIE, "34", true, -1, -1, TFO_CUT, 34, COOKIE },
	{ MSS_1460 "01010122", "2-1-1-1-34", true, 1460, -1, TFO_CUT, 34, "" },
	{ MSS_1460 "01010103", "2-1-1-1-3", true, 1460, -1, TFO_ABSENT, 0, "" },
	{ "020405", "2", true, -1, -1, TFO_ABSENT, 0, "" },
	/* after the end of the list nothing counts */
	{ MSS_1460 "00012206aabbccdd", "2-0", false, 1460, -1, TFO_ABSENT, 0, "" },
	/* of two the last one; a cut or unreadable one takes no sound one's place */
	{ "2206aabbccdd" "220a" COOKIE, "34-34", false, -1, -1, TFO_COOKIE, 34, COOKIE },
	{ "fe08f989aabbccdd" "2202", "254-34", false, -1, -1, TFO_EMPTY, 34, "" },
	{ "2206aabbccdd" "220a3021", "34-34", true, -1, -1, TFO_COOKIE, 34, "aabbccdd" },
	{ "2206aabbccdd" "2200", "34-34", true, -1, -1, TFO_COOKIE, 34, "aabbccdd" },
	{ "02040100" "020405b4", "2-2", false, 1460, -1, TFO_ABSENT, 0, "" },
	/* options of a length that is not theirs are stepped over, not read */
	{ "0203050304070804020101", "2-3-4-1-1", false, -1, -1, TFO_ABSENT, 0, "" },
	{ "020605b40000" "0302", "2-3", false, -1, -1, TFO_ABSENT, 0, "" },
};

#define N_AREAS N_OF(areas)

TEST_TIMES(reads_area, N_AREAS)
{
	const struct area *a = &areas[_i];
	uint8_t bytes[TCPOPT_AREA_MAX], cookie[TFO_RAW_MAX];
	size_t len = wire_hex(a->hex, bytes), cookie_len = wire_hex(a->cookie, cookie);
	char text[TCPOPT_TEXT_LEN];
	struct tcpopts o;

	tcpopt_parse(&o, bytes, len);
	tcpopt_text(&o, text);
	ck_assert_str_eq(text, a->kinds);
	ck_assert_int_eq(o.malformed, a->malformed);
	ck_assert_int_eq(o.has_mss ? o.mss : -1, a->mss);
	ck_assert_int_eq(o.has_wscale ? o.wscale : -1, a->wscale);
	ck_assert_int_eq(o.tfo.state, a->state);
	ck_assert_uint_eq(o.tfo.kind, a->kind);
	ck_assert_uint_eq(o.tfo.len, cookie_len);
	ck_assert_mem_eq(o.tfo.cookie, cookie, cookie_len);
}

/* The first n bytes of an area, in a block of just that size, so that a sanitizer sees overruns. */
static void parse_exact(struct tcpopts *o, const uint8_t *bytes, size_t n)
{
	uint8_t *area = malloc(n ? n : 1);

	ck_assert_ptr_nonnull(area);
	memcpy(area, bytes, n);
	tcpopt_parse(o, n ? area : area + 1, n);
	free(area);
	ck_assert_uint_le(o->n, n);
	ck_assert_uint_le(o->tfo.len, TFO_RAW_MAX);
}

/* The options before the cut are found as in the whole area. */
TEST_TIMES(reads_every_truncation, N_AREAS)
{
	uint8_t bytes[TCPOPT_AREA_MAX];
	size_t len = wire_hex(areas[_i].hex, bytes);
	struct tcpopts whole, part;

	tcpopt_parse(&whole, bytes, len);
	for (size_t n = 0; n <= len; n++) {
		parse_exact(&part, bytes, n);
		ck_assert_uint_le(part.n, whole.n);
		ck_assert_mem_eq(part.kinds, whole.kinds, part.n);
	}
	ck_assert_mem_eq(&part, &whole, sizeof(part));
}

/* Every kind and length byte, with 0..3 bytes after them: it ends, and says when it could not. */
TEST(ends_on_every_kind_and_length)
{
	for (unsigned int v = 0; v < 0x10000; v++) {
		uint8_t area[5] = { (uint8_t)(v >> 8), (uint8_t)v, 1, 1, 1 };
		struct tcpopts o;

		for (size_t n = 2; n <= sizeof(area); n++) {
			bool bad = area[1] < 2 || area[1] > n;

			tcpopt_parse(&o, area, n);
			if (area[0] > TCPOPT_KIND_NOP
			    && (o.malformed != bad || o.n != (bad ? 1 : 1 + n - area[1])))
				ck_abort_msg("kind %u length %u in %zu bytes", area[0], area[1], n);
		}
	}
}

TEST(never_reads_past_40_bytes)
{
	uint8_t area[64];
	struct tcpopts o;

	memset(area, TCPOPT_KIND_NOP, sizeof(area));
	tcpopt_parse(&o, area, sizeof(area));
	ck_assert_uint_eq(o.n, TCPOPT_AREA_MAX);
}

TEST(writes_the_longest_text)
{
	char text[TCPOPT_TEXT_LEN];
	struct tcpopts o = { .n = TCPOPT_AREA_MAX };

	memset(o.kinds, 255, sizeof(o.kinds));
	tcpopt_text(&o, text);
	ck_assert_uint_eq(strlen(text), 4 * TCPOPT_AREA_MAX - 1);
	ck_assert_int_eq(strncmp(text, "255-255-", 8), 0);
	o.kinds[0] = 0;
	o.kinds[1] = 10;
	o.kinds[2] = 100;
	o.n = 3;
	tcpopt_text(&o, text);
	ck_assert_str_eq(text, "0-10-100");
}
