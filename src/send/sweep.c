#include "send/sweep.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "config/config.h"
#include "net/neigh.h"
#include "send/sweep_state.h"
#include "state/proxy.h"
#include "targets/targets.h"
#include "wire/capfile.h"

#define NAP_NS		NS_PER_MS	/* nothing to send: look again after this */
#define TICK_NS		(NS_PER_MS / 2)	/* how often a sweeper is let go on */
#define LEAD_NS		(50 * NS_PER_MS)	/* as far as it may be behind what it is let */
#define LEAD_MAX	(1u << 17)		/* packets: the same without a rate */
#define STALL_NS	(100 * NS_PER_MS)	/* the receive thread has not looked for so long */
#define SKIP_MAX	65536		/* without a frame, gone by in one go */

void sweep_add_frame(struct sweep *w, size_t len, uint8_t kind, uint8_t attempt)
{
	w->batch[w->n].len = (uint32_t)len;
	w->kinds[w->n] = kind;
	w->origins[w->n] = (struct sweep_origin){ 0, SWEEP_NONE, SWEEP_NONE };
	w->attempts[w->n++] = attempt;
}

/* Addresses the frame that comes next to its neighbour. False: there is none on the local link. */
static bool address_frame(struct sweep *w, struct addr dst)
{
	enum neigh_hop hop = w->s->facts.neigh ? neigh_find(w->s->facts.neigh, dst, w->frames[w->n])
			     : NEIGH_ROUTED;
	bool v6 = !addr_is_v4(dst);

	if (hop == NEIGH_ROUTED && w->gateway_changes[v6])
		memcpy(w->frames[w->n], w->gateway[v6], sizeof(w->gateway[v6]));
	return hop != NEIGH_SILENT;
}

/* Puts one SYN into the batch. x: the target's index. False: nobody is there to send it to. */
static inline __attribute__((always_inline)) bool
add_syn(struct sweep *w, uint64_t x, const struct target *t, struct addr src,
	uint8_t kind, uint8_t attempt, const struct tfo_option *option)
{
	struct shared *s = w->s;
	struct validate_tag tag = validate_tag(&s->facts.validator, src, t->ip, t->port, kind,
					       attempt);
	uint8_t payload[PAYLOAD_MAX];
	size_t len;
	struct craft_syn syn = {
		.src = src, .dst = t->ip, .sport = tag.sport, .dport = t->port, .seq = tag.seq,
		.tfo_kind = option->kind, .cookie_len = option->len, .cookie = option->cookie,
		.payload = payload,
	};

	if (probe_types[kind].payload)
		syn.payload_len = (uint16_t)facts_payload(&s->facts, x, t, payload);
	len = craft_syn(&s->facts.craft, &syn, w->frames[w->n]);
	if (!address_frame(w, t->ip))
		return false;
	sweep_add_frame(w, len, kind, attempt);
	return true;
}

/*
 * The target of position k of the sender, of the first pass. A permutation is one long chain of
 * multiplications: those of several positions, next to each other, overlap, which takes half the
 * time in all.
 */
static uint64_t head_target(struct sweep *w, uint64_t k)
{
	const struct shared *s = w->s;
	uint64_t left = w->sender->positions - k;

	if (k - w->ahead_first >= w->n_ahead) {
		w->ahead_first = k;
		w->n_ahead = left < SWEEP_AHEAD ? (unsigned int)left : SWEEP_AHEAD;
		for (unsigned int i = 0; i < w->n_ahead; i++)
			w->ahead[i] = order_target(&s->facts.order,
						   sender_whole(k + i, w->number, s->nsenders));
	}
	return w->ahead[k - w->ahead_first];
}

/* A pass of the sweep at position k of the sender. */
static inline __attribute__((always_inline)) void
add_pos(struct sweep *w, uint64_t k, unsigned int pass)
{
	struct shared *s = w->s;
	unsigned int arm = pass % w->sender->window.arms;
	uint64_t x = pass ? order_target(&s->facts.order, sender_whole(k, w->number, s->nsenders))
		     : head_target(w, k);
	struct target t = targets_at(s->facts.targets, x);
	struct addr src = facts_source(&s->facts, &t);
	struct tfo_option option;
	enum probe_kind kind = facts_sweep_probe(&s->facts, &t, src, arm, &option);

	if (add_syn(w, x, &t, src, (uint8_t)kind, (uint8_t)(pass / w->sender->window.arms),
		    &option))
		w->origins[w->n - 1] = (struct sweep_origin){ k, pass, SWEEP_NONE };
	else if (pass == 0)
		stat_add(&w->sender->stats, STAT_no_neighbour, 1);
}

void sweep_add_pos(struct sweep *w, uint64_t k, unsigned int pass)
{
	add_pos(w, k, pass);
}

/*
 * Who asks for an address of ours waits with what it has for us, so this does not wait for the
 * rate; it is owed to it. The first sender's part.
 */
static void add_answers(struct sweep *w, unsigned int max)
{
	size_t len;

	while (w->n < max && (len = proxy_next_reply(w->s, w->frames[w->n])))
		sweep_add_frame(w, len, SWEEP_ANSWER, 0);
	w->ntold = w->n;
}

static void add_cleanups(struct sweep *w, unsigned int max)
{
	struct cleanup c;

	while (w->n < max && ring_pop(&w->sender->cleanups, &c)) {
		const struct craft *craft = &w->s->facts.craft;
		uint8_t *out = w->frames[w->n];
		size_t len = c.acknowledge
			     ? craft_ack(craft, c.src, c.dst, c.sport, c.dport, c.seq, c.ack, out)
			     : craft_rst(craft, c.src, c.dst, c.sport, c.dport, c.seq, out);

		if (address_frame(w, c.dst))
			sweep_add_frame(w, len, SWEEP_CLEANUP, 0);
		else
			stat_add(&w->sender->stats, STAT_not_sent, 1);
	}
}

static void add_followups(struct sweep *w, unsigned int max)
{
	struct followup f;

	while (w->n < max && ring_pop(&w->sender->followups, &f)) {
		if (add_syn(w, f.x, &f.target, f.source, f.kind, f.attempt, &f.cookie)) {
			w->origins[w->n - 1].slot = f.slot;
			continue;
		}
		stat_add(&w->sender->stats, STAT_not_sent, 1);
		atomic_store_explicit(&w->s->stamps[f.slot], STAMP_NOT_SENT, memory_order_release);
	}
}

/* A pass beyond the head: the second arm, or an attempt more to who is silent to the one before. */
static void add_trailing(struct sweep *w, unsigned int a, unsigned int max, uint64_t now_ns)
{
	struct window *win = &w->sender->window;
	uint64_t first = 0, due = window_due(win, a, now_ns,
					     w->s->facts.config->probing.timeout_ns);
	unsigned int before = w->n, skipped = 0;

	for (; w->n < max && w->at[a] < due && skipped < SKIP_MAX; w->at[a]++, skipped++) {
		if (!window_retry(win, w->at[a], a % win->arms))
			continue;
		if (w->n == before)
			first = w->at[a];
		add_pos(w, w->at[a], a);
	}
	if (w->n > before)
		sendlog_add(&win->cursor[a].log, first, now_ns);
}

bool sweep_waits(struct sweep *w, bool *waiting, bool now, enum stat_id id)
{
	if (now && !*waiting)
		stat_add(&w->sender->stats, id, 1);
	*waiting = now;
	return now;
}

bool sweep_pauses(struct sweep *w, uint64_t now_ns)
{
	struct shared *s = w->s;
	uint64_t looked_ns = atomic_load_explicit(&s->rx.looked_ns, memory_order_relaxed);
	bool crowded = atomic_load_explicit(&s->rx.cache_half_full, memory_order_relaxed);
	/* A receive thread that gets no time to look cannot say so itself. */
	bool behind = atomic_load_explicit(&s->rx.backlogged, memory_order_relaxed)
		      || (looked_ns && looked_ns + STALL_NS < now_ns);

	sweep_waits(w, &w->waits_table, crowded, STAT_waits_table);
	sweep_waits(w, &w->waits_receiver, behind, STAT_waits_receiver);
	return crowded || behind || w->waits_gateway;
}

bool sweep_is_held(struct sweep *w)
{
	struct shared *s = w->s;
	bool full = atomic_load_explicit(&s->rx.output_full, memory_order_relaxed)
		    || capfile_is_full(s->capture);

	return sweep_waits(w, &w->waits_output, full, STAT_waits_output);
}

static void add_new(struct sweep *w, unsigned int max, uint64_t now_ns)
{
	uint64_t first = w->at[0];

	if (sweep_pauses(w, now_ns))
		return;
	while (w->n < max && w->at[0] < w->sender->positions && w->at[0] - first < SKIP_MAX) {
		bool full = !window_has_room(&w->sender->window, w->at[0]);

		if (sweep_waits(w, &w->waits_window, full, STAT_waits_window))
			break;
		window_start(&w->sender->window, w->at[0]);
		add_pos(w, w->at[0]++, 0);
	}
	if (w->at[0] > first)
		sendlog_add(&w->sender->window.cursor[0].log, first, now_ns);
}

/* Before they are sent: an answer must not come into the file before its probe. */
static void save_batch(struct sweep *w, uint64_t now_ns)
{
	for (unsigned int i = 0; i < w->n; i++)
		capfile_write(w->s->capture, w->batch[i].data, w->batch[i].len, w->batch[i].len,
			      now_ns + (uint64_t)w->s->facts.wall_offset_ns);
}

void sweep_init_budget(struct sweep *w, uint64_t now_ns)
{
	const struct config *c = w->s->facts.config;
	double pps = c->rate.pps / w->s->nsenders;

	budget_init(&w->budget, c, w->s->nsenders, craft_request_len(&w->s->facts.craft),
		    w->tx->sweeper ? LEAD_MAX : TX_BATCH, now_ns);
	w->lead = pps > 0 && pps * LEAD_NS / NS_PER_S < LEAD_MAX
		  ? 1 + (uint32_t)(pps * LEAD_NS / NS_PER_S) : LEAD_MAX;
}

/* Nothing more of the engine's sweeper from here on. */
static void stop_sweeper(struct sweep *w)
{
	if (w->tx->sweeper && !w->stopped) {
		w->tx->sweeper->stop(w->tx_state);
		sweep_give_up_back(w);
	}
	w->stopped = true;
}

/* Where a gateway has moved or was silent, frames go to where it is now. */
static void follow_gateway(struct sweep *w, bool v6, uint64_t now_ns)
{
	struct gateway_now *gateway = &w->s->control.gateway.now[v6];
	uint32_t changes = atomic_load_explicit(&gateway->changes, memory_order_acquire);
	uint64_t mac = atomic_load_explicit(&gateway->mac, memory_order_relaxed);

	if (changes == w->gateway_changes[v6])
		return;
	put_be16(w->gateway[v6], (uint16_t)(mac >> 32));
	put_be32(w->gateway[v6] + 2, (uint32_t)mac);
	w->gateway_changes[v6] = changes;
	if (w->tx->sweeper) {
		w->tx->sweeper->address(w->tx_state, v6, w->gateway[v6]);
		now_ns = clock_now_ns();
	}
	outage_log_add(&w->sender->gateway_outages, v6, atomic_load(&gateway->heard_ns), now_ns);
	atomic_store(&w->sender->gateway_changes[v6], changes);
}

static bool gateway_is_silent(struct sweep *w)
{
	bool silent = atomic_load_explicit(&w->s->control.gateway.silent, memory_order_relaxed);

	return sweep_waits(w, &w->waits_gateway, silent, STAT_waits_gateway);
}

/*
 * Fills the batch with what is due, and lets the engine's sweeper go on where there is one: at most
 * max packets in all, and told answers to neighbours. Returns how many, or -errno.
 */
static int fill_batch(struct sweep *w, uint32_t max, uint32_t told, uint64_t now_ns)
{
	unsigned int frames = max < TX_BATCH ? max : TX_BATCH;
	struct window *win = &w->sender->window;
	bool held;
	int let;

	w->n = 0;
	add_answers(w, told);
	if (w->tx->sweeper)
		sweep_add_frames_back(w, frames);
	add_cleanups(w, frames);
	if (shared_stopping(w->s, STOP_SENDING)) {
		stop_sweeper(w);
		return (int)w->n;
	}
	held = gateway_is_silent(w);
	held |= sweep_is_held(w);
	if (!held)
		add_followups(w, frames);
	if (w->tx->sweeper) {
		if (held)
			sweep_hold(w, w->n);
		else
			sweep_add_positions_back(w, frames);
		let = sweep_let(w, max > w->n ? max - w->n : 0, now_ns);
		return let < 0 ? let : (int)w->n + let;
	}
	for (unsigned int a = win->passes - 1; a > 0 && !held; a--)
		add_trailing(w, a, frames, now_ns);
	if (!held)
		add_new(w, frames, now_ns);
	atomic_store_explicit(&win->reserved, w->at[0], memory_order_release);
	return (int)w->n;
}

/* After sending: how far each attempt is, and whether that is all. */
static void publish(struct sweep *w, uint64_t now_ns)
{
	struct sender *l = w->sender;
	uint64_t before = w->progress.used, lowest;
	bool syns = false;

	if (w->tx->sweeper)
		sweep_follow(w, now_ns);
	lowest = w->at[0];
	for (unsigned int i = 0; i < w->n; i++)
		syns |= w->kinds[i] < PROBE_KINDS || w->kinds[i] == SWEEP_AGAIN;
	/* Of other packets nothing comes that is to be waited for. */
	if (syns || w->progress.used > before) {
		if (!atomic_load_explicit(&l->first_sent_ns, memory_order_relaxed))
			atomic_store_explicit(&l->first_sent_ns, now_ns, memory_order_relaxed);
		atomic_store_explicit(&l->last_sent_ns, clock_now_ns(), memory_order_relaxed);
	}
	stat_set(&l->stats, STAT_targets_started, w->at[0]);
	for (unsigned int a = 0; a < l->window.passes; a++) {
		atomic_store_explicit(&l->window.cursor[a].done, sweep_done(w, a, now_ns),
				      memory_order_release);
		if (w->at[a] < lowest)
			lowest = w->at[a];
	}
	if (lowest == l->positions && w->back_n == w->back_end)
		atomic_store_explicit(&l->swept, true, memory_order_release);
}

/* The batch, and what else of n packets the sweeper was let send. */
static void take(struct sweep *w, unsigned int n)
{
	uint64_t len = (uint64_t)(n - w->n) * craft_request_len(&w->s->facts.craft);

	for (unsigned int i = 0; i < w->n; i++)
		len += w->batch[i].len;
	budget_take(&w->budget, n, len, w->ntold);
}

/* What the sweeper took and has not sent goes as far as it is taken now. */
static void send_left(struct sweep *w)
{
	bool takes = !atomic_load(&w->sender->failed);

	do {
		w->n = w->ntold = 0;
		if (w->tx->sweeper)
			sweep_add_frames_back(w, TX_BATCH);
		if (!takes)
			sweep_give_up(w, 0);
		else if (w->n)
			takes = sweep_send(w, clock_now_ns());
	} while (w->n);
}

static struct sweep *sweep_new(struct shared *s, unsigned int sender, const struct tx_ops *tx,
			       void *tx_state)
{
	struct sweep *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->s = s;
	w->sender = &s->senders[sender];
	w->number = sender;
	w->tx = tx;
	w->tx_state = tx_state;
	for (unsigned int i = 0; i < TX_BATCH; i++)
		w->batch[i].data = w->frames[i];
	sweep_init_budget(w, clock_now_ns());
	return w;
}

void sweep_run(struct shared *s, unsigned int sender, const struct tx_ops *tx, void *tx_state)
{
	struct sweep *w = sweep_new(s, sender, tx, tx_state);

	if (!w) {
		err_set(&s->senders[sender].err, ENOMEM, "out of memory for a send thread");
		atomic_store(&s->senders[sender].failed, true);
		return;
	}
	while (!shared_stopping(s, STOP_OVER)) {
		uint64_t now_ns = clock_now_ns(), wait_ns;
		uint32_t allowed = budget_allow(&w->budget, now_ns, &wait_ns), told = 0;
		int n;

		follow_gateway(w, false, now_ns);
		follow_gateway(w, true, now_ns);
		if (sender == 0 && proxy_has_request(s))
			told = budget_allow_replies(&w->budget, now_ns, TX_BATCH);
		if (!allowed && !told) {
			sweep_sleep(wait_ns);
			continue;
		}
		n = fill_batch(w, allowed, told, now_ns);
		if (s->capture)
			save_batch(w, now_ns);
		if (n < 0)
			sweep_fail(w, n);
		if (n < 0 || (w->n && !sweep_send(w, now_ns)))
			break;
		take(w, (unsigned int)n);
		publish(w, now_ns);
		if (!w->n)
			sweep_sleep(tx->sweeper ? TICK_NS : NAP_NS);
	}
	stat_add(&w->sender->stats, STAT_not_sent, ring_count(&w->sender->cleanups));
	/* What was sent, or begun, since the last look counts, too. */
	stop_sweeper(w);
	send_left(w);
	publish(w, clock_now_ns());
	free(w);
}
