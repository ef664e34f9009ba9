/* What the driver refuses of the in-kernel sweep: it is known, comes back, and goes again. */
#define tx_xdp refused_tx_xdp	/* the rig has its inside, for more than one suite */
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
	trace(x->bpf->progs.xmit, (uint64_t)sent, (uint64_t)drops, (uint64_t)(int64_t)error);
}

static void run_held(void)
{
	while (run() != XDP_REDIRECT)
		;
}

static void check_back(uint64_t place, unsigned int step)
{
	uint64_t k;
	unsigned int s;

	ck_assert(xdp_hand_back(x, &k, &s));
	ck_assert_uint_eq(k, place);
	ck_assert_uint_eq(s, step);
}

static const struct core_setup families[] = {
	{ .target = "198.18.0.0/24" }, { .target = "2001:2::/120" },
};

/* The last ones of a bulk come back, in their order, and count as not sent. */
START_TEST(refused_places_come_back)
{
	struct tx_progress p;
	uint64_t place;
	unsigned int step;

	if (!begin(&families[_i], 1, 0))
		return;
	allow(100, 30, 0);
	for (int i = 0; i < 20; i++)
		run_held();
	driver_says(11, 5, 0);
	for (uint64_t k = 11; k < 16; k++)
		check_back(k, 0);
	ck_assert(!xdp_hand_back(x, &place, &step));
	driver_says(4, 0, 0);
	/* The others are not its business: more than there are; and of other tasks. */
	driver_says(0, 3, 0);
	ck_assert(!xdp_hand_back(x, &place, &step));
	run_held();
	check_made(0, 20, 0);
	xdp_progress(x, &p);
	ck_assert_uint_eq(p.used, 21);
	ck_assert_uint_eq(p.sent[0], 16);
	ck_assert_uint_eq(p.sent_bytes, 16 * made_len);
	ck_assert_uint_eq(p.refused, 5);
	ck_assert_uint_eq(x->marks->taken, 15);
	end();
}
END_TEST

/* One that was refused before it came into a bulk is the last one. */
START_TEST(refused_at_once)
{
	uint64_t place;
	unsigned int step;

	if (!begin(&(struct core_setup){ .retries = 1 }, 1, 0))
		return;
	allow(100, 5, 0);
	for (int i = 0; i < 5; i++)
		run_held();
	trace(x->bpf->progs.redirect_err, 0, (uint64_t)(int64_t)-ENETDOWN, 0);
	check_back(4, 0);
	ck_assert_int_eq(x->marks->error, -ENETDOWN);
	driver_says(4, 0, 0);
	allow(100, 6, 1);
	run_held();
	check_made(0, 0, 1);
	run_held();
	check_made(0, 5, 0);
	driver_says(0, 2, -ENXIO);
	check_back(0, 1);
	check_back(5, 0);
	ck_assert(!xdp_hand_back(x, &place, &step));
	ck_assert_uint_eq(x->marks->sent[0], 4);
	ck_assert_uint_eq(x->marks->sent[1], 0);
	end();
}
END_TEST

/* Nothing goes for a while, and for longer where nothing at all is taken. */
START_TEST(held_after_a_refusal)
{
	uint64_t before_ns = 0;

	if (!begin(&(struct core_setup){ .retries = 0 }, 1, 0))
		return;
	allow(100, 100, 0);
	for (int i = 0; i < 12; i++) {
		run_held();
		ck_assert_uint_eq(x->marks->resume_ns, 0);
		driver_says(0, 1, 0);
		ck_assert_uint_ge(x->marks->hold_ns, before_ns);
		ck_assert_uint_ge(x->marks->hold_ns, SWEEP_HOLD_MIN_NS);
		ck_assert_uint_le(x->marks->hold_ns, SWEEP_HOLD_MAX_NS);
		ck_assert_uint_ne(x->marks->resume_ns, 0);
		before_ns = x->marks->hold_ns;
	}
	ck_assert_uint_eq(before_ns, SWEEP_HOLD_MAX_NS);
	run_held();
	run_held();
	driver_says(1, 1, 0);
	ck_assert_uint_eq(x->marks->hold_ns, SWEEP_HOLD_MIN_NS);
	run_held();
	driver_says(1, 0, 0);
	ck_assert_uint_eq(x->marks->hold_ns, 0);
	end();
}
END_TEST

static void put_some(unsigned int n)
{
	static uint8_t bytes[64];

	for (unsigned int i = 0; i < n; i++) {
		const struct tx_frame frame = { .data = bytes, .len = 60 };

		memset(bytes, (int)(0x10 + i), sizeof(bytes));
		ck_assert_uint_eq(put_frames(x, &frame, 1), 1);
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
START_TEST(refused_frames_go_again)
{
	if (!begin(&(struct core_setup){ .retries = 0 }, 1, 0))
		return;
	put_some(10);
	for (unsigned int i = 0; i < 8; i++)
		check_frame(i);
	driver_says(5, 3, 0);
	ck_assert(is_owing(x));
	ck_assert(put_lost(x));
	for (unsigned int i = 8; i < 10; i++)
		check_frame(i);
	for (unsigned int i = 5; i < 8; i++)
		check_frame(i);
	driver_says(5, 0, 0);
	ck_assert(!is_owing(x));
	put_some(1);
	for (unsigned int i = 0; i < TRIES_MAX; i++) {
		check_frame(0);
		driver_says(0, 1, 0);
		ck_assert(put_lost(x));
	}
	check_frame(0);
	driver_says(0, 1, 0);
	ck_assert(!put_lost(x));
	end();
}
END_TEST

static int grant(uint64_t now_ns)
{
	static const uint64_t until[WINDOW_PASSES_MAX] = { 10 };

	return xdp_grant(x, 100, until, now_ns);
}

static void refuses(uint64_t n, int error)
{
	x->marks->lost += n;
	x->marks->error = error;
}

/* Where it has no room it is waited for; where it takes nothing for long, packets go as frames. */
START_TEST(away_while_refused)
{
	uint64_t now_ns = NS_PER_S;

	if (!begin(&(struct core_setup){ .retries = 0 }, 1, 0))
		return;
	refuses(1, 0);
	ck_assert_int_eq(grant(now_ns), 0);
	refuses(1, -ENOSPC);
	ck_assert_int_eq(grant(now_ns + REFUSED_NS - 1), 0);
	ck_assert(!x->away);
	ck_assert_uint_eq(x->limits->granted, 100);
	/* It took one: that begins anew. */
	x->marks->taken++;
	refuses(1, 0);
	ck_assert_int_eq(grant(now_ns += REFUSED_NS), 0);
	ck_assert(!x->away);
	refuses(1, 0);
	ck_assert_int_eq(grant(now_ns += REFUSED_NS), 0);
	ck_assert(x->away);
	ck_assert_int_eq(x->wanted, WANTED_REST);
	/* Nothing is owed: back at once. */
	ck_assert_int_eq(grant(now_ns), 0);
	ck_assert(!x->away);
	ck_assert_int_eq(x->wanted, WANTED_RUN);
	end();
}
END_TEST

/* What is in the ring is handed back, and must go before the driver is tried again. */
START_TEST(away_at_an_error)
{
	uint8_t out[CRAFT_FRAME_MAX];

	if (!begin(&(struct core_setup){ .retries = 0 }, 1, 0))
		return;
	put_some(5);
	for (unsigned int i = 0; i < 3; i++)
		check_frame(i);
	ck_assert_uint_eq(xdp_hand_back_frame(x, out), 0);
	driver_says(2, 1, -ENETDOWN);
	x->marks->error = -ENETDOWN;
	x->tries[2] = TRIES_MAX;
	ck_assert_int_eq(grant(NS_PER_S), 0);
	ck_assert(x->away);
	for (unsigned int i = 2; i < 5; i++) {
		ck_assert_uint_eq(xdp_hand_back_frame(x, out), 60);
		ck_assert_uint_eq(out[0], 0x10 + i);
	}
	ck_assert_uint_eq(xdp_hand_back_frame(x, out), 0);
	ck_assert_int_eq(grant(NS_PER_S), 0);
	ck_assert(x->away);
	x->away_sent = true;
	ck_assert_int_eq(grant(NS_PER_S), 0);
	ck_assert(!x->away);
	end();
}
END_TEST

/* The interface sends what goes as frames, and its driver never takes any: it is given up. */
START_TEST(given_up_in_the_end)
{
	unsigned int n = 0;

	if (!begin(&(struct core_setup){ .retries = 0 }, 1, 0))
		return;
	for (; n < 100 && !grant(NS_PER_S); n++)
		refuses(1, -ENXIO);
	ck_assert_uint_ge(n, AWAY_MAX);
	ck_assert_uint_lt(n, 100);
	ck_assert_int_eq(grant(NS_PER_S), -ENXIO);
	x->marks->taken++;
	x->away = false;
	ck_assert_int_eq(grant(NS_PER_S), 0);
	atomic_store(&x->broken, -EINVAL);
	ck_assert_int_eq(grant(NS_PER_S), -EINVAL);
	end();
}
END_TEST

UNIT_SUITE(refused_xdp)
{
	TCase *tcase = unit_case(suite, "refused", refused_at_once, held_after_a_refusal,
				 refused_frames_go_again, away_while_refused, away_at_an_error,
				 given_up_in_the_end);

	runs = can_run();
	tcase_add_loop_test(tcase, refused_places_come_back, 0, 2);
}
