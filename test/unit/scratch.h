/* Files that tests read and write, in memory: nothing is left, whatever a test ends with. */
#ifndef UNIT_SCRATCH_H
#define UNIT_SCRATCH_H

#include <check.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct scratch {
	int fd;
	char path[32];		/* opens it anew, at its beginning */
};

static inline void scratch_open(struct scratch *f, const void *content, size_t len)
{
	f->fd = memfd_create("scratch", MFD_CLOEXEC);
	ck_assert_int_ge(f->fd, 0);
	ck_assert_int_eq(pwrite(f->fd, content, len, 0), (ssize_t)len);
	snprintf(f->path, sizeof(f->path), "/proc/self/fd/%d", f->fd);
}

static inline void scratch_text(struct scratch *f, const char *text)
{
	scratch_open(f, text, strlen(text));
}

static inline void scratch_close(struct scratch *f)
{
	close(f->fd);
}

#endif
