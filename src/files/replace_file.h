/*
 * replace_file: a file whose contents are replaced as a whole. Whatever happens meanwhile (kill -9,
 * a full disk, a power cut), its name leads to the old contents or to the new ones, never to none
 * and never to a part: they are written to another file of the same folder, which is synced, takes
 * the name (rename), and the folder is synced. One writer at a time: the file is locked
 * (file_lock.h) as long as this is open. One thread.
 *
 * A symbolic link is followed: what it leads to is replaced. A file that is there keeps its owner
 * and, within the mode that is given to replace_file_open(), which a new one has, its own. Where
 * the folder takes no new file, the name cannot be taken (a single file that is mounted) or the
 * owner not be kept, it fails; or, if the opener asked for that, the file itself is written over:
 * then a part may be lost by what comes meanwhile. That is decided each time, by what the process
 * may do then: root without capabilities may not write to a folder of another user.
 */
#ifndef TFOMAP_REPLACE_FILE_H
#define TFOMAP_REPLACE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct replace_file;

/*
 * Whether path is of a file that can be: a regular one, or none yet, by a name that is its own; not
 * a pipe, a device, or /dev/stderr wherever that leads.
 */
bool replace_file_fits(const char *path);

/* Whether both lead to the same name of the same folder, be there a file or not. */
bool replace_file_is_same(const char *a, const char *b);

/*
 * Looks at the file and locks it; does not make or change it. path: one that fits. or_over: it may
 * be written over where it cannot be replaced. 0, or -errno: -EBUSY, another one holds it.
 */
int replace_file_open(struct replace_file **out, const char *path, mode_t mode, bool or_over);

/* Whether the file is there. */
bool replace_file_is_there(const struct replace_file *f);

/*
 * Reads the contents, *len bytes, max at most: heap, the caller's, with a NUL after them; NULL and
 * 0 where there is no file. 0, or -errno: -EFBIG, it is longer.
 */
int replace_file_read(const struct replace_file *f, size_t max, char **text, size_t *len);

/*
 * Keeps space on the disk for the next contents, of len bytes at most, so that they can be written
 * when the disk is full by then. 0, or -errno.
 */
int replace_file_reserve(struct replace_file *f, size_t len);

/*
 * For contents that come piece by piece: the file with the space that was reserved, which is to be
 * cut to 0 bytes before; f's. -1: there is none, as the file itself would be written over. Nobody
 * sees it, however the process ends, until replace_file_commit() gives it the name, which waits for
 * the disk: 0, or -errno, and the old contents are there.
 */
int replace_file_spare(const struct replace_file *f);
int replace_file_commit(struct replace_file *f);

/*
 * Replaces the contents, and waits for the disk; what was reserved is used up. 0, or -errno, and
 * the old contents are there (but see above).
 */
int replace_file_write(struct replace_file *f, const void *bytes, size_t len);

/* Frees f, which may be NULL, its space and its lock. */
void replace_file_close(struct replace_file *f);

#endif
