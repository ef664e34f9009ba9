#include "xdp/iface_xdp.h"

#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <stdbool.h>
#include <stdint.h>

/* Of <linux/netdev.h>, which came with Linux 6.3. */
#define FAMILY_NAME		"netdev"
#define CMD_DEV_GET		1
#define A_DEV_IFINDEX		1
#define A_DEV_XDP_FEATURES	3
#define XDP_ACT_NDO_XMIT	4u

/* One attribute that is looked for in the answer. */
struct wanted {
	uint16_t type;
	bool found;
	uint64_t value;
};

static int on_attribute(const struct nlattr *attr, void *arg)
{
	struct wanted *w = arg;

	if (mnl_attr_get_type(attr) != w->type)
		return MNL_CB_OK;
	if (mnl_attr_get_payload_len(attr) == sizeof(uint16_t))
		w->value = mnl_attr_get_u16(attr);
	else if (mnl_attr_get_payload_len(attr) == sizeof(uint64_t))
		w->value = mnl_attr_get_u64(attr);
	else
		return MNL_CB_OK;
	w->found = true;
	return MNL_CB_OK;
}

static int on_message(const struct nlmsghdr *nlh, void *arg)
{
	mnl_attr_parse(nlh, sizeof(struct genlmsghdr), on_attribute, arg);
	return MNL_CB_OK;
}

static struct nlmsghdr *begin(void *buf, uint16_t family, uint8_t command)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct genlmsghdr *genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));

	nlh->nlmsg_type = family;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	nlh->nlmsg_seq = 1;
	genl->cmd = command;
	genl->version = 1;
	return nlh;
}

static bool query(struct mnl_socket *nl, const struct nlmsghdr *nlh, struct wanted *w)
{
	uint8_t buf[8192] __attribute__((aligned(8)));
	ssize_t n;
	int rc = MNL_CB_OK;

	if (mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0)
		return false;
	while (rc > MNL_CB_STOP && (n = mnl_socket_recvfrom(nl, buf, sizeof(buf))) > 0)
		rc = mnl_cb_run(buf, (size_t)n, 1, mnl_socket_get_portid(nl), on_message, w);
	return w->found;
}

enum iface_xdp iface_xdp_transmits(int index)
{
	uint8_t buf[512] __attribute__((aligned(8)));
	struct wanted family = { .type = CTRL_ATTR_FAMILY_ID };
	struct wanted features = { .type = A_DEV_XDP_FEATURES };
	struct mnl_socket *nl = mnl_socket_open(NETLINK_GENERIC);
	struct nlmsghdr *nlh;
	bool known = false;

	if (!nl)
		return IFACE_XDP_UNKNOWN;
	if (mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) == 0) {
		nlh = begin(buf, GENL_ID_CTRL, CTRL_CMD_GETFAMILY);
		mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, FAMILY_NAME);
		known = query(nl, nlh, &family);
	}
	if (known) {
		nlh = begin(buf, (uint16_t)family.value, CMD_DEV_GET);
		mnl_attr_put_u32(nlh, A_DEV_IFINDEX, (uint32_t)index);
		known = query(nl, nlh, &features);
	}
	mnl_socket_close(nl);
	if (!known)
		return IFACE_XDP_UNKNOWN;
	return features.value & XDP_ACT_NDO_XMIT ? IFACE_XDP_YES : IFACE_XDP_NO;
}
