/*
 * Preloaded into tfomap: ends it with SIGKILL at one of the calls by which its files reach the
 * disk. CRASH=CALL:N: at the N-th call of write, fdatasync, fsync or rename, before it is made;
 * CALL+: after it. CRASH_POWER=1: as a power cut does: what was not synced is gone: files end where
 * they ended at their last fdatasync() or fsync(), and a rename whose folder was not synced was
 * not made. It is the test's stand-in for the disk: no real one loses data when asked to.
 */
#define _GNU_SOURCE
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FDS 1024

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static off_t durable[FDS];		/* bytes on the disk, and 1 more; 0: not known */
static char renamed[PATH_MAX];		/* by a rename that is not on the disk; "": none */
static bool was_there;			/* and so was what it took the place of */
static unsigned int calls;

static off_t size_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? st.st_size : -1;
}

static void old_name(const char *path, char out[static PATH_MAX])
{
	snprintf(out, PATH_MAX, "%.4000s.before", path);
}

static void cut_power(void)
{
	char before[PATH_MAX];

	for (int fd = 0; fd < FDS; fd++)
		if (durable[fd] && size_of(fd) >= durable[fd] && ftruncate(fd, durable[fd] - 1))
			abort();
	old_name(renamed, before);
	if (renamed[0] && was_there)
		syscall(SYS_rename, before, renamed);
	else if (renamed[0])
		unlink(renamed);
}

/* Counts a call, with the lock held; at the right one there is no way back. */
static void count(const char *name)
{
	const char *crash = getenv("CRASH"), *number = crash ? strchr(crash, ':') : NULL;
	size_t len = strlen(name);

	if (!number || len != (size_t)(number - crash) || strncmp(crash, name, len) != 0
	    || ++calls < (unsigned int)atoi(number + 1))
		return;
	if (getenv("CRASH_POWER"))
		cut_power();
	syscall(SYS_kill, getpid(), SIGKILL);
}

static void begin(const char *name)
{
	pthread_mutex_lock(&lock);
	count(name);
}

static void end(const char *name)
{
	count(name);
	pthread_mutex_unlock(&lock);
}

ssize_t write(int fd, const void *bytes, size_t len)
{
	ssize_t n;

	begin("write");
	if (fd >= 0 && fd < FDS && !durable[fd] && size_of(fd) >= 0)
		durable[fd] = size_of(fd) + 1;
	n = syscall(SYS_write, fd, bytes, len);
	end("write+");
	return n;
}

static int sync_with(long number, int fd)
{
	long rc = syscall(number, fd);

	if (rc == 0 && fd >= 0 && fd < FDS && size_of(fd) >= 0)
		durable[fd] = size_of(fd) + 1;
	else if (rc == 0)
		renamed[0] = '\0';	/* a folder */
	return (int)rc;
}

int fdatasync(int fd)
{
	int rc;

	begin("fdatasync");
	rc = sync_with(SYS_fdatasync, fd);
	end("fdatasync+");
	return rc;
}

int fsync(int fd)
{
	int rc;

	begin("fsync");
	rc = sync_with(SYS_fsync, fd);
	end("fsync+");
	return rc;
}

int rename(const char *from, const char *to)
{
	char before[PATH_MAX];
	int rc;

	begin("rename");
	old_name(to, before);
	unlink(before);
	was_there = link(to, before) == 0;
	rc = (int)syscall(SYS_rename, from, to);
	if (rc == 0)
		snprintf(renamed, sizeof(renamed), "%s", to);
	end("rename+");
	return rc;
}

/* A number is given anew: what the one before had is over. */
int close(int fd)
{
	pthread_mutex_lock(&lock);
	if (fd >= 0 && fd < FDS)
		durable[fd] = 0;
	pthread_mutex_unlock(&lock);
	return (int)syscall(SYS_close, fd);
}
