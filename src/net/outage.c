#include "net/outage.h"

#include "base/clock.h"
#include "base/log.h"
#include "err.h"
#include "net/iface.h"
#include "net/netlink.h"
#include "state/shared.h"

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

void outage_watch(struct outage *o, const struct shared *s)
{
	uint64_t longest_ns = 0;

	for (unsigned int i = 0; i < s->nsenders; i++) {
		uint64_t ns = atomic_load_explicit(&s->senders[i].refused_ns, memory_order_relaxed);

		longest_ns = ns > longest_ns ? ns : longest_ns;
	}
	if (longest_ns < SAY_NS && (longest_ns || !o->said))
		return;
	if (!longest_ns)
		log_notice("interface %s takes packets again: the scan goes on", s->interface);
	else if (!o->said)
		log_warn("interface %s %s: nothing can be sent; waiting for it, %.3g s at most",
			 s->interface, outage_state(s->ifindex),
			 (double)s->outage_max_ns / NS_PER_S);
	o->said = longest_ns > 0;
}
