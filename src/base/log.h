/*
 * log: messages for people, on stderr or the log file, never on stdout. Any thread, after
 * log_open(); not in per-packet paths. A status line on a terminal is cleared before a message.
 * From log_open() on no thread waits for who reads them, be it a stopped terminal or a full pipe.
 */
#ifndef TFOMAP_LOG_H
#define TFOMAP_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/log_level.h"

struct err;

/* What messages on stderr begin with; else "tfomap". Before any; the name stays. */
void log_set_program(const char *name);

/* file NULL: stderr. Shows levels up to level. 0, or -errno with a message. */
int log_open(const char *file, enum log_level level, struct err *e);

/* Waits ns at most for who reads the messages. True: all are out. */
bool log_wait(uint64_t ns);

/* Gives up messages that were not read yet. Then, or after waiting for all of them: closes. */
void log_leave(void);
void log_close(void);

void log_msg(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* What makes a word in a message a plural: "s", or "" for one. */
static inline const char *log_s(uint64_t n)
{
	return n == 1 ? "" : "s";
}

#define log_error(...)	log_msg(LOG_ERROR, __VA_ARGS__)
#define log_warn(...)	log_msg(LOG_WARN, __VA_ARGS__)
#define log_notice(...)	log_msg(LOG_NOTICE, __VA_ARGS__)
#define log_info(...)	log_msg(LOG_INFO, __VA_ARGS__)
#define log_debug(...)	log_msg(LOG_DEBUG, __VA_ARGS__)

/*
 * Shows a status line on stderr: in place where it is a terminal, else as a line of its own; not
 * where those before it still wait for who reads them.
 */
void log_status(const char *line);
bool log_status_is_terminal(void);

/* What comes next goes below the status line that is showing, and not in its place. */
void log_status_end(void);

#endif
