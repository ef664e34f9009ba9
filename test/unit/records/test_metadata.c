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
#include "records/metadata.h"
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

#define NWORDS N_OF(words)

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
	.retries = 2, .targets = 256, .targets_hash = 0xfedcba9876543210,
	.interface = "veth0", .engine = "packet",
	.receiver = "pcap", .threads = 4,
	.sources = { { 0, ADDR_V4_PREFIX | 0xc0000201 }, { 0, ADDR_V4_PREFIX | 0xc0000202 },
		     { 0x20010db800000000, 1 } },
	.nsources = 3, .window_slots = 65536,
	.table_slots = 1024, .start_wall_ns = 1700000000000000000,
	.end_wall_ns = 1700000012500000000,
	.sending_ns = 250000000, .exit_reason = REASON_COMPLETE, .exit_status = 0,
};

static const struct targets_counts counts = {
	.total = 768, .from_prefixes = 256, .from_list = 512, .merged = 3, .blocked = 4,
	.outside = 5, .other_family = 6, .own = 7, .no_route = 8,
	.blocklist_hash = 0x00ff00ff12345678,
};

static int write_to(const char *file, const struct run_facts *f, const struct targets_counts *t,
		    const struct stats *s, struct err *e)
{
	struct metadata_file *m = NULL;
	struct config c;
	int rc;

	parse_words(&c);
	rc = metadata_open(&m, file, e);
	if (!rc)
		rc = metadata_write(m, &c, t, s, f, e);
	metadata_close(m);
	config_free(&c);
	return rc;
}

/* The file's one object. */
static json_t *written(const struct run_facts *f, const struct targets_counts *t,
		       const struct stats *s)
{
	struct err e = { "" };
	json_error_t why;
	json_t *v;

	ck_assert_msg(write_to(path, f, t, s, &e) == 0, "%s", e.msg);
	v = json_load_file(path, JSON_REJECT_DUPLICATES, &why);
	ck_assert_msg(json_is_object(v), "%s", why.text);
	return v;
}

/* The value for the path a.b.c within v, as JSON text. */
static const char *text_of(const json_t *v, const char *names)
{
	static char text[4096];
	char name[128], *rest = name;
	size_t n;

	snprintf(name, sizeof(name), "%s", names);
	for (char *part; (part = strsep(&rest, "."));)
		v = json_object_get(v, part);
	ck_assert_msg(v != NULL, "%s", names);
	n = json_dumpb(v, text, sizeof(text) - 1, JSON_COMPACT | JSON_ENCODE_ANY);
	ck_assert_uint_lt(n, sizeof(text));
	text[n] = '\0';
	return text;
}

static void check(const json_t *v, const char *names, const char *want)
{
	const char *got = text_of(v, names);

	ck_assert_msg(strcmp(got, want) == 0, "%s: %s, not %s", names, got, want);
}

TEST_AROUND(setup, teardown)

TEST(the_run)
{
	static const struct {
		const char *names, *want;
	} values[] = {
		{ "tfomap", "\"" PACKAGE_VERSION "\"" },
		{ "argv", "[\"tfomap\",\"--seed\",\"7\",\"--shards\",\"3\",\"--shard\",\"2\","
		  "\"--notes\",\"caf\xef\xbf\xbd \\\"x\\\"\",\"192.0.2.0/24\"]" },
		{ "configuration.seed", "\"7\"" }, { "configuration.rate", "\"10000\"" },
		{ "notes", "\"caf\xef\xbf\xbd \\\"x\\\"\"" },
		{ "seed", "\"18446744073709551615\"" },
		{ "key", "\"0f0102030405060708090a0b0c0d0eff\"" },
		{ "shard", "2" }, { "shards", "3" }, { "retries", "2" },
		{ "targets.of_this_run", "256" }, { "targets.total", "768" },
		{ "targets.from_prefixes", "256" }, { "targets.from_list", "512" },
		{ "targets.merged", "3" }, { "targets.blocked", "4" },
		{ "targets.outside_allowlist", "5" }, { "targets.other_family", "6" },
		{ "targets.own_address", "7" }, { "targets.no_route", "8" },
		{ "targets.blocklist_hash", "\"00ff00ff12345678\"" },
		{ "targets.targets_hash", "\"fedcba9876543210\"" },
		{ "interface", "\"veth0\"" }, { "engine", "\"packet\"" },
		{ "receiver", "\"pcap\"" },
		{ "sources", "[\"192.0.2.1\",\"192.0.2.2\",\"2001:db8::1\"]" },
		{ "sender_threads", "4" }, { "window_slots", "65536" }, { "table_slots", "1024" },
		{ "start", "\"2023-11-14T22:13:20.000000Z\"" },
		{ "end", "\"2023-11-14T22:13:32.500000Z\"" },
		{ "duration_s", "12.5" }, { "sending_s", "0.25" },
		{ "exit_reason", "\"complete\"" }, { "exit_status", "0" },
	};
	static struct stats stats;
	json_t *v = written(&facts, &counts, &stats);

	for (size_t i = 0; i < N_OF(values); i++)
		check(v, values[i].names, values[i].want);
	ck_assert_uint_gt(strtoul(text_of(v, "memory_peak_bytes"), NULL, 10), 100000);
	json_decref(v);
}

static void check_number(const json_t *v, const char *object, const char *name, unsigned int want)
{
	char names[128], text[16];

	snprintf(names, sizeof(names), "%s.%s", object, name);
	snprintf(text, sizeof(text), "%u", want);
	check(v, names, text);
}

/* Every counter and every verdict is there, each with its own figure. */
TEST(every_counter)
{
	static struct stats stats;
	char object[64];
	json_t *v;

	for (unsigned int i = 0; i < STATS; i++)
		stat_set(&stats, i, 1000 + i);
	for (unsigned int i = 0; i < VERDICTS; i++)
		for (unsigned int k = 0; k <= i; k++)
			stat_add_verdict(&stats, i);
	v = written(&facts, &counts, &stats);
	for (unsigned int i = 0; i < STATS; i++) {
		snprintf(object, sizeof(object), "counters.%s",
			 stat_groups[stat_types[i].group].name);
		check_number(v, object, stat_types[i].name, 1000 + i);
	}
	for (unsigned int i = 0; i < VERDICTS; i++)
		check_number(v, "verdicts", verdict_types[i].name, 1 + i);
	json_decref(v);
}

/* A run that replays a capture has neither interface nor engine, and may not even have begun. */
TEST(a_run_of_little)
{
	static const struct run_facts none = { .exit_reason = REASON_SIGNAL, .exit_status = 4 };
	static const struct targets_counts nothing;
	static struct stats stats;
	json_t *v = written(&none, &nothing, &stats);

	check(v, "interface", "null");
	check(v, "engine", "null");
	check(v, "receiver", "null");
	check(v, "sources", "[]");
	check(v, "start", "null");
	check(v, "exit_status", "4");
	json_decref(v);
}

static int write_facts(struct metadata_file *m, const struct run_facts *f, const struct stats *s,
		       struct err *e)
{
	struct config c;
	int rc;

	parse_words(&c);
	rc = metadata_write(m, &c, &counts, s, f, e);
	config_free(&c);
	return rc;
}

/* The file's one object, and the file stays open. */
static json_t *written_by(struct metadata_file *m, const struct run_facts *f)
{
	static struct stats stats;
	struct err e = { "" };
	json_error_t why;
	json_t *v;

	ck_assert_msg(write_facts(m, f, &stats, &e) == 0, "%s", e.msg);
	v = json_load_file(path, 0, &why);
	ck_assert_msg(json_is_object(v), "%s", why.text);
	return v;
}

static void put_file(const char *text)
{
	FILE *file = fopen(path, "w");

	fputs(text, file);
	fclose(file);
}

/* Any loss that can make a verdict wrong, and no other. */
TEST(whether_it_is_sound)
{
	for (unsigned int i = 0; i < STATS; i++) {
		struct stats stats = { .more = NULL };
		json_t *v;

		stat_set(&stats, (enum stat_id)i, 1);
		v = written(&facts, &counts, &stats);
		check(v, "sound", stat_types[i].means ? "false" : "true");
		json_decref(v);
	}
	ck_assert(stat_types[STAT_drop_capture].means && stat_types[STAT_drop_interface].means
		  && stat_types[STAT_table_full].means && stat_types[STAT_not_taken].means
		  && stat_types[STAT_rows_lost].means && !stat_types[STAT_unfinished].means);
}

TEST(while_it_is_running)
{
	struct run_facts f = facts;
	struct stats stats = { .more = NULL };
	struct stat st;
	json_t *v;

	f.exit_reason = REASON_RUNNING;
	v = written(&f, &counts, &stats);
	check(v, "exit_reason", "\"running\"");
	check(v, "exit_status", "null");
	json_decref(v);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
}

TEST(replaces_what_was_there)
{
	static struct stats stats;
	char *long_text = calloc(1, 100001);

	memset(long_text, ' ', 100000);
	put_file(long_text);
	free(long_text);
	json_decref(written(&facts, &counts, &stats));
}

TEST(says_what_went_wrong)
{
	static struct stats stats;
	struct metadata_file *m = NULL;
	struct err e = { "" };

	ck_assert_int_eq(write_to("/dev/full", &facts, &counts, &stats, &e), -ENOSPC);
	ck_assert_ptr_nonnull(strstr(e.msg, "'/dev/full': No space left on device"));
	e.msg[0] = '\0';
	ck_assert_int_eq(write_to(dir, &facts, &counts, &stats, &e), -EISDIR);
	e.msg[0] = '\0';
	ck_assert_int_eq(metadata_open(&m, path, &e), 0);
	json_decref(written_by(m, &facts));
	ck_assert_int_eq(write_to(path, &facts, &counts, &stats, &e), -EBUSY);
	ck_assert_msg(strstr(e.msg, path) && strstr(e.msg, "another tfomap"), "%s", e.msg);
	metadata_close(m);
}

/* As much space as the end can need is kept for it at the start. */
TEST(the_end_has_its_space)
{
	struct stats stats = { .more = NULL };
	struct metadata_file *m = NULL;
	struct run_facts f = facts;
	struct err e = { "" };
	struct stat st;
	size_t len;

	f.exit_reason = REASON_RUNNING;
	f.end_wall_ns = f.sending_ns = 0;
	ck_assert_int_eq(metadata_open(&m, path, &e), 0);
	json_decref(written_by(m, &f));
	ck_assert_int_eq(stat(path, &st), 0);
	len = (size_t)st.st_size;
	for (unsigned int i = 0; i < STATS; i++)
		stat_set(&stats, i, INT64_MAX);
	f = facts;
	f.exit_reason = REASON_MAX_RESULTS;
	f.end_wall_ns = f.sending_ns = INT64_MAX;
	ck_assert_msg(write_facts(m, &f, &stats, &e) == 0, "%s", e.msg);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_gt((size_t)st.st_size, len);
	ck_assert_uint_le((size_t)st.st_size, len + METADATA_GROWTH_LEN);
	metadata_close(m);
}

/* A pipe gets those of the end alone. */
TEST(to_a_pipe)
{
	static struct stats stats;
	static char text[1 << 16];
	struct run_facts f = facts;
	struct err e = { "" };
	ssize_t n;
	int fd;

	ck_assert_int_eq(mkfifo(path, 0600), 0);
	fd = open(path, O_RDWR);	/* so that neither end waits for the other */
	f.exit_reason = REASON_RUNNING;
	ck_assert_int_eq(write_to(path, &f, &counts, &stats, &e), 0);
	ck_assert_int_eq(write_to(path, &facts, &counts, &stats, &e), 0);
	n = read(fd, text, sizeof(text) - 1);
	ck_assert_int_gt(n, 0);
	ck_assert_ptr_nonnull(strstr(text, "\"complete\""));
	ck_assert_ptr_null(strstr(text, "\"running\""));
	close(fd);
}
