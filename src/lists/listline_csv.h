/* listline_csv: lines of fields that commas separate. */
#ifndef TFOMAP_LISTLINE_CSV_H
#define TFOMAP_LISTLINE_CSV_H

#include <stdbool.h>

struct err;
struct listline;

/* Whether a line is a CSV header that names the addresses' column; then its columns count. */
bool listline_is_header(struct listline *l, const char *text);

/* "address,port,domain" without a header, the last two may be empty; or by the header's columns. */
int listline_csv(struct listline *l, char *text, struct err *e);

#endif
