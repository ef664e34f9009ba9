#include "lists/misread.h"
#include "unit.h"

static uint16_t ports[] = { 443, 4711 };

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

TEST_EACH(notes_what_could_be_a_port, words)
{
	struct misread m = { .ports = ports, .n_ports = N_OF(ports) };

	misread_note(&m, row->word, NULL, 0);
	ck_assert_msg(m.n == row->n, "%s", row->word);
}

/* Tells of one, and counts the others. */
TEST(describes_the_first)
{
	struct misread m = { .ports = ports, .n_ports = N_OF(ports) };
	char text[MISREAD_LEN];

	ck_assert(!misread_describe(&m, "", text));
	misread_note(&m, "2001:2::1:80", "list", 7);
	misread_note(&m, "2001:2::2:80", "list", 8);
	misread_note(&m, "2001:2::3:80", NULL, 0);
	ck_assert(misread_describe(&m, ", at port 443", text));
	ck_assert_str_eq(text, "list:7: 2001:2::1:80 is read as an address, at port 443 (and so "
			 "are 2 more); if port 80 of 2001:2::1 is meant, write [2001:2::1]:80");
}
