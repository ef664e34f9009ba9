#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void text_init(struct text *t, char *out, size_t cap)
{
	*t = (struct text){ .out = out, .cap = cap };
	if (cap)
		out[0] = '\0';
}

void text_add(struct text *t, const char *fmt, ...)
{
	size_t used = t->len < t->cap ? t->len : t->cap;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(used < t->cap ? t->out + used : NULL, t->cap - used, fmt, ap);
	va_end(ap);
	if (n > 0)
		t->len += (size_t)n;
}

void text_add_bytes(struct text *t, const char *s, size_t n)
{
	if (t->len + 1 < t->cap) {
		size_t room = t->cap - t->len - 1, fits = n < room ? n : room;

		memcpy(t->out + t->len, s, fits);
		t->out[t->len + fits] = '\0';
	}
	t->len += n;
}
