/*
 * bpf/sweep.bpf.c, loaded for a sender and run frame by frame with BPF_PROG_TEST_RUN. By XDP not
 * with live frames: on no interface, and nothing is sent. By tc on the lo of a network namespace of
 * the test's own, in which nobody has an address that it sends to.
 */
#ifndef UNIT_SWEEP_XDP_RIG_H
#define UNIT_SWEEP_XDP_RIG_H

#include "unit.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

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
static enum xdp_way way;	/* the program's; before begin() */
static int net_outside;		/* by tc: the network namespace outside of the test */

#define RIG_IFINDEX	1	/* lo */

static inline void set_lo(bool up)
{
	struct ifreq r = { .ifr_name = "lo", .ifr_flags = up ? IFF_UP : 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ioctl(fd, SIOCSIFFLAGS, &r), 0);
	close(fd);
}

static inline void enter_net(void)
{
	net_outside = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(net_outside, 0);
	ck_assert_int_eq(unshare(CLONE_NEWNET), 0);
	set_lo(true);
}

static inline void leave_net(void)
{
	ck_assert_int_eq(setns(net_outside, CLONE_NEWNET), 0);
	close(net_outside);
}

/* A sender's program, with all that open() does but for the interface. False: skipped. */
static inline bool begin(const struct core_setup *o, unsigned int n_sources, unsigned int sender)
{
	const char *what = "";
	struct tx_sweep sweep;
	char text[ADDR_STRLEN];

	if (!kernel_runs(BPF_MAP_TYPE_ARRAY, BPF_FUNC_xdp_store_bytes,
			 "no bpf_xdp_store_bytes() (Linux 5.18)"))
		return false;
	if (way == XDP_WAY_TC)
		enter_net();
	core_init(&core, o);
	core.s.facts.source_key = (struct siphash_key){ 3, 4 };
	for (unsigned int i = 1; i < n_sources; i++) {
		snprintf(text, sizeof(text), "198.19.0.%u", 1 + i);
		core_source(&core, text);
	}
	memset(&x, 0, sizeof(x));
	xdp_sweeper_init(&x, 0);
	sweep_export(&sweep, &core.s, sender, 0);
	ck_assert_msg(xdp_program_load(&x.program, way, &sweep, RIG_IFINDEX, &what) == 0
		      && xdp_program_take_window(&x.program, sweep.window, &what) == 0, "%s",
		      what);
	return true;
}

static inline void end(void)
{
	xdp_worker_close(&x.worker);
	xdp_program_unload(&x.program);
	core_free(&core);
	if (way == XDP_WAY_TC)
		leave_net();
}

/* One packet at most. */
static inline uint32_t run_tc(void)
{
	const struct patch_template *t = &x.program.bpf->rodata->facts.syn[0][0];
	struct __sk_buff about = { .ifindex = RIG_IFINDEX, .cb = { 1 } };
	struct bpf_test_run_opts opts = {
		.sz = sizeof(opts), .data_in = t->bytes, .data_size_in = t->len,
		.ctx_in = &about, .ctx_size_in = sizeof(about),
		.data_out = made, .data_size_out = sizeof(made), .repeat = 1,
	};
	int fd = bpf_program__fd(x.program.bpf->progs.sweep_tc);

	ck_assert_int_eq(bpf_prog_test_run_opts(fd, &opts), 0);
	made_len = opts.data_size_out;
	return opts.retval ? XDP_REDIRECT : XDP_DROP;
}

/* Frames seem to have come by the interface, and not, in turn. */
static inline uint32_t run_xdp(void)
{
	uint8_t frame[PATCH_LEN] = { 0 };
	struct bpf_test_run_opts opts = {
		.sz = sizeof(opts), .data_in = frame,
		.data_size_in = x.program.bpf->rodata->facts.frame_len,
		.data_out = made, .data_size_out = sizeof(made), .repeat = 1,
	};
	int fd = bpf_program__fd(x.program.bpf->progs.sweep);

	x.program.limits->from_interface ^= 1;
	ck_assert_int_eq(bpf_prog_test_run_opts(fd, &opts), 0);
	made_len = opts.data_size_out;
	if (opts.retval == (x.program.limits->from_interface ? XDP_TX : XDP_REDIRECT))
		return XDP_REDIRECT;
	return opts.retval == XDP_DROP ? XDP_DROP : XDP_ABORTED;
}

/* One frame; what it made of it is in `made`. Returns the verdict, by tc what it would be there. */
static uint32_t run(void)
{
	return way == XDP_WAY_TC ? run_tc() : run_xdp();
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

/* The program gives the interface some time after a refusal. */
static inline void run_held(void)
{
	while (run() != XDP_REDIRECT)
		;
}

/* That comes back, and then nothing. */
static inline void check_back(uint64_t pos, unsigned int pass)
{
	unsigned int back_pass;
	uint64_t back;

	ck_assert(xdp_sweeper_calls.hand_back(&x, &back, &back_pass));
	ck_assert_uint_eq(back, pos);
	ck_assert_uint_eq(back_pass, pass);
}

static inline void check_none_back(void)
{
	unsigned int pass;
	uint64_t pos;

	ck_assert(!xdp_sweeper_calls.hand_back(&x, &pos, &pass));
}

#endif
