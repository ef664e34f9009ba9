#include <string.h>

#include "evidence.h"
#include "quote.h"
#include "unit.h"
#include "wire.h"

#define DATA "GET / HTTP/1.1\r\n"
#define LEN 16
#define COOKIE_OPTS "020405b4" "220a3021b9d889017eeb" "0101"

static const struct addr us = { 0, 0xffffc6130001 }, target = { 0, 0xffffc6120001 };
static const struct addr us6 = { 0x2001000200000000, 1 }, target6 = { 0x2001000200000018, 7 };

/* What is quoted, and what it shows; have: bytes from the IP header on; 0: all. */
static const struct {
	const char *what, *opts, *data;
	size_t have;
	enum locate_part option, rest;
} quotes[] = {
	{ "whole", COOKIE_OPTS, DATA, 0, LOCATE_WHOLE, LOCATE_WHOLE },
	{ "8 bytes of TCP", COOKIE_OPTS, DATA, 28, LOCATE_UNKNOWN, LOCATE_UNKNOWN },
	{ "without options", COOKIE_OPTS, DATA, 40, LOCATE_UNKNOWN, LOCATE_UNKNOWN },
	{ "a part of the option", COOKIE_OPTS, DATA, 50, LOCATE_UNKNOWN, LOCATE_UNKNOWN },
	{ "the option alone", COOKIE_OPTS, DATA, 54, LOCATE_WHOLE, LOCATE_UNKNOWN },
	{ "no data", COOKIE_OPTS, DATA, 56, LOCATE_WHOLE, LOCATE_UNKNOWN },
	{ "7 bytes of data", COOKIE_OPTS, DATA, 63, LOCATE_WHOLE, LOCATE_UNKNOWN },
	{ "8 bytes of data", COOKIE_OPTS, DATA, 64, LOCATE_WHOLE, LOCATE_WHOLE },
	{ "NOPs", "020405b4" "01010101010101010101" "0101", DATA, 0, LOCATE_GONE, LOCATE_WHOLE },
	{ "a shorter header", "020405b4", DATA, 0, LOCATE_GONE, LOCATE_WHOLE },
	{ "another cookie", "020405b4" "220aaaaaaaaaaaaaaaaa" "0101", DATA, 0, LOCATE_CHANGED,
	  LOCATE_WHOLE },
	{ "another kind", "020405b4" "fe0cf9893021b9d889017eeb", DATA, 0, LOCATE_CHANGED,
	  LOCATE_WHOLE },
	{ "broken options", "020405b4" "2200", DATA, 0, LOCATE_UNKNOWN, LOCATE_WHOLE },
	{ "data gone", COOKIE_OPTS, "", 0, LOCATE_WHOLE, LOCATE_GONE },
	{ "other data", COOKIE_OPTS, "HELLO, WORLD! :)", 0, LOCATE_WHOLE, LOCATE_CHANGED },
	{ "less data", COOKIE_OPTS, "GET / HTTP", 0, LOCATE_WHOLE, LOCATE_UNKNOWN },
};

static struct flow sent(void)
{
	struct flow f = { .kind = PROBE_DATA, .synkind = TFO_KIND, .synlen = 8, .dlen = LEN };

	wire_hex("3021b9d889017eeb", f.syncookie);
	return f;
}

/* An ICMP error that quotes the SYN as it is there; the place of the quote in it. */
static size_t make(bool v6, const char *opts, const char *data, size_t have, uint8_t *out)
{
	uint8_t area[40], syn[WIRE_MAX];
	struct wire w = {
		.src = v6 ? us6 : us, .dst = v6 ? target6 : target, .sport = 10000, .dport = 443,
		.flags = TCP_SYN, .opts = area, .payload_len = strlen(data),
	};
	size_t len, head;

	w.opts_len = wire_hex(opts, area);
	len = wire_tcp(&w, syn);
	head = len - w.payload_len;
	memcpy(syn + head, data, w.payload_len);
	if (have && have + (v6 ? 20 : 0) < len)
		len = have + (v6 ? 20 : 0);
	return wire_icmp(w.dst, w.src, v6 ? 3 : 11, 0, syn, len, out);
}

static void check(const char *what, const uint8_t *bytes, size_t len, enum locate_part option,
		  enum locate_part rest)
{
	struct flow f = sent();
	struct packet p;

	ck_assert_int_eq(packet_parse(&p, bytes, len), PACKET_OK);
	ck_assert_msg(quote_option(&p.tcp, &f) == option, "%s", what);
	ck_assert_msg(quote_data(&p.tcp, (const uint8_t *)DATA, LEN) == rest, "%s", what);
	/* What was not sent is not missed. */
	f.synkind = 0;
	ck_assert_int_eq(quote_option(&p.tcp, &f), LOCATE_UNKNOWN);
	ck_assert_int_eq(quote_data(&p.tcp, (const uint8_t *)DATA, 0), LOCATE_UNKNOWN);
}

TEST_EACH(shows, quotes)
{
	for (int v6 = 0; v6 < 2; v6++) {
		uint8_t bytes[WIRE_MAX];
		size_t len = make(v6, row->opts, row->data, row->have, bytes);

		check(row->what, bytes, len, row->option, row->rest);
	}
}

/* Lengths that a router has handed back changed show nothing by themselves. */
TEST(length_in_another_order)
{
	uint8_t bytes[WIRE_MAX];
	size_t len = make(false, COOKIE_OPTS, DATA, 0, bytes);
	uint8_t *total = bytes + 28 + 2;

	put_be16(total, (uint16_t)(get_be16(total) << 8 | get_be16(total) >> 8));
	check("all is there", bytes, len, LOCATE_WHOLE, LOCATE_WHOLE);
	check("a part is there", bytes, len - 4, LOCATE_WHOLE, LOCATE_UNKNOWN);
	put_be16(total, 0);
	check("no length", bytes, len, LOCATE_WHOLE, LOCATE_UNKNOWN);
}

/* RFC 4884: so many words are the quote; what follows them is not of the SYN. */
TEST(extensions_are_no_data)
{
	for (int v6 = 0; v6 < 2; v6++) {
		uint8_t bytes[WIRE_MAX];
		size_t head = v6 ? 40 : 20, len = make(v6, COOKIE_OPTS, DATA, v6 ? 60 : 56, bytes);
		size_t quoted = len - head - 8;

		memset(bytes + len, 0x20, 40);
		bytes[head + (v6 ? 4 : 5)] = (uint8_t)(quoted / (v6 ? 8 : 4));
		put_be16(bytes + (v6 ? 4 : 2), (uint16_t)(len + 40 - (v6 ? 40 : 0)));
		check("extensions", bytes, len + 40, LOCATE_WHOLE, LOCATE_UNKNOWN);
	}
}
