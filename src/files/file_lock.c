#include "files/file_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

static _Atomic int missing;	/* of the process, as its files are */

/* The whole file, however long it becomes. */
static struct flock whole(void)
{
	return (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET };
}

bool file_lock_is_held(int fd)
{
	struct flock lock = whole();

	return fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

int file_lock_take(int fd)
{
	struct flock lock = whole();
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode) || fcntl(fd, F_OFD_SETLK, &lock) == 0)
		return 0;
	if (errno == EAGAIN || errno == EACCES)
		return -EBUSY;
	atomic_store(&missing, errno);
	return 0;
}

int file_lock_missing(void)
{
	return atomic_load(&missing);
}

/* Whether the name leads to that file: another one may have removed it meanwhile. */
static bool is_named(const char *path, int fd)
{
	struct stat opened, named;

	return fstat(fd, &opened) || (stat(path, &named) == 0 && opened.st_dev == named.st_dev
				      && opened.st_ino == named.st_ino);
}

int file_lock_open(const char *path, int flags, mode_t mode)
{
	int fd = -1, err;

	do {
		if (fd >= 0)
			close(fd);
		fd = open(path, O_CREAT | O_CLOEXEC | flags, mode);
		if (fd < 0)
			return -errno;
		err = file_lock_take(fd);
	} while (!err && !is_named(path, fd));
	if (!err)
		return fd;
	close(fd);
	return err;
}

int file_lock_cut(int fd, uint64_t keep)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	if (S_ISREG(st.st_mode)
	    && (ftruncate(fd, (off_t)keep) || lseek(fd, (off_t)keep, SEEK_SET) < 0))
		return -errno;
	return 0;
}
