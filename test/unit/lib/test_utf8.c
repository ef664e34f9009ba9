#include "unit.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "utf8.h"

static void check_clean(const char *in, size_t n, const char *want)
{
	/* Exactly as much as the contract asks for, so that a sanitizer sees a byte too many. */
	char *out = malloc(UTF8_CLEAN_MAX(n) + 1);
	size_t len = utf8_clean(out, in, n);

	out[len] = '\0';
	ck_assert_str_eq(out, want);
	ck_assert_uint_eq(len, strlen(want));
	free(out);
}

#define CLEAN(in, want) check_clean(in, sizeof(in) - 1, want)
#define BAD "\xef\xbf\xbd"

TEST(keeps_what_is_sound)
{
	CLEAN("", "");
	CLEAN("www.example.org", "www.example.org");
	CLEAN("\n\x7f\xc2\xa0\xdf\xbf", "\n\x7f\xc2\xa0\xdf\xbf");
	CLEAN("\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf",
	      "\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf");
	CLEAN("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf");
}

TEST(replaces_what_is_not)
{
	CLEAN("a\xff" "b", "a" BAD "b");
	CLEAN("\x80\xbf", BAD BAD);
	CLEAN("\xc0\xaf\xc1\xbf", BAD BAD BAD BAD);		/* overlong, 2 bytes */
	CLEAN("\xe0\x9f\xbf", BAD BAD BAD);			/* overlong, 3 bytes */
	CLEAN("\xf0\x8f\xbf\xbf", BAD BAD BAD BAD);		/* overlong, 4 bytes */
	CLEAN("\xed\xa0\x80", BAD BAD BAD);			/* a surrogate */
	CLEAN("\xf4\x90\x80\x80", BAD BAD BAD BAD);		/* U+110000 */
	CLEAN("\xf5", BAD);
	CLEAN("\xe2\x82x", BAD BAD "x");
	CLEAN("\xf0\x9f\x98", BAD BAD BAD);			/* cut by the end */
	CLEAN("\xc3\xa9\xc3", "\xc3\xa9" BAD);
}

/* The one table of what acts, at both ends of each part. */
static const struct {
	const char *text;
	enum utf8_kind kind;
} chars[] = {
	{ "\x1f", UTF8_C0 }, { "\n", UTF8_C0 }, { " ", UTF8_TEXT }, { "~", UTF8_TEXT },
	{ "\x7f", UTF8_C0 }, { "\xc2\x80", UTF8_ACTING }, { "\xc2\x85", UTF8_ACTING },
	{ "\xc2\x9b", UTF8_ACTING }, { "\xc2\x9f", UTF8_ACTING }, { "\xc2\xa0", UTF8_TEXT },
	{ "\xd8\x9b", UTF8_TEXT }, { "\xd8\x9c", UTF8_ACTING }, { "\xd8\x9d", UTF8_TEXT },
	{ "\xe2\x80\x8d", UTF8_TEXT }, { "\xe2\x80\x8e", UTF8_ACTING },
	{ "\xe2\x80\x8f", UTF8_ACTING }, { "\xe2\x80\x90", UTF8_TEXT },
	{ "\xe2\x80\xa7", UTF8_TEXT }, { "\xe2\x80\xa8", UTF8_ACTING },
	{ "\xe2\x80\xae", UTF8_ACTING }, { "\xe2\x80\xaf", UTF8_TEXT },
	{ "\xe2\x81\xa5", UTF8_TEXT }, { "\xe2\x81\xa6", UTF8_ACTING },
	{ "\xe2\x81\xa9", UTF8_ACTING }, { "\xe2\x81\xaa", UTF8_TEXT },
	{ "\xf0\x9f\x98\x80", UTF8_TEXT }, { "\x9b", UTF8_MALFORMED },
	{ "\xc2", UTF8_MALFORMED },
};

TEST_EACH(names_kinds, chars)
{
	size_t n = strlen(row->text), len;

	ck_assert_int_eq(utf8_next((const uint8_t *)row->text, n, &len), row->kind);
	ck_assert_uint_eq(len, n);
}

TEST(takes_out_what_acts)
{
	char line[] = "a\x9b" "b\xc2\x9b" "c\xe2\x80\xae" "d\te\x1b\x7f\xc3\xa9\xe2\x82";

	CLEAN("a\x9b" "b\xc2\x9b" "c\xe2\x80\xae" "d\n", "a" BAD "b" BAD "c" BAD "d\n");
	utf8_show(line);
	ck_assert_str_eq(line, "a?b?c?d?e??\xc3\xa9??");
}

TEST(every_two_bytes)
{
	for (unsigned int a = 0; a < 256; a++)
		for (unsigned int b = 0; b < 256; b++) {
			uint8_t s[2] = { (uint8_t)a, (uint8_t)b };
			bool two = a >= 0xc2 && a < 0xe0 && b >= 0x80 && b < 0xc0;
			enum utf8_kind kind;
			size_t len;

			kind = utf8_next(s, 2, &len);
			ck_assert_int_eq(kind == UTF8_MALFORMED, a >= 0x80 && !two);
			ck_assert_uint_eq(len, two ? 2 : 1);
		}
}
