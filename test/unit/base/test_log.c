#include "base/log.h"
#include "err.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char log_name[] = "/tmp/tfomap-test-log-XXXXXX";
static char text[65536];
static int old_stderr, err_fd;

/* Sends stderr to a temporary file. */
static void stderr_to_file(void)
{
	char name[] = "/tmp/tfomap-test-stderr-XXXXXX";

	err_fd = mkstemp(name);
	ck_assert_int_ge(err_fd, 0);
	unlink(name);
	old_stderr = dup(STDERR_FILENO);
	dup2(err_fd, STDERR_FILENO);
}

/* Puts stderr back; text: what was written to it meanwhile. */
static void stderr_back(void)
{
	ssize_t n;

	dup2(old_stderr, STDERR_FILENO);
	close(old_stderr);
	n = pread(err_fd, text, sizeof(text) - 1, 0);
	ck_assert_int_ge(n, 0);
	text[n] = '\0';
	close(err_fd);
}

static void log_opens(const char *file, enum log_level level)
{
	struct err e = { "" };

	ck_assert_msg(log_open(file, level, &e) == 0, "%s", e.msg);
}

TEST(levels)
{
	stderr_to_file();
	log_opens(NULL, LOG_WARN);
	log_error("no %s", "route");
	log_warn("slow");
	log_notice("hidden");
	log_info("hidden");
	log_debug("hidden");
	log_close();
	log_opens(NULL, LOG_DEBUG);
	log_notice("n");
	log_info("i");
	log_debug("d");
	log_close();
	stderr_back();
	ck_assert_str_eq(text, "tfomap: error: no route\ntfomap: warning: slow\n"
			       "tfomap: n\ntfomap: i\ntfomap: debug: d\n");
}

TEST(cleans_and_cuts)
{
	char longer[3000];

	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	stderr_to_file();
	log_opens(NULL, LOG_INFO);
	log_info("a\033[31mb\nc\177d\xc3\xa9");
	log_info("\xc2\x9b" "31m\x9b" "31m\xe2\x80\xae.");
	log_info("%s", longer);
	log_close();
	stderr_back();
	ck_assert(strncmp(text, "tfomap: a?[31mb?c?d\xc3\xa9\n"
			     "tfomap: ?31m?31m?.\ntfomap: xxx", 49) == 0);
	ck_assert_uint_lt(strlen(text), 1200);
	ck_assert_int_eq(text[strlen(text) - 1], '\n');
}

/* A file gets all with its time, stderr only the errors; it is appended to. */
TEST(to_file)
{
	char line[256], word[64];
	FILE *f;
	int fd;

	fd = mkstemp(log_name);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, "old\n", 4), 4);
	close(fd);
	stderr_to_file();
	log_opens(log_name, LOG_INFO);
	log_info("said");
	log_error("bad");
	log_debug("hidden");
	log_close();
	stderr_back();
	ck_assert_str_eq(text, "tfomap: error: bad\n");
	f = fopen(log_name, "r");
	ck_assert_ptr_nonnull(f);
	ck_assert_ptr_nonnull(fgets(line, sizeof(line), f));
	ck_assert_str_eq(line, "old\n");
	ck_assert_ptr_nonnull(fgets(line, sizeof(line), f));
	ck_assert_int_eq(sscanf(line, "%*u-%*u-%*uT%*u:%*u:%*u.%*6uZ %63[^\n]", word), 1);
	ck_assert_str_eq(word, "said");
	ck_assert_ptr_nonnull(fgets(line, sizeof(line), f));
	ck_assert_ptr_nonnull(strstr(line, "Z error: bad\n"));
	ck_assert_ptr_null(fgets(line, sizeof(line), f));
	fclose(f);
	unlink(log_name);
}

TEST(file_faults)
{
	struct err e = { "" };

	ck_assert_int_eq(log_open("/nonexistent/log", LOG_INFO, &e), -ENOENT);
	ck_assert_ptr_nonnull(strstr(e.msg, "/nonexistent/log"));
	/* A full disk is said once, and the program goes on. */
	stderr_to_file();
	log_opens("/dev/full", LOG_INFO);
	log_info("one");
	log_info("two");
	log_close();
	stderr_back();
	ck_assert_str_eq(text, "tfomap: warning: the log file lacks messages from here on: "
			       "No space left on device\n");
}

TEST(status_without_terminal)
{
	stderr_to_file();
	log_opens(NULL, LOG_INFO);
	ck_assert(!log_status_is_terminal());
	log_status("10%");
	log_info("said");
	log_close();
	stderr_back();
	ck_assert_str_eq(text, "tfomap: 10%\ntfomap: said\n");
}

/* All that was written to the terminal's other side, which is closed by now. */
static void read_terminal(int master)
{
	size_t len = 0;
	ssize_t n;

	while ((n = read(master, text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	close(master);
}

/* On a terminal the status line stays below the messages. */
TEST(status_on_terminal)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave;
	bool terminal;

	ck_assert_int_ge(master, 0);
	ck_assert_int_eq(grantpt(master) | unlockpt(master), 0);
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	ck_assert_int_ge(slave, 0);
	old_stderr = dup(STDERR_FILENO);
	dup2(slave, STDERR_FILENO);
	close(slave);
	setenv("TERM", "xterm", 1);
	log_opens(NULL, LOG_INFO);
	terminal = log_status_is_terminal();
	log_status("10%");
	log_info("said");
	log_status("20%");
	log_close();
	dup2(old_stderr, STDERR_FILENO);
	close(old_stderr);
	read_terminal(master);
	ck_assert(terminal);
	ck_assert_str_eq(text, "\r\033[K10%" "\r\033[Ktfomap: said\r\n10%" "\r\033[K20%\r\n");
}

#define THREADS		4
#define THREAD_LINES	200

static void *log_many(void *arg)
{
	for (int i = 0; i < THREAD_LINES; i++)
		log_info("%s%s%s", (const char *)arg, (const char *)arg, (const char *)arg);
	return NULL;
}

/* Lines of several threads come out whole. */
TEST(threads)
{
	static char words[THREADS][2] = { "a", "b", "c", "d" };
	pthread_t ids[THREADS];
	char *save = NULL;
	int n = 0;

	stderr_to_file();
	log_opens(NULL, LOG_INFO);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&ids[i], NULL, log_many, words[i]);
	for (int i = 0; i < THREADS; i++)
		pthread_join(ids[i], NULL);
	log_close();
	stderr_back();
	for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save), n++) {
		ck_assert_uint_eq(strlen(l), 11);
		ck_assert(strncmp(l, "tfomap: ", 8) == 0 && l[8] == l[9] && l[9] == l[10]);
	}
	ck_assert_int_eq(n, THREADS * THREAD_LINES);
}
