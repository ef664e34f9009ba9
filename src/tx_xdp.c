/*
 * tx_xdp: the sweep is made in the kernel (bpf/sweep.bpf.c), run with live frames by a thread of
 * its own, on one core, for as long as there is something to sweep. Frames (follow-ups, clean-up)
 * go the same way while it runs, else through tx_packet. The window's statuses, the send logs and
 * the ring of frames live in maps that both sides see.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "bpf_xdp.h"
#include "clock.h"
#include "config.h"
#include "cpu.h"
#include "err.h"
#include "iface_xdp.h"
#include "kernel_sweep.h"
#include "shared.h"
#include "tx.h"

#include "sweep.skel.h"

#define RUN_FRAMES	(1u << 28)	/* of one call, which a signal ends */
#define RUN_BATCH	64u	/* a veth's ring of 256 overflows with more */
#define HASTE		1.5	/* times the rate, to make up for what came late */
#define TRY_FRAMES	1u
#define REFUSED_MIN	1024u	/* packets, for that long: the driver takes none */
#define REFUSED_NS	(200 * NS_PER_MS)
#define IDLE_NS		(20 * NS_PER_MS)	/* with nothing to do that long, the call ends */
#define KICK_NS		200000
#define LEFT_TRIES	100000u	/* of frames that are refused, in all */
#define KICK_SIGNAL	SIGUSR1

enum wanted { WANTED_REST, WANTED_RUN, WANTED_END };

struct xdp_state {
	void *packet;			/* tx_packet's */
	struct sweep_bpf *bpf;
	volatile struct sweep_limits *limits;
	volatile struct sweep_marks *marks;
	void *status, *logs;		/* maps, mapped */
	struct sweep_frame *frames;	/* likewise */
	size_t status_len, logs_len;
	unsigned int lane, steps;
	unsigned int arms;
	uint32_t len[WINDOW_ARMS_MAX][2];	/* of each arm's frames, IPv4 and IPv6 */
	uint64_t left_lost;		/* frames that were left in the ring for good */
	uint64_t taken_sent, taken_lost, taken_ns;	/* when the driver last took any */
	uint64_t used, used_ns;		/* how far it was, and since when */
	pthread_t worker;
	bool has_worker;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	enum wanted wanted;		/* under lock */
	_Atomic bool inside;		/* the worker is in the kernel */
	_Atomic int broken;		/* -errno of the worker's call */
};

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
	cpu_pin_lane(x->worker, x->lane);
	return 0;
}

/* ---- facts and maps ------------------------------------------------------------------------ */

static uint32_t mask_of(uint64_t n)
{
	uint64_t m = 1;

	while (m < n)
		m *= 2;
	return (uint32_t)(m - 1);
}

/* The TFO option that a kind of the sweep carries, empty; 0: none. */
static uint8_t option_of(uint32_t kind)
{
	switch (probe_types[kind].option) {
	case PROBE_OPTION_ASK:
		return TFO_KIND;
	case PROBE_OPTION_ASK_EXP:
		return TFO_KIND_EXP;
	case PROBE_OPTION_NONE:
	case PROBE_OPTION_CACHED:
	case PROBE_OPTION_FORGED:
		break;
	}
	return 0;
}

static void fill_arms(struct sweep_facts *f, const struct shared *s)
{
	for (unsigned int arm = 0; arm < f->arms; arm++) {
		f->kind[arm] = plan_arm_kind(&s->plan, arm, false);
		for (unsigned int v6 = 0; v6 < 2; v6++)
			f->syn[arm][v6] = *craft_syn_template(
				&s->craft, v6, option_of(f->kind[arm]));
	}
}

static void fill_facts(struct sweep_facts *f, const struct tx_setup *setup,
		       const struct targets_flat *flat)
{
	const struct shared *s = setup->shared;
	const struct window *w = &s->lanes[setup->lane].window;

	f->order = s->order;
	f->spots = *flat->spots;
	f->validator = s->validator;
	f->source_key = s->source_key;
	for (unsigned int v6 = 0; v6 < 2; v6++) {
		f->n_sources[v6] = s->nsources[v6];
		for (unsigned int i = 0; i < s->nsources[v6]; i++)
			f->sources[v6][i] = s->sources[v6][i].addr;
	}
	f->arms = w->arms;
	f->steps = w->steps;
	fill_arms(f, s);
	f->lane = setup->lane;
	f->n_lanes = s->nlanes;
	f->ifindex = (uint32_t)setup->ifindex;
	f->status_mask = (uint32_t)(w->slots - 1);
	f->log_mask = (uint32_t)w->cursor[0].log.mask;
	f->pace_ns = setup->rate_pps > 0 ? (uint64_t)(SWEEP_PACED * 1e9 / setup->rate_pps / HASTE)
		     : 0;
	f->log_grain_ns = w->cursor[0].log.grain_ns;
	f->ranges_mask = mask_of(flat->spots->n_ranges);
	f->starts_mask = mask_of(flat->spots->n_starts);
	f->ports_mask = mask_of(flat->spots->n_ports);
}

static void know_facts(struct xdp_state *x, const struct sweep_facts *f)
{
	x->steps = f->steps;
	x->arms = f->arms;
	for (unsigned int arm = 0; arm < f->arms; arm++)
		for (unsigned int v6 = 0; v6 < 2; v6++)
			x->len[arm][v6] = f->syn[arm][v6].len;
}

/* The arrays' maps hold a power of two of what they hold. */
static void size_maps(struct xdp_state *x, const struct sweep_facts *f)
{
	x->status_len = ((size_t)f->status_mask + 1) * sizeof(uint16_t);
	x->logs_len = SENDLOG_BLOCK_LEN((size_t)f->log_mask + 1);
	bpf_map__set_value_size(x->bpf->maps.status, (uint32_t)x->status_len);
	bpf_map__set_value_size(x->bpf->maps.logs, (uint32_t)x->logs_len);
	bpf_map__set_max_entries(x->bpf->maps.logs, f->steps);
	bpf_map__set_value_size(x->bpf->maps.ranges, (uint32_t)(((size_t)f->ranges_mask + 1)
				* sizeof(struct prefixset_range)));
	bpf_map__set_value_size(x->bpf->maps.starts,
				(uint32_t)(((size_t)f->starts_mask + 1) * sizeof(uint32_t)));
	bpf_map__set_value_size(x->bpf->maps.ports,
				(uint32_t)(((size_t)f->ports_mask + 1) * sizeof(uint16_t)));
}

static int fill_map(struct bpf_map *map, const void *from, size_t len)
{
	uint32_t zero = 0, value_len = bpf_map__value_size(map);
	uint8_t *value = calloc(1, (value_len + 7u) & ~7u);
	int rc = -ENOMEM;

	if (value) {
		memcpy(value, from, len);
		rc = bpf_map_update_elem(bpf_map__fd(map), &zero, value, BPF_ANY);
	}
	free(value);
	return rc;
}

static int fill_maps(struct xdp_state *x, const struct targets_flat *flat)
{
	const struct spots *s = flat->spots;
	int rc = fill_map(x->bpf->maps.ranges, flat->ranges,
			  s->n_ranges * sizeof(*flat->ranges));

	if (!rc)
		rc = fill_map(x->bpf->maps.starts, flat->starts,
			      s->n_starts * sizeof(*flat->starts));
	if (!rc)
		rc = fill_map(x->bpf->maps.ports, flat->ports, s->n_ports * sizeof(*flat->ports));
	return rc;
}

/* The window's memory becomes that of the maps. */
static int move_window(struct xdp_state *x, struct window *w)
{
	struct sendlog_block *blocks[WINDOW_STEPS_MAX] = { NULL };
	size_t stride = (x->logs_len + 7) / 8 * 8;

	x->logs_len = stride * x->steps;
	x->status = mmap(NULL, x->status_len, PROT_READ | PROT_WRITE, MAP_SHARED,
			 bpf_map__fd(x->bpf->maps.status), 0);
	x->logs = mmap(NULL, x->logs_len, PROT_READ | PROT_WRITE, MAP_SHARED,
		       bpf_map__fd(x->bpf->maps.logs), 0);
	x->frames = mmap(NULL, sizeof(*x->frames) * SWEEP_FRAMES, PROT_READ | PROT_WRITE,
			 MAP_SHARED, bpf_map__fd(x->bpf->maps.frames), 0);
	if (x->status == MAP_FAILED || x->logs == MAP_FAILED || x->frames == MAP_FAILED)
		return -errno;
	for (unsigned int i = 0; i < x->steps; i++)
		blocks[i] = (struct sendlog_block *)((uint8_t *)x->logs + i * stride);
	window_move(w, x->status, blocks);
	return 0;
}

/* ---- opening and closing ------------------------------------------------------------------- */

static int load(struct xdp_state *x, const struct tx_setup *setup, const char **what)
{
	struct shared *s = setup->shared;
	struct targets_flat flat;
	int rc;

	if (iface_xdp_transmits(setup->ifindex) == IFACE_XDP_NO) {
		*what = "the interface's driver takes no frames by XDP (ndo_xdp_xmit; a veth's "
			"peer needs GRO or an XDP program)";
		return -EOPNOTSUPP;
	}
	targets_flat(s->targets, &flat);
	*what = "libbpf cannot open its program";
	x->bpf = sweep_bpf__open();
	if (!x->bpf)
		return -errno;
	fill_facts(&x->bpf->rodata->facts, setup, &flat);
	know_facts(x, &x->bpf->rodata->facts);
	size_maps(x, &x->bpf->rodata->facts);
	*what = "the kernel does not take its program";
	rc = sweep_bpf__load(x->bpf);
	if (rc)
		return rc;
	x->limits = &x->bpf->bss->limits;
	x->marks = &x->bpf->bss->marks;
	*what = "cannot fill its maps";
	rc = fill_maps(x, &flat);
	if (rc)
		return rc;
	*what = "cannot watch what the driver takes";
	x->bpf->links.xmit = bpf_program__attach(x->bpf->progs.xmit);
	x->bpf->links.redirect_err = bpf_program__attach(x->bpf->progs.redirect_err);
	if (!x->bpf->links.xmit || !x->bpf->links.redirect_err)
		return -errno;
	*what = "the kernel cannot run it with live frames (Linux 5.18 and later can)";
	rc = run_frames(x, TRY_FRAMES);
	if (rc)
		return rc;
	*what = "cannot map its window";
	return move_window(x, &s->lanes[setup->lane].window);
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
	if (x->status && x->status != MAP_FAILED)
		munmap(x->status, x->status_len);
	if (x->logs && x->logs != MAP_FAILED)
		munmap(x->logs, x->logs_len);
	if (x->frames && x->frames != MAP_FAILED)
		munmap(x->frames, sizeof(*x->frames) * SWEEP_FRAMES);
	sweep_bpf__destroy(x->bpf);
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
	x->lane = setup->lane;
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

/* ---- the send thread ----------------------------------------------------------------------- */

/* Puts frames into the ring, as far as they fit. Returns how many. */
static unsigned int put_frames(struct xdp_state *x, const struct tx_frame *frames,
			       unsigned int n)
{
	uint64_t put = x->limits->frames_put;
	unsigned int done = 0;

	while (done < n && frames[done].len <= SWEEP_FRAME_LEN
	       && put + done - x->marks->frames_taken < SWEEP_FRAMES) {
		struct sweep_frame *f = &x->frames[(put + done) % SWEEP_FRAMES];

		memcpy(f->bytes, frames[done].data, frames[done].len);
		f->len = frames[done++].len;
	}
	__atomic_store_n(&x->limits->frames_put, put + done, __ATOMIC_RELEASE);
	return done;
}

static int xdp_send(void *state, const struct tx_frame *frames, unsigned int n)
{
	struct xdp_state *x = state;
	unsigned int done;

	if (!atomic_load(&x->inside))
		return tx_packet.send(x->packet, frames, n);
	done = put_frames(x, frames, n);
	if (done)
		return (int)done;
	return frames[0].len > SWEEP_FRAME_LEN ? tx_packet.send(x->packet, frames, 1) : -EAGAIN;
}

/*
 * The worker is out of the kernel: what it left in the ring goes the other way. An interface that
 * takes none of it for long is not waited for: the rest is lost, and counted.
 */
static void send_left(struct xdp_state *x)
{
	unsigned int tries = 0;

	while (x->marks->frames_taken != x->limits->frames_put) {
		const struct sweep_frame *f = &x->frames[x->marks->frames_taken % SWEEP_FRAMES];
		const struct tx_frame frame = { .data = f->bytes, .len = f->len };
		int rc = tx_packet.send(x->packet, &frame, 1);

		if ((rc == -ENOBUFS || rc == -EAGAIN) && tries++ < LEFT_TRIES)
			continue;
		x->left_lost += rc < 0;
		x->marks->frames_taken++;
	}
}

static bool has_work(const struct xdp_state *x)
{
	bool due = false;

	for (unsigned int i = 0; i < x->steps; i++)
		due |= x->marks->at[i] < x->limits->until[i];
	return (due && x->marks->used < x->limits->granted)
	       || x->marks->frames_taken != x->limits->frames_put;
}

/* Whether the driver has taken nothing for a while: it cannot, or the interface went down. */
static bool is_refused(struct xdp_state *x, uint64_t now_ns)
{
	uint64_t sent = x->marks->used + x->marks->frames_taken, lost = x->marks->lost;

	if (sent == x->taken_sent || lost - x->taken_lost < sent - x->taken_sent) {
		x->taken_sent = sent;
		x->taken_lost = lost;
		x->taken_ns = now_ns;
		return false;
	}
	return sent - x->taken_sent >= REFUSED_MIN && now_ns - x->taken_ns >= REFUSED_NS;
}

static int xdp_grant(void *state, uint64_t granted, const uint64_t until[static WINDOW_STEPS_MAX],
		     uint64_t now_ns)
{
	struct xdp_state *x = state;

	for (unsigned int i = 0; i < x->steps; i++)
		x->limits->until[i] = until[i];
	atomic_thread_fence(memory_order_release);
	x->limits->granted = granted;
	if (x->used != x->marks->used + x->marks->frames_taken || has_work(x)) {
		x->used = x->marks->used + x->marks->frames_taken;
		x->used_ns = now_ns;
		if (!atomic_load(&x->inside))
			want(x, WANTED_RUN);
	} else if (now_ns - x->used_ns > IDLE_NS && atomic_load(&x->inside)) {
		rest(x, WANTED_REST);
		send_left(x);
	}
	if (is_refused(x, now_ns))
		return (int)x->marks->error;
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
	for (unsigned int i = 0; i < x->steps; i++) {
		p->at[i] = x->marks->at[i];
		p->sent[i] = x->marks->sent[i];
		n[i % x->arms] += p->sent[i];
	}
	p->sent_bytes = 0;
	for (unsigned int arm = 0; arm < x->arms; arm++) {
		uint64_t six = v6[arm] < n[arm] ? v6[arm] : n[arm];

		p->sent_bytes += (n[arm] - six) * x->len[arm][0] + six * x->len[arm][1];
	}
	p->lost = x->marks->lost + x->left_lost;
}

static bool xdp_hand_back(void *state, uint64_t *place, unsigned int *step)
{
	struct xdp_state *x = state;
	uint64_t n = x->limits->overruns_taken;
	const volatile struct sweep_overrun *o = &x->marks->overrun[n % SWEEP_OVERRUNS];

	if (n == __atomic_load_n(&x->marks->overruns, __ATOMIC_ACQUIRE))
		return false;
	*place = o->place;
	*step = (unsigned int)o->step;
	__atomic_store_n(&x->limits->overruns_taken, n + 1, __ATOMIC_RELEASE);
	return true;
}

static void xdp_address(void *state, bool v6, const uint8_t mac[static 6])
{
	struct xdp_state *x = state;

	x->limits->gateway[v6] = SWEEP_GATEWAY_MOVED | (uint64_t)get_be32(mac) << 16
				 | get_be16(mac + 4);
}

static void xdp_stop(void *state)
{
	struct xdp_state *x = state;

	x->limits->stop = 1;
	rest(x, WANTED_REST);
	send_left(x);
}

static const struct tx_sweeper xdp_sweeper = {
	.grant = xdp_grant,
	.progress = xdp_progress,
	.hand_back = xdp_hand_back,
	.address = xdp_address,
	.stop = xdp_stop,
};

const struct tx_ops tx_xdp = {
	.name = "xdp",
	.doc = "the sweep made in the kernel, sent by the driver's XDP",
	.wire = true,
	.sweeper = &xdp_sweeper,
	.open = xdp_open,
	.send = xdp_send,
	.close = xdp_close,
};
