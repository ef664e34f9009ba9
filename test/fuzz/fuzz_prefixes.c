/*
 * Any bytes as the words of a command line and as files of prefixes. The input: the byte of
 * targets_rig.h; words, one a line, and a NUL; an allowlist and a NUL; a blocklist. No name is
 * looked up: the resolver is this file's.
 */
#include <netdb.h>
#include <netinet/in.h>

#include "lists/misread.h"
#include "lists/prefixfile.h"
#include "prefixset.h"
#include "targets_rig.h"

#define WORDS_MAX	16
#define SMALL		65536		/* addresses of a prefix, where few are allowed */

/* More of the input's first byte. */
enum { ALLOW = RIG_MORE, BLOCK_FILE = RIG_MORE * 2, LIST = RIG_MORE * 4 };

/* ---- the resolver -------------------------------------------------------------------------- */

/* What begins with a vowel has no address, all else one of each family. */
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
		struct addrinfo **out)
{
	static struct sockaddr_in v4 = { .sin_family = AF_INET };
	static struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	static struct addrinfo list[2] = {
		{ .ai_family = AF_INET, .ai_addr = (struct sockaddr *)&v4, .ai_next = &list[1] },
		{ .ai_family = AF_INET6, .ai_addr = (struct sockaddr *)&v6 },
	};

	(void)service, (void)hints;
	if (strchr("aeiou", *name))
		return EAI_NONAME;
	v4.sin_addr.s_addr = htonl(0xc6120000 + (uint8_t)*name);
	v6.sin6_addr.s6_addr[0] = 0x20;
	v6.sin6_addr.s6_addr[15] = (uint8_t)*name;
	*out = list;
	return 0;
}

void freeaddrinfo(struct addrinfo *list)
{
	(void)list;
}

/* ---- a file by itself ---------------------------------------------------------------------- */

static bool are_equal(const struct prefixset *a, const struct prefixset *b)
{
	if (a->n != b->n || a->count != b->count)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (!addr_eq(a->v[i].first, b->v[i].first)
		    || !addr_eq(a->v[i].last, b->v[i].last))
			return false;
	return true;
}

static void check_range(const struct prefixset *s, size_t i)
{
	const struct prefixset_range *r = &s->v[i];
	const struct addr next = addr_add(r->last, 1);
	uint64_t rank;

	MUST(addr_cmp(r->first, r->last) <= 0);
	MUST(i == 0 || addr_cmp(s->v[i - 1].last, r->first) < 0);
	MUST(i == 0 || !addr_eq(addr_add(s->v[i - 1].last, 1), r->first));
	MUST(prefixset_contains(s, r->first) && prefixset_contains(s, r->last));
	MUST((!next.hi && !next.lo) || !prefixset_contains(s, next));
	MUST(prefixset_rank(s, r->first, &rank) && rank == r->before);
	MUST(rank >= s->count || s->count == UINT64_MAX
	     || addr_eq(prefixset_nth(s, rank), r->first));
	MUST(prefixset_rank(s, r->last, &rank));
	MUST(rank >= s->count || s->count == UINT64_MAX
	     || addr_eq(prefixset_nth(s, rank), r->last));
}

/* As lines, the families apart: a range of IPv6 is without the IPv4 addresses inside it. */
static void write_range(FILE *f, struct addr first, struct addr last)
{
	const struct addr v4_first = addr_from_v4(0), v4_last = addr_from_v4(UINT32_MAX);
	const struct addr v4_before = { 0, v4_first.lo - 1 };
	char a[ADDR_STRLEN], b[ADDR_STRLEN];

	if (addr_cmp(first, v4_first) < 0 && addr_cmp(last, v4_first) >= 0) {
		write_range(f, first, v4_before);
		first = v4_first;
	}
	if (addr_is_v4(first) && addr_cmp(last, v4_last) > 0) {
		write_range(f, first, v4_last);
		first = addr_add(v4_last, 1);
	}
	addr_format(first, a);
	addr_format(last, b);
	fprintf(f, "%s-%s\n", a, b);
}

/* 0, or why it is refused. *s is sealed. */
static int read_set(struct prefixset *s, const char *path, uint64_t max)
{
	struct misread m = { .ports = rig_ports, .n_ports = 3 };
	char text[MISREAD_LEN];
	struct err e = { "" };
	int rc;

	prefixset_init(s);
	rc = prefixfile_read(s, "--blocklist-file", path, max, &m, &e);
	fuzz_must_say(rc, &e);
	MUST(misread_describe(&m, ", which is blocked", text) == (m.n > 0));
	prefixset_seal(s);
	return rc;
}

static void read_again(const struct prefixset *s)
{
	struct prefixset again;
	struct fuzz_file file;
	char *text;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	MUST(f);
	for (size_t i = 0; i < s->n; i++)
		write_range(f, s->v[i].first, s->v[i].last);
	fclose(f);
	fuzz_file_open(&file, text, len);
	MUST(read_set(&again, file.path, UINT64_MAX) == 0);
	MUST(are_equal(s, &again));
	MUST(prefixset_intersect(&again, s) == 0 && are_equal(s, &again));
	MUST(prefixset_subtract(&again, s) == 0 && again.n == 0 && again.count == 0);
	prefixset_free(&again);
	fuzz_file_close(&file);
	free(text);
}

static void check_file(const char *path)
{
	struct prefixset s, small;
	int rc = read_set(&s, path, UINT64_MAX), rc_small = read_set(&small, path, SMALL);

	MUST(rc == 0 || rc_small < 0);
	MUST(rc_small < 0 || are_equal(&s, &small));
	for (size_t i = 0; i < s.n; i++)
		check_range(&s, i);
	if (rc == 0)
		read_again(&s);
	prefixset_free(&small);
	prefixset_free(&s);
}

/* ---- all of it ----------------------------------------------------------------------------- */

/* Whoever is a target is not in the blocklist. */
static void check_blocked(const struct targets *t, const char *path)
{
	uint64_t total = targets_counts(t)->total;
	struct prefixset s;

	MUST(read_set(&s, path, UINT64_MAX) == 0);
	for (uint64_t i = 0; i < total && i < RIG_TARGETS_MAX; i++)
		MUST(!prefixset_contains(&s, targets_at(t, i).ip));
	for (size_t i = 0; i < s.n; i++) {
		uint64_t x;

		MUST(!targets_index(t, s.v[i].first, 443, &x));
		MUST(!targets_index(t, s.v[i].last, 443, &x));
	}
	prefixset_free(&s);
}

static size_t split_words(char *text, char **words)
{
	char *rest = text, *word;
	size_t n = 0;

	while (n < WORDS_MAX && (word = strsep(&rest, "\n")))
		words[n++] = word;
	return n;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	fuzz_quiet();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static char list[] = "198.18.0.1\n198.18.0.2:80\n2001:2::1\n9.9.9.9,443,dns.example\n";
	struct fuzz_input in = { data, len }, words, allowed;
	struct fuzz_file allow, block, targets;
	uint8_t flags = fuzz_byte(&in);
	struct config c = rig_config(flags);
	char *text, *argv[WORDS_MAX + 1] = { NULL };
	struct targets *t;

	words = fuzz_part(&in, 0);
	allowed = fuzz_part(&in, 0);
	text = fuzz_text(words.p, words.len);
	c.targets.n = words.len ? split_words(text, argv) : 0;
	c.targets.words = c.argv = argv;
	c.argc = (int)c.targets.n;
	fuzz_file_open(&allow, allowed.p, allowed.len);
	fuzz_file_open(&block, in.p, in.len);
	fuzz_file_open(&targets, list, sizeof(list) - 1);
	c.targets.allowlist_file = flags & ALLOW ? allow.path : NULL;
	c.targets.blocklist_file = flags & BLOCK_FILE ? block.path : NULL;
	c.targets.list_file = flags & LIST || (!c.targets.n && !(flags & ALLOW)) ? targets.path
			      : NULL;
	check_file(allow.path);
	check_file(block.path);
	t = rig_load(&c);
	if (t && c.targets.blocklist_file)
		check_blocked(t, block.path);
	targets_free(t);
	fuzz_file_close(&targets);
	fuzz_file_close(&block);
	fuzz_file_close(&allow);
	free(text);
	return 0;
}
