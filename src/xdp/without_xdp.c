/* without_xdp: what stands for the in-kernel engines where the program is built without them. */
#include <errno.h>

#include "err.h"
#include "wire/rx_source.h"
#include "wire/tx.h"

#define NOT_BUILT "this tfomap was built without clang, bpftool or libbpf, which it takes"

static int without_xdp(void **state, const struct tx_setup *setup, struct err *e)
{
	(void)state;
	(void)setup;
	return err_set(e, EOPNOTSUPP, "--tx xdp: " NOT_BUILT "; use --tx packet");
}

static int without_tc(void **state, const struct tx_setup *setup, struct err *e)
{
	(void)state;
	(void)setup;
	return err_set(e, EOPNOTSUPP, "--tx tc: " NOT_BUILT "; use --tx packet");
}

static int without_rx(void **state, const struct rx_setup *setup, struct err *e)
{
	(void)state;
	(void)setup;
	return err_set(e, EOPNOTSUPP, "--rx xdp: " NOT_BUILT "; use --rx pcap");
}

/* Without a sweeper `auto` never takes them. */
const struct tx_ops tx_xdp = { .name = "xdp", .wire = true, .open = without_xdp };
const struct tx_ops tx_tc = { .name = "tc", .wire = true, .open = without_tc };

const struct rx_ops rx_xdp = {
	.name = "xdp", .consumes = true, .needs_ethernet = true, .untagged = true,
	.open = without_rx,
};
