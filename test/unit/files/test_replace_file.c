/* replace_file: a name leads to old contents or new ones, whatever happens; and who may write. */
#include "files/file_lock.h"
#include "files/replace_file.h"
#include "unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>


#define LONG_LEN 20000		/* some blocks of a disk */

static char dir[64], path[80], old_text[LONG_LEN + 1], new_text[LONG_LEN / 2 + 1];

static void setup(void)
{
	const char *tmp = getenv("TMPDIR");

	signal(SIGXFSZ, SIG_IGN);
	snprintf(dir, sizeof(dir), "%.40s/replace.XXXXXX", tmp ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/file", dir);
	memset(old_text, 'o', LONG_LEN);
	memset(new_text, 'n', LONG_LEN / 2);
}

/* Removes all that is in the folder; how many that were. */
static unsigned int empty(void)
{
	DIR *d = opendir(dir);
	unsigned int n = 0;
	struct dirent *entry;

	ck_assert_ptr_nonnull(d);
	while ((entry = readdir(d))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		ck_assert_int_eq(unlinkat(dirfd(d), entry->d_name, 0), 0);
		n++;
	}
	closedir(d);
	return n;
}

static void teardown(void)
{
	empty();
	rmdir(dir);
}

TEST_AROUND(setup, teardown)

static void put_file(const char *text)
{
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	fclose(file);
}

/* What the name leads to; "": nothing. */
static const char *contents(void)
{
	static char text[LONG_LEN + 2];
	FILE *file = fopen(path, "r");
	size_t n = file ? fread(text, 1, sizeof(text) - 1, file) : 0;

	text[n] = '\0';
	if (file)
		fclose(file);
	return text;
}

static struct replace_file *opened_for(bool or_over)
{
	struct replace_file *f = NULL;

	ck_assert_int_eq(replace_file_open(&f, path, 0600, or_over), 0);
	return f;
}

static struct replace_file *opened(void)
{
	return opened_for(true);
}

static void replace(const char *text)
{
	struct replace_file *f = opened();

	ck_assert_int_eq(replace_file_write(f, text, strlen(text)), 0);
	replace_file_close(f);
	ck_assert_str_eq(contents(), text);
}

static mode_t mode_of(void)
{
	struct stat st;

	ck_assert_int_eq(stat(path, &st), 0);
	return st.st_mode & 07777;
}

TEST(reads)
{
	struct replace_file *f = opened();
	char *text;
	size_t len;

	ck_assert(!replace_file_is_there(f));
	ck_assert_int_eq(replace_file_read(f, 3, &text, &len), 0);
	ck_assert_ptr_null(text);
	ck_assert_uint_eq(len, 0);
	ck_assert_int_eq(replace_file_write(f, "new", 3), 0);
	ck_assert(replace_file_is_there(f));
	ck_assert_int_eq(replace_file_read(f, 3, &text, &len), 0);
	ck_assert_str_eq(text, "new");
	ck_assert_uint_eq(len, 3);
	free(text);
	ck_assert_int_eq(replace_file_read(f, 2, &text, &len), -EFBIG);
	ck_assert_ptr_null(text);
	replace_file_close(f);
}

TEST(replaces)
{
	struct replace_file *f;

	replace("first");
	replace(old_text);
	replace("shorter");
	replace("");
	f = opened();
	ck_assert_str_eq(contents(), "");	/* which changes nothing yet */
	for (int i = 0; i < 3; i++) {
		const char *text = i % 2 ? old_text : new_text;

		ck_assert_int_eq(replace_file_reserve(f, LONG_LEN), 0);
		ck_assert_int_eq(replace_file_write(f, text, strlen(text)), 0);
		ck_assert_str_eq(contents(), text);
	}
	replace_file_close(f);
	ck_assert_uint_eq(empty(), 1);
}

/* Within the one it is opened with: what is secret stays so. */
TEST(keeps_the_mode)
{
	replace("new");
	ck_assert_uint_eq(mode_of(), 0600);
	ck_assert_int_eq(chmod(path, 0640), 0);
	replace("changed");
	ck_assert_uint_eq(mode_of(), 0600);
}

/* Root can; who cannot writes over the file. */
TEST(keeps_the_owner)
{
	struct stat st, now;

	put_file("theirs");
	if (chmod(path, 0666) || chmod(dir, 0777) || chown(path, 65533, 65533))
		return;		/* not root */
	replace("new");
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_uid, 65533);
	ck_assert_uint_eq(mode_of(), 0600);
	ck_assert_int_eq(chmod(path, 0666), 0);
	ck_assert_int_eq(setegid(65534), 0);
	ck_assert_int_eq(seteuid(65534), 0);
	replace("another's");
	ck_assert_int_eq(seteuid(0), 0);
	ck_assert_int_eq(stat(path, &now), 0);
	ck_assert_uint_eq(now.st_uid, 65533);
	ck_assert_uint_eq(now.st_ino, st.st_ino);
	ck_assert_uint_eq(mode_of(), 0666);
}

TEST(follows_links)
{
	char link[96], there[96];

	for (int dangling = 0; dangling < 2; dangling++) {
		snprintf(link, sizeof(link), "%s/link", dir);
		snprintf(there, sizeof(there), "%s/there", dir);
		ck_assert_int_eq(symlink("there", link), 0);
		ck_assert_int_eq(symlink(link, path), 0);	/* absolute, to one that is not */
		if (!dangling)
			close(creat(there, 0644));
		replace("behind the links");
		ck_assert_int_eq(unlink(there), 0);
		ck_assert_uint_eq(empty(), 2);
	}
	ck_assert_int_eq(symlink("file", path), 0);
	ck_assert_int_eq(replace_file_open(&(struct replace_file *){ NULL }, path, 0600, true),
			 -ELOOP);
}

TEST(names_without_a_folder)
{
	struct replace_file *f = NULL;

	ck_assert_int_eq(chdir(dir), 0);
	ck_assert_int_eq(replace_file_open(&f, "file", 0600, true), 0);
	ck_assert_int_eq(chdir("/"), 0);	/* the folder is known by then */
	ck_assert_int_eq(replace_file_write(f, "x", 1), 0);
	replace_file_close(f);
	ck_assert_str_eq(contents(), "x");
	ck_assert_int_eq(replace_file_open(&f, "/nonexistent/file", 0600, true), -ENOENT);
	ck_assert_int_lt(replace_file_open(&f, "/tmp/", 0600, true), 0);
}

TEST(what_fits)
{
	char open_file[32];

	ck_assert(replace_file_fits(path));
	put_file("x");
	ck_assert(replace_file_fits(path));
	ck_assert(replace_file_fits("/nonexistent/file"));
	ck_assert(!replace_file_fits(dir));
	ck_assert(!replace_file_fits("/dev/null"));
	snprintf(open_file, sizeof(open_file), "/dev/fd/%d", open(path, O_WRONLY));
	ck_assert(!replace_file_fits(open_file));	/* as /dev/stderr with 2>file */
	unlink(path);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert(!replace_file_fits(path));
}

/* ---- what goes wrong ----------------------------------------------------------------------- */

/* How long files may be; what it was before. */
static rlim_t limit_files(rlim_t len)
{
	struct rlimit limit;
	rlim_t was;

	getrlimit(RLIMIT_FSIZE, &limit);
	was = limit.rlim_cur;
	limit.rlim_cur = len;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	return was;
}

TEST(no_space)
{
	struct replace_file *f;
	rlim_t was;

	put_file("old");
	f = opened();
	was = limit_files(LONG_LEN - 1);
	ck_assert_int_eq(replace_file_reserve(f, LONG_LEN), -EFBIG);
	ck_assert_int_eq(replace_file_write(f, old_text, LONG_LEN), -EFBIG);
	ck_assert_str_eq(contents(), "old");
	limit_files(was);
	ck_assert_int_eq(replace_file_write(f, "new", 3), 0);	/* there is some again */
	ck_assert_str_eq(contents(), "new");
	replace_file_close(f);
	ck_assert_uint_eq(empty(), 1);
}

/* As a user who may write the file, but make none beside it. False: there is no such user here. */
static bool become_guest(void)
{
	if (geteuid() != 0)
		return chmod(dir, 0555) == 0;
	return chmod(dir, 0755) == 0 && chown(path, 65534, 65534) == 0 && seteuid(65534) == 0;
}

static void become_self(void)
{
	if (getuid() == 0)
		ck_assert_int_eq(seteuid(0), 0);
	else
		ck_assert_int_eq(chmod(dir, 0755), 0);
}

TEST(folder_not_writable)
{
	struct replace_file *f;
	struct stat was, is;

	put_file(old_text);
	ck_assert_int_eq(stat(path, &was), 0);
	if (!become_guest())
		return;
	f = opened();
	ck_assert_int_eq(replace_file_reserve(f, LONG_LEN), 0);
	ck_assert_int_eq(replace_file_write(f, "new", 3), 0);
	ck_assert_str_eq(contents(), "new");
	ck_assert_int_eq(stat(path, &is), 0);
	ck_assert_uint_eq(was.st_ino, is.st_ino);	/* written over */
	replace_file_close(f);
	become_self();
	ck_assert_uint_eq(empty(), 1);
	if (!become_guest())
		return;
	f = opened();
	ck_assert_int_eq(replace_file_write(f, "new", 3), -EACCES);	/* there is none */
	replace_file_close(f);
	become_self();
}

TEST(not_to_be_written_over)
{
	struct replace_file *f;

	put_file(old_text);
	if (!become_guest())
		return;
	f = opened_for(false);
	ck_assert_int_eq(replace_file_reserve(f, LONG_LEN), -EACCES);
	ck_assert_int_eq(replace_file_write(f, "new", 3), -EACCES);
	ck_assert_str_eq(contents(), old_text);
	replace_file_close(f);
	become_self();
}

/* It was opened by one who might do all, and is written by one who may not. */
TEST(user_changed_meanwhile)
{
	struct replace_file *f;

	replace("old");
	f = opened();
	ck_assert_int_eq(replace_file_reserve(f, LONG_LEN), 0);
	if (!become_guest()) {
		replace_file_close(f);
		return;
	}
	ck_assert_int_eq(replace_file_write(f, "new", 3), 0);
	become_self();
	ck_assert_str_eq(contents(), "new");
	replace_file_close(f);
	ck_assert_uint_eq(empty(), 1);
}

/* ---- one writer at a time ------------------------------------------------------------------ */

TEST(one_at_a_time)
{
	struct replace_file *f, *g, *second = NULL;

	put_file("old");
	f = opened();
	ck_assert_int_eq(replace_file_open(&second, path, 0600, true), -EBUSY);
	ck_assert_int_eq(replace_file_write(f, "new", 3), 0);
	/* The new one, too. */
	ck_assert_int_eq(replace_file_open(&second, path, 0600, true), -EBUSY);
	ck_assert_str_eq(contents(), "new");
	replace_file_close(f);
	unlink(path);

	/* Both find none. */
	f = opened();
	g = opened();
	ck_assert_int_eq(replace_file_write(g, "g", 1), 0);
	ck_assert_int_eq(replace_file_write(f, "f", 1), -EBUSY);
	ck_assert_str_eq(contents(), "g");
	replace_file_close(f);
	replace_file_close(g);
	ck_assert_uint_eq(empty(), 1);
}

/* A file that is locked keeps what it has; its lock goes with the process, as hard as that ends. */
TEST(locks_end_with_the_process)
{
	int ready[2], fd;
	pid_t pid;
	char c;

	put_file("rows");
	ck_assert_int_eq(pipe(ready), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		fd = open(path, O_WRONLY);
		c = file_lock_take(fd) == 0 ? 'y' : 'n';
		if (write(ready[1], &c, 1) == 1)
			pause();
		_exit(0);
	}
	ck_assert_int_eq(read(ready[0], &c, 1), 1);
	ck_assert_int_eq(c, 'y');
	fd = open(path, O_WRONLY);
	ck_assert(file_lock_is_held(fd));
	ck_assert_int_eq(file_lock_take(fd), -EBUSY);
	ck_assert_int_eq(file_lock_open(path, O_WRONLY, 0600), -EBUSY);
	ck_assert_str_eq(contents(), "rows");
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_assert(!file_lock_is_held(fd));
	close(fd);
	fd = file_lock_open(path, O_WRONLY, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_str_eq(contents(), "rows");
	close(fd);
	ck_assert_int_eq(file_lock_open("/dev/null", 0, 0600) < 0, 0);
	ck_assert_int_eq(file_lock_open(dir, 0, 0600), -EISDIR);
}

/* ---- killed at any instant ----------------------------------------------------------------- */

/* In a child that is traced: what it does from the signal on. */
static void traced(bool reserve)
{
	struct replace_file *f = NULL;

	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) || raise(SIGSTOP)
	    || replace_file_open(&f, path, 0600, true)
	    || (reserve && replace_file_reserve(f, LONG_LEN))
	    || replace_file_write(f, new_text, strlen(new_text)))
		_exit(1);
	_exit(0);
}

/* Kills a child when it is about to make its n-th system call. True: it had ended before. */
static bool ends_before_call(unsigned int n, bool reserve)
{
	pid_t pid = fork();
	int status;

	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		traced(reserve);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSTOPPED(status));
	for (unsigned int i = 0; i < 2 * n - 1; i++) {	/* it stops before and behind each */
		ck_assert_int_eq(ptrace(PTRACE_SYSCALL, pid, NULL, NULL), 0);
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		if (!WIFSTOPPED(status)) {
			ck_assert(WIFEXITED(status));
			ck_assert_int_eq(WEXITSTATUS(status), 0);
			return true;
		}
	}
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return false;
}

/* Before each of its system calls; the next run finds all in order, and leaves nothing else. */
static void killed(const char *before, bool reserve)
{
	unsigned int n = 0, found_new = 0;
	bool ended;

	do {
		const char *got;

		if (before[0])
			put_file(before);
		ended = ends_before_call(++n, reserve);
		got = contents();
		ck_assert_msg(strcmp(got, before) == 0 || strcmp(got, new_text) == 0,
			      "call %u: %zu bytes", n, strlen(got));
		found_new += strcmp(got, new_text) == 0;
		replace("after it");
		ck_assert_uint_eq(empty(), 1);
	} while (!ended);
	ck_assert_uint_ge(n, 8);
	ck_assert_uint_ge(found_new, 2);	/* the folder's sync comes behind the rename */
	ck_assert_uint_lt(found_new, n);
}

TEST(killed_before_any_call)
{
	for (int reserve = 0; reserve < 2; reserve++) {
		killed(old_text, reserve);
		killed("", reserve);
	}
}
