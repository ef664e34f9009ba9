#include "rowfile/reader.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "rowfile/input.h"

#define READ_LEN	65536

static const struct {
	const char *name;
	size_t len;
} columns[COLUMNS] = {
#define COLUMN(name, kind, kept, doc) { #name, sizeof(#name) - 1 },
#include "rowfile/columns.def"
};

enum column reader_column(const char *name, size_t len, unsigned int *next)
{
	for (unsigned int i = 0; i < COLUMNS; i++) {
		unsigned int c = (*next + i) % COLUMNS;

		if (columns[c].len == len && memcmp(columns[c].name, name, len) == 0) {
			*next = c + 1;
			return c;
		}
	}
	return COLUMNS;
}

const char *reader_column_name(enum column c)
{
	return columns[c].name;
}

bool reader_is_of_replies(const char *name, size_t len)
{
	static const char attempt[] = "attempt";

	return len == sizeof(attempt) - 1 && memcmp(name, attempt, len) == 0;
}

void gather_bytes(struct gather *g, const char *p, size_t len)
{
	if (g->full || len > READER_ROW_MAX - g->len) {
		g->full = true;
		return;
	}
	if (g->cap < g->len + len || !g->text) {
		size_t cap = 2 * (g->len + len) + 1024;
		char *text = realloc(g->text, cap);

		g->full = !text;
		if (!text)
			return;
		g->text = text;
		g->cap = cap;
	}
	memcpy(g->text + g->len, p, len);
	g->len += len;
}

struct cell gather_cell(const struct gather *g, size_t i)
{
	if (g->spans[i].is_null)
		return (struct cell){ NULL, 0 };
	return (struct cell){ g->text + g->spans[i].at, g->spans[i].len };
}

int reader_fails(struct reader *r, int code, const char *fmt, ...)
{
	char why[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	if (!r->err)
		r->err = err_set(r->e, code, "%.150s:%lu: %s", r->name, r->line, why);
	return r->err;
}

/* Cuts what was read into lines; what has no end yet is kept for the next piece. */
static void take_lines(struct reader *r, struct reader_ndjson *n, struct gather *rest,
		       const char *p, size_t len)
{
	while (len && !r->err) {
		const char *end = memchr(p, '\n', len);
		size_t piece = end ? (size_t)(end - p) + 1 : len;

		if (!end || rest->len) {
			gather_bytes(rest, p, piece);
			if (rest->full)
				reader_fails(r, EFBIG, "a line of more than %u bytes is no row",
					     READER_ROW_MAX);
		}
		if (end && !r->err) {
			r->line++;
			if (rest->len)
				reader_ndjson_take(n, rest->text, rest->len);
			else
				reader_ndjson_take(n, p, piece);
			rest->len = 0;
		}
		p += piece;
		len -= piece;
	}
}

/* The first byte that shows: a brace begins ndjson, which no name of a column does. */
static char first_of(const char *p, size_t len)
{
	size_t i = 0;

	while (i < len && strchr(" \t\r\n", p[i]))
		i++;
	return i < len ? p[i] : '\0';
}

static void read_ndjson(struct reader *r, struct input *in, char *buf, long n)
{
	struct reader_ndjson *json = reader_ndjson_new(r);
	struct gather *rest = calloc(1, sizeof(*rest));

	if (!json || !rest)
		reader_fails(r, ENOMEM, "no memory to read it");
	r->found->is_ndjson = true;
	for (; n > 0 && !r->err; n = input_read(in, buf, READ_LEN, r->e))
		take_lines(r, json, rest, buf, (size_t)n);
	if (n < 0)
		r->err = (int)n;
	if (!r->err && rest->len) {
		r->line++;
		reader_fails(r, EINVAL, "the last line has no end: the file is cut off; copy it "
			     "again, or let the run end");
	}
	if (rest)
		free(rest->text);
	free(rest);
	reader_ndjson_free(json);
}

static void read_csv(struct reader *r, struct input *in, char *buf, long n)
{
	struct reader_csv *csv = reader_csv_new(r);
	char last = '\n';

	if (!csv)
		reader_fails(r, ENOMEM, "no memory to read it");
	r->found->is_csv = true;
	for (; n > 0 && !r->err; n = input_read(in, buf, READ_LEN, r->e)) {
		reader_csv_take(csv, buf, (size_t)n);
		last = buf[n - 1];
	}
	if (n < 0)
		r->err = (int)n;
	if (!r->err && last != '\n') {
		r->line++;
		reader_fails(r, EINVAL, "the last line has no end: the file is cut off; copy it "
			     "again, or let the run end");
	}
	if (!r->err)
		reader_csv_end(csv);
	reader_csv_free(csv);
}

/* The first piece, without the mark of UTF-8 that some programs put first. */
static long read_first(struct input *in, char *buf, struct err *e)
{
	static const char bom[] = "\xef\xbb\xbf";
	long n = 0, more = 1;

	while (n < 3 && more > 0) {
		more = input_read(in, buf + n, READ_LEN - (size_t)n, e);
		n += more > 0 ? more : 0;
	}
	if (more < 0)
		return more;
	if (n < 3 || memcmp(buf, bom, 3) != 0)
		return n;
	memmove(buf, buf + 3, (size_t)n - 3);
	return n - 3;
}

int reader_read(struct input *in, const struct reader_ops *ops, struct reader_found *found,
		struct err *e)
{
	struct reader *r = calloc(1, sizeof(*r));
	char *buf = malloc(READ_LEN);
	int err = 0;
	long n;

	*found = (struct reader_found){ .columns = 0 };
	if (!r || !buf) {
		err = err_set(e, ENOMEM, "%.200s: no memory to read it", input_name(in));
	} else {
		*r = (struct reader){ .name = input_name(in), .ops = ops, .found = found, .e = e };
		n = read_first(in, buf, e);
		if (n < 0)
			r->err = (int)n;
		else if (n > 0 && first_of(buf, (size_t)n) == '{')
			read_ndjson(r, in, buf, n);
		else if (n > 0 && first_of(buf, (size_t)n) == '[')
			r->err = err_set(e, EINVAL, "%.200s: a JSON array; rows are one object a "
					 "line, which jq -c '.[]' makes of it", r->name);
		else if (n > 0)
			read_csv(r, in, buf, n);
		err = r->err;
		free(r->gather.text);
	}
	free(buf);
	free(r);
	return err;
}
