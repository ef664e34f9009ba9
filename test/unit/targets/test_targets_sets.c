/* Which targets are inside a set of prefixes, and which are not. */
#include <string.h>

#include "loaded.h"
#include "rng.h"
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

static bool is_inside(const char *ip)
{
	struct addr a;

	ck_assert_int_eq(addr_parse(&a, ip), 0);
	return prefixset_contains(&inside, a);
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

START_TEST(prefixes_words_and_lists)
{
	word("198.18.0.0/24");
	word("198.18.7.7");
	word("198.18.9.9:80");
	config.targets.list_file = file("198.18.1.1\n198.18.1.2:80\n198.18.8.1\n198.18.1.2:81\n");
	add("198.18.0.128/25");
	add("198.18.1.0/24");
	add("198.18.9.0/24");
	load();
	compare();
	ck_assert_uint_eq(inside.count, 128 + 2 + 1);
	ck_assert(is_inside("198.18.0.128") && is_inside("198.18.0.255"));
	ck_assert(!is_inside("198.18.0.127") && !is_inside("198.18.1.0"));
	ck_assert(is_inside("198.18.1.1") && is_inside("198.18.1.2") && is_inside("198.18.9.9"));
	ck_assert(!is_inside("198.18.7.7") && !is_inside("198.18.8.1"));
	ck_assert_str_eq(outside(false), "198.18.0.0");
	ck_assert_str_eq(outside(true), "");
}
END_TEST

START_TEST(all_inside)
{
	word("198.18.0.0/24");
	word("2001:2::/120");
	add("0.0.0.0/0");
	add("2001:2::/64");
	load();
	compare();
	ck_assert_uint_eq(inside.count, 512);
	ck_assert_str_eq(outside(false), "");
	ck_assert_str_eq(outside(true), "");
}
END_TEST

START_TEST(none_inside)
{
	word("198.18.0.8/29");
	config.targets.list_file = file("2001:2::5\n");
	load();
	compare();
	ck_assert_uint_eq(inside.count, 0);
	ck_assert_str_eq(outside(false), "198.18.0.8");
	ck_assert_str_eq(outside(true), "2001:2::5");
}
END_TEST

START_TEST(between_ranges)
{
	word("198.18.0.0/28");
	add("198.18.0.0/30");
	add("198.18.0.4/32");
	add("198.18.0.6/31");
	load();
	compare();
	ck_assert_str_eq(outside(false), "198.18.0.5");
	ck_assert_uint_eq(inside.count, 7);
}
END_TEST

START_TEST(the_last_address)
{
	word("ffff:ffff:ffff:ffff:ffff:ffff:ffff:fff0/124");
	add("ffff:ffff:ffff:ffff:ffff:ffff:ffff:0/112");
	load();
	compare();
	ck_assert_str_eq(outside(true), "");
}
END_TEST

/* A list with nothing but what is outside; the set's words are inside. */
START_TEST(only_the_list_is_outside)
{
	word("198.18.0.0/28");
	config.targets.list_file = file("198.18.0.1:81\n198.18.5.5:81\n");
	add("198.18.0.0/24");
	load();
	compare();
	ck_assert_str_eq(outside(false), "198.18.5.5");
}
END_TEST

/* Random ranges against a model of 64 addresses. */
START_TEST(model)
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
END_TEST

UNIT_SUITE(targets_sets)
{
	TCase *tcase = unit_case(suite, "sets", prefixes_words_and_lists, all_inside, none_inside,
				 between_ranges, the_last_address, only_the_list_is_outside);

	tcase_add_checked_fixture(tcase, open_sets, close_sets);
	tcase_add_loop_test(tcase, model, 0, 500);
}
