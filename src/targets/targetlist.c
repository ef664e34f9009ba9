#include "targets/targetlist.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/lines.h"
#include "err.h"
#include "targets/listline.h"
#include "targets/misread.h"

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
	if (l->beside)
		fclose(l->beside);
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

int targetlist_add_name(struct targetlist *l, const char *name, const char *wire,
			uint64_t *origin, struct err *e)
{
	char **names = realloc(l->names, (l->n_names + 1) * sizeof(*names));
	size_t len = strlen(name) + 1, wire_len = strlen(wire) + 1;
	char *copy = names ? malloc(len + wire_len) : NULL;

	if (names)
		l->names = names;
	if (!copy)
		return err_set(e, ENOMEM, "no memory for the name %s", name);
	memcpy(copy, name, len);
	memcpy(copy + len, wire, wire_len);
	*origin = TARGETLIST_NAME + l->n_names;
	l->names[l->n_names++] = copy;
	l->has_extra = true;
	return 0;
}

/* ---- reading ---- */

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

static int beside_fails(const struct targetlist *l, struct err *e)
{
	int err = errno ? errno : EIO;

	return err_set(e, err, "cannot keep the domains and info of a list in a temporary file%s: "
		       "%s", l->beside ? "" : " (in " P_tmpdir ")", strerror(err));
}

/*
 * Keeps what a target has beside, which *origin is for: "domain TAB wire TAB info NEWLINE", the
 * second left out where it is the first. Where there is nothing it is one byte, of a file's
 * hole as long as no target had anything.
 */
static int keep_beside(struct targetlist *l, const struct target_extra *x, uint64_t *origin,
		       struct err *e)
{
	bool nothing = !x->domain[0] && !x->info[0];
	int n = 1;

	*origin = l->next;
	if (l->next >= TARGETLIST_NAME)
		return err_set(e, EFBIG, "the list is too large");
	errno = 0;
	if (!l->beside && !nothing) {
		l->beside = tmpfile();
		if (!l->beside || fseeko(l->beside, (off_t)l->next, SEEK_SET))
			return beside_fails(l, e);
		l->has_extra = true;
	}
	if (l->beside)
		n = nothing ? fprintf(l->beside, "\n")
			    : fprintf(l->beside, "%s\t%s\t%s\n", x->domain,
				      strcmp(x->wire, x->domain) ? x->wire : "", x->info);
	if (n < 0)
		return beside_fails(l, e);
	l->next += (uint64_t)n;
	return 0;
}

static int take_target(void *arg, const struct listline *line, struct err *e)
{
	const struct reading *r = arg;
	uint64_t origin;
	int err;

	if (line->bare)
		misread_note(r->misread, line->bare, r->in->path, r->in->n);
	err = keep_beside(r->l, &line->x, &origin, e);
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
	errno = 0;
	if (!rc && r->l->beside && fflush(r->l->beside))
		rc = beside_fails(r->l, e);
	return rc;
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

/* Copies what *text has before a tab or the line's end to out, and steps over it. */
static void copy_part(char *out, size_t cap, const char **text)
{
	size_t n = strcspn(*text, "\t\n");

	snprintf(out, cap, "%.*s", (int)n, *text);
	*text += n + ((*text)[n] == '\t');
}

static void read_beside(const struct targetlist *l, uint64_t origin, struct target_extra *x)
{
	char buf[sizeof(*x) + 3];
	ssize_t n = pread(fileno(l->beside), buf, sizeof(buf) - 1, (off_t)origin);
	const char *text = buf;

	buf[n > 0 ? n : 0] = '\0';
	copy_part(x->domain, sizeof(x->domain), &text);
	copy_part(x->wire, sizeof(x->wire), &text);
	copy_part(x->info, sizeof(x->info), &text);
	if (!x->wire[0])
		memcpy(x->wire, x->domain, sizeof(x->wire));
}

void targetlist_extra(const struct targetlist *l, const struct targetlist_entry *t,
		      struct target_extra *x)
{
	uint64_t origin = targetlist_origin(t);
	const char *name;

	target_extra_clear(x);
	if (origin == TARGETLIST_NO_ORIGIN)
		return;
	if (origin < TARGETLIST_NAME) {
		if (l->beside)
			read_beside(l, origin, x);
		return;
	}
	name = l->names[origin - TARGETLIST_NAME];
	snprintf(x->domain, sizeof(x->domain), "%s", name);
	snprintf(x->wire, sizeof(x->wire), "%s", name + strlen(name) + 1);
}
