/* Which targets are inside a set of prefixes, and which are not. */
#include <string.h>

#include "loaded.h"
#include "rng.h"
#include "text.h"
#include "unit.h"

static struct prefixset set, inside;

static void open_sets(void)
{
	open_config();
	prefixset_init(&set);
	prefixset_init(&inside);
}

static void close_sets(void)
{
	prefixset_free(&set);
	prefixset_free(&inside);
	reset();
}

static void add(const char *prefix)
{
	struct addr first, last;
	struct err e = { "" };

	ck_assert_msg(addr_parse_prefix(&first, &last, prefix, &e) == 0, "%s", e.msg);
	ck_assert_int_eq(prefixset_add(&set, first, last), 0);
}

static void compare(void)
{
	prefixset_seal(&set);
	ck_assert_int_eq(targets_within(targets, &set, &inside), 0);
	prefixset_seal(&inside);
}

/* The first target outside the set, as text; "": none. */
static const char *outside(bool v6)
{
	static char text[ADDR_STRLEN];
	struct addr a;

	text[0] = 0;
	if (targets_outside(targets, v6, &set, &a))
		addr_format(a, text);
	return text;
}

static const struct set_case {
	const char *words, *list;	/* the targets; words: a blank between them */
	const char *set;		/* prefixes likewise */
	const char *inside;		/* what of the targets is in the set: ranges */
	const char *outside[2];		/* the first that is not, IPv4, IPv6; NULL: there is none */
} set_cases[] = {
	{ "198.18.0.0/24 198.18.7.7 198.18.9.9:80",
	  "198.18.1.1\n198.18.1.2:80\n198.18.8.1\n198.18.1.2:81\n",
	  "198.18.0.128/25 198.18.1.0/24 198.18.9.0/24",
	  "198.18.0.128-198.18.0.255 198.18.1.1-198.18.1.2 198.18.9.9-198.18.9.9 ",
	  { "198.18.0.0", NULL } },
	{ "198.18.0.0/24 2001:2::/120", NULL, "0.0.0.0/0 2001:2::/64",
	  "198.18.0.0-198.18.0.255 2001:2::-2001:2::ff ", { NULL, NULL } },
	{ "198.18.0.8/29", "2001:2::5\n", "", "", { "198.18.0.8", "2001:2::5" } },
	{ "198.18.0.0/28", NULL, "198.18.0.0/30 198.18.0.4/32 198.18.0.6/31",
	  "198.18.0.0-198.18.0.4 198.18.0.6-198.18.0.7 ", { "198.18.0.5", NULL } },
	/* the last address */
	{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fff0/124", NULL,
	  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:0/112",
	  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fff0-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ",
	  { NULL, NULL } },
	/* only the list has something outside */
	{ "198.18.0.0/28", "198.18.0.1:81\n198.18.5.5:81\n", "198.18.0.0/24",
	  "198.18.0.0-198.18.0.15 ", { "198.18.5.5", NULL } },
};

static void for_each_word(const char *text, void (*take)(const char *))
{
	char copy[128], *save = NULL;

	snprintf(copy, sizeof(copy), "%s", text);
	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
		take(w);
}

TEST_AROUND(open_sets, close_sets)

TEST_EACH(small_sets, set_cases)
{
	char got[256], first[ADDR_STRLEN], last[ADDR_STRLEN];
	struct text out;

	for_each_word(row->words, word);
	for_each_word(row->set, add);
	config.targets.list_file = row->list ? file(row->list) : NULL;
	load();
	compare();
	text_init(&out, got, sizeof(got));
	for (size_t i = 0; i < inside.n; i++) {
		addr_format(inside.v[i].first, first);
		addr_format(inside.v[i].last, last);
		text_add(&out, "%s-%s ", first, last);
	}
	ck_assert_str_eq(got, row->inside);
	for (int v6 = 0; v6 < 2; v6++)
		ck_assert_str_eq(outside(v6), row->outside[v6] ? row->outside[v6] : "");
}

/* Random ranges against a model of 64 addresses. */
TEST_TIMES(model, 500)
{
	struct rng rng = { (uint64_t)_i + 1 };
	bool in_set[64] = { false }, is_target[64] = { false };
	unsigned int first = 64, n = 0;
	char text[32];

	for (int k = 0; k < 4; k++) {
		unsigned int bits = (unsigned int)rng_below(&rng, 4);
		unsigned int a = (unsigned int)rng_below(&rng, 64) >> bits << bits;

		snprintf(text, sizeof(text), "198.18.0.%u/%u", a, 32 - bits);
		if (k % 2)
			add(text);
		else
			word(text);
		for (unsigned int i = a; i < a + (1u << bits); i++)
			(k % 2 ? in_set : is_target)[i] = true;
	}
	load();
	compare();
	for (unsigned int i = 0; i < 64; i++) {
		n += in_set[i] && is_target[i];
		if (!in_set[i] && is_target[i] && first == 64)
			first = i;
	}
	ck_assert_uint_eq(inside.count, n);
	text[0] = 0;
	if (first < 64)
		snprintf(text, sizeof(text), "198.18.0.%u", first);
	ck_assert_str_eq(outside(false), text);
}
