#include "wire/rx_file.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "err.h"
#include "wire/rx_link.h"
#include "wire/rx_source.h"

struct rx_file {
	pcap_t *pcap;
	const struct rx_link *link;
	struct rx_file_counts counts;
	rx_frame_fn *fn;		/* during a poll */
	void *arg;
};

/* Better than to find nothing in it. */
static int unknown_link(pcap_t *p, const char *path, struct err *e)
{
	const char *name = pcap_datalink_val_to_name(pcap_datalink(p));

	return err_set(e, EINVAL, "cannot read capture file '%s': its link type (%s) is not known; "
		       "capture on an Ethernet or layer-3 interface, or on `any`", path,
		       name ? name : "nameless");
}

static int open_path(struct rx_file **out, const char *path, struct err *e)
{
	char errbuf[PCAP_ERRBUF_SIZE] = "";
	pcap_t *p = pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO,
							    errbuf);
	const struct rx_link *link;
	int rc = 0;

	if (!p)
		return err_set(e, EINVAL, "cannot read capture file '%s': %s", path, errbuf);
	link = rx_link_find(pcap_datalink(p));
	if (!link)
		rc = unknown_link(p, path, e);
	else if (!(*out = calloc(1, sizeof(**out))))
		rc = err_set(e, ENOMEM, "out of memory for capture file '%s'", path);
	if (rc)
		pcap_close(p);
	else
		**out = (struct rx_file){ .pcap = p, .link = link };
	return rc;
}

int rx_file_open(struct rx_in *out, const char *path, struct err *e)
{
	struct rx_file *f;
	int rc = open_path(&f, path, e);

	if (!rc)
		*out = (struct rx_in){ .ops = &rx_file, .state = f };
	return rc;
}

static int file_open(void **state, const struct rx_setup *setup, struct err *e)
{
	struct rx_file *f;
	int rc = open_path(&f, setup->file, e);

	if (!rc)
		*state = f;
	return rc;
}

static void on_packet(u_char *arg, const struct pcap_pkthdr *h, const u_char *bytes)
{
	struct rx_file *f = (struct rx_file *)arg;
	struct rx_frame frame;
	uint32_t at;
	uint16_t type;

	f->counts.packets++;
	if (!rx_link_read_ip(f->link, bytes, h->caplen, &at, &type)) {
		if (!f->counts.unread++)
			f->counts.unread_type = type;
		return;
	}
	/* At nanosecond precision tv_usec holds nanoseconds. */
	frame = (struct rx_frame){
		.bytes = bytes, .ip = bytes + at, .caplen = h->caplen, .len = h->len,
		.ip_caplen = h->caplen - at, .type = type,
		.wall_ns = (uint64_t)h->ts.tv_sec * NS_PER_S + (uint64_t)h->ts.tv_usec,
	};
	f->fn(f->arg, &frame);
}

struct rx_file_counts rx_file_counts(const struct rx_in *in)
{
	return ((const struct rx_file *)in->state)->counts;
}

/* A pcapng file may have packets of several interfaces; libpcap says so in its own way. */
static const char *read_hint(const char *said)
{
	return strstr(said, "type of the first interface")
	       ? "; capture on one interface, or on `any`" : "";
}

static int file_poll(void *state, rx_frame_fn *fn, void *arg, struct err *e)
{
	struct rx_file *f = state;
	int n;

	f->fn = fn;
	f->arg = arg;
	n = pcap_dispatch(f->pcap, 1, on_packet, (u_char *)f);
	if (n == PCAP_ERROR_BREAK)
		return 0;
	if (n == 0)
		return -ENODATA;
	return n < 0 ? err_set(e, EIO, "cannot read the capture file to its end: %s%s",
			       pcap_geterr(f->pcap), read_hint(pcap_geterr(f->pcap))) : n;
}

static void file_lost(void *state, struct rx_lost *out)
{
	*out = (struct rx_lost){ .unmatched = ((struct rx_file *)state)->counts.unread };
}

static void file_enough(void *state)
{
	pcap_breakloop(((struct rx_file *)state)->pcap);
}

static void file_close(void *state)
{
	pcap_close(((struct rx_file *)state)->pcap);
	free(state);
}

const struct rx_ops rx_file = {
	.name = "pcap",
	.own_clock = true,
	.sees_sent = true,
	.may_be_cut = true,
	.open = file_open,
	.poll = file_poll,
	.lost = file_lost,
	.enough = file_enough,
	.close = file_close,
};
