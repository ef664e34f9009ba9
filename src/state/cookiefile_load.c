#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/lines.h"
#include "bisect.h"
#include "digits.h"
#include "err.h"
#include "hex.h"
#include "state/cookiefile.h"

#define FIELDS 6

/* 48 bytes, since a run has few source addresses and an entry has only the number of its own. */
struct stored {
	struct addr ip;
	uint32_t source;		/* place in sources, by id */
	uint32_t line;			/* the newest wins */
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

void cookiefile_free(struct cookie_store *s)
{
	if (!s)
		return;
	free(s->v);
	free(s->sources);
	free(s);
}

size_t cookiefile_count(const struct cookie_store *s)
{
	return s->n;
}

/* ---- sources ---- */

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

/* ---- lines ---- */

static bool parse_cookie(struct stored *out, const char *hex)
{
	size_t len = strlen(hex) / 2;

	if (!tfo_cookie_len_ok(len) || !hex_read(hex, '\0', out->cookie, len))
		return false;
	out->len = (uint8_t)len;
	return true;
}

/* 253 is read, but never sent: its cookies go out in 254. */
static bool parse_kind(struct stored *out, const char *text)
{
	static const struct {
		const char *text;
		uint8_t kind;
	} kinds[] = { { "34", TFO_KIND }, { "254", TFO_KIND_EXP }, { "253", TFO_KIND_EXP } };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (strcmp(text, kinds[i].text) == 0) {
			out->kind = kinds[i].kind;
			return true;
		}
	}
	return false;
}

/* Whether text begins like an RFC 3339 time: nothing is read from it, but a shifted field shows. */
static bool is_time(const char *text)
{
	const char *shape = "0000-00-00T00:00:00";

	for (; *shape; shape++, text++) {
		if (*shape == '0' ? !is_digit(*text) : *text != *shape)
			return false;
	}
	return true;
}

static int parse_fields(struct stored *out, struct addr *source, char *const f[FIELDS],
			struct err *e)
{
	if (addr_parse(source, f[0]))
		return err_set(e, EINVAL, "source_ip %.64s: not an IP address", f[0]);
	if (addr_parse(&out->ip, f[1]))
		return err_set(e, EINVAL, "ip %.64s: not an IP address", f[1]);
	if (!addr_parse_port(f[2], &out->port))
		return err_set(e, EINVAL, "port %.64s: must be a number of 1..65535", f[2]);
	if (!parse_kind(out, f[3]))
		return err_set(e, EINVAL, "kind %.64s: must be 34, 253 or 254", f[3]);
	if (!parse_cookie(out, f[4]))
		return err_set(e, EINVAL, "cookie %.64s: must be 4 to 16 bytes, an even number, "
			       "in hex", f[4]);
	if (!is_time(f[5]))
		return err_set(e, EINVAL, "time %.64s: must be like 2026-01-02T03:04:05Z", f[5]);
	return 0;
}

static int add_line(struct cookie_store *s, unsigned long line, char *text, struct err *e)
{
	struct stored entry = { .line = (uint32_t)line };
	struct addr source;
	char *f[FIELDS + 1];
	size_t n = 0;
	int err;

	while (n <= FIELDS && (f[n] = strsep(&text, ",")))
		n++;
	if (n != FIELDS)
		return err_set(e, EINVAL, "a line has the fields source_ip,ip,port,kind,cookie,"
			       "time");
	err = parse_fields(&entry, &source, f, e);
	if (err)
		return err;
	if (!source_find(s, source, &entry.source))
		err = source_add(s, source, &entry.source);
	if (!err && s->n == s->cap) {
		size_t cap = s->cap ? s->cap + s->cap / 2 : 64;
		struct stored *v = realloc(s->v, cap * sizeof(*v));

		err = v ? 0 : -ENOMEM;
		s->v = v ? v : s->v;
		s->cap = v ? cap : s->cap;
	}
	if (err)
		return err_set(e, -err, "no memory for more than %zu cookies", s->n);
	s->v[s->n++] = entry;
	return 0;
}

static int read_lines(struct cookie_store *s, struct lines *l, struct err *e)
{
	bool first = true;
	char *text;
	int rc;

	while ((rc = lines_next(l, &text, e)) > 0) {
		text = lines_trim_comment(text);
		/* Files that were put together have it in the middle, too. */
		bool header = strncmp(text, "source_ip,", 10) == 0;

		if (first && !header)
			rc = err_set(e, EINVAL, "not a cookie file: it begins with the line "
				     "source_ip,ip,port,kind,cookie,time");
		else if (!header)
			rc = add_line(s, l->n, text, e);
		if (rc < 0)
			return lines_fail(l, rc, e);
		first = false;
	}
	return rc;
}

/* ---- the store ---- */

static int key_cmp(const struct stored *x, const struct stored *y)
{
	int cmp = addr_cmp(x->ip, y->ip);

	if (cmp)
		return cmp;
	if (x->port != y->port)
		return x->port < y->port ? -1 : 1;
	return x->source < y->source ? -1 : x->source > y->source;
}

static int newest_first(const void *a, const void *b)
{
	const struct stored *x = a, *y = b;
	int cmp = key_cmp(x, y);

	return cmp ? cmp : x->line > y->line ? -1 : x->line < y->line;
}

static void settle(struct cookie_store *s)
{
	size_t n = 0;

	if (s->n)
		qsort(s->v, s->n, sizeof(*s->v), newest_first);
	for (size_t i = 0; i < s->n; i++) {
		if (n == 0 || key_cmp(&s->v[n - 1], &s->v[i]) != 0)
			s->v[n++] = s->v[i];
	}
	s->n = n;
}

int cookiefile_load(struct cookie_store **out, const char *path, struct err *e)
{
	struct cookie_store *s = calloc(1, sizeof(*s));
	struct err why = { "" };
	struct lines l;
	int err;

	if (!s)
		return err_set(e, ENOMEM, "no memory for %s", path);
	err = lines_open(&l, "--cookie-file", path, &why);
	if (!err) {
		err = read_lines(s, &l, &why);
		lines_close(&l);
	} else if (err == -ENOENT) {
		err = 0;
	}
	if (err) {
		cookiefile_free(s);
		return err_set(e, -err, "%s", why.msg);
	}
	settle(s);
	*out = s;
	return 0;
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

bool cookiefile_find(const struct cookie_store *s, struct addr source, struct addr ip,
		     uint16_t port, struct tfo_option *out)
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
	return true;
}
