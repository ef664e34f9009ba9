#include "unit.h"

#include <string.h>

#include "bytes.h"

/* Bytes with the top bit set, at an odd address. */
static const uint8_t buf[] = { 0, 0xf1, 0x82, 0xa3, 0x94, 0xe5, 0xb6, 0x87, 0xc8, 0 };

TEST(reads_network_order)
{
	ck_assert_uint_eq(get_be16(buf + 1), 0xf182);
	ck_assert_uint_eq(get_be32(buf + 1), 0xf182a394);
	ck_assert_uint_eq(get_be64(buf + 1), 0xf182a394e5b687c8ull);
}

TEST(reads_little_endian)
{
	ck_assert_uint_eq(get_le64(buf + 1), 0xc887b6e594a382f1ull);
}

TEST(writes_network_order)
{
	uint8_t out[sizeof(buf)];

	/* Each write at the same place, with guards around it that must stay. */
	memset(out, 0x55, sizeof(out));
	put_be16(out + 1, 0xf182);
	ck_assert(!memcmp(out, "\x55\xf1\x82\x55\x55\x55\x55\x55\x55\x55", sizeof(out)));
	memset(out, 0x55, sizeof(out));
	put_be32(out + 1, 0xf182a394);
	ck_assert(!memcmp(out, "\x55\xf1\x82\xa3\x94\x55\x55\x55\x55\x55", sizeof(out)));
	memset(out, 0, sizeof(out));
	put_be64(out + 1, 0xf182a394e5b687c8ull);
	ck_assert_mem_eq(out, buf, sizeof(buf));
}
