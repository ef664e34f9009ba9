#include "receive/reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "loss_log.h"
#include "receive/arrival.h"
#include "state/proxy.h"
#include "state/shared.h"
#include "targets/targets.h"
#include "wire/capfile.h"

#define CLOCK_STEP_NS	(10 * (int64_t)NS_PER_MS)	/* the wall clock was set */
#define AHEAD_NS	(100 * NS_PER_MS)	/* no packet comes so much later than it is now */
#define WAIT_NS		(10 * NS_PER_S)		/* nor waited so long */
#define BATCH_WANTED	16	/* packets of a part for which its lock is worth a try, */
#define BATCH_MAX	64	/* or worth to be waited for */

/* A packet that waits for the lock of its part. */
struct waiting {
	struct rx_frame frame;
	struct packet p;
	struct arrival a;
	uint8_t bytes[RX_SNAPLEN];
};

struct reader_batch {
	unsigned int n;
	struct waiting v[BATCH_MAX];
};

int reader_init(struct reader *r)
{
	r->batches = calloc(r->s->rx.n, sizeof(*r->batches));
	return r->batches ? 0 : -ENOMEM;
}

void reader_free(struct reader *r)
{
	free(r->batches);
}

/* ---- locks --------------------------------------------------------------------------------- */

void reader_let_go(struct reader *r)
{
	if (!r->held)
		return;
	r->taken(r, (unsigned int)(r->held - r->s->rx.part));
	pthread_mutex_unlock(&r->held->lock);
	r->held = NULL;
}

void reader_hold(struct reader *r, unsigned int part)
{
	struct rx_part *p = &r->s->rx.part[part];

	if (r->held == p)
		return;
	reader_let_go(r);
	pthread_mutex_lock(&p->lock);
	r->held = p;
}

/* ---- packets ------------------------------------------------------------------------------- */

/* By the run's clock, as the SYNs' times are: the wall clock may be set meanwhile. */
void reader_save_frame(struct reader *r, const struct rx_frame *fr, const struct arrival *a)
{
	const struct shared *s = r->s;

	if (s->capture)
		capfile_write(s->capture, fr->bytes, fr->caplen, fr->len,
			      a->ns + (uint64_t)s->facts.wall_offset_ns);
}

/* An answer whose options were not captured, or what may be one. Live, there is room for all. */
static void count_cut(struct reader *r, const struct rx_frame *fr, const struct arrival *a)
{
	bool may_be_one = a->fault == PACKET_OK ? a->m.class == VALIDATE_SYNACK
			  : r->in.ops->may_be_cut;

	if (may_be_one && rx_frame_is_cut(fr, a->fault, a->p))
		stat_add(&r->status->reading, STAT_cut_short, 1);
}

/* Its position in a saved capture. False: there is no room for another target. */
static bool find_place(struct arrival *a)
{
	struct sender *sd = a->sender;

	if (a->pos != SEEN_NONE)
		return true;
	/* That alone proves nothing. */
	if (a->m.class == VALIDATE_RST_BARE)
		return false;
	a->pos = seen_add(sd->seen, a->k);
	if (a->pos == SEEN_NONE)
		return false;
	/* Whatever else comes of a target shows that its first probe was sent. */
	window_start(&sd->window, a->pos);
	atomic_store(&sd->window.reserved, a->pos + 1);
	stat_set(&sd->stats, STAT_targets_started, a->pos + 1);
	return true;
}

bool reader_recognise(struct shared *s, struct stats *stats, const uint8_t *ip, size_t len,
		      struct packet *p, struct arrival *a)
{
	a->p = p;
	a->fault = packet_parse(p, ip, len);
	a->m.class = VALIDATE_UNMATCHED;
	if (a->fault == PACKET_OK)
		validate_packet(&s->facts.validator, p, PAYLOAD_MAX, &a->m);
	stat_add(stats, STAT_received, 1);
	if (a->m.class == VALIDATE_UNMATCHED) {
		stat_add(stats, a->fault == PACKET_OK || a->fault == PACKET_OTHER
			 ? STAT_drop_unmatched : STAT_drop_parse, 1);
		return false;
	}
	a->target = (struct target){ a->m.dst, a->m.dport };
	if (targets_index(s->facts.targets, a->m.dst, a->m.dport, &a->x)
	    && order_pos(&s->facts.order, a->x, &a->k)) {
		a->sender = shared_sender(s, a->k, &a->pos);
		if (a->sender->seen ? find_place(a)
		    : a->pos < window_reserved(&a->sender->window))
			return true;
	}
	stat_add(stats, a->m.class == VALIDATE_RST_BARE ? STAT_rsts_bare : STAT_drop_unsent, 1);
	return false;
}

void reader_follow_clock(struct reader *r)
{
	int64_t offset_ns = clock_wall_offset_ns();

	if (llabs(offset_ns - r->wall_offset_ns) <= CLOCK_STEP_NS)
		return;
	r->former_offset_ns = r->wall_offset_ns;
	r->wall_offset_ns = offset_ns;
}

/*
 * When a packet came, on the run's clock. One poll may bring what came before the wall clock was
 * set and what came after: which it is shows where the step is much longer than packets wait.
 */
static uint64_t came_ns(struct reader *r, const struct rx_frame *fr)
{
	uint64_t ns = fr->wall_ns - (uint64_t)r->wall_offset_ns, former_ns;

	if (r->in.ops->own_clock || (ns < r->now_ns + AHEAD_NS && r->now_ns < ns + WAIT_NS))
		return ns;
	reader_follow_clock(r);
	ns = fr->wall_ns - (uint64_t)r->wall_offset_ns;
	former_ns = fr->wall_ns - (uint64_t)r->former_offset_ns;
	return llabs((int64_t)(former_ns - r->now_ns)) < llabs((int64_t)(ns - r->now_ns))
	       ? former_ns : ns;
}

/* False: it is something else. */
static bool take_neighbour_request(struct reader *r, const struct rx_frame *fr)
{
	struct shared *s = r->s;
	bool taken;

	if (!s->facts.proxies || !proxy_is_request(fr))
		return false;
	rx_lock(&s->rx);
	taken = proxy_take_request(&s->facts, &s->neigh_requests, &r->status->reading, fr);
	rx_unlock(&s->rx);
	return taken;
}

/* Takes what waits of a part; waits: for its lock, too. */
static void take_batch(struct reader *r, unsigned int part, bool waits)
{
	struct reader_batch *b = &r->batches[part];
	pthread_mutex_t *lock = &r->s->rx.part[part].lock;

	if (!b->n)
		return;
	if (pthread_mutex_trylock(lock)) {
		if (!waits)
			return;
		pthread_mutex_lock(lock);
	}
	for (unsigned int i = 0; i < b->n; i++)
		r->take(r, part, &b->v[i].frame, &b->v[i].a);
	b->n = 0;
	r->taken(r, part);
	pthread_mutex_unlock(lock);
}

/* The others' first that are not busy. */
static void take_batches(struct reader *r)
{
	for (unsigned int i = 0; r->batches && i < 2 * r->s->rx.n; i++)
		take_batch(r, i % r->s->rx.n, i >= r->s->rx.n);
}

/* Its bytes are gone when the source goes on. */
static void keep(struct reader *r, unsigned int part, const struct rx_frame *fr,
		 const struct arrival *a)
{
	struct reader_batch *b = &r->batches[part];
	struct waiting *w = &b->v[b->n++];
	const uint8_t *from = fr->bytes;

	memcpy(w->bytes, from, fr->caplen);
	w->frame = *fr;
	w->frame.bytes = w->bytes;
	w->frame.ip = w->bytes + (fr->ip - from);
	w->p = *a->p;
	if (w->p.tcp.opts)
		w->p.tcp.opts = w->bytes + (w->p.tcp.opts - from);
	if (w->p.tcp.quoted)
		w->p.tcp.quoted = w->bytes + (w->p.tcp.quoted - from);
	w->a = *a;
	w->a.p = &w->p;
	if (b->n >= BATCH_WANTED)
		take_batch(r, part, b->n == BATCH_MAX);
}

void reader_take_frame(void *arg, const struct rx_frame *fr)
{
	struct reader *r = arg;
	struct shared *s = r->s;
	struct packet p;
	struct arrival a;
	unsigned int part;
	bool ours;

	r->newest_ns = came_ns(r, fr);
	if (take_neighbour_request(r, fr))
		return;
	ours = reader_recognise(s, &r->status->reading, fr->ip, fr->ip_caplen, &p, &a);
	count_cut(r, fr, &a);
	if (!ours)
		return;
	a.ns = r->newest_ns;
	part = (unsigned int)(a.sender - s->senders) % s->rx.n;
	if (r->batches && fr->caplen <= RX_SNAPLEN) {
		keep(r, part, fr, &a);
		return;
	}
	if (r->batches)
		take_batch(r, part, true);
	reader_hold(r, part);
	r->take(r, part, fr, &a);
	if (r->batches)
		reader_let_go(r);
}

/* ---- reading ------------------------------------------------------------------------------- */

/* All parts know of it before any of their clocks goes past. */
static void log_loss(struct reader *r)
{
	uint64_t to_ns = clock_now_ns();

	for (unsigned int i = 0; i < r->s->rx.n; i++) {
		reader_hold(r, i);
		loss_log_add(&r->s->rx.part[i].losses, r->lost_ns, to_ns);
	}
	reader_let_go(r);
}

void reader_count_lost(struct reader *r, uint64_t now_ns)
{
	struct stats *stats = &r->status->reading;
	struct rx_lost before = r->lost;

	r->in.ops->lost(r->in.state, &r->lost);
	if (r->lost.capture > before.capture || r->lost.interface > before.interface)
		log_loss(r);
	stat_set(stats, STAT_drop_capture, r->lost.capture);
	stat_set(stats, STAT_drop_interface, r->lost.interface);
	stat_add(stats, STAT_received, r->lost.unmatched - before.unmatched);
	stat_add(stats, STAT_drop_unmatched, r->lost.unmatched - before.unmatched);
	r->lost_ns = now_ns;
}

bool reader_is_backlogged(const struct reader *r)
{
	return (r->in.ops && r->in.ops->back_pressure && r->in.ops->back_pressure(r->in.state))
	       || shared_rings_full(r->s, r->id);
}

/*
 * Fewer packets than a poll may bring were all there are: what came before it is taken.
 * Else the clock of time-outs follows the packets; and what is known of losses.
 */
int reader_poll(struct reader *r)
{
	const struct timespec pause = { 0, 1000000 };
	uint64_t read_ns = clock_now_ns() - RX_DELAY_NS;
	struct err e = { "" };
	int n = 0;

	if (r->in.ops)
		n = r->in.ops->poll(r->in.state, reader_take_frame, r, &e);
	else
		nanosleep(&pause, NULL);
	reader_let_go(r);
	take_batches(r);
	if (n < 0)
		rx_fail(&r->s->rx, &e);
	if (n >= RX_POLL_MAX && r->newest_ns < read_ns)
		read_ns = r->newest_ns;
	if (r->in.ops && read_ns > r->lost_ns)
		read_ns = r->lost_ns;
	if (read_ns > atomic_load_explicit(&r->status->read_ns, memory_order_relaxed))
		atomic_store_explicit(&r->status->read_ns, read_ns, memory_order_release);
	return n;
}

void reader_log(const struct reader *r)
{
	log_info("receive thread %u of %u: %llu packets", r->id + 1, r->s->rx.n,
		 (unsigned long long)stat_own(&r->status->reading, STAT_received));
}
