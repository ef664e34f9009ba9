#include "utf8.h"

#include <stdbool.h>
#include <string.h>

/*
 * The second byte is what shuts out overlong forms, surrogates and what lies beyond U+10FFFF
 * (RFC 3629 4): its range depends on the first.
 */
static void second_range(uint8_t first, uint8_t *low, uint8_t *high)
{
	*low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
	*high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
}

/* Bytes of the well-formed character that the n > 0 bytes at s begin with, 1..4; 0: none. */
static size_t char_length(const uint8_t *s, size_t n)
{
	uint8_t low, high;
	size_t len;

	if (s[0] < 0x80)
		return 1;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	len = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if (n < len)
		return 0;
	second_range(s[0], &low, &high);
	if (s[1] < low || s[1] > high)
		return 0;
	for (size_t i = 2; i < len; i++)
		if (s[i] < 0x80 || s[i] > 0xbf)
			return 0;
	return len;
}

uint32_t utf8_code(const uint8_t *s, size_t len)
{
	uint32_t c = len == 1 ? s[0] : s[0] & (0x7fu >> len);

	for (size_t i = 1; i < len; i++)
		c = c << 6 | (s[i] & 0x3f);
	return c;
}

/*
 * C1 controls, which some terminals obey; U+2028 and U+2029, which some readers take for the end
 * of a line; and what Unicode Standard Annex 9 has to turn the direction of writing.
 */
static const struct {
	uint32_t first, last;
} acting[] = {
	{ 0x80, 0x9f }, { 0x61c, 0x61c }, { 0x200e, 0x200f }, { 0x2028, 0x202e },
	{ 0x2066, 0x2069 },
};

enum utf8_kind utf8_next(const uint8_t *s, size_t n, size_t *len)
{
	uint32_t c;

	*len = char_length(s, n);
	if (*len == 0) {
		*len = 1;
		return UTF8_MALFORMED;
	}
	c = utf8_code(s, *len);
	if (c < 0x20 || c == 0x7f)
		return UTF8_C0;
	for (size_t i = 0; c >= 0x80 && i < sizeof(acting) / sizeof(*acting); i++)
		if (c >= acting[i].first && c <= acting[i].last)
			return UTF8_ACTING;
	return UTF8_TEXT;
}

size_t utf8_clean(char *dst, const char *src, size_t n)
{
	const uint8_t *s = (const uint8_t *)src;
	char *out = dst;
	size_t len;

	for (size_t i = 0; i < n; i += len) {
		enum utf8_kind kind = utf8_next(s + i, n - i, &len);
		bool keep = kind == UTF8_TEXT || kind == UTF8_C0;

		memcpy(out, keep ? (const char *)s + i : "\xef\xbf\xbd", keep ? len : 3);
		out += keep ? len : 3;
	}
	return (size_t)(out - dst);
}

void utf8_show(char *s)
{
	size_t n = strlen(s), len;
	char *out = s;

	for (size_t i = 0; i < n; i += len) {
		if (utf8_next((const uint8_t *)s + i, n - i, &len) == UTF8_TEXT) {
			memmove(out, s + i, len);
			out += len;
		} else {
			*out++ = '?';
		}
	}
	*out = '\0';
}
