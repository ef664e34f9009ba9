#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "err.h"
#include "neigh.h"
#include "netlink.h"

/* What the kernel relies on; the other usable states it confirms as it sends, we by asking. */
#define NUD_SURE	(NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE)
#define NUD_STALES	(NUD_STALE | NUD_DELAY | NUD_PROBE)

struct reading {
	struct neigh *n;
	int ifindex;
};

static int on_neighbour(const struct nlmsghdr *nlh, void *arg)
{
	const struct ndmsg *ndm = mnl_nlmsg_get_payload(nlh);
	struct reading *r = arg;
	struct neighbour found;
	struct nlattr *attr;
	bool ip = false, mac = false;

	if (nlh->nlmsg_type != RTM_NEWNEIGH || ndm->ndm_ifindex != r->ifindex
	    || !(ndm->ndm_state & (NUD_SURE | NUD_STALES)))
		return MNL_CB_OK;
	mnl_attr_for_each(attr, nlh, sizeof(*ndm)) {
		if (mnl_attr_get_type(attr) == NDA_DST) {
			ip = netlink_get_addr(attr, &found.ip);
		} else if (mnl_attr_get_type(attr) == NDA_LLADDR
			   && mnl_attr_get_payload_len(attr) == sizeof(found.mac)) {
			memcpy(found.mac, mnl_attr_get_payload(attr), sizeof(found.mac));
			mac = true;
		}
	}
	if (ip && mac)
		neigh_take(r->n, &found, (ndm->ndm_state & NUD_SURE) ? NEIGH_SURE : NEIGH_STALE);
	return MNL_CB_OK;
}

int neigh_read_cache(struct neigh *n, int ifindex, struct err *e)
{
	struct reading r = { n, ifindex };
	char buf[NETLINK_REQUEST];
	struct nlmsghdr *nlh;
	void *extra;
	int err;

	nlh = netlink_begin(buf, RTM_GETNEIGH, NLM_F_DUMP, &extra, sizeof(struct ndmsg));
	mnl_attr_put_u32(nlh, NDA_IFINDEX, (uint32_t)ifindex);
	err = netlink_dump(nlh, on_neighbour, &r);
	/* What changes without end is read well enough. */
	if (!err || err == -EINTR)
		return 0;
	return err_set(e, -err, "cannot read the kernel's neighbour cache: %s", strerror(-err));
}
