#include "net/neigh_request.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "err.h"
#include "net/iface.h"
#include "net/neigh.h"
#include "outage_log.h"
#include "pacer.h"
#include "wire/craft_neigh.h"
#include "wire/rx_pcap.h"
#include "wire/rx_source.h"
#include "wire/tx.h"

#define TRIES		3
#define WAIT_NS		NS_PER_S	/* for the answers to a try */
#define PROBE_WAIT_NS	(NS_PER_S / TRIES)
#define RATE_MAX	10000.0		/* packets/s: all of them go to everyone on the link */
#define SHOW_FIRST_NS	NS_PER_S	/* what is over by then needs no status line */
#define SHOW_NS		NS_PER_S	/* on a terminal */
#define SHOW_PLAIN_NS	(10 * NS_PER_S)
#define FILTER		"(arp and arp[6:2] = 2) or (icmp6 and ip6[40] = 136)"
/* Likewise, and the same request by others. */
#define PROBE_FILTER	"arp or (icmp6 and (ip6[40] = 135 or ip6[40] = 136))"
#define ETHER_LEN	14

struct look_up {
	struct neigh *n;
	const struct neigh_link *link;
	void *tx_state;
	struct rx_in in;
	rx_frame_fn *on_frame;
	uint64_t wait_ns;
	struct pacer pacer;
	uint32_t all, missing;
	uint64_t start_ns, shown_ns;
};

static void on_reply(void *arg, const struct rx_frame *f)
{
	struct look_up *a = arg;
	struct neighbour answer;

	if (neighbour_parse(&answer, f->type, f->ip, f->ip_caplen)
	    && neigh_take(a->n, &answer, NEIGH_SURE))
		a->missing--;
}

/*
 * Another host's probe shows that it is about to take the address. Our own echoed is no conflict.
 */
static void on_probe(void *arg, const struct rx_frame *f)
{
	struct look_up *a = arg;
	struct neighbour_request r;
	struct neighbour n;

	if (f->caplen < ETHER_LEN || !memcmp(f->bytes + 6, a->link->mac, sizeof(n.mac)))
		return;
	on_reply(a, f);
	if (!neighbour_parse_request(&r, f->type, f->ip, f->ip_caplen)
	    || !addr_eq(r.requester, (struct addr){ 0, 0 }))
		return;
	n.ip = r.target;
	memcpy(n.mac, f->bytes + 6, sizeof(n.mac));
	if (neigh_take(a->n, &n, NEIGH_SURE))
		a->missing--;
}

static void show(struct look_up *a, uint64_t now_ns)
{
	uint64_t every_ns = log_status_is_terminal() ? SHOW_NS : SHOW_PLAIN_NS;
	char line[160];

	if (a->link->quiet || now_ns - a->start_ns < SHOW_FIRST_NS
	    || (a->shown_ns && now_ns - a->shown_ns < every_ns))
		return;
	snprintf(line, sizeof(line), "looking up neighbours on the local link: %" PRIu32 " of %"
		 PRIu32 " have answered", a->all - a->missing, a->all);
	log_status(line);
	a->shown_ns = now_ns;
}

/* Takes what came, or waits for it a moment. */
static int listen_once(struct look_up *a, struct err *e)
{
	int rc = a->in.ops->poll(a->in.state, a->on_frame, a, e);

	show(a, clock_now_ns());
	return rc < 0 ? rc : 0;
}

static int send_request(struct look_up *a, struct addr target, struct addr requester, struct err *e)
{
	struct craft_link header = { .vlan_id = a->link->vlan_id };
	uint8_t bytes[CRAFT_NEIGH_MAX];
	struct tx_frame frame = { .data = bytes };
	uint64_t end_ns;
	int rc;

	memcpy(header.src, a->link->mac, sizeof(header.src));
	rc = craft_neigh_request(&header, requester, target, bytes, e);
	if (rc < 0)
		return rc;
	frame.len = (uint32_t)rc;
	end_ns = clock_now_ns() + OUTAGE_MAX_NS;
	while (((rc = tx_packet.send(a->tx_state, &frame, 1)) == -ENOBUFS || rc == -EAGAIN)
	       && clock_now_ns() < end_ns) {
		rc = listen_once(a, e);
		if (rc)
			return rc;
	}
	if (rc < 0)
		return err_set(e, -rc, "cannot send on interface %s: %s; it %s",
			       a->link->interface, strerror(-rc), iface_state(a->link->ifindex));
	pacer_take(&a->pacer, 1);
	return 0;
}

/* One try: whoever is not known is looked up, at the scan's rate; then replies are awaited. */
static int try_all(struct look_up *a, struct err *e)
{
	struct addr target, requester;
	uint32_t i = 0;
	uint64_t end_ns;
	int rc = 0;

	while (!rc && neigh_next_missing(a->n, NEIGH_SURE, &i, &target, &requester)) {
		if (pacer_allow(&a->pacer, clock_now_ns(), 1)) {
			rc = send_request(a, target, requester, e);
			i++;
		} else {
			rc = listen_once(a, e);
		}
	}
	end_ns = clock_now_ns() + a->wait_ns;
	while (!rc && a->missing && clock_now_ns() < end_ns)
		rc = listen_once(a, e);
	return rc;
}

static int try_often(struct look_up *a, struct err *e)
{
	double rate_pps = a->link->rate_pps;
	int rc = 0;

	if (rate_pps <= 0 || rate_pps > RATE_MAX)
		rate_pps = RATE_MAX;
	a->start_ns = clock_now_ns();
	pacer_init(&a->pacer, rate_pps, a->start_ns);
	for (int tries = 0; tries < TRIES && a->missing && !rc; tries++)
		rc = try_all(a, e);
	return rc;
}

static int look_up(struct look_up *a, const char *filter, struct err *e)
{
	const struct neigh_link *link = a->link;
	struct tx_setup tx = { .interface = link->interface, .ifindex = link->ifindex };
	struct rx_live live = {
		.interface = link->interface, .filter = filter, .vlan_id = link->vlan_id,
	};
	int rc;

	a->all = a->missing = neigh_missing(a->n, NEIGH_SURE);
	if (!a->missing)
		return 0;
	rc = rx_pcap_open(&a->in, &live, e);
	if (rc)
		return rc;
	rc = tx_packet.open(&a->tx_state, &tx, e);
	if (!rc) {
		rc = try_often(a, e);
		tx_packet.close(a->tx_state, NULL);
	}
	a->in.ops->close(a->in.state);
	return rc;
}

int neigh_resolve(struct neigh *n, const struct neigh_link *link, struct err *e)
{
	struct look_up a = {
		.n = n, .link = link, .on_frame = on_reply, .wait_ns = WAIT_NS,
	};

	return look_up(&a, FILTER, e);
}

int neigh_probe(struct neigh *n, const struct neigh_link *link, struct err *e)
{
	struct look_up a = {
		.n = n, .link = link, .on_frame = on_probe, .wait_ns = PROBE_WAIT_NS,
	};

	return look_up(&a, PROBE_FILTER, e);
}
