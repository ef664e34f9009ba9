/* The send threads with an engine that keeps what it is given, and refuses on demand. */
#ifndef UNIT_SWEEP_RIG_H
#define UNIT_SWEEP_RIG_H

#include <pthread.h>
#include <sched.h>

#include "base/clock.h"
#include "neighbour.h"
#include "rig.h"
#include "send/sweep.h"
#include "wire/tx.h"

#define TAP_MAX 16384

/* A frame as the engine took it, and what it is. */
struct tapped {
	uint8_t frame[256];
	uint32_t len;
	struct packet p;		/* of frame */
	unsigned int sender;
	bool is_reply;			/* to a neighbour: */
	struct neighbour neighbour;
	struct validate_match m;	/* class VALIDATE_SENT where it is a probe */
	uint64_t k;			/* its position */
	uint64_t ns;			/* when the engine took it */
};

/*
 * What the engine says to its call number `call` (from 0), of n frames: how many it takes, or
 * -errno. In the send thread, one at a time, before the frames are kept.
 */
typedef int tap_script(unsigned int call, unsigned int n);

static struct {
	pthread_mutex_t lock;		/* of all but the counts */
	const struct tx_ops *ops;
	unsigned int senders[SENDERS_MAX];	/* numbers: the state of their engines */
	tap_script *script;		/* NULL: takes all */
	void (*on_frame)(const struct tapped *t);	/* in the send thread; may be NULL */
	_Atomic unsigned int calls, refusals, n;
	struct tapped v[TAP_MAX];	/* the send threads', until they are joined */
} tap;

static struct core core;
static pthread_t senders[SENDERS_MAX];

static inline void tap_keep(unsigned int sender, const struct tx_frame *frame)
{
	unsigned int n = atomic_load(&tap.n);
	struct tapped *t = &tap.v[n];
	uint64_t x;

	if (n == TAP_MAX || frame->len > sizeof(t->frame))
		abort();
	memcpy(t->frame, frame->data, frame->len);
	t->len = frame->len;
	t->sender = sender;
	t->k = UINT64_MAX;
	t->ns = clock_now_ns();
	t->is_reply = neighbour_parse(&t->neighbour, get_be16(t->frame + CRAFT_LINK_LEN - 2),
				      t->frame + CRAFT_LINK_LEN, t->len - CRAFT_LINK_LEN);
	if (packet_parse(&t->p, t->frame + CRAFT_LINK_LEN, t->len - CRAFT_LINK_LEN) != PACKET_OK
	    && !t->is_reply)
		abort();
	validate_packet(&core.s.facts.validator, &t->p, PAYLOAD_MAX, &t->m);
	if (t->m.class == VALIDATE_SENT
	    && targets_index(core.targets, t->m.dst, t->m.dport, &x))
		order_pos(&core.s.facts.order, x, &t->k);
	if (tap.on_frame)
		tap.on_frame(t);
	atomic_store(&tap.n, n + 1);
}

static inline int tap_send(void *state, const struct tx_frame *frames, unsigned int n)
{
	const unsigned int *number = state;
	unsigned int call;
	int takes;

	if (n < 1 || n > TX_BATCH)
		abort();
	pthread_mutex_lock(&tap.lock);
	call = atomic_fetch_add(&tap.calls, 1);
	takes = tap.script ? tap.script(call, n) : (int)n;
	if (takes < 0)
		atomic_fetch_add(&tap.refusals, 1);
	for (int i = 0; i < takes; i++)
		tap_keep(*number, &frames[i]);
	pthread_mutex_unlock(&tap.lock);
	return takes;
}

static const struct tx_ops tap_ops = { .name = "tap", .send = tap_send };

static inline void begin_with(const struct core_setup *o)
{
	memset(&tap, 0, sizeof(tap));
	pthread_mutex_init(&tap.lock, NULL);
	tap.ops = &tap_ops;
	core_init(&core, o);
	core.config.rate.pps = 0;
	core.config.probing.timeout_ns = NS_PER_MS;
	core.config.rate.cooldown_ns = NS_PER_S;
}

static inline void end(void)
{
	core_free(&core);
}

static inline void *send_thread(void *arg)
{
	unsigned int *number = arg;

	sweep_run(&core.s, *number, tap.ops, number);
	return NULL;
}

static inline void start(void)
{
	for (unsigned int i = 0; i < core.s.nsenders; i++) {
		tap.senders[i] = i;
		ck_assert_int_eq(pthread_create(&senders[i], NULL, send_thread, &tap.senders[i]),
				 0);
	}
}

static inline void join(void)
{
	for (unsigned int i = 0; i < core.s.nsenders; i++)
		ck_assert_int_eq(pthread_join(senders[i], NULL), 0);
}

static inline void stop(void)
{
	atomic_store(&core.s.control.stop, STOP_OVER);
	join();
}

static inline uint64_t count(enum stat_id id)
{
	return stat_get(&core.s.rx.stats, id);
}

static inline void until_sent(unsigned int n)
{
	while (atomic_load(&tap.n) < n)
		sched_yield();
}

static inline void until_refused(unsigned int n)
{
	while (atomic_load(&tap.refusals) < n)
		sched_yield();
}

static inline void until_counted(enum stat_id id, uint64_t n)
{
	while (count(id) < n)
		sched_yield();
}

/* The receive thread's part, where nobody answers: who is past the time-out gives up the slot. */
static inline void receive(bool needed)
{
	for (unsigned int i = 0; i < core.s.nsenders; i++) {
		struct window *w = &core.s.senders[i].window;
		uint64_t now_ns = clock_now_ns();
		uint64_t to = window_silent_until(w, now_ns, core.config.probing.timeout_ns);

		if (to > w->tail)
			w->tail = to;
		window_recycle(w, now_ns, NS_PER_S, needed);
	}
	sched_yield();
}

static inline void until_swept(bool needed)
{
	while (!shared_swept(&core.s))
		receive(needed);
}

/* Any follow-up to position k that differs from others by its attempt. */
static inline void push_followup(uint64_t k, uint8_t attempt)
{
	uint64_t x = order_target(&core.s.facts.order, k);
	struct followup f = {
		.x = x, .target = targets_at(core.targets, x), .slot = (uint32_t)k,
		.source = core.s.facts.sources[0][0].addr, .kind = PROBE_DATA, .attempt = attempt,
		.cookie = { TFO_COOKIE, TFO_KIND, 8, "\1\2\3\4\5\6\7\10" },
	};

	if (!ring_push(&core.s.senders[0].followups, &f))
		abort();
}

/* A reset to the target of that index, and to the first. */
static inline void push_teardown_to(uint64_t x, uint32_t seq)
{
	struct addr dst = targets_at(core.targets, x).ip;
	struct segment_request c = {
		.src = core.s.facts.sources[!addr_is_v4(dst)][0].addr, .dst = dst,
		.sport = 12345, .dport = 443, .seq = seq, .reset = true,
	};

	if (!ring_push(&core.s.senders[0].segments, &c))
		abort();
}

static inline void push_teardown(uint32_t seq)
{
	push_teardown_to(0, seq);
}

/* Nothing is sent any more: a reset goes through, and nothing came before it. Then stops. */
static inline void nothing_more_than(unsigned int n)
{
	push_teardown(4711);
	until_sent(n + 1);
	stop();
	ck_assert_uint_eq(atomic_load(&tap.n), n + 1);
	ck_assert_uint_eq(tap.v[n].p.tcp.flags, TCP_RST);
	ck_assert_uint_eq(tap.v[n].p.tcp.seq, 4711);
}

/* Frame i is this probe. */
static inline void check_probe(unsigned int i, uint64_t k, uint8_t kind, uint8_t attempt)
{
	const struct tapped *t = &tap.v[i];

	if (t->m.class != VALIDATE_SENT || t->k != k || t->m.kind != kind
	    || t->m.attempt != attempt)
		ck_abort_msg("frame %u: class %d, position %ju, kind %u, attempt %u", i, t->m.class,
			     (uintmax_t)t->k, t->m.kind, t->m.attempt);
}

#endif
