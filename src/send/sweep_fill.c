#include "send/sweep_fill.h"

#include <string.h>

#include "net/neigh.h"
#include "sender_shard.h"
#include "send/sweep_state.h"
#include "state/facts.h"
#include "state/proxy.h"
#include "state/sender.h"
#include "targets/targets.h"

/* Addresses the frame that comes next to its neighbour. False: there is none on the local link. */
static bool address_frame(struct sweep *w, struct addr dst)
{
	uint8_t *frame = batch_next(&w->batch);
	enum neigh_hop hop = w->facts->neigh ? neigh_find(w->facts->neigh, dst, frame)
			     : NEIGH_ROUTED;
	bool v6 = !addr_is_v4(dst);

	if (hop == NEIGH_ROUTED && w->gateway_changes[v6])
		memcpy(frame, w->gateway[v6], sizeof(w->gateway[v6]));
	return hop != NEIGH_SILENT;
}

/* ---- SYNs ---------------------------------------------------------------------------------- */

/* x: the target's index. False: nobody is there to send it to. */
static inline __attribute__((always_inline)) bool
add_syn(struct sweep *w, uint64_t x, const struct target *t, struct addr src,
	uint8_t kind, uint8_t attempt, const struct tfo_option *option)
{
	const struct facts *f = w->facts;
	struct validate_tag tag = validate_tag(&f->validator, src, t->ip, t->port, kind, attempt);
	uint8_t payload[PAYLOAD_MAX];
	size_t len;
	struct craft_syn syn = {
		.src = src, .dst = t->ip, .sport = tag.sport, .dport = t->port, .seq = tag.seq,
		.tfo_kind = option->kind, .cookie_len = option->len, .cookie = option->cookie,
		.payload = payload,
	};

	if (probe_types[kind].payload)
		syn.payload_len = (uint16_t)facts_payload(f, x, t, payload);
	len = craft_syn(&f->craft, &syn, batch_next(&w->batch));
	if (!address_frame(w, t->ip))
		return false;
	batch_add(&w->batch, len, kind, attempt);
	return true;
}

/*
 * The target of position k of the sender, of the first pass. A permutation is one long chain of
 * multiplications: those of several positions, next to each other, overlap, which takes half the
 * time in all.
 */
static uint64_t head_target(struct sweep *w, uint64_t k)
{
	uint64_t left = w->sender->positions - k;

	if (k - w->ahead_first >= w->n_ahead) {
		w->ahead_first = k;
		w->n_ahead = left < SWEEP_AHEAD ? (unsigned int)left : SWEEP_AHEAD;
		for (unsigned int i = 0; i < w->n_ahead; i++)
			w->ahead[i] = order_target(&w->facts->order,
						   sender_whole(k + i, w->number, w->nsenders));
	}
	return w->ahead[k - w->ahead_first];
}

void sweep_add_pos(struct sweep *w, uint64_t k, unsigned int pass)
{
	const struct facts *f = w->facts;
	unsigned int arms = w->sender->window.arms;
	uint64_t x = pass ? order_target(&f->order, sender_whole(k, w->number, w->nsenders))
		     : head_target(w, k);
	struct target t = targets_at(f->targets, x);
	struct addr src = facts_source(f, &t);
	struct tfo_option option;
	enum probe_kind kind = facts_sweep_probe(f, &t, src, pass % arms, &option);

	if (add_syn(w, x, &t, src, (uint8_t)kind, (uint8_t)(pass / arms), &option))
		w->batch.origins[w->batch.n - 1] = (struct batch_origin){ k, pass, BATCH_NONE };
	else if (pass == 0)
		stat_add(&w->sender->stats, STAT_no_neighbour, 1);
}

void sweep_add_followups(struct sweep *w, unsigned int max)
{
	struct followup f;

	while (w->batch.n < max && ring_pop(&w->sender->followups, &f)) {
		if (add_syn(w, f.x, &f.target, f.source, f.kind, f.attempt, &f.cookie)) {
			w->batch.origins[w->batch.n - 1].slot = f.slot;
			continue;
		}
		stat_add(&w->sender->stats, STAT_not_sent, 1);
		atomic_store_explicit(&w->stamps[f.slot], STAMP_NOT_SENT, memory_order_release);
	}
}

/* ---- other packets ------------------------------------------------------------------------- */

void sweep_add_teardowns(struct sweep *w, unsigned int max)
{
	struct cleanup c;

	while (w->batch.n < max && ring_pop(&w->sender->cleanups, &c)) {
		const struct craft *craft = &w->facts->craft;
		uint8_t *out = batch_next(&w->batch);
		size_t len = c.acknowledge
			     ? craft_ack(craft, c.src, c.dst, c.sport, c.dport, c.seq, c.ack, out)
			     : craft_rst(craft, c.src, c.dst, c.sport, c.dport, c.seq, out);

		if (address_frame(w, c.dst))
			batch_add(&w->batch, len, BATCH_TEARDOWN, 0);
		else
			stat_add(&w->sender->stats, STAT_not_sent, 1);
	}
}

void sweep_add_replies(struct sweep *w, unsigned int max)
{
	size_t len;

	while (w->batch.n < max
	       && (len = proxy_next_reply(w->facts, w->requests, batch_next(&w->batch))))
		batch_add(&w->batch, len, BATCH_REPLY, 0);
}
