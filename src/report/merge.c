#include "report/merge.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "err.h"
#include "rowfile/reader.h"

struct merge {
	const char *path;
	FILE *out;
	enum { EMPTY, CSV, NDJSON } format;
	size_t n_columns;
	char *names[READER_FIELDS_MAX];	/* of the first file */
	size_t from[READER_FIELDS_MAX];	/* of a column: its place in the current file */
};

static int fails(const struct merge *m, struct err *e)
{
	return err_set(e, errno, "--merge %.200s: cannot write it: %s; name another file", m->path,
		       strerror(errno));
}

/* The ending of the file's name, if it is one. */
static bool ends_with(const char *name, const char *ending)
{
	size_t len = strlen(name), n = strlen(ending);

	return len > n && strcmp(name + len - n, ending) == 0;
}

int merge_check_name(const char *path, struct err *e)
{
	static const struct {
		const char *ending, *command;
	} packers[] = {
		{ ".gz", "gzip" }, { ".zst", "zstd --rm" },
	};

	for (size_t i = 0; i < sizeof(packers) / sizeof(packers[0]); i++) {
		int len = (int)(strlen(path) - strlen(packers[i].ending));

		if (ends_with(path, packers[i].ending))
			return err_set(e, EINVAL, "--merge %.100s: rows are written as they are, "
				       "not compressed; type --merge %.*s ... && %s %.*s", path,
				       len < 100 ? len : 100, path, packers[i].command,
				       len < 100 ? len : 100, path);
	}
	return 0;
}

int merge_open(struct merge **out, const char *path, int fd, struct err *e)
{
	struct merge *m = calloc(1, sizeof(*m));
	int copy = m ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;

	*out = m;
	if (!m)
		return err_set(e, ENOMEM, "no memory for --merge");
	m->path = path;
	m->out = copy < 0 ? NULL : fdopen(copy, "w");
	if (m->out)
		return 0;
	if (copy >= 0)
		close(copy);
	return fails(m, e);
}

static void put_field(FILE *out, const struct cell *f)
{
	bool quoted = false;

	for (size_t i = 0; i < f->len && !quoted; i++)
		quoted = f->p[i] == ',' || f->p[i] == '"' || f->p[i] == '\n' || f->p[i] == '\r';
	if (!quoted) {
		if (f->len)
			fwrite(f->p, 1, f->len, out);
		return;
	}
	putc('"', out);
	for (size_t i = 0; i < f->len; i++) {
		if (f->p[i] == '"')
			putc('"', out);
		putc(f->p[i], out);
	}
	putc('"', out);
}

static void put_row(struct merge *m, const struct cell *fields)
{
	bool any = false;

	for (size_t i = 0; i < m->n_columns; i++) {
		if (i)
			putc(',', m->out);
		put_field(m->out, &fields[m->from[i]]);
		any |= i > 0 || fields[m->from[i]].len > 0;
	}
	if (!any)	/* a blank line would be no row to many readers */
		fputs("\"\"", m->out);
	putc('\n', m->out);
}

static int first_header(struct merge *m, const struct cell *names, size_t n, struct err *e)
{
	m->format = CSV;
	m->n_columns = n;
	for (size_t i = 0; i < n; i++) {
		m->from[i] = i;
		m->names[i] = strndup(names[i].len ? names[i].p : "", names[i].len);
		if (!m->names[i])
			return err_set(e, ENOMEM, "no memory for --merge");
	}
	put_row(m, names);
	return 0;
}

int merge_header(struct merge *m, const char *file, const struct cell *names, size_t n,
		 struct err *e)
{
	if (m->format == EMPTY)
		return first_header(m, names, n, e);
	if (m->format == NDJSON)
		return err_set(e, EINVAL,
			       "--merge: %.200s is CSV, those before it are ndjson; merge "
			       "files of one format",
			       file);
	if (n != m->n_columns)
		return err_set(e, EINVAL, "--merge: %.200s has %zu columns, those before it have "
			       "%zu; write all with the same -f", file, n, m->n_columns);
	for (size_t i = 0; i < n; i++) {
		size_t k = 0;

		while (k < n && (strlen(m->names[i]) != names[k].len
				 || memcmp(m->names[i], names[k].p, names[k].len) != 0))
			k++;
		if (k == n)
			return err_set(e, EINVAL,
				       "--merge: %.150s has no column %.60s, those before "
				       "it have one; write all with the same -f",
				       file, m->names[i]);
		m->from[i] = k;
	}
	return 0;
}

int merge_row(struct merge *m, const char *file, const struct reader_row *row, struct err *e)
{
	if (!row->raw.p) {
		put_row(m, row->fields);
	} else if (m->format == CSV) {
		return err_set(e, EINVAL,
			       "--merge: %.200s is ndjson, those before it are CSV; merge "
			       "files of one format",
			       file);
	} else {
		m->format = NDJSON;
		fwrite(row->raw.p, 1, row->raw.len, m->out);
	}
	return ferror(m->out) ? fails(m, e) : 0;
}

int merge_end(struct merge *m, struct err *e)
{
	int err = 0;

	if (!m)
		return 0;
	if (m->out) {
		bool bad = ferror(m->out);

		if (fclose(m->out) != 0 || bad)
			err = fails(m, e);
	}
	for (size_t i = 0; i < m->n_columns; i++)
		free(m->names[i]);
	free(m);
	return err;
}
