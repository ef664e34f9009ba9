#include "digits.h"
#include "hex.h"
#include "unit.h"

#include <string.h>

TEST(characters)
{
	for (int c = -128; c < 128; c++) {
		const char *at = c > 0 ? strchr("0123456789abcdefABCDEF", c) : NULL;
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		bool digit = c >= '0' && c <= '9';
		int value = !at ? -1 : digit ? c - '0' : (c | 0x20) - 'a' + 10;

		ck_assert_int_eq(hex_digit((char)c), value);
		ck_assert_int_eq(is_digit((char)c), digit);
		ck_assert_int_eq(is_alnum((char)c), digit || letter);
	}
}

static const struct {
	const char *text;
	uint64_t value;
	size_t len;
	bool fits;
} cases[] = {
	{ "", 0, 0, true }, { "x", 0, 0, true }, { "0", 0, 1, true },
	{ "0080:", 80, 4, true },
	{ "18446744073709551615 ", UINT64_MAX, 20, true },
	{ "18446744073709551616", UINT64_MAX, 20, false },
	{ "99999999999999999999999990x", UINT64_MAX, 26, false },
};

TEST_EACH(numbers, cases)
{
	const char *s = row->text;
	uint64_t value;

	ck_assert_int_eq(digits_read(&s, &value), row->fits);
	ck_assert_uint_eq(value, row->value);
	ck_assert_ptr_eq(s, row->text + row->len);
}
