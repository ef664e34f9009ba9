/* tfo: the TCP Fast Open option on the wire (RFC 7413 4.1.1, RFC 6994 for the experimental one). */
#ifndef TFOMAP_TFO_H
#define TFOMAP_TFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TFO_KIND		34
#define TFO_KIND_EXP		254	/* with TFO_EXID; 253 is parsed too, never sent */
#define TFO_KIND_EXP1		253
#define TFO_EXID		0xF989
#define TFO_COOKIE_MIN		4
#define TFO_COOKIE_MAX		16
#define TFO_OPTION_MAX		(4 + TFO_COOKIE_MAX)	/* kind 254 with the longest cookie */
#define TFO_RAW_MAX		38	/* most cookie bytes an option area can hold */

enum tfo_state {
	TFO_ABSENT,	/* no TFO option */
	TFO_EMPTY,	/* length 0: a request, or an answer without a cookie */
	TFO_COOKIE,	/* 4..16 bytes, even: usable */
	TFO_ODD,	/* a length that no cookie has: as if none, bytes kept as evidence */
	TFO_CUT,	/* runs past the option area: bytes that were there are kept */
};

struct tfo_option {
	uint8_t state;			/* enum tfo_state */
	uint8_t kind;			/* 34, 254, 253; 0 = absent */
	uint8_t len;			/* cookie bytes kept; the 2 magic bytes are not counted */
	uint8_t cookie[TFO_RAW_MAX];
};

/*
 * Reads one option: kind, and the n bytes after its kind and length bytes (all that were there,
 * cut: the length byte says more). True where it is a TFO option: kind 34, or 254/253 with
 * the magic number; then *out holds it.
 */
bool tfo_read(uint8_t kind, const uint8_t *body, size_t n, bool cut, struct tfo_option *out);

/*
 * Writes an option of kind 34 or 254 with a cookie of len bytes (0: a request; else 4..16, even)
 * to out. Returns its length, 2..TFO_OPTION_MAX.
 */
size_t tfo_write(uint8_t kind, const uint8_t *cookie, size_t len,
		 uint8_t out[static TFO_OPTION_MAX]);

/* True for a length that RFC 7413 allows a cookie: 4..16 and even. */
static inline bool tfo_cookie_len_ok(size_t len)
{
	return len >= TFO_COOKIE_MIN && len <= TFO_COOKIE_MAX && len % 2 == 0;
}

#endif
