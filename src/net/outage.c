#include "net/outage.h"

#include "base/clock.h"
#include "base/log.h"
#include "err.h"
#include "net/iface.h"
#include "net/netlink.h"

#define SAY_NS	NS_PER_S

const char *outage_state(int ifindex)
{
	struct iface i = { .up = true, .carrier = true };
	struct mnl_socket *nl;

	if (!netlink_open(&nl)) {
		if (iface_find(nl, NULL, ifindex, &i, &(struct err){ "" }))
			i = (struct iface){ .up = true, .carrier = true };
		mnl_socket_close(nl);
	}
	return !i.up ? "is down" : !i.carrier ? "has no carrier" : "takes no packets";
}

void outage_watch(struct outage *o, uint64_t refused_ns, const char *interface, int ifindex,
		  uint64_t max_ns)
{
	if (refused_ns < SAY_NS && (refused_ns || !o->said))
		return;
	if (!refused_ns)
		log_notice("interface %s takes packets again: the scan goes on", interface);
	else if (!o->said)
		log_warn("interface %s %s: nothing can be sent; waiting for it, %.3g s at most",
			 interface, outage_state(ifindex), (double)max_ns / NS_PER_S);
	o->said = refused_ns > 0;
}
