/* without_xdp: what stands for the in-kernel engines where the program is built without them. */
#include <errno.h>

#include "err.h"
#include "tx.h"

static int without_open(void **state, const struct tx_setup *setup, struct err *e)
{
	(void)state;
	(void)setup;
	return err_set(e, EOPNOTSUPP, "--tx xdp: this tfomap was built without clang, bpftool or "
		       "libbpf, which it takes; use --tx packet");
}

const struct tx_ops tx_xdp = {
	.name = "xdp",
	.doc = "not built: the sweep made in the kernel",
	.wire = true,
	.open = without_open,
};
