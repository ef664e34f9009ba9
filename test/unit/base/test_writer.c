/* writer: who gives it records waits for nobody, and what comes out are whole ones. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/thread.h"
#include "base/writer.h"
#include "err.h"
#include "files/file_lock.h"
#include "scratch.h"

#define RECORD_LEN	100
#define MANY		100000	/* records: 10 MB, more than should wait */

static struct writer *w;
static int fds[2];

static void begin(void)
{
	struct err e = { "" };

	signal(SIGPIPE, SIG_IGN);
	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	ck_assert_msg(writer_open(&w, fds[1], "the pipe", &e) == 0, "%s", e.msg);
}

static void end(void)
{
	close(fds[0]);
	close(fds[1]);
}

/* Record i: its number, and a line end behind RECORD_LEN - 1 bytes. */
static void put(unsigned int i)
{
	char record[RECORD_LEN + 1];

	snprintf(record, sizeof(record), "%0*u\n", RECORD_LEN - 1, i);
	ck_assert(writer_put(w, record, RECORD_LEN));
}

/* Reads n records, which are those from `first` on. */
static void expect(unsigned int first, unsigned int n)
{
	char want[RECORD_LEN + 1], got[RECORD_LEN];

	for (unsigned int i = first; i < first + n; i++) {
		for (size_t len = 0; len < RECORD_LEN;) {
			ssize_t rc = read(fds[0], got + len, RECORD_LEN - len);

			ck_assert_int_gt(rc, 0);
			len += (size_t)rc;
		}
		snprintf(want, sizeof(want), "%0*u\n", RECORD_LEN - 1, i);
		ck_assert_mem_eq(got, want, RECORD_LEN);
	}
}

static void wait_all(void)
{
	while (!writer_wait(w, NS_PER_S))
		;
}

/* Nobody reads, and all is taken; then it comes out in its order, and there is room again. */
TEST(waits_for_nobody)
{
	struct writer_state st;

	begin();
	for (unsigned int i = 0; i < MANY; i++)
		put(i);
	ck_assert(writer_is_full(w));
	ck_assert(!writer_wait(w, 1));
	expect(0, MANY);
	wait_all();
	ck_assert(!writer_is_full(w));
	writer_get(w, &st);
	ck_assert_uint_eq(st.out, MANY);
	ck_assert_uint_eq(st.waiting, 0);
	put(7);
	writer_close(w, &st);
	expect(7, 1);
	ck_assert_int_eq(st.err, 0);
	ck_assert_uint_eq(st.out, MANY + 1);
	end();
}

static int in_pipe(void)
{
	int n = 0;

	ck_assert_int_eq(ioctl(fds[0], FIONREAD, &n), 0);
	return n;
}

/* A write that hangs is ended: what is in the pipe are whole records, as many as are told. */
TEST(leaves)
{
	struct writer_state st;

	begin();
	for (unsigned int i = 0; i < MANY; i++)
		put(i);
	writer_kick(w);
	while (in_pipe() < fcntl(fds[0], F_GETPIPE_SZ) - PIPE_BUF)
		sched_yield();
	ck_assert(writer_leave(w));
	writer_close(w, &st);
	ck_assert(st.left && !st.torn);
	ck_assert_uint_eq(st.out + st.waiting, MANY);
	ck_assert_uint_eq(st.out * RECORD_LEN, (uint64_t)in_pipe());
	expect(0, (unsigned int)st.out);
	end();
}

TEST(leaves_what_is_idle)
{
	struct writer_state st;

	begin();
	put(1);
	wait_all();
	ck_assert(writer_leave(w));
	writer_close(w, &st);
	ck_assert_uint_eq(st.out, 1);
	ck_assert_uint_eq(st.waiting, 0);
	end();
}

/* Where a write fails nothing more is taken, and what was not out is counted. */
TEST(broken)
{
	struct writer_state st;

	begin();
	put(1);
	wait_all();
	expect(1, 1);
	close(fds[0]);
	put(2);
	wait_all();
	writer_get(w, &st);
	ck_assert_int_eq(st.err, -EPIPE);
	ck_assert(!writer_put(w, "x", 1));
	writer_close(w, &st);
	ck_assert_uint_eq(st.out, 1);
	ck_assert_uint_eq(st.waiting, 2);
	ck_assert(!st.left);
	close(fds[1]);
}

/* A record is a record however long it is. */
TEST(long_records)
{
	static char record[1 << 20];
	struct err e = { "" };
	struct writer_state st;
	struct scratch f;

	scratch_text(&f, "");
	ck_assert_int_eq(writer_open(&w, f.fd, "the file", &e), 0);
	memset(record, 'a', sizeof(record));
	ck_assert(writer_put(w, "1", 1) && writer_put(w, record, sizeof(record))
		  && writer_put(w, "2", 1));
	writer_close(w, &st);
	ck_assert_uint_eq(st.out, 3);
	ck_assert_int_eq(lseek(f.fd, 0, SEEK_END), sizeof(record) + 2);
	scratch_close(&f);
}

/* Without a thread it writes where nobody has to be waited for, and no more. */
TEST(is_held)
{
	struct writer_state st;
	struct err e = { "" };

	threads_hold();
	begin();
	put(0);
	ck_assert_int_eq(in_pipe(), 0);
	writer_kick(w);
	expect(0, 1);
	for (unsigned int i = 1; i < MANY; i++)
		put(i);
	writer_kick(w);
	ck_assert_int_eq(in_pipe(), 0);
	ck_assert_int_eq(threads_release(&e), 0);
	writer_kick(w);
	expect(1, MANY - 1);
	writer_close(w, &st);
	ck_assert_uint_eq(st.out, MANY);
	end();
}

TEST(is_held_to_the_end)
{
	struct writer_state st;
	struct err e = { "" };

	threads_hold();
	begin();
	put(0);
	writer_close(w, &st);
	ck_assert_uint_eq(st.out, 1);
	expect(0, 1);
	begin();
	put(0);
	ck_assert(writer_leave(w));
	writer_close(w, &st);
	ck_assert_uint_eq(st.waiting, 1);
	end();
	ck_assert_int_eq(threads_release(&e), 0);
}

static off_t file_size(const struct scratch *file)
{
	struct stat st;

	ck_assert_int_eq(fstat(file->fd, &st), 0);
	return st.st_size;
}

/* What was put by the mark is in the file; a pipe, whose reader has it, is not asked for more. */
TEST(syncs)
{
	struct scratch file;
	struct err e = { "" };

	scratch_text(&file, "");
	ck_assert_int_eq(writer_open(&w, file.fd, file.path, &e), 0);
	ck_assert_uint_eq(writer_mark(w), 0);
	ck_assert_int_eq(writer_sync(w, 0), 0);
	for (unsigned int i = 0; i < 3; i++)
		put(i);
	ck_assert_uint_eq(writer_mark(w), 3);
	ck_assert_int_eq(writer_sync(w, 3), 0);
	ck_assert_int_eq(file_size(&file), 3 * RECORD_LEN);
	writer_close(w, NULL);
	scratch_close(&file);
	begin();
	put(0);
	ck_assert_int_eq(writer_sync(w, 1), 0);
	expect(0, 1);
	writer_close(w, NULL);
	end();
	ck_assert_uint_eq(writer_mark(NULL), 0);
	ck_assert_int_eq(writer_sync(NULL, 0), 0);
}

/* Nothing comes out before what it stands on does, or never will. */
TEST(follows)
{
	struct writer_state state;
	struct writer *before;
	struct scratch file;
	struct err e = { "" };

	begin();
	before = w;
	for (unsigned int i = 0; i < MANY; i++)
		put(i);
	scratch_text(&file, "");
	ck_assert_int_eq(writer_open(&w, file.fd, file.path, &e), 0);
	writer_follow(w, before);
	put(0);
	ck_assert(!writer_wait(w, 1));
	ck_assert_int_eq(file_size(&file), 0);
	expect(0, MANY);
	ck_assert_int_eq(writer_sync(w, 1), 0);
	ck_assert_int_eq(file_size(&file), RECORD_LEN);
	for (unsigned int i = 0; i < MANY; i++)
		ck_assert(writer_put(before, file.path, 1));
	put(1);
	ck_assert(writer_leave(before));
	ck_assert_int_eq(writer_sync(w, 2), -EINTR);
	ck_assert_int_eq(file_size(&file), RECORD_LEN);
	writer_get(w, &state);
	ck_assert(state.left);
	writer_close(w, NULL);
	writer_close(before, NULL);
	scratch_close(&file);
	end();
}

/* On what could not be written nothing stands. */
TEST(follows_into_a_full_disk)
{
	int full = open("/dev/full", O_WRONLY);
	struct writer *before;
	struct scratch file;
	struct err e = { "" };

	scratch_text(&file, "");
	ck_assert_int_eq(writer_open(&before, full, "/dev/full", &e), 0);
	ck_assert_int_eq(writer_open(&w, file.fd, file.path, &e), 0);
	writer_follow(w, before);
	ck_assert(writer_put(before, "x", 1));
	ck_assert(writer_put(w, "y", 1));
	ck_assert_int_eq(writer_sync(w, 1), -ENOSPC);
	ck_assert_int_eq(file_size(&file), 0);
	writer_close(w, NULL);
	writer_close(before, NULL);
	scratch_close(&file);
	close(full);
}

/* Until it begins what is there stays. */
TEST(begins)
{
	static const uint64_t keeps[] = { 5, 0 };
	struct scratch file;
	struct err e = { "" };

	for (size_t i = 0; i < N_OF(keeps); i++) {
		scratch_text(&file, "what was there");
		ck_assert_int_eq(writer_open(&w, file.fd, file.path, &e), 0);
		ck_assert_int_eq(file_size(&file), 14);
		ck_assert_int_eq(file_lock_cut(file.fd, keeps[i]), 0);
		ck_assert_int_eq(file_size(&file), (off_t)keeps[i]);
		ck_assert(writer_put(w, "new", 3));
		ck_assert_int_eq(writer_sync(w, 1), 0);
		ck_assert_int_eq(file_size(&file), (off_t)keeps[i] + 3);
		writer_close(w, NULL);
		scratch_close(&file);
	}
}

TEST(syncs_no_more_when_broken)
{
	begin();
	for (unsigned int i = 0; i < MANY; i++)
		put(i);
	ck_assert(writer_leave(w));
	ck_assert_int_eq(writer_sync(w, MANY), -EINTR);
	writer_close(w, NULL);
	end();
}
