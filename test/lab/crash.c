/*
 * Preloaded into tfomap: ends it with SIGKILL at one of the calls by which its files reach the
 * disk. CRASH=CALL:N: at the N-th call of write (or pwrite), fdatasync, fsync, linkat or renameat,
 * before it is made; CALL+: after it. CRASH_POWER=1: as a power cut does: what was not synced is
 * gone: files end where they ended at their last fdatasync() or fsync(), and a name whose folder
 * was not synced was not given. It is the test's stand-in for the disk: no real one loses data when
 * asked to.
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
/* The name that a linkat or renameat gave which is not on the disk; "": none. */
static int named_in;			/* the folder */
static char named[NAME_MAX + 1], before[NAME_MAX + 16];	/* and what had it before, if any */
static bool was_there;
static unsigned int calls;

static off_t size_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? st.st_size : -1;
}

static void cut_power(void)
{
	for (int fd = 0; fd < FDS; fd++)
		if (durable[fd] && size_of(fd) >= durable[fd] && ftruncate(fd, durable[fd] - 1))
			abort();
	if (named[0] && was_there)
		syscall(SYS_renameat, named_in, before, named_in, named);
	else if (named[0])
		unlinkat(named_in, named, 0);
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
	syscall(SYS_tgkill, getpid(), gettid(), SIGKILL);	/* the filter has no kill() */
	abort();
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

static void note_length(int fd)
{
	if (fd >= 0 && fd < FDS && !durable[fd] && size_of(fd) >= 0)
		durable[fd] = size_of(fd) + 1;
}

ssize_t write(int fd, const void *bytes, size_t len)
{
	ssize_t n;

	begin("write");
	note_length(fd);
	n = syscall(SYS_write, fd, bytes, len);
	end("write+");
	return n;
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at)
{
	ssize_t n;

	begin("write");
	note_length(fd);
	n = syscall(SYS_pwrite64, fd, bytes, len, at);
	end("write+");
	return n;
}

static int sync_with(long number, int fd)
{
	long rc = syscall(number, fd);

	if (rc == 0 && fd >= 0 && fd < FDS && size_of(fd) >= 0)
		durable[fd] = size_of(fd) + 1;
	else if (rc == 0)
		named[0] = '\0';	/* a folder */
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

/* Before a name is given: what has it stays by another one. */
static void keep_named(int folder, const char *name)
{
	snprintf(before, sizeof(before), "%.200s.before", name);
	unlinkat(folder, before, 0);
	was_there = syscall(SYS_linkat, folder, name, folder, before, 0) == 0;
}

static void note_name(int folder, const char *name)
{
	named_in = folder;
	snprintf(named, sizeof(named), "%s", name);
}

int linkat(int from_folder, const char *from, int folder, const char *name, int flags)
{
	int rc;

	begin("linkat");
	keep_named(folder, name);
	rc = (int)syscall(SYS_linkat, from_folder, from, folder, name, flags);
	if (rc == 0)
		note_name(folder, name);
	end("linkat+");
	return rc;
}

int renameat(int from_folder, const char *from, int folder, const char *name)
{
	int rc;

	begin("renameat");
	keep_named(folder, name);
	rc = (int)syscall(SYS_renameat, from_folder, from, folder, name);
	if (rc == 0)
		note_name(folder, name);
	end("renameat+");
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
