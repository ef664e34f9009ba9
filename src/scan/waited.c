#include "scan/waited.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/writer.h"

#define BLOCKED_NS	NS_PER_S	/* an output that takes nothing for so long is said */

static void log_blocked(const struct waited *w, unsigned int interrupts, uint64_t waiting)
{
	log_notice("output blocked: %llu %s%s wait%s for the reader of %s; %s",
		   (unsigned long long)waiting, w->what, log_s(waiting),
		   waiting == 1 ? "s" : "", writer_name(w->writer),
		   interrupts ? "interrupt again to quit without them"
		   : "interrupt twice to quit without them");
}

void waited_look(struct waited *w, unsigned int interrupts, uint64_t now_ns)
{
	struct writer_state st = { .waiting = 0 };

	if (w->writer)
		writer_get(w->writer, &st);
	if (st.out != w->out || !st.waiting || !w->since_ns) {
		w->out = st.out;
		w->since_ns = now_ns;
	}
	if (now_ns - w->since_ns >= BLOCKED_NS && !w->said) {
		log_blocked(w, interrupts, st.waiting);
		w->said = true;
	}
}
