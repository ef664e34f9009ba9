#include "wire/rx_pcap.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "bytes.h"
#include "err.h"
#include "icmp.h"

#define SNAPLEN		256	/* link, IP and TCP headers with all options; a whole ICMP quote */
#define POLL_MS		10
#define BEHIND_NS	(100 * NS_PER_MS)	/* a packet that waited so long is one of many */
#define ETHERTYPE_V4	0x0800
#define ETHERTYPE_V6	0x86dd
#define ETHERTYPE_PPPOE	0x8864		/* of a session */
#define PPPOE_LEN	6
#define PPP_V4		0x0021
#define PPP_V6		0x0057
#define LABEL_LEN	4		/* MPLS */
#define LABEL_BOTTOM	0x01		/* in its third byte */
#define TAG_LEN		4
#define STACK_MAX	8		/* tags, and labels, that are read through */

struct rx_pcap {
	pcap_t *pcap;
	int dlt;
	const struct link *link;	/* NULL: live, of a type that is not known */
	bool file;
	struct rx_pcap_counts counts;	/* of a file */
	uint64_t newest_ns;		/* Unix time of the last packet; 0: none waited */
	rx_frame_fn *fn;		/* during a poll */
	void *arg;
};

/* Link headers: their length, and where in them the Ethertype is; -1: only IP can be behind. */
static const struct link {
	int dlt;
	uint32_t len;
	int type_at;
} links[] = {
	{ DLT_EN10MB, 14, 12 }, { DLT_LINUX_SLL, 16, 14 }, { DLT_LINUX_SLL2, 20, 0 },
	{ DLT_RAW, 0, -1 }, { DLT_IPV4, 0, -1 }, { DLT_IPV6, 0, -1 }, { DLT_NULL, 4, -1 },
	{ DLT_LOOP, 4, -1 },
};

static const struct link *link_find(int dlt)
{
	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++)
		if (links[i].dlt == dlt)
			return &links[i];
	return NULL;
}

static struct rx_pcap *rx_new(pcap_t *p, bool file)
{
	struct rx_pcap *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->pcap = p;
	r->file = file;
	r->dlt = pcap_datalink(p);
	r->link = link_find(r->dlt);
	return r;
}

/* The list of icmp.h in libpcap's language. */
#define TEXT_OF(x)	#x
#define TEXT(x)		TEXT_OF(x)
#define ERROR_V4(type, but) " or (icmp[0] = " TEXT(type) " and icmp[1] != " TEXT(but) ")"
#define ERROR_V6(type, but) " or (icmp6 and ip6[40] = " TEXT(type) " and ip6[41] != " TEXT(but) ")"

/* ACK or RST set; libpcap's tcp[] reads IPv4 only, so IPv6 goes by the port alone. */
void rx_pcap_filter(uint16_t port_first, uint16_t port_last, bool arp, bool solicitations,
		    char out[static RX_FILTER_LEN])
{
	snprintf(out, RX_FILTER_LEN,
		 "(ip and tcp dst portrange %u-%u and tcp[tcpflags] & (tcp-ack|tcp-rst) != 0)"
		 " or (ip6 and tcp dst portrange %u-%u)"
		 ICMP_ERRORS_V4(ERROR_V4) ICMP_ERRORS_V6(ERROR_V6) "%s%s", port_first, port_last,
		 port_first, port_last, arp ? " or (arp and arp[6:2] = 1)" : "",
		 solicitations ? " or (icmp6 and ip6[40] = 135)" : "");
}

static int set_filter(pcap_t *p, const struct rx_live *live)
{
	struct bpf_program program;
	char text[RX_FILTER_LEN + 32];
	int rc;

	if (live->vlan_id)
		snprintf(text, sizeof(text), "vlan %u and (%s)", live->vlan_id, live->filter);
	else
		snprintf(text, sizeof(text), "%s", live->filter);
	rc = pcap_compile(p, &program, text, 1, PCAP_NETMASK_UNKNOWN);
	if (rc == 0) {
		rc = pcap_setfilter(p, &program);
		pcap_freecode(&program);
	}
	return rc;
}

static int activate(pcap_t *p, uint32_t buffer_len)
{
	int rc;

	pcap_set_snaplen(p, SNAPLEN);
	pcap_set_timeout(p, POLL_MS);
	if (buffer_len)
		pcap_set_buffer_size(p, (int)buffer_len);
	pcap_set_tstamp_precision(p, PCAP_TSTAMP_PRECISION_NANO);
	rc = pcap_activate(p);
	return rc < 0 ? rc : 0;
}

int rx_pcap_open_live(struct rx_pcap **out, const struct rx_live *live, struct err *e)
{
	char errbuf[PCAP_ERRBUF_SIZE] = "";
	pcap_t *p = pcap_create(live->interface, errbuf);
	int rc;

	if (!p)
		return err_set(e, EIO, "cannot capture on interface %s: %s", live->interface,
			       errbuf);
	rc = activate(p, live->buffer_len);
	if (rc) {
		err_set(e, EPERM, "cannot capture on interface %s: %s (%s); run as root or give "
			"the program CAP_NET_RAW (setcap cap_net_raw+ep)", live->interface,
			pcap_statustostr(rc), pcap_geterr(p));
		pcap_close(p);
		return -EPERM;
	}
	if (set_filter(p, live) || pcap_setdirection(p, PCAP_D_IN)
	    || pcap_setnonblock(p, 1, errbuf)) {
		err_set(e, EIO, "cannot filter the capture on interface %s: %s", live->interface,
			pcap_geterr(p));
		pcap_close(p);
		return -EIO;
	}
	*out = rx_new(p, false);
	if (*out)
		return 0;
	pcap_close(p);
	return err_set(e, ENOMEM, "out of memory for the capture");
}

int rx_pcap_open_file(struct rx_pcap **out, const char *path, struct err *e)
{
	char errbuf[PCAP_ERRBUF_SIZE] = "";
	pcap_t *p = pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO,
							    errbuf);

	if (!p)
		return err_set(e, EINVAL, "cannot read capture file '%s': %s", path, errbuf);
	if (!link_find(pcap_datalink(p))) {
		const char *name = pcap_datalink_val_to_name(pcap_datalink(p));

		err_set(e, EINVAL, "cannot read capture file '%s': its link type (%s) is not "
			"known; capture on an Ethernet or layer-3 interface, or on `any`", path,
			name ? name : "nameless");
		pcap_close(p);
		return -EINVAL;
	}
	*out = rx_new(p, true);
	if (*out)
		return 0;
	pcap_close(p);
	return err_set(e, ENOMEM, "out of memory for capture file '%s'", path);
}

static bool is_tag(uint16_t type)
{
	/* 802.1Q, 802.1ad, and what was used for that before. */
	return type == 0x8100 || type == 0x88a8 || type == 0x9100;
}

static bool is_label(uint16_t type)
{
	return type == 0x8847 || type == 0x8848;
}

/* Behind MPLS labels nothing says what comes but its first bits (RFC 3032 2.2, RFC 4928). */
static bool skip_labels(const uint8_t *p, uint32_t caplen, uint32_t *at, uint16_t *type)
{
	bool bottom = false;

	for (int i = 0; i < STACK_MAX && !bottom && caplen - *at >= LABEL_LEN; i++) {
		bottom = p[*at + 2] & LABEL_BOTTOM;
		*at += LABEL_LEN;
	}
	if (!bottom || *at >= caplen)
		return false;
	*type = p[*at] >> 4 == 4 ? ETHERTYPE_V4 : p[*at] >> 4 == 6 ? ETHERTYPE_V6 : 0;
	return *type != 0;
}

/* The header of a PPPoE session, and PPP's (RFC 2516 4, 6). */
static bool skip_pppoe(const uint8_t *p, uint32_t caplen, uint32_t *at, uint16_t *type)
{
	uint16_t protocol;

	if (caplen - *at < PPPOE_LEN + 2)
		return false;
	protocol = get_be16(p + *at + PPPOE_LEN);
	*at += PPPOE_LEN + 2;
	*type = protocol == PPP_V4 ? ETHERTYPE_V4 : protocol == PPP_V6 ? ETHERTYPE_V6 : 0;
	return *type != 0;
}

/*
 * Where the packet behind the link header begins, behind tags, labels and PPPoE, and its Ethertype,
 * 0 where only IP can be. False: it is not there, or in a file it is not IP; then *type is what
 * could not be looked into.
 */
static bool read_link(const struct rx_pcap *r, const uint8_t *p, uint32_t caplen, uint32_t *at,
		      uint16_t *type)
{
	uint16_t inner;

	*type = 0;
	*at = r->link ? r->link->len : 0;
	if (caplen < *at)
		return false;
	if (!r->link || r->link->type_at < 0)
		return true;
	*type = get_be16(p + r->link->type_at);
	for (int i = 0; i < STACK_MAX && is_tag(*type) && caplen - *at >= TAG_LEN; i++) {
		*at += TAG_LEN;
		*type = get_be16(p + *at - 2);
	}
	inner = *type;
	if (is_label(*type) ? !skip_labels(p, caplen, at, &inner)
	    : *type == ETHERTYPE_PPPOE && !skip_pppoe(p, caplen, at, &inner))
		return false;
	/* Live, the filter has chosen. */
	if (r->file && inner != ETHERTYPE_V4 && inner != ETHERTYPE_V6)
		return false;
	*type = inner;
	return true;
}

static void on_packet(u_char *arg, const struct pcap_pkthdr *h, const u_char *bytes)
{
	struct rx_pcap *r = (struct rx_pcap *)arg;
	struct rx_frame frame;
	uint32_t at, skip;
	uint16_t type;

	/* At nanosecond precision tv_usec holds nanoseconds. */
	r->newest_ns = (uint64_t)h->ts.tv_sec * NS_PER_S + (uint64_t)h->ts.tv_usec;
	r->counts.packets++;
	if (!read_link(r, bytes, h->caplen, &at, &type)) {
		if (!r->counts.unread++)
			r->counts.unread_type = type;
		return;
	}
	skip = r->file || r->dlt == DLT_EN10MB ? 0 : at;
	frame = (struct rx_frame){
		.bytes = bytes + skip, .ip = bytes + at, .caplen = h->caplen - skip,
		.len = h->len - skip, .ip_caplen = h->caplen - at, .type = type,
		.wall_ns = r->newest_ns,
	};
	r->fn(r->arg, &frame);
}

struct rx_pcap_counts rx_pcap_counts(const struct rx_pcap *r)
{
	return r->counts;
}

/* A pcapng file may have packets of several interfaces; libpcap says so in its own way. */
static const char *read_hint(const char *said)
{
	return strstr(said, "type of the first interface")
	       ? "; capture on one interface, or on `any`" : "";
}

int rx_pcap_poll(struct rx_pcap *r, rx_frame_fn *fn, void *arg, struct err *e)
{
	struct pollfd fd = { .events = POLLIN };
	int n;

	r->fn = fn;
	r->arg = arg;
	/* A blocking pcap_dispatch() may wait for ever for the first packet. */
	if (!r->file) {
		fd.fd = pcap_get_selectable_fd(r->pcap);
		poll(&fd, 1, POLL_MS);
	}
	r->newest_ns = 0;
	n = pcap_dispatch(r->pcap, r->file ? 1 : RX_POLL_MAX, on_packet, (u_char *)r);
	if (n == PCAP_ERROR_BREAK)
		return 0;
	if (n == 0 && r->file)
		return -ENODATA;
	if (n < 0)
		return err_set(e, EIO, "cannot %s: %s%s",
			       r->file ? "read the capture file to its end" : "go on capturing",
			       pcap_geterr(r->pcap), read_hint(pcap_geterr(r->pcap)));
	return n;
}

void rx_pcap_lost(struct rx_pcap *r, uint64_t *capture, uint64_t *interface)
{
	struct pcap_stat st;

	*capture = *interface = 0;
	if (!r->file && pcap_stats(r->pcap, &st) == 0) {
		*capture = st.ps_drop;
		*interface = st.ps_ifdrop;
	}
}

void rx_pcap_break(struct rx_pcap *r)
{
	pcap_breakloop(r->pcap);
}

void rx_pcap_close(struct rx_pcap *r)
{
	pcap_close(r->pcap);
	free(r);
}

/* ---- as rx_in ------------------------------------------------------------------------------ */

static int ops_poll(void *state, rx_frame_fn *fn, void *arg, struct err *e)
{
	return rx_pcap_poll(state, fn, arg, e);
}

static void ops_lost(void *state, struct rx_lost *out)
{
	*out = (struct rx_lost){ .unmatched = rx_pcap_counts(state).unread };
	rx_pcap_lost(state, &out->capture, &out->interface);
}

/* The buffer does not tell how full it is; how old its packets are does. */
static bool ops_behind(const void *state)
{
	const struct rx_pcap *r = state;
	uint64_t wall_ns = clock_now_ns() + (uint64_t)clock_wall_offset_ns();

	return r->newest_ns && r->newest_ns + BEHIND_NS < wall_ns;
}

static void ops_enough(void *state)
{
	rx_pcap_break(state);
}

static void ops_close(void *state)
{
	rx_pcap_close(state);
}

const struct rx_ops rx_pcap_ops = {
	.name = "pcap",
	.doc = "libpcap",
	.poll = ops_poll,
	.lost = ops_lost,
	.behind = ops_behind,
	.enough = ops_enough,
	.close = ops_close,
};
