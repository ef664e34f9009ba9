/*
 * What leaves by tc: as many packets a run as it may be, each to the kernel what its bytes say;
 * what does not leave is known, comes back, and goes again.
 */
#include "sweep_xdp_rig.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>

static bool begin_tc(const struct core_setup *o)
{
	way = XDP_WAY_TC;
	return begin(o, 1, 0);
}

static void put_frame(uint16_t ethertype, uint8_t fill, unsigned int taken)
{
	uint8_t bytes[60];
	const struct tx_frame frame = { .data = bytes, .len = sizeof(bytes) };

	memset(bytes, fill, sizeof(bytes));
	put_be16(bytes + XDP_ETHERTYPE, ethertype);
	ck_assert_uint_eq(xdp_frames_put(&x.frames, &frame, 1), taken);
}

static const struct core_setup families[] = {
	{ .target = "198.18.0.0/24", .retries = 1 }, { .target = "2001:2::/120", .retries = 1 },
};

/* A run has its limit; the next goes on where that ended. */
TEST(many_a_run)
{
	if (!begin_tc(&families[0]))
		return;
	allow(1000, 100, 0);
	for (unsigned int n = SWEEP_TC_RUN_MAX; n <= 96; n += SWEEP_TC_RUN_MAX) {
		ck_assert_int_eq(xdp_program_run(&x.program, 1), 0);
		ck_assert_uint_eq(x.program.marks->used, n);
		ck_assert_uint_eq(x.program.marks->taken, n);
	}
	ck_assert_int_eq(xdp_program_run(&x.program, 3), 0);
	ck_assert_uint_eq(x.program.marks->used, 100);
	ck_assert_uint_eq(x.program.marks->sent[0], 100);
	end();
}

/* While the interface is down each comes back, in order, and does not count as sent. */
TEST_TIMES(refused_positions_come_back, 2)
{
	struct tx_progress p;

	if (!begin_tc(&families[_i]))
		return;
	allow(100, 4, 0);
	run_held();
	set_lo(false);
	for (int i = 0; i < 2; i++)
		run_held();
	check_back(1, 0);
	check_back(2, 0);
	check_none_back();
	set_lo(true);
	run_held();
	check_made(0, 3, 0);
	check_none_back();
	allow(100, 4, 1);
	set_lo(false);
	run_held();
	check_back(0, 1);
	xdp_sweeper_calls.progress(&x, &p);
	ck_assert_uint_eq(p.used, 5);
	ck_assert_uint_eq(p.at[0], 4);
	ck_assert_uint_eq(p.sent[0], 2);
	ck_assert_uint_eq(p.sent[1], 0);
	ck_assert_uint_eq(p.sent_bytes, 2 * made_len);
	ck_assert_uint_eq(p.refused, 3);
	end();
}

/* Nothing goes for a while, for longer each time, and no longer than that. */
TEST(held_after_a_refusal)
{
	uint64_t before_ns = 0;

	if (!begin_tc(&families[0]))
		return;
	allow(100, 100, 0);
	set_lo(false);
	for (int i = 0; i < 10; i++) {
		run_held();
		ck_assert_uint_gt(x.program.marks->resume_ns, 0);
		ck_assert_uint_ge(x.program.marks->hold_ns, before_ns);
		before_ns = x.program.marks->hold_ns;
	}
	ck_assert_uint_eq(before_ns, SWEEP_HOLD_MAX_NS);
	ck_assert_uint_eq(x.program.marks->taken, 0);
	set_lo(true);
	run_held();
	ck_assert_uint_eq(x.program.marks->hold_ns, 0);
	ck_assert_uint_eq(x.program.marks->resume_ns, 0);
	ck_assert_uint_eq(x.program.marks->taken, 1);
	end();
}

TEST(refused_frames_go_again)
{
	if (!begin_tc(&families[0]))
		return;
	put_frame(0x800, 1, 1);
	put_frame(0x86dd, 2, 1);
	set_lo(false);
	run_held();
	ck_assert(xdp_frames_pending(&x.frames));
	set_lo(true);
	run_held();
	ck_assert_uint_eq(made[0], 2);
	ck_assert(xdp_frames_put_again(&x.frames));
	run_held();
	ck_assert_uint_eq(made[0], 1);
	ck_assert_uint_eq(made_len, 60);
	ck_assert(!xdp_frames_pending(&x.frames));
	ck_assert_uint_eq(x.program.marks->lost, 1);
	end();
}

/* What the program cannot make of it comes back, too: none is dropped in silence. */
TEST(frames_that_cannot_be_made)
{
	uint8_t out[SWEEP_FRAME_LEN];

	if (!begin_tc(&families[0]))
		return;
	put_frame(0x800, 1, 1);
	x.program.frames[0].len = SWEEP_FRAME_LEN + 1;
	run_held();
	ck_assert_uint_eq(x.program.marks->taken, 0);
	ck_assert_uint_eq(x.program.marks->lost, 1);
	x.program.frames[0].len = 60;
	ck_assert_uint_eq(xdp_frames_take_back(&x.frames, out), 60);
	ck_assert_uint_eq(out[0], 1);
	end();
}

/* Without the interface nothing may pass: what is due goes as frames. */
TEST(deferred_without_the_interface)
{
	const uint64_t until[WINDOW_PASSES_MAX] = { 100 };

	if (!begin_tc(&families[0]))
		return;
	x.program.marks->lost = 1;
	x.program.marks->error = -EINVAL;
	ck_assert_int_eq(xdp_sweeper_calls.grant(&x, 100, until, NS_PER_S), 0);
	ck_assert(x.deferred);
	end();
}

/* ---- what the kernel takes them for --------------------------------------------------------- */

static int open_tap(void)
{
	const struct sockaddr_ll lo = {
		.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = RIG_IFINDEX,
	};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bind(fd, (const struct sockaddr *)&lo, sizeof(lo)), 0);
	return fd;
}

/* The next packet that left is of that protocol, in its bytes and beside them. */
static void check_left(int tap, uint16_t protocol)
{
	struct sockaddr_ll from = { .sll_pkttype = 0 };
	uint8_t bytes[256];

	while (from.sll_pkttype != PACKET_OUTGOING) {
		socklen_t len = sizeof(from);

		ck_assert_int_ge(recvfrom(tap, bytes, sizeof(bytes), 0, (struct sockaddr *)&from,
					  &len), 54);
	}
	ck_assert_uint_eq(get_be16(bytes + XDP_ETHERTYPE), protocol);
	ck_assert_uint_eq(ntohs(from.sll_protocol), protocol);
}

TEST_TIMES(each_of_its_protocol, 2)
{
	uint16_t own = _i ? 0x86dd : 0x800, other = _i ? 0x800 : 0x86dd;
	int tap;

	if (!begin_tc(&families[_i]))
		return;
	tap = open_tap();
	allow(100, 1, 0);
	run_held();
	check_left(tap, own);
	put_frame(other, 1, 1);
	put_frame(other, 2, 1);
	put_frame(own, 3, 1);
	/* What is neither goes by the other engine. */
	put_frame(0x806, 4, 0);
	for (int i = 0; i < 3; i++)
		run_held();
	check_left(tap, other);
	check_left(tap, other);
	check_left(tap, own);
	allow(100, 2, 0);
	run_held();
	check_made(0, 1, 0);
	check_left(tap, own);
	close(tap);
	end();
}
