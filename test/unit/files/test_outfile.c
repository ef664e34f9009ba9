/* outfile: whether a file can be written is known first; it is there whole, or not at all. */
#include "files/outfile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "err.h"
#include "unit.h"

static char dir[64], path[80], other_path[96];
static struct outfile *f, *other;
static struct err e;

static void begin(void)
{
	const char *tmp = getenv("TMPDIR");

	e.msg[0] = '\0';
	f = other = NULL;
	snprintf(dir, sizeof(dir), "%.40s/outfile.XXXXXX", tmp ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/file", dir);
	snprintf(other_path, sizeof(other_path), "%s/./other", dir);
}

static void end(void)
{
	outfile_close(f);
	outfile_close(other);
	unlink(path);
	unlink(other_path);
	ck_assert_int_eq(rmdir(dir), 0);
}

TEST_AROUND(begin, end)

static int open_it(void)
{
	return outfile_open(&f, "--x", path, 0600, NULL, 0, &e);
}

static void check(const char *want)
{
	char text[64] = "";
	FILE *in = fopen(path, "r");
	size_t n = in ? fread(text, 1, sizeof(text) - 1, in) : 0;

	ck_assert_ptr_nonnull(in);
	fclose(in);
	ck_assert_uint_eq(n, strlen(want));
	ck_assert_str_eq(text, want);
}

TEST(piece_by_piece)
{
	struct stat st;

	ck_assert_msg(open_it() == 0, "%s", e.msg);
	ck_assert_int_eq(write(outfile_fd(f), "abc", 3), 3);
	ck_assert_int_ne(access(path, F_OK), 0);
	ck_assert_int_eq(outfile_commit(f, &e), 0);
	check("abc");
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
}

TEST(what_is_not_committed_is_gone)
{
	ck_assert_int_eq(open_it(), 0);
	ck_assert_int_eq(outfile_write(f, "old", 3, &e), 0);
	outfile_close(f);
	ck_assert_int_eq(open_it(), 0);
	ck_assert_int_eq(write(outfile_fd(f), "new one", 7), 7);
	outfile_close(f);
	f = NULL;
	check("old");
}

TEST(no_regular_file)
{
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_eq(open_it(), -EINVAL);
	ck_assert_ptr_nonnull(strstr(e.msg, "--x"));
	ck_assert_ptr_nonnull(strstr(e.msg, "no regular file"));
	ck_assert_int_eq(rmdir(path), 0);
}

TEST(one_file_for_two)
{
	char same[128];

	snprintf(same, sizeof(same), "%s/../%s/file", dir, strrchr(dir, '/') + 1);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(open_it(), 0);
		ck_assert_int_eq(outfile_open(&other, "--y", same, 0600, &f, 1, &e), -EINVAL);
		ck_assert_ptr_nonnull(strstr(e.msg, "--x names the same file"));
		e.msg[0] = '\0';
		/* Now there is one. */
		ck_assert_int_eq(outfile_write(f, "a", 1, &e), 0);
		outfile_close(f);
		f = NULL;
	}
	ck_assert_int_eq(open_it(), 0);
	ck_assert_int_eq(outfile_open(&other, "--y", other_path, 0600, &f, 1, &e), 0);
}

TEST(no_such_folder)
{
	ck_assert_int_eq(outfile_open(&f, "--x", "/nosuch/file", 0600, NULL, 0, &e), -ENOENT);
	ck_assert_ptr_nonnull(strstr(e.msg, "--x /nosuch/file: cannot write it"));
}
