/*
 * tx_tc: the sweep is made in the kernel (xdp_engine.h), by a tc classifier, and leaves as any
 * packet does: by any driver, through the interface's queue.
 */
#include "wire/tx.h"
#include "xdp/xdp_engine.h"
#include "xdp/xdp_sweeper.h"

static int tc_open(void **state, const struct tx_setup *setup, struct err *e)
{
	return xdp_engine_open(state, XDP_WAY_TC, setup, e);
}

const struct tx_ops tx_tc = {
	.name = "tc",
	.wire = true,
	.sweeper = &xdp_sweeper_calls,
	.open = tc_open,
	.send = xdp_engine_send,
	.close = xdp_engine_close,
};
