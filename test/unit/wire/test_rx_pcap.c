/* rx_pcap, rx_file: reading files, filters and buffers; live capture needs an interface. */
#include "unit.h"

#include <pcap/pcap.h>

#include "capture.h"
#include "icmp.h"
#include "wire/rx_pcap.h"

#define MACS	"\2\0\0\0\0\1\2\0\0\0\0\2"
#define TAG	"\x81\x00\0\x64"
#define TAGS_4	TAG TAG TAG TAG

/* Where IP begins in a frame of each link type; -1: it is not IP. */
static const struct {
	const char *what;
	uint32_t link;
	const char *frame;
	size_t len;
	int ip_at;
} frames[] = {
	{ "IPv4", LINK_ETHERNET, MACS "\x08\x00" "IP..", 18, 14 },
	{ "IPv6", LINK_ETHERNET, MACS "\x86\xdd" "IP..", 18, 14 },
	{ "IPv4 in a VLAN", LINK_ETHERNET, MACS "\x81\x00\0\x64\x08\x00" "IP..", 22, 18 },
	{ "IPv6 in a VLAN", LINK_ETHERNET, MACS "\x81\x00\0\x64\x86\xdd" "IP..", 22, 18 },
	{ "ARP", LINK_ETHERNET, MACS "\x08\x06" "ARP.", 18, -1 },
	{ "ARP in a VLAN", LINK_ETHERNET, MACS "\x81\x00\0\x64\x08\x06" "ARP.", 22, -1 },
	{ "802.1ad", LINK_ETHERNET, MACS "\x88\xa8\0\x09\x81\x00\0\x64\x08\x00" "IP..", 26, 22 },
	{ "802.1ad, cut", LINK_ETHERNET, MACS "\x88\xa8\0\x09\x81\x00\0\x64\x08", 21, -1 },
	{ "8 tags", LINK_ETHERNET, MACS TAGS_4 TAGS_4 "\x08\x00" "IP..", 50, 46 },
	{ "9 tags", LINK_ETHERNET, MACS TAGS_4 TAGS_4 TAG "\x08\x00" "IP..", 54, -1 },
	{ "PPPoE", LINK_ETHERNET, MACS "\x88\x64\x11\0\0\7\0\6\0\x21" "IP..", 26, 22 },
	{ "PPPoE, IPv6", LINK_ETHERNET, MACS "\x88\x64\x11\0\0\7\0\6\0\x57" "IP..", 26, 22 },
	{ "PPPoE in a VLAN", LINK_ETHERNET, MACS TAG "\x88\x64\x11\0\0\7\0\6\0\x21" "IP..", 30,
	  26 },
	{ "PPPoE, no IP", LINK_ETHERNET, MACS "\x88\x64\x11\0\0\7\0\6\xc0\x21" "LCP.", 26, -1 },
	{ "PPPoE, cut", LINK_ETHERNET, MACS "\x88\x64\x11\0\0\7\0\6\0", 21, -1 },
	{ "PPPoE before its session", LINK_ETHERNET, MACS "\x88\x63\x11\x09\0\0\0\4" "PADI", 24,
	  -1 },
	{ "MPLS", LINK_ETHERNET, MACS "\x88\x47\0\2\1\x40" "\x45IP.", 22, 18 },
	{ "MPLS, two labels, IPv6", LINK_ETHERNET,
	  MACS "\x88\x47\0\1\0\x40\0\2\1\x40" "\x60IP.", 26, 22 },
	{ "MPLS in a VLAN", LINK_ETHERNET, MACS TAG "\x88\x47\0\2\1\x40" "\x45IP.", 26, 22 },
	{ "MPLS without end", LINK_ETHERNET, MACS "\x88\x47\0\1\0\x40\0\1\0\x40", 22, -1 },
	{ "MPLS, cut", LINK_ETHERNET, MACS "\x88\x47\0\2\1\x40", 18, -1 },
	{ "MPLS, Ethernet inside", LINK_ETHERNET, MACS "\x88\x47\0\2\1\x40" "\0\0\0\0", 22, -1 },
	{ "header alone", LINK_ETHERNET, MACS "\x08\x00", 14, 14 },
	{ "VLAN cut", LINK_ETHERNET, MACS "\x81\x00\0\x64\x08", 17, -1 },
	{ "VLAN cut before its tag", LINK_ETHERNET, MACS "\x81\x00", 14, -1 },
	{ "header cut", LINK_ETHERNET, MACS "\x08", 13, -1 },
	{ "no bytes", LINK_ETHERNET, "", 0, -1 },
	{ "cooked", LINK_SLL, "\0\0\0\1\0\6\2\0\0\0\0\1\0\0\x08\x00" "IP..", 20, 16 },
	{ "cooked, cut", LINK_SLL, "\0\0\0\1\0\6\2\0\0\0\0\1\0\0\x08", 15, -1 },
	{ "cooked, in a VLAN", LINK_SLL,
	  "\0\0\0\1\0\6\2\0\0\0\0\1\0\0\x81\x00\0\x64\x86\xdd" "IP..", 24, 20 },
	{ "cooked, ARP", LINK_SLL, "\0\0\0\1\0\6\2\0\0\0\0\1\0\0\x08\x06" "ARP.", 20, -1 },
	{ "cooked, version 2", LINK_SLL2, "\x08\0\0\0\0\0\0\1\0\1\0\6\2\0\0\0\0\1\0\0" "IP..",
	  24, 20 },
	{ "cooked, version 2, cut", LINK_SLL2, "\x08\0\0\0\0\0\0\1\0\1\0\6\2\0\0\0\0\1\0", 19, -1 },
	{ "raw", LINK_RAW, "\x45" "IP.", 4, 0 },
	{ "raw IPv4", LINK_IPV4, "\x45" "IP.", 4, 0 },
	{ "raw IPv6", LINK_IPV6, "\x60" "IP.", 4, 0 },
	{ "BSD loopback", LINK_NULL, "\2\0\0\0" "\x45" "IP.", 8, 4 },
	{ "OpenBSD loopback", LINK_LOOP, "\0\0\0\2" "\x45" "IP.", 8, 4 },
	{ "loopback, cut", LINK_NULL, "\2\0\0", 3, -1 },
};

static struct got g;
static struct rx_in r;

static void begin(void)
{
	g = (struct got){ .n = 0 };
	file.fd = -1;
}

static void end(void)
{
	scratch_close(&file);
}

TEST_AROUND(begin, end)

TEST_EACH(link_types, frames)
{
	capture_begin(MAGIC_NS, row->link);
	capture_add(row->frame, row->len, 5);
	r = capture_open();
	ck_assert_msg(next_frame(r, &g) == (row->ip_at >= 0), "%s", row->what);
	if (g.n) {
		ck_assert_msg(g.ip_at == (size_t)row->ip_at, "%s: %zu", row->what,
			      g.ip_at);
		ck_assert_uint_eq(g.f.caplen, row->len);
		ck_assert_uint_eq(g.f.ip_caplen, row->len - g.ip_at);
		ck_assert_uint_eq(g.f.wall_ns, 1700000000000000005);
	}
	ck_assert_uint_eq(rx_file_counts(&r).packets, 1);
	ck_assert_uint_eq(rx_file_counts(&r).unread, row->ip_at < 0);
	no_more(r, &g);
}

TEST(microseconds)
{
	capture_begin(MAGIC_US, LINK_ETHERNET);
	capture_add(frames[0].frame, frames[0].len, 123456);
	r = capture_open();
	ck_assert(next_frame(r, &g));
	ck_assert_uint_eq(g.f.wall_ns, 1700000000123456000);
	no_more(r, &g);
}

static const char *const no_captures[] = { "ip,port,verdict\n192.0.2.1,443,no-cookie\n", "" };

TEST_EACH(is_no_capture, no_captures)
{
	struct err e = { "" };

	scratch_text(&file, *row);
	ck_assert_int_eq(rx_file_open(&r, file.path, &e), -EINVAL);
	ck_assert_ptr_nonnull(strstr(e.msg, file.path));
	e.msg[0] = '\0';
	ck_assert_int_eq(rx_file_open(&r, "/nonexistent/x.pcap", &e), -EINVAL);
	ck_assert_ptr_nonnull(strstr(e.msg, "/nonexistent/x.pcap"));
}

/* Better than to find nothing in it. */
TEST(unknown_link_type)
{
	struct err e = { "" };

	capture_begin(MAGIC_NS, LINK_WIRELESS);
	scratch_open(&file, capture, capture_len);
	ck_assert_int_eq(rx_file_open(&r, file.path, &e), -EINVAL);
	ck_assert_ptr_nonnull(strstr(e.msg, file.path));
	ck_assert_ptr_nonnull(strstr(e.msg, "IEEE802_11"));
}

/* Cut within the second packet: the first one is read, and the end is said to be none. */
TEST_TIMES(ends_too_early, 16 + 18 - 1)
{
	struct err e = { "" };
	int rc;

	capture_begin(MAGIC_NS, LINK_ETHERNET);
	capture_add(frames[0].frame, frames[0].len, 1);
	capture_add(frames[0].frame, frames[0].len, 2);
	capture_len -= (size_t)_i + 1;
	r = capture_open();
	ck_assert(next_frame(r, &g));
	rc = r.ops->poll(r.state, on_frame, &g, &e);
	ck_assert_int_lt(rc, 0);
	ck_assert_int_ne(rc, -ENODATA);
	ck_assert_str_ne(e.msg, "");
	ck_assert_uint_eq(g.n, 1);
	r.ops->close(r.state);
}

TEST(has_had_enough)
{
	struct err e = { "" };
	struct rx_lost lost;

	capture_begin(MAGIC_NS, LINK_ETHERNET);
	for (uint32_t i = 0; i < 3; i++)
		capture_add(frames[0].frame, frames[0].len, i);
	r = capture_open();
	g.break_it = &r;
	ck_assert_int_ge(r.ops->poll(r.state, on_frame, &g, &e), 0);
	ck_assert_uint_eq(g.n, 1);
	ck_assert_int_eq(r.ops->poll(r.state, on_frame, &g, &e), 0);
	ck_assert_uint_eq(g.n, 1);
	r.ops->lost(r.state, &lost);
	ck_assert_uint_eq(lost.capture + lost.interface, 0);
	r.ops->close(r.state);
}

/* ---- the filter ---------------------------------------------------------------------------- */

static bool passes(bool arp, bool solicitations, const uint8_t *frame, size_t len)
{
	struct pcap_pkthdr h = { .caplen = (bpf_u_int32)len, .len = (bpf_u_int32)len };
	pcap_t *p = pcap_open_dead(DLT_EN10MB, 256);
	char text[RX_PCAP_FILTER_LEN];
	struct bpf_program program;
	bool match;

	rx_pcap_filter(60000, 65535, arp, solicitations, text);
	ck_assert_ptr_nonnull(p);
	ck_assert_msg(pcap_compile(p, &program, text, 1, PCAP_NETMASK_UNKNOWN) == 0, "%s",
		      pcap_geterr(p));
	match = pcap_offline_filter(&program, &h, frame) != 0;
	pcap_freecode(&program);
	pcap_close(p);
	return match;
}

/* Requests of neighbours come through where they are answered, their answers never. */
TEST(filter_of_requests)
{
	uint8_t arp[60] = MACS "\x08\x06" "\0\1\x08\0\6\4\0\1";
	uint8_t nd[86] = MACS "\x86\xdd" "\x60\0\0\0\0\x20\x3a\xff";

	for (int i = 0; i < 4; i++) {
		bool want_arp = i & 1, want_nd = i & 2;

		arp[14 + 7] = 1;
		nd[14 + 40] = 135;
		ck_assert(passes(want_arp, want_nd, arp, sizeof(arp)) == want_arp);
		ck_assert(passes(want_arp, want_nd, nd, sizeof(nd)) == want_nd);
		arp[14 + 7] = 2;
		nd[14 + 40] = 136;
		ck_assert(!passes(want_arp, want_nd, arp, sizeof(arp)));
		ck_assert(!passes(want_arp, want_nd, nd, sizeof(nd)));
		nd[14 + 40] = 3;	/* an error about a probe, whatever else is wanted */
		ck_assert(passes(want_arp, want_nd, nd, sizeof(nd)));
	}
}

/* What the parser takes for the end of an attempt, and no other ICMP. */
TEST(filter_of_errors)
{
	char text[RX_PCAP_FILTER_LEN];
	struct bpf_program program;
	pcap_t *p = pcap_open_dead(DLT_EN10MB, 256);
	struct pcap_pkthdr h = { .caplen = 90, .len = 90 };

	rx_pcap_filter(60000, 65535, true, true, text);
	/* Whole, with ports of any length. */
	ck_assert_uint_lt(strlen(text), RX_PCAP_FILTER_LEN - 16);
	rx_pcap_filter(60000, 65535, false, false, text);
	ck_assert_int_eq(pcap_compile(p, &program, text, 1, PCAP_NETMASK_UNKNOWN), 0);
	for (unsigned int type = 0; type < 256; type++)
		for (unsigned int code = 0; code < 256; code++) {
			uint8_t v4[90] = MACS "\x08\x00" "\x45\0\0\x4c\0\0\0\0\x40\1";
			uint8_t v6[90] = MACS "\x86\xdd" "\x60\0\0\0\0\x24\x3a\x40";

			v4[34] = v6[54] = (uint8_t)type;
			v4[35] = v6[55] = (uint8_t)code;
			ck_assert_int_eq(pcap_offline_filter(&program, &h, v4) != 0,
					 icmp_ends_attempt(true, (int)type, (int)code));
			ck_assert_int_eq(pcap_offline_filter(&program, &h, v6) != 0,
					 icmp_ends_attempt(false, (int)type, (int)code));
		}
	pcap_freecode(&program);
	pcap_close(p);
}

/*
 * Seen with libpcap 1.10: a block of 256 KiB each 10 ms however little comes, and 200 bytes of a
 * SYN/ACK. No more memory than is worth it.
 */
TEST(buffer_by_what_waits)
{
	const uint32_t blocks = RX_UNREAD_MS / 10 * (256u << 10);

	ck_assert_uint_eq(rx_pcap.buffer_len(0), 4u << 20);
	ck_assert_uint_le(rx_pcap.buffer_len(16), 8u << 20);
	ck_assert_uint_ge(rx_pcap.buffer_len(10000), blocks + 10000 * 200);
	ck_assert_uint_lt(rx_pcap.buffer_len(10000), blocks * 3 / 2);
	ck_assert_uint_ge(rx_pcap.buffer_len(100000), blocks + 100000 * 200);
	ck_assert_uint_eq(rx_pcap.buffer_len(1u << 25), 64u << 20);
}

TEST(registry)
{
	ck_assert_ptr_eq(rx_find("pcap", false), &rx_pcap);
	ck_assert_ptr_eq(rx_find("pcap", true), &rx_file);
	ck_assert_ptr_eq(rx_find("xdp", false), &rx_xdp);
	ck_assert_ptr_null(rx_find("xdp", true));
	ck_assert_ptr_null(rx_find("", false));
	/* What was saved has a time of its own, and what was sent in it; what comes now has not. */
	ck_assert(rx_file.own_clock && rx_file.sees_sent && !rx_file.consumes);
	ck_assert(!rx_pcap.own_clock && !rx_pcap.sees_sent && !rx_pcap.consumes);
	ck_assert(!rx_xdp.own_clock && !rx_xdp.sees_sent && rx_xdp.consumes);
}
