#include "cookiefile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "err.h"
#include "lines.h"

#define HEADER		"source_ip,ip,port,kind,cookie,time\n"
#define LINE_LEN	256		/* longest line, with room: 2 addresses and 64 more */
#define BUFFER_LEN	65536

struct cookiefile {
	int fd;
	int failed;			/* -errno of the first failed write */
	char *path;
	size_t len;			/* bytes in buf, whole lines */
	char buf[BUFFER_LEN];
};

/*
 * A write came short, at a full disk for example: takes the piece of a line back, so that the file
 * can be loaded again. Where another process has written behind it, it has to stay.
 */
static void take_back(int fd, const char *buf, size_t written)
{
	size_t whole = written;
	off_t end = lseek(fd, 0, SEEK_CUR);
	struct stat st;

	while (whole && buf[whole - 1] != '\n')
		whole--;
	if (whole == written || end < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode) ||
	    st.st_size != end)
		return;
	if (ftruncate(fd, end - (off_t)(written - whole)))
		return;
}

static int write_out(struct cookiefile *f)
{
	size_t done = 0;

	while (done < f->len && !f->failed) {
		ssize_t n = write(f->fd, f->buf + done, f->len - done);

		if (n >= 0)
			done += (size_t)n;
		else if (errno != EINTR)
			f->failed = -errno;
	}
	if (f->failed)
		take_back(f->fd, f->buf, done);
	f->len = 0;
	return f->failed;
}

int cookiefile_flush(struct cookiefile *f, struct err *e)
{
	int err = write_out(f);

	return err ? err_set(e, -err, "cannot write to %s: %s", f->path, strerror(-err)) : 0;
}

/* Whether the file has a line that cookiefile_load() sees: blank ones and comments are none. */
static int says_something(const char *path, bool *says)
{
	struct lines l;
	char *text;
	int rc = lines_open(&l, "--cookie-file", path, NULL);

	if (rc)
		return rc;
	*says = lines_next(&l, &text, NULL) != 0;
	lines_close(&l);
	return 0;
}

/* What the file needs before the first cookie: its last line ended, and the header. */
static int begin(struct cookiefile *f)
{
	bool has_header = false;
	struct stat st;
	char last;
	int err;

	if (fstat(f->fd, &st))
		return -errno;
	if (st.st_size && S_ISREG(st.st_mode)) {
		if (pread(f->fd, &last, 1, st.st_size - 1) == 1 && last != '\n')
			f->buf[f->len++] = '\n';
		err = says_something(f->path, &has_header);
		if (err)
			return err;
	}
	if (!has_header) {
		memcpy(f->buf + f->len, HEADER, strlen(HEADER));
		f->len += strlen(HEADER);
	}
	return write_out(f);
}

int cookiefile_open(struct cookiefile **out, const char *path, struct err *e)
{
	struct cookiefile *f = malloc(sizeof(*f));
	int err = 0;

	if (!f)
		return err_set(e, ENOMEM, "no memory for %s", path);
	f->len = 0;
	f->failed = 0;
	f->path = strdup(path);
	f->fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
	if (!f->path)
		err = -ENOMEM;
	else if (f->fd < 0)
		err = -errno;
	else
		err = begin(f);
	if (err) {
		err_set(e, -err, "cannot write to the cookie file %s: %s", path, strerror(-err));
		if (f->fd >= 0)
			close(f->fd);
		free(f->path);
		free(f);
		return err;
	}
	*out = f;
	return 0;
}

int cookiefile_append(struct cookiefile *f, struct addr source, struct addr ip, uint16_t port,
		      uint8_t kind, const uint8_t *cookie, size_t len, uint64_t wall_ns)
{
	char source_text[ADDR_STRLEN], ip_text[ADDR_STRLEN], time_text[CLOCK_TEXT_LEN];
	char hex[2 * TFO_COOKIE_MAX + 1];
	int n;

	if (!tfo_cookie_len_ok(len) || port == 0 ||
	    (kind != TFO_KIND && kind != TFO_KIND_EXP && kind != TFO_KIND_EXP1))
		return -EINVAL;
	if (f->len + LINE_LEN > sizeof(f->buf))
		write_out(f);
	if (f->failed)
		return f->failed;
	addr_format(source, source_text);
	addr_format(ip, ip_text);
	clock_text(wall_ns, time_text);
	for (size_t i = 0; i < len; i++)
		snprintf(hex + 2 * i, 3, "%02x", cookie[i]);
	n = snprintf(f->buf + f->len, LINE_LEN, "%s,%s,%u,%u,%s,%s\n", source_text, ip_text, port,
		     kind, hex, time_text);
	f->len += (size_t)n;
	return 0;
}

int cookiefile_close(struct cookiefile *f, struct err *e)
{
	int err;

	if (!f)
		return 0;
	err = cookiefile_flush(f, e);
	/* Network file systems tell of a full disk only here. */
	if (close(f->fd) && !err)
		err = err_set(e, errno, "cannot write to %s: %s", f->path, strerror(errno));
	free(f->path);
	free(f);
	return err;
}
