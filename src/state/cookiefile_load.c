#include "state/cookiefile_load.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "addr.h"
#include "base/lines.h"
#include "base/log.h"
#include "err.h"
#include "hex.h"
#include "state/cookie_store.h"
#include "tfo.h"

#define FIELDS 6

static bool parse_cookie(struct tfo_option *out, const char *hex)
{
	size_t len = strlen(hex) / 2;

	if (!tfo_cookie_len_ok(len) || !hex_read(hex, '\0', out->cookie, len))
		return false;
	out->len = (uint8_t)len;
	return true;
}

/* 253 is read, but never sent: its cookies go out in 254. */
static bool parse_kind(struct tfo_option *out, const char *text)
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

/* An RFC 3339 time, without its fraction of a second; one that names no zone is UTC. */
static bool parse_time(uint32_t *out, const char *text)
{
	struct tm t = { .tm_isdst = 0 };
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &t);
	time_t s;

	if (!rest)
		return false;
	s = timegm(&t);
	if (*rest == '.')
		rest += 1 + strspn(rest + 1, "0123456789");
	/* The zone alone, of any day. */
	t = (struct tm){ .tm_isdst = 0 };
	if ((*rest == '+' || *rest == '-') && strptime(rest, "%z", &t))
		s -= t.tm_gmtoff;
	*out = s > 0 && s <= UINT32_MAX ? (uint32_t)s : 0;
	return true;
}

/* A line's values. */
struct entry {
	struct addr source, ip;
	uint16_t port;
	struct tfo_option cookie;
	uint32_t time_s;
};

static int parse_fields(struct entry *out, char *const f[FIELDS], struct err *e)
{
	if (addr_parse(&out->source, f[0]))
		return err_set(e, EINVAL, "source_ip %.64s: not an IP address", f[0]);
	if (addr_parse(&out->ip, f[1]))
		return err_set(e, EINVAL, "ip %.64s: not an IP address", f[1]);
	if (!addr_parse_port(f[2], &out->port))
		return err_set(e, EINVAL, "port %.64s: must be a number of 1..65535", f[2]);
	if (!parse_kind(&out->cookie, f[3]))
		return err_set(e, EINVAL, "kind %.64s: must be 34, 253 or 254", f[3]);
	if (!parse_cookie(&out->cookie, f[4]))
		return err_set(e, EINVAL, "cookie %.64s: must be 4 to 16 bytes, an even number, "
			       "in hex", f[4]);
	if (!parse_time(&out->time_s, f[5]))
		return err_set(e, EINVAL, "time %.64s: must be like 2026-01-02T03:04:05Z", f[5]);
	return 0;
}

static int add_line(struct cookie_store *s, char *text, struct err *e)
{
	struct entry entry = { .cookie.state = TFO_COOKIE };
	char *f[FIELDS + 1];
	size_t n = 0;
	int err;

	while (n <= FIELDS && (f[n] = strsep(&text, ",")))
		n++;
	if (n != FIELDS)
		return err_set(e, EINVAL, "a line has the fields source_ip,ip,port,kind,cookie,"
			       "time");
	err = parse_fields(&entry, f, e);
	if (!err && cookie_store_add(s, entry.source, entry.ip, entry.port, &entry.cookie,
				     entry.time_s))
		err = err_set(e, ENOMEM, "no memory for more than %zu cookies",
			      cookie_store_count(s));
	return err;
}

/* A line that may be a part of one, as a run was killed while it wrote it. */
static bool may_be_torn(const struct lines *l, const char *text)
{
	return !l->ended || strstr(text, COOKIEFILE_TORN);
}

static int read_lines(struct cookie_store *s, struct lines *l, uint64_t max_len, struct err *e)
{
	bool first = true;
	char *text;
	int rc = 0;

	while (l->next < max_len && (rc = lines_next(l, &text, e)) > 0) {
		bool torn = may_be_torn(l, text);

		text = lines_trim_comment(text);
		/* Files that were put together have it in the middle, too. */
		bool header = strncmp(text, "source_ip,", 10) == 0;

		if (first && !header)
			rc = err_set(e, EINVAL, "not a cookie file: it begins with the line "
				     "source_ip,ip,port,kind,cookie,time");
		else if (!header)
			rc = add_line(s, text, e);
		if (rc == -EINVAL && torn && !first) {
			log_notice("--cookie-file %.200s:%lu: a part of a line, as a run was "
				   "killed while it wrote it: left out", l->path, l->n);
			rc = 0;
		}
		if (rc < 0)
			return lines_fail(l, rc, e);
		first = false;
	}
	return rc < 0 ? rc : 0;
}

int cookiefile_load(struct cookie_store **out, const char *path, uint64_t max_len, struct err *e)
{
	struct cookie_store *s = cookie_store_new();
	struct err why = { "" };
	struct lines l;
	int err;

	if (!s)
		return err_set(e, ENOMEM, "no memory for %s", path);
	err = lines_open(&l, "--cookie-file", path, &why);
	if (!err) {
		err = read_lines(s, &l, max_len, &why);
		lines_close(&l);
	} else if (err == -ENOENT) {
		err = 0;
	}
	if (err) {
		cookie_store_free(s);
		return err_set(e, -err, "%s", why.msg);
	}
	cookie_store_sort(s);
	*out = s;
	return 0;
}
