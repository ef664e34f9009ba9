#include "net/neigh_cache.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "err.h"
#include "net/netlink.h"

/* What the kernel relies on; the other usable states it confirms as it sends, we by requests. */
#define NUD_FIXED	(NUD_PERMANENT | NUD_NOARP)
#define NUD_STALES	(NUD_STALE | NUD_DELAY | NUD_PROBE)

struct reading {
	struct neigh *n;
	int ifindex;
};

static enum neigh_trust trust_of(uint16_t state)
{
	if (state & NUD_FIXED)
		return NEIGH_FIXED;
	if (state & NUD_REACHABLE)
		return NEIGH_SURE;
	return (state & NUD_STALES) ? NEIGH_STALE : NEIGH_UNKNOWN;
}

enum neigh_trust neigh_read_message(const struct nlmsghdr *nlh, int ifindex, struct neighbour *out)
{
	const struct ndmsg *ndm = mnl_nlmsg_get_payload(nlh);
	struct nlattr *attr;
	bool ip = false, mac = false;

	if (nlh->nlmsg_type != RTM_NEWNEIGH || ndm->ndm_ifindex != ifindex)
		return NEIGH_UNKNOWN;
	mnl_attr_for_each(attr, nlh, sizeof(*ndm)) {
		if (mnl_attr_get_type(attr) == NDA_DST) {
			ip = netlink_get_addr(attr, &out->ip);
		} else if (mnl_attr_get_type(attr) == NDA_LLADDR
			   && mnl_attr_get_payload_len(attr) == sizeof(out->mac)) {
			memcpy(out->mac, mnl_attr_get_payload(attr), sizeof(out->mac));
			mac = true;
		}
	}
	return ip && mac ? trust_of(ndm->ndm_state) : NEIGH_UNKNOWN;
}

static int on_neighbour(const struct nlmsghdr *nlh, void *arg)
{
	struct reading *r = arg;
	struct neighbour found;
	enum neigh_trust trust = neigh_read_message(nlh, r->ifindex, &found);

	if (trust != NEIGH_UNKNOWN)
		neigh_take(r->n, &found, trust);
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
