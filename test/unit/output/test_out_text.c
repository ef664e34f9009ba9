/* out_text: what people read, for each verdict; widths, colours, and names that others wrote. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "evidence.h"
#include "locate.h"
#include "output/out.h"
#include "output/result.h"
#include "output/verdict_text.h"
#include "sample.h"
#include "text.h"
#include "unit.h"

static char text[16384];

/* The row as text; it stays until the next one. */
static const char *written(const struct result *r, unsigned int columns, bool colours)
{
	static const struct result_selection none = { NULL, 0 };
	struct out o;

	out_init(&o, FORMAT_text, &none);
	o.columns = columns;
	o.colours = colours;
	ck_assert_int_eq(out_row(&o, r), 0);
	ck_assert_uint_lt(o.len, sizeof(text));
	memcpy(text, o.p, o.len);
	text[o.len] = '\0';
	out_close(&o);
	return text;
}

static void fill(struct result *r, struct sample *s, enum verdict v)
{
	sample_init(s);
	result_from_target(r, &s->ev, NULL, v, SAMPLE_OFFSET_NS);
}

/* The same without its line ends. */
static const char *flat(const struct result *r)
{
	char *s = text;

	written(r, 100, false);
	while ((s = strstr(s, "\n  "))) {
		*s = ' ';
		memmove(s + 1, s + 3, strlen(s + 3) + 1);
	}
	return text;
}

static size_t longest_line(const char *s)
{
	size_t longest = 0;

	while (*s) {
		size_t n = strcspn(s, "\n");

		longest = n > longest ? n : longest;
		s += n + 1;
	}
	return longest;
}

TEST(whole)
{
	struct sample s;
	struct result r;

	fill(&r, &s, VERDICT_ACCEPTED);
	r.domain = "www.example.org";
	ck_assert_str_eq(written(&r, 0, false),
		"192.0.2.7 port 443, www.example.org\n"
		"  accepted: gives an 8-byte cookie and took 10 of 10 bytes of data; its answer\n"
		"  came before the handshake ended (240 bytes). TCP Fast Open works with this\n"
		"  server and on the path to it.\n"
		"  The data probe was answered after 12.346 ms; 3 SYNs sent.\n"
		"  Signal reply-before-ack: data before any ACK of ours.\n"
		"  Next: TcpExtTCPFastOpenPassive (nstat) counts these on a Linux server.\n"
		"\n");
}

/* Every figure that a text names is there, and the verdict's word is the first. */
TEST_TIMES(each_verdict, VERDICTS)
{
	enum verdict v = (enum verdict)_i;
	struct sample s;
	struct result r;
	char word[64];

	fill(&r, &s, v);
	snprintf(word, sizeof(word), "\n  %s: ", verdict_types[v].name);
	ck_assert_ptr_nonnull(strstr(written(&r, 0, false), word));
	ck_assert_msg(!strpbrk(text, "{}\x1b"), "%s", text);
	ck_assert_ptr_nonnull(strstr(text, "\n  Next: "));
	ck_assert_uint_le(longest_line(text), 80);
	ck_assert_uint_ge(strlen(verdict_texts[v].means), 20);
}

/* Never wider than the terminal, but on one that is too narrow for anything. */
TEST(widths)
{
	static const struct { unsigned int columns, longest; } rows[] = {
		{ 40, 40 }, { 60, 60 }, { 100, 100 }, { 300, 100 }, { 10, 40 },
	};

	for (size_t i = 0; i < N_OF(rows); i++)
		for (unsigned int v = 0; v < VERDICTS; v++) {
			struct sample s;
			struct result r;

			fill(&r, &s, (enum verdict)v);
			ck_assert_uint_le(longest_line(written(&r, rows[i].columns, false)),
					  rows[i].longest);
		}
}

TEST(colours)
{
	struct sample s;
	struct result r;

	fill(&r, &s, VERDICT_ACCEPTED);
	ck_assert_ptr_nonnull(strstr(written(&r, 0, true), "\x1b[1;32maccepted\x1b[0m: gives"));
	fill(&r, &s, VERDICT_DATA_BLOCKED);
	ck_assert_ptr_nonnull(strstr(written(&r, 0, true), "\x1b[1;31mdata-blocked\x1b[0m: "));
}

/* A list's names are others' words: none acts on the terminal. */
TEST(hostile_name)
{
	struct sample s;
	struct result r;

	fill(&r, &s, VERDICT_ACCEPTED);
	r.domain = "a\x1b[2Jb\nc\x07\xff";
	ck_assert_ptr_nonnull(strstr(written(&r, 0, false), ", a?[2Jb?c??\n"));
}

TEST(silent)
{
	struct sample s;
	struct result r;

	sample_init_silent(&s);
	result_from_target(&r, &s.ev, NULL, VERDICT_OFFLINE, SAMPLE_OFFSET_NS);
	ck_assert_ptr_nonnull(strstr(written(&r, 0, false), "  offline: no answer to 1 SYN. "));
	ck_assert_ptr_null(strstr(text, "answered after"));
	ck_assert_ptr_nonnull(strstr(text, "\n  1 SYN sent.\n"));
}

static struct result_number number(uint64_t v)
{
	return (struct result_number){ v, true };
}

TEST(located)
{
	struct sample s;
	struct result r;

	fill(&r, &s, VERDICT_REQUEST_BLOCKED);
	r.hops = number(9);
	r.hop_low = number(0);
	ck_assert_ptr_nonnull(strstr(written(&r, 0, false), "; 9 hops away."));
	ck_assert_ptr_nonnull(strstr(text, "  The fault lies after this host.\n"));
	r.hop_low = number(3);
	r.hop_low_ip = addr_from_v4(0xc6120003);
	r.hop_high = number(5);
	ck_assert_ptr_nonnull(strstr(written(&r, 0, false),
		"  The fault lies after hop 3 (198.18.0.3), at hop 5 or before it.\n"));
}

/* What is not in every row: a cookie of a file, several cookies, a second test. */
TEST(figures)
{
	struct sample s;
	struct result r;

	fill(&r, &s, VERDICT_STALLED);
	r.response_len = number(0);
	r.plain_response_len = number(1);
	r.cookie_from = "file";
	r.cookie_age_s = number(86400);
	r.cookies_seen = number(3);
	r.confirmed = number(0);
	flat(&r);
	ck_assert_ptr_nonnull(strstr(text, "0 bytes of response, 1 byte without TFO"));
	ck_assert_ptr_nonnull(strstr(text, "The cookie was from the cookie file, 86400 s old."));
	ck_assert_ptr_nonnull(strstr(text, "3 different cookies came."));
	ck_assert_ptr_nonnull(strstr(text, "A first test said something else."));

	fill(&r, &s, VERDICT_UNREACHABLE);
	r.icmp_type = number(3);
	r.icmp_code = number(13);
	r.icmp_from = addr_from_v4(0xc6120003);
	ck_assert_ptr_nonnull(strstr(flat(&r), "(administratively prohibited, type 3, code 13)."));
}

/* What was done already is not advised once more. */
static const struct {
	enum verdict verdict;
	enum plan_name plan;
	bool requests;
	const char *has, *lacks;
} advice[] = {
	{ VERDICT_OFFLINE, PLAN_SURVEY, false, "--plan path", "[" },
	{ VERDICT_OFFLINE, PLAN_PATH, false, "(curl, nc).", "--plan" },
	{ VERDICT_SECOND_BLOCKED, PLAN_SURVEY, false, "--plan path shows what of it is blocked. "
	  "--plan locate shows where", "[" },
	{ VERDICT_SECOND_BLOCKED, PLAN_FULL, false, "data on SYNs. --plan locate shows where",
	  "--plan path" },
	{ VERDICT_SECOND_BLOCKED, PLAN_LOCATE, false, "data on SYNs.", "--plan" },
	{ VERDICT_NO_COOKIE, PLAN_COMPLETE, false, "--plan locate", "]" },
	{ VERDICT_NO_COOKIE, PLAN_LOCATE, false, "haproxy: bind ... tfo).", "--plan" },
	{ VERDICT_REFUSED, PLAN_SURVEY, false, "--requests 8", "[" },
	{ VERDICT_REFUSED, PLAN_SURVEY, true, "PassiveFail.", "--requests" },
};

TEST_EACH(advice, advice)
{
	const struct verdict_text_run run = { row->plan, row->requests };
	char next[1024];
	struct sample s;
	struct result r;
	struct text t;

	fill(&r, &s, row->verdict);
	text_init(&t, next, sizeof(next));
	verdict_text_next(&t, &r, &run);
	ck_assert_msg(strstr(next, row->has) && !strstr(next, row->lacks), "%s", next);
}

/* What most clients cannot use is not said to work. */
TEST(experimental)
{
	struct sample s;
	struct result r;

	sample_init(&s);
	s.flows[1].synkind = 254;
	result_from_target(&r, &s.ev, NULL, VERDICT_ACCEPTED, SAMPLE_OFFSET_NS);
	flat(&r);
	ck_assert_ptr_nonnull(strstr(text, "(in the experimental option) and took 10 of 10"));
	ck_assert_ptr_nonnull(strstr(text, "option (kind 254) alone: clients"));
	ck_assert_ptr_null(strstr(text, "works with this server"));
}

/* A walk that names no hop says what it saw. */
TEST(walked)
{
	struct locate *l = calloc(1, locate_size(5));
	struct sample s;
	struct result r;

	ck_assert_ptr_nonnull(l);
	l->max = 5;
	fill(&r, &s, VERDICT_NO_COOKIE);
	r.path = l;
	ck_assert_ptr_nonnull(strstr(flat(&r), "No hop can be named: 0 answered, and none quoted"));
	for (unsigned int ttl = 1; ttl <= 3; ttl++)
		l->hop[ttl] = (struct locate_hop){ .ip = addr_from_v4(0xc6120000 + ttl),
						   .rtt_ns = 1, .option = LOCATE_WHOLE };
	ck_assert_ptr_nonnull(strstr(flat(&r), "3 answered, and the option was whole as far as "
				     "hop 3 (198.18.0.3)."));
	free(l);
}
