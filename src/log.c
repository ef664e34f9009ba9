#include "log.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "err.h"
#include "utf8.h"

#define LOG_LINE	1024	/* a message longer than this is cut */
#define CLEAR_LINE	"\r\033[K"

static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
	FILE *file;			/* NULL: stderr alone */
	enum log_level level;
	bool broken;			/* the file could not be written: said once */
	bool terminal;			/* stderr can show a line in place */
	char status[LOG_LINE];		/* the status line that is showing; "": none */
} log_state = { .level = LOG_INFO };

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

int log_open(const char *file, enum log_level level, struct err *e)
{
	const char *term = getenv("TERM");
	FILE *f = NULL;

	if (file) {
		f = fopen(file, "ae");
		if (!f)
			return err_set(e, errno, "cannot write to the log file %.200s: %s", file,
				       strerror(errno));
		setvbuf(f, NULL, _IOLBF, 0);
	}
	pthread_mutex_lock(&log_lock);
	log_state.file = f;
	log_state.level = level;
	log_state.broken = false;
	log_state.terminal = isatty(STDERR_FILENO) && !(term && strcmp(term, "dumb") == 0);
	pthread_mutex_unlock(&log_lock);
	return 0;
}

void log_close(void)
{
	pthread_mutex_lock(&log_lock);
	if (log_state.status[0])
		fputs("\n", stderr);
	log_state.status[0] = '\0';
	if (log_state.file)
		fclose(log_state.file);
	log_state.file = NULL;
	pthread_mutex_unlock(&log_lock);
}

/* One line on stderr, above the status line where one is showing. */
static void log_stderr(const char *word, const char *line)
{
	if (log_state.status[0])
		fprintf(stderr, CLEAR_LINE "tfomap: %s%s\n%s", word, line, log_state.status);
	else
		fprintf(stderr, "tfomap: %s%s\n", word, line);
}

static void log_file(const char *word, const char *line)
{
	char now[CLOCK_TEXT_LEN];

	clock_text(clock_now_ns() + (uint64_t)clock_wall_offset_ns(), now);
	if (fprintf(log_state.file, "%s %s%s\n", now, word, line) < 0 && !log_state.broken) {
		log_state.broken = true;
		log_stderr(log_level_word(LOG_WARN), "the log file cannot be written any more");
	}
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
	if (level <= log_state.level) {
		if (log_state.file)
			log_file(word, line);
		/* Who waits at the terminal is told of an error there, too. */
		if (!log_state.file || level == LOG_ERROR)
			log_stderr(word, line);
	}
	pthread_mutex_unlock(&log_lock);
}

void log_status(const char *line)
{
	pthread_mutex_lock(&log_lock);
	if (log_state.terminal) {
		snprintf(log_state.status, sizeof(log_state.status), "%s", line);
		utf8_show(log_state.status);
		fprintf(stderr, CLEAR_LINE "%s", log_state.status);
	} else {
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
