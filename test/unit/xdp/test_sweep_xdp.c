/*
 * bpf/sweep.bpf.c against lib/ and src/: the frames that it makes, the marks that it leaves, by
 * either of its programs. Built only where they are; where the kernel runs none it says so.
 */
#include "sweep_xdp_rig.h"

/* Tests that run with each program, _i of them. */
#define TEST_WAYS(name_)	TEST_TIMES(name_, 2)

/* ---- frames -------------------------------------------------------------------------------- */

#define V4_HOSTS	"198.18.0.1\n198.18.0.2\n198.18.3.255\n203.0.113.7\n255.255.255.254\n"
#define V4_PAIRS	"198.18.0.1:22\n198.18.0.1:65535\n198.18.4.9:1\n0.0.0.1:443\n"
#define V6_HOSTS	"2001:2::1\n2001:2:0:7:8000:1:ffff:fffe\n::2\n"
#define V6_PAIRS	"[2001:2::1]:22\n[fedc:ba98:7654:3210:123:4567:89ab:cdef]:4443\n[::1]:9\n"

static const struct {
	struct core_setup o;
	unsigned int sources, sender;
} sweeps[] = {
	{ { .target = "198.18.0.0/24", .retries = 1 }, 1, 0 },
	{ { .target = "198.18.0.0/24", .retries = 2 }, 5, 0 },
	{ { .target = "2001:2::/120", .retries = 1 }, 1, 0 },
	{ { .target = "198.18.0.0/21", .retries = 1, .senders = 3, .window = 4096 }, 7, 0 },
	{ { .target = "198.18.0.0/21", .retries = 1, .senders = 3, .window = 4096 }, 7, 1 },
	{ { .target = "198.18.0.0/21", .retries = 1, .senders = 3, .window = 4096 }, 7, 2 },
	{ { .target = "198.18.0.0/24", .retries = 1, .plan = PLAN_PATH }, 2, 0 },
	{ { .target = "2001:2::/121", .retries = 0, .plan = PLAN_PATH }, 1, 0 },
	{ { .target = "198.18.0.0/24", .sweep = 1u << PROBE_REQUEST_EXP }, 1, 0 },
	/* Server lists: addresses without port, then pairs; of either family, and of both. */
	{ { .list = V4_HOSTS, .retries = 2 }, 1, 0 },
	{ { .list = V4_HOSTS, .ports = "80,443,8080", .retries = 1 }, 3, 0 },
	{ { .list = V4_PAIRS, .retries = 2 }, 1, 0 },
	{ { .list = V4_HOSTS V4_PAIRS, .ports = "1-30", .retries = 1 }, 1, 0 },
	{ { .list = V6_HOSTS V6_PAIRS, .ports = "53,853", .retries = 2 }, 1, 0 },
	{ { .list = V6_PAIRS, .retries = 1 }, 1, 0 },
	{ { .list = V4_HOSTS V6_PAIRS V4_PAIRS V6_HOSTS, .ports = "7,9", .retries = 1 }, 4, 0 },
	{ { .list = V4_PAIRS V6_PAIRS, .plan = PLAN_PATH, .retries = 1 }, 1, 0 },
	{ { .list = "198.18.0.9:80\n" }, 1, 0 },
	{ { .list = "2001:2::9\n" }, 1, 0 },
	{ { .target = "198.18.7.0/28", .list = V4_HOSTS V4_PAIRS, .ports = "80,443" }, 2, 0 },
	{ { .target = "2001:2::70/124", .list = V4_HOSTS V6_PAIRS, .ports = "80,443" }, 2, 0 },
	{ { .target = "198.18.7.0/28", .list = V4_PAIRS V6_HOSTS, .senders = 3 }, 2, 1 },
	{ { .list = V4_HOSTS V6_PAIRS, .ports = "1-40", .senders = 3, .window = 4096 }, 2, 2 },
};

/* Pass by pass each position has its own, and all is counted. */
static void check_frames(const struct core_setup *o, unsigned int sources, unsigned int sender)
{
	uint64_t positions, bytes = 0, n = 0;
	struct tx_progress p;

	if (!begin(o, sources, sender))
		return;
	positions = core.s.senders[sender].positions;
	for (unsigned int pass = 0; pass < x.program.passes; pass++)
		for (uint64_t pos = 0; pos < positions; pos++) {
			x.program.limits->until[pass] = pos + 1;
			x.program.limits->granted = ++n;
			ck_assert_uint_eq(run(), XDP_REDIRECT);
			check_made(sender, pos, pass);
			bytes += made_len;
			/* Granted, but there is nothing to do; and the other way round. */
			x.program.limits->granted = n + 1;
			ck_assert_uint_eq(run(), XDP_DROP);
			x.program.limits->granted = n;
		}
	ck_assert_uint_eq(run(), XDP_DROP);
	xdp_sweeper_calls.progress(&x, &p);
	ck_assert_uint_eq(p.used, n);
	ck_assert_uint_eq(p.sent_bytes, bytes);
	ck_assert_uint_eq(p.refused, 0);
	for (unsigned int pass = 0; pass < x.program.passes; pass++) {
		ck_assert_uint_eq(p.at[pass], positions);
		ck_assert_uint_eq(p.sent[pass], positions);
	}
	end();
}

TEST_EACH(frames_as_they_are, sweeps)
{
	for (way = XDP_WAY_DRIVER; way <= XDP_WAY_TC; way++)
		check_frames(&row->o, row->sources, row->sender);
}

/* 256 lines, without port and with one. */
static const char *many_lines(void)
{
	static char text[8192];
	size_t len = 0;

	for (unsigned int i = 0; i < 256; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
					i % 5 ? "198.18.%u.9\n" : "198.18.%u.9:%u\n", i, i + 1);
	return text;
}

/*
 * The latest pass that is due goes first; who was answered is stepped over: so what is looked up
 * ahead, of a list, is not what comes next.
 */
TEST_TIMES(passes_in_their_order, 4)
{
	struct window *w = &core.s.senders[0].window;

	way = (enum xdp_way)(_i & 1);
	if (!begin(&(struct core_setup){ .retries = 2, .list = _i & 2 ? many_lines() : NULL }, 1,
		   0))
		return;
	allow(100, 100, 0);
	for (uint64_t pos = 0; pos < 100; pos++)
		ck_assert_uint_eq(run(), XDP_REDIRECT);
	for (uint64_t pos = 0; pos < 100; pos++) {
		ck_assert_uint_eq(window_status(w, pos), 1);
		if (pos % 3)
			window_mark(w, pos, WINDOW_ANSWERED);
	}
	allow(1000, 200, 30);
	x.program.limits->until[2] = 0;
	for (uint64_t pos = 0; pos < 30; pos += 3) {
		ck_assert_uint_eq(run(), XDP_REDIRECT);
		check_made(0, pos, 1);
	}
	/* What is left of them is looked at, and then new ones go on. */
	while (run() != XDP_REDIRECT)
		;
	check_made(0, 100, 0);
	ck_assert_uint_eq(x.program.marks->at[1], 30);
	window_mark(w, 6, WINDOW_DONE);
	x.program.limits->until[2] = 30;
	for (uint64_t pos = 0; pos < 30; pos += 3)
		if (pos != 6) {
			while (run() != XDP_REDIRECT)
				;
			check_made(0, pos, 2);
		}
	ck_assert_uint_eq(window_status(w, 3), 3);
	ck_assert_uint_eq(window_status(w, 6), 2 | WINDOW_DONE);
	ck_assert_uint_eq(window_status(w, 4), 1 | WINDOW_ANSWERED);
	ck_assert_uint_eq(x.program.marks->used, 100 + 10 + 1 + 9);
	end();
}

TEST_WAYS(stops)
{
	way = (enum xdp_way)_i;
	if (!begin(&(struct core_setup){ .retries = 0 }, 1, 0))
		return;
	allow(10, 100, 0);
	for (int i = 0; i < 5; i++)
		ck_assert_uint_eq(run(), XDP_REDIRECT);
	x.program.limits->stop = 1;
	ck_assert_uint_eq(run(), XDP_DROP);
	ck_assert_uint_eq(x.program.marks->used, 5);
	ck_assert_uint_eq(x.program.marks->at[0], 5);
	end();
}

/* Frames of the send thread's go before all else, granted or not, of any length. */
TEST_WAYS(frames_go_first)
{
	static uint8_t bytes[40][SWEEP_FRAME_LEN + 1];
	struct tx_frame frames[40];
	unsigned int n = 0;

	way = (enum xdp_way)_i;
	if (!begin(&(struct core_setup){ .retries = 0 }, 1, 0))
		return;
	for (unsigned int i = 0; i < 40; i++) {
		frames[i].data = bytes[i];
		frames[i].len = i < 20 ? 54 + i : SWEEP_FRAME_LEN - 39 + i;
		memset(bytes[i], 1 + (int)i, frames[i].len);
		put_be16(bytes[i] + 12, i % 3 ? 0x800 : 0x86dd);
	}
	frames[39].len = SWEEP_FRAME_LEN + 1;
	allow(5, 100, 0);
	ck_assert_uint_eq(run(), XDP_REDIRECT);
	/* All but the one that is too long. */
	ck_assert_uint_eq(xdp_frames_put(&x.frames, frames, 40), 39);
	for (; n < 39; n++) {
		ck_assert_uint_eq(run(), XDP_REDIRECT);
		ck_assert_uint_eq(made_len, frames[n].len);
		ck_assert_mem_eq(made, bytes[n], made_len);
	}
	ck_assert_uint_eq(x.program.marks->used, 1);
	ck_assert_uint_eq(run(), XDP_REDIRECT);
	check_made(0, 1, 0);
	/* No more than the ring holds. */
	for (n = 0; xdp_frames_put(&x.frames, frames, 32) == 32; n += 32)
		;
	ck_assert_uint_eq(n, SWEEP_FRAMES - XDP_FRAMES_MARGIN);
	end();
}

/* ---- what the send thread sees ------------------------------------------------------------- */

/* Positions that it could not do, in their order, once each. */
TEST(handed_back)
{
	uint64_t pos, n = 0;
	unsigned int pass;

	if (!begin(&(struct core_setup){ .retries = 1 }, 1, 0))
		return;
	ck_assert(!xdp_sweeper_calls.hand_back(&x, &pos, &pass));
	while (n < 3 * SWEEP_OVERRUNS) {
		for (uint64_t i = n; i < n + 40; i++) {
			x.program.marks->overrun[i % SWEEP_OVERRUNS].pos = 1000 + i;
			x.program.marks->overrun[i % SWEEP_OVERRUNS].pass = i % 2;
		}
		x.program.marks->overruns = n + 40;
		for (uint64_t end_of = n + 40; n < end_of; n++) {
			ck_assert(xdp_sweeper_calls.hand_back(&x, &pos, &pass));
			ck_assert_uint_eq(pos, 1000 + n);
			ck_assert_uint_eq(pass, n % 2);
		}
		ck_assert(!xdp_sweeper_calls.hand_back(&x, &pos, &pass));
		ck_assert_uint_eq(x.program.limits->overruns_taken, n);
	}
	end();
}

/* ---- times --------------------------------------------------------------------------------- */

static void wait_past_a_grain(void)
{
	uint64_t until = clock_now_ns() + 2 * x.program.bpf->rodata->facts.log_grain_ns;

	while (clock_now_ns() < until)
		;
}

/* No position's time in the log is from before it was granted, whichever pass goes first. */
TEST_WAYS(times_of_each_pass)
{
	const struct window *w = &core.s.senders[0].window;
	uint64_t granted_ns[2][200] = { 0 }, n = 0;
	unsigned int passes = 2;

	way = (enum xdp_way)_i;
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
		ck_assert_uint_eq(x.program.marks->used, n);
		wait_past_a_grain();
	}
	for (unsigned int s = 0; s < passes; s++)
		for (uint64_t pos = 0; pos < 190; pos++) {
			uint64_t ns = sendlog_time(&w->cursor[s].log, pos);

			if (ns < granted_ns[s][pos] || ns > kernel_clock_now_ns())
				ck_abort_msg("pass %u, position %ju: %.3f ms before it was granted",
					     s,
					     (uintmax_t)pos,
					     (double)(granted_ns[s][pos] - ns) / 1e6);
		}
	end();
}

/* The family's frames go to where its gateway has moved; nothing else of them is another. */
TEST_TIMES(to_where_the_gateway_is, 4)
{
	static const uint8_t moved[6] = { 2, 7, 6, 5, 4, 3 };
	uint8_t before[6];
	bool v6 = _i & 1;

	way = (enum xdp_way)(_i / 2);
	if (!begin(&(struct core_setup){ .target = v6 ? "2001:2::/120" : "198.18.0.0/24" }, 1, 0))
		return;
	allow(1, 1, 0);
	ck_assert_uint_eq(run(), XDP_REDIRECT);
	check_made(0, 0, 0);
	memcpy(before, made, sizeof(before));
	xdp_sweeper_calls.address(&x, !v6, moved);
	allow(2, 2, 0);
	ck_assert_uint_eq(run(), XDP_REDIRECT);
	check_made(0, 1, 0);
	xdp_sweeper_calls.address(&x, v6, moved);
	allow(3, 3, 0);
	ck_assert_uint_eq(run(), XDP_REDIRECT);
	ck_assert_mem_eq(made, moved, sizeof(moved));
	memcpy(made, before, sizeof(before));
	check_made(0, 2, 0);
	end();
}
