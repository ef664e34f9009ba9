/*
 * out: rows as bytes. One out_x.c for each format, which exports a `const struct out_ops`, and a
 * row in config/formats.def. Rows are appended to a buffer; nothing here writes to a file.
 */
#ifndef TFOMAP_OUT_H
#define TFOMAP_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "config/formats.h"
#include "output/result_fields.h"
#include "output/verdict_text.h"
#include "tcpopt.h"

struct out;
struct result;

struct out_ops {
	void (*header)(struct out *o);		/* NULL: the format has none */
	void (*row)(struct out *o, const struct result *r);
};

#define FORMAT(id, nests, doc) extern const struct out_ops out_##id##_ops;
#include "config/formats.def"

/* One output: the format, the fields, the bytes so far. One thread. */
struct out {
	const struct out_ops *ops;
	const struct result_selection *fields;	/* the caller's */
	char *p;				/* heap, owned */
	size_t len, cap;			/* the caller may take bytes out by setting len */
	struct verdict_text_run run;		/* for text: what was run */
	unsigned int columns;			/* of the terminal that it goes to; 0: none */
	bool colours;				/* that terminal has them, and they are wanted */
	int err;				/* 0, or -ENOMEM: a row could not be held */
	uint64_t second;			/* whose text is kept: rows come by time */
	char second_text[CLOCK_TEXT_LEN];
};

void out_init(struct out *o, enum config_format format, const struct result_selection *fields);
void out_close(struct out *o);

/* Whether a file of that format begins with a header, where one is wanted. */
bool out_has_header(enum config_format format);

/*
 * Appends the header (nothing where the format has none), resp. a row with its line end. 0, or
 * -ENOMEM; then nothing was appended.
 */
int out_header(struct out *o);
int out_row(struct out *o, const struct result *r);

/* ---- for the formats ---- */

/* n bytes of room after len; NULL: no memory, and err is set. */
char *out_room(struct out *o, size_t n);

/* Appends n bytes. */
void out_put(struct out *o, const char *p, size_t n);
void out_char(struct out *o, char c);

static inline const struct result_field *out_field(const struct out *o, size_t i)
{
	return &result_fields[o->fields->v[i]];
}

/*
 * A value that is not null, of a type that is plain. Writes it to dst, without a NUL, and returns
 * its length.
 */
#define OUT_PLAIN_MAX TCPOPT_TEXT_LEN
size_t out_plain(struct out *o, const struct result *r, const struct result_field *f,
		 char dst[static OUT_PLAIN_MAX]);

#endif
