/*
 * fuzz: what the fuzz targets share: what must hold, files in memory, and the input taken in parts.
 * What does not hold ends the process.
 */
#ifndef TFOMAP_FUZZ_H
#define TFOMAP_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"
#include "base/thread.h"
#include "err.h"
#include "utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerInitialize(int *argc, char ***argv);

#define MUST(x) ((x) ? (void)0 : fuzz_fail(#x, __FILE__, __LINE__))

static inline void fuzz_fail(const char *what, const char *file, int line)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
	abort();
}

/* For targets of what logs or writes files: nothing but errors is shown, and no thread started. */
static inline void fuzz_quiet(void)
{
	threads_hold();
	MUST(log_open(NULL, LOG_ERROR, NULL) == 0);
}

/* A failure has a message, a success none; and the message is one line, whatever it quotes. */
static inline void fuzz_must_say(int rc, const struct err *e)
{
	size_t len = strlen(e->msg), n;

	if ((rc < 0) != (len > 0))
		fprintf(stderr, "returned %d, and says: '%s'\n", rc, e->msg);
	MUST(rc <= 0);
	MUST((rc < 0) == (len > 0));
	for (size_t i = 0; i < len; i += n)
		MUST(utf8_next((const uint8_t *)e->msg + i, len - i, &n) == UTF8_TEXT);
}

/* ---- the input ----------------------------------------------------------------------------- */

/* What is left of it. */
struct fuzz_input {
	const uint8_t *p;
	size_t len;
};

/* The next byte; 0 behind the end. */
static inline uint8_t fuzz_byte(struct fuzz_input *in)
{
	if (!in->len)
		return 0;
	in->len--;
	return *in->p++;
}

static inline uint16_t fuzz_be16(struct fuzz_input *in)
{
	uint16_t high = fuzz_byte(in);

	return (uint16_t)(high << 8 | fuzz_byte(in));
}

/* What is before the next byte `end`, which is left out, or all that is left. */
static inline struct fuzz_input fuzz_part(struct fuzz_input *in, uint8_t end)
{
	const uint8_t *at = in->len ? memchr(in->p, end, in->len) : NULL;
	struct fuzz_input part = { in->p, at ? (size_t)(at - in->p) : in->len };
	size_t step = part.len + (at != NULL);

	in->p += step;
	in->len -= step;
	return part;
}

/* A copy of its own size, so that the sanitizer sees a read past it; the caller's to free. */
static inline uint8_t *fuzz_copy(const void *p, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);

	MUST(copy);
	if (len)
		memcpy(copy, p, len);
	return copy;
}

/* Likewise, and a NUL. */
static inline char *fuzz_text(const void *p, size_t len)
{
	char *copy = malloc(len + 1);

	MUST(copy);
	if (len)
		memcpy(copy, p, len);
	copy[len] = '\0';
	return copy;
}

static inline bool fuzz_has(const void *p, size_t len, const char *text)
{
	return len && memmem(p, len, text, strlen(text));
}

/* ---- files --------------------------------------------------------------------------------- */

/* In memory; the path opens it anew, at its beginning. */
struct fuzz_file {
	int fd;
	char path[32];
};

static inline void fuzz_file_open(struct fuzz_file *f, const void *content, size_t len)
{
	f->fd = memfd_create("fuzz", MFD_CLOEXEC);
	MUST(f->fd >= 0);
	MUST(!len || pwrite(f->fd, content, len, 0) == (ssize_t)len);
	snprintf(f->path, sizeof(f->path), "/proc/self/fd/%d", f->fd);
}

static inline void fuzz_file_close(struct fuzz_file *f)
{
	close(f->fd);
}

#endif
