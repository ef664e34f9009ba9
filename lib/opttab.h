/*
 * opttab: one row an option: how it is called, which member of a struct its value goes to, how the
 * value reads, and what it means. From the rows come parsing, printing, --help and the manual.
 */
#ifndef TFOMAP_OPTTAB_H
#define TFOMAP_OPTTAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "opttab_row.h"

struct err;

/*
 * Reads value (NULL for a flag: true) into base's members. Strings point into value. 0; -EINVAL
 * with a message that names option, value, reason and what would do; -ENOMEM. On an error the
 * members keep what they had, the addresses of OPTTAB_ADDRS aside.
 */
int opttab_parse(const struct opttab_row *row, void *base, const char *value, struct err *e);

/*
 * Writes the value in force in the words that opttab_parse() takes ("true" or "false" for flags),
 * as snprintf() does: at most len bytes with the NUL, returns the length it has uncut. Empty where
 * a string is NULL, a set flag false, an int below 0, a list or a set of words empty.
 */
size_t opttab_format(const struct opttab_row *row, const void *base, char *out, size_t len);

/* Frees what opttab_parse() put on the heap (OPTTAB_PORTS). */
void opttab_free(const struct opttab_row *row, void *base);

/*
 * What a value can be: the words, where only some will do ("auto, pcap:FILE, null", with sep
 * between them), else arg; "" for flags. As snprintf().
 */
size_t opttab_values(const struct opttab_row *row, const char *sep, char *out, size_t len);

/* The index of the row with that name, resp. letter (not 0); n: none. */
size_t opttab_find(const struct opttab_row *rows, size_t n, const char *name);
size_t opttab_find_letter(const struct opttab_row *rows, size_t n, char letter);

/* The name most like a mistyped one; NULL: none is near. */
const char *opttab_nearest(const struct opttab_row *rows, size_t n, const char *name);

/* Letters to insert, delete, change or swap with a neighbour to make b of a; 63 letters count. */
unsigned int opttab_distance(const char *a, const char *b);

/*
 * The line of --help for rows[0], which also describes the rows that share it; first: the first of
 * its group, whose name is then shown. The default is shown where there is room. Returns how many
 * rows the line is about.
 */
#define OPTTAB_LINE_LEN 81	/* 80 columns and the NUL */
size_t opttab_help(const struct opttab_row *rows, size_t n, bool first,
		   char out[static OPTTAB_LINE_LEN]);

/* The first sentence of the manual's text and the one on the default, if any; as snprintf(). */
size_t opttab_summary(const struct opttab_row *row, char *out, size_t len);

/* The manual's entry (.TP) for a row, and plain text as roff; both as snprintf(). */
size_t opttab_roff(const struct opttab_row *row, char *out, size_t len);
size_t opttab_roff_text(const char *text, char *out, size_t len);

#endif
