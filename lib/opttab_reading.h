/* opttab_reading: one value of an option while it is read; for opttab's parsers alone. */
#ifndef TFOMAP_OPTTAB_READING_H
#define TFOMAP_OPTTAB_READING_H

#include <stdbool.h>
#include <stdint.h>

#include "opttab_row.h"

struct err;

/* One value on its way into the caller's struct. */
struct reading {
	const struct opttab_row *row;
	char *base;
	const char *value;
	struct err *e;
};

/* The row's two members; also: NULL where the row has none. */
static inline void *reading_member(const struct reading *rd)
{
	return rd->base + rd->row->member;
}

static inline void *reading_also(const struct reading *rd)
{
	return rd->row->also ? rd->base + rd->row->also : NULL;
}

/* Sets the row's set flag, if it has one. */
static inline void reading_mark(const struct reading *rd)
{
	bool *set = reading_also(rd);

	if (set)
		*set = true;
}

/* Sets "--name value: why". Returns -EINVAL. */
int reading_fails(const struct reading *rd, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
