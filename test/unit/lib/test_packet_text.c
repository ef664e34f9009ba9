#include <stdio.h>
#include <string.h>

#include "packet_text.h"
#include "packets.h"
#include "unit.h"

static void says(const uint8_t *bytes, size_t len, const char *want)
{
	char text[PACKET_TEXT_LEN];
	struct packet p;

	ck_assert_int_eq(packet_parse(&p, bytes, len), PACKET_OK);
	packet_text(&p.tcp, text);
	ck_assert_str_eq(text, want);
}

/* As tcpdump says of the same bytes, but for one blank. */
TEST(as_tcpdump)
{
	says(synack4, sizeof(synack4), "IP 198.18.4.7.443 > 198.18.0.1.20561: Flags [S.], "
	     "seq 16909060, ack 2309737968, win 64240, options [mss 1460,nop,wscale 8,nop,nop,"
	     "sackOK,tfo cookie 3021b9d889017eeb,eol], length 0");
	says(synack4_data, sizeof(synack4_data), "IP 198.18.4.7.443 > 198.18.0.1.20561: "
	     "Flags [S.], seq 16909060, ack 2309737986, win 64240, options [mss 1460], length 19");
	says(rst4, sizeof(rst4), "IP 198.18.4.7.443 > 198.18.0.1.20561: Flags [R.], "
	     "seq 16909060, ack 2309737986, win 0, length 0");
}

/* A segment with these options, which are whole. */
static void options_say(const char *bytes, size_t len, const char *want)
{
	struct packet_tcp p = {
		.src = { 0x20010db8ull << 32, 1 }, .dst = { 0x20010db8ull << 32, 2 },
		.sport = 1, .dport = 65535, .seq = UINT32_MAX, .flags = TCP_SYN, .window = 65535,
		.opts = (const uint8_t *)bytes, .opts_len = (uint8_t)len, .payload_len = 88,
	};
	char text[PACKET_TEXT_LEN], whole[PACKET_TEXT_LEN];

	packet_text(&p, text);
	snprintf(whole, sizeof(whole), "IP6 2001:db8::1.1 > 2001:db8::2.65535: Flags [S], "
		 "seq 4294967295, win 65535, %slength 88", want);
	ck_assert_str_eq(text, whole);
}

#define OPTIONS_SAY(bytes, want) options_say(bytes, sizeof(bytes) - 1, want)

TEST(options)
{
	OPTIONS_SAY("", "");
	OPTIONS_SAY("\x22\x02", "options [tfo cookie request], ");
	OPTIONS_SAY("\xfe\x04\xf9\x89", "options [exp-tfo cookie request], ");
	OPTIONS_SAY("\xfe\x08\xf9\x89\x01\x02\x03\x04", "options [exp-tfo cookie 01020304], ");
	OPTIONS_SAY("\x08\x0a\1\1\1\1\0\0\0\0\x05\x02", "options [TS,unknown-5], ");
	OPTIONS_SAY("\xfe\x04\x12\x34", "options [unknown-254], ");
	OPTIONS_SAY("\x02\x03\x05", "options [unknown-2], ");	/* no MSS has this length */
}

TEST(flags)
{
	struct packet_tcp p = { .flags = 0xff };
	char text[PACKET_TEXT_LEN];

	packet_text(&p, text);
	ck_assert_ptr_nonnull(strstr(text, "Flags [FSRP.UEW],"));
	p.flags = 0;
	packet_text(&p, text);
	ck_assert_ptr_nonnull(strstr(text, "Flags [],"));
}

/* The longest: addresses in full, forty options that nobody knows. */
TEST(longest)
{
	struct packet_tcp p = {
		.src = { UINT64_MAX, UINT64_MAX }, .dst = { UINT64_MAX, UINT64_MAX },
		.sport = UINT16_MAX, .dport = UINT16_MAX, .seq = UINT32_MAX, .ack = UINT32_MAX,
		.flags = 0xff, .window = UINT16_MAX, .payload_len = UINT16_MAX,
		.opts_len = TCPOPT_AREA_MAX,
	};
	uint8_t area[TCPOPT_AREA_MAX];
	char text[PACKET_TEXT_LEN];

	for (unsigned int i = 0; i < TCPOPT_AREA_MAX; i += 2)
		memcpy(area + i, "\xfd\x02", 2);
	p.opts = area;
	packet_text(&p, text);
	ck_assert_ptr_nonnull(strstr(text, "], length 65535"));
}
