#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "addr.h"
#include "err.h"
#include "opttab.h"
#include "payload.h"
#include "unit.h"

enum color { RED, GREEN, BLUE };

struct sample {
	int unused;		/* no option lives at offset 0 */
	bool flag;
	int i;
	uint32_t u32;
	uint64_t u64;
	bool u64_set;
	uint64_t most;
	double share;
	double rate;
	uint64_t ns;
	enum color color;
	uint32_t colors;
	const char *engine, *engine_file;
	const char *file;
	const char *string;
	uint16_t *ports;
	uint32_t nports;
	uint16_t first, last;
	struct addr addrs[3];
	size_t naddrs;
	uint8_t mac[6];
	bool mac_set;
	uint8_t key[4];
	bool key_set;
	struct payload payload;
	const char *payload_text;
};

static const struct opttab_word colors[] = {
	[RED] = { "red", false }, [GREEN] = { "green", false }, [BLUE] = { "blue", false },
	{ NULL, false },
};
static const struct opttab_word engines[] = {
	{ "auto", false }, { "pcap", true }, { "null", false }, { NULL, false },
};
static const struct opttab_word inputs[] = {
	{ "live", false }, { "pcap", true }, { NULL, false },
};

#define AT(m) offsetof(struct sample, m)

static const struct opttab_row rows[] = {
	{ "flag", 0, OPTTAB_FLAG, AT(flag), 0, .group = "all" },
	{ "int", 0, OPTTAB_INT, AT(i), 0, .min = 2, .max = 15, .group = "all" },
	{ "u32", 0, OPTTAB_U32, AT(u32), 0, .min = 1, .group = "all" },
	{ "u64", 0, OPTTAB_U64, AT(u64), AT(u64_set), .group = "all" },
	{ "amount", 0, OPTTAB_AMOUNT, AT(most), AT(share), .group = "all", .arg = "N|N%" },
	{ "rate", 0, OPTTAB_RATE, AT(rate), 0, .min = 0.1, .max = 1e9, .group = "all" },
	{ "seconds", 0, OPTTAB_SECONDS, AT(ns), 0, .min = 0.5, .max = 100, .group = "all" },
	{ "color", 0, OPTTAB_WORD, AT(color), 0, .words = colors, .group = "all" },
	{ "colors", 0, OPTTAB_WORDS, AT(colors), 0, .words = colors, .group = "all" },
	{ "engine", 0, OPTTAB_WORD_FILE, AT(engine), AT(engine_file), .words = engines,
	  .group = "all" },
	{ "input", 0, OPTTAB_WORD_FILE, 0, AT(file), .words = inputs, .group = "all" },
	{ "string", 0, OPTTAB_STRING, AT(string), 0, .min = 1, .group = "all" },
	{ "ports", 0, OPTTAB_PORTS, AT(ports), AT(nports), .group = "all" },
	{ "port-range", 0, OPTTAB_PORT_RANGE, AT(first), AT(last), .group = "all" },
	{ "addrs", 0, OPTTAB_ADDRS, AT(addrs), AT(naddrs), .max = 3, .group = "all" },
	{ "mac", 0, OPTTAB_MAC, AT(mac), AT(mac_set), .group = "all" },
	{ "key", 0, OPTTAB_HEX, AT(key), AT(key_set), .max = 4, .group = "all" },
	{ "payload", 0, OPTTAB_PAYLOAD, AT(payload), AT(payload_text), .group = "all" },
};
#define NROWS N_OF(rows)

static const struct opttab_row *option(const char *name)
{
	size_t i = opttab_find(rows, NROWS, name);

	ck_assert_uint_lt(i, NROWS);
	return &rows[i];
}

static void takes(struct sample *s, const char *name, const char *value)
{
	struct err e = { "" };

	ck_assert_msg(opttab_parse(option(name), s, value, &e) == 0, "--%s %s: %s", name, value,
		      e.msg);
	ck_assert_str_eq(e.msg, "");
}

/* The value in force reads as text. */
static void shows(const struct sample *s, const char *name, const char *text)
{
	char out[128];
	size_t len = opttab_format(option(name), s, out, sizeof(out));

	ck_assert_str_eq(out, text);
	ck_assert_uint_eq(len, strlen(text));
}

/* ---- what is taken, and how it then reads ---- */

/* One value after another into the same struct; shown: how it reads, NULL: as it was given. */
static const struct {
	const char *name, *value, *shown;
} taken[] = {
	{ "flag", NULL, "true" }, { "flag", "false", NULL }, { "flag", "true", NULL },
	{ "int", "2", NULL }, { "int", "15", NULL },
	{ "u32", "1", NULL }, { "u32", "4294967295", NULL },
	{ "u64", "18446744073709551615", NULL }, { "u64", "0", NULL },
	{ "u64", "3K", "3000" }, { "u64", "20m", "20000000" }, { "u64", "18G", "18000000000" },
	{ "amount", "5K", "5000" }, { "amount", "0.1%", NULL }, { "amount", "0.000000001%", NULL },
	{ "amount", "100%", NULL }, { "amount", "0", NULL },
	{ "rate", "0", NULL }, { "rate", "0.1", NULL }, { "rate", "1.25M", "1250000" },
	{ "rate", "1000000000", NULL },
	{ "seconds", "3", NULL }, { "seconds", "0.5", NULL }, { "seconds", ".75", "0.75" },
	{ "seconds", "1.000000001", NULL }, { "seconds", "2.050", "2.05" },
	{ "seconds", "100", NULL },
	{ "color", "blue", NULL }, { "color", "red", NULL },
	{ "colors", "green", NULL }, { "colors", "blue,red", "red,blue" },
	{ "engine", "null", NULL }, { "engine", "pcap:a:b", NULL }, { "engine", "auto", NULL },
	{ "input", "pcap:x", NULL }, { "input", "live", NULL },
	{ "string", "- any, \"text\"", NULL },
	{ "ports", "443,80-82,22,81-82,65535,443", "22,80-82,443,65535" },
	{ "ports", "1-65534", NULL }, { "ports", "*", NULL },
	{ "port-range", "10000-32767", NULL }, { "port-range", "5", "5-5" },
	{ "addrs", "192.0.2.1,2001:db8::1,192.0.2.1,192.0.2.2", "192.0.2.1,2001:db8::1,192.0.2.2" },
	{ "addrs", "::1", NULL },
	{ "mac", "02:00:5e:AB:cd:01", "02:00:5e:ab:cd:01" },
	{ "mac", "02-00-5e-ab-cd-02", "02:00:5e:ab:cd:02" },
	{ "key", "001fAbff", "001fabff" },
	{ "payload", "text:hello", NULL }, { "payload", "file:some/name", NULL },
	{ "payload", "none", NULL },
};

/* Before the option was given, too. */
TEST(takes_and_shows)
{
	static const char *const unset[][2] = {
		{ "flag", "false" }, { "int", "" }, { "u64", "" }, { "colors", "" },
		{ "input", "live" }, { "string", "" }, { "ports", "" }, { "addrs", "" },
		{ "mac", "" }, { "key", "" }, { "payload", "" },
	};
	struct sample s = { .i = -1 };

	for (size_t i = 0; i < N_OF(unset); i++)
		shows(&s, unset[i][0], unset[i][1]);
	for (size_t i = 0; i < N_OF(taken); i++) {
		takes(&s, taken[i].name, taken[i].value);
		shows(&s, taken[i].name, taken[i].shown ? taken[i].shown : taken[i].value);
	}
	opttab_free(option("ports"), &s);
	ck_assert_ptr_null(s.ports);
	ck_assert_uint_eq(s.nports, 0);
}

/* ---- what is refused, and why ---- */

/* One of each sort: test/cli tries all that users may write. */
static const struct {
	const char *name, *value, *why;
} refused[] = {
	{ "flag", "yes", "true or false" }, { "flag", "", "true or false" },
	{ "int", "1", "2 to 15" }, { "int", "16", "2 to 15" }, { "int", "3K", "not a number" },
	{ "int", "99999999999999999999", "too large" },
	{ "u32", "0", "1 at least" }, { "u32", "4294967296", "too large" },
	{ "u64", "18446744073709551616", "too large" }, { "u64", "18446744074G", "too large" },
	{ "u64", "", "not a number" }, { "u64", "-1", "below 0" }, { "u64", " 1", "not a number" },
	{ "u64", "1 ", "not a number" }, { "u64", "1.5", "not a number" },
	{ "u64", "10%", "per cent" }, { "u64", "3KK", "not a number" },
	{ "u64", "K", "not a number" },
	{ "amount", "0%", "more than 0%" }, { "amount", "100.1%", "at most 100%" },
	{ "amount", "99999999999999999999999%", "at most 100%" },
	{ "amount", "%", "not a share" }, { "amount", "5%%", "not a share" },
	{ "amount", "-5%", "not a share" }, { "amount", "5.5", "not a number" },
	{ "amount", "18446744073709551616", "too large" },
	{ "rate", "0.09", "0.1 to 1000000000" }, { "rate", "1.1G", "0.1 to 1000000000" },
	{ "rate", "99999999999999999999999", "0.1 to 1000000000" },
	{ "rate", "nan", "not a number" }, { "rate", ".", "not a number" },
	{ "rate", "-1", "below 0" }, { "rate", "1,5", "not a number" },
	{ "seconds", "100.000000001", "0.5 to 100" }, { "seconds", "0.4", "0.5 to 100" },
	{ "seconds", "1.0000000001", "not a number" }, { "seconds", "1.2.3", "not a number" },
	{ "color", "Red", "red, green, blue" }, { "color", "", "red, green, blue" },
	{ "color", "red:x", "red, green, blue" }, { "colors", "", "red, green, blue" },
	{ "colors", "red,", "separated by commas: red, green, blue" },
	{ "colors", ",red", "red, green, blue" }, { "colors", "re", "red, green, blue" },
	{ "colors", "redder", "red, green, blue" },
	{ "colors", "red,blue,red", "red is there twice" },
	{ "engine", "pcap", "auto, pcap:FILE, null" }, { "engine", "pcap:", "missing" },
	{ "engine", "null:x", "auto, pcap:FILE, null" }, { "string", "", "empty" },
	{ "ports", "", "from 1 to 65535" }, { "ports", "65536", "from 1 to 65535" },
	{ "ports", "80,", "from 1 to 65535" }, { "ports", "80-", "from 1 to 65535" },
	{ "ports", "0-10", "from 1 to 65535" }, { "ports", "80-65536", "from 1 to 65535" },
	{ "ports", "*,80", "from 1 to 65535" }, { "ports", "90-80", "backwards" },
	{ "ports", "80 90", "not a list" }, { "ports", "80-90-100", "not a list" },
	{ "port-range", "5-4", "backwards" }, { "port-range", "0-4", "from 1 to 65535" },
	{ "port-range", "4-5,9", "not a range" },
	{ "addrs", "", "missing" }, { "addrs", "192.0.2.256", "192.0.2.256 is not" },
	{ "addrs", "0.0.0.0", "0.0.0.0 is not the address of one host" },
	{ "addrs", "224.0.0.1", "one host" }, { "addrs", "255.255.255.255", "one host" },
	{ "addrs", "::", "one host" }, { "addrs", "ff02::1", "one host" },
	{ "addrs", "a-very-long-word-that-cannot-be-an-address-of-any-kind", "is not" },
	{ "mac", "02:00:5e:ab:cd", "not a MAC" }, { "mac", "02:00:5e:ab:cd:01:", "not a MAC" },
	{ "mac", "02:00-5e:ab:cd:01", "not a MAC" }, { "mac", "02:00:5e:ab:cd:0g", "not a MAC" },
	{ "mac", "01:00:5e:00:00:01", "one neighbour" },
	{ "mac", "00:00:00:00:00:00", "one neighbour" },
	{ "key", "001fabf", "8 hexadecimal" }, { "key", "001fabff0", "8 hexadecimal" },
	{ "key", "001fabfx", "8 hexadecimal" },
	{ "payload", "nonesuch", "auto, none" }, { "payload", "file:", "missing" },
};

/* It says why, and leaves what was there. */
TEST_EACH(refuses_and_says_why, refused)
{
	struct sample s, before;
	struct err e = { "" };
	char head[160];

	memset(&s, 0, sizeof(s));
	before = s;
	ck_assert_msg(opttab_parse(option(row->name), &s, row->value, &e) == -EINVAL,
		      "--%s %s was taken", row->name, row->value);
	snprintf(head, sizeof(head), "--%s %s", row->name, *row->value ? row->value : "''");
	ck_assert_msg(strncmp(e.msg, head, strlen(head)) == 0 && strstr(e.msg, row->why),
		      "%s: '%s' does not say '%s'", head, e.msg, row->why);
	ck_assert(memcmp(&s, &before, sizeof(s)) == 0);
}

/* Of a list that is refused some may be there, but not counted. */
TEST(refuses_too_many_addresses)
{
	struct sample s = { 0 };

	takes(&s, "addrs", "::1");
	ck_assert_int_eq(opttab_parse(option("addrs"), &s, "::1,::2,::3,::4", NULL), -EINVAL);
	ck_assert_int_eq(opttab_parse(option("addrs"), &s, "::1,", NULL), -EINVAL);
	ck_assert_uint_eq(s.naddrs, 1);
}

TEST(format_cuts)
{
	struct sample s = { .string = "abcdef" };
	char out[4] = "zzz";

	ck_assert_uint_eq(opttab_format(option("string"), &s, out, sizeof(out)), 6);
	ck_assert_str_eq(out, "abc");
	ck_assert_uint_eq(opttab_format(option("string"), &s, NULL, 0), 6);
}

/* What a value can be, as messages, the completion and --help show it. */
static const struct { const char *name, *values; } cases[] = {
	{ "flag", "" }, { "amount", "N|N%" }, { "color", "red, green, blue" },
	{ "engine", "auto, pcap:FILE, null" },
	{ "payload", "auto, none, http, tls, dns, text:TEXT, hex:DIGITS, file:FILE" },
};

TEST_EACH(values, cases)
{
	char out[128];

	ck_assert_uint_eq(opttab_values(option(row->name), ", ", out, sizeof(out)),
			  strlen(row->values));
	ck_assert_str_eq(out, row->values);
}
