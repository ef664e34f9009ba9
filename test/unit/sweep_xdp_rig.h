/*
 * bpf/sweep.bpf.c, loaded for a sender and run frame by frame with BPF_PROG_TEST_RUN and not with
 * live frames: on no interface, and nothing is sent.
 */
#ifndef UNIT_SWEEP_XDP_RIG_H
#define UNIT_SWEEP_XDP_RIG_H

#include "unit.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kernel_clock.h"
#include "kernel_runs.h"
#include "rig.h"
#include "send/sweep_export.h"
#include "wire/tx.h"
#include "wire/tx_sweep.h"
#include "xdp/xdp_sweeper.h"

#include "sweep.skel.h"

static struct core core;
static struct xdp_sweeper x;
static uint8_t made[256];
static uint32_t made_len;

/* A sender's program, with all that open() does but for the interface. False: skipped. */
static inline bool begin(const struct core_setup *o, unsigned int n_sources, unsigned int sender)
{
	const char *what = "";
	struct tx_sweep sweep;
	char text[ADDR_STRLEN];

	if (!kernel_runs(BPF_MAP_TYPE_ARRAY, BPF_FUNC_xdp_store_bytes,
			 "no bpf_xdp_store_bytes() (Linux 5.18)"))
		return false;
	core_init(&core, o);
	core.s.facts.source_key = (struct siphash_key){ 3, 4 };
	for (unsigned int i = 1; i < n_sources; i++) {
		snprintf(text, sizeof(text), "198.19.0.%u", 1 + i);
		core_source(&core, text);
	}
	memset(&x, 0, sizeof(x));
	xdp_sweeper_init(&x, 0);
	sweep_export(&sweep, &core.s, sender, 0);
	ck_assert_msg(xdp_program_load(&x.program, &sweep, 1, &what) == 0
		      && xdp_program_take_window(&x.program, sweep.window, &what) == 0, "%s",
		      what);
	return true;
}

static inline void end(void)
{
	xdp_worker_close(&x.worker);
	xdp_program_unload(&x.program);
	core_free(&core);
}

/* One frame; what it made of it is in `made`. Returns the verdict. */
static uint32_t run(void)
{
	uint8_t frame[PATCH_LEN] = { 0 };
	struct bpf_test_run_opts opts = {
		.sz = sizeof(opts), .data_in = frame, .data_size_in = sizeof(frame),
		.data_out = made, .data_size_out = sizeof(made), .repeat = 1,
	};
	int fd = bpf_program__fd(x.program.bpf->progs.sweep);

	ck_assert_int_eq(bpf_prog_test_run_opts(fd, &opts), 0);
	made_len = opts.data_size_out;
	return opts.retval;
}

/* Credit in packets, and how far the first and the later passes may go. */
static inline void allow(uint64_t granted, uint64_t first, uint64_t later)
{
	x.program.limits->until[0] = first;
	for (unsigned int i = 1; i < x.program.passes; i++)
		x.program.limits->until[i] = later;
	x.program.limits->granted = granted;
}

/* It is the SYN that the frame engines send: pass `pass` of the sender's position. */
static inline void check_made(unsigned int sender, uint64_t pos, unsigned int pass)
{
	uint64_t k = sender_whole(pos, sender, core.s.nsenders);
	uint64_t target = order_target(&core.s.facts.order, k);
	struct target t = targets_at(core.targets, target);
	struct addr source = facts_source(&core.s.facts, &t);
	unsigned int arms = core.s.senders[sender].window.arms;
	struct tfo_option option = { .state = TFO_ABSENT };
	enum probe_kind kind = facts_sweep_probe(&core.s.facts, &t, source, pass % arms, &option);
	struct syn want;

	core_craft(&core, target, source, (uint8_t)kind, (uint8_t)(pass / arms), &option, &want);
	if (made_len != want.len || memcmp(made, want.frame, want.len) != 0)
		ck_abort_msg("position %ju, pass %u: another frame", (uintmax_t)pos, pass);
}

#endif
