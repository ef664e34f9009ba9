/*
 * statusfile: how a scan goes, written to a file as CSV while it goes: a header, then a row each
 * call. Main thread.
 */
#ifndef TFOMAP_STATUSFILE_H
#define TFOMAP_STATUSFILE_H

#include <stdbool.h>

struct err;
struct status_moment;
struct statusfile;
struct writer;

/*
 * Opens the file, which is locked, to be overwritten or (append) added to. 0, or -errno with a
 * message.
 */
int statusfile_open(struct statusfile **out, const char *path, bool append, struct err *e);

/*
 * Before the first row: what is in the file goes, where it is not added to, and the header is
 * written. 0, or -errno with a message.
 */
int statusfile_begin(struct statusfile *f, struct err *e);

/*
 * Adds a row; what is a rate in it counts from the row before. Does not wait: a row is left out
 * where too many wait for a reader. An error is kept for the end.
 */
void statusfile_add(struct statusfile *f, const struct status_moment *now);

/* Whom its rows wait for; NULL where f is. */
struct writer *statusfile_writer(struct statusfile *f);

/* 0, or -errno with a message where anything could not be written. Frees f, which may be NULL. */
int statusfile_close(struct statusfile *f, struct err *e);

#endif
