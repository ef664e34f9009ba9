#include "net/gateway.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/stats.h"
#include "err.h"
#include "net/neigh_cache.h"
#include "net/netlink.h"
#include "nud.h"
#include "wire/craft_neigh.h"
#include "wire/rx_pcap.h"
#include "wire/rx_source.h"
#include "wire/tx.h"

#define EVERY_MIN_NS	(200 * NS_PER_MS)	/* from one request to the next */
#define EVERY_MAX_NS	NS_PER_S
#define EVERY_SHARE	3	/* of the time-out, so that no verdict has to wait for an answer */
#define ROUND_TRIP_NS	NS_PER_S	/* hardly an answer to a probe takes longer */
#define LOST_NS		(60 * NS_PER_S)	/* that long it is waited for */
#define REPORTS_MAX	10		/* moves, in messages that show by default */
#define BUFFER_LEN	(256u << 10)
#define FILTER		"(arp and arp[6:2] = 2) or (icmp6 and ip6[40] = 136)"

struct gateway {
	struct gateway_known known;
	struct nud nud;
	uint64_t syns, polled_syns;	/* sent when it was last heard, was polled */
	bool silent;			/* and said so */
};

struct gateways {
	struct gateway_scan scan;
	struct gateway_link link;
	struct gateway v[2];		/* [0] IPv4, [1] IPv6 */
	struct mnl_socket *nl;		/* NULL: the kernel is not listened to */
	struct rx_in in;		/* ops NULL: none is polled */
	void *tx_state;
	uint64_t now_ns;		/* of the tick */
	uint64_t answers, answered_ns;	/* to probes, and when there were more of them */
	unsigned int moves;
	uint64_t astray_to;		/* SYNs before this one are counted, or arrived */
};

/* ---- what others see of it ----------------------------------------------------------------- */

static uint64_t mac_number(const uint8_t mac[static 6])
{
	return (uint64_t)get_be16(mac) << 32 | get_be32(mac + 2);
}

/* What was sent since it was last heard may be lost: the send threads go on from here. */
static uint64_t publish_change(struct gateways *g, unsigned int v6, uint64_t heard_ns)
{
	struct gateway_now *now = &g->scan.status->now[v6];
	uint64_t syns = stats_syns(g->scan.sum), astray = syns - g->v[v6].syns;

	atomic_store_explicit(&now->mac, mac_number(g->v[v6].nud.mac), memory_order_relaxed);
	atomic_store(&now->heard_ns, heard_ns);
	atomic_fetch_add(&now->changes, 1);
	/* Those that went astray for either family count once. */
	if (g->v[v6].syns > g->astray_to)
		g->astray_to = g->v[v6].syns;
	stat_add(g->scan.stats, STAT_sent_astray, syns - g->astray_to);
	g->v[v6].syns = g->astray_to = syns;
	return astray;
}

static void report_moved(struct gateways *g, unsigned int v6, const uint8_t before[static 6],
			 uint64_t heard_ns)
{
	const uint8_t *mac = g->v[v6].nud.mac;
	uint64_t astray = publish_change(g, v6, heard_ns);
	char text[ADDR_STRLEN];

	addr_format(g->v[v6].known.ip, text);
	stat_add(g->scan.stats, STAT_gateway_moves, 1);
	/* Two that take turns are reported often enough. */
	log_msg(++g->moves > REPORTS_MAX ? LOG_INFO : LOG_NOTICE,
		"the gateway %s moved from " NEIGH_MAC " to " NEIGH_MAC ", and the scan follows; "
		"targets may seem silent whose probes were sent since it was last heard: %" PRIu64,
		text, NEIGH_MAC_ARGS(before), NEIGH_MAC_ARGS(mac), astray);
}

/*
 * When it was there for sure: it was heard, or who was probed, if that can be through it alone:
 * there is no other gateway, and no target on the link.
 */
static uint64_t reached_ns(const struct gateways *g, const struct gateway *w)
{
	bool alone = !g->scan.on_link && g->v[0].known.is_followed != g->v[1].known.is_followed;
	uint64_t ns = 0;

	if (alone && g->answered_ns > ROUND_TRIP_NS)
		ns = g->answered_ns - ROUND_TRIP_NS;
	return w->nud.heard_ns > ns ? w->nud.heard_ns : ns;
}

static void report_silent(struct gateways *g, struct gateway *w)
{
	char text[ADDR_STRLEN];

	w->silent = true;
	addr_format(w->known.ip, text);
	log_warn("the gateway %s (" NEIGH_MAC ") on %s does not answer %s any more: the scan waits "
		 "for it, %u s at most", text, NEIGH_MAC_ARGS(w->nud.mac),
		 g->link.interface, addr_is_v4(w->known.ip) ? "ARP" : "neighbour solicitations",
		 (unsigned int)(LOST_NS / NS_PER_S));
}

static bool is_polled(const struct gateway *w)
{
	return w->known.is_followed && !w->known.is_fixed;
}

/* What was sent since the gateways were reached last may not have come past them. */
static void publish(struct gateways *g)
{
	uint64_t first_ns = UINT64_MAX;
	bool any_silent = false;

	for (unsigned int v6 = 0; v6 < 2; v6++) {
		struct gateway *w = &g->v[v6];
		uint64_t ns = reached_ns(g, w);

		if (!is_polled(w) || !w->nud.answers)
			continue;
		if (!w->silent && nud_gone(&w->nud) && g->now_ns - ns > 2 * ROUND_TRIP_NS)
			report_silent(g, w);
		any_silent |= w->silent;
		first_ns = ns < first_ns ? ns : first_ns;
	}
	atomic_store_explicit(&g->scan.status->silent, any_silent, memory_order_relaxed);
	atomic_store(&g->scan.status->reached_ns, first_ns);
}

const char *gateways_lost(const struct gateways *g)
{
	for (unsigned int v6 = 0; g && v6 < 2; v6++)
		if (g->v[v6].silent && g->now_ns - reached_ns(g, &g->v[v6]) > LOST_NS)
			return "the gateway is silent: look whether it is up, and scan again";
	return NULL;
}

/* ---- taking what comes --------------------------------------------------------------------- */

static void take(struct gateways *g, unsigned int v6, const struct neighbour *n)
{
	struct gateway *w = &g->v[v6];
	struct nud before = w->nud;
	char text[ADDR_STRLEN];

	switch (nud_take(&w->nud, n->mac)) {
	case NUD_MOVED:
		report_moved(g, v6, before.mac, before.heard_ns);
		break;
	case NUD_SAME:
		if (w->silent) {
			publish_change(g, v6, before.heard_ns);
			addr_format(w->known.ip, text);
			log_notice("the gateway %s answers again: the scan goes on", text);
		}
		w->syns = w->polled_syns;
		break;
	case NUD_OTHER:
		return;
	}
	w->silent = false;
}

static bool is_of(const struct gateway *w, const struct neighbour *n)
{
	return w->known.is_followed && addr_eq(w->known.ip, n->ip);
}

static void on_frame(void *arg, const struct rx_frame *f)
{
	struct gateways *g = arg;
	struct neighbour n;

	if (!neighbour_parse(&n, f->type, f->ip, f->ip_caplen))
		return;
	for (unsigned int v6 = 0; v6 < 2; v6++)
		if (is_of(&g->v[v6], &n) && is_polled(&g->v[v6]))
			take(g, v6, &n);
}

/* What somebody put into the table counts at once; after what the kernel heard comes a request. */
static int on_message(const struct nlmsghdr *nlh, void *arg)
{
	struct gateways *g = arg;
	struct neighbour n;
	enum neigh_trust trust = neigh_read_message(nlh, g->link.ifindex, &n);

	for (unsigned int v6 = 0; v6 < 2 && trust != NEIGH_UNKNOWN; v6++) {
		struct gateway *w = &g->v[v6];
		struct nud before = w->nud;

		if (!is_of(w, &n) || memcmp(n.mac, w->nud.mac, sizeof(n.mac)) == 0)
			continue;
		nud_doubt(&w->nud);
		if (trust != NEIGH_FIXED)
			continue;
		if (w->known.is_fixed)
			w->syns = stats_syns(g->scan.sum);
		nud_init(&w->nud, n.mac, w->nud.every_ns, g->now_ns);
		report_moved(g, v6, before.mac, w->known.is_fixed ? g->now_ns : before.heard_ns);
		w->known.is_fixed = true;
		w->silent = false;
	}
	return MNL_CB_OK;
}

static void read_kernel(struct gateways *g)
{
	char buf[NETLINK_BUF];
	ssize_t n;

	while (g->nl && (n = recv(mnl_socket_get_fd(g->nl), buf, sizeof(buf), MSG_DONTWAIT)) > 0)
		mnl_cb_run(buf, (size_t)n, 0, 0, on_message, g);
}

/* ---- requests ------------------------------------------------------------------------------ */

/* A solicitation goes to the gateway's group anyway. */
static void poll_gateway(struct gateways *g, const struct gateway *w, bool all)
{
	struct craft_link header = { .vlan_id = g->link.vlan_id };
	uint8_t bytes[CRAFT_NEIGH_MAX];
	struct tx_frame frame = { .data = bytes };
	struct err e = { "" };
	int rc;

	memcpy(header.src, g->link.mac, sizeof(header.src));
	rc = craft_neigh_request(&header, w->known.requester, w->known.ip, bytes, &e);

	if (rc <= 0)
		return;
	if (!all && addr_is_v4(w->known.ip))
		memcpy(bytes, w->nud.mac, sizeof(w->nud.mac));
	frame.len = (uint32_t)rc;
	if (tx_packet.send(g->tx_state, &frame, 1) == 1)
		stat_add(g->scan.stats, STAT_sent_gateway, 1);
}

void gateways_tick(struct gateways *g, uint64_t now_ns)
{
	const struct stats *stats = g->scan.sum;
	uint64_t answers = stat_get(stats, STAT_synacks) + stat_get(stats, STAT_rsts)
			   + stat_get(stats, STAT_icmps);
	struct err e = { "" };

	g->now_ns = now_ns;
	if (answers != g->answers)
		g->answered_ns = now_ns;
	g->answers = answers;
	read_kernel(g);
	if (!g->in.ops)
		return;
	/* Where the link fails, the engines say so. */
	(void)g->in.ops->poll(g->in.state, on_frame, g, &e);
	for (unsigned int v6 = 0; v6 < 2; v6++) {
		struct gateway *w = &g->v[v6];
		enum nud_probe due = NUD_QUIET;

		if (is_polled(w))
			due = nud_due(&w->nud, now_ns);
		if (due == NUD_PROBE_UNICAST)
			w->polled_syns = stats_syns(stats);
		if (due != NUD_QUIET)
			poll_gateway(g, w, due == NUD_PROBE_BROADCAST);
	}
	publish(g);
}

/* ---- opening and closing ------------------------------------------------------------------- */

/* In a VLAN of our own the kernel knows nobody. */
static void listen_to_kernel(struct gateways *g)
{
	int group = RTNLGRP_NEIGH;
	int rc = g->link.vlan_id ? -EOPNOTSUPP : netlink_open(&g->nl);

	if (!rc && mnl_socket_setsockopt(g->nl, NETLINK_ADD_MEMBERSHIP, &group,
					 sizeof(group)) < 0) {
		mnl_socket_close(g->nl);
		g->nl = NULL;
	}
}

static int open_link(struct gateways *g, struct err *e)
{
	const struct tx_setup tx = {
		.interface = g->link.interface, .ifindex = g->link.ifindex,
	};
	const struct rx_live live = {
		.interface = g->link.interface, .filter = FILTER, .buffer_len = BUFFER_LEN,
		.vlan_id = g->link.vlan_id,
	};
	int rc = tx_packet.open(&g->tx_state, &tx, e);

	return rc ? rc : rx_pcap_open(&g->in, &live, e);
}

static uint64_t choose_every(uint64_t timeout_ns)
{
	uint64_t every_ns = timeout_ns / EVERY_SHARE;

	if (every_ns > EVERY_MAX_NS)
		return EVERY_MAX_NS;
	return every_ns < EVERY_MIN_NS ? EVERY_MIN_NS : every_ns;
}

int gateways_open(struct gateways **out, const struct gateway_scan *scan,
		  const struct gateway_known known[static 2], const struct gateway_link *link,
		  struct err *e)
{
	uint64_t now_ns = clock_now_ns();
	bool polls = false;
	struct gateways *g;
	int rc = 0;

	*out = NULL;
	if (!known[0].is_followed && !known[1].is_followed)
		return 0;
	g = calloc(1, sizeof(*g));
	if (!g)
		return err_set(e, ENOMEM, "out of memory for the gateways");
	g->scan = *scan;
	g->link = *link;
	for (unsigned int v6 = 0; v6 < 2; v6++) {
		g->v[v6].known = known[v6];
		nud_init(&g->v[v6].nud, known[v6].mac, choose_every(scan->timeout_ns), now_ns);
		polls |= known[v6].is_followed && !known[v6].is_fixed;
	}
	listen_to_kernel(g);
	if (polls)
		rc = open_link(g, e);
	if (rc) {
		gateways_close(g);
		return rc;
	}
	*out = g;
	return 0;
}

void gateways_close(struct gateways *g)
{
	if (!g)
		return;
	if (g->in.ops)
		g->in.ops->close(g->in.state);
	if (g->tx_state)
		tx_packet.close(g->tx_state, NULL);
	if (g->nl)
		mnl_socket_close(g->nl);
	free(g);
}
