#include "err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "utf8.h"

/* Messages quote lines of files that others wrote, and end on a terminal: hence utf8_show(). */

int err_set(struct err *e, int code, const char *fmt, ...)
{
	/* The arguments may point into e->msg, so it is not written to before all is formatted. */
	char buf[ERR_MSG_LEN];
	va_list ap;

	if (!e || e->msg[0])
		return -code;
	va_start(ap, fmt);
	vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	utf8_show(buf);
	memcpy(e->msg, buf, sizeof(buf));
	return -code;
}

void err_prefix(struct err *e, const char *fmt, ...)
{
	char buf[ERR_MSG_LEN];
	size_t len, room;
	va_list ap;

	if (!e || !e->msg[0])
		return;
	va_start(ap, fmt);
	vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	len = strlen(buf);
	room = sizeof(buf) - len;
	memcpy(buf + len, e->msg, room);
	buf[sizeof(buf) - 1] = '\0';
	utf8_show(buf);
	memcpy(e->msg, buf, sizeof(buf));
}
