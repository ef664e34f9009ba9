#include "report/merge.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "err.h"
#include "rowfile/reader.h"

struct merge {
	const char *path;
	char *part;			/* the name until it is whole */
	FILE *out;
	enum { EMPTY, CSV, NDJSON } format;
	size_t n_columns;
	char *names[READER_FIELDS_MAX];	/* of the first file */
	size_t from[READER_FIELDS_MAX];	/* of a column: its place in the current file */
};

static int fails(const struct merge *m, struct err *e)
{
	return err_set(e, errno, "cannot write to '%.200s': %s; name another file with --merge",
		       m->path, strerror(errno));
}

int merge_open(struct merge **out, const char *path, struct err *e)
{
	struct merge *m = calloc(1, sizeof(*m));
	int fd = -1, err;

	*out = m;
	if (!m || asprintf(&m->part, "%s.XXXXXX", path) < 0)
		return err_set(e, ENOMEM, "no memory for --merge");
	m->path = path;
	fd = mkstemp(m->part);
	m->out = fd < 0 ? NULL : fdopen(fd, "w");
	if (m->out)
		return 0;
	err = fails(m, e);
	if (fd >= 0) {
		close(fd);
		unlink(m->part);
	}
	return err;
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

/* As a file that is made has it, not as a temporary one. */
static void give_mode(const char *path)
{
	mode_t mask = umask(0);

	umask(mask);
	chmod(path, 0666 & ~mask);
}

static int write_metadata(const struct merge *m, const json_t *metadata, struct err *e)
{
	char *name = NULL;
	int err = 0;

	if (asprintf(&name, "%s" MERGE_METADATA, m->path) < 0)
		return err_set(e, ENOMEM, "no memory for --merge");
	if (json_dump_file(metadata, name, JSON_INDENT(2) | JSON_REAL_PRECISION(15)))
		err = err_set(e, EIO,
			      "cannot write to '%.200s': %s; name another file with --merge", name,
			      errno ? strerror(errno) : "out of memory");
	free(name);
	return err;
}

int merge_end(struct merge *m, int keep, const json_t *metadata, struct err *e)
{
	int err = 0;

	if (!m)
		return 0;
	if (m->out) {
		bool bad = ferror(m->out);

		if ((fclose(m->out) != 0 || bad) && keep)
			err = fails(m, e);
		if (keep && !err) {
			give_mode(m->part);
			if (rename(m->part, m->path) != 0)
				err = fails(m, e);
		}
		if (!keep || err)
			unlink(m->part);
		if (keep && !err && metadata)
			err = write_metadata(m, metadata, e);
	}
	for (size_t i = 0; i < m->n_columns; i++)
		free(m->names[i]);
	free(m->part);
	free(m);
	return err;
}
