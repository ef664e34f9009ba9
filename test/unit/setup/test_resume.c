/* resume: whether a run begins or goes on, from what is in the file alone; and from where. */
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config_rig.h"
#include "files/replace_file.h"
#include "output/rows_read.h"
#include "setup/resume.h"
#include "state/shared.h"
#include "targets/targets.h"
#include "targets/targets_load.h"
#include "unit.h"

#define SEED 4711

static const uint8_t key[16] = { 1, 2, 3 };
static char dir[32], state[64], rows[64], words[256];
static struct resume r;
static struct targets *targets;
static struct shared shared;
static struct err e;

static void begin(void)
{
	strcpy(dir, "/tmp/resume.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(state, sizeof(state), "%s/state", dir);
	snprintf(rows, sizeof(rows), "%s/rows", dir);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st, (void)type, (void)at;
	return remove(path);
}

static void end(void)
{
	ck_assert_int_eq(nftw(dir, remove_one, 4, FTW_DEPTH | FTW_PHYS), 0);
}

TEST_AROUND(begin, end)

static void put(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	fclose(file);
}

/* Opens the checkpoint of a run with these options beside, or is refused. */
static int opened(const char *options)
{
	memset(&e, 0, sizeof(e));
	snprintf(words, sizeof(words), "--checkpoint %s -o %s -f ip,port,verdict "
		 "--no-default-blocklist 198.18.0.0/28 %s", state, rows, options);
	takes(words);
	return resume_open(&r, &config, &e);
}

static void close_it(void)
{
	resume_free(&r);
	targets_free(targets);
	targets = NULL;
	config_free(&config);
}

/* What the options of the run lead to: its targets, in the order of the seed. */
static int take_targets(void)
{
	ck_assert_int_eq(targets_load(&targets, &config, NULL, &e), 0);
	memset(&shared, 0, sizeof(shared));
	shared.facts.config = &config;
	shared.facts.targets = targets;
	ck_assert_int_eq(order_init(&shared.facts.order, targets_counts(targets)->total, 0, 1, 0,
				    SEED, &e), 0);
	r.run.nshards = 1;
	return resume_targets(&r, &config, &shared, key, SEED, &e);
}

/* A run that was left after so many of its bytes of rows. */
static void leave(uint64_t tail, uint64_t pending, uint64_t rows_from, uint64_t rows_len)
{
	int fd = open(rows, O_RDONLY | O_CREAT, 0600);
	size_t len;
	char *text;

	ck_assert_msg(opened("") == 0, "%s", e.msg);
	ck_assert(!r.goes_on);
	ck_assert_int_eq(take_targets(), 0);
	r.run.progress.shards[0].tail = tail;
	r.run.progress.rows_from = rows_from;
	r.run.progress.rows_len = rows_len;
	ck_assert_int_eq(rows_hash_end(fd, rows_len, &r.run.progress.rows_hash), 0);
	close(fd);
	ck_assert_int_eq(checkpoint_add_pending(&r.run.progress.shards[0], pending), 0);
	text = checkpoint_write(&r.run, &len);
	ck_assert_ptr_nonnull(text);
	ck_assert_int_eq(replace_file_write(r.file, text, len), 0);
	free(text);
	close_it();
}

static void expect_refused(const char *options, const char *says)
{
	ck_assert_int_lt(opened(options), 0);
	ck_assert_msg(strstr(e.msg, state) && strstr(e.msg, says), "%s, not %s", e.msg, says);
	close_it();
}

TEST(begins_where_there_is_none)
{
	struct resume other;
	struct stat st;

	ck_assert_msg(opened("") == 0, "%s", e.msg);
	ck_assert(!r.goes_on);
	ck_assert_int_eq(stat(state, &st), 0);
	ck_assert_uint_eq(st.st_size, 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	ck_assert_int_eq(resume_open(&other, &config, &e), -EBUSY);
	ck_assert_ptr_nonnull(strstr(e.msg, "another tfomap"));
	resume_free(&other);
	close_it();
	ck_assert_msg(opened("") == 0, "%s", e.msg);	/* an empty one */
	ck_assert(!r.goes_on);
	close_it();
}

TEST(none_was_asked_for)
{
	takes("198.18.0.1");
	ck_assert_int_eq(resume_open(&r, &config, &e), 0);
	ck_assert(!r.goes_on);
	ck_assert_ptr_null(r.file);
	close_it();
}

TEST(goes_on_with_the_same_options)
{
	leave(1, 0, 0, 0);
	ck_assert_msg(opened("--rate 17 -q") == 0, "%s", e.msg);
	ck_assert(r.goes_on);
	ck_assert_uint_eq(r.run.seed, SEED);
	ck_assert_mem_eq(r.run.key, key, sizeof(key));
	close_it();
	expect_refused("--retries 7", "--retries");
	expect_refused("--plan full", "--plan");
}

TEST(goes_on_with_the_same_targets)
{
	leave(1, 0, 0, 0);
	put(rows, "");
	ck_assert_msg(opened("") == 0, "%s", e.msg);
	r.run.targets_hash++;
	ck_assert_int_lt(take_targets(), 0);
	ck_assert_ptr_nonnull(strstr(e.msg, "the targets are not those"));
	close_it();
	ck_assert_msg(opened("") == 0, "%s", e.msg);
	r.run.blocklist_hash++;
	ck_assert_int_lt(take_targets(), 0);
	ck_assert_ptr_nonnull(strstr(e.msg, "the blocklists are not those"));
	close_it();
}

static const char *const others[] = {
	"x", "{", "{}", "[]", "{\"format\": 1}", "\xff\xfe", "{\"options\": {}, \"seed\": -1}",
};

TEST_EACH(refuses_what_is_no_checkpoint, others)
{
	put(state, *row);
	expect_refused("", "begin anew");
}

/* What the run could not add to when it goes on. */
static const struct { const char *options, *says; } no_files[] = {
	{ "--cookie-file /dev/null", "--cookie-file /dev/null" },
	{ "--save-pcap -", "--save-pcap -" },
	{ "--save-pcap /dev/zero", "--save-pcap /dev/zero" },
};

TEST_EACH(refuses_what_is_no_file, no_files)
{
	ck_assert_int_lt(opened(row->options), 0);
	ck_assert_msg(strstr(e.msg, row->says) && strstr(e.msg, "no regular file"), "%s", e.msg);
	close_it();
	ck_assert_int_eq(access(state, F_OK), -1);
	ck_assert_int_eq(mkdir(state, 0755), 0);
	expect_refused("", "no regular file");
}

/* --max-results counts the rows of all parts; with more of them, or without, it goes on. */
TEST(is_over)
{
	leave(1, 0, 0, 0);
	ck_assert_int_eq(opened("-N 10"), 0);
	ck_assert(!resume_is_over(&r, &config));
	r.run.progress.counters[STAT_rows] = 10;
	ck_assert(resume_is_over(&r, &config));
	r.run.progress.counters[STAT_rows] = 9;
	ck_assert(!resume_is_over(&r, &config));
	r.run.complete = true;
	ck_assert(resume_is_over(&r, &config));
	close_it();
	ck_assert_int_eq(opened(""), 0);
	r.run.progress.counters[STAT_rows] = 10;
	ck_assert(!resume_is_over(&r, &config));
	close_it();
}

static void row_of(FILE *file, uint64_t k)
{
	struct target t = targets_at(targets, order_target(&shared.facts.order, k));
	char ip[ADDR_STRLEN];

	addr_format(t.ip, ip);
	fprintf(file, "%s,%u,accepted\n", ip, t.port);
}

/* Positions 0, 2 and 5 have rows, the last one after the checkpoint, and a part of one follows. */
TEST(what_is_done)
{
	static const uint64_t with_row[] = { 0, 2, 5 };
	long sound = 0, whole;
	FILE *file;

	ck_assert_msg(opened("") == 0, "%s", e.msg);
	ck_assert_int_eq(take_targets(), 0);
	file = fopen(rows, "w");
	fputs("ip,port,verdict\n", file);
	for (size_t i = 0; i < N_OF(with_row); i++) {
		sound = i == 2 ? ftell(file) : sound;
		row_of(file, with_row[i]);
	}
	whole = ftell(file);
	fputs("198.18.", file);
	fclose(file);
	close_it();

	leave(3, 1, 0, (uint64_t)sound);
	ck_assert_msg(opened("") == 0, "%s", e.msg);
	ck_assert(r.goes_on);
	ck_assert_msg(take_targets() == 0, "%s", e.msg);
	for (uint64_t k = 0; k < 16; k++)
		ck_assert_msg(done_set_has(&r.done[0], k) == (k == 0 || k == 2 || k == 5),
			      "position %ju", (uintmax_t)k);
	ck_assert_uint_eq(r.rows_len, (uint64_t)whole);
	ck_assert_uint_eq(r.rows_more, 1);
	ck_assert_uint_eq(r.verdicts_more[VERDICT_ACCEPTED], 1);
	close_it();
}

TEST(refuses_rows_of_others)
{
	put(rows, "ip,port,verdict\n198.18.7.7,443,accepted\n");
	leave(3, 1, 0, 16);
	ck_assert_msg(opened("") == 0, "%s", e.msg);
	ck_assert_int_lt(take_targets(), 0);
	ck_assert_msg(strstr(e.msg, "no target of this run") != NULL, "%s", e.msg);
	close_it();
}

/* Another run, with the same fields and targets, has put its rows there meanwhile. */
TEST(refuses_rows_of_another_run)
{
	put(rows, "ip,port,verdict\n198.18.0.3,443,accepted\n");
	leave(3, 1, 0, 16 + 24);
	put(rows, "ip,port,verdict\n198.18.0.4,443,accepted\n198.18.0.3,443,accepted\n");
	ck_assert_msg(opened("") == 0, "%s", e.msg);
	ck_assert_int_lt(take_targets(), 0);
	ck_assert_msg(strstr(e.msg, "not what this run wrote") != NULL, "%s", e.msg);
	close_it();
}
