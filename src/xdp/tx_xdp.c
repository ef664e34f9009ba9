/*
 * tx_xdp: the sweep is made in the kernel (bpf/sweep.bpf.c), run with live frames by a thread of
 * its own, on one core, for as long as there is something to sweep. Frames (follow-ups, segments)
 * go the same way while it runs, else through tx_packet. The window's statuses, the send logs and
 * the ring of frames live in maps that both sides see. What the driver refuses is sent again; where
 * it goes on refusing tx_packet sends it, or reports what is wrong.
 */
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

#define TRY_FRAMES	1u

struct xdp_engine {
	struct xdp_sweeper sweeper;	/* the first: xdp_sweeper_calls */
	void *packet;			/* tx_packet's */
};

static int try_run(const void *program)
{
	return xdp_program_run(program, TRY_FRAMES);
}

/* The window is taken last: what fails before may be tried with another engine. */
static int load(struct xdp_program *p, const struct tx_setup *setup, const char **what)
{
	int rc;

	if (iface_xdp_transmits(setup->ifindex) == IFACE_XDP_NO) {
		*what = "the interface's driver takes no frames by XDP (ndo_xdp_xmit; a veth's "
			"peer needs GRO or an XDP program)";
		return -EOPNOTSUPP;
	}
	rc = xdp_program_load(p, setup->sweep, setup->ifindex, what);
	if (!rc)
		rc = xdp_program_attach(p, what);
	if (rc)
		return rc;
	*what = "the kernel cannot run it with live frames, and without privilege (Linux 5.19 and "
		"later can)";
	rc = privileges_try_without(try_run, p);
	return rc ? rc : xdp_program_take_window(p, setup->sweep->window, what);
}

static int xdp_close(void *state, struct err *e)
{
	struct xdp_engine *x = state;

	xdp_worker_close(&x->sweeper.worker);
	if (x->packet)
		tx_packet.close(x->packet, e);
	xdp_program_unload(&x->sweeper.program);
	free(x);
	return 0;
}

static int xdp_open(void **state, const struct tx_setup *setup, struct err *e)
{
	struct xdp_engine *x = calloc(1, sizeof(*x));
	const char *what = "";
	int rc;

	if (!x)
		return err_set(e, ENOMEM, "out of memory for the xdp engine");
	xdp_sweeper_init(&x->sweeper, setup->sweep->sender);
	rc = tx_packet.open(&x->packet, setup, e);
	if (!rc) {
		bpf_xdp_listen();
		rc = load(&x->sweeper.program, setup, &what);
		if (rc)
			err_set(e, -rc, "--tx xdp: %s: %s%s; use --tx packet", what,
				strerror(-rc), bpf_xdp_advice(rc));
	}
	if (rc) {
		xdp_close(x, &(struct err){ "" });
		return rc;
	}
	*state = x;
	return 0;
}

static int xdp_send(void *state, const struct tx_frame *frames, unsigned int n)
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

const struct tx_ops tx_xdp = {
	.name = "xdp",
	.wire = true,
	.sweeper = &xdp_sweeper_calls,
	.open = xdp_open,
	.send = xdp_send,
	.close = xdp_close,
};
