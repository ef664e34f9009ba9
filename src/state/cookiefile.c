#include "state/cookiefile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/lines.h"
#include "base/writer.h"
#include "err.h"
#include "state/cookiefile_load.h"

#define HEADER		"source_ip,ip,port,kind,cookie,time\n"
#define TORN_END	" " COOKIEFILE_TORN "\n"
#define LINE_LEN	256		/* longest line, with room: 2 addresses and 64 more */

struct cookiefile {
	int fd;
	char *path;
	struct writer *writer;		/* of whole lines */
};

static int fails(const char *path, int code, struct err *e)
{
	return err_set(e, code, "cannot write to the cookie file %s: %s", path, strerror(code));
}

static void free_all(struct cookiefile *f)
{
	if (f->fd >= 0)
		close(f->fd);
	free(f->path);
	free(f);
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
	struct writer_state state;
	bool has_header = false;
	struct stat st;
	char last;
	int err;

	if (fstat(f->fd, &st))
		return -errno;
	if (st.st_size && S_ISREG(st.st_mode)) {
		if (pread(f->fd, &last, 1, st.st_size - 1) == 1 && last != '\n')
			writer_put(f->writer, TORN_END, strlen(TORN_END));
		err = says_something(f->path, &has_header);
		if (err)
			return err;
	}
	if (!has_header)
		writer_put(f->writer, HEADER, strlen(HEADER));
	while (!writer_wait(f->writer, NS_PER_S))
		;
	writer_get(f->writer, &state);
	return state.err;
}

int cookiefile_open(struct cookiefile **out, const char *path, struct err *e)
{
	struct cookiefile *f = calloc(1, sizeof(*f));
	int rc;

	if (!f)
		return err_set(e, ENOMEM, "no memory for %s", path);
	f->path = strdup(path);
	f->fd = f->path ? open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600) : -1;
	if (!f->path)
		rc = err_set(e, ENOMEM, "no memory for %s", path);
	else
		rc = f->fd < 0 ? fails(path, errno, e)
		     : writer_open(&f->writer, f->fd, f->path, e);
	if (!rc) {
		rc = begin(f);
		if (rc)
			fails(path, -rc, e);
	}
	if (rc) {
		writer_close(f->writer, NULL);
		free_all(f);
		return rc;
	}
	*out = f;
	return 0;
}

int cookiefile_append(struct cookiefile *f, struct addr source, struct addr ip, uint16_t port,
		      uint8_t kind, const uint8_t *cookie, size_t len, uint64_t wall_ns)
{
	char source_text[ADDR_STRLEN], ip_text[ADDR_STRLEN], time_text[CLOCK_TEXT_LEN];
	char hex[2 * TFO_COOKIE_MAX + 1], line[LINE_LEN];
	struct writer_state st;
	int n;

	if (!tfo_cookie_len_ok(len) || port == 0 ||
	    (kind != TFO_KIND && kind != TFO_KIND_EXP && kind != TFO_KIND_EXP1))
		return -EINVAL;
	addr_format(source, source_text);
	addr_format(ip, ip_text);
	clock_text(wall_ns, time_text);
	for (size_t i = 0; i < len; i++)
		snprintf(hex + 2 * i, 3, "%02x", cookie[i]);
	n = snprintf(line, sizeof(line), "%s,%s,%u,%u,%s,%s\n", source_text, ip_text, port, kind,
		     hex, time_text);
	if (writer_put(f->writer, line, (size_t)n))
		return 0;
	writer_get(f->writer, &st);
	return st.err;
}

void cookiefile_flush(struct cookiefile *f)
{
	if (f)
		writer_kick(f->writer);
}

bool cookiefile_is_full(const struct cookiefile *f)
{
	return f && writer_is_full(f->writer);
}

struct writer *cookiefile_writer(struct cookiefile *f)
{
	return f ? f->writer : NULL;
}

int cookiefile_close(struct cookiefile *f, struct err *e)
{
	int rc;

	if (!f)
		return 0;
	rc = writer_close_file(f->writer, f->fd);
	if (rc)
		fails(f->path, -rc, e);
	f->fd = -1;
	free_all(f);
	return rc;
}
