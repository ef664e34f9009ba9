#include "opttab_reading.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "err.h"

int reading_fails(const struct reading *rd, const char *fmt, ...)
{
	char why[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	return err_set(rd->e, EINVAL, "--%s %.100s: %s", rd->row->name,
		       *rd->value ? rd->value : "''", why);
}
