#include "targetlist.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "err.h"
#include "lines.h"
#include "listline.h"

void targetlist_init(struct targetlist *l)
{
	*l = (struct targetlist){ .v = NULL };
}

void targetlist_free(struct targetlist *l)
{
	for (size_t i = 0; i < l->n_names; i++)
		free(l->names[i]);
	free(l->names);
	free(l->v);
	if (l->file)
		fclose(l->file);
	targetlist_init(l);
}

int targetlist_add(struct targetlist *l, struct addr ip, uint16_t port, uint64_t origin,
		   struct err *e)
{
	if (l->n == l->cap) {
		size_t cap = l->cap ? l->cap + l->cap / 2 : 64;
		struct targetlist_entry *v = NULL;

		if (cap < SIZE_MAX / sizeof(*v))
			v = realloc(l->v, cap * sizeof(*v));
		if (!v)
			return err_set(e, ENOMEM, "no memory for more than %zu targets of a list",
				       l->n);
		l->v = v;
		l->cap = cap;
	}
	l->v[l->n++] = (struct targetlist_entry){
		ip, (uint64_t)port << TARGETLIST_ORIGIN_BITS | origin
	};
	return 0;
}

int targetlist_add_name(struct targetlist *l, const char *name, uint64_t *origin, struct err *e)
{
	char **names = realloc(l->names, (l->n_names + 1) * sizeof(*names));
	char *copy = names ? strdup(name) : NULL;

	if (names)
		l->names = names;
	if (!copy)
		return err_set(e, ENOMEM, "no memory for the name %s", name);
	*origin = TARGETLIST_NAME + l->n_names;
	l->names[l->n_names++] = copy;
	l->has_extra = true;
	return 0;
}

/* ---- reading ---- */

static const char option[] = "--targets-file";

const char *targetlist_name(const char *path)
{
	return strcmp(path, "-") == 0 ? "stdin" : path;
}

/* Copies in to its end into an unlinked file, which *out becomes. */
static int spool(FILE *in, const char *path, FILE **out, struct err *e)
{
	FILE *copy = tmpfile();
	char buf[65536];
	size_t n;
	int err;

	if (!copy) {
		err = errno;
		return err_set(e, err, "cannot make a temporary file for %s: %s", path,
			       strerror(err));
	}
	errno = 0;
	while ((n = fread(buf, 1, sizeof(buf), in)) > 0 && fwrite(buf, 1, n, copy) == n)
		;
	if (ferror(in) || n > 0 || fflush(copy) != 0) {
		err = errno ? errno : EIO;
		fclose(copy);
		if (ferror(in))
			return lines_unreadable(option, path, err, e);
		return err_set(e, err, "cannot copy %s to a temporary file: %s", path,
			       strerror(err));
	}
	rewind(copy);
	*out = copy;
	return 0;
}

/* Opens the list as a file that can be read again later. */
static int open_list(FILE **out, const char *path, struct err *e)
{
	bool is_stdin = strcmp(path, "-") == 0;
	FILE *f = is_stdin ? stdin : fopen(path, "re");
	struct stat st;
	int err;

	if (!f)
		return lines_unreadable(option, path, errno, e);
	/* Of a stdin that is a file, the part before its offset is not meant. */
	if (!is_stdin && fstat(fileno(f), &st) == 0 && S_ISREG(st.st_mode)) {
		*out = f;
		return 0;
	}
	err = spool(f, is_stdin ? "- (standard input)" : path, out, e);
	if (!is_stdin)
		fclose(f);
	return err;
}

static int add_line(struct targetlist *l, uint64_t offset, char *text, struct err *e)
{
	struct listline line;
	int err;

	if (offset >= TARGETLIST_NAME)
		return err_set(e, EFBIG, "the list is larger than %llu bytes", TARGETLIST_NAME);
	err = listline_parse(&line, text, NULL, e);
	if (err)
		return err;
	l->has_extra |= line.has_extra;
	return targetlist_add(l, line.ip, line.port, offset, e);
}

int targetlist_read(struct targetlist *l, const char *path, struct err *e)
{
	struct lines in;
	char *text;
	int rc;

	rc = open_list(&l->file, path, e);
	if (rc)
		return rc;
	lines_attach(&in, l->file, option, targetlist_name(path));
	while ((rc = lines_next(&in, &text, e)) > 0) {
		rc = add_line(l, in.offset, text, e);
		if (rc)
			return lines_fail(&in, rc, e);
	}
	return rc;
}

/* ---- order ---- */

static int entry_cmp(const void *a, const void *b)
{
	const struct targetlist_entry *x = a, *y = b;
	bool x_port = targetlist_port(x) != 0, y_port = targetlist_port(y) != 0;
	int cmp;

	if (x_port != y_port)
		return x_port - y_port;
	cmp = addr_cmp(x->ip, y->ip);
	if (cmp)
		return cmp;
	return x->where < y->where ? -1 : x->where > y->where;
}

void targetlist_sort(struct targetlist *l)
{
	/* The order is total, so it does not matter whether qsort() is stable. */
	if (l->n)
		qsort(l->v, l->n, sizeof(*l->v), entry_cmp);
}

const struct targetlist_entry *targetlist_find(const struct targetlist *l, size_t low, size_t high,
					       struct addr ip, uint16_t port)
{
	const struct targetlist_entry want = { ip, (uint64_t)port << TARGETLIST_ORIGIN_BITS };
	size_t end = high;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (entry_cmp(&l->v[mid], &want) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	if (low < end && addr_eq(l->v[low].ip, ip) && targetlist_port(&l->v[low]) == port)
		return &l->v[low];
	return NULL;
}

/* ---- what the lines say beside ---- */

/* The line at offset, trimmed, in buf; NULL where it cannot be read. */
static char *line_at(FILE *f, uint64_t offset, char buf[static LINES_MAX])
{
	ssize_t n = pread(fileno(f), buf, LINES_MAX - 1, (off_t)offset);
	char *end;

	if (n <= 0)
		return NULL;
	buf[n] = '\0';
	end = strchr(buf, '\n');
	if (end)
		*end = '\0';
	return lines_trim(buf);
}

void targetlist_extra(const struct targetlist *l, const struct targetlist_entry *t,
		      struct target_extra *x)
{
	uint64_t origin = targetlist_origin(t);
	struct listline line;
	char buf[LINES_MAX], *text;

	x->domain[0] = x->info[0] = '\0';
	if (origin == TARGETLIST_NO_ORIGIN)
		return;
	if (origin >= TARGETLIST_NAME) {
		snprintf(x->domain, sizeof(x->domain), "%s", l->names[origin - TARGETLIST_NAME]);
		return;
	}
	text = line_at(l->file, origin, buf);
	/* The file may have been written to since: only a line of this very target counts. */
	if (!text || !*text || listline_parse(&line, text, x, NULL) ||
	    !addr_eq(line.ip, t->ip) || line.port != targetlist_port(t))
		x->domain[0] = x->info[0] = '\0';
}
