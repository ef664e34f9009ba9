#include "xdp/xdp_sweeper.h"

#include <errno.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "bytes.h"
#include "wire/tx.h"

#define DEFERRALS_MAX	16	/* times that nothing was taken, and packets went as frames */
#define IDLE_NS		(20 * NS_PER_MS)	/* with nothing to do that long, the call ends */

void xdp_sweeper_init(struct xdp_sweeper *s, unsigned int sender)
{
	s->frames.program = &s->program;
	xdp_worker_init(&s->worker, &s->program, sender);
}

/* ---- what the driver refuses --------------------------------------------------------------- */

/* Something is still to be sent that the sweep has counted already. */
static bool has_pending(const struct xdp_sweeper *s)
{
	return xdp_frames_pending(&s->frames)
	       || xdp_mark(&s->program.marks->overruns) != s->program.limits->overruns_taken;
}

/* The driver has no room, and may have some soon; else something is wrong. */
static bool may_pass(int64_t error)
{
	return !error || error == -ENOSPC || error == -ENOBUFS || error == -EAGAIN
	       || error == -EBUSY || error == -ENOMEM;
}

/* Whether the driver takes nothing, or never will. */
static bool is_refused(struct xdp_sweeper *s, uint64_t now_ns)
{
	const volatile struct sweep_marks *marks = s->program.marks;
	uint64_t taken = xdp_mark(&marks->taken), lost = xdp_mark(&marks->lost);
	bool more = lost != s->seen_lost;

	if (taken != s->seen_taken) {
		s->refused_ns = 0;
		s->deferrals = 0;
	}
	s->seen_taken = taken;
	s->seen_lost = lost;
	if (more && !s->refused_ns)
		s->refused_ns = now_ns;
	return more && (!may_pass(marks->error) || now_ns - s->refused_ns >= XDP_REFUSED_NS);
}

static void defer(struct xdp_sweeper *s)
{
	xdp_worker_rest(&s->worker);
	s->deferred = true;
	s->handed_back = s->sent_else = false;
	s->deferrals++;
}

static bool may_resume(const struct xdp_sweeper *s)
{
	return !has_pending(s) && (s->sent_else || !s->handed_back);
}

static void resume(struct xdp_sweeper *s)
{
	s->deferred = false;
	s->refused_ns = 0;
	s->seen_lost = s->program.marks->lost;
}

void xdp_sweeper_sent_else(struct xdp_sweeper *s)
{
	s->sent_else = true;
}

/* ---- credit -------------------------------------------------------------------------------- */

static bool has_work(const struct xdp_sweeper *s)
{
	const volatile struct sweep_limits *limits = s->program.limits;
	const volatile struct sweep_marks *marks = s->program.marks;
	bool due = false;

	for (unsigned int i = 0; i < s->program.passes; i++)
		due |= marks->at[i] < limits->until[i];
	return (due && marks->used < limits->granted) || xdp_frames_wait(&s->frames);
}

/* Has the worker run while there is something to do. */
static void run_or_rest(struct xdp_sweeper *s, uint64_t now_ns)
{
	uint64_t used = s->program.marks->used + s->program.marks->frames_taken;
	bool runs = xdp_worker_is_inside(&s->worker);

	if (s->used != used || has_work(s)) {
		s->used = used;
		s->used_ns = now_ns;
		if (!runs)
			xdp_worker_run(&s->worker);
	} else if (now_ns - s->used_ns > IDLE_NS && runs) {
		xdp_worker_rest(&s->worker);
	}
}

static int sweeper_grant(void *state, uint64_t granted,
			 const uint64_t until[static WINDOW_PASSES_MAX], uint64_t now_ns)
{
	struct xdp_sweeper *s = state;

	for (unsigned int i = 0; i < s->program.passes; i++)
		s->program.limits->until[i] = until[i];
	xdp_limit(&s->program.limits->granted, granted);
	if (s->deferred && may_resume(s))
		resume(s);
	if (!s->deferred) {
		if (!xdp_frames_put_again(&s->frames) || is_refused(s, now_ns))
			defer(s);
		else
			run_or_rest(s, now_ns);
	}
	/* Frames do go by the other engine, so it is not the interface. */
	if (s->deferrals > DEFERRALS_MAX)
		return s->program.marks->error ? (int)s->program.marks->error : -EIO;
	return atomic_load(&s->worker.error);
}

/* ---- what was done, and what was not ------------------------------------------------------- */

static uint64_t count_bytes(const struct xdp_program *p, const uint64_t n[WINDOW_ARMS_MAX],
			    const uint64_t v6[WINDOW_ARMS_MAX])
{
	uint64_t bytes = 0;

	for (unsigned int arm = 0; arm < p->arms; arm++) {
		uint64_t six = v6[arm] < n[arm] ? v6[arm] : n[arm];

		bytes += (n[arm] - six) * p->len[arm][0] + six * p->len[arm][1];
	}
	return bytes;
}

static void sweeper_progress(void *state, struct tx_progress *out)
{
	const struct xdp_program *p = &((const struct xdp_sweeper *)state)->program;
	uint64_t v6[WINDOW_ARMS_MAX] = { 0 }, n[WINDOW_ARMS_MAX] = { 0 };

	for (unsigned int arm = 0; arm < p->arms; arm++)
		v6[arm] = p->marks->sent_v6[arm];
	/* Before at[]: from there it goes no further than by what is granted beyond `used`. */
	out->used = p->marks->used;
	for (unsigned int i = 0; i < p->passes; i++) {
		out->at[i] = p->marks->at[i];
		out->sent[i] = p->marks->sent[i];
		n[i % p->arms] += out->sent[i];
	}
	out->sent_bytes = count_bytes(p, n, v6);
	out->refused = p->marks->lost;
}

static bool sweeper_hand_back(void *state, uint64_t *pos, unsigned int *pass)
{
	struct xdp_sweeper *s = state;
	const struct xdp_program *p = &s->program;
	uint64_t n = p->limits->overruns_taken;
	const volatile struct sweep_overrun *o = &p->marks->overrun[n % SWEEP_OVERRUNS];

	if (n == xdp_mark(&p->marks->overruns))
		return false;
	*pos = o->pos;
	*pass = (unsigned int)o->pass;
	xdp_limit(&p->limits->overruns_taken, n + 1);
	s->handed_back = true;
	return true;
}

/* While the program does not run, frames go by the other engine. */
static unsigned int sweeper_frames_room(void *state)
{
	struct xdp_sweeper *s = state;

	return xdp_worker_is_inside(&s->worker) ? xdp_frames_room(&s->frames) : TX_BATCH;
}

static size_t sweeper_hand_back_frame(void *state, uint8_t *out)
{
	struct xdp_sweeper *s = state;
	size_t len = s->deferred ? xdp_frames_take_back(&s->frames, out) : 0;

	s->handed_back |= len > 0;
	return len;
}

static void sweeper_address(void *state, bool v6, const uint8_t mac[static 6])
{
	const struct xdp_sweeper *s = state;

	s->program.limits->gateway[v6] = SWEEP_GATEWAY_MOVED | (uint64_t)get_be32(mac) << 16
					 | get_be16(mac + 4);
}

static void sweeper_stop(void *state)
{
	struct xdp_sweeper *s = state;

	s->program.limits->stop = 1;
	defer(s);
}

const struct tx_sweeper xdp_sweeper_calls = {
	.grant = sweeper_grant,
	.progress = sweeper_progress,
	.hand_back = sweeper_hand_back,
	.frames_room = sweeper_frames_room,
	.hand_back_frame = sweeper_hand_back_frame,
	.address = sweeper_address,
	.stop = sweeper_stop,
};
