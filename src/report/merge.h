/*
 * merge: the union of rows as one file, byte for byte as they were. One thread.
 */
#ifndef TFOMAP_MERGE_H
#define TFOMAP_MERGE_H

#include <stddef.h>

struct cell;
struct err;
struct merge;
struct reader_row;

/* Whether rows may go to a file of that name. 0, or -EINVAL with a message. */
int merge_check_name(const char *path, struct err *e);

/*
 * fd: an empty file; path: its name, for messages. 0, or -errno with a message. *m: heap, for
 * merge_end().
 */
int merge_open(struct merge **m, const char *path, int fd, struct err *e);

/*
 * The header of the next file, CSV; then its rows. file: its name, for messages. A file of other
 * columns than the first's, or of the other format, is refused: -EINVAL with a message.
 */
int merge_header(struct merge *m, const char *file, const struct cell *names, size_t n,
		 struct err *e);
int merge_row(struct merge *m, const char *file, const struct reader_row *row, struct err *e);

/* Writes what is left, and frees m, which may be NULL. 0, or -errno with a message. */
int merge_end(struct merge *m, struct err *e);

#endif
