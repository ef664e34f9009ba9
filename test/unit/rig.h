/*
 * rig: what the send and the receive thread share, set up from a command line, without network;
 * and who is at its ends: a send thread's own functions, a packet at a time as the test asks, and
 * servers that answer with real packets. The clock is the test's.
 */
#ifndef UNIT_RIG_H
#define UNIT_RIG_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config_parse.h"
#include "records/metadata.h"
#include "receive/answer.h"
#include "receive/arrival.h"
#include "receive/cookies.h"
#include "receive/reader.h"
#include "scratch.h"
#include "send/sweep.h"
#include "send/sweep_fill.h"
#include "send/sweep_send.h"
#include "setup/input.h"
#include "state/saving.h"
#include "state/shared.h"
#include "targets/targets.h"
#include "targets/targets_load.h"
#include "wire.h"

#define CORE_START_NS	1000000000000ull
#define CORE_OFFSET_NS	1700000000000000000ll
#define CORE_TIMEOUT_NS	3000000000ull
#define CORE_RTT_NS	20000000ull
#define CORE_WORDS	12		/* of its command line, at most */
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
	const char *target;		/* a prefix; default 198.18.0.0/24, beside a list none */
	const char *list, *ports;	/* a server list's text; --target-ports */
	unsigned int retries;
	uint32_t slots, ring, window;	/* default 256, 64, 1024 */
	bool no_payload;
	enum plan_name plan;
	uint32_t sweep;			/* kinds, as of --probes */
	unsigned int senders;		/* default 1 */
	uint64_t max_results;
	bool tears_down;
	uint32_t seen;			/* targets of a saved capture that is read */
	bool saves;			/* the run may go on */
};

struct core {
	char words[CORE_WORDS][64], *argv[CORE_WORDS + 1];
	struct scratch list;
	struct config config;
	struct targets *targets;
	struct shared s;
	struct saving saving;
	struct sweep *sweeps[SENDERS_MAX];	/* which send single packets; NULL: not yet */
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
	struct addr a;

	ck_assert_int_eq(addr_parse(&a, text), 0);
	facts_add_source(&c->s.facts, a);
}

static inline char *core_word(struct core *c, int *argc)
{
	ck_assert_int_lt(*argc, CORE_WORDS);
	c->argv[*argc] = c->words[*argc];
	return c->words[(*argc)++];
}

/* The words that are there or not. */
static inline void core_name_targets(struct core *c, const struct core_setup *o, int *argc)
{
	const size_t len = sizeof(c->words[0]);

	if (o->target || !o->list)
		snprintf(core_word(c, argc), len, "%s", o->target ? o->target : "198.18.0.0/24");
	if (o->ports)
		snprintf(core_word(c, argc), len, "--target-ports=%s", o->ports);
	if (!o->list)
		return;
	scratch_text(&c->list, o->list);
	snprintf(core_word(c, argc), len, "--targets-file=%s", c->list.path);
}

static inline void core_configure(struct core *c, const struct core_setup *o)
{
	const char *words[] = {
		"tfomap", "--no-default-blocklist", "--key=07010203000000000000000000000000",
		"--seed=5", "--output-fields=*", "--confirm=0",
		o->no_payload ? "--payload=none" : "--payload=text:" CORE_PAYLOAD,
		"--report=answered",
	};
	struct err e = { "" };
	int argc = 0;

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		snprintf(core_word(c, &argc), sizeof(c->words[0]), "%s", words[i]);
	snprintf(core_word(c, &argc), sizeof(c->words[0]), "--retries=%u", o->retries);
	core_name_targets(c, o, &argc);
	ck_assert_msg(config_parse(&c->config, argc, c->argv, NULL, &e) == 0
		      && targets_load(&c->targets, &c->config, NULL, &e) == 0, "%s", e.msg);
	if (o->list)
		scratch_close(&c->list);
	c->config.probing.plan = o->plan;
	c->config.probing.probes = o->sweep;
	c->config.rate.max_results = o->max_results;
}

/* But for the sizes, which are the test's, and what setup asks of the machine. */
static inline void core_init(struct core *c, const struct core_setup *o)
{
	static const struct craft_link link[2] = {
		{ .src = { 2, 1 }, .dst = { 2, 2 } }, { .src = { 2, 1 }, .dst = { 2, 2 } },
	};
	uint32_t ring = o->ring ? o->ring : 64;
	const struct sender_sizes sizes = {
		.window = o->window ? o->window : 1024, .keep_ns = 60000000000,
		.followups = ring, .segments = ring, .seen = o->seen,
	};
	struct facts *f = &c->s.facts;
	struct err e = { "" };

	memset(c, 0, sizeof(*c));
	core_configure(c, o);
	c->now_ns = CORE_START_NS;
	*f = (struct facts){
		.config = &c->config, .targets = c->targets, .slots = o->slots ? o->slots : 256,
		.wall_offset_ns = CORE_OFFSET_NS, .wire = true, .outage_max_ns = 20000000000,
		.tears_down = o->tears_down,
	};
	ck_assert_msg(input_init(f, &(struct run_facts){ .seed = 0 }, NULL, &e) == 0
		      && craft_init(&f->craft, link, c->config.probing.tcp_options, &e) == 0,
		      "%s", e.msg);
	c->s.saving = o->saves ? &c->saving : NULL;
	ck_assert_int_eq(shared_init_senders(&c->s, o->senders ? o->senders : 1, &sizes), 0);
	core_source(c, "198.19.0.1");
	core_source(c, "2001:2:0:ffff::1");
}

static inline void core_free(struct core *c)
{
	for (unsigned int i = 0; i < SENDERS_MAX; i++)
		if (c->sweeps[i])
			sweep_free(c->sweeps[i]);
	shared_free_senders(&c->s);
	left_free(&c->saving.left);
	targets_free(c->targets);
	config_free(&c->config);
}

/* ---- the sender ---------------------------------------------------------------------------- */

static inline int core_take(void *state, const struct tx_frame *frames, unsigned int n)
{
	(void)state, (void)frames;
	return (int)n;
}

/* What that sender's thread works with, its batch empty. */
static inline struct sweep *core_sweep(struct core *c, unsigned int sender)
{
	static const struct tx_ops taker = { .name = "taker", .send = core_take };
	struct sweep **w = &c->sweeps[sender];

	if (!*w)
		*w = sweep_new(&c->s, sender, &taker, NULL, c->now_ns);
	ck_assert_ptr_nonnull(*w);
	(*w)->batch.n = 0;
	return *w;
}

/* The frame that the batch has, and no other. */
static inline void core_frame(const struct sweep *w, struct syn *out)
{
	ck_assert_uint_eq(w->batch.n, 1);
	out->len = w->batch.frames[0].len;
	memcpy(out->frame, w->batch.frames[0].data, out->len);
	ck_assert_int_eq(packet_parse(&out->p, out->frame + CRAFT_LINK_LEN,
				      out->len - CRAFT_LINK_LEN), PACKET_OK);
}

/* A SYN that is made, and not sent. cookie: the option on it; NULL: an empty one. */
static inline void core_craft(struct core *c, uint64_t x, struct addr source, uint8_t kind,
			      uint8_t attempt, const struct tfo_option *cookie, struct syn *out)
{
	static const struct tfo_option empty = { .kind = TFO_KIND };
	struct target t = targets_at(c->targets, x);
	struct sweep *w = core_sweep(c, 0);

	ck_assert(sweep_add_syn(w, x, &t, source, kind, attempt, cookie ? cookie : &empty));
	core_frame(w, out);
}

/* An attempt of what an arm of the sweep sends to position k, now. Positions in their order. */
static inline void core_send_arm(struct core *c, uint64_t k, unsigned int arm, uint8_t attempt,
				 struct syn *out)
{
	uint64_t pos;
	struct sender *sd = shared_sender(&c->s, k, &pos);
	struct window *win = &sd->window;
	unsigned int pass = attempt * win->arms + arm;
	struct sweep *w = core_sweep(c, (unsigned int)(sd - c->s.senders));

	if (pass == 0)
		window_start(win, pos);
	else
		ck_assert(window_retry(win, pos, arm));
	sweep_add_pos(w, pos, pass);
	core_frame(w, out);
	sendlog_add(&win->cursor[pass].log, pos, c->now_ns);
	if (window_reserved(win) <= pos)
		atomic_store(&win->reserved, pos + 1);
	ck_assert(sweep_send(w, c->now_ns));
	atomic_store(&win->cursor[pass].done, pos + 1);
	if (pass == 0)
		stat_set(&sd->stats, STAT_targets_started, pos + 1);
}

/* Of the only, or the first, arm. */
static inline void core_send(struct core *c, uint64_t k, uint8_t attempt, struct syn *out)
{
	core_send_arm(c, k, 0, attempt, out);
}

/*
 * Takes the next follow-up from a sender's ring and sends it, now; false: there is none. Of *f are
 * kind, attempt, slot and the index of its target.
 */
static inline bool core_send_followup(struct core *c, struct followup *f, struct syn *out)
{
	struct sweep *w;
	unsigned int i = 0;

	while (i < c->s.nsenders && !ring_count(&c->s.senders[i].followups))
		i++;
	if (i == c->s.nsenders)
		return false;
	w = core_sweep(c, i);
	sweep_add_followups(w, 1);
	core_frame(w, out);
	*f = (struct followup){ .slot = w->batch.origins[0].slot, .kind = w->batch.kinds[0],
				.attempt = w->batch.attempts[0] };
	ck_assert(targets_index(c->targets, out->p.tcp.dst, out->p.tcp.dport, &f->x));
	ck_assert(sweep_send(w, c->now_ns));
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
	a->ns = c->now_ns;
	return reader_recognise(&c->s, &c->s.rx.part[0].reading, bytes, len, p, a);
}

#endif
