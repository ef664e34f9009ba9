/*
 * reader: rows of tfomap's, CSV with a header or ndjson, whichever the content is; handed over one
 * by one as text. What others wrote: a line that is no row ends the reading, with a message that
 * names file and line. One thread.
 */
#ifndef TFOMAP_READER_H
#define TFOMAP_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct input;

#define READER_ROW_MAX	(4u * 1024 * 1024)	/* bytes of a row */
#define READER_FIELDS_MAX 512

enum column {
#define COLUMN(name, kind, kept, doc) COLUMN_##name,
#include "rowfile/columns.def"
	COLUMNS
};

/* A value: bytes without a NUL after them; p NULL: null. CSV's empty field is null. */
struct cell {
	const char *p;
	size_t len;
};

/* Good until the next one. */
struct reader_row {
	struct cell cells[COLUMNS];	/* ndjson's lists of words: joined by semicolons */
	unsigned long line;		/* its last one, from 1 */
	struct cell raw;		/* ndjson: the line, with its end; else NULL */
	const struct cell *fields;	/* CSV: all fields, those of unknown columns, too */
	size_t n_fields;
};

/* 0, or -errno with a message, which ends the reading. */
struct reader_ops {
	int (*row)(void *arg, const struct reader_row *row, struct err *e);
	/* The names of CSV's columns, before any row; may be NULL. */
	int (*header)(void *arg, const struct cell *names, size_t n, struct err *e);
	void *arg;
};

/* What a file turned out to have. */
struct reader_found {
	bool is_csv, is_ndjson;		/* neither: it is empty */
	uint64_t columns;		/* bit 1 << enum column: it has that column or key */
	bool replies;			/* it has columns that only rows of answers have */
};

/* Reads all of it. 0, or -errno with a message. */
int reader_read(struct input *in, const struct reader_ops *ops, struct reader_found *found,
		struct err *e);

/* ---- inside: text that is gathered, and the two formats ---- */

/* A row under construction: its bytes, and where in them each cell is. */
struct gather {
	char *text;			/* heap */
	size_t len, cap;
	struct {
		size_t at, len;
		bool is_null;
	} spans[READER_FIELDS_MAX];
	size_t n;
	bool full;			/* longer than a row may be, or no memory */
};

void gather_bytes(struct gather *g, const char *p, size_t len);
struct cell gather_cell(const struct gather *g, size_t i);

/* Of that name; COLUMNS: none. *next: where to look first; then the column after it. */
enum column reader_column(const char *name, size_t len, unsigned int *next);
const char *reader_column_name(enum column c);

/* Whether a column of that name is in rows of answers alone, and in all of them by default. */
bool reader_is_of_replies(const char *name, size_t len);

/* What both formats work with. */
struct reader {
	const char *name;
	const struct reader_ops *ops;
	struct reader_found *found;
	struct gather gather;
	struct reader_row row;
	unsigned long line;
	struct err *e;
	int err;			/* the first one; nothing is done from then on */
};

/* Sets "FILE:LINE: ..." once. */
int reader_fails(struct reader *r, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * CSV: bytes as they come, then their end. ndjson: a line with its end. Free may be given NULL.
 */
struct reader_csv;
struct reader_csv *reader_csv_new(struct reader *r);
void reader_csv_take(struct reader_csv *c, const char *p, size_t len);
void reader_csv_end(struct reader_csv *c);
void reader_csv_free(struct reader_csv *c);

struct reader_ndjson;
struct reader_ndjson *reader_ndjson_new(struct reader *r);
void reader_ndjson_take(struct reader_ndjson *n, const char *line, size_t len);
void reader_ndjson_free(struct reader_ndjson *n);

#endif
