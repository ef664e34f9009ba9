/* CSV (RFC 4180) by libcsv. Its callbacks cannot end the parsing: r->err makes them do nothing. */
#include "rowfile/reader.h"

#include <csv.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct reader_csv {
	struct reader *r;
	struct csv_parser parser;
	unsigned long lines_in_row;	/* line ends inside of quoted fields */
	bool has_header;
	size_t n_columns;
	enum column columns[READER_FIELDS_MAX];	/* of each field; COLUMNS: unknown */
	struct cell fields[READER_FIELDS_MAX];
};

/* libcsv's buffer grows by so much, without end for a field that has none. */
#define GROWS_BY	(64u * 1024)

static void *limited_realloc(void *p, size_t len)
{
	return len > READER_ROW_MAX ? NULL : realloc(p, len);
}

static void take_field(void *p, size_t len, void *arg)
{
	struct reader_csv *c = arg;
	struct gather *g = &c->r->gather;
	const char *text = p;

	if (c->r->err)
		return;
	if (g->n == READER_FIELDS_MAX) {
		c->r->line += 1 + c->lines_in_row;
		reader_fails(c->r, EFBIG, "more than %d fields are no row", READER_FIELDS_MAX);
		return;
	}
	if (len && memchr(text, '\n', len))
		for (size_t i = 0; i < len; i++)
			c->lines_in_row += text[i] == '\n';
	g->spans[g->n].at = g->len;
	g->spans[g->n].len = len;
	g->spans[g->n].is_null = len == 0;
	g->n++;
	gather_bytes(g, text, len);
}

static bool is_twice(const struct reader_csv *c, size_t i)
{
	const struct cell *f = c->fields;

	for (size_t k = 0; k < i; k++)
		if (f[k].len == f[i].len && (!f[i].len || memcmp(f[k].p, f[i].p, f[i].len) == 0))
			return true;
	return false;
}

static void take_header(struct reader_csv *c)
{
	struct reader *r = c->r;
	unsigned int next = 0;

	for (size_t i = 0; i < r->gather.n; i++) {
		const struct cell *f = &c->fields[i];
		enum column column = reader_column(f->p, f->len, &next);

		c->columns[i] = column;
		if (is_twice(c, i))
			reader_fails(r, EINVAL, "the column '%.*s' is there twice",
				     (int)(f->len < 60 ? f->len : 60), f->len ? f->p : "");
		if (column < COLUMNS)
			r->found->columns |= 1ull << column;
		r->found->replies |= reader_is_of_replies(f->p, f->len);
	}
	c->n_columns = r->gather.n;
	c->has_header = true;
	if (!r->found->columns)
		reader_fails(r, EINVAL, "no header with names of tfomap's fields (ip, verdict, "
			     "...); give rows as tfomap writes them, without --no-header");
	if (!r->err && r->ops->header)
		r->err = r->ops->header(r->ops->arg, c->fields, c->n_columns, r->e);
}

static void take_values(struct reader_csv *c)
{
	struct reader *r = c->r;

	if (r->gather.n != c->n_columns) {
		reader_fails(r, EINVAL, "%zu fields, the header has %zu", r->gather.n,
			     c->n_columns);
		return;
	}
	memset(r->row.cells, 0, sizeof(r->row.cells));
	for (size_t i = 0; i < c->n_columns; i++)
		if (c->columns[i] < COLUMNS)
			r->row.cells[c->columns[i]] = c->fields[i];
	r->row.fields = c->fields;
	r->row.n_fields = c->n_columns;
	r->row.line = r->line;
	r->err = r->ops->row(r->ops->arg, &r->row, r->e);
}

static void take_row(int end, void *arg)
{
	struct reader_csv *c = arg;
	struct reader *r = c->r;

	(void)end;
	if (r->err)
		return;
	r->line += 1 + c->lines_in_row;
	c->lines_in_row = 0;
	if (r->gather.full) {
		reader_fails(r, EFBIG, "more than %u bytes are no row", READER_ROW_MAX);
		return;
	}
	for (size_t i = 0; i < r->gather.n; i++)
		c->fields[i] = gather_cell(&r->gather, i);
	if (c->has_header)
		take_values(c);
	else
		take_header(c);
	r->gather.n = r->gather.len = 0;
}

struct reader_csv *reader_csv_new(struct reader *r)
{
	struct reader_csv *c = calloc(1, sizeof(*c));

	if (!c || csv_init(&c->parser, CSV_STRICT | CSV_STRICT_FINI)) {
		free(c);
		return NULL;
	}
	csv_set_realloc_func(&c->parser, limited_realloc);
	csv_set_blk_size(&c->parser, GROWS_BY);
	c->r = r;
	return c;
}

static void explain(struct reader_csv *c)
{
	c->r->line++;
	if (csv_error(&c->parser) == CSV_EPARSE)
		reader_fails(c->r, EINVAL, "a quote where none may be, or one that is not closed");
	else
		reader_fails(c->r, EFBIG, "a field that does not end: is a quote not closed?");
}

void reader_csv_take(struct reader_csv *c, const char *p, size_t len)
{
	if (csv_parse(&c->parser, p, len, take_field, take_row, c) != len && !c->r->err)
		explain(c);
}

void reader_csv_end(struct reader_csv *c)
{
	if (csv_fini(&c->parser, take_field, take_row, c) && !c->r->err)
		explain(c);
}

void reader_csv_free(struct reader_csv *c)
{
	if (c)
		csv_free(&c->parser);
	free(c);
}
