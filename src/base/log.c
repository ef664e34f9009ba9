#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/writer.h"
#include "err.h"
#include "utf8.h"

#define LOG_LINE	1024	/* a message longer than this is cut */
#define STATUS_WAITING	16	/* records before a status line: it is left out */
#define CLEAR_LINE	"\r\033[K"

static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
	struct writer *errors;		/* of stderr; NULL: before log_open(), no thread writes */
	struct writer *file;		/* NULL: stderr alone */
	int fd;				/* the file's */
	unsigned long left_out;		/* messages, as too many waited to be read */
	const char *program;		/* what messages on stderr begin with */
	enum log_level level;
	bool broken;			/* the file could not be written: said once */
	bool terminal;			/* stderr can show a line in place */
	char status[LOG_LINE];		/* the status line that is showing; "": none */
} log_state = { .level = LOG_INFO, .program = "tfomap" };

static const char *log_level_word(enum log_level level)
{
	switch (level) {
	case LOG_ERROR:
		return "error: ";
	case LOG_WARN:
		return "warning: ";
	case LOG_DEBUG:
		return "debug: ";
	case LOG_NOTICE:
	case LOG_INFO:
		break;
	}
	return "";
}

static int open_file(const char *file, struct err *e)
{
	int rc;

	log_state.fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (log_state.fd < 0)
		return err_set(e, errno, "cannot write to the log file %.200s: %s", file,
			       strerror(errno));
	rc = writer_open(&log_state.file, log_state.fd, "the log file", e);
	if (rc)
		close(log_state.fd);
	return rc;
}

void log_set_program(const char *name)
{
	log_state.program = name;
}

int log_open(const char *file, enum log_level level, struct err *e)
{
	const char *term = getenv("TERM");
	int rc;

	pthread_mutex_lock(&log_lock);
	rc = writer_open(&log_state.errors, STDERR_FILENO, "standard error", e);
	if (!rc && file)
		rc = open_file(file, e);
	log_state.level = level;
	log_state.broken = false;
	log_state.left_out = 0;
	log_state.terminal = isatty(STDERR_FILENO) && !(term && strcmp(term, "dumb") == 0);
	pthread_mutex_unlock(&log_lock);
	if (rc)
		log_close();
	return rc;
}

/* With the lock held, as all below. */
static void put(struct writer *w, const char *text)
{
	if (!w) {
		fputs(text, stderr);
		return;
	}
	writer_put(w, text, strlen(text));
	writer_kick(w);
}

/* One line on stderr, above the status line where one is showing. */
static void log_stderr(const char *word, const char *line)
{
	char text[2 * LOG_LINE + 64];

	if (log_state.status[0])
		snprintf(text, sizeof(text), CLEAR_LINE "%s: %s%s\n%s", log_state.program,
			 word, line, log_state.status);
	else
		snprintf(text, sizeof(text), "%s: %s%s\n", log_state.program, word, line);
	put(log_state.errors, text);
}

/* Whether too many wait, and a message has to be left out; if not, says how many were. */
static bool leave_out(void)
{
	char line[LOG_LINE];

	if (writer_is_full(log_state.errors) || writer_is_full(log_state.file)) {
		log_state.left_out++;
		return true;
	}
	if (log_state.left_out) {
		snprintf(line, sizeof(line), "%lu message%s dropped: their reader is too slow",
			 log_state.left_out, log_s(log_state.left_out));
		log_state.left_out = 0;
		log_stderr(log_level_word(LOG_WARN), line);
	}
	return false;
}

static void warn_broken_file(void)
{
	struct writer_state st;
	char line[LOG_LINE];

	if (!log_state.file || log_state.broken)
		return;
	writer_get(log_state.file, &st);
	log_state.broken = st.err && !st.left;
	if (!log_state.broken)
		return;
	snprintf(line, sizeof(line), "the log file lacks messages from here on: %s",
		 strerror(-st.err));
	log_stderr(log_level_word(LOG_WARN), line);
}

static void log_file(const char *word, const char *line)
{
	char now[CLOCK_TEXT_LEN], text[LOG_LINE + 64];

	clock_text(clock_now_ns() + (uint64_t)clock_wall_offset_ns(), now);
	snprintf(text, sizeof(text), "%s %s%s\n", now, word, line);
	put(log_state.file, text);
	warn_broken_file();
}

void log_msg(enum log_level level, const char *fmt, ...)
{
	const char *word = log_level_word(level);
	char line[LOG_LINE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	utf8_show(line);	/* names and messages of others may be in it */
	pthread_mutex_lock(&log_lock);
	if (level <= log_state.level && !leave_out()) {
		if (log_state.file)
			log_file(word, line);
		/* An error shows on the terminal, too. */
		if (!log_state.file || level == LOG_ERROR)
			log_stderr(word, line);
	}
	pthread_mutex_unlock(&log_lock);
}

/* A status line is worth nothing once the next one is there. */
static bool status_waits(void)
{
	struct writer_state st = { .waiting = 0 };

	if (log_state.errors)
		writer_get(log_state.errors, &st);
	return !st.err && st.waiting > STATUS_WAITING;
}

void log_status(const char *line)
{
	char text[LOG_LINE + sizeof(CLEAR_LINE)];

	pthread_mutex_lock(&log_lock);
	if (log_state.terminal && !status_waits()) {
		snprintf(log_state.status, sizeof(log_state.status), "%s", line);
		utf8_show(log_state.status);
		snprintf(text, sizeof(text), CLEAR_LINE "%s", log_state.status);
		put(log_state.errors, text);
	} else if (!status_waits()) {
		log_stderr("", line);
	}
	pthread_mutex_unlock(&log_lock);
}

bool log_status_is_terminal(void)
{
	bool terminal;

	pthread_mutex_lock(&log_lock);
	terminal = log_state.terminal;
	pthread_mutex_unlock(&log_lock);
	return terminal;
}

/* With the lock held. */
static void end_status(void)
{
	if (log_state.status[0])
		put(log_state.errors, "\n");
	log_state.status[0] = '\0';
}

void log_status_end(void)
{
	pthread_mutex_lock(&log_lock);
	end_status();
	pthread_mutex_unlock(&log_lock);
}

bool log_wait(uint64_t ns)
{
	return writer_wait(log_state.file, ns) && writer_wait(log_state.errors, ns);
}

void log_leave(void)
{
	pthread_mutex_lock(&log_lock);
	/* What cannot be ended stays, and with it what it uses. */
	if (log_state.file && !writer_leave(log_state.file))
		log_state.file = NULL;
	if (log_state.errors && !writer_leave(log_state.errors))
		log_state.errors = NULL;
	log_state.status[0] = '\0';
	pthread_mutex_unlock(&log_lock);
}

void log_close(void)
{
	pthread_mutex_lock(&log_lock);
	if (log_state.file) {
		while (!writer_wait(log_state.file, NS_PER_S))
			;
		warn_broken_file();
		writer_close(log_state.file, NULL);
		close(log_state.fd);
	}
	end_status();
	writer_close(log_state.errors, NULL);
	log_state.errors = log_state.file = NULL;
	pthread_mutex_unlock(&log_lock);
}
