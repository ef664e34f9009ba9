/* sink where the output will not take the rows. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/writer.h"
#include "sink_rig.h"

TEST_AROUND(rig_init, rig_clean)

TEST(refuses_to_open)
{
	g.config.output.file = g.dir;
	ck_assert_int_eq(sink_open(&g.sink, &g.config, NULL, &g.stats, 0, 0, &g.e), -EISDIR);
	ck_assert_ptr_nonnull(strstr(g.e.msg, g.dir));

	g.e.msg[0] = '\0';
	g.config.output.file = g.path;
	g.config.output.fields = "ip,prt";
	ck_assert_int_eq(sink_open(&g.sink, &g.config, NULL, &g.stats, 0, 0, &g.e), -EINVAL);
	ck_assert_ptr_nonnull(strstr(g.e.msg, "'prt'"));
	ck_assert_int_eq(access(g.path, F_OK), -1);	/* nothing was made for nothing */
}

/* A start that is refused by something else costs no rows. */
TEST(not_begun)
{
	rig_open();
	rig_target();
	sink_close(g.sink, NULL);
	ck_assert_int_eq(sink_open(&g.sink, &g.config, NULL, &g.stats, 0, 0, &g.e), 0);
	sink_close(g.sink, NULL);
	check_file(g.path, "ip,domain,port\n192.0.2.7,,443\n");
	rig_open();
	sink_close(g.sink, NULL);
	check_file(g.path, "ip,domain,port\n");
}

/* Rows of two runs do not mix: the second leaves those of the first. */
TEST(in_use)
{
	struct sink *second = NULL;

	rig_open();
	rig_target();
	ck_assert_int_eq(sink_sync(g.sink, &g.e), 0);
	ck_assert_int_eq(sink_open(&second, &g.config, NULL, &g.stats, 0, 0, &g.e), -EBUSY);
	ck_assert_msg(strstr(g.e.msg, g.path) && strstr(g.e.msg, "--output-file"), "%s", g.e.msg);
	check_file(g.path, "ip,domain,port\n192.0.2.7,,443\n");
	sink_close(g.sink, NULL);
	rig_open();		/* which ends with the first */
	sink_close(g.sink, NULL);
}

TEST(full_device)
{
	g.config.output.file = "/dev/full";
	ck_assert_int_eq(sink_open(&g.sink, &g.config, NULL, &g.stats, 0, 0, &g.e), 0);
	ck_assert_int_eq(sink_begin(g.sink, &g.e), -ENOSPC);
	ck_assert_ptr_nonnull(strstr(g.e.msg, "'/dev/full': No space left"));
	sink_close(g.sink, NULL);

	g.e.msg[0] = '\0';
	g.config.output.no_header = true;
	rig_open();
	rig_target();
	ck_assert_uint_eq(sink_rows(g.sink), 1);
	ck_assert_int_eq(sink_sync(g.sink, &g.e), -ENOSPC);
	ck_assert_ptr_nonnull(strstr(g.e.msg, "No space left"));
	ck_assert_ptr_nonnull(strstr(g.e.msg, "free some space"));
	ck_assert_uint_eq(sink_rows(g.sink), 0);
	ck_assert_uint_eq(stat_get(&g.stats, STAT_rows), 0);
	rig_target();		/* counted, not written */
	ck_assert_uint_eq(sink_rows(g.sink), 0);
	ck_assert_uint_eq(stat_get(&g.stats, STAT_targets_done), 2);
	g.e.msg[0] = '\0';
	ck_assert_int_eq(sink_close(g.sink, &g.e), -ENOSPC);
	ck_assert_ptr_nonnull(strstr(g.e.msg, "No space left"));
}

/* The file may take 15 .. 86 bytes: what is in it then are whole rows, as many as are said. */
TEST_TIMES(cuts_a_file_to_whole_rows, 2 * 3 * 24)
{
	rlim_t limit = 15 + (rlim_t)_i / 2;
	bool append = _i % 2;
	int saved = dup(STDOUT_FILENO), fd;
	struct rlimit was, now;
	char said[64];
	size_t len, n;
	char *text;

	g.config.output.file = NULL;
	fd = open(g.path, O_WRONLY | O_CREAT | (append ? O_APPEND : 0), 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_ge(dup2(fd, STDOUT_FILENO), 0);
	close(fd);
	rig_open();
	getrlimit(RLIMIT_FSIZE, &was);
	now = (struct rlimit){ limit, was.rlim_max };
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &now), 0);
	strcpy(g.extra.domain, "a\nb\"c");
	for (int i = 0; i < 20; i++)
		rig_target();
	ck_assert_int_eq(sink_sync(g.sink, &g.e), -EFBIG);
	setrlimit(RLIMIT_FSIZE, &was);
	dup2(saved, STDOUT_FILENO);
	close(saved);

	text = contents(g.path, &len);
	n = count_records(text, len, 3);
	ck_assert_uint_ge(n, 1);	/* the header came before */
	ck_assert_uint_eq(sink_rows(g.sink), n - 1);
	ck_assert_uint_eq(stat_get(&g.stats, STAT_rows), n - 1);
	ck_assert_uint_eq(n - 1, (limit - strlen("ip,domain,port\n"))
				 / strlen("192.0.2.7,\"a\nb\"\"c\",443\n"));
	snprintf(said, sizeof(said), "%zu %s in the file and sound; raise", n - 1,
		 n == 2 ? "row is" : "rows are");
	ck_assert_msg(strstr(g.e.msg, said) && strstr(g.e.msg, "standard output: File too large"),
		      "%s", g.e.msg);
	ck_assert_int_eq(sink_close(g.sink, &g.e), -EFBIG);
	free(text);
}

/* What another program has written behind our rows is not ours to cut. */
TEST(cuts_nothing_of_others)
{
	struct rlimit was, now;
	size_t len;
	char *text;
	int other;

	rig_open();
	other = open(g.path, O_WRONLY);
	ck_assert_int_eq(pwrite(other, "theirs", 6, 100), 6);
	getrlimit(RLIMIT_FSIZE, &was);
	now = (struct rlimit){ 40, was.rlim_max };
	setrlimit(RLIMIT_FSIZE, &now);
	rig_target();
	rig_target();
	ck_assert_int_eq(sink_sync(g.sink, &g.e), -EFBIG);
	setrlimit(RLIMIT_FSIZE, &was);
	ck_assert_ptr_nonnull(strstr(g.e.msg, "1 row is in the file and sound, a part of another "
				     "follows"));
	text = contents(g.path, &len);
	ck_assert_uint_eq(len, 106);
	ck_assert_mem_eq(text + 100, "theirs", 6);
	free(text);
	close(other);
	sink_close(g.sink, NULL);
}

TEST(closed_pipe)
{
	char name[32], got[64];
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	snprintf(name, sizeof(name), "/dev/fd/%d", fds[1]);
	g.config.output.file = name;
	rig_open();
	rig_target();
	ck_assert_int_eq(sink_sync(g.sink, &g.e), 0);
	ck_assert_int_eq(read(fds[0], got, sizeof(got)), 30);
	ck_assert_mem_eq(got, "ip,domain,port\n192.0.2.7,,443\n", 30);
	close(fds[0]);
	rig_target();
	ck_assert_int_eq(sink_sync(g.sink, &g.e), -EPIPE);
	ck_assert_ptr_nonnull(strstr(g.e.msg, "Broken pipe; 1 row is out; whatever read it"));
	ck_assert_uint_eq(sink_rows(g.sink), 1);
	ck_assert_int_eq(sink_sync(g.sink, NULL), -EPIPE);
	ck_assert_int_eq(sink_close(g.sink, NULL), -EPIPE);
	close(fds[1]);
}

/* `tfomap | head -0`: whether the reader is gone before us or after is one and the same case. */
TEST(pipe_closed_from_the_start)
{
	int saved = dup(STDOUT_FILENO), fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	close(fds[0]);
	dup2(fds[1], STDOUT_FILENO);
	g.config.output.file = "-";
	rig_open();
	ck_assert_int_eq(sink_close(g.sink, &g.e), -EPIPE);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	close(fds[1]);
	ck_assert_ptr_nonnull(strstr(g.e.msg, "standard output"));
}

struct reader {
	pid_t writer;		/* thread */
	int fd;
	char *text;
	size_t len;
};

static char thread_state(pid_t tid)
{
	char path[64], line[512];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	file = fopen(path, "r");
	if (!file || !fgets(line, sizeof(line), file))
		abort();
	fclose(file);
	return strrchr(line, ')')[2];
}

/* Reads nothing until the writer sleeps. */
static void *read_all(void *arg)
{
	struct reader *r = arg;
	ssize_t n;

	while (thread_state(r->writer) != 'S')
		sched_yield();
	while ((n = read(r->fd, r->text + r->len, 1000)) > 0)
		r->len += (size_t)n;
	return NULL;
}

/* A pipe that does not block, and is full already, is waited for: nothing is lost. */
TEST(pipe_that_does_not_block)
{
	int saved = dup(STDOUT_FILENO), fds[2];
	struct reader reader = { .writer = gettid(), .text = malloc(1 << 20) };
	size_t before = 0;
	pthread_t thread;

	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(fcntl(fds[1], F_SETFL, O_NONBLOCK), 0);
	while (write(fds[1], "x", 1) == 1)
		before++;
	reader.fd = fds[0];
	ck_assert_int_ge(dup2(fds[1], STDOUT_FILENO), 0);
	close(fds[1]);
	g.config.output.file = NULL;
	rig_open();
	for (int i = 0; i < 4000; i++)
		rig_target();
	ck_assert_int_eq(pthread_create(&thread, NULL, read_all, &reader), 0);
	ck_assert_msg(sink_close(g.sink, &g.e) == 0, "%s", g.e.msg);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	pthread_join(thread, NULL);
	close(fds[0]);
	ck_assert_uint_eq(count_records(reader.text + before, reader.len - before, 3), 4001);
	free(reader.text);
}

/* Nobody reads, and nobody waits: what is left is counted, and what is out are whole rows. */
TEST(pipe_that_nobody_reads)
{
	char name[32], text[1 << 17];
	uint64_t lost;
	ssize_t n;
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	snprintf(name, sizeof(name), "/dev/fd/%d", fds[1]);
	g.config.output.file = name;
	rig_open();
	for (int i = 0; i < 400000; i++)
		rig_target();
	ck_assert_int_eq(sink_flush(g.sink, &g.e), 0);
	ck_assert(sink_is_full(g.sink));
	ck_assert_uint_eq(sink_rows(g.sink), 400000);
	ck_assert(writer_leave(sink_writer(g.sink)));
	ck_assert_msg(sink_close(g.sink, &g.e) == 0, "%s", g.e.msg);
	lost = stat_get(&g.stats, STAT_rows_lost);
	ck_assert_uint_gt(lost, 0);
	ck_assert_uint_eq(stat_get(&g.stats, STAT_rows) + lost, 400000);
	close(fds[1]);
	n = read(fds[0], text, sizeof(text));
	ck_assert_int_gt(n, 0);
	ck_assert_uint_eq(count_records(text, (size_t)n, 3), stat_get(&g.stats, STAT_rows) + 1);
	close(fds[0]);
}
