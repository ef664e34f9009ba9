#include "xdp/xdp_engine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/privileges.h"
#include "err.h"
#include "wire/tx.h"
#include "wire/tx_sweep.h"
#include "xdp/bpf_xdp.h"
#include "xdp/iface_xdp.h"
#include "xdp/xdp_sweeper.h"

#define TRY_RUNS	1u

struct xdp_engine {
	struct xdp_sweeper sweeper;	/* the first: xdp_sweeper_calls */
	void *packet;			/* tx_packet's */
};

static int try_run(const void *program)
{
	return xdp_program_run(program, TRY_RUNS);
}

static const char *const names[] = { [XDP_WAY_DRIVER] = "xdp", [XDP_WAY_TC] = "tc" };

/* The window is taken last: what fails before may be tried with another engine. */
static int load(struct xdp_program *p, enum xdp_way way, const struct tx_setup *setup,
		const char **what)
{
	int rc;

	if (way == XDP_WAY_DRIVER && iface_xdp_transmits(setup->ifindex) == IFACE_XDP_NO) {
		*what = "the interface's driver takes no frames by XDP (ndo_xdp_xmit; a veth's "
			"peer needs GRO or an XDP program)";
		return -EOPNOTSUPP;
	}
	rc = xdp_program_load(p, way, setup->sweep, setup->ifindex, what);
	if (!rc)
		rc = xdp_program_attach(p, what);
	if (rc)
		return rc;
	*what = "the kernel cannot run it like this, and without privilege (Linux 5.19 and later "
		"can)";
	rc = privileges_try_without(try_run, p);
	return rc ? rc : xdp_program_take_window(p, setup->sweep->window, what);
}

int xdp_engine_close(void *state, struct err *e)
{
	struct xdp_engine *x = state;

	xdp_worker_close(&x->sweeper.worker);
	if (x->packet)
		tx_packet.close(x->packet, e);
	xdp_program_unload(&x->sweeper.program);
	free(x);
	return 0;
}

int xdp_engine_open(void **state, enum xdp_way way, const struct tx_setup *setup, struct err *e)
{
	struct xdp_engine *x = calloc(1, sizeof(*x));
	const char *what = "";
	int rc;

	if (!x)
		return err_set(e, ENOMEM, "out of memory for the %s engine", names[way]);
	xdp_sweeper_init(&x->sweeper, setup->sweep->sender);
	rc = tx_packet.open(&x->packet, setup, e);
	if (!rc) {
		bpf_xdp_listen();
		rc = load(&x->sweeper.program, way, setup, &what);
		if (rc)
			err_set(e, -rc, "--tx %s: %s: %s%s; use --tx packet", names[way], what,
				strerror(-rc), bpf_xdp_advice(rc));
	}
	if (rc) {
		xdp_engine_close(x, &(struct err){ "" });
		return rc;
	}
	*state = x;
	return 0;
}

int xdp_engine_send(void *state, const struct tx_frame *frames, unsigned int n)
{
	struct xdp_engine *x = state;
	unsigned int done = 0;
	int rc;

	if (xdp_worker_is_inside(&x->sweeper.worker)) {
		xdp_frames_put_again(&x->sweeper.frames);
		done = xdp_frames_put(&x->sweeper.frames, frames, n);
		n = 1;	/* else what is too long, or finds no room, and what follows it waits */
	}
	if (done)
		return (int)done;
	rc = tx_packet.send(x->packet, frames, n);
	if (rc > 0)
		xdp_sweeper_sent_else(&x->sweeper);
	return rc;
}
