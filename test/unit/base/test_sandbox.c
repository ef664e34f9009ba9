/*
 * privileges, places, syscalls: what is given away is gone, what a scan needs is left. It is for
 * good, so it is tried in processes of their own.
 */
#include "unit.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/places.h"
#include "base/privileges.h"
#include "base/syscalls.h"
#include "err.h"

static struct err e;
static char dir[40], outside[40];	/* a folder, and a file that is not in there */
static int outside_fd;

/* In a process that in_process() made. */
static void need_at(bool holds, int line, const char *what)
{
	if (holds)
		return;
	dprintf(STDERR_FILENO, "test_sandbox.c:%d: %s (%s) %s\n", line, what, strerror(errno),
		e.msg);
	_exit(1);
}

#define need(what)	need_at(what, __LINE__, #what)

static void in_process(void (*run)(void))
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		run();
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}

/* ---- privileges ---------------------------------------------------------------------------- */

TEST(users)
{
	ck_assert_int_eq(privileges_check_user("root", &e), 0);
	ck_assert_int_ne(privileges_check_user("no-such-user", &e), 0);
	ck_assert_msg(strstr(e.msg, "--user no-such-user: no such user"), "%s", e.msg);
}

static void expect_none(void)
{
	capng_get_caps_process();
	need(capng_have_capabilities(CAPNG_SELECT_CAPS) == CAPNG_NONE);
	need(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
}

static void drops(void)
{
	bool bounds;

	capng_get_caps_process();
	bounds = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP);
	need(privileges_drop(NULL, &e) == 0);
	expect_none();
	if (bounds)
		need(capng_have_capabilities(CAPNG_SELECT_BOUNDS) == CAPNG_NONE);
	need(privileges_drop(NULL, &e) == 0);
}

static bool has(unsigned int cap)
{
	capng_get_caps_process();
	return capng_have_capability(CAPNG_EFFECTIVE, cap)
	       && capng_have_capability(CAPNG_PERMITTED, cap);
}

/* What is kept is no more than was there. */
static void narrows(void)
{
	bool raw = has(CAP_NET_RAW), files = has(CAP_DAC_OVERRIDE);

	need(privileges_narrow(true, &e) == 0);
	need(!has(CAP_SYS_ADMIN) && !has(CAP_SYS_PTRACE));
	need(has(CAP_NET_RAW) == raw && has(CAP_DAC_OVERRIDE) == files);
	need(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	need(privileges_narrow(false, &e) == 0);
	need(!has(CAP_NET_RAW) && has(CAP_DAC_OVERRIDE) == files);
}

static int look_without(const void *arg)
{
	return has(CAP_NET_RAW) ? 0 : *(const int *)arg;
}

static void tries_without(void)
{
	const bool before = has(CAP_NET_RAW);
	const int answer = -EDOM;

	need(privileges_try_without(look_without, &answer) == answer);
	need(has(CAP_NET_RAW) == before);
}

/* Who may not become that user is told, and must not go on as another. */
static void becomes_user(void)
{
	uid_t before = getuid();
	int rc;

	capng_get_caps_process();
	rc = privileges_drop("nobody", &e);
	if (rc) {
		need(strstr(e.msg, "cannot become --user nobody"));
		need(getuid() == before);
		return;
	}
	expect_none();
	need(getuid() != 0);
	need(setuid(0) == -1);
	need(setgid(0) == -1);
	need(getgroups(0, NULL) == 1);
}

static void *sleeps(void *arg)
{
	pthread_mutex_lock(arg);
	pthread_mutex_unlock(arg);
	return NULL;
}

/* Beside the first one: with that a sanitizer starts one of its own. */
TEST(counts_threads)
{
	pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	unsigned int with_one;
	pthread_t threads[2];

	pthread_mutex_lock(&lock);
	ck_assert_int_eq(pthread_create(&threads[0], NULL, sleeps, &lock), 0);
	with_one = privileges_other_threads();
	ck_assert_uint_ge(with_one, 1);
	ck_assert_int_eq(pthread_create(&threads[1], NULL, sleeps, &lock), 0);
	ck_assert_uint_eq(privileges_other_threads(), with_one + 1);
	pthread_mutex_unlock(&lock);
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
}

/* ---- places -------------------------------------------------------------------------------- */

static int try_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600), err = fd < 0 ? -errno : 0;

	if (fd >= 0)
		close(fd);
	return err;
}

static const char *in_dir(const char *name)
{
	static char path[2][100];
	static unsigned int n;
	char *p = path[n++ % 2];

	snprintf(p, sizeof(path[0]), "%s/%s", dir, name);
	return p;
}

/* A file that may be replaced, and one elsewhere that may not be touched; false: no Landlock. */
static bool restrict_to_dir(void)
{
	struct place places[2] = { { .path = NULL } };

	places[1] = (struct place){ .path = in_dir("metadata"), .replaced = true };
	need(privileges_drop(NULL, &e) == 0);
	if (places_restrict(places, 2, &e)) {
		need(strstr(e.msg, "Landlock"));
		return false;
	}
	need(write(outside_fd, "open", 4) == 4);
	need(ftruncate(outside_fd, 0) == 0);
	return true;
}

static void writes_there_alone(void)
{
	if (!restrict_to_dir())
		return;
	need(try_open(in_dir("metadata.tmp"), O_WRONLY | O_CREAT | O_TRUNC) == 0);
	need(rename(in_dir("metadata.tmp"), in_dir("metadata")) == 0);
	need(try_open(in_dir("metadata"), O_WRONLY | O_TRUNC) == 0);
	need(try_open(in_dir("more"), O_RDWR | O_CREAT) == 0);
	need(rename(in_dir("more"), in_dir("metadata")) == 0);
	need(try_open(outside, O_WRONLY) == -EACCES);
	need(try_open(outside, O_RDONLY) == -EACCES);
	need((unlink(outside) ? -errno : 0) == -EACCES);
	need(try_open("/tmp/tfomap-test-more", O_WRONLY | O_CREAT) == -EACCES);
	need((mkdir(in_dir("folder"), 0700) ? -errno : 0) == -EACCES);
	need(unlink(in_dir("metadata")) == 0);
}

static void reads_what_the_kernel_tells(void)
{
	if (!restrict_to_dir())
		return;
	need(try_open("/proc/self/status", O_RDONLY) == 0);
	need(try_open("/etc/passwd", O_RDONLY) == -EACCES);
	need(try_open("/proc/self/comm", O_WRONLY) == -EACCES);
}

/* It is not to be replaced, only written. */
static void writes_device(void)
{
	const struct place place = { "/dev/null", true };

	need(privileges_drop(NULL, &e) == 0);
	if (places_restrict(&place, 1, &e))
		return;
	need(try_open("/dev/null", O_WRONLY | O_TRUNC) == 0);
	need(try_open("/dev/zero", O_WRONLY) == -EACCES);
}

#ifndef TFOMAP_INSTRUMENTED
/* ---- system calls -------------------------------------------------------------------------- */

static bool restrict_calls(bool writes)
{
	int rc;

	need(privileges_drop(NULL, &e) == 0);
	rc = syscalls_restrict(writes, false, &e);
	if (rc)
		need(strstr(e.msg, "seccomp"));
	return rc == 0;
}

static int fails(int rc)
{
	return rc < 0 ? -errno : 0;
}

static void refuses_calls(void)
{
	char *const args[] = { (char[]){ "true" }, NULL };

	if (!restrict_calls(false))
		return;
	need(fails(socket(AF_INET, SOCK_STREAM, 0)) == -ENOSYS);
	need(fails(socket(AF_PACKET, SOCK_RAW, 0)) == -ENOSYS);
	need(fails(socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER)) == -ENOSYS);
	need(fails(execv("/bin/true", args)) == -ENOSYS);
	need(fails(fork()) == -ENOSYS);
	need(fails(kill(1, 0)) == -ENOSYS);
	need(try_open("/dev/null", O_WRONLY) == -ENOSYS);
	need(fails(unlink("/tmp/tfomap-test-none")) == -ENOSYS);
	need(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
	     == MAP_FAILED);
	need(errno == ENOSYS);
}

static void *nothing(void *arg)
{
	pthread_setname_np(pthread_self(), "thread");
	return arg;
}

static void allows_calls(void)
{
	pthread_t one;
	void *p = NULL;

	if (!restrict_calls(false))
		return;
	need(pthread_create(&one, NULL, nothing, outside) == 0);
	need(pthread_join(one, &p) == 0);
	need(p == outside);
	need(try_open("/proc/self/status", O_RDONLY) == 0);
	need(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE) >= 0);
	p = malloc(64u << 20);
	need(p);
	free(p);
}

static void allows_writing(void)
{
	if (!restrict_calls(true))
		return;
	need(try_open(outside, O_WRONLY | O_TRUNC) == 0);
	need(fdatasync(outside_fd) == 0);
	need(fails(rename(outside, in_dir("renamed"))) == 0);
	need(fails(unlink(in_dir("renamed"))) == 0);
	need(fails(mkdir(in_dir("folder"), 0700)) == -ENOSYS);
}
#endif

/* ---- all of them --------------------------------------------------------------------------- */

static void (*const tried[])(void) = {
	narrows, tries_without, drops, becomes_user, writes_there_alone,
	reads_what_the_kernel_tells, writes_device,
#ifndef TFOMAP_INSTRUMENTED
	refuses_calls, allows_calls, allows_writing,
#endif
};

TEST_EACH(for_good, tried)
{
	snprintf(dir, sizeof(dir), "/tmp/tfomap-test-sandbox-XXXXXX");
	snprintf(outside, sizeof(outside), "/tmp/tfomap-test-outside-XXXXXX");
	outside_fd = mkstemp(outside);
	ck_assert(outside_fd >= 0 && mkdtemp(dir));
	in_process(*row);
	close(outside_fd);
	unlink(outside);
	rmdir(dir);
}
