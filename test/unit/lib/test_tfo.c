#include <string.h>

#include "tfo.h"
#include "unit.h"
#include "wire.h"

static const struct {
	uint8_t kind;
	const char *cookie, *option;
} cases[] = {
	{ 34, "", "2202" },
	{ 254, "", "fe04f989" },
	{ 34, "3021b9d889017eeb", "220a3021b9d889017eeb" },
	{ 254, "3021b9d889017eeb", "fe0cf9893021b9d889017eeb" },
	{ 34, "abcd1234", "2206abcd1234" },
	{ 254, "000102030405060708090a0b0c0d0e0f",
	  "fe14f989000102030405060708090a0b0c0d0e0f" },
};

TEST_EACH(writes_known_options, cases)
{
	uint8_t cookie[TFO_COOKIE_MAX], want[TFO_OPTION_MAX], got[TFO_OPTION_MAX];
	size_t len = wire_hex(row->cookie, cookie), n = wire_hex(row->option, want);

	ck_assert_uint_eq(tfo_write(row->kind, cookie, len, got), n);
	ck_assert_mem_eq(got, want, n);
}

TEST(reads_what_it_wrote)
{
	static const uint8_t kinds[] = { 34, 254 };
	uint8_t cookie[TFO_COOKIE_MAX] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };

	for (size_t k = 0; k < 2; k++) {
		for (size_t len = 0; len <= TFO_COOKIE_MAX; len += len ? 2 : 4) {
			uint8_t out[TFO_OPTION_MAX];
			size_t n = tfo_write(kinds[k], cookie, len, out);
			struct tfo_option o;

			ck_assert_uint_eq(n, len + (k ? 4 : 2));
			ck_assert_uint_eq(out[1], n);
			ck_assert(tfo_read(out[0], out + 2, n - 2, false, &o));
			ck_assert_int_eq(o.state, len ? TFO_COOKIE : TFO_EMPTY);
			ck_assert_uint_eq(o.kind, kinds[k]);
			ck_assert_uint_eq(o.len, len);
			ck_assert_mem_eq(o.cookie, cookie, len);
		}
	}
}

/* Body lengths 0..38 of both kinds: what RFC 7413 allows a cookie, and all else. */
TEST(distinguishes_lengths)
{
	uint8_t body[2 + TFO_RAW_MAX] = { 0xf9, 0x89 };

	for (size_t i = 2; i < sizeof(body); i++)
		body[i] = (uint8_t)(0x40 + i);
	for (size_t len = 0; len <= TFO_RAW_MAX; len++) {
		bool ok = len == 4 || len == 6 || len == 8 || len == 10 || len == 12 || len == 14
			|| len == 16;
		int want = len == 0 ? TFO_EMPTY : ok ? TFO_COOKIE : TFO_ODD;
		struct tfo_option o;

		ck_assert(tfo_read(34, body + 2, len, false, &o));
		ck_assert_int_eq(o.state, want);
		ck_assert_uint_eq(o.len, len);
		ck_assert_mem_eq(o.cookie, body + 2, len);
		ck_assert(tfo_read(253, body, len + 2, false, &o));
		ck_assert_int_eq(o.state, want);
		ck_assert_uint_eq(o.kind, 253);
		ck_assert_uint_eq(o.len, len);
		ck_assert_mem_eq(o.cookie, body + 2, len);
		ck_assert(tfo_read(34, body + 2, len, true, &o));
		ck_assert_int_eq(o.state, TFO_CUT);
		ck_assert_uint_eq(o.len, len);
	}
}

TEST(leaves_other_options_alone)
{
	static const uint8_t other[] = { 0xf9, 0x88, 1, 2, 3, 4 }, magic[] = { 0xf9, 0x89 };
	struct tfo_option o, before;

	memset(&o, 0x5a, sizeof(o));
	before = o;
	for (unsigned int kind = 0; kind < 256; kind++) {
		if (kind != 34)
			ck_assert(!tfo_read((uint8_t)kind, other, sizeof(other), false, &o));
		if (kind != 34 && kind != 253 && kind != 254)
			ck_assert(!tfo_read((uint8_t)kind, magic, sizeof(magic), false, &o));
	}
	ck_assert(!tfo_read(254, magic, 1, true, &o));
	ck_assert(!tfo_read(254, magic, 0, false, &o));
	ck_assert_mem_eq(&o, &before, sizeof(o));
	ck_assert(tfo_read(254, magic, 2, true, &o));
	ck_assert_int_eq(o.state, TFO_CUT);
	ck_assert_uint_eq(o.len, 0);
}

/* An old cookie must not shine through behind a shorter new one. */
TEST(clears_what_was_there)
{
	static const uint8_t body[] = { 1, 2, 3, 4 }, zero[TFO_RAW_MAX];
	struct tfo_option o;

	memset(&o, 0xff, sizeof(o));
	ck_assert(tfo_read(34, body, 4, false, &o));
	ck_assert_mem_eq(o.cookie, body, 4);
	ck_assert_mem_eq(o.cookie + 4, zero, TFO_RAW_MAX - 4);
}
