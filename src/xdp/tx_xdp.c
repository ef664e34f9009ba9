/*
 * tx_xdp: the sweep is made in the kernel (bpf/sweep.bpf.c), run with live frames by a thread of
 * its own, on one core, for as long as there is something to sweep. Frames (follow-ups, clean-up)
 * go the same way while it runs, else through tx_packet. The window's statuses, the send logs and
 * the ring of frames live in maps that both sides see. What the driver refuses is sent again; where
 * it goes on refusing tx_packet tells what is wrong, or sends it.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "bytes.h"
#include "err.h"
#include "state/shared.h"
#include "wire/tx.h"
#include "xdp/bpf_xdp.h"
#include "xdp/iface_xdp.h"
#include "xdp/tx_xdp_state.h"

#include "sweep.skel.h"

#define RUN_FRAMES	(1u << 28)	/* of one call, which a signal ends */
#define RUN_BATCH	64u	/* a veth's ring of 256 overflows with more */
#define TRY_FRAMES	1u
#define REFUSED_NS	(50 * NS_PER_MS)	/* the driver has taken nothing for that long */
#define AWAY_MAX	16	/* times that it was so, and packets went as frames */
#define TRIES_MAX	32	/* of a frame, then likewise */
#define PUT_MARGIN	(2 * SWEEP_HANDED)	/* frames that may still turn out refused */
#define IDLE_NS		(20 * NS_PER_MS)	/* with nothing to do that long, the call ends */
#define KICK_NS		200000
#define KICK_SIGNAL	SIGUSR1

_Static_assert(RUN_BATCH + SWEEP_BULK_MAX <= SWEEP_HANDED, "kernel_sweep.h");

/* ---- the worker ---------------------------------------------------------------------------- */

static int run_frames(const struct xdp_state *x, uint32_t n)
{
	uint8_t frame[PATCH_LEN] = { 0 };
	struct bpf_test_run_opts opts = {
		.sz = sizeof(opts), .data_in = frame, .data_size_in = sizeof(frame), .repeat = n,
		.flags = BPF_F_TEST_XDP_LIVE_FRAMES, .batch_size = RUN_BATCH,
	};

	return bpf_prog_test_run_opts(bpf_program__fd(x->bpf->progs.sweep), &opts);
}

static void *work(void *arg)
{
	struct xdp_state *x = arg;
	int rc = 0;

	pthread_mutex_lock(&x->lock);
	while (x->wanted != WANTED_END && !rc) {
		if (x->wanted == WANTED_REST) {
			pthread_cond_wait(&x->wake, &x->lock);
			continue;
		}
		atomic_store(&x->inside, true);
		pthread_mutex_unlock(&x->lock);
		rc = run_frames(x, RUN_FRAMES);
		pthread_mutex_lock(&x->lock);
		atomic_store(&x->inside, false);
		if (rc == -EINTR)
			rc = 0;
	}
	pthread_mutex_unlock(&x->lock);
	atomic_store(&x->broken, rc);
	return NULL;
}

static void want(struct xdp_state *x, enum wanted wanted)
{
	pthread_mutex_lock(&x->lock);
	if (x->wanted != WANTED_END)
		x->wanted = wanted;
	pthread_cond_signal(&x->wake);
	pthread_mutex_unlock(&x->lock);
}

/* The signal may come just before the call, which it then does not end: so until it is over. */
static void rest(struct xdp_state *x, enum wanted wanted)
{
	const struct timespec pause = { 0, KICK_NS };

	want(x, wanted);
	while (atomic_load(&x->inside)) {
		pthread_kill(x->worker, KICK_SIGNAL);
		nanosleep(&pause, NULL);
	}
}

static void on_kick(int signal)
{
	(void)signal;
}

static int start_worker(struct xdp_state *x, struct err *e)
{
	struct sigaction kick = { .sa_handler = on_kick };
	int rc;

	sigaction(KICK_SIGNAL, &kick, NULL);
	pthread_mutex_init(&x->lock, NULL);
	pthread_cond_init(&x->wake, NULL);
	rc = pthread_create(&x->worker, NULL, work, x);
	if (rc)
		return err_set(e, rc, "--tx xdp: cannot start its thread: %s", strerror(rc));
	x->has_worker = true;
	cpu_pin_sender(x->worker, x->sender);
	return 0;
}

/* ---- opening and closing ------------------------------------------------------------------- */

static int attach(struct xdp_state *x, const char **what)
{
	*what = "cannot watch what the driver takes";
	x->bpf->links.xmit = bpf_program__attach(x->bpf->progs.xmit);
	x->bpf->links.redirect_err = bpf_program__attach(x->bpf->progs.redirect_err);
	if (!x->bpf->links.xmit || !x->bpf->links.redirect_err)
		return -errno;
	*what = "the kernel cannot run it with live frames (Linux 5.18 and later can)";
	return run_frames(x, TRY_FRAMES);
}

static int load(struct xdp_state *x, const struct tx_setup *setup, const char **what)
{
	int rc;

	if (iface_xdp_transmits(setup->ifindex) == IFACE_XDP_NO) {
		*what = "the interface's driver takes no frames by XDP (ndo_xdp_xmit; a veth's "
			"peer needs GRO or an XDP program)";
		return -EOPNOTSUPP;
	}
	rc = tx_xdp_load(x, setup, what);
	if (!rc)
		rc = attach(x, what);
	return rc ? rc : tx_xdp_map(x, &setup->shared->senders[setup->sender].window, what);
}

static int xdp_close(void *state, struct err *e)
{
	struct xdp_state *x = state;

	if (x->has_worker) {
		rest(x, WANTED_END);
		pthread_join(x->worker, NULL);
	}
	if (x->packet)
		tx_packet.close(x->packet, e);
	tx_xdp_unload(x);
	free(x);
	return 0;
}

static int xdp_open(void **state, const struct tx_setup *setup, struct err *e)
{
	struct xdp_state *x = calloc(1, sizeof(*x));
	const char *what = "";
	int rc;

	if (!x)
		return err_set(e, ENOMEM, "out of memory for the xdp engine");
	x->sender = setup->sender;
	rc = tx_packet.open(&x->packet, setup, e);
	if (!rc) {
		bpf_xdp_listen();
		rc = load(x, setup, &what);
		if (rc)
			err_set(e, -rc, "--tx xdp: %s: %s%s; use --tx packet", what,
				strerror(-rc), bpf_xdp_advice(rc));
	}
	if (!rc)
		rc = start_worker(x, e);
	if (rc) {
		xdp_close(x, &(struct err){ "" });
		return rc;
	}
	*state = x;
	return 0;
}

/* ---- what the driver refused --------------------------------------------------------------- */

static uint64_t read_mark(const volatile uint64_t *mark)
{
	return __atomic_load_n(mark, __ATOMIC_ACQUIRE);
}

static bool has_lost_frames(const struct xdp_state *x)
{
	return read_mark(&x->marks->lost_frames) != x->limits->lost_frames_taken;
}

/* Something is still to be sent that the sweep has counted already. */
static bool is_owing(const struct xdp_state *x)
{
	return has_lost_frames(x) || x->marks->frames_taken != x->limits->frames_put
	       || read_mark(&x->marks->overruns) != x->limits->overruns_taken;
}

/*
 * Room in the ring of frames, of which `taken` were taken: what may still turn out refused is not
 * written over.
 */
static unsigned int frames_room(const struct xdp_state *x, uint64_t taken)
{
	uint64_t lost = x->limits->lost_frames_taken, oldest = taken, used;

	if (read_mark(&x->marks->lost_frames) != lost)
		oldest = x->marks->lost_frame[lost % SWEEP_FRAMES];
	used = x->limits->frames_put - (oldest < taken ? oldest : taken);
	used = used < SWEEP_FRAMES - PUT_MARGIN ? used : SWEEP_FRAMES - PUT_MARGIN;
	return (unsigned int)(SWEEP_FRAMES - PUT_MARGIN - used);
}

/* Frames that the driver refused go into the ring once more. False: one was refused too often. */
static bool put_lost(struct xdp_state *x)
{
	uint64_t taken = read_mark(&x->marks->frames_taken);

	while (has_lost_frames(x)) {
		uint64_t lost = x->limits->lost_frames_taken, put = x->limits->frames_put;
		unsigned int from = (unsigned int)(x->marks->lost_frame[lost % SWEEP_FRAMES]
						   % SWEEP_FRAMES);
		unsigned int to = (unsigned int)(put % SWEEP_FRAMES);

		if (x->tries[from] >= TRIES_MAX)
			return false;
		if (put - taken >= SWEEP_FRAMES - PUT_MARGIN)
			break;
		x->frames[to] = x->frames[from];
		x->tries[to] = (uint8_t)(x->tries[from] + 1);
		__atomic_store_n(&x->limits->frames_put, put + 1, __ATOMIC_RELEASE);
		__atomic_store_n(&x->limits->lost_frames_taken, lost + 1, __ATOMIC_RELEASE);
	}
	return true;
}

/* The driver has no room, and may have some soon; else something is wrong. */
static bool may_pass(int64_t error)
{
	return !error || error == -ENOSPC || error == -ENOBUFS || error == -EAGAIN
	       || error == -EBUSY || error == -ENOMEM;
}

/* Whether the driver takes nothing, or never will. */
static bool is_refused(struct xdp_state *x, uint64_t now_ns)
{
	uint64_t taken = read_mark(&x->marks->taken), lost = read_mark(&x->marks->lost);
	bool more = lost != x->seen_lost;

	if (taken != x->seen_taken) {
		x->refused_ns = 0;
		x->away_n = 0;
	}
	x->seen_taken = taken;
	x->seen_lost = lost;
	if (more && !x->refused_ns)
		x->refused_ns = now_ns;
	return more && (!may_pass(x->marks->error) || now_ns - x->refused_ns >= REFUSED_NS);
}

/* Packets go as frames for now: what was refused is handed back, and what is in the ring. */
static void go_away(struct xdp_state *x)
{
	rest(x, WANTED_REST);
	x->away = true;
	x->away_back = x->away_sent = false;
	x->away_n++;
}

static bool may_come_back(const struct xdp_state *x)
{
	return !is_owing(x) && (x->away_sent || !x->away_back);
}

static void come_back(struct xdp_state *x)
{
	x->away = false;
	x->refused_ns = 0;
	x->seen_lost = x->marks->lost;
}

/* ---- the send thread ----------------------------------------------------------------------- */

/* Puts frames into the ring, as far as they fit. Returns how many. */
static unsigned int put_frames(struct xdp_state *x, const struct tx_frame *frames,
			       unsigned int n)
{
	unsigned int room = frames_room(x, read_mark(&x->marks->frames_taken));
	uint64_t put = x->limits->frames_put;
	unsigned int done = 0;

	while (done < n && done < room && frames[done].len <= SWEEP_FRAME_LEN) {
		unsigned int at = (unsigned int)((put + done) % SWEEP_FRAMES);

		memcpy(x->frames[at].bytes, frames[done].data, frames[done].len);
		x->frames[at].len = frames[done++].len;
		x->tries[at] = 0;
	}
	__atomic_store_n(&x->limits->frames_put, put + done, __ATOMIC_RELEASE);
	return done;
}

static int xdp_send(void *state, const struct tx_frame *frames, unsigned int n)
{
	struct xdp_state *x = state;
	unsigned int done = 0;
	int rc;

	if (atomic_load(&x->inside)) {
		put_lost(x);
		done = put_frames(x, frames, n);
		n = 1;	/* else what is too long, or finds no room, and what is behind it waits */
	}
	if (done)
		return (int)done;
	rc = tx_packet.send(x->packet, frames, n);
	x->away_sent |= rc > 0;
	return rc;
}

static bool has_work(const struct xdp_state *x)
{
	bool due = false;

	for (unsigned int i = 0; i < x->passes; i++)
		due |= x->marks->at[i] < x->limits->until[i];
	return (due && x->marks->used < x->limits->granted)
	       || x->marks->frames_taken != x->limits->frames_put;
}

/* Lets the worker run while there is something to do. */
static void run_or_rest(struct xdp_state *x, uint64_t now_ns)
{
	if (x->used != x->marks->used + x->marks->frames_taken || has_work(x)) {
		x->used = x->marks->used + x->marks->frames_taken;
		x->used_ns = now_ns;
		if (!atomic_load(&x->inside))
			want(x, WANTED_RUN);
	} else if (now_ns - x->used_ns > IDLE_NS && atomic_load(&x->inside)) {
		rest(x, WANTED_REST);
	}
}

static int xdp_grant(void *state, uint64_t granted, const uint64_t until[static WINDOW_PASSES_MAX],
		     uint64_t now_ns)
{
	struct xdp_state *x = state;

	for (unsigned int i = 0; i < x->passes; i++)
		x->limits->until[i] = until[i];
	atomic_thread_fence(memory_order_release);
	x->limits->granted = granted;
	if (x->away && may_come_back(x))
		come_back(x);
	if (!x->away) {
		if (!put_lost(x) || is_refused(x, now_ns))
			go_away(x);
		else
			run_or_rest(x, now_ns);
	}
	/* Frames do go, so it is not the interface. */
	if (x->away_n > AWAY_MAX)
		return x->marks->error ? (int)x->marks->error : -EIO;
	return atomic_load(&x->broken);
}

static void xdp_progress(void *state, struct tx_progress *p)
{
	const struct xdp_state *x = state;
	uint64_t v6[WINDOW_ARMS_MAX] = { 0 }, n[WINDOW_ARMS_MAX] = { 0 };

	for (unsigned int arm = 0; arm < x->arms; arm++)
		v6[arm] = x->marks->sent_v6[arm];
	/* Before at[]: from there it goes no further than by what is granted beyond `used`. */
	p->used = x->marks->used;
	for (unsigned int i = 0; i < x->passes; i++) {
		p->at[i] = x->marks->at[i];
		p->sent[i] = x->marks->sent[i];
		n[i % x->arms] += p->sent[i];
	}
	p->sent_bytes = 0;
	for (unsigned int arm = 0; arm < x->arms; arm++) {
		uint64_t six = v6[arm] < n[arm] ? v6[arm] : n[arm];

		p->sent_bytes += (n[arm] - six) * x->len[arm][0] + six * x->len[arm][1];
	}
	p->refused = x->marks->lost;
}

static bool xdp_hand_back(void *state, uint64_t *pos, unsigned int *pass)
{
	struct xdp_state *x = state;
	uint64_t n = x->limits->overruns_taken;
	const volatile struct sweep_overrun *o = &x->marks->overrun[n % SWEEP_OVERRUNS];

	if (n == read_mark(&x->marks->overruns))
		return false;
	*pos = o->pos;
	*pass = (unsigned int)o->pass;
	__atomic_store_n(&x->limits->overruns_taken, n + 1, __ATOMIC_RELEASE);
	x->away_back = true;
	return true;
}

static void xdp_address(void *state, bool v6, const uint8_t mac[static 6])
{
	struct xdp_state *x = state;

	x->limits->gateway[v6] = SWEEP_GATEWAY_MOVED | (uint64_t)get_be32(mac) << 16
				 | get_be16(mac + 4);
}

/* Those refused first, then those that were not yet taken from the ring. */
static size_t xdp_hand_back_frame(void *state, uint8_t *out)
{
	struct xdp_state *x = state;
	const struct sweep_frame *f;

	if (!x->away || !is_owing(x))
		return 0;
	if (has_lost_frames(x)) {
		uint64_t lost = x->limits->lost_frames_taken++;

		f = &x->frames[x->marks->lost_frame[lost % SWEEP_FRAMES] % SWEEP_FRAMES];
	} else if (x->marks->frames_taken != x->limits->frames_put) {
		f = &x->frames[x->marks->frames_taken++ % SWEEP_FRAMES];
	} else {
		return 0;
	}
	memcpy(out, f->bytes, f->len);
	x->away_back = true;
	return f->len;
}

static void xdp_stop(void *state)
{
	struct xdp_state *x = state;

	x->limits->stop = 1;
	go_away(x);
}

static const struct tx_sweeper xdp_sweeper = {
	.grant = xdp_grant,
	.progress = xdp_progress,
	.hand_back = xdp_hand_back,
	.hand_back_frame = xdp_hand_back_frame,
	.address = xdp_address,
	.stop = xdp_stop,
};

const struct tx_ops tx_xdp = {
	.name = "xdp",
	.wire = true,
	.sweeper = &xdp_sweeper,
	.open = xdp_open,
	.send = xdp_send,
	.close = xdp_close,
};
