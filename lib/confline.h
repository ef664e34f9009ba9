/*
 * confline: a line of a configuration file, `name value`, `name = value` or `name` alone, read and
 * written. A # at the beginning or after a blank starts a comment. A value in double quotes may
 * have any bytes: \" and \\ stand for these two, \xHH for the byte HH.
 */
#ifndef TFOMAP_CONFLINE_H
#define TFOMAP_CONFLINE_H

#include <stddef.h>

struct err;

struct confline {
	const char *name;	/* letters, digits and hyphens */
	const char *value;	/* NULL: there is none */
};

/*
 * Reads a line that says something: it begins with neither a blank nor a #. Writes to text, and
 * *l points into it. 0, or -EINVAL with the reason.
 */
int confline_parse(struct confline *l, char *text, struct err *e);

/* Writes `name = value` without a line end, quoted where it has to be; as snprintf(). */
size_t confline_format(const char *name, const char *value, char *out, size_t len);

#endif
