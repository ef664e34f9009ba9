#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/stats.h"
#include "config/config.h"
#include "config/config_parse.h"
#include "err.h"
#include "output/metadata.h"
#include "targets/targets.h"

static char dir[64], path[80];

static void setup(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(dir, sizeof(dir), "%.40s/metadata.XXXXXX", tmp ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/run.json", dir);
}

static void teardown(void)
{
	unlink(path);
	rmdir(dir);
}

static char words[][24] = {
	"tfomap", "--seed", "7", "--shards", "3", "--shard", "2", "--notes", "caf\xe9 \"x\"",
	"192.0.2.0/24",
};

#define NWORDS (sizeof(words) / sizeof(words[0]))

static char *argv[NWORDS + 1];

static void parse_words(struct config *c)
{
	struct err e = { "" };

	for (size_t i = 0; i < NWORDS; i++)
		argv[i] = words[i];
	ck_assert_msg(config_parse(c, NWORDS, argv, NULL, &e) == 0, "%s", e.msg);
}

static const struct run_facts facts = {
	.seed = UINT64_MAX, .key = { 0x0f, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0xff },
	.retries = 2, .targets = 256, .interface = "veth0", .engine = "packet",
	.sources = { { 0, ADDR_V4_PREFIX | 0xc0000201 }, { 0, ADDR_V4_PREFIX | 0xc0000202 },
		     { 0x20010db800000000, 1 } },
	.nsources = 3, .window_slots = 65536,
	.table_slots = 1024, .start_wall_ns = 1700000000000000000,
	.end_wall_ns = 1700000012500000000,
	.sending_ns = 250000000, .exit_reason = "complete", .exit_status = 0,
};

static const struct targets_counts counts = {
	.total = 768, .from_prefixes = 256, .from_list = 512, .merged = 3, .blocked = 4,
	.outside = 5, .other_family = 6, .own = 7, .no_route = 8,
	.blocklist_hash = 0x00ff00ff12345678,
};

/* The file's one object, for the path a.b.c within it. */
static json_t *written(const struct run_facts *f, const struct targets_counts *t,
		       const struct stats *s)
{
	struct err e = { "" };
	struct config c;
	json_error_t why;
	json_t *v;

	parse_words(&c);
	ck_assert_msg(metadata_write(path, &c, t, s, f, &e) == 0, "%s", e.msg);
	config_free(&c);
	v = json_load_file(path, JSON_REJECT_DUPLICATES, &why);
	ck_assert_msg(json_is_object(v), "%s", why.text);
	return v;
}

static json_t *member(json_t *v, const char *names)
{
	char name[128], *rest = name;

	snprintf(name, sizeof(name), "%s", names);
	for (char *part; (part = strsep(&rest, "."));) {
		v = json_object_get(v, part);
		ck_assert_msg(v != NULL, "%s", names);
	}
	return v;
}

static void check_string(json_t *v, const char *names, const char *want)
{
	ck_assert_msg(json_is_string(member(v, names)), "%s", names);
	ck_assert_str_eq(json_string_value(member(v, names)), want);
}

static void check_integer(json_t *v, const char *names, json_int_t want)
{
	ck_assert_msg(json_is_integer(member(v, names)), "%s", names);
	ck_assert_int_eq(json_integer_value(member(v, names)), want);
}

START_TEST(tells_of_the_run)
{
	static struct stats stats;
	json_t *v = written(&facts, &counts, &stats), *list;

	check_string(v, "tfomap", PACKAGE_VERSION);
	list = member(v, "argv");
	ck_assert_uint_eq(json_array_size(list), NWORDS);
	ck_assert_str_eq(json_string_value(json_array_get(list, 1)), "--seed");
	ck_assert_str_eq(json_string_value(json_array_get(list, 8)), "caf\xef\xbf\xbd \"x\"");
	check_string(v, "configuration.seed", "7");
	check_string(v, "configuration.rate", "10000");
	check_string(v, "notes", "caf\xef\xbf\xbd \"x\"");
	check_string(v, "seed", "18446744073709551615");
	check_string(v, "key", "0f0102030405060708090a0b0c0d0eff");
	check_integer(v, "shard", 2);
	check_integer(v, "shards", 3);
	check_integer(v, "retries", 2);
	check_string(v, "interface", "veth0");
	check_string(v, "engine", "packet");
	list = member(v, "sources");
	ck_assert_uint_eq(json_array_size(list), 3);
	ck_assert_str_eq(json_string_value(json_array_get(list, 0)), "192.0.2.1");
	ck_assert_str_eq(json_string_value(json_array_get(list, 1)), "192.0.2.2");
	ck_assert_str_eq(json_string_value(json_array_get(list, 2)), "2001:db8::1");
	check_integer(v, "window_slots", 65536);
	check_integer(v, "table_slots", 1024);
	check_string(v, "start", "2023-11-14T22:13:20.000000Z");
	check_string(v, "end", "2023-11-14T22:13:32.500000Z");
	ck_assert(json_number_value(member(v, "duration_s")) == 12.5);
	ck_assert(json_number_value(member(v, "sending_s")) == 0.25);
	ck_assert_int_gt(json_integer_value(member(v, "memory_peak_bytes")), 100000);
	check_string(v, "exit_reason", "complete");
	check_integer(v, "exit_status", 0);
	json_decref(v);
}
END_TEST

START_TEST(tells_of_the_targets)
{
	static struct stats stats;
	json_t *v = written(&facts, &counts, &stats);

	check_integer(v, "targets.of_this_run", 256);
	check_integer(v, "targets.total", 768);
	check_integer(v, "targets.from_prefixes", 256);
	check_integer(v, "targets.from_list", 512);
	check_integer(v, "targets.merged", 3);
	check_integer(v, "targets.blocked", 4);
	check_integer(v, "targets.outside_allowlist", 5);
	check_integer(v, "targets.other_family", 6);
	check_integer(v, "targets.own_address", 7);
	check_integer(v, "targets.no_route", 8);
	check_string(v, "targets.blocklist_hash", "00ff00ff12345678");
	json_decref(v);
}
END_TEST

/* Every counter and every verdict is there, each with its own figure. */
START_TEST(tells_every_counter)
{
	static struct stats stats;
	char name[128];
	json_t *v;

	for (unsigned int i = 0; i < STATS; i++)
		stat_set(&stats, i, 1000 + i);
	for (unsigned int i = 0; i < VERDICTS; i++)
		for (unsigned int k = 0; k <= i; k++)
			stat_add_verdict(&stats, i);
	v = written(&facts, &counts, &stats);
	for (unsigned int i = 0; i < STATS; i++) {
		snprintf(name, sizeof(name), "counters.%s.%s",
			 stat_group_names[stat_types[i].group], stat_types[i].name);
		check_integer(v, name, 1000 + i);
	}
	for (unsigned int i = 0; i < VERDICTS; i++) {
		snprintf(name, sizeof(name), "verdicts.%s", verdict_types[i].name);
		check_integer(v, name, 1 + i);
	}
	json_decref(v);
}
END_TEST

/* A run that replays a capture has neither interface nor engine, and may not even have begun. */
START_TEST(tells_of_little)
{
	static const struct run_facts none = { .exit_reason = "signal", .exit_status = 4 };
	static const struct targets_counts nothing;
	static struct stats stats;
	json_t *v = written(&none, &nothing, &stats);

	ck_assert(json_is_null(member(v, "interface")));
	ck_assert(json_is_null(member(v, "engine")));
	ck_assert_uint_eq(json_array_size(member(v, "sources")), 0);
	ck_assert(json_is_null(member(v, "start")));
	check_integer(v, "exit_status", 4);
	json_decref(v);
}
END_TEST

static void put_file(const char *text)
{
	FILE *file = fopen(path, "w");

	fputs(text, file);
	fclose(file);
}

/* Any loss that can make a verdict wrong, and no other. */
START_TEST(tells_whether_it_is_sound)
{
	for (unsigned int i = 0; i < STATS; i++) {
		struct stats stats = { .more = NULL };
		json_t *v;

		stat_set(&stats, (enum stat_id)i, 1);
		v = written(&facts, &counts, &stats);
		ck_assert_int_eq(json_is_false(json_object_get(v, "sound")),
				 stat_types[i].means != NULL);
		json_decref(v);
	}
	ck_assert(stat_types[STAT_drop_capture].means && stat_types[STAT_drop_interface].means
		  && stat_types[STAT_table_full].means && stat_types[STAT_not_taken].means
		  && stat_types[STAT_rows_lost].means && !stat_types[STAT_unfinished].means);
}
END_TEST

START_TEST(tells_that_it_is_running)
{
	struct run_facts f = facts;
	struct stats stats = { .more = NULL };
	struct stat st;
	json_t *v;

	f.exit_reason = NULL;
	v = written(&f, &counts, &stats);
	check_string(v, "exit_reason", "running");
	ck_assert(json_is_null(json_object_get(v, "exit_status")));
	json_decref(v);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
}
END_TEST

START_TEST(replaces_what_was_there)
{
	static struct stats stats;
	char *long_text = calloc(1, 100001);

	memset(long_text, ' ', 100000);
	put_file(long_text);
	free(long_text);
	json_decref(written(&facts, &counts, &stats));
}
END_TEST

START_TEST(says_what_went_wrong)
{
	static struct stats stats;
	struct err e = { "" };
	struct config c;

	parse_words(&c);
	ck_assert_int_eq(metadata_write("/dev/full", &c, &counts, &stats, &facts, &e), -ENOSPC);
	ck_assert_ptr_nonnull(strstr(e.msg, "'/dev/full': No space left on device"));
	e.msg[0] = '\0';
	ck_assert_int_eq(metadata_write(dir, &c, &counts, &stats, &facts, &e), -EISDIR);
	config_free(&c);
}
END_TEST

UNIT_SUITE(metadata)
{
	TCase *write = unit_case(suite, "write", tells_of_the_run, tells_of_the_targets,
				 tells_every_counter, tells_whether_it_is_sound,
				 tells_that_it_is_running, tells_of_little,
				 replaces_what_was_there, says_what_went_wrong);

	tcase_add_checked_fixture(write, setup, teardown);
}
