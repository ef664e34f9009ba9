/*
 * input: the bytes of a file, as they were before gzip or zstd packed them; which of them, if any,
 * its first bytes show. One thread.
 */
#ifndef TFOMAP_INPUT_H
#define TFOMAP_INPUT_H

#include <stddef.h>

struct err;
struct input;

/*
 * Opens a file; "-" is standard input. 0, or -errno with a message that names it. *in: heap, for
 * input_close().
 */
int input_open(struct input **in, const char *path, struct err *e);

/*
 * The next bytes, len at most, len > 0: how many; 0: no more; -errno with a message: the file
 * cannot be read, is packed wrongly, or ends in the middle of what was packed.
 */
long input_read(struct input *in, char *out, size_t len, struct err *e);

/* What to call it in messages. */
const char *input_name(const struct input *in);

/* in may be NULL. */
void input_close(struct input *in);

#endif
