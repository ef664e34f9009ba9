#include <errno.h>
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
#define NROWS (sizeof(rows) / sizeof(rows[0]))

static const struct opttab_row *row(const char *name)
{
	size_t i = opttab_find(rows, NROWS, name);

	ck_assert_uint_lt(i, NROWS);
	return &rows[i];
}

static void takes(struct sample *s, const char *name, const char *value)
{
	struct err e = { "" };

	ck_assert_msg(opttab_parse(row(name), s, value, &e) == 0, "--%s %s: %s", name, value,
		      e.msg);
	ck_assert_str_eq(e.msg, "");
}

/* Is refused, says why, and leaves what was there. */
static void refuses(const char *name, const char *value, const char *why)
{
	struct sample s, before;
	struct err e = { "" };

	memset(&s, 0, sizeof(s));
	before = s;
	ck_assert_msg(opttab_parse(row(name), &s, value, &e) == -EINVAL, "--%s %s was taken", name,
		      value);
	ck_assert_msg(strstr(e.msg, why), "--%s %s: '%s' does not say '%s'", name, value, e.msg,
		      why);
	ck_assert(memcmp(&s, &before, sizeof(s)) == 0);
	ck_assert_msg(strncmp(e.msg, "--", 2) == 0 && strncmp(e.msg + 2, name, strlen(name)) == 0
		      && strstr(e.msg, *value ? value : "''"), "%s", e.msg);
}

/* The value in force reads as text. */
static void shows(const struct sample *s, const char *name, const char *text)
{
	char out[128];
	size_t len = opttab_format(row(name), s, out, sizeof(out));

	ck_assert_str_eq(out, text);
	ck_assert_uint_eq(len, strlen(text));
}

START_TEST(flag)
{
	struct sample s = { 0 };

	shows(&s, "flag", "false");
	takes(&s, "flag", NULL);
	ck_assert(s.flag);
	shows(&s, "flag", "true");
	takes(&s, "flag", "false");
	ck_assert(!s.flag);
	takes(&s, "flag", "true");
	ck_assert(s.flag);
	refuses("flag", "yes", "true or false");
	refuses("flag", "", "true or false");
}
END_TEST

START_TEST(whole_numbers)
{
	struct sample s = { .i = -1 };

	shows(&s, "int", "");
	takes(&s, "int", "15");
	ck_assert_int_eq(s.i, 15);
	shows(&s, "int", "15");
	takes(&s, "u32", "4294967295");
	ck_assert_uint_eq(s.u32, UINT32_MAX);
	shows(&s, "u64", "");
	takes(&s, "u64", "18446744073709551615");
	ck_assert(s.u64 == UINT64_MAX);
	ck_assert(s.u64_set);
	shows(&s, "u64", "18446744073709551615");
	takes(&s, "u64", "0");
	ck_assert(s.u64 == 0);
	shows(&s, "u64", "0");
}
END_TEST

START_TEST(suffixes)
{
	struct sample s = { 0 };

	takes(&s, "u64", "3K");
	ck_assert_uint_eq(s.u64, 3000);
	takes(&s, "u64", "20m");
	ck_assert_uint_eq(s.u64, 20000000);
	takes(&s, "u64", "18G");
	ck_assert_uint_eq(s.u64, 18000000000);
	refuses("u64", "18446744074G", "too large");
	refuses("u64", "3KK", "not a number");
	refuses("u64", "K", "not a number");
	refuses("u32", "3K", "not a number");
	refuses("int", "3K", "not a number");
}
END_TEST

START_TEST(whole_numbers_refused)
{
	refuses("int", "1", "2 to 15");
	refuses("int", "16", "2 to 15");
	refuses("int", "99999999999999999999", "too large");
	refuses("u32", "0", "1 at least");
	refuses("u32", "4294967296", "too large");
	refuses("u64", "18446744073709551616", "too large");
	refuses("u64", "", "not a number");
	refuses("u64", "-1", "below 0");
	refuses("u64", "+1", "not a number");
	refuses("u64", " 1", "not a number");
	refuses("u64", "1 ", "not a number");
	refuses("u64", "0x10", "not a number");
	refuses("u64", "1.5", "not a number");
	refuses("u64", "10%", "per cent");
}
END_TEST

START_TEST(amounts)
{
	struct sample s = { .most = 1, .share = 1 };

	takes(&s, "amount", "5K");
	ck_assert_uint_eq(s.most, 5000);
	ck_assert(s.share == 0);
	shows(&s, "amount", "5000");
	takes(&s, "amount", "0.1%");
	ck_assert_uint_eq(s.most, 0);
	ck_assert_double_eq_tol(s.share, 0.001, 1e-15);
	shows(&s, "amount", "0.1%");
	takes(&s, "amount", "0.000000001%");
	shows(&s, "amount", "0.000000001%");
	takes(&s, "amount", "100%");
	ck_assert(s.share == 1);
	shows(&s, "amount", "100%");
	takes(&s, "amount", "0");
	ck_assert(s.share == 0);
	shows(&s, "amount", "0");
	refuses("amount", "0%", "more than 0%");
	refuses("amount", "100.1%", "at most 100%");
	refuses("amount", "99999999999999999999999%", "at most 100%");
	refuses("amount", "%", "not a share");
	refuses("amount", "5%%", "not a share");
	refuses("amount", "5 %", "not a share");
	refuses("amount", "5K%", "not a share");
	refuses("amount", "-5%", "not a share");
	refuses("amount", "5.5", "not a number");
	refuses("amount", "18446744073709551616", "too large");
}
END_TEST

START_TEST(rates)
{
	struct sample s = { .rate = -1 };

	takes(&s, "rate", "0");
	ck_assert(s.rate == 0);
	takes(&s, "rate", "0.1");
	ck_assert(s.rate == 0.1);
	shows(&s, "rate", "0.1");
	takes(&s, "rate", "1.25M");
	ck_assert(s.rate == 1250000);
	shows(&s, "rate", "1250000");
	takes(&s, "rate", "1000000000");
	ck_assert(s.rate == 1e9);
	refuses("rate", "0.09", "0.1 to 1000000000");
	refuses("rate", "1.1G", "0.1 to 1000000000");
	refuses("rate", "1e6", "not a number");
	refuses("rate", "nan", "not a number");
	refuses("rate", "inf", "not a number");
	refuses("rate", "", "not a number");
	refuses("rate", ".", "not a number");
	refuses("rate", "K", "not a number");
	refuses("rate", "1,5", "not a number");
	refuses("rate", "-1", "below 0");
	refuses("rate", "99999999999999999999999", "0.1 to 1000000000");
}
END_TEST

START_TEST(seconds)
{
	struct sample s = { 0 };

	takes(&s, "seconds", "3");
	ck_assert_uint_eq(s.ns, 3000000000);
	shows(&s, "seconds", "3");
	takes(&s, "seconds", "0.5");
	ck_assert_uint_eq(s.ns, 500000000);
	takes(&s, "seconds", ".75");
	ck_assert_uint_eq(s.ns, 750000000);
	takes(&s, "seconds", "1.000000001");
	ck_assert_uint_eq(s.ns, 1000000001);
	shows(&s, "seconds", "1.000000001");
	takes(&s, "seconds", "2.050");
	shows(&s, "seconds", "2.05");
	takes(&s, "seconds", "100");
	refuses("seconds", "100.000000001", "0.5 to 100");
	refuses("seconds", "0.4", "0.5 to 100");
	refuses("seconds", "1.0000000001", "not a number");
	refuses("seconds", "3s", "not a number");
	refuses("seconds", "1.2.3", "not a number");
	refuses("seconds", "99999999999999999999999", "0.5 to 100");
}
END_TEST

START_TEST(words)
{
	struct sample s = { 0 };

	takes(&s, "color", "blue");
	ck_assert_int_eq(s.color, BLUE);
	shows(&s, "color", "blue");
	takes(&s, "color", "red");
	ck_assert_int_eq(s.color, RED);
	refuses("color", "Red", "red, green, blue");
	refuses("color", "re", "red, green, blue");
	refuses("color", "", "red, green, blue");
	refuses("color", "red:x", "red, green, blue");
}
END_TEST

START_TEST(sets_of_words)
{
	struct sample s = { 0 };

	shows(&s, "colors", "");
	takes(&s, "colors", "green");
	ck_assert_uint_eq(s.colors, 1u << GREEN);
	shows(&s, "colors", "green");
	takes(&s, "colors", "blue,red");
	ck_assert_uint_eq(s.colors, 1u << BLUE | 1u << RED);
	shows(&s, "colors", "red,blue");
	refuses("colors", "", "red, green, blue");
	refuses("colors", "red,", "separated by commas: red, green, blue");
	refuses("colors", ",red", "red, green, blue");
	refuses("colors", "red,,blue", "red, green, blue");
	refuses("colors", "red, blue", "red, green, blue");
	refuses("colors", "re", "red, green, blue");
	refuses("colors", "redder", "red, green, blue");
	refuses("colors", "red,blue,red", "red is there twice");
}
END_TEST

START_TEST(words_with_files)
{
	struct sample s = { .engine_file = "old" };

	takes(&s, "engine", "null");
	ck_assert_str_eq(s.engine, "null");
	ck_assert_ptr_null(s.engine_file);
	shows(&s, "engine", "null");
	takes(&s, "engine", "pcap:a:b");
	ck_assert_str_eq(s.engine, "pcap");
	ck_assert_str_eq(s.engine_file, "a:b");
	shows(&s, "engine", "pcap:a:b");
	shows(&s, "input", "live");
	takes(&s, "input", "pcap:x");
	ck_assert_str_eq(s.file, "x");
	shows(&s, "input", "pcap:x");
	takes(&s, "input", "live");
	ck_assert_ptr_null(s.file);
	refuses("engine", "pcap", "auto, pcap:FILE, null");
	refuses("engine", "pcap:", "missing");
	refuses("engine", "null:x", "auto, pcap:FILE, null");
	refuses("engine", "xdp", "auto, pcap:FILE, null");
}
END_TEST

START_TEST(strings)
{
	struct sample s = { 0 };

	shows(&s, "string", "");
	takes(&s, "string", "- any, \"text\"");
	shows(&s, "string", "- any, \"text\"");
	refuses("string", "", "empty");
}
END_TEST

START_TEST(ports)
{
	static const uint16_t expected[] = { 22, 80, 81, 82, 443, 65535 };
	struct sample s = { 0 };

	shows(&s, "ports", "");
	takes(&s, "ports", "443,80-82,22,81-82,65535,443");
	ck_assert_uint_eq(s.nports, 6);
	ck_assert(memcmp(s.ports, expected, sizeof(expected)) == 0);
	shows(&s, "ports", "22,80-82,443,65535");
	takes(&s, "ports", "1-65534");
	ck_assert_uint_eq(s.nports, 65534);
	shows(&s, "ports", "1-65534");
	takes(&s, "ports", "*");
	ck_assert_uint_eq(s.nports, 65535);
	ck_assert_uint_eq(s.ports[0], 1);
	ck_assert_uint_eq(s.ports[65534], 65535);
	shows(&s, "ports", "*");
	opttab_free(row("ports"), &s);
	ck_assert_ptr_null(s.ports);
	ck_assert_uint_eq(s.nports, 0);
}
END_TEST

START_TEST(ports_refused)
{
	static const char *const bad[] = {
		"", "0", "65536", "99999999999999999999999", "80,", ",80", "80,,90", "80-", "-80",
		"http", "0-10", "80-65536", " 80", "*,80",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		refuses("ports", bad[i], "from 1 to 65535");
	refuses("ports", "90-80", "backwards");
	refuses("ports", "80 90", "not a list");
	refuses("ports", "80-90-100", "not a list");
}
END_TEST

START_TEST(port_ranges)
{
	struct sample s = { 0 };

	takes(&s, "port-range", "10000-32767");
	ck_assert_uint_eq(s.first, 10000);
	ck_assert_uint_eq(s.last, 32767);
	shows(&s, "port-range", "10000-32767");
	takes(&s, "port-range", "5");
	ck_assert_uint_eq(s.first, 5);
	ck_assert_uint_eq(s.last, 5);
	refuses("port-range", "5-4", "backwards");
	refuses("port-range", "0-4", "from 1 to 65535");
	refuses("port-range", "4-5,9", "not a range");
}
END_TEST

START_TEST(addrs)
{
	struct sample s = { 0 };

	shows(&s, "addrs", "");
	takes(&s, "addrs", "192.0.2.1,2001:db8::1,192.0.2.1,192.0.2.2");
	ck_assert_uint_eq(s.naddrs, 3);
	ck_assert(addr_eq(s.addrs[0], addr_from_v4(0xc0000201)));
	ck_assert(addr_eq(s.addrs[2], addr_from_v4(0xc0000202)));
	shows(&s, "addrs", "192.0.2.1,2001:db8::1,192.0.2.2");
	takes(&s, "addrs", "::1");
	shows(&s, "addrs", "::1");
	refuses("addrs", "", "missing");
	refuses("addrs", "192.0.2.256", "192.0.2.256 is not");
	refuses("addrs", "0.0.0.0", "0.0.0.0 is not the address of one host");
	refuses("addrs", "224.0.0.1", "one host");
	refuses("addrs", "239.255.255.255", "one host");
	refuses("addrs", "255.255.255.255", "one host");
	refuses("addrs", "::", "one host");
	refuses("addrs", "ff02::1", "one host");
	refuses("addrs", "a-very-long-word-that-cannot-be-an-address-of-any-kind", "is not");
	ck_assert_int_eq(opttab_parse(row("addrs"), &s, "::1,::2,::3,::4", NULL), -EINVAL);
	ck_assert_int_eq(opttab_parse(row("addrs"), &s, "::1,", NULL), -EINVAL);
	ck_assert_uint_eq(s.naddrs, 1);
}
END_TEST

START_TEST(macs_and_keys)
{
	static const uint8_t mac[] = { 0x02, 0x00, 0x5e, 0xAB, 0xcd, 0x01 };
	static const uint8_t key[] = { 0x00, 0x1f, 0xAb, 0xff };
	struct sample s = { 0 };

	shows(&s, "mac", "");
	takes(&s, "mac", "02:00:5e:AB:cd:01");
	ck_assert(memcmp(s.mac, mac, 6) == 0 && s.mac_set);
	takes(&s, "mac", "02-00-5e-ab-cd-01");
	shows(&s, "mac", "02:00:5e:ab:cd:01");
	refuses("mac", "02:00:5e:ab:cd", "not a MAC");
	refuses("mac", "02:00:5e:ab:cd:0", "not a MAC");
	refuses("mac", "02:00:5e:ab:cd:01:", "not a MAC");
	refuses("mac", "02:00-5e:ab:cd:01", "not a MAC");
	refuses("mac", "02:00:5e:ab:cd:0g", "not a MAC");
	refuses("mac", "ff:ff:ff:ff:ff:ff", "one neighbour");
	refuses("mac", "01:00:5e:00:00:01", "one neighbour");
	refuses("mac", "00:00:00:00:00:00", "one neighbour");
	shows(&s, "key", "");
	takes(&s, "key", "001fAbff");
	ck_assert(memcmp(s.key, key, 4) == 0 && s.key_set);
	shows(&s, "key", "001fabff");
	refuses("key", "001fabf", "8 hexadecimal");
	refuses("key", "001fabff0", "8 hexadecimal");
	refuses("key", "001fabfx", "8 hexadecimal");
	refuses("key", "", "8 hexadecimal");
}
END_TEST

START_TEST(payloads)
{
	struct sample s = { 0 };

	shows(&s, "payload", "");
	takes(&s, "payload", "text:hello");
	ck_assert_int_eq(s.payload.type, PAYLOAD_BYTES);
	ck_assert_uint_eq(s.payload.len, 5);
	ck_assert(memcmp(s.payload.bytes, "hello", 5) == 0);
	shows(&s, "payload", "text:hello");
	takes(&s, "payload", "file:some/name");	/* the caller reads it */
	ck_assert_uint_eq(s.payload.len, 5);
	shows(&s, "payload", "file:some/name");
	takes(&s, "payload", "none");
	ck_assert_int_eq(s.payload.type, PAYLOAD_NONE);
	refuses("payload", "nonesuch", "auto, none");
	refuses("payload", "hex:0", "two make a byte");
	refuses("payload", "file:", "missing");
}
END_TEST

START_TEST(format_cuts)
{
	struct sample s = { .string = "abcdef" };
	char out[4] = "zzz";

	ck_assert_uint_eq(opttab_format(row("string"), &s, out, sizeof(out)), 6);
	ck_assert_str_eq(out, "abc");
	ck_assert_uint_eq(opttab_format(row("string"), &s, NULL, 0), 6);
}
END_TEST

/* What a value can be, as messages, the completion and people are told. */
START_TEST(values)
{
	static const struct { const char *name, *values; } cases[] = {
		{ "flag", "" }, { "amount", "N|N%" }, { "color", "red, green, blue" },
		{ "engine", "auto, pcap:FILE, null" },
		{ "payload", "auto, none, http, tls, dns, text:TEXT, hex:DIGITS, file:FILE" },
	};
	char out[128];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ck_assert_uint_eq(opttab_values(row(cases[i].name), ", ", out, sizeof(out)),
				  strlen(cases[i].values));
		ck_assert_str_eq(out, cases[i].values);
	}
}
END_TEST

UNIT_SUITE(opttab)
{
	unit_case(suite, "numbers", flag, whole_numbers, suffixes, whole_numbers_refused,
		  amounts, rates, seconds);
	unit_case(suite, "words", words, sets_of_words, words_with_files, strings);
	unit_case(suite, "net", ports, ports_refused, port_ranges, addrs, macs_and_keys, payloads);
	unit_case(suite, "text", format_cuts, values);
}
