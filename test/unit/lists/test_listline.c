#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/lines.h"
#include "err.h"
#include "lists/listline.h"
#include "lists/listline_parse.h"
#include "unit.h"

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
	/* What PATHspider's have beside is info, whatever it is called. */
	{ "{\"ip\":\"198.18.0.9\",\"port\":9,\"dip\":\"198.18.0.1\",\"proto\":\"x\"}",
	  "198.18.0.1", 0, NULL, "{\"ip\":\"198.18.0.9\",\"port\":9,\"proto\":\"x\"}" },
	/* Arrays, on one line or over several. */
	{ "[{\"dip\":\"198.18.0.1\"}]", "198.18.0.1", 0, NULL, NULL },
	{ "[ {\"dip\":\"198.18.0.1\"},", "198.18.0.1", 0, NULL, NULL },
	{ ",{\"dip\":\"198.18.0.1\"}", "198.18.0.1", 0, NULL, NULL },
	/* tfomap's rows, which have more keys; zmap, masscan's two, naabu */
	{ "{\"ip\":\"198.18.0.1\",\"port\":80,\"domain\":\"a.example\",\"verdict\":\"accepted\","
	  "\"rtt_ms\":0.1,\"flows\":[],\"info\":{\"rank\":7}}", "198.18.0.1", 80, "a.example",
	  "{\"rank\":7}" },
	{ "{\"ip\":\"2001:2::1\",\"port\":443,\"domain\":null,\"info\":null}", "2001:2::1", 443,
	  NULL, NULL },
	{ "{\"saddr\":\"198.18.0.1\",\"sport\":443,\"daddr\":\"198.18.0.9\",\"dport\":40000}",
	  "198.18.0.1", 443, NULL, NULL },
	{ "{\"saddr\":\"198.18.0.1\"}", "198.18.0.1", 0, NULL, NULL },
	{ "{   \"ip\": \"198.18.0.1\",   \"timestamp\": \"1616161616\", \"ports\": [ {"
	  "\"port\": 80, "
	  "\"proto\": \"tcp\", \"status\": \"open\", \"reason\": \"syn-ack\", \"ttl\": 64} ] },",
	  "198.18.0.1", 80, NULL, NULL },
	{ "{\"ip\":\"198.18.0.1\",\"timestamp\":\"1\",\"port\":80,\"proto\":\"tcp\",\"rec_type\":"
	  "\"status\",\"data\":{\"status\":\"open\"}}", "198.18.0.1", 80, NULL, NULL },
	{ "{\"host\":\"www.example.org\",\"ip\":\"198.18.0.1\",\"port\":80}", "198.18.0.1", 80,
	  "www.example.org", NULL },
	{ "{\"host\":\"198.18.0.1\",\"ip\":\"198.18.0.1\",\"port\":80,\"protocol\":\"tcp\"}",
	  "198.18.0.1", 80, NULL, NULL },
	{ "open tcp 443 198.18.0.1 1390380064", "198.18.0.1", 443, NULL, NULL },
	{ "open\ttcp  0443 2001:2::1", "2001:2::1", 443, NULL, NULL },
	{ "banner tcp 80 198.18.0.1 1390380064 http HTTP/1.1 200, OK", "198.18.0.1", 80, NULL,
	  NULL },
	{ "\"198.18.0.1\",\"80\",\"a.example\"", "198.18.0.1", 80, "a.example", NULL },
	{ "{\"dip\":\"198.18.0.9\",\"dip\":\"198.18.0.1\",\"dp\":1,\"dp\":2}", "198.18.0.1", 2,
	  NULL, NULL },
};

/* What a list gave: its targets, as far as there is room. */
static struct seen {
	struct listline v[4];
	size_t n;
} seen;

static int see(void *arg, const struct listline *l, struct err *e)
{
	struct seen *s = arg;

	(void)e;
	ck_assert_uint_lt(s->n, N_OF(s->v));
	s->v[s->n++] = *l;
	return 0;
}

/* Parses a line behind others of l, as the lines of a file come: trimmed. */
static int parse_next(struct listline *l, const char *line, struct err *e)
{
	static char buf[LINES_MAX];

	seen.n = 0;
	snprintf(buf, sizeof(buf), "%s", line);
	return listline_parse(l, buf, e);
}

static int parse(const char *line, struct err *e)
{
	struct listline l;

	listline_init(&l, see, &seen);
	return parse_next(&l, line, e);
}

static void expect(const struct listline *l, const char *line, const char *a, uint16_t port,
		   const char *domain, const char *info)
{
	char got[ADDR_STRLEN];

	addr_format(l->ip, got);
	ck_assert_msg(strcmp(got, a) == 0, "%s: %s", line, got);
	ck_assert_msg(l->port == port, "%s: port %u", line, l->port);
	ck_assert_msg(strcmp(l->x.domain, domain ? domain : "") == 0, "%s: %s", line, l->x.domain);
	ck_assert_msg(strcmp(l->x.info, info ? info : "") == 0, "%s: %s", line, l->x.info);
}

TEST_EACH(reads_all_forms, good)
{
	struct err e = { "" };

	ck_assert_msg(parse(row->line, &e) == 0, "%s: %s", row->line, e.msg);
	ck_assert_msg(seen.n == 1, "%s: %zu targets", row->line, seen.n);
	expect(&seen.v[0], row->line, row->ip, row->port, row->domain,
	       row->info);
}

/* Rows have a domain as it was named, requests as DNS has it; mapped as browsers do. */
TEST(names_in_their_own_script)
{
	static const char *const names[][2] = {
		{ "b\xc3\xbc" "cher.example", "xn--bcher-kva.example" },
		{ "B\xc3\x9c" "CHER.example", "xn--bcher-kva.example" },
		{ "bu\xcc\x88" "cher.example", "xn--bcher-kva.example" },
		{ "stra\xc3\x9f" "e.example.", "xn--strae-oqa.example." },
		{ "\xe4\xbe\x8b\xe3\x81\x88.\xe3\x83\x86\xe3\x82\xb9\xe3\x83\x88",
		  "xn--r8jz45g.xn--zckzah" },
		{ "xn--bcher-kva.example", "xn--bcher-kva.example" },
		{ "WWW.example", "WWW.example" }, { "a_b.example", "a_b.example" },
	};
	static const char *const forms[][2] = {
		{ "198.18.0.1,80,", "" }, { "{\"dip\":\"198.18.0.1\",\"domain\":\"", "\"}" },
		{ "{\"ip\":\"198.18.0.1\",\"host\":\"", "\"}" },
	};

	for (size_t i = 0; i < N_OF(names) * N_OF(forms); i++) {
		const char *const *name = names[i / N_OF(forms)];
		struct err e = { "" };
		char line[256];

		snprintf(line, sizeof(line), "%s%s%s", forms[i % N_OF(forms)][0], name[0],
			 forms[i % N_OF(forms)][1]);
		ck_assert_msg(parse(line, &e) == 0, "%s: %s", line, e.msg);
		ck_assert_str_eq(seen.v[0].x.domain, name[0]);
		ck_assert_str_eq(seen.v[0].x.wire, name[1]);
	}
}

TEST(several_or_none_in_a_line)
{
	static const char *const none[] = {
		"[", "]", ",", "[]", "[ ]", "{finished: 1}", "saddr", "ip,port",
		"open udp 53 198.18.0.1 1390380064", "open icmp 0 198.18.0.1 1390380064",
		"{\"ip\":\"198.18.0.1\",\"port\":53,\"protocol\":\"udp\"}",
		"{\"ip\":\"198.18.0.1\",\"ports\":[{\"port\":53,\"proto\":\"udp\"}]}",
	};
	static const char two[] = "[{\"ip\":\"198.18.0.1\",\"ports\":[{\"port\":80},{\"port\":9,"
		"\"proto\":\"sctp\"},{\"port\":443,\"proto\":\"tcp\"}]}, {\"dip\":\"::1\","
		"\"a\":1}] # x";
	struct err e = { "" };
	struct listline l;

	for (size_t i = 0; i < N_OF(none); i++) {
		ck_assert_msg(parse(none[i], &e) == 0, "%s: %s", none[i], e.msg);
		ck_assert_msg(seen.n == 0, "%s", none[i]);
	}
	listline_init(&l, see, &seen);
	ck_assert_msg(parse_next(&l, two, &e) == 0, "%s", e.msg);
	ck_assert_uint_eq(seen.n, 3);
	expect(&seen.v[0], two, "198.18.0.1", 80, NULL, NULL);
	expect(&seen.v[1], two, "198.18.0.1", 443, NULL, NULL);
	expect(&seen.v[2], two, "::1", 0, NULL, "{\"a\":1}");
	ck_assert_uint_eq(l.n_other, 1);
}

/* A header: the line, what a row below it is, and what that says. */
static const struct {
	const char *header, *row, *ip;
	uint16_t port;
	const char *domain;
} a_header_names_the_columns_lists[] = {
	{ "ip,port,domain,verdict", "198.18.0.1,80,a.example,accepted", "198.18.0.1", 80,
	  "a.example" },
	{ "verdict,port,ip", "accepted,443,2001:2::1", "2001:2::1", 443, NULL },
	{ "ip,port,signals,notes", "198.18.0.1,443,,\"a, \"\"b\"\"\"", "198.18.0.1", 443,
	  NULL },
	{ "saddr", "198.18.0.1", "198.18.0.1", 0, NULL },
	{ "\"saddr\", \"sport\"", "198.18.0.1, 80", "198.18.0.1", 80, NULL },
	{ "saddr,daddr,sport,dport,classification", "198.18.0.1,198.18.9.9,80,4711,synack",
	  "198.18.0.1", 80, NULL },
	{ "dip,dp,domain", "198.18.0.1,,a.example", "198.18.0.1", 0, "a.example" },
	/* The words of one tool count: zmap's beside ip are other columns. */
	{ "saddr,sport,ip,port", "2.2.2.2,9,198.18.0.1,7", "198.18.0.1", 7, NULL },
	{ "ip,port,dip,dp", "2.2.2.2,9,198.18.0.1,7", "198.18.0.1", 7, NULL },
};

TEST_EACH(a_header_names_the_columns, a_header_names_the_columns_lists)
{
	struct err e = { "" };
	struct listline l;

	listline_init(&l, see, &seen);
	ck_assert_int_eq(parse_next(&l, row->header, &e), 0);
	ck_assert_uint_eq(seen.n, 0);
	/* As it comes again where files were put together. */
	for (int n = 0; n < 2; n++) {
		ck_assert_msg(parse_next(&l, row->row, &e) == 0, "%s", e.msg);
		ck_assert_uint_eq(seen.n, 1);
		expect(&seen.v[0], row->row, row->ip, row->port,
		       row->domain, NULL);
		ck_assert_int_eq(parse_next(&l, row->header, &e), 0);
	}
	ck_assert_int_eq(parse_next(&l, "{\"dip\":\"198.18.0.7\"}", &e), 0);
	ck_assert_uint_eq(seen.n, 1);
}

TEST(rows_are_as_their_header)
{
	static const char *const bad[][2] = {
		{ "198.18.0.1", "1 field, but the header line names 3 columns" },
		{ "198.18.0.1,80,x,y", "4 fields, but the header line names 3 columns" },
		{ "198.18.0.1,80,\"x", "field 3: the closing quote is missing" },
		{ "www.example.org,80,x", "a name" }, { "198.18.0.1,x,y", "port x: must be" },
		{ ",80,x", "address is missing" }, { "198.18.0.1,80,a b", "no name has" },
	};
	struct listline l;

	listline_init(&l, see, &seen);
	ck_assert_int_eq(parse_next(&l, "ip,port,domain", NULL), 0);
	for (size_t i = 0; i < N_OF(bad); i++) {
		struct err e = { "" };

		ck_assert_msg(parse_next(&l, bad[i][0], &e) == -EINVAL, "%s", bad[i][0]);
		ck_assert_msg(strstr(e.msg, bad[i][1]), "%s: %s", bad[i][0], e.msg);
		ck_assert_uint_eq(seen.n, 0);
	}
}

/* An address that may have been meant with a port is told of, as it stands; no other is. */
TEST(reports_bare_addresses)
{
	struct listline l;

	listline_init(&l, see, &seen);
	ck_assert_int_eq(parse_next(&l, "2001:2::1:80 # x", NULL), 0);
	ck_assert_str_eq(seen.v[0].bare, "2001:2::1:80");
	ck_assert_int_eq(parse_next(&l, "[2001:2::1:80]", NULL), 0);
	ck_assert_ptr_null(seen.v[0].bare);
	ck_assert_int_eq(parse_next(&l, "198.18.0.1", NULL), 0);
	ck_assert_ptr_null(seen.v[0].bare);
	ck_assert_int_eq(parse_next(&l, "2001:2::1:80,443", NULL), 0);
	ck_assert_ptr_null(seen.v[0].bare);
}

/* Whatever a line is, it is taken or refused with a reason: no byte too many is read. */
TEST(survives_any_line)
{
	static const char pool[] = "198.18.0.1:80,[]{}\"\\ \t#;/-%ipsaddrtcpopen\x9b\xc3\xa9::";
	uint32_t state = 7;
	char line[96];

	for (unsigned int round = 0; round < 20000; round++) {
		struct err e = { "" };
		struct listline l;
		size_t n;

		listline_init(&l, see, &seen);
		for (int k = 0; k < 2; k++) {
			state = state * 1664525 + 1013904223;
			n = 1 + (state >> 16) % (sizeof(line) - 1);
			for (size_t i = 0; i < n; i++) {
				state = state * 1664525 + 1013904223;
				line[i] = pool[(state >> 16) % (sizeof(pool) - 1)];
			}
			line[n] = '\0';
			if (!*lines_trim(line))
				continue;
			if (parse_next(&l, lines_trim(line), &e))
				ck_assert_msg(e.msg[0], "%s: no reason", line);
		}
	}
}

static const char *const refuses_bad_lines_bad[][2] = {
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
	{ "198.18.0.1,80,\"a,b\"", "no name has the character ','" },
	{ "198.18.0.1,80,a\xc2\x9b", "no name has the character U+009B" },
	{ "198.18.0.1,80,a\xe2\x80\xae" "b", "no name has the character U+202E" },
	{ "198.18.0.1,80,\xe2\x98\x83\xcc\x88\xef\xbf\xbe.example",
	  ": not a name in UTF-8: " },
	{ "198.18.0.1,80,\xef\xbb\xbf", ": no name: in ASCII it is empty" },
	{ "198.18.0.1,80,a\xef\xbc\x8f" "b.example",
	  ": no name: in ASCII it has the character '/'" },
	{ "198.18.0.1,80,a\xe3\x80\x80" "b", ": no name: in ASCII it has the character ' '" },
	{ "b\xc3\xbc" "cher.example", "a name, not an address" },
	{ "198.18.0.1,80,ab\x9b", "not UTF-8 (byte 3)" },
	{ "{\"dip\":\"198.18.0.1\",\"domain\":\"a\\u202eb\"}",
	  "no name has the character U+202E" },
	{ "{\"dip\":\"198.18.0.1\"", "not a JSON object" },
	{ "{\"dip\":\"198.18.0.1\"} 7", "more follows" },
	{ "{\"dp\":443}", "no \"dip\"" },
	{ "{\"dip\":7}", "no \"dip\"" },
	{ "{\"domain\":\"x\"}", "no \"dip\", \"ip\" or \"saddr\": the address" },
	{ "{\"ip\":\"198.18.0.1\",\"port\":\"80\"}", "\"port\": the port must be" },
	{ "{\"saddr\":\"198.18.0.1\",\"sport\":0}", "\"sport\": the port must be" },
	{ "{\"ip\":\"198.18.0.1\",\"ports\":[{\"port\":65536}]}", "\"port\": the port" },
	{ "[{\"dip\":\"198.18.0.1\"}] x", "more follows" },
	{ "open tcp 443", "address is missing" }, { "open tcp", "address is missing" },
	{ "open tcp x 198.18.0.1", "port x" },
	{ "open www.example.org", "address is missing" },
	{ ",,", "address is missing" },
	{ "ipx,port", "a name" }, { "\"198.18.0.1,80", "closing quote" },
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

TEST_EACH(refuses_bad_lines, refuses_bad_lines_bad)
{
	struct err e = { "" };

	ck_assert_msg(parse((*row)[0], &e) == -EINVAL, "%s", (*row)[0]);
	ck_assert_msg(strstr(e.msg, (*row)[1]), "%s: %s", (*row)[0], e.msg);
}

/* A domain of 253 bytes, info of 4095: they fit; one byte more is refused. */
TEST(bounds_domain_and_info)
{
	static char line[LINES_MAX], fill[LINES_MAX];
	const char *head = "{\"dip\":\"198.18.0.1\",\"k\":\"";
	const size_t frame = strlen("{\"k\":\"\"}");

	memset(fill, 'a', sizeof(fill) - 1);
	snprintf(line, sizeof(line), "198.18.0.1,80,%.253s", fill);
	ck_assert_int_eq(parse(line, NULL), 0);
	ck_assert_uint_eq(strlen(seen.v[0].x.domain), 253);
	snprintf(line, sizeof(line), "198.18.0.1,80,%.254s", fill);
	ck_assert_int_eq(parse(line, NULL), -EINVAL);

	for (int over = 0; over < 2; over++) {
		int len = (int)(TARGETS_INFO_LEN - 1 - frame) + over;
		struct err e = { "" };

		snprintf(line, sizeof(line), "%s%.*s\"}", head, len, fill);
		ck_assert_int_eq(parse(line, &e), over ? -EINVAL : 0);
		if (!over)
			ck_assert_uint_eq(strlen(seen.v[0].x.info), TARGETS_INFO_LEN - 1);
		ck_assert(!over || strstr(e.msg, "more than 4095 bytes"));
	}
}
