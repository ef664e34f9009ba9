/*
 * file_lock: files that one process at a time may write. A lock is of an open file (open file
 * description locks, fcntl(2)): it holds between processes and within one, goes with the last
 * descriptor of what was opened, and so with the process, however that ends.
 */
#ifndef TFOMAP_FILE_LOCK_H
#define TFOMAP_FILE_LOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Whether another one holds it. fd is open for writing. */
bool file_lock_is_held(int fd);

/*
 * Takes the lock of a regular file that is open for writing. 0, also where the file system has no
 * locks, which is noted, and for what is no regular file; or -EBUSY.
 */
int file_lock_take(int fd);

/* Why a file could not be locked, though no one else holds it: an errno; 0: all could. */
int file_lock_missing(void);

/*
 * Opens a file, made where there is none, as open() with O_CREAT and these flags (O_WRONLY, say)
 * does, and takes its lock; what is in it stays. The descriptor; or -errno, -EBUSY: another one
 * holds the lock.
 */
int file_lock_open(const char *path, int flags, mode_t mode);

/*
 * Cuts a regular file off after keep bytes, where what is written then follows: until that is
 * called, nothing of a file that was opened is lost. 0, or -errno.
 */
int file_lock_cut(int fd, uint64_t keep);

/* What is said of a file that another one holds, and what to do: ends a message. */
#define FILE_LOCK_HELD "in use by another tfomap; wait for its end, or name another file"

#endif
