/*
 * merge: the union of rows as one file, byte for byte as they were, and the metadata of all beside
 * it. Written to another name of the same folder; the file is there when it is whole. One thread.
 */
#ifndef TFOMAP_MERGE_H
#define TFOMAP_MERGE_H

#include <jansson.h>
#include <stddef.h>

struct cell;
struct err;
struct merge;
struct reader_row;

#define MERGE_METADATA ".meta.json"	/* added to the name: that of the metadata */

/* 0, or -errno with a message. *m: heap, for merge_end(). */
int merge_open(struct merge **m, const char *path, struct err *e);

/*
 * The header of the next file, CSV; then its rows. file: its name, for messages. A file of other
 * columns than the first's, or of the other format, is refused: -EINVAL with a message.
 */
int merge_header(struct merge *m, const char *file, const struct cell *names, size_t n,
		 struct err *e);
int merge_row(struct merge *m, const char *file, const struct reader_row *row, struct err *e);

/*
 * Frees m, which may be NULL. With keep the file takes its name, and metadata (NULL: there are
 * none) go beside it. 0, or -errno with a message.
 */
int merge_end(struct merge *m, int keep, const json_t *metadata, struct err *e);

#endif
