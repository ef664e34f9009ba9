#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "targets/misread.h"
#include "unit.h"

#define N_OF(x) (sizeof(x) / sizeof((x)[0]))

static uint16_t ports[] = { 443, 4711 };

START_TEST(notes_what_could_be_a_port)
{
	static const struct {
		const char *word;
		uint64_t n;
	} words[] = {
		{ "2001:2:0:18::1:80", 1 }, { "2001:2::1:443", 1 }, { "::1:8443", 1 },
		{ "2001:2::1:4711", 1 }, { "2001:2::a:0080", 1 },
		/* What is before the last colon is no address. */
		{ "2001:2::80", 0 }, { "::443", 0 }, { "1:2:3:4:5:6:7:443", 0 }, { "::", 0 },
		/* Nobody asks there. */
		{ "2001:2::1:1", 0 }, { "2001:2::1:4712", 0 }, { "2001:2::1:99", 0 },
		{ "198.18.0.1:80", 0 }, { "[2001:2::1]:80", 0 }, { "2001:2::1:80/128", 0 },
		{ "2001:2::1:0", 0 }, { "2001:2::1:80a", 0 }, { "::ffff:198.18.0.1", 0 },
	};

	for (size_t i = 0; i < N_OF(words); i++) {
		struct misread m = { .ports = ports, .n_ports = N_OF(ports) };

		misread_note(&m, words[i].word, NULL, 0);
		ck_assert_msg(m.n == words[i].n, "%s", words[i].word);
	}
}
END_TEST

/* Tells of one, and counts the others. */
START_TEST(tells_once)
{
	struct misread m = { .ports = ports, .n_ports = N_OF(ports) };
	char name[] = "/tmp/tfomap-test-misread-XXXXXX", text[1024];
	int fd = mkstemp(name), old = dup(STDERR_FILENO);
	ssize_t n;

	ck_assert_int_ge(fd, 0);
	unlink(name);
	dup2(fd, STDERR_FILENO);
	log_open(NULL, LOG_INFO, NULL);
	misread_tell(&m, "");
	misread_note(&m, "2001:2::1:80", "list", 7);
	misread_note(&m, "2001:2::2:80", "list", 8);
	misread_note(&m, "2001:2::3:80", NULL, 0);
	misread_tell(&m, ", at port 443");
	log_close();
	dup2(old, STDERR_FILENO);
	close(old);
	n = pread(fd, text, sizeof(text) - 1, 0);
	close(fd);
	ck_assert_int_ge(n, 0);
	text[n] = '\0';
	ck_assert_str_eq(text, "tfomap: list:7: 2001:2::1:80 is read as an address, at port 443 "
			 "(and so are 2 more); if port 80 of 2001:2::1 is meant, write "
			 "[2001:2::1]:80\n");
}
END_TEST

UNIT_SUITE(misread)
{
	unit_case(suite, "misread", notes_what_could_be_a_port, tells_once);
}
