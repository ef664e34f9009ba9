#include "state/cookie_store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bisect.h"

/* 48 bytes, since a run has few source addresses and an entry has only the number of its own. */
struct stored {
	struct addr ip;
	uint32_t source;		/* place in sources, by id */
	uint32_t nth;			/* the last added wins */
	uint32_t time_s;
	uint16_t port;
	uint8_t kind, len;
	uint8_t cookie[TFO_COOKIE_MAX];
};

struct source {
	struct addr ip;
	uint32_t id;			/* stays, as the array is sorted by ip */
};

struct cookie_store {
	struct stored *v;
	size_t n, cap;
	struct source *sources;
	size_t n_sources;
};

struct cookie_store *cookie_store_new(void)
{
	return calloc(1, sizeof(struct cookie_store));
}

void cookie_store_free(struct cookie_store *s)
{
	if (!s)
		return;
	free(s->v);
	free(s->sources);
	free(s);
}

size_t cookie_store_count(const struct cookie_store *s)
{
	return s->n;
}

/* ---- addresses that cookies are bound to ---- */

struct source_search {
	const struct source *v;
	struct addr ip;
};

static bool is_source_before(const void *arg, size_t i)
{
	const struct source_search *search = arg;

	return addr_cmp(search->v[i].ip, search->ip) < 0;
}

/* Where ip is among the sources, or would be. */
static size_t source_place(const struct cookie_store *s, struct addr ip)
{
	const struct source_search search = { s->sources, ip };

	return bisect(s->n_sources, is_source_before, &search);
}

static bool source_find(const struct cookie_store *s, struct addr ip, uint32_t *id)
{
	size_t i = source_place(s, ip);

	if (i == s->n_sources || !addr_eq(s->sources[i].ip, ip))
		return false;
	*id = s->sources[i].id;
	return true;
}

static int source_add(struct cookie_store *s, struct addr ip, uint32_t *id)
{
	size_t i = source_place(s, ip);
	struct source *v = realloc(s->sources, (s->n_sources + 1) * sizeof(*v));

	if (!v)
		return -ENOMEM;
	s->sources = v;
	memmove(v + i + 1, v + i, (s->n_sources - i) * sizeof(*v));
	v[i] = (struct source){ ip, (uint32_t)s->n_sources };
	*id = v[i].id;
	s->n_sources++;
	return 0;
}

/* ---- cookies ---- */

int cookie_store_add(struct cookie_store *s, struct addr source, struct addr ip, uint16_t port,
		     const struct tfo_option *cookie, uint32_t time_s)
{
	struct stored entry = {
		.ip = ip, .port = port, .kind = cookie->kind, .len = cookie->len, .time_s = time_s,
	};

	if (!source_find(s, source, &entry.source) && source_add(s, source, &entry.source))
		return -ENOMEM;
	if (s->n == s->cap) {
		size_t cap = s->cap ? s->cap + s->cap / 2 : 64;
		struct stored *v = realloc(s->v, cap * sizeof(*v));

		if (!v)
			return -ENOMEM;
		s->v = v;
		s->cap = cap;
	}
	memcpy(entry.cookie, cookie->cookie, cookie->len);
	entry.nth = (uint32_t)s->n;
	s->v[s->n++] = entry;
	return 0;
}

static int key_cmp(const struct stored *x, const struct stored *y)
{
	int cmp = addr_cmp(x->ip, y->ip);

	if (cmp)
		return cmp;
	if (x->port != y->port)
		return x->port < y->port ? -1 : 1;
	return x->source < y->source ? -1 : x->source > y->source;
}

static int last_first(const void *a, const void *b)
{
	const struct stored *x = a, *y = b;
	int cmp = key_cmp(x, y);

	return cmp ? cmp : x->nth > y->nth ? -1 : x->nth < y->nth;
}

void cookie_store_sort(struct cookie_store *s)
{
	size_t n = 0;

	if (s->n)
		qsort(s->v, s->n, sizeof(*s->v), last_first);
	for (size_t i = 0; i < s->n; i++) {
		if (n == 0 || key_cmp(&s->v[n - 1], &s->v[i]) != 0)
			s->v[n++] = s->v[i];
	}
	s->n = n;
}

struct search {
	const struct stored *v;
	struct stored want;
};

static bool is_before(const void *arg, size_t i)
{
	const struct search *search = arg;

	return key_cmp(&search->v[i], &search->want) < 0;
}

bool cookie_store_find(const struct cookie_store *s, struct addr source, struct addr ip,
		       uint16_t port, struct tfo_option *out, uint32_t *time_s)
{
	struct search search = { .v = s->v, .want = { .ip = ip, .port = port } };
	const struct stored *found;
	size_t i;

	if (!source_find(s, source, &search.want.source))
		return false;
	i = bisect(s->n, is_before, &search);
	found = s->v + i;
	if (i == s->n || key_cmp(found, &search.want) != 0)
		return false;
	*out = (struct tfo_option){ .state = TFO_COOKIE, .kind = found->kind, .len = found->len };
	memcpy(out->cookie, found->cookie, found->len);
	if (time_s)
		*time_s = found->time_s;
	return true;
}
