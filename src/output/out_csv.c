/* CSV (RFC 4180): LF ends a row, empty is null, words are joined by semicolons. */
#include "output/out.h"

#include <string.h>

#include "output/result.h"
#include "utf8.h"

static void csv_header(struct out *o)
{
	for (size_t i = 0; i < o->fields->n; i++) {
		const char *name = out_field(o, i)->name;

		if (i)
			out_char(o, ',');
		out_put(o, name, strlen(name));
	}
	out_char(o, '\n');
}

static void csv_clean(struct out *o, const char *s, size_t n)
{
	char *dst = out_room(o, UTF8_CLEAN_MAX(n));

	if (dst)
		o->len += utf8_clean(dst, s, n);
}

static void csv_text(struct out *o, const char *s)
{
	if (!s[strcspn(s, ",\"\r\n")]) {
		csv_clean(o, s, strlen(s));
		return;
	}
	out_char(o, '"');
	for (;;) {
		size_t n = strcspn(s, "\"");

		csv_clean(o, s, n);
		if (!s[n])
			break;
		out_put(o, "\"\"", 2);
		s += n + 1;
	}
	out_char(o, '"');
}

static void csv_words(struct out *o, enum result_type type, uint32_t set)
{
	const char *word;
	bool first = true;

	for (unsigned int bit = 0; (word = result_word(type, bit)); bit++) {
		if (!(set >> bit & 1))
			continue;
		if (!first)
			out_char(o, ';');
		out_put(o, word, strlen(word));
		first = false;
	}
}

static void csv_value(struct out *o, const struct result *r, const struct result_field *f)
{
	const void *m = result_member(r, f);

	if (result_types[f->type].plain) {
		char *dst = out_room(o, OUT_PLAIN_MAX);

		if (dst)
			o->len += out_plain(o, r, f, dst);
	} else if (f->type == RESULT_TEXT) {
		csv_text(o, *(const char *const *)m);
	} else if (!result_is_nested(f)) {
		csv_words(o, f->type, result_set(r, f));
	}
}

static void csv_row(struct out *o, const struct result *r)
{
	size_t start = o->len;

	for (size_t i = 0; i < o->fields->n; i++) {
		const struct result_field *f = out_field(o, i);

		if (i)
			out_char(o, ',');
		if (!result_is_null(r, f))
			csv_value(o, r, f);
	}
	if (o->len == start)	/* a blank line would be no row to many readers */
		out_put(o, "\"\"", 2);
	out_char(o, '\n');
}

const struct out_ops out_csv_ops = { .header = csv_header, .row = csv_row };
