/*
 * sweep_fill: makes the frames that a send thread sends, into its batch. Each goes to its neighbour
 * on the local link, or to the gateway; what has no neighbour is counted instead. The batch gets at
 * most max frames in all. Inline is what a sweep does for each probe.
 */
#ifndef TFOMAP_SWEEP_FILL_H
#define TFOMAP_SWEEP_FILL_H

#include <stdbool.h>
#include <stdint.h>

#include "sender_shard.h"
#include "send/sweep_state.h"
#include "state/facts.h"
#include "state/sender.h"
#include "targets/targets.h"

/* The frame that comes next goes to its neighbour, or to where the gateway is now. */
bool sweep_readdress(struct sweep *w, struct addr dst);

/* Addresses the frame that comes next. False: its neighbour is not there. */
static inline bool sweep_address(struct sweep *w, struct addr dst)
{
	if (!w->facts->neigh && !w->gateway_changes[!addr_is_v4(dst)])
		return true;
	return sweep_readdress(w, dst);
}

/* Works out the targets of position k of the sender and the next ones, into w->ahead. */
void sweep_look_ahead(struct sweep *w, uint64_t k);

/* Adds a SYN to the target of index x. False: nobody is there to send it to. */
static inline __attribute__((always_inline)) bool
sweep_add_syn(struct sweep *w, uint64_t x, const struct target *t, struct addr src,
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
	if (!sweep_address(w, t->ip))
		return false;
	batch_add(&w->batch, len, kind, attempt);
	return true;
}

/* The target of position k of the sender. */
static inline uint64_t sweep_head_target(struct sweep *w, uint64_t k)
{
	if (k - w->ahead_first >= w->n_ahead)
		sweep_look_ahead(w, k);
	return w->ahead[k - w->ahead_first];
}

/* Adds the SYN of a pass at position k of the sender; the batch has room. */
static inline __attribute__((always_inline)) void
sweep_add_pos(struct sweep *w, uint64_t k, unsigned int pass)
{
	const struct facts *f = w->facts;
	unsigned int arms = w->sender->window.arms;
	uint64_t x = pass ? order_target(&f->order, sender_whole(k, w->number, w->nsenders))
		     : sweep_head_target(w, k);
	struct target t = targets_at(f->targets, x);
	struct addr src = facts_source(f, &t);
	struct tfo_option option;
	enum probe_kind kind = facts_sweep_probe(f, &t, src, pass % arms, &option);

	if (sweep_add_syn(w, x, &t, src, (uint8_t)kind, (uint8_t)(pass / arms), &option))
		w->batch.origins[w->batch.n - 1] = (struct batch_origin){ k, pass, BATCH_NONE };
	else if (pass == 0)
		stat_add(&w->sender->stats, STAT_no_neighbour, 1);
}

#define SWEEP_SKIP_MAX	65536	/* positions without a frame, gone by in one go */

/*
 * Adds the sweep's next positions below `end`, as far as the window has room; what an earlier part
 * of the run is done with it goes by.
 */
void sweep_add_new(struct sweep *w, unsigned int max, uint64_t end, uint64_t now_ns);

/* What other threads request: follow-ups, segments, replies to neighbours. */
void sweep_add_followups(struct sweep *w, unsigned int max);
void sweep_add_segments(struct sweep *w, unsigned int max);
void sweep_add_replies(struct sweep *w, unsigned int max);

#endif
