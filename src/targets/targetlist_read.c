#include "targets/targetlist_read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/lines.h"
#include "err.h"
#include "lists/listline.h"
#include "lists/listline_parse.h"
#include "lists/misread.h"
#include "targets/targetlist.h"

struct reading {
	struct targetlist *l;
	const struct lines *in;
	struct misread *misread;
};

static const char option[] = "--targets-file";

const char *targetlist_name(const char *path)
{
	return strcmp(path, "-") == 0 ? "stdin" : path;
}

static int take_target(void *arg, const struct listline *line, struct err *e)
{
	const struct reading *r = arg;
	uint64_t origin;
	int err;

	if (line->bare)
		misread_note(r->misread, line->bare, r->in->path, r->in->n);
	err = targetlist_keep(r->l, &line->x, &origin, e);
	return err ? err : targetlist_add(r->l, line->ip, line->port, origin, e);
}

/* Of a stdin that is a file, the part before its offset is not meant. */
static FILE *open_list(const char *path)
{
	FILE *f;
	int fd;

	if (strcmp(path, "-") != 0)
		return fopen(path, "re");
	fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	f = fd < 0 ? NULL : fdopen(fd, "r");
	if (!f && fd >= 0) {
		close(fd);
		errno = EBADF;	/* it was closed: what holds its place can only be written to */
	}
	return f;
}

static int read_lines(struct reading *r, struct lines *in, struct err *e)
{
	struct listline line;
	char *text;
	int rc;

	listline_init(&line, take_target, r);
	while ((rc = lines_next(in, &text, e)) > 0) {
		rc = listline_parse(&line, text, e);
		if (rc)
			return lines_fail(in, rc, e);
	}
	r->l->n_other += line.n_other;
	return rc ? rc : targetlist_flush(r->l, e);
}

int targetlist_read(struct targetlist *l, const char *path, struct misread *m, struct err *e)
{
	struct lines in;
	struct reading r = { .l = l, .in = &in, .misread = m };
	FILE *f = open_list(path);
	int rc;

	if (!f)
		return lines_unreadable(option, strcmp(path, "-") ? path : "- (standard input)",
					errno, e);
	lines_attach(&in, f, option, targetlist_name(path));
	rc = read_lines(&r, &in, e);
	fclose(f);
	return rc;
}
