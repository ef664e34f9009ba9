/*
 * outfile: a file that an option names and that a program writes: whether it can be is known before
 * anything else is done, it is there when it is whole, and however the program ends nothing of it
 * is left where it is not (replace_file.h). What is no regular file is refused, a symbolic link
 * followed. One thread.
 */
#ifndef TFOMAP_OUTFILE_H
#define TFOMAP_OUTFILE_H

#include <stddef.h>
#include <sys/types.h>

struct err;
struct outfile;

/*
 * Looks at the file and locks it; does not make or change it. option: what names it ("--html"), for
 * messages; path: lives as long as f. mode: of a new one. others, n: outputs that it must not be;
 * NULL among them are passed over. 0, or -errno with a message. *f: heap, for outfile_close().
 */
int outfile_open(struct outfile **f, const char *option, const char *path, mode_t mode,
		 struct outfile *const *others, size_t n, struct err *e);

/* An empty file for contents that come piece by piece, f's: the descriptor. */
int outfile_fd(const struct outfile *f);
/* It takes the name. 0, or -errno with a message. */
int outfile_commit(struct outfile *f, struct err *e);

/* The contents at once, instead. 0, or -errno with a message. */
int outfile_write(struct outfile *f, const void *bytes, size_t len, struct err *e);

/* Frees f, which may be NULL; what was not committed is gone. */
void outfile_close(struct outfile *f);

#endif
