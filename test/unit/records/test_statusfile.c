#include "records/statusfile.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/writer.h"
#include "err.h"
#include "records/status.h"
#include "scratch.h"
#include "unit.h"

static char text[16384];

static void read_back(const struct scratch *f, struct statusfile *s)
{
	ssize_t n;

	while (!writer_wait(statusfile_writer(s), NS_PER_S))
		;
	n = pread(f->fd, text, sizeof(text) - 1, 0);
	ck_assert_int_ge(n, 0);
	text[n] = '\0';
}

static size_t lines(void)
{
	size_t n = 0;

	for (const char *s = text; (s = strchr(s, '\n')); s++)
		n++;
	return n;
}

/* Header and rows, each there at once; a rate is that since the row before. */
TEST(rows)
{
	struct status_moment now = { .targets = 100, .elapsed_ns = NS_PER_S };
	char row[STATUS_ROW_LEN];
	struct status_moment prev;
	struct statusfile *s;
	struct scratch f;
	struct err e = { "" };

	scratch_text(&f, "what was there before\n");
	ck_assert_msg(statusfile_open(&s, f.path, false, &e) == 0, "%s", e.msg);
	read_back(&f, s);
	ck_assert_str_eq(text, "what was there before\n");
	ck_assert_msg(statusfile_begin(s, &e) == 0, "%s", e.msg);
	read_back(&f, s);
	status_header(row);
	ck_assert(strncmp(text, row, strlen(row)) == 0 && lines() == 1);
	now.v[STAT_sent_request] = 10;
	statusfile_add(s, &now);
	read_back(&f, s);
	ck_assert_uint_eq(lines(), 2);
	status_row(&now, NULL, row);
	ck_assert_ptr_nonnull(strstr(text, row));
	prev = now;
	now.elapsed_ns += NS_PER_S;
	now.v[STAT_sent_request] = 60;
	statusfile_add(s, &now);
	read_back(&f, s);
	ck_assert_uint_eq(lines(), 3);
	status_row(&now, &prev, row);
	ck_assert_ptr_nonnull(strstr(text, row));
	ck_assert_int_eq(statusfile_close(s, &e), 0);
	scratch_close(&f);
}

TEST(not_writable)
{
	struct statusfile *s;
	struct err e = { "" };

	ck_assert_int_eq(statusfile_open(&s, "/nonexistent/status", false, &e), -ENOENT);
	ck_assert_ptr_nonnull(strstr(e.msg, "/nonexistent/status"));
	ck_assert_ptr_nonnull(strstr(e.msg, "--status-updates-file"));
	ck_assert_int_eq(statusfile_close(NULL, &e), 0);
}

/* A full disk is told of at the end. */
TEST(full_disk)
{
	const struct status_moment now = { .targets = 100 };
	struct statusfile *s;
	struct err e = { "" };

	ck_assert_int_eq(statusfile_open(&s, "/dev/full", false, &e), 0);
	ck_assert_int_eq(statusfile_begin(s, &e), 0);
	statusfile_add(s, &now);
	ck_assert_int_eq(statusfile_close(s, &e), -ENOSPC);
	ck_assert_ptr_nonnull(strstr(e.msg, "/dev/full: No space"));
}
