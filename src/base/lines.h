/*
 * lines: a text file of the user's, line by line, with what a message about a line needs. Blank
 * lines and lines that begin with # are stepped over; CRLF and a byte order mark are tolerated.
 */
#ifndef TFOMAP_LINES_H
#define TFOMAP_LINES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct err;

#define LINES_MAX 65536		/* longest line with its newline and a NUL, bytes */

struct lines {
	FILE *f;
	const char *option;	/* that named the file, for messages: "--config" */
	const char *path;	/* likewise */
	unsigned long n;	/* number of the current line, from 1 */
	uint64_t next;		/* offset of the next line's first byte */
	bool ended;		/* the current line had a newline */
	char buf[LINES_MAX];
};

/* Opens path, which option named, for reading. 0, or -errno with a message that names both. */
int lines_open(struct lines *l, const char *option, const char *path, struct err *e);

/* Reads f from where it is; it stays the caller's (no lines_close()). path: its name. */
void lines_attach(struct lines *l, FILE *f, const char *option, const char *path);

/* Sets the message of a file that cannot be read; code: a positive errno. Returns -code. */
int lines_unreadable(const char *option, const char *path, int code, struct err *e);

/*
 * The next line that says something, trimmed, in *text, which is good until the next call and may
 * be written to. 1; 0: end of file; -errno with a message that names file and line.
 */
int lines_next(struct lines *l, char **text, struct err *e);

/* Puts "FILE:LINE: " before e's message. Returns err, so that a parser's caller can pass it on. */
int lines_fail(const struct lines *l, int err, struct err *e);

void lines_close(struct lines *l);

/* Without white space at either end, in place. */
char *lines_trim(char *s);

/* Likewise, and without what follows a #. */
char *lines_trim_comment(char *s);

#endif
