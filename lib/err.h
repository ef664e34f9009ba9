/* err: one error message, filled where the cause is known and printed once by who reports it. */
#ifndef TFOMAP_ERR_H
#define TFOMAP_ERR_H

#define ERR_MSG_LEN 512

struct err {
	char msg[ERR_MSG_LEN];	/* empty: no error */
};

/*
 * Sets e's message (printf style: what failed, on what, why, what to try) unless one is set
 * already: the first error wins. e may be NULL. Returns -code, so that a caller can
 * `return err_set(e, EINVAL, "...")`. code is a positive errno.
 */
int err_set(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Puts a printf-style prefix (file, line, option) before a message that is already set. */
void err_prefix(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
