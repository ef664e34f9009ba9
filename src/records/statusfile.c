#include "records/statusfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/writer.h"
#include "err.h"
#include "files/file_lock.h"
#include "records/status.h"

struct statusfile {
	struct writer *writer;
	int fd;
	bool append;
	char *path;
	uint64_t skipped;		/* rows, as too many waited to be read */
	bool any;			/* there is a row before */
	struct status_moment prev;
};

/* Rows are written out one by one: others read along. */
static void add_line(struct statusfile *f, char *line)
{
	size_t n = strlen(line);

	if (writer_is_full(f->writer)) {
		f->skipped++;
		return;
	}
	line[n] = '\n';
	writer_put(f->writer, line, n + 1);
	writer_kick(f->writer);
}

static int fails(const char *path, int code, struct err *e)
{
	if (code == EBUSY)
		return err_set(e, code, "--status-updates-file %.200s: " FILE_LOCK_HELD, path);
	return err_set(e, code, "cannot write the status updates to %s: %s; name another file "
		       "with --status-updates-file", path, strerror(code));
}

static void free_all(struct statusfile *f)
{
	if (f->fd >= 0)
		close(f->fd);
	free(f->path);
	free(f);
}

int statusfile_open(struct statusfile **out, const char *path, bool append, struct err *e)
{
	struct statusfile *f = calloc(1, sizeof(*f));
	int rc;

	if (!f)
		return err_set(e, ENOMEM, "out of memory for the status updates");
	f->path = strdup(path);
	f->append = append;
	f->fd = f->path ? file_lock_open(path, O_WRONLY | (append ? O_APPEND : 0), 0666) : -1;
	if (!f->path)
		rc = err_set(e, ENOMEM, "out of memory for the status updates");
	else
		rc = f->fd < 0 ? fails(path, -f->fd, e)
		     : writer_open(&f->writer, f->fd, f->path, e);
	if (rc) {
		free_all(f);
		return rc;
	}
	*out = f;
	return 0;
}

int statusfile_begin(struct statusfile *f, struct err *e)
{
	char header[STATUS_ROW_LEN + 1];
	int rc;

	if (f->append && lseek(f->fd, 0, SEEK_END) > 0)
		return 0;
	rc = file_lock_cut(f->fd, 0);
	if (rc)
		return fails(f->path, -rc, e);
	status_header(header);
	add_line(f, header);
	return 0;
}

void statusfile_add(struct statusfile *f, const struct status_moment *now)
{
	char row[STATUS_ROW_LEN + 1];

	status_row(now, f->any ? &f->prev : NULL, row);
	add_line(f, row);
	f->prev = *now;
	f->any = true;
}

struct writer *statusfile_writer(struct statusfile *f)
{
	return f ? f->writer : NULL;
}

int statusfile_close(struct statusfile *f, struct err *e)
{
	int rc;

	if (!f)
		return 0;
	rc = writer_close_file(f->writer, f->fd);
	if (rc)
		fails(f->path, -rc, e);
	if (f->skipped)
		log_warn("%s lacks %llu row%s: its reader is too slow", f->path,
			 (unsigned long long)f->skipped, log_s(f->skipped));
	f->fd = -1;
	free_all(f);
	return rc;
}
