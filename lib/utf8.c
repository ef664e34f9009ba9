#include "utf8.h"

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

size_t utf8_length(const uint8_t *s, size_t n)
{
	uint8_t low, high;
	size_t len;

	if (n == 0)
		return 0;
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

size_t utf8_clean(char *dst, const char *src, size_t n)
{
	const uint8_t *s = (const uint8_t *)src;
	char *out = dst;

	for (size_t i = 0; i < n;) {
		size_t len = utf8_length(s + i, n - i);

		if (len == 0) {
			memcpy(out, "\xef\xbf\xbd", 3);
			out += 3;
			i++;
			continue;
		}
		memcpy(out, s + i, len);
		out += len;
		i += len;
	}
	return (size_t)(out - dst);
}
