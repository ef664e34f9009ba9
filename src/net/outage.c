#include "net/outage.h"

#include "base/clock.h"
#include "base/log.h"
#include "net/iface.h"

#define SAY_NS	NS_PER_S

void outage_watch(struct outage *o, uint64_t refused_ns, const char *interface, int ifindex,
		  uint64_t max_ns)
{
	if (refused_ns < SAY_NS && (refused_ns || !o->said))
		return;
	if (!refused_ns)
		log_notice("interface %s takes packets again: the scan goes on", interface);
	else if (!o->said)
		log_warn("interface %s %s: nothing can be sent; waiting for it, %.3g s at most",
			 interface, iface_state(ifindex), (double)max_ns / NS_PER_S);
	o->said = refused_ns > 0;
}
