#include "net/netlink.h"

#include <errno.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>

#include "bytes.h"

#define DUMP_TRIES 8

int netlink_open(struct mnl_socket **out)
{
	struct mnl_socket *nl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	int err;

	if (!nl)
		return -errno;
	if (mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0) {
		err = -errno;
		mnl_socket_close(nl);
		return err;
	}
	*out = nl;
	return 0;
}

struct nlmsghdr *netlink_begin(void *buf, uint16_t type, uint16_t flags, void **extra,
			       size_t extra_len)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nlh->nlmsg_seq = 1;
	*extra = mnl_nlmsg_put_extra_header(nlh, extra_len);
	return nlh;
}

uint8_t netlink_family(struct addr a)
{
	return addr_is_v4(a) ? AF_INET : AF_INET6;
}

void netlink_put_addr(struct nlmsghdr *nlh, uint16_t attribute, struct addr a)
{
	uint8_t wire[16];

	if (addr_is_v4(a)) {
		put_be32(wire, addr_v4(a));
		mnl_attr_put(nlh, attribute, 4, wire);
	} else {
		addr_to_wire6(a, wire);
		mnl_attr_put(nlh, attribute, 16, wire);
	}
}

bool netlink_get_addr(const struct nlattr *attr, struct addr *out)
{
	const uint8_t *wire = mnl_attr_get_payload(attr);

	switch (mnl_attr_get_payload_len(attr)) {
	case 4:
		*out = addr_from_v4(get_be32(wire));
		return true;
	case 16:
		*out = addr_from_wire6(wire);
		return true;
	default:
		return false;
	}
}

static int read_answer(struct mnl_socket *nl, unsigned int seq, mnl_cb_t fn, void *arg)
{
	char buf[NETLINK_BUF];
	ssize_t n;
	int rc;

	do {
		do {
			n = mnl_socket_recvfrom(nl, buf, sizeof(buf));
		} while (n < 0 && errno == EINTR);
		if (n < 0)
			return -errno;
		rc = mnl_cb_run(buf, (size_t)n, seq, mnl_socket_get_portid(nl), fn, arg);
	} while (rc > MNL_CB_STOP);
	return rc < 0 ? -errno : 0;
}

/* Every request ends in an acknowledgement or, a dump, in an end mark. */
int netlink_request(struct mnl_socket *nl, struct nlmsghdr *nlh, mnl_cb_t fn, void *arg)
{
	nlh->nlmsg_flags |= NLM_F_ACK;
	if (mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	return read_answer(nl, nlh->nlmsg_seq, fn, arg);
}

static int dump_once(struct nlmsghdr *nlh, mnl_cb_t fn, void *arg)
{
	struct mnl_socket *nl;
	int one = 1, err = netlink_open(&nl);

	if (err)
		return err;
	(void)mnl_socket_setsockopt(nl, NETLINK_GET_STRICT_CHK, &one, sizeof(one));
	err = mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0 ? -errno
	      : read_answer(nl, nlh->nlmsg_seq, fn, arg);
	mnl_socket_close(nl);
	return err;
}

int netlink_dump(struct nlmsghdr *nlh, mnl_cb_t fn, void *arg)
{
	int err = -EINTR;

	/* What is left of an interrupted dump goes with its socket. */
	for (int tries = 0; err == -EINTR && tries < DUMP_TRIES; tries++)
		err = dump_once(nlh, fn, arg);
	return err;
}
