#include "send/backpressure.h"

#include "base/clock.h"
#include "base/stats.h"
#include "base/writer.h"
#include "state/rx_status.h"

#define STALL_NS	(100 * NS_PER_MS)	/* a receive thread has not looked for so long */

static bool gateway_is_silent(const struct backpressure *b, uint64_t now_ns)
{
	(void)now_ns;
	return atomic_load_explicit(b->gateway_silent, memory_order_relaxed);
}

static bool output_is_full(const struct backpressure *b, uint64_t now_ns)
{
	(void)now_ns;
	return atomic_load_explicit(&b->rx->output_full, memory_order_relaxed)
	       || writer_is_full(b->capture);
}

static bool cache_is_half_full(const struct backpressure *b, uint64_t now_ns)
{
	(void)now_ns;
	return rx_cache_half_full(b->rx);
}

/* A receive thread that gets no time to look cannot say so itself. */
static bool receiver_is_backlogged(const struct backpressure *b, uint64_t now_ns)
{
	uint64_t looked_ns = rx_looked_ns(b->rx);

	return rx_backlogged(b->rx)
	       || (looked_ns && looked_ns + STALL_NS < now_ns);
}

static const struct {
	bool (*is_on)(const struct backpressure *b, uint64_t now_ns);	/* NULL: it is set */
	enum stat_id counter;
	bool stops_probes;
} pressures[PRESSURES] = {
	[PRESSURE_GATEWAY] = { gateway_is_silent, STAT_waits_gateway, true },
	[PRESSURE_OUTPUT] = { output_is_full, STAT_waits_output, true },
	[PRESSURE_CACHE] = { cache_is_half_full, STAT_waits_table, false },
	[PRESSURE_RECEIVER] = { receiver_is_backlogged, STAT_waits_receiver, false },
	[PRESSURE_WINDOW] = { NULL, STAT_waits_window, false },
};

bool backpressure_set(struct backpressure *b, enum pressure p, bool on)
{
	if (on && !b->on[p])
		stat_add(b->stats, pressures[p].counter, 1);
	b->on[p] = on;
	return on;
}

void backpressure_look(struct backpressure *b, uint64_t now_ns)
{
	b->stops_probes = b->stops_new = false;
	for (unsigned int p = 0; p < PRESSURES; p++) {
		if (!pressures[p].is_on
		    || !backpressure_set(b, (enum pressure)p, pressures[p].is_on(b, now_ns)))
			continue;
		b->stops_new = true;
		b->stops_probes |= pressures[p].stops_probes;
	}
}
