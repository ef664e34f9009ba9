/*
 * tx_libnet: one packet a call through libnet's link layer: slower, and wherever libnet runs. Below
 * the IP layer, so that no packet filter for the kernel's own resets takes ours.
 */
#include <errno.h>
#include <libnet.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "err.h"
#include "wire/tx.h"

static int libnet_engine_open(void **state, const struct tx_setup *setup, struct err *e)
{
	char errbuf[LIBNET_ERRBUF_SIZE] = "";
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
	*state = l;
	return 0;
}

/* Without a carrier the interface's queue takes frames, and drops them. */
static bool has_carrier(libnet_t *l)
{
	struct ifreq r = { .ifr_flags = 0 };

	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", libnet_getdevice(l));
	return ioctl(libnet_getfd(l), SIOCGIFFLAGS, &r) || r.ifr_flags & IFF_RUNNING;
}

static int libnet_engine_send(void *state, const struct tx_frame *frames, unsigned int n)
{
	if (!has_carrier(state))
		return -ENETDOWN;
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
