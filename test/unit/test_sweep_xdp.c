/*
 * bpf/sweep.bpf.c against lib/ and src/: the frames that it makes, the marks that it leaves. Run
 * frame by frame with BPF_PROG_TEST_RUN and not with live frames: on no interface, and nothing is
 * sent. Built only where the program is; where the kernel runs none it says so.
 */
#include "unit.h"

/* Its inside: facts, maps and what the send thread sees of them. */
#include "tx_xdp.c"

#include "kernel_clock.h"
#include "rig.h"

static struct core core;
static struct xdp_state *x;
static bool runs;
static uint8_t made[256];
static uint32_t made_len;

/* Whether the kernel lets this user run it; else says, once for all tests, why not. */
static bool can_run(void)
{
	int map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "probe", 4, 8, 1, NULL);
	const char *why = map < 0 ? strerror(-map) : "no bpf_xdp_store_bytes() (Linux 5.18)";
	bool can = map >= 0 && libbpf_probe_bpf_helper(BPF_PROG_TYPE_XDP, BPF_FUNC_xdp_store_bytes,
						       NULL) == 1;

	if (map >= 0)
		close(map);
	if (!can)
		fprintf(stderr, "sweep_xdp: skipped, the kernel runs no such program for this "
			"user: %s\n", why);
	return can;
}

/* A lane's program, with all that open() does but for the interface. False: skipped. */
static bool begin(const struct core_setup *o, unsigned int n_sources, unsigned int lane)
{
	struct targets_flat flat;
	struct tx_setup setup = { .ifindex = 1, .shared = &core.s, .lane = lane };
	char text[ADDR_STRLEN];

	if (!runs)
		return false;
	core_init(&core, o);
	core.s.source_key = (struct siphash_key){ 3, 4 };
	for (unsigned int i = 1; i < n_sources; i++) {
		snprintf(text, sizeof(text), "198.19.0.%u", 1 + i);
		core_source(&core, text);
	}
	x = calloc(1, sizeof(*x));
	ck_assert_ptr_nonnull(x);
	ck_assert(targets_flat(core.targets, &flat));
	x->bpf = sweep_bpf__open();
	ck_assert_ptr_nonnull(x->bpf);
	fill_facts(&x->bpf->rodata->facts, &setup, &flat);
	know_facts(x, &x->bpf->rodata->facts);
	size_maps(x, &x->bpf->rodata->facts);
	ck_assert_int_eq(sweep_bpf__load(x->bpf), 0);
	x->limits = &x->bpf->bss->limits;
	x->marks = &x->bpf->bss->marks;
	ck_assert_int_eq(fill_maps(x, &flat), 0);
	ck_assert_int_eq(move_window(x, &core.s.lanes[lane].window), 0);
	return true;
}

static void end(void)
{
	ck_assert_int_eq(xdp_close(x, &(struct err){ "" }), 0);
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

	ck_assert_int_eq(bpf_prog_test_run_opts(bpf_program__fd(x->bpf->progs.sweep), &opts), 0);
	made_len = opts.data_size_out;
	return opts.retval;
}

/* As sweep_let() does: packets in all, and how far the first and the later steps may go. */
static void allow(uint64_t granted, uint64_t first, uint64_t later)
{
	x->limits->until[0] = first;
	for (unsigned int i = 1; i < x->steps; i++)
		x->limits->until[i] = later;
	x->limits->granted = granted;
}

/* It is the SYN that the frame engines send: step `step` of the lane's place. */
static void check_made(unsigned int lane, uint64_t place, unsigned int step)
{
	uint64_t k = lane_whole(place, lane, core.s.nlanes);
	uint64_t target = order_target(&core.s.order, k);
	struct target t = targets_at(core.targets, target);
	struct addr source = shared_source(&core.s, &t);
	unsigned int arms = core.s.lanes[lane].window.arms;
	struct tfo_option option = { .state = TFO_ABSENT };
	enum probe_kind kind = shared_sweep_probe(&core.s, &t, source, step % arms, &option);
	struct syn want;

	core_craft(&core, target, source, (uint8_t)kind, (uint8_t)(step / arms), &option, &want);
	if (made_len != want.len || memcmp(made, want.frame, want.len) != 0)
		ck_abort_msg("place %ju, step %u: another frame", (uintmax_t)place, step);
}

/* ---- frames -------------------------------------------------------------------------------- */

static const struct {
	struct core_setup o;
	unsigned int sources, lane;
} sweeps[] = {
	{ { .target = "198.18.0.0/24", .retries = 1 }, 1, 0 },
	{ { .target = "198.18.0.0/24", .retries = 2 }, 5, 0 },
	{ { .target = "2001:2::/120", .retries = 1 }, 1, 0 },
	{ { .target = "198.18.0.0/21", .retries = 1, .lanes = 3, .window = 4096 }, 7, 0 },
	{ { .target = "198.18.0.0/21", .retries = 1, .lanes = 3, .window = 4096 }, 7, 1 },
	{ { .target = "198.18.0.0/21", .retries = 1, .lanes = 3, .window = 4096 }, 7, 2 },
	{ { .target = "198.18.0.0/24", .retries = 1, .plan = PLAN_PATH }, 2, 0 },
	{ { .target = "2001:2::/121", .retries = 0, .plan = PLAN_PATH }, 1, 0 },
	{ { .target = "198.18.0.0/24", .sweep = 1u << PROBE_REQUEST_EXP }, 1, 0 },
};

/* Step by step each place has its own, and all is counted. */
START_TEST(frames_as_they_are)
{
	uint64_t places, bytes = 0, n = 0;
	struct tx_progress p;

	if (!begin(&sweeps[_i].o, sweeps[_i].sources, sweeps[_i].lane))
		return;
	places = core.s.lanes[sweeps[_i].lane].places;
	for (unsigned int step = 0; step < x->steps; step++)
		for (uint64_t place = 0; place < places; place++) {
			x->limits->until[step] = place + 1;
			x->limits->granted = ++n;
			ck_assert_uint_eq(run(), XDP_REDIRECT);
			check_made(sweeps[_i].lane, place, step);
			bytes += made_len;
			/* Granted, but there is nothing to do; and the other way round. */
			x->limits->granted = n + 1;
			ck_assert_uint_eq(run(), XDP_DROP);
			x->limits->granted = n;
		}
	ck_assert_uint_eq(run(), XDP_DROP);
	xdp_progress(x, &p);
	ck_assert_uint_eq(p.used, n);
	ck_assert_uint_eq(p.sent_bytes, bytes);
	ck_assert_uint_eq(p.lost, 0);
	for (unsigned int step = 0; step < x->steps; step++) {
		ck_assert_uint_eq(p.at[step], places);
		ck_assert_uint_eq(p.sent[step], places);
	}
	end();
}
END_TEST

/* The latest step that is due goes first; who was answered is stepped over. */
START_TEST(steps_in_their_order)
{
	struct window *w = &core.s.lanes[0].window;

	if (!begin(&(struct core_setup){ .retries = 2 }, 1, 0))
		return;
	allow(100, 100, 0);
	for (uint64_t place = 0; place < 100; place++)
		ck_assert_uint_eq(run(), XDP_REDIRECT);
	for (uint64_t place = 0; place < 100; place++) {
		ck_assert_uint_eq(window_status(w, place), 1);
		if (place % 3)
			window_mark(w, place, WINDOW_ANSWERED);
	}
	allow(1000, 200, 30);
	x->limits->until[2] = 0;
	for (uint64_t place = 0; place < 30; place += 3) {
		ck_assert_uint_eq(run(), XDP_REDIRECT);
		check_made(0, place, 1);
	}
	/* What is left of them is looked at, and then new ones go on. */
	while (run() != XDP_REDIRECT)
		;
	check_made(0, 100, 0);
	ck_assert_uint_eq(x->marks->at[1], 30);
	window_mark(w, 6, WINDOW_DONE);
	x->limits->until[2] = 30;
	for (uint64_t place = 0; place < 30; place += 3)
		if (place != 6) {
			while (run() != XDP_REDIRECT)
				;
			check_made(0, place, 2);
		}
	ck_assert_uint_eq(window_status(w, 3), 3);
	ck_assert_uint_eq(window_status(w, 6), 2 | WINDOW_DONE);
	ck_assert_uint_eq(window_status(w, 4), 1 | WINDOW_ANSWERED);
	ck_assert_uint_eq(x->marks->used, 100 + 10 + 1 + 9);
	end();
}
END_TEST

START_TEST(stops)
{
	if (!begin(&(struct core_setup){ .retries = 0 }, 1, 0))
		return;
	allow(10, 100, 0);
	for (int i = 0; i < 5; i++)
		ck_assert_uint_eq(run(), XDP_REDIRECT);
	x->limits->stop = 1;
	ck_assert_uint_eq(run(), XDP_DROP);
	ck_assert_uint_eq(x->marks->used, 5);
	ck_assert_uint_eq(x->marks->at[0], 5);
	end();
}
END_TEST

/* Frames of the send thread's go before all else, granted or not, of any length. */
START_TEST(frames_go_first)
{
	static uint8_t bytes[40][SWEEP_FRAME_LEN + 1];
	struct tx_frame frames[40];
	unsigned int n = 0;

	if (!begin(&(struct core_setup){ .retries = 0 }, 1, 0))
		return;
	for (unsigned int i = 0; i < 40; i++) {
		frames[i].data = bytes[i];
		frames[i].len = i < 20 ? 54 + i : SWEEP_FRAME_LEN - 39 + i;
		memset(bytes[i], 1 + (int)i, frames[i].len);
	}
	frames[39].len = SWEEP_FRAME_LEN + 1;
	allow(5, 100, 0);
	ck_assert_uint_eq(run(), XDP_REDIRECT);
	/* All but the one that is too long. */
	ck_assert_uint_eq(put_frames(x, frames, 40), 39);
	for (; n < 39; n++) {
		ck_assert_uint_eq(run(), XDP_REDIRECT);
		ck_assert_uint_eq(made_len, frames[n].len);
		ck_assert_mem_eq(made, bytes[n], made_len);
	}
	ck_assert_uint_eq(x->marks->used, 1);
	ck_assert_uint_eq(run(), XDP_REDIRECT);
	check_made(0, 1, 0);
	/* No more than the ring holds. */
	for (n = 0; put_frames(x, frames, 32) == 32; n += 32)
		;
	ck_assert_uint_eq(n, SWEEP_FRAMES);
	end();
}
END_TEST

/* ---- what the send thread sees ------------------------------------------------------------- */

/* Places that it could not do, in their order, once each. */
START_TEST(handed_back)
{
	uint64_t place, n = 0;
	unsigned int step;

	if (!begin(&(struct core_setup){ .retries = 1 }, 1, 0))
		return;
	ck_assert(!xdp_hand_back(x, &place, &step));
	while (n < 3 * SWEEP_OVERRUNS) {
		for (uint64_t i = n; i < n + 40; i++) {
			x->marks->overrun[i % SWEEP_OVERRUNS].place = 1000 + i;
			x->marks->overrun[i % SWEEP_OVERRUNS].step = i % 2;
		}
		x->marks->overruns = n + 40;
		for (uint64_t end_of = n + 40; n < end_of; n++) {
			ck_assert(xdp_hand_back(x, &place, &step));
			ck_assert_uint_eq(place, 1000 + n);
			ck_assert_uint_eq(step, n % 2);
		}
		ck_assert(!xdp_hand_back(x, &place, &step));
		ck_assert_uint_eq(x->limits->overruns_taken, n);
	}
	end();
}
END_TEST

/* A driver that takes nothing for a while is broken; one that loses some is not: it is counted. */
START_TEST(refused_by_the_driver)
{
	uint64_t until[WINDOW_STEPS_MAX] = { 10 }, now_ns = NS_PER_S;
	struct tx_progress p;

	if (!begin(&(struct core_setup){ .retries = 0 }, 1, 0))
		return;
	x->marks->error = -ENXIO;
	ck_assert_int_eq(xdp_grant(x, REFUSED_MIN + 9, until, now_ns), 0);
	ck_assert_uint_eq(x->limits->granted, REFUSED_MIN + 9);
	ck_assert_uint_eq(x->limits->until[0], 10);
	x->marks->used = x->marks->lost = REFUSED_MIN - 1;
	ck_assert_int_eq(xdp_grant(x, REFUSED_MIN + 9, until, now_ns + REFUSED_NS), 0);
	x->marks->used = x->marks->lost = REFUSED_MIN;
	ck_assert_int_eq(xdp_grant(x, REFUSED_MIN + 9, until, now_ns + REFUSED_NS - 1), 0);
	ck_assert_int_eq(xdp_grant(x, REFUSED_MIN + 9, until, now_ns + REFUSED_NS), -ENXIO);
	/* One came through: it begins anew. */
	x->marks->used++;
	ck_assert_int_eq(xdp_grant(x, REFUSED_MIN + 9, until, now_ns + REFUSED_NS), 0);
	x->left_lost = 2;
	xdp_progress(x, &p);
	ck_assert_uint_eq(p.lost, REFUSED_MIN + 2);
	x->marks->used += REFUSED_MIN;
	x->marks->lost += REFUSED_MIN;
	ck_assert_int_eq(xdp_grant(x, REFUSED_MIN + 9, until, now_ns + 2 * REFUSED_NS), -ENXIO);
	x->marks->lost--;
	atomic_store(&x->broken, -EINVAL);
	ck_assert_int_eq(xdp_grant(x, REFUSED_MIN + 9, until, now_ns + 2 * REFUSED_NS), -EINVAL);
	end();
}
END_TEST

/* ---- times --------------------------------------------------------------------------------- */

static void wait_past_a_grain(void)
{
	uint64_t until = clock_now_ns() + 2 * x->bpf->rodata->facts.log_grain_ns;

	while (clock_now_ns() < until)
		;
}

/* No place's time in the log is from before it was granted, whichever step goes first. */
START_TEST(times_of_each_step)
{
	const struct window *w = &core.s.lanes[0].window;
	uint64_t granted_ns[2][200] = { 0 }, n = 0;
	unsigned int steps = 2;

	if (!begin(&(struct core_setup){ .retries = 1 }, 1, 0))
		return;
	for (uint64_t to = 10; to <= 200; to += 10) {
		uint64_t now_ns = kernel_clock_now_ns();

		for (uint64_t i = to - 10; i < to; i++) {
			granted_ns[0][i] = now_ns;
			if (i >= 10)
				granted_ns[1][i - 10] = now_ns;
		}
		n += to > 10 ? 20 : 10;
		allow(n, to, to - 10);
		while (run() == XDP_REDIRECT)
			;
		ck_assert_uint_eq(x->marks->used, n);
		wait_past_a_grain();
	}
	for (unsigned int s = 0; s < steps; s++)
		for (uint64_t place = 0; place < 190; place++) {
			uint64_t ns = sendlog_time(&w->cursor[s].log, place);

			if (ns < granted_ns[s][place] || ns > kernel_clock_now_ns())
				ck_abort_msg("step %u, place %ju: %.3f ms before it was granted", s,
					     (uintmax_t)place,
					     (double)(granted_ns[s][place] - ns) / 1e6);
		}
	end();
}
END_TEST

/* The family's frames go to where its gateway has moved; nothing else of them is another. */
START_TEST(to_where_the_gateway_is)
{
	static const uint8_t moved[6] = { 2, 7, 6, 5, 4, 3 };
	uint8_t before[6];
	bool v6 = _i;

	if (!begin(&(struct core_setup){ .target = v6 ? "2001:2::/120" : "198.18.0.0/24" }, 1, 0))
		return;
	allow(1, 1, 0);
	ck_assert_uint_eq(run(), XDP_REDIRECT);
	check_made(0, 0, 0);
	memcpy(before, made, sizeof(before));
	xdp_address(x, !v6, moved);
	allow(2, 2, 0);
	ck_assert_uint_eq(run(), XDP_REDIRECT);
	check_made(0, 1, 0);
	xdp_address(x, v6, moved);
	allow(3, 3, 0);
	ck_assert_uint_eq(run(), XDP_REDIRECT);
	ck_assert_mem_eq(made, moved, sizeof(moved));
	memcpy(made, before, sizeof(before));
	check_made(0, 2, 0);
	end();
}
END_TEST

UNIT_SUITE(sweep_xdp)
{
	TCase *tcase = unit_case(suite, "sweep", steps_in_their_order, stops, frames_go_first,
				 handed_back, refused_by_the_driver, times_of_each_step);

	runs = can_run();
	tcase_add_loop_test(tcase, to_where_the_gateway_is, 0, 2);
	tcase_add_loop_test(tcase, frames_as_they_are, 0, sizeof(sweeps) / sizeof(sweeps[0]));
}
