/* What the driver refuses of the in-kernel sweep: it is known, comes back, and goes again. */
#include "sweep_xdp_rig.h"

/* The kernel's trace point of a bulk, or of a frame that did not come so far. */
static void trace(const struct bpf_program *program, uint64_t a, uint64_t b, uint64_t c)
{
	uint64_t args[5] = { 0, 0, a, b, c };
	struct bpf_test_run_opts opts = {
		.sz = sizeof(opts), .ctx_in = args, .ctx_size_in = sizeof(args),
	};

	ck_assert_int_eq(bpf_prog_test_run_opts(bpf_program__fd(program), &opts), 0);
}

static void driver_says(int sent, int drops, int error)
{
	trace(x.program.bpf->progs.xmit, (uint64_t)sent, (uint64_t)drops, (uint64_t)(int64_t)error);
}

static const struct core_setup families[] = {
	{ .target = "198.18.0.0/24" }, { .target = "2001:2::/120" },
};

/* The last ones of a bulk come back, in their order, and count as not sent. */
TEST_TIMES(refused_positions_come_back, 2)
{
	struct tx_progress p;

	if (!begin(&families[_i], 1, 0))
		return;
	allow(100, 30, 0);
	for (int i = 0; i < 20; i++)
		run_held();
	driver_says(11, 5, 0);
	for (uint64_t k = 11; k < 16; k++)
		check_back(k, 0);
	check_none_back();
	driver_says(4, 0, 0);
	/* The others are not its business: more than there are; and of other tasks. */
	driver_says(0, 3, 0);
	check_none_back();
	run_held();
	check_made(0, 20, 0);
	xdp_sweeper_calls.progress(&x, &p);
	ck_assert_uint_eq(p.used, 21);
	ck_assert_uint_eq(p.sent[0], 16);
	ck_assert_uint_eq(p.sent_bytes, 16 * made_len);
	ck_assert_uint_eq(p.refused, 5);
	ck_assert_uint_eq(x.program.marks->taken, 15);
	end();
}

/* One that was refused before it came into a bulk is the last one. */
TEST(refused_at_once)
{
	if (!begin(&(struct core_setup){ .retries = 1 }, 1, 0))
		return;
	allow(100, 5, 0);
	for (int i = 0; i < 5; i++)
		run_held();
	trace(x.program.bpf->progs.redirect_err, 0, (uint64_t)(int64_t)-ENETDOWN, 0);
	check_back(4, 0);
	ck_assert_int_eq(x.program.marks->error, -ENETDOWN);
	driver_says(4, 0, 0);
	allow(100, 6, 1);
	run_held();
	check_made(0, 0, 1);
	run_held();
	check_made(0, 5, 0);
	driver_says(0, 2, -ENXIO);
	check_back(0, 1);
	check_back(5, 0);
	check_none_back();
	ck_assert_uint_eq(x.program.marks->sent[0], 4);
	ck_assert_uint_eq(x.program.marks->sent[1], 0);
	end();
}

/* Nothing goes for a while, and for longer where nothing at all is taken. */
TEST(held_after_a_refusal)
{
	uint64_t before_ns = 0;

	if (!begin(&(struct core_setup){ .retries = 0 }, 1, 0))
		return;
	allow(100, 100, 0);
	for (int i = 0; i < 12; i++) {
		run_held();
		ck_assert_uint_eq(x.program.marks->resume_ns, 0);
		driver_says(0, 1, 0);
		ck_assert_uint_ge(x.program.marks->hold_ns, before_ns);
		ck_assert_uint_ge(x.program.marks->hold_ns, SWEEP_HOLD_MIN_NS);
		ck_assert_uint_le(x.program.marks->hold_ns, SWEEP_HOLD_MAX_NS);
		ck_assert_uint_ne(x.program.marks->resume_ns, 0);
		before_ns = x.program.marks->hold_ns;
	}
	ck_assert_uint_eq(before_ns, SWEEP_HOLD_MAX_NS);
	run_held();
	run_held();
	driver_says(1, 1, 0);
	ck_assert_uint_eq(x.program.marks->hold_ns, SWEEP_HOLD_MIN_NS);
	run_held();
	driver_says(1, 0, 0);
	ck_assert_uint_eq(x.program.marks->hold_ns, 0);
	end();
}

static void put_some(unsigned int n)
{
	static uint8_t bytes[64];

	for (unsigned int i = 0; i < n; i++) {
		const struct tx_frame frame = { .data = bytes, .len = 60 };

		memset(bytes, (int)(0x10 + i), sizeof(bytes));
		ck_assert_uint_eq(xdp_frames_put(&x.frames, &frame, 1), 1);
	}
}

static void check_frame(unsigned int i)
{
	run_held();
	ck_assert_uint_eq(made_len, 60);
	ck_assert_uint_eq(made[0], 0x10 + i);
	ck_assert_uint_eq(made[59], 0x10 + i);
}

/* They go again, behind those that were put meanwhile; one that is refused for ever does not. */
TEST(refused_frames_go_again)
{
	if (!begin(&(struct core_setup){ .retries = 0 }, 1, 0))
		return;
	put_some(10);
	for (unsigned int i = 0; i < 8; i++)
		check_frame(i);
	driver_says(5, 3, 0);
	ck_assert(xdp_frames_pending(&x.frames));
	ck_assert(xdp_frames_put_again(&x.frames));
	for (unsigned int i = 8; i < 10; i++)
		check_frame(i);
	for (unsigned int i = 5; i < 8; i++)
		check_frame(i);
	driver_says(5, 0, 0);
	ck_assert(!xdp_frames_pending(&x.frames));
	put_some(1);
	for (unsigned int i = 0; i < XDP_FRAME_TRIES_MAX; i++) {
		check_frame(0);
		driver_says(0, 1, 0);
		ck_assert(xdp_frames_put_again(&x.frames));
	}
	check_frame(0);
	driver_says(0, 1, 0);
	ck_assert(!xdp_frames_put_again(&x.frames));
	end();
}

static int grant_to(uint64_t first, uint64_t now_ns)
{
	const uint64_t until[WINDOW_PASSES_MAX] = { first };

	return xdp_sweeper_calls.grant(&x, 100, until, now_ns);
}

static int grant(uint64_t now_ns)
{
	return grant_to(10, now_ns);
}

static void refuses(uint64_t n, int error)
{
	x.program.marks->lost += n;
	x.program.marks->error = error;
}

/* Where it has no room it is waited for; where it takes nothing for long, packets go as frames. */
TEST(deferred_while_refused)
{
	uint64_t now_ns = NS_PER_S;

	if (!begin(&(struct core_setup){ .retries = 0 }, 1, 0))
		return;
	refuses(1, 0);
	ck_assert_int_eq(grant(now_ns), 0);
	refuses(1, -ENOSPC);
	ck_assert_int_eq(grant(now_ns + XDP_REFUSED_NS - 1), 0);
	ck_assert(!x.deferred);
	ck_assert_uint_eq(x.program.limits->granted, 100);
	/* It took one: that begins anew. */
	x.program.marks->taken++;
	refuses(1, 0);
	ck_assert_int_eq(grant(now_ns += XDP_REFUSED_NS), 0);
	ck_assert(!x.deferred);
	refuses(1, 0);
	ck_assert_int_eq(grant(now_ns += XDP_REFUSED_NS), 0);
	ck_assert(x.deferred);
	ck_assert_int_eq(x.worker.wanted, XDP_REST);
	/* Nothing is pending: back at once, with what is due (it may have done the first ten). */
	ck_assert_int_eq(grant_to(20, now_ns), 0);
	ck_assert(!x.deferred);
	ck_assert_int_eq(x.worker.wanted, XDP_RUN);
	end();
}

/* What is in the ring is handed back, and must go before the driver is tried again. */
TEST(deferred_at_an_error)
{
	uint8_t out[CRAFT_FRAME_MAX];

	if (!begin(&(struct core_setup){ .retries = 0 }, 1, 0))
		return;
	put_some(5);
	for (unsigned int i = 0; i < 3; i++)
		check_frame(i);
	ck_assert_uint_eq(xdp_sweeper_calls.hand_back_frame(&x, out), 0);
	driver_says(2, 1, -ENETDOWN);
	x.program.marks->error = -ENETDOWN;
	x.frames.tries[2] = XDP_FRAME_TRIES_MAX;
	ck_assert_int_eq(grant(NS_PER_S), 0);
	ck_assert(x.deferred);
	for (unsigned int i = 2; i < 5; i++) {
		ck_assert_uint_eq(xdp_sweeper_calls.hand_back_frame(&x, out), 60);
		ck_assert_uint_eq(out[0], 0x10 + i);
	}
	ck_assert_uint_eq(xdp_sweeper_calls.hand_back_frame(&x, out), 0);
	ck_assert_int_eq(grant(NS_PER_S), 0);
	ck_assert(x.deferred);
	xdp_sweeper_sent_else(&x);
	ck_assert_int_eq(grant(NS_PER_S), 0);
	ck_assert(!x.deferred);
	end();
}

/* The interface sends what goes as frames, and its driver never takes any: it is given up. */
TEST(given_up_in_the_end)
{
	unsigned int n = 0;

	if (!begin(&(struct core_setup){ .retries = 0 }, 1, 0))
		return;
	for (; n < 100 && !grant(NS_PER_S); n++)
		refuses(1, -ENXIO);
	ck_assert_uint_ge(n, 16);
	ck_assert_uint_lt(n, 100);
	ck_assert_int_eq(grant(NS_PER_S), -ENXIO);
	x.program.marks->taken++;
	ck_assert_int_eq(grant(NS_PER_S), 0);
	atomic_store(&x.worker.error, -EINVAL);
	ck_assert_int_eq(grant(NS_PER_S), -EINVAL);
	end();
}
