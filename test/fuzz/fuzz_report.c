/*
 * Any bytes as a file of rows, packed or not, CSV or ndjson: read, stored, counted, and shown as
 * text and as HTML. What was refused says why; what was taken is in the tables, and nothing of it
 * is markup.
 */
#include "fuzz.h"
#include "report/grid.h"
#include "report/runs.h"
#include "report/store.h"
#include "report/tables.h"
#include "rowfile/input.h"
#include "rowfile/reader.h"

static uint64_t n_rows;

static int take(void *arg, const struct reader_row *row, struct err *e)
{
	MUST(row->line > 0);
	MUST(row->raw.p || row->n_fields > 0);
	n_rows++;
	return store_add_row(arg, "rows", row, e);
}

static int read_file(struct store *st, const char *path, struct reader_found *found, struct err *e)
{
	const struct reader_ops ops = { .row = take, .arg = st };
	struct input *in;
	int rc = input_open(&in, path, e);

	if (!rc)
		rc = reader_read(in, &ops, found, e);
	input_close(in);
	return rc;
}

/* Of all that rows say, no byte begins a tag: each < is the page's own. */
static void check_html(const struct grids *grids)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	MUST(out);
	grids_html(grids, out);
	MUST(fclose(out) == 0);
	for (const char *p = text; (p = strchr(p, '<')); p++)
		MUST(p[1] == '/' || strncmp(p, "<section", 8) == 0 || strncmp(p, "<h2>", 4) == 0
		     || strncmp(p, "<div class", 10) == 0 || strncmp(p, "<table>", 7) == 0
		     || strncmp(p, "<t", 2) == 0 || strncmp(p, "<p class", 8) == 0);
	free(text);
}

static void count(struct store *st, const struct reader_found *found)
{
	const char *by[] = { "port", "source", "domain", "prefix/24" };
	struct run run = { .file = "rows", .n_rows = n_rows };
	const struct tables_input in = {
		.st = st, .runs = &run, .n_runs = 1, .columns = found->columns, .by = by,
		.n_by = 4, .top = 20,
	};
	struct grids grids = { NULL, NULL };
	struct err e = { "" };
	uint64_t n = 0;

	MUST(store_end_run(st, found, &n, &e) == 0 && n == n_rows);
	MUST(store_end(st, &e) == 0);
	MUST(tables_build(&in, &grids, &e) == 0);
	MUST(tables_compare(st, COMPARE_DIFF, 20, &grids, &e) == 0);
	check_html(&grids);
	grids_free(&grids);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct reader_found found = { .columns = 0 };
	struct fuzz_file file;
	struct store *st;
	struct err e = { "" };
	int rc;

	n_rows = 0;
	fuzz_file_open(&file, data, len);
	MUST(store_open(&st, false, &e) == 0);
	MUST(store_add_run(st, SIDE_THIS, "rows", NULL, &e) == 0);
	rc = read_file(st, file.path, &found, &e);
	fuzz_must_say(rc, &e);
	if (!rc)
		count(st, &found);
	MUST(store_close(st, &e) == 0);
	fuzz_file_close(&file);
	return 0;
}
