/*
 * rows_read: the rows of targets that an earlier part of the run has written, read back: which
 * targets have one, and how much of the file is whole.
 */
#ifndef TFOMAP_ROWS_READ_H
#define TFOMAP_ROWS_READ_H

#include <stdbool.h>
#include <stdint.h>

#include "addr.h"
#include "config/formats.h"
#include "verdict.h"

struct err;
struct result_selection;

/* A row, as far as it is looked at. */
struct rows_row {
	struct addr ip;
	uint16_t port;
	enum verdict verdict;		/* VERDICTS: it names none */
	uint64_t at;			/* where it begins, bytes */
};

/* How the file was written. */
struct rows_form {
	enum config_format format;
	const struct result_selection *fields;
	bool header;			/* the first line is one, where the format has any */
};

/* 0, or -errno with a message, which ends the reading. */
typedef int rows_read_fn(void *arg, const struct rows_row *row, struct err *e);

/*
 * Whether rows of these fields can be read back: they name address and port. 0, or -EINVAL with a
 * message.
 */
int rows_check(const struct result_selection *fields, struct err *e);

/*
 * Hands over the rows of the file from byte `from` on, where one begins, or the header. *end: where
 * the last whole one ends; after sound_len, what is no row ends the file. 0, or -errno with a
 * message.
 */
int rows_read(const char *path, const struct rows_form *form, uint64_t from, uint64_t sound_len,
	      rows_read_fn *take, void *arg, uint64_t *end, struct err *e);

/*
 * A hash of the last few kilobytes before byte `len` of the file, by which it shows whether another
 * has written to it since; 0 of none. 0 or -errno.
 */
int rows_hash_end(int fd, uint64_t len, uint64_t *hash);

#endif
