/*
 * utf8: text that others wrote, made well-formed UTF-8 (RFC 3629) that shows itself and does
 * nothing else to a terminal or a reader of lines.
 */
#ifndef TFOMAP_UTF8_H
#define TFOMAP_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* The code point of a well-formed character of len bytes. */
uint32_t utf8_code(const uint8_t *s, size_t len);

enum utf8_kind {
	UTF8_TEXT,
	UTF8_C0,		/* U+0000..U+001F and DEL: JSON and CSV have forms for these */
	UTF8_ACTING,		/* acts unseen: C1, ends of lines, directions of writing */
	UTF8_MALFORMED,		/* a byte of no well-formed character */
};

/* What the n > 0 bytes at s begin with, and in *len its bytes, 1..4. */
enum utf8_kind utf8_next(const uint8_t *s, size_t n, size_t *len);

/*
 * Copies n bytes; UTF8_ACTING and UTF8_MALFORMED become U+FFFD. dst has room for
 * UTF8_CLEAN_MAX(n) bytes; no NUL is added. Returns the bytes written.
 */
#define UTF8_CLEAN_MAX(n) (3 * (n))
size_t utf8_clean(char *dst, const char *src, size_t n);

/* Makes a text one line for a terminal, in place: all that is not UTF8_TEXT becomes a '?'. */
void utf8_show(char *s);

#endif
