/* text: a text put together in a caller's buffer, piece by piece, with snprintf()'s promises. */
#ifndef TFOMAP_TEXT_H
#define TFOMAP_TEXT_H

#include <stddef.h>

struct text {
	char *out;
	size_t cap;		/* bytes at out; what does not fit is cut, the NUL always fits */
	size_t len;		/* of the uncut text, without the NUL */
};

/* An empty text in cap bytes at out; cap 0: only counts, out may be NULL. */
void text_init(struct text *t, char *out, size_t cap);

void text_add(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Adds n bytes of s. */
void text_add_bytes(struct text *t, const char *s, size_t n);

#endif
