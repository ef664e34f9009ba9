#include "targets/targetlist.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bisect.h"
#include "err.h"

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

struct search {
	const struct targetlist_entry *v;
	size_t low;
	struct targetlist_entry want;
};

static bool is_before(const void *arg, size_t i)
{
	const struct search *search = arg;

	return entry_cmp(&search->v[search->low + i], &search->want) < 0;
}

const struct targetlist_entry *targetlist_find(const struct targetlist *l, size_t low, size_t high,
					       struct addr ip, uint16_t port)
{
	const struct search search = {
		l->v, low, { ip, (uint64_t)port << TARGETLIST_ORIGIN_BITS }
	};
	size_t i = low + bisect(high - low, is_before, &search);

	if (i < high && addr_eq(l->v[i].ip, ip) && targetlist_port(&l->v[i]) == port)
		return &l->v[i];
	return NULL;
}

/* ---- what the lines say beside ---- */

static int beside_fails(const struct targetlist *l, struct err *e)
{
	int err = errno ? errno : EIO;

	return err_set(e, err, "cannot keep the domains and info of a list in a temporary file%s: "
		       "%s", l->beside ? "" : " (in " P_tmpdir ")", strerror(err));
}

/*
 * In the file it is "domain TAB wire TAB info NEWLINE", the second left out where it is the first.
 * Where there is nothing it is one byte, of a file's hole as long as no target had anything.
 */
int targetlist_keep(struct targetlist *l, const struct target_extra *x, uint64_t *origin,
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

int targetlist_flush(struct targetlist *l, struct err *e)
{
	errno = 0;
	return l->beside && fflush(l->beside) ? beside_fails(l, e) : 0;
}

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
