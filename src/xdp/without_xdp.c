/* without_xdp: what stands for the in-kernel engines where the program is built without them. */
#include <errno.h>

#include "err.h"
#include "wire/tx.h"
#include "xdp/rx_xdp.h"

#define NOT_BUILT "this tfomap was built without clang, bpftool or libbpf, which it takes"

static int without_open(void **state, const struct tx_setup *setup, struct err *e)
{
	(void)state;
	(void)setup;
	return err_set(e, EOPNOTSUPP, "--tx xdp: " NOT_BUILT "; use --tx packet");
}

/* Without a sweeper `auto` never takes it. */
const struct tx_ops tx_xdp = {
	.name = "xdp",
	.doc = "not built: the sweep made in the kernel",
	.wire = true,
	.open = without_open,
};

int rx_xdp_open(struct rx_in *out, const struct rx_xdp_setup *setup, struct err *e)
{
	(void)out;
	(void)setup;
	return err_set(e, EOPNOTSUPP, "--rx xdp: " NOT_BUILT "; use --rx pcap");
}
