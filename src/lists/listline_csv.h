/* listline_csv: lines of fields that commas separate. */
#ifndef TFOMAP_LISTLINE_CSV_H
#define TFOMAP_LISTLINE_CSV_H

#include <stdbool.h>

struct err;
struct listline;

/* Whether a line is a CSV header that names the addresses' column; then its columns count. */
bool listline_is_header(struct listline *l, const char *text);

/*
 * Cuts the next field off *rest, which becomes NULL with the last: without blanks around it, and
 * without quotes (RFC 4180). NULL: the closing quote is missing.
 */
char *listline_next_field(char **rest);

/* "address,port,domain" without a header, the last two may be empty; or by the header's columns. */
int listline_csv(struct listline *l, char *text, struct err *e);

#endif
