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

int file_lock_open(const char *path, int flags, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (flags & ~O_TRUNC), mode), err;
	struct stat st;

	if (fd < 0)
		return -errno;
	err = file_lock_take(fd);
	if (!err && (flags & O_TRUNC)
	    && (fstat(fd, &st) || (S_ISREG(st.st_mode) && ftruncate(fd, 0))))
		err = -errno;
	if (!err)
		return fd;
	close(fd);
	return err;
}
