/*
 * tx_packet: AF_PACKET with sendmmsg and PACKET_QDISC_BYPASS, the default. The socket is bound
 * with protocol 0, so that it never receives: a capture handle of every protocol would be handed a
 * copy of each packet sent. Where packets have no link header each has to say
 * which protocol it is.
 *
 * To this host's own IPv4 addresses packets go by a raw IP socket: what comes to lo without having
 * left by the IP layer has, to the kernel, an impossible source (a "martian"). IPv6 knows no such
 * rule.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bytes.h"
#include "err.h"
#include "wire/tx.h"

/* An address of a link, at most as long as any (the kernel's MAX_ADDR_LEN). */
#define NAME_LEN	(offsetof(struct sockaddr_ll, sll_addr) + 32)

#define ETHER_LEN	14

struct packet_state {
	int fd, ip_fd;			/* ip_fd: -1 but on lo */
	struct sockaddr_in hosts[TX_BATCH];	/* that its packets go to */
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

/* On lo. */
static int open_ip(struct packet_state *s, struct err *e)
{
	const unsigned int mark = TX_MARK;

	s->ip_fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	if (s->ip_fd < 0)
		return err_set(e, errno, "cannot open a raw IP socket: %s", strerror(errno));
	/* Where there is a RST filter, there is the right to this. */
	(void)setsockopt(s->ip_fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark));
	return 0;
}

static int open_sockets(struct packet_state *s, const struct tx_setup *setup, struct err *e)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_ifindex = setup->ifindex };
	int one = 1;

	s->fd = socket(AF_PACKET, (setup->iplayer ? SOCK_DGRAM : SOCK_RAW) | SOCK_CLOEXEC, 0);
	if (s->fd < 0)
		return err_set(e, errno, "cannot open a packet socket: %s; run as root or give the "
			       "program CAP_NET_RAW (setcap cap_net_raw+ep)", strerror(errno));
	if (bind(s->fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		return err_set(e, errno, "cannot send on interface %s: %s", setup->interface,
			       strerror(errno));
	/* Without it packets wait in the interface's queue: slower, but as sound. */
	(void)setsockopt(s->fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one));
	return setup->loopback ? open_ip(s, e) : 0;
}

static void close_sockets(struct packet_state *s)
{
	if (s->fd >= 0)
		close(s->fd);
	if (s->ip_fd >= 0)
		close(s->ip_fd);
}

static int packet_open(void **state, const struct tx_setup *setup, struct err *e)
{
	struct packet_state *s = calloc(1, sizeof(*s));
	int rc;

	if (!s)
		return err_set(e, ENOMEM, "out of memory for the packet engine");
	s->fd = s->ip_fd = -1;
	rc = open_sockets(s, setup, e);
	if (rc) {
		close_sockets(s);
		free(s);
		return rc;
	}
	prepare(s, setup);
	*state = s;
	return 0;
}

/* Whether the frame goes by the raw IP socket. */
static bool goes_by_ip(const struct packet_state *s, const struct tx_frame *f)
{
	return s->ip_fd >= 0 && f->data[ETHER_LEN] >> 4 == 4;
}

/* Makes message i of a frame that goes by IP: the kernel puts the link header before it. */
static void address_ip(struct packet_state *s, const struct tx_frame *f, unsigned int i)
{
	const uint8_t *ip = f->data + ETHER_LEN;

	s->iov[i].iov_base = (void *)(uintptr_t)ip;
	s->iov[i].iov_len = f->len - ETHER_LEN;
	s->hosts[i] = (struct sockaddr_in){
		.sin_family = AF_INET, .sin_addr = { htonl(get_be32(ip + 16)) },
	};
	s->msgs[i].msg_hdr.msg_name = &s->hosts[i];
	s->msgs[i].msg_hdr.msg_namelen = sizeof(s->hosts[i]);
}

static void address_link(struct packet_state *s, const struct tx_frame *f, unsigned int i)
{
	s->iov[i].iov_base = (void *)(uintptr_t)f->data;
	s->iov[i].iov_len = f->len;
	s->msgs[i].msg_hdr.msg_name = s->iplayer ? &s->names[f->data[0] >> 4 == 6] : NULL;
	s->msgs[i].msg_hdr.msg_namelen = s->iplayer ? NAME_LEN : 0;
}

static int packet_send(void *state, const struct tx_frame *frames, unsigned int n)
{
	struct packet_state *s = state;
	bool by_ip = goes_by_ip(s, &frames[0]);
	unsigned int i;
	int sent;

	/* As many as go by one socket. */
	for (i = 0; i < n && goes_by_ip(s, &frames[i]) == by_ip; i++)
		if (by_ip)
			address_ip(s, &frames[i], i);
		else
			address_link(s, &frames[i], i);
	do
		sent = sendmmsg(by_ip ? s->ip_fd : s->fd, s->msgs, i, 0);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : sent;
}

static int packet_close(void *state, struct err *e)
{
	struct packet_state *s = state;

	(void)e;
	close_sockets(s);
	free(s);
	return 0;
}

const struct tx_ops tx_packet = {
	.name = "packet",
	.wire = true,
	.loopback = true,
	.open = packet_open,
	.send = packet_send,
	.close = packet_close,
};
