/* result_filter: --output-filter (filter.h) over the fields of rows. */
#ifndef TFOMAP_RESULT_FILTER_H
#define TFOMAP_RESULT_FILTER_H

#include <stdbool.h>

#include "config/config.h"

struct err;
struct filter;
struct result;

/* Of that kind of row: its fields, and the words that they can have. 0, or -errno and a message. */
int result_filter_parse(struct filter **f, const char *text, enum config_rows rows,
			struct err *e);

bool result_filter_matches(const struct filter *f, const struct result *r);

#endif
