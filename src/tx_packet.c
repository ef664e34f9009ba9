/*
 * tx_packet: AF_PACKET with sendmmsg and PACKET_QDISC_BYPASS, the work horse. The socket is bound
 * with protocol 0, so that it never receives: a capture handle of every protocol would be handed a
 * copy of each packet sent. Where packets have no link header the kernel has to be told of each
 * which protocol it is.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "err.h"
#include "tx.h"

/* An address of a link, at most as long as any (the kernel's MAX_ADDR_LEN). */
#define NAME_LEN	(offsetof(struct sockaddr_ll, sll_addr) + 32)

struct packet_state {
	int fd;
	struct mmsghdr msgs[TX_BATCH];
	struct iovec iov[TX_BATCH];
	bool iplayer;
	/*
	 * iplayer: where IPv4, IPv6 go: no hardware address, but as much room as for the longest,
	 * which the kernel wants to see whether there is one or not (16 bytes with ip6tnl).
	 */
	struct sockaddr_storage names[2];
};

static void prepare(struct packet_state *s, const struct tx_setup *setup)
{
	s->iplayer = setup->iplayer;
	for (unsigned int v6 = 0; v6 < 2; v6++) {
		const struct sockaddr_ll to = {
			.sll_family = AF_PACKET, .sll_ifindex = setup->ifindex,
			.sll_protocol = htons(v6 ? ETH_P_IPV6 : ETH_P_IP),
		};

		memcpy(&s->names[v6], &to, sizeof(to));
	}
	for (unsigned int i = 0; i < TX_BATCH; i++) {
		s->msgs[i].msg_hdr.msg_iov = &s->iov[i];
		s->msgs[i].msg_hdr.msg_iovlen = 1;
	}
}

static int packet_open(void **state, const struct tx_setup *setup, struct err *e)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_ifindex = setup->ifindex };
	struct packet_state *s = calloc(1, sizeof(*s));
	int one = 1, rc;

	if (!s)
		return err_set(e, ENOMEM, "out of memory for the packet engine");
	s->fd = socket(AF_PACKET, (setup->iplayer ? SOCK_DGRAM : SOCK_RAW) | SOCK_CLOEXEC, 0);
	if (s->fd < 0) {
		rc = err_set(e, errno, "cannot open a packet socket: %s; run as root or give the "
			     "program CAP_NET_RAW (setcap cap_net_raw+ep)", strerror(errno));
		free(s);
		return rc;
	}
	if (bind(s->fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
		rc = err_set(e, errno, "cannot send on interface %s: %s", setup->interface,
			     strerror(errno));
		close(s->fd);
		free(s);
		return rc;
	}
	/* Without it packets wait in the interface's queue: slower, but as sound. */
	(void)setsockopt(s->fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one));
	prepare(s, setup);
	*state = s;
	return 0;
}

static int packet_send(void *state, const struct tx_frame *frames, unsigned int n)
{
	struct packet_state *s = state;
	int sent;

	for (unsigned int i = 0; i < n; i++) {
		s->iov[i].iov_base = (void *)(uintptr_t)frames[i].data;
		s->iov[i].iov_len = frames[i].len;
		if (s->iplayer) {
			s->msgs[i].msg_hdr.msg_name = &s->names[frames[i].data[0] >> 4 == 6];
			s->msgs[i].msg_hdr.msg_namelen = NAME_LEN;
		}
	}
	do
		sent = sendmmsg(s->fd, s->msgs, n, 0);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : sent;
}

static int packet_close(void *state, struct err *e)
{
	struct packet_state *s = state;

	(void)e;
	close(s->fd);
	free(s);
	return 0;
}

const struct tx_ops tx_packet = {
	.name = "packet",
	.doc = "AF_PACKET, batches, past the queueing discipline",
	.wire = true,
	.open = packet_open,
	.send = packet_send,
	.close = packet_close,
};
