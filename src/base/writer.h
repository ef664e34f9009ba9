/*
 * writer: records (rows, lines, frames) into a descriptor, written by a thread of its own: who
 * gives them never waits for a disk, a pipe or a terminal. Their order is kept. What waits is in
 * memory, without a bound: who can holds back what brings more while writer_is_full().
 * While threads are held (base/thread.h), what is kicked goes out at once if that needs no waiting.
 * What comes out are whole records: a regular file is cut back to the last whole one where a write
 * fails, and a pipe gets them whole as far as PIPE_BUF allows.
 */
#ifndef TFOMAP_WRITER_H
#define TFOMAP_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct writer;

struct writer_state {
	uint64_t out, waiting;		/* records; once broken or left, waiting are lost */
	int err;			/* 0, or the -errno that ended it */
	bool left;			/* by writer_leave() */
	bool torn;			/* a part of a record follows those that are out */
};

/*
 * fd and name (for messages) stay the caller's and outlive the writer. The caller ignores SIGPIPE
 * and SIGXFSZ. 0, or -errno with a message.
 */
int writer_open(struct writer **out, int fd, const char *name, struct err *e);

/* Adds a record. Any thread. False: it is broken, or there is no memory, which breaks it. */
bool writer_put(struct writer *w, const void *record, size_t len);

/*
 * Before anything was put: what comes out of w stands on what was put into `before` until then,
 * which comes out first; where that fails, or is left, w is too. before outlives w; NULL: on
 * nothing.
 */
void writer_follow(struct writer *w, struct writer *before);

/* How many records were put so far. Any thread. w may be NULL. */
uint64_t writer_mark(struct writer *w);

/*
 * Waits until so many records are out, and on the disk where that is a regular file. 0; or the
 * -errno that ended it, or by which, from then on, it cannot be known that they are on the disk.
 * One thread at a time. w may be NULL.
 */
int writer_sync(struct writer *w, uint64_t mark);

/* What was put goes out now; without that, as soon as there is enough. Any thread. */
void writer_kick(struct writer *w);

/* So much waits that no more should come. Any thread. w may be NULL. */
bool writer_is_full(const struct writer *w);

/*
 * Kicks, and waits ns at most until nothing waits, or it is broken. True: so it is. w may be NULL.
 */
bool writer_wait(struct writer *w, uint64_t ns);

void writer_get(struct writer *w, struct writer_state *out);
const char *writer_name(const struct writer *w);

/*
 * Gives up what waits, and a write that hangs. False: it could not be ended: then its thread still
 * runs, and writer, fd and name must stay.
 */
bool writer_leave(struct writer *w);

/*
 * Waits for what waits; frees w, which may be NULL. After writer_leave() only where that was true.
 */
void writer_close(struct writer *w, struct writer_state *out);

/*
 * The same, and closes its descriptor. 0, or the -errno of what could not be written; records that
 * were left are no failure.
 */
int writer_close_file(struct writer *w, int fd);

#endif
