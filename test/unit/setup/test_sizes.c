/* sizes: how many threads, and how much memory, by rate, time, targets and cores. */
#include "unit.h"

#include "base/clock.h"
#include "config/config.h"
#include "setup/sizes.h"

static struct config config;
static struct sizes sizes;

/* 4 threads without a rate limit, of a /15; and what is set beside that. */
static struct sizes_basis basis(void)
{
	config = (struct config){
		.network.threads = 4, .probing.timeout_ns = 3 * NS_PER_S,
		.rate.cooldown_ns = 8 * NS_PER_S,
	};
	return (struct sizes_basis){ .config = &config, .positions = 1u << 17, .cores = 4 };
}

static bool is_power_of_two(uint64_t n)
{
	return n && !(n & (n - 1));
}

static void choose(const struct sizes_basis *b)
{
	sizes_choose(b, &sizes);
	ck_assert_uint_ge(sizes.senders, 1);
	ck_assert(is_power_of_two(sizes.sender.window) && is_power_of_two(sizes.table)
		  && is_power_of_two(sizes.sender.followups)
		  && is_power_of_two(sizes.sender.segments));
}

/* ---- senders ------------------------------------------------------------------------------- */

/* As many as are asked for, where the rate and the targets are worth them. */
TEST(senders_by_rate_and_targets)
{
	static const struct {
		uint32_t threads;
		double rate_pps, bandwidth_bps;
		uint64_t positions;
		unsigned int senders;
	} cases[] = {
		{ 1, 0, 0, 1 << 17, 1 }, { 3, 0, 0, 1 << 17, 3 }, { 16, 0, 0, 1 << 17, 16 },
		{ 4, 1e6, 0, 1 << 17, 4 }, { 4, 399999, 0, 1 << 17, 3 },
		{ 4, 200000, 0, 1 << 17, 2 }, { 4, 199999, 0, 1 << 17, 1 },
		{ 4, 10000, 0, 1 << 17, 1 }, { 4, 0, 1e9, 1 << 17, 4 },
		{ 4, 0, 2 * 67.2e6, 1 << 17, 2 }, { 4, 0, 1e6, 1 << 17, 1 },
		{ 4, 1e6, 2 * 67.2e6, 1 << 17, 2 }, { 4, 200000, 1e9, 1 << 17, 2 },
		{ 4, 0, 0, 1 << 15, 4 }, { 4, 0, 0, 1 << 14, 2 }, { 4, 0, 0, 1 << 13, 1 },
		{ 4, 0, 0, 256, 1 },
	};

	for (size_t i = 0; i < N_OF(cases); i++) {
		struct sizes_basis b = basis();

		b.positions = cases[i].positions;
		config.network.threads = cases[i].threads;
		config.rate.pps = cases[i].rate_pps;
		config.rate.bandwidth_bps = cases[i].bandwidth_bps;
		choose(&b);
		ck_assert_msg(sizes.senders == cases[i].senders, "case %zu: %u senders", i,
			      sizes.senders);
	}
}

/*
 * Left to itself it is modest, and keeps a core for the receive thread, where there are any and the
 * kernel sweeps.
 */
static const struct {
	long cores;
	unsigned int senders, sweeping;
} cores[] = { { -1, 1, 1 }, { 1, 1, 1 }, { 2, 2, 1 }, { 3, 3, 2 }, { 4, 4, 3 }, { 5, 4, 4 },
	      { 64, 4, 4 } };

TEST_EACH(senders_by_cores, cores)
{
	struct sizes_basis b = basis();

	config.network.threads = 0;
	b.cores = row->cores;
	choose(&b);
	ck_assert_msg(sizes.senders == row->senders, "%ld cores: %u", row->cores,
		      sizes.senders);
	b.sweeps = true;
	choose(&b);
	ck_assert_msg(sizes.senders == row->sweeping, "%ld cores, kernel: %u", row->cores,
		      sizes.senders);
}

/* What is asked for, up to the senders; else a second where it may be needed and has a core. */
static const struct {
	uint32_t asked;
	double rate_pps, bandwidth_bps;
	bool is_fast, one_receiver;
	long cores;
	unsigned int receivers;
} receivers[] = {
	{ 0, 0, 0, true, false, 6, 2 }, { 0, 0, 0, true, false, 5, 1 },
	{ 0, 1e6, 0, true, false, 6, 1 }, { 0, 1000001, 0, true, false, 6, 2 },
	{ 0, 0, 67.2e6 * 5, true, false, 6, 1 }, { 0, 0, 67.2e6 * 11, true, false, 6, 2 },
	{ 0, 0, 0, false, false, 64, 1 }, { 0, 0, 0, true, true, 64, 1 },
	{ 3, 0, 0, false, false, 1, 3 }, { 1, 0, 0, true, false, 64, 1 },
	{ 3, 0, 0, true, true, 64, 1 }, { 9, 0, 0, true, false, 1, 4 },
};

TEST_EACH(receivers_by_rate_and_cores, receivers)
{
	struct sizes_basis b = basis();

	config.network.receivers = row->asked;
	config.rate.pps = row->rate_pps;
	config.rate.bandwidth_bps = row->bandwidth_bps;
	b.is_fast = row->is_fast;
	b.one_receiver = row->one_receiver;
	b.cores = row->cores;
	choose(&b);
	ck_assert_uint_eq(sizes.senders, 4);
	ck_assert_uint_eq(sizes.receivers, row->receivers);
	config.network.threads = 1;
	choose(&b);
	ck_assert_uint_eq(sizes.receivers, 1);
	config.network.receivers = 0;
	choose(&b);
	ck_assert_uint_eq(sizes.receivers, 1);
}

TEST(one_output_is_of_one_sender)
{
	struct sizes_basis b = basis();

	b.one_sender = true;
	choose(&b);
	ck_assert_uint_eq(sizes.senders, 1);
	b = basis();
	config.network.save_pcap = "file";
	choose(&b);
	ck_assert_uint_eq(sizes.senders, 1);
}

/* The senders have together what one has, but for what rounding up adds. */
TEST(senders_share_the_window)
{
	struct sizes_basis b = basis();
	uint64_t whole;

	config.rate.pps = 400000;
	config.probing.timeout_ns = config.rate.cooldown_ns = NS_PER_S / 10;
	config.network.threads = 1;
	choose(&b);
	whole = sizes.sender.window;
	for (config.network.threads = 2; config.network.threads <= 4; config.network.threads++) {
		choose(&b);
		ck_assert_uint_eq(sizes.senders, config.network.threads);
		ck_assert_uint_ge(sizes.sender.window * sizes.senders, whole);
		ck_assert_uint_lt(sizes.sender.window * sizes.senders, 2 * whole);
	}
}

/* ---- memory -------------------------------------------------------------------------------- */

/* What can be in flight fits twice: until it is over, and within a time-out; and not much more. */
static const struct {
	double rate_pps;
	uint64_t timeout_s, cooldown_s;
	unsigned int retries;
	uint64_t flight, answered;
} amounts[] = {
	{ 1000, 3, 8, 0, 11000, 3000 }, { 1000, 10, 8, 0, 18000, 10000 },
	{ 1000, 3, 8, 4, 23000, 3000 }, { 100, 3, 100, 0, 10300, 300 },
	{ 0.1, 3, 8, 0, 2, 1 },
};

TEST_EACH(by_rate_and_time, amounts)
{
	struct sizes_basis b = basis();

	config.rate.pps = row->rate_pps;
	config.probing.timeout_ns = row->timeout_s * NS_PER_S;
	config.rate.cooldown_ns = row->cooldown_s * NS_PER_S;
	b.retries = row->retries;
	choose(&b);
	ck_assert_uint_ge(sizes.sender.window, 2 * row->flight);
	ck_assert_uint_le(sizes.sender.window, 1024 + 8 * row->flight);
	ck_assert_uint_ge(sizes.table, 2 * row->answered);
	ck_assert_uint_le(sizes.table, 1024 + 8 * row->answered);
	ck_assert_uint_ge(sizes.sender.keep_ns,
			  config.probing.timeout_ns + config.rate.cooldown_ns);
}

/* Without a limit it is the targets that tell; and where all of them are to stay in sight. */
TEST(by_targets)
{
	struct sizes_basis b = basis();

	b.positions = 4096;
	choose(&b);
	ck_assert_uint_ge(sizes.sender.window, 4096);
	ck_assert_uint_le(sizes.sender.window, 4 * 4096);
	ck_assert_uint_le(sizes.table, 4 * 4096);
	b = basis();
	config.rate.pps = 1;
	b.keep_all = true;
	choose(&b);
	ck_assert_uint_ge(sizes.sender.window, b.positions);
}

/* A second of answers to every packet finds room unread, as far as there are targets. */
static const struct {
	uint64_t positions;
	double rate_pps;
	uint64_t least, most;
} unread[] = {
	{ 1 << 17, 100000, 100000, 150000 }, { 1 << 17, 10000, 10000, 15000 },
	{ 1 << 17, 0, 1 << 20, 1 << 25 }, { 1, 10000, 1, 100 },
};

TEST_EACH(a_second_unread, unread)
{
	struct sizes_basis b = basis();

	config.rate.pps = row->rate_pps;
	b.positions = row->positions;
	choose(&b);
	ck_assert_uint_ge(sizes.unread, row->least);
	ck_assert_uint_le(sizes.unread, row->most);
}
