#include "payload.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bytes.h"
#include "err.h"
#include "unit.h"

#define DST		"198.18.0.1"
#define DST6		"2001:2::1"

/* A label and a name as long as they may be: 63, and 3 * 64 + 61 = 253. */
#define LABEL16		"abcdefghijklmnop"
#define LABEL61		LABEL16 LABEL16 LABEL16 "abcdefghijklm"
#define LABEL63		LABEL61 "no"
#define NAME253		LABEL63 "." LABEL63 "." LABEL63 "." LABEL61

static uint8_t out[PAYLOAD_MAX + 1];	/* and a NUL, for texts */

static struct payload parsed(const char *s)
{
	struct payload p;

	ck_assert_int_eq(payload_parse(&p, s, NULL), 0);
	return p;
}

static size_t build(const char *word, uint16_t port, const char *domain, const char *dst)
{
	struct payload p = parsed(word);
	size_t len;

	memset(out, 0xee, sizeof(out));
	len = payload_build(&p, port, domain, dst, out);
	ck_assert_uint_le(len, PAYLOAD_MAX);
	ck_assert_uint_eq(out[PAYLOAD_MAX], 0xee);
	out[len] = '\0';
	return len;
}

static const struct {
	const char *word;
	enum payload_type type;
	const char *bytes;
} good_words[] = {
	{ "auto", PAYLOAD_AUTO, "" }, { "none", PAYLOAD_NONE, "" },
	{ "http", PAYLOAD_HTTP, "" }, { "tls", PAYLOAD_TLS, "" },
	{ "dns", PAYLOAD_DNS, "" }, { "text:GET /\\n", PAYLOAD_BYTES, "GET /\\n" },
	{ "hex:01fFA9", PAYLOAD_BYTES, "\x01\xff\xa9" },
};

TEST_EACH(parse_takes, good_words)
{
	struct payload p = parsed(row->word);

	ck_assert_int_eq(p.type, row->type);
	if (p.type != PAYLOAD_BYTES)
		return;
	ck_assert_uint_eq(p.len, strlen(row->bytes));
	ck_assert_mem_eq(p.bytes, row->bytes, p.len);
}

TEST(parse_takes_no_more_than_fits)
{
	char text[5 + 2 * PAYLOAD_MAX + 3];
	struct err e = { "" };
	struct payload p;

	memset(text, 'a', sizeof(text));
	memcpy(text, "text:", 5);
	text[5 + PAYLOAD_MAX] = '\0';
	ck_assert_int_eq(payload_parse(&p, text, &e), 0);
	ck_assert_uint_eq(p.len, PAYLOAD_MAX);
	text[5 + PAYLOAD_MAX] = 'a';
	text[5 + PAYLOAD_MAX + 1] = '\0';
	ck_assert_int_eq(payload_parse(&p, text, &e), -EINVAL);
	ck_assert_ptr_nonnull(strstr(e.msg, "1025"));
	ck_assert_ptr_nonnull(strstr(e.msg, "1024"));

	memset(text, 'a', sizeof(text));
	memcpy(text, "hex:", 4);
	text[4 + 2 * PAYLOAD_MAX] = '\0';
	ck_assert_int_eq(payload_parse(&p, text, NULL), 0);
	ck_assert_uint_eq(p.len, PAYLOAD_MAX);
	ck_assert_uint_eq(p.bytes[PAYLOAD_MAX - 1], 0xaa);
	text[4 + 2 * PAYLOAD_MAX] = 'a';
	text[4 + 2 * PAYLOAD_MAX + 2] = '\0';
	ck_assert_int_eq(payload_parse(&p, text, NULL), -EINVAL);
}

/* What is wrong, and the words that its message must have. */
static const struct { const char *s, *said, *also; } bad_words[] = {
	{ "", "auto, ", "file:FILE" }, { "gopher", "one of", "text:" },
	{ "HTTP", "one of", "http" }, { "file:x", "one of", "none" },
	{ "text", "one of", "text:" }, { "text:", "empty", "none" },
	{ "hex:", "empty", "none" },
	{ "hex:abc", "digits", "3" }, { "hex:0g", "'g'", "hexadecimal" },
	{ "hex:0x", "'x'", "hexadecimal" }, { "hex:0`", "'`'", "hexadecimal" },
};

TEST_EACH(parse_refuses, bad_words)
{
	struct err e = { "" };
	struct payload p;

	ck_assert_int_eq(payload_parse(&p, row->s, &e), -EINVAL);
	ck_assert_msg(strstr(e.msg, row->said) && strstr(e.msg, row->also),
		      "%s: %s", row->s, e.msg);
}

TEST(set_bytes)
{
	uint8_t bytes[PAYLOAD_MAX + 1] = { 7 };
	struct err e = { "" };
	struct payload p;

	ck_assert_int_eq(payload_set_bytes(&p, bytes, PAYLOAD_MAX, &e), 0);
	ck_assert_int_eq(p.type, PAYLOAD_BYTES);
	ck_assert_uint_eq(p.len, PAYLOAD_MAX);
	ck_assert_uint_eq(payload_build(&p, 80, "example.org", DST, out), PAYLOAD_MAX);
	ck_assert_mem_eq(out, bytes, PAYLOAD_MAX);
	ck_assert_int_eq(payload_set_bytes(&p, bytes, PAYLOAD_MAX + 1, NULL), -EINVAL);
	ck_assert_int_eq(payload_set_bytes(&p, bytes, 0, &e), -EINVAL);
	ck_assert_ptr_nonnull(strstr(e.msg, "none"));
}

TEST(none_and_text)
{
	ck_assert_uint_eq(build("none", 80, "example.org", DST), 0);
	ck_assert_uint_eq(build("auto", 22, "example.org", DST), 8);
	ck_assert_str_eq((char *)out, "tfomap\r\n");
	ck_assert_uint_eq(build("text:hello", 443, NULL, DST), 5);
	ck_assert_str_eq((char *)out, "hello");
}

TEST(auto_is_by_port)
{
	static const struct { uint16_t port; const char *word; } cases[] = {
		{ 80, "http" }, { 443, "tls" }, { 53, "dns" },
	};

	for (size_t i = 0; i < N_OF(cases); i++) {
		uint8_t by_port[PAYLOAD_MAX];
		size_t len = build("auto", cases[i].port, "example.org", DST);

		memcpy(by_port, out, len);
		ck_assert_uint_eq(build(cases[i].word, cases[i].port, "example.org", DST), len);
		ck_assert_mem_eq(out, by_port, len);
	}
	build("http", 53, NULL, DST);
	ck_assert_mem_eq(out, "GET ", 4);
}

static const struct {
	const char *word;
	uint16_t port;
	bool varies;
} variants[] = {
	{ "auto", 80, true }, { "auto", 443, true }, { "auto", 53, true },
	{ "auto", 22, false }, { "http", 22, true }, { "tls", 22, true },
	{ "dns", 22, true }, { "none", 80, false }, { "text:x", 80, false },
};

TEST_EACH(varies_with_domain_or_address, variants)
{
	struct payload p = parsed(row->word);
	uint8_t other[PAYLOAD_MAX];
	size_t n, len;

	ck_assert(payload_varies(&p, row->port) == row->varies);
	n = payload_build(&p, row->port, "a.example", DST6, other);
	len = build(row->word, row->port, NULL, DST);
	ck_assert((n != len || memcmp(out, other, n) != 0) == row->varies);
}

TEST(http_request)
{
	static const struct { uint16_t port; const char *domain, *dst, *line; } cases[] = {
		{ 80, NULL, DST, "\r\nHost: 198.18.0.1\r\n" },
		{ 80, "", DST6, "\r\nHost: [2001:2::1]\r\n" },
		{ 8080, "", DST6, "\r\nHost: [2001:2::1]:8080\r\n" },
		{ 8080, "example.org", DST6, "\r\nHost: example.org:8080\r\n" },
		{ 65535, "example.org.", DST, "\r\nHost: example.org:65535\r\n" },
		{ 80, NAME253, DST, "\r\nHost: " NAME253 "\r\n" },
	};

	build("http", 80, "www.example.org", DST);
	ck_assert_str_eq((char *)out, "GET / HTTP/1.1\r\nHost: www.example.org\r\n"
			 "User-Agent: tfomap\r\nAccept: */*\r\nConnection: close\r\n\r\n");
	for (size_t i = 0; i < N_OF(cases); i++) {
		build("http", cases[i].port, cases[i].domain, cases[i].dst);
		ck_assert_ptr_nonnull(strstr((char *)out, cases[i].line));
	}
}

/* What is no host name goes nowhere: the payload is that of a target without one. */
TEST(hostile_names_are_not_used)
{
	static const char *const names[] = {
		"a b", "a\r\nX-Evil: 1", "a\n", "a/b", "a:80", "[::1]", "a..b", ".a", ".", "..",
		"a..",
		"-a.org", "a-.org", "b\xc3\xbc.de", "192.0.2.1", "a.1", "42", "a\tb", "a%00", "a@b",
		"a.org\x01", LABEL63 "x.org", NAME253 "x", NAME253 "x.", "a`b", "a{b", "A[b",
		NAME253 ".x",
	};
	static const char *const words[] = { "http", "tls", "dns" };

	for (size_t w = 0; w < N_OF(words); w++) {
		struct payload p = parsed(words[w]);
		uint8_t without[PAYLOAD_MAX];
		size_t n = payload_build(&p, 80, NULL, DST, without);

		for (size_t i = 0; i < N_OF(names); i++) {
			ck_assert_msg(build(words[w], 80, names[i], DST) == n, "%s", names[i]);
			ck_assert_mem_eq(out, without, n);
		}
	}
}

static const char *const host_names[] = {
	"a", "a.b", "localhost", "_dmarc.example.org", "x--y.example", "1.example",
	"3com.com",
	"xn--bcher-kva.example", "WWW.Example.ORG", LABEL63 ".org", NAME253, "a.1b",
	"0.9.az.AZ",
};

TEST_EACH(host_names_are_used, host_names)
{
	build("http", 80, *row, DST);
	ck_assert_msg(strstr((char *)out, *row), "%s", *row);
}

/* Reads the one question of a DNS message into text, dots after labels; returns QTYPE. */
static unsigned int dns_walk(size_t len, char name[static 256])
{
	size_t at = 14, n = 0;

	ck_assert_uint_eq(get_be16(out), len - 2);
	ck_assert_uint_eq(get_be16(out + 4), 0x0100);	/* a query, recursion desired */
	ck_assert_mem_eq(out + 6, "\0\1\0\0\0\0\0\0", 8);
	while (out[at]) {
		size_t label = out[at];

		ck_assert_uint_le(label, 63);
		ck_assert_uint_lt(at + label, len);
		memcpy(name + n, out + at + 1, label);
		name[n + label] = '.';
		n += label + 1;
		at += label + 1;
	}
	name[n] = '\0';
	ck_assert_uint_eq(at + 5, len);
	ck_assert_uint_eq(get_be16(out + at + 3), 1);	/* IN */
	return get_be16(out + at + 1);
}

TEST(dns_query)
{
	char name[256];
	size_t len = build("dns", 53, "www.example.org", DST);

	ck_assert_uint_eq(dns_walk(len, name), 1);
	ck_assert_str_eq(name, "www.example.org.");
	ck_assert_uint_eq(dns_walk(build("dns", 53, "a.", DST), name), 1);
	ck_assert_str_eq(name, "a.");
	ck_assert_uint_eq(dns_walk(build("dns", 53, NAME253, DST), name), 1);
	ck_assert_str_eq(name, NAME253 ".");
	ck_assert_uint_eq(dns_walk(build("dns", 53, NULL, DST), name), 2);
	ck_assert_str_eq(name, "");
}

/* Reads a ClientHello length by length; *sni is where the name stands, NULL: no such extension. */
static void tls_walk(size_t len, const uint8_t **sni, size_t *sni_len)
{
	size_t at = 5 + 4, end, n_exts = 0;
	bool versions = false, key_share = false;

	ck_assert_uint_eq(out[0], 22);
	ck_assert_uint_eq(get_be16(out + 3), len - 5);
	ck_assert_uint_eq(out[5], 1);
	ck_assert_uint_eq(get_be32(out + 5) & 0xffffff, len - 9);
	ck_assert_uint_eq(get_be16(out + at), 0x0303);
	at += 2 + 32;
	at += 1 + out[at];				/* session id */
	ck_assert_uint_eq(get_be16(out + at) % 2, 0);
	at += 2 + get_be16(out + at);			/* cipher suites */
	ck_assert_mem_eq(out + at, "\1\0", 2);		/* compression */
	at += 2;
	end = at + 2 + get_be16(out + at);
	ck_assert_uint_eq(end, len);
	*sni = NULL;
	for (at += 2; at < end; n_exts++) {
		const uint8_t *body = out + at + 4;
		size_t n = get_be16(out + at + 2);
		uint16_t type = get_be16(out + at);

		ck_assert_uint_le(at + 4 + n, end);
		if (type == 0) {
			ck_assert_uint_eq(get_be16(body), n - 2);
			ck_assert_uint_eq(body[2], 0);
			ck_assert_uint_eq(get_be16(body + 3), n - 5);
			*sni = body + 5;
			*sni_len = n - 5;
		} else if (type == 43) {
			ck_assert_uint_eq(body[0], n - 1);
			versions = true;
		} else if (type == 51) {
			ck_assert_uint_eq(get_be16(body), n - 2);
			ck_assert_uint_eq(get_be16(body + 2), 0x1d);
			ck_assert_uint_eq(get_be16(body + 4), n - 6);
			key_share = true;
		} else if (type == 10 || type == 13) {
			ck_assert_uint_eq(get_be16(body), n - 2);
		} else if (type == 11) {
			ck_assert_uint_eq(body[0], n - 1);
		} else {
			ck_assert_uint_eq(n, 0);
		}
		at += 4 + n;
	}
	ck_assert_uint_eq(at, end);
	ck_assert_uint_eq(n_exts, *sni ? 7 : 6);
	ck_assert(versions && key_share);
}

TEST(tls_client_hello)
{
	static const char *const names[] = { "a", "www.example.org", NAME253 };
	const uint8_t *sni;
	size_t sni_len;

	tls_walk(build("tls", 443, NULL, DST), &sni, &sni_len);
	ck_assert_ptr_null(sni);
	for (size_t i = 0; i < N_OF(names); i++) {
		tls_walk(build("tls", 443, names[i], DST), &sni, &sni_len);
		ck_assert_uint_eq(sni_len, strlen(names[i]));
		ck_assert_mem_eq(sni, names[i], sni_len);
	}
	tls_walk(build("tls", 443, "example.org.", DST), &sni, &sni_len);
	ck_assert_uint_eq(sni_len, strlen("example.org"));
}
