#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "err.h"
#include "lines.h"
#include "listline.h"
#include "listline_pathspider.h"
#include "unit.h"

#define N_OF(x) (sizeof(x) / sizeof((x)[0]))

static const struct {
	const char *line, *ip;
	uint16_t port;
	const char *domain, *info;	/* NULL: none */
} good[] = {
	{ "198.18.0.1", "198.18.0.1", 0, NULL, NULL },
	{ "198.18.0.1:443", "198.18.0.1", 443, NULL, NULL },
	{ "198.18.0.1:443   # a comment", "198.18.0.1", 443, NULL, NULL },
	{ "2001:2::1", "2001:2::1", 0, NULL, NULL },
	{ "fe80::1", "fe80::1", 0, NULL, NULL },
	{ "[2001:2::1]", "2001:2::1", 0, NULL, NULL },
	{ "[2001:2::1]:65535", "2001:2::1", 65535, NULL, NULL },
	{ "198.18.0.1,80,www.example.org", "198.18.0.1", 80, "www.example.org", NULL },
	{ "198.18.0.1 , 80 , www.example.org # x", "198.18.0.1", 80, "www.example.org", NULL },
	{ "2001:2::1,80,a_b-c.example.", "2001:2::1", 80, "a_b-c.example.", NULL },
	{ "[2001:2::1],80,x", "2001:2::1", 80, "x", NULL },
	{ "fe80::1,80,x", "fe80::1", 80, "x", NULL },
	{ "198.18.0.1,,www.example.org", "198.18.0.1", 0, "www.example.org", NULL },
	{ "198.18.0.1,80,", "198.18.0.1", 80, NULL, NULL },
	{ "198.18.0.1,80", "198.18.0.1", 80, NULL, NULL },
	{ "198.18.0.1,80,b\xc3\xbc" "cher.example", "198.18.0.1", 80, "b\xc3\xbc" "cher.example",
	  NULL },
	{ "{\"dip\":\"198.18.0.1\"}", "198.18.0.1", 0, NULL, NULL },
	{ "{\"dip\":\"198.18.0.1\",\"dp\":443,\"domain\":\"www.example.org\"}", "198.18.0.1", 443,
	  "www.example.org", NULL },
	{ "{ \"domain\" : \"www.example.org\" , \"dp\" : 80 , \"dip\" : \"2001:2::1\" } # x",
	  "2001:2::1", 80, "www.example.org", NULL },
	{ "{\"dip\":\"2001:2::1\",\"dp\":null,\"domain\":null}", "2001:2::1", 0, NULL, NULL },
	{ "{\"dip\":\"198.18.0.1\",\"rank\":7,\"dp\":1}", "198.18.0.1", 1, NULL, "{\"rank\":7}" },
	{ "{\"dip\":\"198.18.0.1\",\"a\":[1,{\"b\":null}],\"c\":true,\"d\":\"#\"}", "198.18.0.1", 0,
	  NULL, "{\"a\":[1,{\"b\":null}],\"c\":true,\"d\":\"#\"}" },
	/* As written: no digit more, no digit less. */
	{ "{\"dip\":\"198.18.0.1\",\"x\":0.1,\"y\":-2.5}", "198.18.0.1", 0, NULL,
	  "{\"x\":0.1,\"y\":-2.5}" },
	{ "{\"dip\":\"198.18.0.1\",\"t\":1700000000.123456}", "198.18.0.1", 0, NULL,
	  "{\"t\":1700000000.123456}" },
	{ "{\"dip\":\"198.18.0.1\",\"s\":\"\\u00e9\\n\\\"\"}", "198.18.0.1", 0, NULL,
	  "{\"s\":\"\xc3\xa9\\n\\\"\"}" },
	{ "{\"dip\":\"198.18.0.9\",\"dip\":\"198.18.0.1\",\"dp\":1,\"dp\":2}", "198.18.0.1", 2,
	  NULL, NULL },
};

static int parse(struct listline *out, const char *line, struct target_extra *x, struct err *e)
{
	char buf[LINES_MAX];

	snprintf(buf, sizeof(buf), "%s", line);
	return listline_parse(out, buf, x, e);
}

START_TEST(reads_all_forms)
{
	for (size_t i = 0; i < N_OF(good); i++) {
		const char *domain = good[i].domain ? good[i].domain : "";
		const char *info = good[i].info ? good[i].info : "";
		struct err e = { "" };
		struct target_extra x;
		struct listline line;
		struct addr ip;

		ck_assert_int_eq(addr_parse(&ip, good[i].ip), 0);
		for (int with_extra = 0; with_extra < 2; with_extra++) {
			ck_assert_msg(parse(&line, good[i].line, with_extra ? &x : NULL, &e) == 0,
				      "%s: %s", good[i].line, e.msg);
			ck_assert(addr_eq(line.ip, ip));
			ck_assert_uint_eq(line.port, good[i].port);
			ck_assert_int_eq(line.has_extra, good[i].domain || good[i].info);
		}
		ck_assert_str_eq(x.domain, domain);
		ck_assert_str_eq(x.info, info);
	}
}
END_TEST

START_TEST(refuses_bad_lines)
{
	static const char *const bad[][2] = {
		{ "www.example.org", "www.example.org: a name, not an address; resolve" },
		{ "www.example.org:443", "a name" },
		{ "www.example.org,443", "a name" },
		{ "localhost", "a name" },
		{ "198.18.0.0/24", "single addresses" },
		{ "198.18.0.256", "not an IPv4 address" },
		{ "198.18.0.1:0", "port" },
		{ "198.18.0.1:65536", "port" },
		{ "198.18.0.1,0,x", "port 0: must be a number of 1..65535" },
		{ "198.18.0.1,65536,x", "port 65536" },
		{ "198.18.0.1,99999999999999999999,x", "port 99999999999999999999" },
		{ "198.18.0.1,-1,x", "port -1" },
		{ "198.18.0.1,0x50,x", "port 0x50" },
		{ "198.18.0.1:80,80,x", "port" },
		{ ",80,x", "address is missing" },
		{ "198.18.0.1,80,x,y", "more than three fields" },
		{ "198.18.0.1,80,a b", "no name has the character ' '" },
		{ "198.18.0.1,80,\"a\"", "no name has the character" },
		{ "198.18.0.1,80,a\xc2\x9b", "no name has the character U+009B" },
		{ "198.18.0.1,80,a\xe2\x80\xae" "b", "no name has the character U+202E" },
		{ "198.18.0.1,80,ab\x9b", "not UTF-8 (byte 3)" },
		{ "{\"dip\":\"198.18.0.1\",\"domain\":\"a\\u202eb\"}",
		  "no name has the character U+202E" },
		{ "{\"dip\":\"198.18.0.1\"", "not a JSON object" },
		{ "{\"dip\":\"198.18.0.1\"} 7", "more follows" },
		{ "{\"dp\":443}", "no \"dip\"" },
		{ "{\"dip\":7}", "no \"dip\"" },
		{ "{\"dip\":\"www.example.org\"}", "a name" },
		{ "{\"dip\":\"198.18.0.1:80\"}", "port" },
		{ "{\"dip\":\"198.18.0.1\",\"dp\":0}", "\"dp\"" },
		{ "{\"dip\":\"198.18.0.1\",\"dp\":65536}", "\"dp\"" },
		{ "{\"dip\":\"198.18.0.1\",\"dp\":\"80\"}", "\"dp\"" },
		{ "{\"dip\":\"198.18.0.1\",\"dp\":80.5}", "\"dp\"" },
		{ "{\"dip\":\"198.18.0.1\",\"domain\":5}", "\"domain\" is not a string" },
		{ "{\"dip\":\"198.18.0.1\",\"domain\":\"a\\tb\"}", "no name has" },
		{ "{\"dip\":\"198.18.0.1\",\"x\":01}", "not a JSON object" },
		{ "{\"dip\":\"198.18.0.1\",\"x\":\"\\u0000\"}", "not a JSON object" },
	};
	struct target_extra x;
	struct listline line;

	for (size_t i = 0; i < N_OF(bad); i++) {
		struct err e = { "" }, again = { "" };

		ck_assert_msg(parse(&line, bad[i][0], NULL, &e) == -EINVAL, "%s", bad[i][0]);
		ck_assert_msg(strstr(e.msg, bad[i][1]), "%s: %s", bad[i][0], e.msg);
		ck_assert_int_eq(parse(&line, bad[i][0], &x, &again), -EINVAL);
		ck_assert_str_eq(e.msg, again.msg);
		ck_assert_str_eq(x.info, "");
	}
}
END_TEST

/* A domain of 253 bytes, info of 4095: they fit; one byte more is refused. */
START_TEST(bounds_domain_and_info)
{
	static char line[LINES_MAX], fill[LINES_MAX];
	const char *head = "{\"dip\":\"198.18.0.1\",\"k\":\"";
	const size_t frame = strlen("{\"k\":\"\"}");
	struct target_extra x;
	struct listline out;

	memset(fill, 'a', sizeof(fill) - 1);
	snprintf(line, sizeof(line), "198.18.0.1,80,%.253s", fill);
	ck_assert_int_eq(parse(&out, line, &x, NULL), 0);
	ck_assert_uint_eq(strlen(x.domain), 253);
	snprintf(line, sizeof(line), "198.18.0.1,80,%.254s", fill);
	ck_assert_int_eq(parse(&out, line, NULL, NULL), -EINVAL);

	for (int over = 0; over < 2; over++) {
		int len = (int)(TARGETS_INFO_LEN - 1 - frame) + over;
		struct err e = { "" };

		snprintf(line, sizeof(line), "%s%.*s\"}", head, len, fill);
		ck_assert_int_eq(parse(&out, line, NULL, &e), over ? -EINVAL : 0);
		ck_assert_int_eq(parse(&out, line, &x, &e), over ? -EINVAL : 0);
		ck_assert_uint_eq(strlen(x.info), over ? 0 : TARGETS_INFO_LEN - 1);
		ck_assert(!over || strstr(e.msg, "more than 4095 bytes"));
	}
}
END_TEST

/*
 * Numbers that grow when they are written again (the first needs 17 digits, so 0.1 becomes
 * 0.10000000000000001) must not make a line that loads and then fails.
 */
START_TEST(info_of_a_short_line_fits)
{
	char line[PATHSPIDER_INFO_FITS + 8] = "{\"dip\":\"::1\",\"k\":[1.0000000000000002";
	struct target_extra x;
	struct listline out;

	while (strlen(line) < PATHSPIDER_INFO_FITS - 8)
		strcat(line, ",0.1");
	strcat(line, "]}");
	ck_assert_uint_lt(strlen(line), PATHSPIDER_INFO_FITS);
	ck_assert_int_eq(parse(&out, line, &x, NULL), 0);
	ck_assert_uint_gt(strlen(x.info), 4 * strlen(line));
}
END_TEST

UNIT_SUITE(listline)
{
	unit_case(suite, "lines", reads_all_forms, refuses_bad_lines, bounds_domain_and_info,
		  info_of_a_short_line_fits);
}
