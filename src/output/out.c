#include "output/out.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "output/result.h"

static const struct out_ops *const registry[] = {
#define FORMAT(id, nests, doc) [FORMAT_##id] = &out_##id##_ops,
#include "config/formats.def"
};

bool out_has_header(enum config_format format)
{
	return registry[format]->header != NULL;
}

void out_init(struct out *o, enum config_format format, const struct result_selection *fields)
{
	*o = (struct out){ .ops = registry[format], .fields = fields, .second = UINT64_MAX };
}

void out_close(struct out *o)
{
	free(o->p);
	o->p = NULL;
	o->len = o->cap = 0;
}

/* A row that could not be held is taken out again, so that what is left is whole. */
static int out_finish(struct out *o, size_t start)
{
	int err = o->err;

	if (err)
		o->len = start;
	o->err = 0;
	return err;
}

int out_header(struct out *o)
{
	size_t start = o->len;

	if (o->ops->header)
		o->ops->header(o);
	return out_finish(o, start);
}

int out_row(struct out *o, const struct result *r)
{
	size_t start = o->len;

	o->ops->row(o, r);
	return out_finish(o, start);
}

/* Doubles, so that a run comes to one size and rows cost no allocation. */
static bool out_grow(struct out *o, size_t n)
{
	size_t cap = o->cap ? o->cap : 4096;
	char *p;

	while (cap - o->len < n)
		cap *= 2;
	p = realloc(o->p, cap);
	if (!p) {
		o->err = -ENOMEM;
		return false;
	}
	o->p = p;
	o->cap = cap;
	return true;
}

char *out_room(struct out *o, size_t n)
{
	if (o->cap - o->len < n && !out_grow(o, n))
		return NULL;
	return o->p + o->len;
}

void out_put(struct out *o, const char *p, size_t n)
{
	char *dst = out_room(o, n);

	if (!dst)
		return;
	memcpy(dst, p, n);
	o->len += n;
}

void out_char(struct out *o, char c)
{
	char *dst = out_room(o, 1);

	if (!dst)
		return;
	*dst = c;
	o->len++;
}

/* ---- plain text; by hand, as a row has two dozen values ---- */

static size_t put_number(char *dst, uint64_t v)
{
	char digits[20];
	size_t n = 0;

	do
		digits[sizeof(digits) - ++n] = (char)('0' + v % 10);
	while (v /= 10);
	memcpy(dst, digits + sizeof(digits) - n, n);
	return n;
}

/* Exactly n digits, with leading zeros. */
static void put_digits(char *dst, size_t n, uint64_t v)
{
	while (n--) {
		dst[n] = (char)('0' + v % 10);
		v /= 10;
	}
}

static size_t put_ms(char *dst, uint64_t ns)
{
	uint64_t us = (ns + 500) / 1000;
	size_t n = put_number(dst, us / 1000);

	dst[n] = '.';
	put_digits(dst + n + 1, 3, us % 1000);
	return n + 4;
}

static size_t put_hex(char *dst, const struct result_bytes *b)
{
	for (size_t i = 0; i < b->n; i++) {
		dst[2 * i] = "0123456789abcdef"[b->p[i] >> 4];
		dst[2 * i + 1] = "0123456789abcdef"[b->p[i] & 15];
	}
	return 2 * b->n;
}

static size_t put_time(struct out *o, char *dst, uint64_t wall_ns)
{
	uint64_t second = wall_ns / NS_PER_S;

	if (second != o->second) {
		clock_text(second * NS_PER_S, o->second_text);
		o->second = second;
	}
	memcpy(dst, o->second_text, CLOCK_TEXT_LEN - 1);
	put_digits(dst + sizeof("2026-01-02T03:04:05.") - 1, 6, wall_ns % NS_PER_S / 1000);
	return CLOCK_TEXT_LEN - 1;
}

static size_t put_addr(char *dst, struct addr a)
{
	char text[ADDR_STRLEN];
	size_t n;

	addr_format(a, text);
	n = strlen(text);
	memcpy(dst, text, n);
	return n;
}

static size_t put_bool(char *dst, bool v)
{
	size_t n = v ? 4 : 5;

	memcpy(dst, v ? "true" : "false", n);
	return n;
}

size_t out_plain(struct out *o, const struct result *r, const struct result_field *f,
		 char dst[static OUT_PLAIN_MAX])
{
	const void *m = result_member(r, f);

	switch (f->type) {
	case RESULT_ADDR:
		return put_addr(dst, *(const struct addr *)m);
	case RESULT_NUMBER:
		return put_number(dst, ((const struct result_number *)m)->v);
	case RESULT_BOOL:
		return put_bool(dst, ((const struct result_number *)m)->v);
	case RESULT_MS:
		return put_ms(dst, ((const struct result_number *)m)->v);
	case RESULT_TIME:
		return put_time(o, dst, *(const uint64_t *)m);
	case RESULT_HEX:
		return put_hex(dst, m);
	case RESULT_OPTIONS:
		tcpopt_text(*(const struct tcpopts *const *)m, dst);
		return strlen(dst);
	case RESULT_TEXT:
	case RESULT_CONDITIONS:
	case RESULT_SIGNALS:
	case RESULT_FLOWS:
	case RESULT_PATH:
	case RESULT_JSON:
		break;
	}
	return 0;
}
