#include "base/lines.h"

#include <errno.h>
#include <string.h>

#include "err.h"

int lines_unreadable(const char *option, const char *path, int code, struct err *e)
{
	return err_set(e, code, "%s %.200s: cannot be read: %s", option, path, strerror(code));
}

void lines_attach(struct lines *l, FILE *f, const char *option, const char *path)
{
	const off_t start = ftello(f);	/* -1 of a pipe */

	l->f = f;
	l->option = option;
	l->path = path;
	l->n = 0;
	l->next = start > 0 ? (uint64_t)start : 0;
}

int lines_open(struct lines *l, const char *option, const char *path, struct err *e)
{
	FILE *f = fopen(path, "re");

	if (!f)
		return lines_unreadable(option, path, errno, e);
	lines_attach(l, f, option, path);
	return 0;
}

void lines_close(struct lines *l)
{
	if (l->f)
		fclose(l->f);
	l->f = NULL;
}

int lines_fail(const struct lines *l, int err, struct err *e)
{
	err_prefix(e, "%s:%lu: ", l->path, l->n);
	return err;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

char *lines_trim(char *s)
{
	size_t len = strlen(s);

	while (len && is_blank(s[len - 1]))
		len--;
	s[len] = '\0';
	while (is_blank(*s))
		s++;
	return s;
}

char *lines_trim_comment(char *s)
{
	char *hash = strchr(s, '#');

	if (hash)
		*hash = '\0';
	return lines_trim(s);
}

/* What a compressed or otherwise binary file is betrayed by. */
static bool has_control(const char *s)
{
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if ((c < 0x20 && !is_blank(*s)) || c == 0x7f)
			return true;
	}
	return false;
}

/* A line came without newline: sound only as the last of the file. */
static int check_last(const struct lines *l, size_t len, struct err *e)
{
	off_t end;

	if (len == LINES_MAX - 1)
		return err_set(e, EINVAL, "the line is longer than %d bytes", LINES_MAX - 2);
	/* fgets() reads on past a NUL byte: further than strlen() sees. A pipe has no offset. */
	end = ftello(l->f);
	if (!feof(l->f) || (end >= 0 && (uint64_t)end != l->next))
		return err_set(e, EINVAL, "a NUL byte: is this a text file?");
	return 0;
}

int lines_next(struct lines *l, char **text, struct err *e)
{
	char *s;

	while (fgets(l->buf, sizeof(l->buf), l->f)) {
		size_t len = strlen(l->buf);
		int err = 0;

		l->n++;
		l->next += len;
		s = l->buf;
		l->ended = len > 0 && s[len - 1] == '\n';
		if (!l->ended)
			err = check_last(l, len, e);
		if (!err && has_control(s))
			err = err_set(e, EINVAL, "control characters: is this a text file?");
		if (err)
			return lines_fail(l, err, e);
		if (l->n == 1 && strncmp(s, "\xef\xbb\xbf", 3) == 0)
			s += 3;
		s = lines_trim(s);
		if (*s && *s != '#') {
			*text = s;
			return 1;
		}
	}
	if (ferror(l->f)) {
		int err = errno;

		if (!l->n)
			return lines_unreadable(l->option, l->path, err, e);
		return err_set(e, err, "%s %.200s: cannot be read after line %lu: %s", l->option,
			       l->path, l->n, strerror(err));
	}
	return 0;
}
