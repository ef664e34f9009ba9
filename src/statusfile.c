#include "statusfile.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "status.h"

struct statusfile {
	FILE *file;
	char *path;
	int failed;			/* errno of the first row that could not be written */
	bool any;			/* there is a row before */
	struct status_moment prev;
};

/* Rows are written out one by one: others read along. */
static void add_line(struct statusfile *f, const char *line)
{
	if (!f->failed && (fprintf(f->file, "%s\n", line) < 0 || fflush(f->file)))
		f->failed = errno;
}

static int fails(const char *path, int code, struct err *e)
{
	return err_set(e, code, "cannot write the status updates to %s: %s; name another file "
		       "with --status-updates-file", path, strerror(code));
}

int statusfile_open(struct statusfile **out, const char *path, struct err *e)
{
	struct statusfile *f = calloc(1, sizeof(*f));
	char header[STATUS_ROW_LEN];

	if (f)
		f->path = strdup(path);
	if (!f || !f->path) {
		free(f);
		return err_set(e, ENOMEM, "out of memory for the status updates");
	}
	f->file = fopen(path, "we");
	if (!f->file) {
		int rc = fails(path, errno, e);

		free(f->path);
		free(f);
		return rc;
	}
	status_header(header);
	add_line(f, header);
	*out = f;
	return 0;
}

void statusfile_add(struct statusfile *f, const struct status_moment *now)
{
	char row[STATUS_ROW_LEN];

	status_row(now, f->any ? &f->prev : NULL, row);
	add_line(f, row);
	f->prev = *now;
	f->any = true;
}

int statusfile_close(struct statusfile *f, struct err *e)
{
	int rc = 0;

	if (!f)
		return 0;
	if (fclose(f->file) && !f->failed)
		f->failed = errno;
	if (f->failed)
		rc = fails(f->path, f->failed, e);
	free(f->path);
	free(f);
	return rc;
}
