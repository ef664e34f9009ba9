/*
 * tx_libnet: one packet a call through libnet's link layer: slower, and wherever libnet runs. Below
 * the IP layer, so that no packet filter for the kernel's own resets takes ours.
 */
#include <errno.h>
#include <libnet.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/socket.h>

#include "err.h"
#include "wire/tx.h"

static int libnet_engine_open(void **state, const struct tx_setup *setup, struct err *e)
{
	char errbuf[LIBNET_ERRBUF_SIZE] = "";
	const int one = 1;
	libnet_t *l;

	if (setup->iplayer)
		return err_set(e, EOPNOTSUPP, "--tx libnet: interface %s has no link header, and "
			       "libnet sends nothing without one; use --tx packet",
			       setup->interface);
	l = libnet_init(LIBNET_LINK_ADV, setup->interface, errbuf);
	if (!l)
		return err_set(e, EPERM, "libnet cannot open interface %s: %s; run as root or "
			       "give the program CAP_NET_RAW (setcap cap_net_raw+ep)",
			       setup->interface, errbuf);
	/* Without a carrier the queue would take frames, and drop them. */
	(void)setsockopt(libnet_getfd(l), SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one));
	*state = l;
	return 0;
}

static int libnet_engine_send(void *state, const struct tx_frame *frames, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		errno = 0;
		if (libnet_adv_write_link(state, frames[i].data, frames[i].len)
		    != (int)frames[i].len)
			return i ? (int)i : errno ? -errno : -EIO;
	}
	return (int)n;
}

static int libnet_engine_close(void *state, struct err *e)
{
	(void)e;
	libnet_destroy(state);
	return 0;
}

const struct tx_ops tx_libnet = {
	.name = "libnet",
	.wire = true,
	.open = libnet_engine_open,
	.send = libnet_engine_send,
	.close = libnet_engine_close,
};
