#include "wire/rx_pcap.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <pcap/pcap.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "err.h"
#include "icmp.h"
#include "validate_tag.h"
#include "wire/rx_link.h"
#include "wire/rx_source.h"

#define POLL_MS		10
#define WAITED_NS	(100 * NS_PER_MS)	/* a packet that waited so long is one of many */
#define BUFFER_MAX	(64u << 20)
#define BLOCK_LEN	(256u << 10)	/* libpcap's: one in 10 ms, however little comes, */
#define BLOCK_MS	10
#define PACKET_LEN	200		/* and by answers in numbers, each with its headers */
#define FEW		4096		/* packets: they are handed over one by one, */
#define FEW_LEN		(4u << 20)	/* from a buffer that takes no time to make */

#ifndef PACKET_FANOUT_FLAG_IGNORE_OUTGOING
#define PACKET_FANOUT_FLAG_IGNORE_OUTGOING 0x4000	/* Linux 5.14 */
#endif

struct live {
	pcap_t *pcap;
	const struct rx_link *link;	/* NULL: of a type that is not known */
	uint32_t group;			/* of several: what the others join it with */
	uint64_t unread;		/* packets that were not handed over */
	uint64_t newest_ns;		/* Unix time of the last packet; 0: none waited */
	rx_frame_fn *fn;		/* during a poll */
	void *arg;
};

static int set_filter(pcap_t *p, const struct rx_live *live)
{
	struct bpf_program program;
	char text[RX_PCAP_FILTER_LEN + 32];
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

	pcap_set_snaplen(p, RX_SNAPLEN);
	pcap_set_timeout(p, POLL_MS);
	pcap_set_immediate_mode(p, buffer_len == FEW_LEN);
	if (buffer_len)
		pcap_set_buffer_size(p, (int)buffer_len);
	pcap_set_tstamp_precision(p, PCAP_TSTAMP_PRECISION_NANO);
	rc = pcap_activate(p);
	return rc < 0 ? rc : 0;
}

/*
 * What leaves by the interface's queue (--tx tc, libnet) would be copied for the capture, and then
 * not be taken by its direction. Before Linux 4.20 it is.
 */
static void ignore_sent(pcap_t *p)
{
	const int one = 1;

	(void)setsockopt(pcap_fileno(p), SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one));
}

static int start(struct live *l, const struct rx_live *live, struct err *e)
{
	char errbuf[PCAP_ERRBUF_SIZE] = "";
	int rc;

	l->pcap = pcap_create(live->interface, errbuf);
	if (!l->pcap)
		return err_set(e, EIO, "cannot capture on interface %s: %s", live->interface,
			       errbuf);
	rc = activate(l->pcap, live->buffer_len);
	if (rc)
		return err_set(e, EPERM, "cannot capture on interface %s: %s (%s); run as root or "
			       "give the program CAP_NET_RAW (setcap cap_net_raw+ep)",
			       live->interface, pcap_statustostr(rc), pcap_geterr(l->pcap));
	if (set_filter(l->pcap, live) || pcap_setdirection(l->pcap, PCAP_D_IN)
	    || pcap_setnonblock(l->pcap, 1, errbuf))
		return err_set(e, EIO, "cannot filter the capture on interface %s: %s",
			       live->interface, pcap_geterr(l->pcap));
	ignore_sent(l->pcap);
	l->link = rx_link_find(pcap_datalink(l->pcap));
	return 0;
}

static void live_close(void *state)
{
	struct live *l = state;

	if (l->pcap)
		pcap_close(l->pcap);
	free(l);
}

int rx_pcap_open(struct rx_in *out, const struct rx_live *live, struct err *e)
{
	struct live *l = calloc(1, sizeof(*l));
	int rc;

	if (!l)
		return err_set(e, ENOMEM, "out of memory for the capture");
	rc = start(l, live, e);
	if (rc)
		live_close(l);
	else
		*out = (struct rx_in){ .ops = &rx_pcap, .state = l };
	return rc;
}

/* The list of icmp.h in libpcap's language. */
#define TEXT_OF(x)	#x
#define TEXT(x)		TEXT_OF(x)
#define ERROR_V4(type, but) " or (icmp[0] = " TEXT(type) " and icmp[1] != " TEXT(but) ")"
#define ERROR_V6(type, but) " or (icmp6 and ip6[40] = " TEXT(type) " and ip6[41] != " TEXT(but) ")"

/* ACK or RST set; libpcap's tcp[] reads IPv4 only, so IPv6 goes by the port alone. */
void rx_pcap_filter(uint16_t port_first, uint16_t port_last, bool arp, bool solicitations,
		    char out[static RX_PCAP_FILTER_LEN])
{
	snprintf(out, RX_PCAP_FILTER_LEN,
		 "(ip and tcp dst portrange %u-%u and tcp[tcpflags] & (tcp-ack|tcp-rst) != 0)"
		 " or (ip6 and tcp dst portrange %u-%u)"
		 ICMP_ERRORS_V4(ERROR_V4) ICMP_ERRORS_V6(ERROR_V6) "%s%s", port_first, port_last,
		 port_first, port_last, arp ? " or (arp and arp[6:2] = 1)" : "",
		 solicitations ? " or (icmp6 and ip6[40] = 135)" : "");
}

/* The group has a hook of its own: ignore_sent() of a source does not count there. */
static const uint32_t group_flags[] = { PACKET_FANOUT_FLAG_IGNORE_OUTGOING, 0 };

/* The first of several sources: makes a group, which takes each packet once. */
static int make_group(struct live *l)
{
	int fd = pcap_fileno(l->pcap), group, rc = -1;
	socklen_t len = sizeof(group);
	uint32_t flags = 0;

	for (size_t i = 0; i < sizeof(group_flags) / sizeof(*group_flags) && rc; i++) {
		flags = group_flags[i];
		group = (int)((PACKET_FANOUT_HASH | PACKET_FANOUT_FLAG_UNIQUEID | flags) << 16);
		rc = setsockopt(fd, SOL_PACKET, PACKET_FANOUT, &group, sizeof(group));
	}
	if (rc || getsockopt(fd, SOL_PACKET, PACKET_FANOUT, &group, &len))
		return -errno;
	l->group = ((uint32_t)group & UINT16_MAX) | (PACKET_FANOUT_HASH | flags) << 16;
	return 0;
}

static int join_group(struct live *l, const struct live *first)
{
	l->group = first->group;
	return setsockopt(pcap_fileno(l->pcap), SOL_PACKET, PACKET_FANOUT, &l->group,
			  sizeof(l->group)) ? -errno : 0;
}

/* By the hash of a packet's flow, so that what is of one connection stays in order. */
static int share_packets(struct live *l, const struct rx_setup *setup, struct err *e)
{
	int rc = 0;

	if (setup->n > 1)
		rc = setup->number ? join_group(l, setup->first) : make_group(l);
	if (rc)
		return err_set(e, -rc, "cannot share the packets of interface %s out to %u receive "
			       "threads: %s (PACKET_FANOUT with a unique id takes Linux 4.12); use "
			       "--receiver-threads 1", setup->interface, setup->n, strerror(-rc));
	return 0;
}

static int live_open(void **state, const struct rx_setup *setup, struct err *e)
{
	const struct validator *v = setup->validator;
	char filter[RX_PCAP_FILTER_LEN];
	const struct rx_live live = {
		.interface = setup->interface, .filter = filter, .vlan_id = setup->vlan_id,
		.buffer_len = setup->buffer_len,
	};
	struct rx_in in;
	int rc;

	rx_pcap_filter(v->port_first, v->port_last, setup->arp_requests, setup->solicitations,
		       filter);
	rc = rx_pcap_open(&in, &live, e);
	if (rc)
		return rc;
	rc = share_packets(in.state, setup, e);
	if (rc)
		live_close(in.state);
	else
		*state = in.state;
	return rc;
}

static uint32_t live_buffer_len(uint64_t unread)
{
	uint64_t blocks = RX_UNREAD_MS / BLOCK_MS, len;

	if (unread <= FEW)
		return FEW_LEN;
	len = blocks * BLOCK_LEN + unread * PACKET_LEN;
	return len > BUFFER_MAX ? BUFFER_MAX : (uint32_t)len;
}

static void on_packet(u_char *arg, const struct pcap_pkthdr *h, const u_char *bytes)
{
	struct live *l = (struct live *)arg;
	struct rx_frame frame;
	uint32_t at, skip;
	uint16_t type;

	/* At nanosecond precision tv_usec holds nanoseconds. */
	l->newest_ns = (uint64_t)h->ts.tv_sec * NS_PER_S + (uint64_t)h->ts.tv_usec;
	if (!rx_link_read(l->link, bytes, h->caplen, &at, &type)) {
		l->unread++;
		return;
	}
	skip = l->link && l->link->dlt == DLT_EN10MB ? 0 : at;
	frame = (struct rx_frame){
		.bytes = bytes + skip, .ip = bytes + at, .caplen = h->caplen - skip,
		.len = h->len - skip, .ip_caplen = h->caplen - at, .type = type,
		.wall_ns = l->newest_ns,
	};
	l->fn(l->arg, &frame);
}

static int live_poll(void *state, rx_frame_fn *fn, void *arg, struct err *e)
{
	struct live *l = state;
	/* A blocking pcap_dispatch() may wait for ever for the first packet. */
	struct pollfd fd = { .fd = pcap_get_selectable_fd(l->pcap), .events = POLLIN };
	int n;

	l->fn = fn;
	l->arg = arg;
	poll(&fd, 1, POLL_MS);
	l->newest_ns = 0;
	n = pcap_dispatch(l->pcap, RX_POLL_MAX, on_packet, (u_char *)l);
	if (n == PCAP_ERROR_BREAK)
		return 0;
	return n < 0 ? err_set(e, EIO, "the capture failed: %s", pcap_geterr(l->pcap)) : n;
}

static void live_lost(void *state, struct rx_lost *out)
{
	struct live *l = state;
	struct pcap_stat st;

	*out = (struct rx_lost){ .unmatched = l->unread };
	if (pcap_stats(l->pcap, &st) == 0) {
		out->capture = st.ps_drop;
		out->interface = st.ps_ifdrop;
	}
}

/* How full the buffer is cannot be read; how old its packets are can. */
static bool live_back_pressure(const void *state)
{
	const struct live *l = state;
	uint64_t wall_ns = clock_now_ns() + (uint64_t)clock_wall_offset_ns();

	return l->newest_ns && l->newest_ns + WAITED_NS < wall_ns;
}

static void live_enough(void *state)
{
	pcap_breakloop(((struct live *)state)->pcap);
}

const struct rx_ops rx_pcap = {
	.name = "pcap",
	.buffer_len = live_buffer_len,
	.open = live_open,
	.poll = live_poll,
	.lost = live_lost,
	.back_pressure = live_back_pressure,
	.enough = live_enough,
	.close = live_close,
};
