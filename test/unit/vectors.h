/*
 * vectors: single replies as they were seen or are to be feared, and what is to be read in them.
 * ack counts from an initial sequence number of 0; sent and got are the option areas of SYN and
 * reply. One probe had dlen bytes on its SYN.
 */
#ifndef TFOMAP_TEST_VECTORS_H
#define TFOMAP_TEST_VECTORS_H

#include <stdint.h>

#include "packet.h"
#include "tfo.h"
#include "validate.h"

#define COOKIE "3021b9d889017eeb"
#define COOKIE_16 "000102030405060708090a0b0c0d0e0f"

static const struct vector {
	const char *sent;
	uint32_t dlen;
	const char *got;
	uint32_t ack;
	uint8_t flags;
	uint16_t payload_len;
	enum validate_class class;
	enum tfo_state state;
	uint8_t kind;
	const char *cookie;
} vectors[] = {
#define SA (TCP_SYN | TCP_ACK)
#define RA (TCP_RST | TCP_ACK)
#define SYNACK VALIDATE_SYNACK
	{ "2202", 0, "220a" COOKIE, 1, SA, 0, SYNACK, TFO_COOKIE, 34, COOKIE },
	{ "2202", 0, "", 1, SA, 0, SYNACK, TFO_ABSENT, 0, "" },
	{ "fe04f989", 10, "fe0cf989" COOKIE, 1, SA, 0, SYNACK, TFO_COOKIE, 254, COOKIE },
	{ "220a" COOKIE, 10, "", 11, SA, 0, SYNACK, TFO_ABSENT, 0, "" },
	{ "fe0cf989" COOKIE, 10, "", 11, SA, 0, SYNACK, TFO_ABSENT, 0, "" },
	{ "220aaaaaaaaaaaaaaaaa", 10, "220a" COOKIE, 1, SA, 0, SYNACK, TFO_COOKIE, 34, COOKIE },
	{ "220a" COOKIE, 10, "", 1, SA, 0, SYNACK, TFO_ABSENT, 0, "" },
	{ "220a" COOKIE, 0, "", 1, SA, 0, SYNACK, TFO_ABSENT, 0, "" },
	{ "", 40, "", 1, SA, 0, SYNACK, TFO_ABSENT, 0, "" },
	{ "", 1000, "", 1001, SA, 0, SYNACK, TFO_ABSENT, 0, "" },
	{ "", 1000, "2206abcd1234", 1001, SA, 0, SYNACK, TFO_COOKIE, 34, "abcd1234" },
	{ "2206abcd1234", 1420, "", 101, SA, 0, SYNACK, TFO_ABSENT, 0, "" },
	{ "2206abcd1234", 18, "", 10, SA, 0, SYNACK, TFO_ABSENT, 0, "" },
	{ "2206abcd1234", 100, "2206badc00ce", 100101, SA, 0, VALIDATE_UNMATCHED, TFO_COOKIE, 34,
	  "badc00ce" },
	{ "2206abcd1234", 1000, "220a1234abcd5678dcba", 1001, SA, 0, SYNACK, TFO_COOKIE, 34,
	  "1234abcd5678dcba" },
	{ "fe08f9891234abcd", 1000, "2206abcd5678", 1001, SA, 0, SYNACK, TFO_COOKIE, 34,
	  "abcd5678" },
	{ "220600000000", 1000, "22041122", 1001, SA, 0, SYNACK, TFO_ODD, 34, "1122" },
	{ "2212" COOKIE_16, 1000, "2214" COOKIE_16 "1011", 1001, SA, 0, SYNACK, TFO_ODD, 34,
	  COOKIE_16 "1011" },
	{ "2212" COOKIE_16, 1000, "2205112233", 1001, SA, 0, SYNACK, TFO_ODD, 34, "112233" },
	{ "2202", 0, "220600000000", 1, SA, 0, SYNACK, TFO_COOKIE, 34, "00000000" },
	{ "220a" COOKIE, 1000, "", 1001, SA, 1400, SYNACK, TFO_ABSENT, 0, "" },
	{ "220a" COOKIE, 1000, "", 1001, SA | TCP_FIN, 200, SYNACK, TFO_ABSENT, 0, "" },
	{ "220a" COOKIE, 1420, "", 1, RA, 0, VALIDATE_RST, TFO_ABSENT, 0, "" },
	{ "220a" COOKIE, 700, "", 701, RA, 0, VALIDATE_RST, TFO_ABSENT, 0, "" },
	{ "2202", 0, "2202", 1, SA, 0, SYNACK, TFO_EMPTY, 34, "" },
	{ "220adeadbeefdeadbeef", 700, "220adeadbeefdeadbeef", 1, SA, 0, SYNACK, TFO_COOKIE, 34,
	  "deadbeefdeadbeef" },
	{ "220adeadbeefdeadbeef", 700, "220adeadbeefdeadbeef", 701, SA, 0, SYNACK, TFO_COOKIE, 34,
	  "deadbeefdeadbeef" },
	{ "", 0, "2208010203040506", 1, SA, 0, SYNACK, TFO_COOKIE, 34, "010203040506" },
	{ "2202", 0, "2200", 1, SA, 0, SYNACK, TFO_ABSENT, 0, "" },
	{ "2202", 0, "2201", 1, SA, 0, SYNACK, TFO_ABSENT, 0, "" },
	{ "2202", 0, "020405b4" "220a3021", 1, SA, 0, SYNACK, TFO_CUT, 34, "3021" },
	{ "2202", 0, "2206aabbccdd" "220a" COOKIE, 1, SA, 0, SYNACK, TFO_COOKIE, 34, COOKIE },
	{ "2202", 0, "220a" COOKIE, 1, SA | TCP_ECE, 0, SYNACK, TFO_COOKIE, 34, COOKIE },
	{ "220a" COOKIE, 10, "", 11, TCP_ACK | TCP_PSH, 240, VALIDATE_DATA, TFO_ABSENT, 0, "" },
	{ "220a" COOKIE, 10, "", 11, TCP_ACK | TCP_FIN, 0, VALIDATE_DATA, TFO_ABSENT, 0, "" },
	{ "220a" COOKIE, 10, "", 0, TCP_RST, 0, VALIDATE_RST_BARE, TFO_ABSENT, 0, "" },
#undef SA
#undef RA
#undef SYNACK
};

#undef COOKIE
#undef COOKIE_16

#endif
