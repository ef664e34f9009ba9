/*
 * tx_xdp: the sweep is made in the kernel (xdp_engine.h), with live frames, which leave by the
 * driver's XDP, past the kernel's network stack.
 */
#include "wire/tx.h"
#include "xdp/xdp_engine.h"
#include "xdp/xdp_sweeper.h"

static int xdp_open(void **state, const struct tx_setup *setup, struct err *e)
{
	return xdp_engine_open(state, XDP_WAY_DRIVER, setup, e);
}

const struct tx_ops tx_xdp = {
	.name = "xdp",
	.wire = true,
	.sweeper = &xdp_sweeper_calls,
	.open = xdp_open,
	.send = xdp_engine_send,
	.close = xdp_engine_close,
};
