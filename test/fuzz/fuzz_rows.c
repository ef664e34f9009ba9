/*
 * Any bytes as the rows of an earlier part of a run. The input: a byte (struct form below), where
 * reading begins, the length that a checkpoint counts on, 2 bytes each; then the file. What was
 * read is read the same from the file cut to it, and the last row by itself.
 */
#include "fuzz.h"
#include "output/result_fields.h"
#include "output/rows_read.h"

#define ROWS_MAX 4096

struct rows {
	struct rows_row v[ROWS_MAX];
	size_t n;
	uint64_t len;			/* of the file */
};

static struct rows first, second;

static int take(void *arg, const struct rows_row *row, struct err *e)
{
	struct rows *r = arg;

	(void)e;
	MUST(row->at < r->len);
	MUST(row->port > 0);
	MUST(row->verdict <= VERDICTS);
	MUST(!r->n || row->at > r->v[(r->n - 1) % ROWS_MAX].at);
	r->v[r->n++ % ROWS_MAX] = *row;
	return 0;
}

static int read_file(struct rows *r, const struct fuzz_file *file, const struct rows_form *form,
		     uint64_t from, uint64_t sound_len, uint64_t *end)
{
	struct err e = { "" };
	int rc;

	r->n = 0;
	rc = rows_read(file->path, form, from, sound_len, take, r, end, &e);
	fuzz_must_say(rc, &e);
	return rc;
}

static void check_same(const struct rows *a, const struct rows *b)
{
	MUST(a->n == b->n);
	for (size_t i = 0; i < a->n && i < ROWS_MAX; i++) {
		const struct rows_row *x = &a->v[i], *y = &b->v[i];

		MUST(addr_eq(x->ip, y->ip) && x->port == y->port);
		MUST(x->verdict == y->verdict && x->at == y->at);
	}
}

static void read_again(const struct fuzz_file *file, const struct rows_form *form, uint64_t from,
		       uint64_t end)
{
	uint64_t again;

	MUST(ftruncate(file->fd, (off_t)end) == 0);
	second.len = end;
	MUST(read_file(&second, file, form, from, end, &again) == 0 && again == end);
	check_same(&first, &second);
	if (!first.n)
		return;
	MUST(read_file(&second, file, form, first.v[(first.n - 1) % ROWS_MAX].at, end, &again)
	     == 0);
	MUST(again == end && second.n == 1);
}

static void select_fields(struct result_selection *out, uint8_t which, enum config_format format)
{
	static const char *const lists[] = {
		"*", NULL, "ip,port,verdict", "verdict,port,domain,ip",
	};
	struct err e = { "" };

	MUST(result_select(out, lists[which % 4], ROWS_TARGET, format, &e) == 0);
	MUST(rows_check(out, &e) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct fuzz_input in = { data, len };
	uint8_t flags = fuzz_byte(&in);
	uint64_t from = fuzz_be16(&in), sound_len = fuzz_be16(&in), end = 0;
	struct result_selection fields;
	const struct rows_form form = {
		.format = flags & 1 ? FORMAT_ndjson : FORMAT_csv, .header = flags & 2,
		.fields = &fields,
	};
	struct fuzz_file file;

	if (from > sound_len)	/* no checkpoint says so */
		return 0;
	select_fields(&fields, flags >> 2, form.format);
	fuzz_file_open(&file, in.p, in.len);
	first.len = in.len;
	if (read_file(&first, &file, &form, from, sound_len, &end) == 0) {
		MUST(end >= sound_len && end <= in.len);
		read_again(&file, &form, from, end);
	}
	fuzz_file_close(&file);
	result_selection_free(&fields);
	return 0;
}
