/* A sweeper beside the send thread, which does its part when it is granted more. */
#ifndef UNIT_SWEEPER_RIG_H
#define UNIT_SWEEPER_RIG_H

#include "unit.h"

#include "sweep_rig.h"

#define POSITIONS 1024		/* in a /22 */

/* The sweeper: its credit, and how far it is. */
static struct {
	uint64_t granted, until[WINDOW_PASSES_MAX];
	struct tx_progress p;
	unsigned int speed;		/* packets that it sends when it is granted more */
	uint64_t hand_back_each;	/* every so many positions it cannot do; 0: it does all */
	uint64_t back[POSITIONS * 4][2], n_back, n_taken;	/* position and pass */
	unsigned int syns[WINDOW_PASSES_MAX][POSITIONS];
	unsigned int grants, stops;
	unsigned int on_its_way;	/* packets that still leave before it stops */
	uint8_t gateway[2][6];
	int error;			/* of the 10th grant */
	uint64_t reserved;		/* when it was granted last */
	uint64_t first_ns;
	uint8_t frame[CRAFT_FRAME_MAX];	/* which it hands back, so often */
	size_t frame_len;
	unsigned int frames_back;
	_Atomic bool no_room;		/* for frames */
	bool still;			/* without the thread: the clock is the test's */
} fake;


static inline void do_pos(struct window *win, uint64_t pos, unsigned int pass)
{
	fake.p.used++;
	if (fake.hand_back_each && pos % fake.hand_back_each == 0) {
		fake.back[fake.n_back][0] = pos;
		fake.back[fake.n_back++][1] = pass;
		return;
	}
	fake.p.sent[pass]++;
	fake.p.sent_bytes += 70 + pass;
	fake.syns[pass][pos]++;
	sendlog_add(&win->cursor[pass].log, pos, fake.still ? core.now_ns : clock_now_ns());
}

/* One packet; false: nothing is due. */
static inline bool sweep_one(struct window *win)
{
	for (unsigned int s = win->passes - 1; s > 0; s--)
		while (fake.p.at[s] < fake.until[s])
			if (window_retry(win, fake.p.at[s]++, s % win->arms)) {
				do_pos(win, fake.p.at[s] - 1, s);
				return true;
			}
	if (fake.p.at[0] >= fake.until[0])
		return false;
	window_start(win, fake.p.at[0]++);
	do_pos(win, fake.p.at[0] - 1, 0);
	return true;
}

/* What tx.h promises to a sweeper, and that no answer to what it may send now seems forged. */
static inline void check_grant(uint64_t granted, const uint64_t *until)
{
	const struct window *win = &core.s.senders[0].window;
	uint64_t reserved = window_reserved(win);
	uint64_t reach = fake.p.at[0] + granted - fake.p.used;

	if (granted < fake.granted || reserved < fake.reserved
	    || reserved < (reach < until[0] ? reach : until[0]) || until[0] > window_room(win)
	    || until[0] > core.s.senders[0].positions)
		abort();
	for (unsigned int s = 1; s < win->passes; s++)
		if (until[s] < fake.until[s])
			abort();
	fake.reserved = reserved;
}

static inline int fake_grant(void *state, uint64_t granted, const uint64_t *until, uint64_t now_ns)
{
	struct window *win = &core.s.senders[0].window;

	if (state != &tap.senders[0])
		abort();
	check_grant(granted, until);
	fake.first_ns = fake.first_ns ? fake.first_ns : now_ns;
	/* The first one to begin with, then what has gathered since it was seen. */
	if (core.config.rate.pps > 0 && !fake.still
	    && (double)granted > 3 + (double)(now_ns - fake.first_ns) * 1e-9 * core.config.rate.pps)
		abort();
	fake.granted = granted;
	memcpy(fake.until, until, win->passes * sizeof(*until));
	if (fake.error && ++fake.grants == 10)
		return fake.error;
	for (unsigned int n = fake.speed; n > 0 && fake.p.used < granted; n--)
		if (!sweep_one(win))
			break;
	return 0;
}

static inline void fake_progress(void *state, struct tx_progress *p)
{
	(void)state;
	*p = fake.p;
}

static inline bool fake_hand_back(void *state, uint64_t *pos, unsigned int *pass)
{
	(void)state;
	if (fake.n_taken == fake.n_back)
		return false;
	*pos = fake.back[fake.n_taken][0];
	*pass = (unsigned int)fake.back[fake.n_taken++][1];
	return true;
}

static inline unsigned int fake_frames_room(void *state)
{
	(void)state;
	return fake.no_room ? 0 : TX_BATCH;
}

/* Frames that it took, as it seemed. */
static inline size_t fake_hand_back_frame(void *state, uint8_t *out)
{
	(void)state;
	if (!fake.frames_back)
		return 0;
	fake.frames_back--;
	memcpy(out, fake.frame, fake.frame_len);
	return fake.frame_len;
}

static inline void fake_address(void *state, bool v6, const uint8_t mac[static 6])
{
	(void)state;
	memcpy(fake.gateway[v6], mac, sizeof(fake.gateway[v6]));
}

static inline void fake_stop(void *state)
{
	(void)state;
	fake.stops++;
	for (; fake.on_its_way > 0 && fake.p.used < fake.granted; fake.on_its_way--)
		sweep_one(&core.s.senders[0].window);
}

static const struct tx_sweeper fake_sweeper = {
	fake_grant, fake_progress, fake_hand_back, fake_frames_room, fake_hand_back_frame,
	fake_address, fake_stop,
};

static const struct tx_ops fake_ops = {
	.name = "fake", .send = tap_send, .sweeper = &fake_sweeper,
};

static inline void begin_running(const struct core_setup *o)
{
	begin_with(o);
	tap.ops = &fake_ops;
	memset(&fake, 0, sizeof(fake));
	fake.speed = 37;
}

/* Each position has each of its passes once, of the sweeper or as a frame. */
static inline void check_all(void)
{
	unsigned int frames = 0, passes = core.s.senders[0].window.passes;

	for (unsigned int i = 0; i < atomic_load(&tap.n); i++)
		if (tap.v[i].m.class == VALIDATE_SENT) {
			fake.syns[tap.v[i].m.attempt][tap.v[i].k]++;
			frames++;
		}
	for (unsigned int s = 0; s < passes; s++)
		for (unsigned int k = 0; k < POSITIONS; k++)
			if (fake.syns[s][k] != 1)
				ck_abort_msg("position %u, pass %u: %u", k, s, fake.syns[s][k]);
	ck_assert_uint_eq(frames, fake.n_back);
	ck_assert_uint_eq(count(STAT_sent_request), passes * POSITIONS);
	ck_assert_uint_eq(count(STAT_sent_retries), (passes - 1) * POSITIONS);
	ck_assert_uint_eq(count(STAT_targets_started), POSITIONS);
}

#endif
