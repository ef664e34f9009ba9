/*
 * Any bytes as a cookie file. The input: a length to which it is read, times 16, 65535: all; then
 * the file. What can be read can be added to: what was appended is found, and so is what was there.
 */
#include "base/lines.h"
#include "fuzz.h"
#include "state/cookie_store.h"
#include "state/cookiefile.h"
#include "state/cookiefile_load.h"

#define ALL		0xffff
#define FIELDS		6
#define FOUND_MAX	64		/* lines that are looked for */

/* What the last line for the three says, by a plain way of reading. */
struct entry {
	struct addr source, ip;
	uint16_t port;
	char hex[2 * TFO_COOKIE_MAX + 1];
	bool torn;			/* perhaps a part of a line, which may be left out */
};

static struct cookie_store *load(const char *path, uint64_t max_len)
{
	struct cookie_store *s = NULL;
	struct err e = { "" };
	int rc = cookiefile_load(&s, path, max_len, &e);

	fuzz_must_say(rc, &e);
	MUST(rc || s);
	return rc ? NULL : s;
}

/* False: the line is no entry. */
static bool read_entry(char *line, struct entry *en)
{
	bool torn = strstr(line, COOKIEFILE_TORN);
	char *f[FIELDS] = { NULL }, *rest = lines_trim_comment(line);

	for (unsigned int i = 0; i < FIELDS && rest; i++)
		f[i] = strsep(&rest, ",");
	if (!f[FIELDS - 1] || addr_parse(&en->source, f[0]) || addr_parse(&en->ip, f[1])
	    || !addr_parse_port(f[2], &en->port))
		return false;
	snprintf(en->hex, sizeof(en->hex), "%s", f[4]);
	en->torn = torn;
	return true;
}

static bool has(const struct cookie_store *s, const struct entry *en)
{
	char hex[2 * TFO_COOKIE_MAX + 1] = "";
	struct tfo_option o;

	if (!cookie_store_find(s, en->source, en->ip, en->port, &o, NULL))
		return false;
	MUST(o.state == TFO_COOKIE && tfo_cookie_len_ok(o.len));
	MUST(o.kind == TFO_KIND || o.kind == TFO_KIND_EXP);
	for (size_t i = 0; i < o.len; i++)
		snprintf(hex + 2 * i, 3, "%02x", o.cookie[i]);
	return strcasecmp(hex, en->hex) == 0;
}

static bool is_same(const struct entry *a, const struct entry *b)
{
	return addr_eq(a->source, b->source) && addr_eq(a->ip, b->ip) && a->port == b->port;
}

/* Each of the file's last lines is found, unless one after it is of the same three. */
static void check_lines(const struct cookie_store *s, char *text)
{
	static struct entry v[FOUND_MAX];
	size_t n = 0, whole = 0;
	char *rest = text, *line;

	while ((line = strsep(&rest, "\n"))) {
		struct entry en;

		if (!read_entry(line, &en))
			continue;
		en.torn |= !rest;
		whole += !en.torn;
		v[n++ % FOUND_MAX] = en;
	}
	MUST(cookie_store_count(s) <= n);
	MUST(cookie_store_count(s) > 0 || !whole);
	for (size_t i = n > FOUND_MAX ? n - FOUND_MAX : 0; i < n; i++) {
		bool last = !v[i % FOUND_MAX].torn;

		for (size_t k = i + 1; k < n; k++)
			last &= !is_same(&v[k % FOUND_MAX], &v[i % FOUND_MAX]);
		MUST(!last || has(s, &v[i % FOUND_MAX]));
	}
}

/* As a run does that is given a cookie. */
static void append(const char *path, const struct entry *en)
{
	static const uint8_t bytes[] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	struct cookiefile *f;
	struct err e = { "" };
	int rc = cookiefile_open(&f, path, &e);

	fuzz_must_say(rc, &e);
	MUST(!rc);
	MUST(cookiefile_append(f, en->source, en->ip, en->port, TFO_KIND, bytes, sizeof(bytes),
			       1700000000000000000) == 0);
	rc = cookiefile_close(f, &e);
	fuzz_must_say(rc, &e);
	MUST(!rc);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	fuzz_quiet();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const struct entry added = { addr_from_v4(0xc6130001), addr_from_v4(0xc6120001), 443,
				     "0102030405060708", false };
	struct fuzz_input in = { data, len };
	uint16_t max = fuzz_be16(&in);
	struct cookie_store *s, *part, *more;
	struct fuzz_file file;
	char *text = fuzz_text(in.p, in.len);

	fuzz_file_open(&file, in.p, in.len);
	s = load(file.path, UINT64_MAX);
	part = load(file.path, max == ALL ? UINT64_MAX : max * 16u);
	MUST(!s || part);
	MUST(!s || cookie_store_count(part) <= cookie_store_count(s));
	if (s) {
		check_lines(s, text);
		append(file.path, &added);
		more = load(file.path, UINT64_MAX);
		MUST(more && has(more, &added));
		MUST(cookie_store_count(more) - cookie_store_count(s) <= 1);
		cookie_store_free(more);
	}
	cookie_store_free(part);
	cookie_store_free(s);
	fuzz_file_close(&file);
	free(text);
	return 0;
}
