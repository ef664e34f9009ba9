/*
 * ndjson by yajl, which hands over values as text and builds nothing: a million rows of forty
 * fields take it 3 s, and jansson 12 s.
 */
#include "rowfile/reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

struct reader_ndjson {
	struct reader *r;
	yajl_handle yajl;
	unsigned int depth;		/* brackets that are open; the row's own is the first */
	unsigned int objects;		/* of this line, at its depth 0 */
	enum column column;		/* of the key at depth 1; COLUMNS: unknown */
	unsigned int next;
	bool in_list;			/* of words, as the value of a column */
	bool twice;			/* a key that was there before */
	bool nested;			/* a column's value is no plain one */
	uint64_t seen;			/* the row's columns, as bits */
	size_t span_of[COLUMNS];	/* where in the gather a column's value is */
};

/* Whether what comes is the value of a column, or a word in its list. */
static bool is_wanted(const struct reader_ndjson *n)
{
	return n->column < COLUMNS && (n->depth == 1 || (n->depth == 2 && n->in_list));
}

static int add(struct reader_ndjson *n, const char *p, size_t len, bool is_null)
{
	struct gather *g = &n->r->gather;
	size_t i = g->n;

	if (!is_wanted(n))
		return 1;
	if (n->in_list) {
		i = n->span_of[n->column];
		if (g->spans[i].len)
			gather_bytes(g, ";", 1);
	} else {
		n->span_of[n->column] = g->n++;
		g->spans[i].at = g->len;
	}
	gather_bytes(g, p, len);
	g->spans[i].len = g->len - g->spans[i].at;
	g->spans[i].is_null = is_null;
	return !g->full;
}

static int take_null(void *arg)
{
	return add(arg, "", 0, true);
}

static int take_bool(void *arg, int value)
{
	return value ? add(arg, "true", 4, false) : add(arg, "false", 5, false);
}

static int take_number(void *arg, const char *p, size_t len)
{
	return add(arg, p, len, false);
}

static int take_string(void *arg, const unsigned char *p, size_t len)
{
	return add(arg, (const char *)p, len, false);
}

static int take_open(void *arg)
{
	struct reader_ndjson *n = arg;

	n->nested |= is_wanted(n);
	n->objects += n->depth == 0;
	n->depth++;
	return !n->nested;
}

static int take_close(void *arg)
{
	struct reader_ndjson *n = arg;

	n->depth--;
	return 1;
}

static int take_key(void *arg, const unsigned char *p, size_t len)
{
	struct reader_ndjson *n = arg;
	const char *key = (const char *)p;

	if (n->depth != 1)
		return 1;
	n->column = reader_column(key, len, &n->next);
	if (n->column < COLUMNS) {
		n->twice |= n->seen >> n->column & 1;
		n->seen |= 1ull << n->column;
	} else {
		n->r->found->replies |= reader_is_of_replies(key, len);
	}
	return !n->twice;
}

static bool may_be_list(enum column c)
{
	return c == COLUMN_conditions || c == COLUMN_signals;
}

/* A list of words is a value as well, and an empty one is no null. */
static int take_list(void *arg)
{
	struct reader_ndjson *n = arg;

	if (n->depth == 0)
		return 0;
	n->nested |= is_wanted(n) && (n->in_list || !may_be_list(n->column));
	if (n->nested)
		return 0;
	if (n->depth == 1) {
		int go_on = add(n, "", 0, false);

		n->in_list = n->column < COLUMNS;
		if (!go_on)
			return 0;
	}
	n->depth++;
	return 1;
}

static int take_list_end(void *arg)
{
	struct reader_ndjson *n = arg;

	n->depth--;
	if (n->depth == 1)
		n->in_list = false;
	return 1;
}

static const yajl_callbacks callbacks = {
	.yajl_null = take_null, .yajl_boolean = take_bool, .yajl_number = take_number,
	.yajl_string = take_string, .yajl_start_map = take_open, .yajl_map_key = take_key,
	.yajl_end_map = take_close, .yajl_start_array = take_list,
	.yajl_end_array = take_list_end,
};

struct reader_ndjson *reader_ndjson_new(struct reader *r)
{
	struct reader_ndjson *n = calloc(1, sizeof(*n));

	if (n)
		n->yajl = yajl_alloc(&callbacks, NULL, n);
	if (!n || !n->yajl) {
		free(n);
		return NULL;
	}
	/* One parser for all lines: each is looked at when it ends. */
	yajl_config(n->yajl, yajl_allow_multiple_values, 1);
	n->r = r;
	return n;
}

static void hand_over(struct reader_ndjson *n, const char *line, size_t len)
{
	struct reader *r = n->r;

	memset(r->row.cells, 0, sizeof(r->row.cells));
	for (unsigned int c = 0; c < COLUMNS; c++)
		if (n->seen >> c & 1)
			r->row.cells[c] = gather_cell(&r->gather, n->span_of[c]);
	r->found->columns |= n->seen;
	r->row.raw = (struct cell){ line, len };
	r->row.line = r->line;
	r->err = r->ops->row(r->ops->arg, &r->row, r->e);
}

void reader_ndjson_take(struct reader_ndjson *n, const char *line, size_t len)
{
	struct reader *r = n->r;
	yajl_status status;

	r->gather.n = r->gather.len = 0;
	n->objects = n->next = 0;
	n->seen = 0;
	n->column = COLUMNS;
	status = yajl_parse(n->yajl, (const unsigned char *)line, len);
	if (n->twice)
		reader_fails(r, EINVAL, "a key is there twice");
	else if (n->nested)
		reader_fails(r, EINVAL, "the value of %s is an object or a list, which no row of "
			     "tfomap's has there", reader_column_name(n->column));
	else if (r->gather.full)
		reader_fails(r, EFBIG, "more than %u bytes are no row", READER_ROW_MAX);
	else if (status != yajl_status_ok || n->depth || n->objects != 1)
		reader_fails(r, EINVAL, "no row: each line is one JSON object (-O ndjson)");
	else
		hand_over(n, line, len);
}

void reader_ndjson_free(struct reader_ndjson *n)
{
	if (n)
		yajl_free(n->yajl);
	free(n);
}
