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

bool reading_digits(const char **s, uint64_t *out)
{
	bool fits = true;
	uint64_t v = 0;

	for (; is_digit(**s); ++*s) {
		uint64_t digit = (uint64_t)(**s - '0');

		fits = fits && v <= (UINT64_MAX - digit) / 10;
		v = fits ? v * 10 + digit : UINT64_MAX;
	}
	*out = v;
	return fits;
}
