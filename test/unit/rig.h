/*
 * rig: what the send and the receive thread share, built without network, and stand-ins for who
 * is at its ends: a sender that does to one packet what the send thread does to its batches, and
 * servers that answer with real packets. The clock is the test's.
 */
#ifndef UNIT_RIG_H
#define UNIT_RIG_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "receive/answer.h"
#include "receive/arrival.h"
#include "receive/cookies.h"
#include "receive/replay.h"
#include "state/shared.h"
#include "targets/targets.h"
#include "targets/targets_load.h"
#include "wire.h"

#define CORE_START_NS	1000000000000ull
#define CORE_OFFSET_NS	1700000000000000000ll
#define CORE_TIMEOUT_NS	3000000000ull
#define CORE_RTT_NS	20000000ull
#define CORE_PAYLOAD	"hello worlds"
#define CORE_DLEN	12
#define CORE_SERVER_SEQ	0xffffffc0u	/* of a SYN/ACK: the response wraps */

/* Option areas of answers, in hex. */
#define OPTS_NONE	"020405b4"
#define OPTS_COOKIE	OPTS_NONE "220a3021b9d889017eeb"
#define OPTS_OTHER	OPTS_NONE "220aaabbccddeeff0011"
#define OPTS_THIRD	OPTS_NONE "220a0102030405060708"
#define OPTS_EXP	OPTS_NONE "fe0cf9893021b9d889017eeb"

/* How to build it; what is 0 has a default. */
struct core_setup {
	const char *target;		/* a prefix; default 198.18.0.0/24 */
	unsigned int retries;
	uint32_t slots, ring, window;	/* default 256, 64, 1024 */
	bool no_payload;
	enum plan_name plan;
	uint32_t sweep;			/* kinds, as of --probes */
	unsigned int senders;		/* default 1 */
	uint32_t seen;			/* targets of a saved capture that is read */
};

struct core {
	struct config config;
	char target[64], *words[2];
	uint16_t port;
	struct targets *targets;
	struct shared s;
	uint64_t now_ns;
};

/* A SYN as it left. */
struct syn {
	uint8_t frame[CRAFT_FRAME_MAX];
	size_t len;
	struct packet p;		/* of frame */
};

/* An answer, by what makes it one. */
struct answer_spec {
	uint8_t flags;
	uint32_t acked;			/* beyond the SYN */
	const char *opts;		/* hex; NULL: none */
	size_t payload_len;
	uint32_t at;			/* where in the response the payload stands */
};

/* A SYN/ACK, and one with a payload; a RST/ACK; the response's bytes at..at + len - 1. */
#define SYNACK(opts_, acked_)	SYNACK_DATA(opts_, acked_, 0)
#define SYNACK_DATA(opts_, acked_, len_) \
	(&(struct answer_spec){ TCP_SYN | TCP_ACK, acked_, opts_, len_, 0 })
#define RESET(acked_)		(&(struct answer_spec){ TCP_RST | TCP_ACK, acked_, NULL, 0, 0 })
#define SEGMENT(at_, len_, acked_) \
	(&(struct answer_spec){ TCP_ACK | TCP_PSH, acked_, NULL, len_, at_ })

static inline void core_source(struct core *c, const char *text)
{
	struct source source = { .proxied = false };
	bool v6;

	ck_assert_int_eq(addr_parse(&source.addr, text), 0);
	v6 = !addr_is_v4(source.addr);
	c->s.facts.sources[v6][c->s.facts.nsources[v6]++] = source;
}

static inline void core_configure(struct core *c, const struct core_setup *o)
{
	struct err e = { "" };

	c->port = 443;
	snprintf(c->target, sizeof(c->target), "%s", o->target ? o->target : "198.18.0.0/24");
	c->words[0] = c->target;
	c->config = (struct config){
		.targets = { .words = c->words, .n = 1, .ports = { &c->port, 1 },
			     .no_default_blocklist = true },
		.probing.timeout_ns = CORE_TIMEOUT_NS, .rate.cooldown_ns = 8000000000ull,
		.network = { .port_first = 10000, .port_last = 32767 },
		.output = { .format = FORMAT_csv, .rows = ROWS_TARGET, .report = REPORT_ANSWERED },
	};
	ck_assert_msg(payload_parse(&c->config.probing.payload, o->no_payload ? "none"
				    : "text:" CORE_PAYLOAD, &e) == 0, "%s", e.msg);
	ck_assert_msg(targets_load(&c->targets, &c->config, NULL, &e) == 0, "%s", e.msg);
}

static inline void core_init(struct core *c, const struct core_setup *o)
{
	static const uint8_t key[16] = { 7, 1, 2, 3 };
	static const struct craft_link link[2] = {
		{ .src = { 2, 1 }, .dst = { 2, 2 } }, { .src = { 2, 1 }, .dst = { 2, 2 } },
	};
	uint32_t ring = o->ring ? o->ring : 64;
	uint8_t attempts[PROBE_KINDS];
	struct shared *s = &c->s;
	struct sender_sizes sizes;
	struct err e = { "" };

	memset(c, 0, sizeof(*c));
	core_configure(c, o);
	c->now_ns = CORE_START_NS;
	s->facts.config = &c->config;
	s->facts.targets = c->targets;
	s->facts.plan = (struct plan){ .name = o->plan, .sweep = o->sweep, .retries = o->retries,
				 .payload = !o->no_payload };
	plan_attempts(&s->facts.plan, attempts);
	s->facts.slots = o->slots ? o->slots : 256;
	s->stamps = calloc(s->facts.slots, sizeof(*s->stamps));
	ck_assert_ptr_nonnull(s->stamps);
	s->facts.wall_offset_ns = CORE_OFFSET_NS;
	s->facts.wire = true;
	s->facts.outage_max_ns = 20000000000;
	ck_assert_msg(order_init(&s->facts.order, targets_counts(c->targets)->total, 0, 1, 0, 5,
				 &e) == 0
		      && validate_init(&s->facts.validator, key, c->config.network.port_first,
				       c->config.network.port_last, attempts, &e) == 0
		      && craft_init(&s->facts.craft, link, TCP_OPTIONS_WINDOWS, &e) == 0, "%s",
		      e.msg);
	sizes = (struct sender_sizes){
		.window = o->window ? o->window : 1024, .keep_ns = 60000000000,
		.followups = ring, .cleanups = ring, .seen = o->seen,
	};
	ck_assert_int_eq(shared_init_senders(s, o->senders ? o->senders : 1, &sizes), 0);
	core_source(c, "198.19.0.1");
	core_source(c, "2001:2:0:ffff::1");
}

static inline void core_free(struct core *c)
{
	shared_free_senders(&c->s);
	free(c->s.stamps);
	targets_free(c->targets);
}

/* ---- the sender ---------------------------------------------------------------------------- */

static inline void core_craft(const struct core *c, uint64_t x, struct addr source, uint8_t kind,
			      uint8_t attempt, const struct tfo_option *cookie, struct syn *out)
{
	struct target t = targets_at(c->targets, x);
	struct validate_tag tag = validate_tag(&c->s.facts.validator, source, t.ip, t.port, kind,
					       attempt);
	uint8_t payload[PAYLOAD_MAX];
	struct craft_syn syn = {
		.src = source, .dst = t.ip, .sport = tag.sport, .dport = t.port, .seq = tag.seq,
		.tfo_kind = cookie ? cookie->kind : TFO_KIND,
		.cookie_len = cookie ? cookie->len : 0, .cookie = cookie ? cookie->cookie : NULL,
		.payload = payload,
	};

	if (probe_types[kind].payload)
		syn.payload_len = (uint16_t)facts_payload(&c->s.facts, x, &t, payload);
	out->len = craft_syn(&c->s.facts.craft, &syn, out->frame);
	ck_assert_int_eq(packet_parse(&out->p, out->frame + CRAFT_LINK_LEN,
				      out->len - CRAFT_LINK_LEN), PACKET_OK);
}

/* An attempt of what an arm of the sweep sends to position k, now. Positions in their order. */
static inline void core_send_arm(struct core *c, uint64_t k, unsigned int arm, uint8_t attempt,
				 struct syn *out)
{
	uint64_t x = order_target(&c->s.facts.order, k), pos;
	struct sender *l = shared_sender(&c->s, k, &pos);
	struct window *w = &l->window;
	struct target t = targets_at(c->targets, x);
	struct window_cursor *cursor = &w->cursor[attempt * w->arms + arm];
	struct addr source = facts_source(&c->s.facts, &t);
	struct tfo_option option;
	enum probe_kind kind = facts_sweep_probe(&c->s.facts, &t, source, arm, &option);

	if (attempt == 0 && arm == 0)
		window_start(w, pos);
	else
		ck_assert(window_retry(w, pos, arm));
	core_craft(c, x, source, (uint8_t)kind, attempt, &option, out);
	sendlog_add(&cursor->log, pos, c->now_ns);
	if (atomic_load(&w->reserved) <= pos)
		atomic_store(&w->reserved, pos + 1);
	atomic_store(&cursor->done, pos + 1);
	if (attempt == 0 && arm == 0)
		stat_set(&l->stats, STAT_targets_started, pos + 1);
}

/* Of the only, or the first, arm. */
static inline void core_send(struct core *c, uint64_t k, uint8_t attempt, struct syn *out)
{
	core_send_arm(c, k, 0, attempt, out);
}

/* Takes the next follow-up from a sender's ring and sends it, now; false: there is none. */
static inline bool core_send_followup(struct core *c, struct followup *f, struct syn *out)
{
	unsigned int i = 0;

	while (i < c->s.nsenders && !ring_pop(&c->s.senders[i].followups, f))
		i++;
	if (i == c->s.nsenders)
		return false;
	core_craft(c, f->x, f->source, f->kind, f->attempt, &f->cookie, out);
	atomic_store(&c->s.stamps[f->slot], c->now_ns);
	return true;
}

/* ---- the servers --------------------------------------------------------------------------- */

/* The packet that answers syn; returns its length. */
static inline size_t core_answer(const struct syn *syn, const struct answer_spec *spec,
				 uint8_t out[static WIRE_MAX])
{
	const struct packet_tcp *t = &syn->p.tcp;
	uint8_t opts[TCPOPT_AREA_MAX];
	struct wire w = {
		.src = t->dst, .dst = t->src, .sport = t->dport, .dport = t->sport,
		.seq = CORE_SERVER_SEQ + spec->at + !(spec->flags & TCP_SYN),
		.ack = t->seq + 1 + spec->acked, .flags = spec->flags,
		.opts = opts, .payload_len = spec->payload_len,
	};

	w.opts_len = spec->opts ? wire_hex(spec->opts, opts) : 0;
	return wire_tcp(&w, out);
}

/* An ICMP error about syn, from the target itself. */
static inline size_t core_icmp(const struct syn *syn, uint8_t type, uint8_t code,
			       uint8_t out[static WIRE_MAX])
{
	const struct packet_tcp *t = &syn->p.tcp;

	return wire_icmp(t->dst, t->src, type, code, syn->frame + CRAFT_LINK_LEN,
			 syn->len - CRAFT_LINK_LEN, out);
}

/* ---- the receiver -------------------------------------------------------------------------- */

/* Whose packet it is; false: nobody's. p and a live as long as the bytes. */
static inline bool core_recognise(struct core *c, const uint8_t *bytes, size_t len,
				  struct packet *p, struct arrival *a)
{
	memset(a, 0, sizeof(*a));
	if (packet_parse(p, bytes, len) != PACKET_OK)
		return false;
	validate_packet(&c->s.facts.validator, p, PAYLOAD_MAX, &a->m);
	if (a->m.class == VALIDATE_UNMATCHED || a->m.class == VALIDATE_RST_BARE)
		return false;
	a->p = p;
	a->ns = c->now_ns;
	a->target = (struct target){ a->m.dst, a->m.dport };
	if (!targets_index(c->targets, a->m.dst, a->m.dport, &a->x)
	    || !order_pos(&c->s.facts.order, a->x, &a->k))
		return false;
	a->sender = shared_sender(&c->s, a->k, &a->pos);
	if (a->sender->seen)
		return replay_place(a);
	return a->pos < window_reserved(&a->sender->window);
}

#endif
