/* options: the command line of tfomap-report, a table from which parsing, help and manual come. */
#ifndef TFOMAP_OPTIONS_H
#define TFOMAP_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct err;

/* Strings point into argv. */
struct options {
	const char **files; /* heap, owned: those that the report is about; of --join B */
	size_t n_files;
	const char **others;		/* likewise: --diff, or A of --join */
	size_t n_others;
	const char **metadata;		/* of files, then others; n_metadata 0: found beside them */
	size_t n_metadata;
	const char **by;
	size_t n_by;
	const char *db, *html, *merge, *title;
	uint64_t top;
	bool rounds, join, allow_unsound, allow_partial, quiet, help, version;
	const char *given;		/* inside: the value of an option that may be there again */
};

/*
 * Reads the command line; what does not go together is refused. 0, or -errno with a message.
 * options_free() in any case.
 */
int options_read(struct options *o, int argc, char **argv, struct err *e);
void options_free(struct options *o);

void options_help(FILE *out);
/* The manual's entries (roff, .TP). */
void options_roff(FILE *out);

#endif
