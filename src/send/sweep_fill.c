#include "send/sweep_fill.h"

#include <string.h>

#include "net/neigh.h"
#include "state/proxy.h"

bool sweep_readdress(struct sweep *w, struct addr dst)
{
	uint8_t *frame = batch_next(&w->batch);
	enum neigh_hop hop = w->facts->neigh ? neigh_find(w->facts->neigh, dst, frame)
			     : NEIGH_ROUTED;
	bool v6 = !addr_is_v4(dst);

	if (hop == NEIGH_ROUTED && w->gateway_changes[v6])
		memcpy(frame, w->gateway[v6], sizeof(w->gateway[v6]));
	return hop != NEIGH_SILENT;
}

/*
 * A permutation is one long chain of multiplications: those of several positions, next to each
 * other, overlap, which takes half the time in all.
 */
void sweep_look_ahead(struct sweep *w, uint64_t k)
{
	uint64_t left = w->sender->positions - k;

	w->ahead_first = k;
	w->n_ahead = left < SWEEP_AHEAD ? (unsigned int)left : SWEEP_AHEAD;
	for (unsigned int i = 0; i < w->n_ahead; i++)
		w->ahead[i] = order_target(&w->facts->order,
					   sender_whole(k + i, w->number, w->nsenders));
}

void sweep_add_new(struct sweep *w, unsigned int max, uint64_t end, uint64_t now_ns)
{
	struct window *win = &w->sender->window;
	uint64_t first = w->at[0];
	bool full = false;

	while (w->batch.n < max && w->at[0] < end && w->at[0] - first < SWEEP_SKIP_MAX) {
		full = !window_has_room(win, w->at[0]);
		if (full)
			break;
		if (done_set_has(&w->sender->done, w->at[0])) {
			window_pass_over(win, w->at[0]++);
			continue;
		}
		window_start(win, w->at[0]);
		sweep_add_pos(w, w->at[0]++, 0);
	}
	if (full || w->at[0] > first)
		backpressure_set(&w->pressure, PRESSURE_WINDOW, full);
	if (w->at[0] > first)
		sendlog_add(&win->cursor[0].log, first, now_ns);
	atomic_store_explicit(&win->reserved, w->at[0], memory_order_release);
}

/* A SYN with a small TTL, from the port of the probe in whose place it stands. */
static bool add_hop(struct sweep *w, const struct followup *hop)
{
	const struct facts *f = w->facts;
	bool v6 = !addr_is_v4(hop->target.ip);
	uint8_t payload[PAYLOAD_MAX], *frame = batch_next(&w->batch);
	struct craft_syn syn = {
		.src = hop->source, .dst = hop->target.ip, .dport = hop->target.port,
		.sport = validate_tag(&f->validator, hop->source, hop->target.ip, hop->target.port,
				      hop->kind, hop->attempt).sport,
		.seq = hop->seq, .tfo_kind = hop->cookie.kind, .cookie_len = hop->cookie.len,
		.cookie = hop->cookie.cookie, .payload = payload,
	};
	size_t len;

	if (!hop->plain && probe_types[hop->kind].payload)
		syn.payload_len = (uint16_t)facts_payload(f, hop->x, &hop->target, payload);
	len = craft_syn(&f->craft, &syn, frame);
	craft_set_ttl(&f->craft, v6, hop->ttl, frame);
	if (!sweep_address(w, hop->target.ip))
		return false;
	batch_add(&w->batch, len, PROBE_HOP, 0);
	return true;
}

static bool add_followup(struct sweep *w, const struct followup *f)
{
	if (f->ttl)
		return add_hop(w, f);
	return sweep_add_syn(w, f->x, &f->target, f->source, f->kind, f->attempt, &f->cookie);
}

void sweep_add_followups(struct sweep *w, unsigned int max)
{
	struct followup f;

	while (w->batch.n < max && ring_pop(&w->sender->followups, &f)) {
		if (add_followup(w, &f)) {
			w->batch.origins[w->batch.n - 1].slot = f.slot;
			w->batch.followups_end = w->batch.n;
			continue;
		}
		stat_add(&w->sender->stats, STAT_not_sent, 1);
		atomic_store_explicit(&w->stamps[f.slot], STAMP_NOT_SENT, memory_order_release);
	}
}

static size_t add_segment(struct sweep *w, const struct segment_request *r)
{
	uint8_t payload[PAYLOAD_MAX], *out = batch_next(&w->batch);
	const struct target t = { r->dst, r->dport };
	struct craft_segment s = {
		.src = r->src, .dst = r->dst, .sport = r->sport, .dport = r->dport,
		.seq = r->seq, .ack = r->ack, .scaled = r->scaled, .stamped = r->stamped,
		.ts_ecr = r->ts_ecr, .payload = payload + r->from, .payload_len = r->len,
	};

	if (r->len)
		facts_payload(w->facts, r->x, &t, payload);
	return r->reset ? craft_rst(&w->facts->craft, &s, out)
	       : craft_ack(&w->facts->craft, &s, out);
}

void sweep_add_segments(struct sweep *w, unsigned int max)
{
	struct segment_request r;

	while (w->batch.n < max && ring_pop(&w->sender->segments, &r)) {
		size_t len = add_segment(w, &r);

		if (sweep_address(w, r.dst))
			batch_add(&w->batch, len, r.carries_on ? BATCH_CARRIED : BATCH_TEARDOWN,
				  0);
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
