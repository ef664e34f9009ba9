/*
 * Any sequence of what can happen to a few targets, through window, receive path, cookie cache,
 * plan and verdict: SYNs leave, answers of all kinds come, again, late or to nothing, time passes,
 * the scan is stopped. The input: 3 bytes of set-up (begin() below), then events, a byte each and
 * what it needs. In the end time passes until nothing is due, and each target that was begun has
 * one row or counts as unfinished.
 */
#include <check.h>

#include "../unit/rig.h"
#include "base/clock.h"
#include "locate.h"
#include "output/sink.h"
#include "receive/sent.h"

#define POSITIONS	16u
#define SYNS_MAX	128
#define EVENTS_MAX	512
#define ROUNDS_MAX	2000		/* of the drain: a plan's probes, one after the other */
#define NONE		UINT32_MAX
#define CONFIRM_NS	(60 * NS_PER_S)

/* A SYN that was sent, or one that is only forged. */
struct shot {
	struct syn syn;
	uint64_t k;
	uint8_t kind, attempt;
	bool sent;
};

struct target_model {
	unsigned int syns[PROBE_KINDS];	/* that left */
	unsigned int rows, resets;
	uint8_t came;			/* bits 1 << enum reply_class: answers to these */
	bool took_all;			/* a SYN/ACK acknowledged all of some SYN's data */
};

static struct core core;
static struct answers answers;
static struct sink *sink;
static struct fuzz_file rows;
static struct shot shots[SYNS_MAX];
static unsigned int n_shots;
static struct target_model model[POSITIONS];
static uint64_t at[WINDOW_PASSES_MAX];	/* next position of each pass */
static uint32_t leaving;		/* a follow-up's slot that the engine has */
static uint64_t leaving_k;
static bool heedless;			/* the sender does not look whether the cache is full */

/* ---- what must hold ------------------------------------------------------------------------ */

static void check_cache(void)
{
	const struct entry_cache *c = &answers.cookies.cache;
	uint32_t n = 0;

	MUST(c->table.n <= c->table.capacity);
	for (int state = ENTRY_NONE + 1; state < ENTRY_STATES; state++) {
		uint32_t in_queue = 0;

		for (const struct entry *en = entry_cache_first(c, (enum entry_state)state); en;
		     en = entry_cache_next(c, en)) {
			MUST(en->state == state && en->nflows <= c->nflows);
			MUST(entry_cache_find(c, en->k) == en);
			MUST(++in_queue <= c->table.n);
		}
		MUST(in_queue == c->queue[state].n);
		n += in_queue;
	}
	MUST(n == c->table.n);
	MUST(atomic_load(&core.s.rx.part[0].pending) == cookies_pending(&answers.cookies));
}

static void check_step(void *arg, const struct entry *en, enum entry_state from,
		       enum entry_event event, uint64_t now_ns)
{
	const struct entry_rule *rule = &entry_rules[from][event];

	(void)arg, (void)now_ns;
	MUST(!(entry_never[from] >> event & 1));
	MUST(rule->next >> en->state & 1 || en->state == from);
}

/* The SYN that an answered flow tells of; it was sent. */
static void check_answered(const struct flow *f, uint64_t k)
{
	unsigned int i = 0;

	while (i < n_shots && !(shots[i].sent && shots[i].k == k && shots[i].kind == f->kind
				&& shots[i].syn.p.tcp.seq == f->seq
				&& shots[i].syn.p.tcp.sport == f->sport))
		i++;
	MUST(i < n_shots);
	MUST(shots[i].attempt == f->attempt);
	MUST(shots[i].syn.p.tcp.payload_len == f->dlen);
	MUST(f->reply.class == REPLY_ICMP || f->reply.acked <= f->dlen);
	MUST(model[k].came >> f->reply.class & 1);
	MUST(f->seen >> f->reply.class & 1);
}

static void check_found(const struct locate *l)
{
	struct locate_found found = locate_found(l);

	MUST(!found.is_wrong || !found.high || found.low < found.high);
	MUST(!found.hops || found.high <= found.hops);
	for (unsigned int ttl = 1; ttl <= l->max; ttl++)
		for (int feature = 0; feature < 2; feature++)
			MUST(l->hop[ttl].sent[feature] <= LOCATE_TRIES);
}

static void check_row(void *arg, uint64_t k, const struct evidence *ev)
{
	struct target_model *m = &model[k];
	enum verdict verdict = verdict_decide(ev);
	unsigned int of_kind[PROBE_KINDS] = { 0 }, all = 0;

	(void)arg;
	MUST(k < POSITIONS && m->rows++ == 0);
	MUST(ev->nflows >= 1 && ev->nflows <= plan_flows(&core.s.facts.plan));
	for (unsigned int i = 0; i < ev->nflows; i++) {
		const struct flow *f = &ev->flows[i];

		MUST(f->kind < PROBE_KINDS && f->sent > 0);
		of_kind[f->kind] += f->sent;
		if (!flow_is_silent(f))
			check_answered(f, k);
	}
	for (unsigned int kind = 0; kind < PROBE_KINDS; kind++) {
		MUST(of_kind[kind] <= m->syns[kind]);
		all += m->syns[kind];
	}
	MUST(evidence_probes(ev) <= all);
	MUST(m->syns[PROBE_HOP] <= LOCATE_SYNS_MAX);
	if (ev->locate)
		check_found(ev->locate);
	MUST(verdict < VERDICTS && (verdict != VERDICT_ACCEPTED || m->took_all));
	/* Of two rounds the second counts. */
	MUST(verdict != VERDICT_OFFLINE || !m->came || ev->sent_before);
	MUST(verdict_conditions(ev) < 1ull << CONDITIONS);
	MUST(verdict_signals(ev) < 1ull << SIGNALS);
}

/* What is to be closed was opened by a SYN of ours, and nobody has us reset without end. */
static void take_teardowns(void)
{
	struct segment_request c;

	while (ring_pop(&core.s.senders[0].segments, &c)) {
		unsigned int i = 0;

		while (i < n_shots && !(addr_eq(shots[i].syn.p.tcp.dst, c.dst)
					&& shots[i].syn.p.tcp.sport == c.sport
					&& addr_eq(shots[i].syn.p.tcp.src, c.src)))
			i++;
		MUST(i < n_shots && shots[i].syn.p.tcp.dport == c.dport);
		model[shots[i].k].resets += c.reset;
	}
}

static void check_all(void)
{
	uint64_t sent = 0;

	check_cache();
	take_teardowns();
	for (uint64_t k = 0; k < POSITIONS; k++) {
		const struct target_model *m = &model[k];
		unsigned int syns = 0;

		for (unsigned int kind = 0; kind < PROBE_KINDS; kind++)
			syns += m->syns[kind];
		sent += syns;
		MUST(m->resets <= 3 * syns);
	}
	MUST(sent <= n_shots);
}

/* ---- the sender ---------------------------------------------------------------------------- */

/* No SYN is sent twice, nor more of them than the plan has. */
static void check_new(uint64_t k, uint8_t kind, uint8_t attempt)
{
	uint8_t attempts[PROBE_KINDS];

	plan_attempts(&core.s.facts.plan, attempts);
	if (kind == PROBE_HOP)
		return;
	MUST(attempt < attempts[kind]);
	for (unsigned int i = 0; i < n_shots; i++)
		MUST(!shots[i].sent || shots[i].k != k || shots[i].kind != kind
		     || shots[i].attempt != attempt);
}

/* What shots[n_shots].syn has, or is to have: its bytes stay where they are. */
static struct syn *next_shot(uint64_t k, uint8_t kind, uint8_t attempt, bool sent)
{
	struct shot *s = &shots[n_shots];

	MUST(k < POSITIONS);
	if (sent)
		check_new(k, kind, attempt);
	n_shots++;
	s->k = k;
	s->kind = kind;
	s->attempt = attempt;
	s->sent = sent;
	model[k].syns[kind] += sent;
	return &s->syn;
}

static bool has_room(void)
{
	return n_shots < SYNS_MAX;
}

static void send_arm(unsigned int pass)
{
	const struct window *w = &core.s.senders[0].window;
	unsigned int arm = pass % w->arms;
	uint8_t attempt = (uint8_t)(pass / w->arms);
	uint64_t k = at[pass]++;
	uint8_t kind = (uint8_t)plan_arm_kind(&core.s.facts.plan, arm, false);

	core_send_arm(&core, k, arm, attempt, next_shot(k, kind, attempt, true));
}

static void send_first(void)
{
	if (at[0] < POSITIONS && has_room() && !shared_stopping(&core.s, STOP_SENDING)
	    && (heedless || !atomic_load(&core.s.rx.part[0].cache_half_full)))
		send_arm(0);
}

/* The passes that trail, as far as they may: one SYN at most, be it left out. */
static bool send_trailing(bool really)
{
	struct sender *sd = &core.s.senders[0];
	struct window *w = &sd->window;

	for (unsigned int pass = w->passes - 1; pass > 0; pass--) {
		uint64_t due = window_due(w, pass, core.now_ns, CORE_TIMEOUT_NS);

		for (; at[pass] < due; at[pass]++) {
			uint16_t status = window_status(w, at[pass]);

			atomic_store(&w->cursor[pass].done, at[pass] + 1);
			if (!status || !window_is_silent(status, pass % w->arms))
				continue;
			if (!has_room() || shared_stopping(&core.s, STOP_SENDING) || !really)
				window_mark(w, at[pass], WINDOW_UNKNOWN);
			else
				return send_arm(pass), true;
		}
	}
	return false;
}

/* The engine has taken what it was given. */
static void end_leaving(void)
{
	if (leaving == NONE)
		return;
	/* Its slot is still its own. */
	MUST(answers.cookies.cache.v[leaving].k == leaving_k);
	atomic_store(&core.s.stamps[leaving], core.now_ns);
	leaving = NONE;
}

static void give_up_followup(void)
{
	struct followup f;

	if (!ring_pop(&core.s.senders[0].followups, &f))
		return;
	atomic_store(&core.s.stamps[f.slot], STAMP_NOT_SENT);
}

/* leaves: it is still in the engine's hands when the next thing happens. */
static bool send_followup(bool leaves)
{
	struct followup f;
	uint64_t k;

	end_leaving();
	if (!has_room() || shared_stopping(&core.s, STOP_SENDING)) {
		give_up_followup();
		return false;
	}
	if (!core_send_followup(&core, &f, &shots[n_shots].syn))
		return false;
	MUST(order_pos(&core.s.facts.order, f.x, &k));
	MUST(answers.cookies.cache.v[f.slot].k == k);
	next_shot(k, f.kind, f.attempt, true);
	if (leaves) {
		leaving = f.slot;
		leaving_k = k;
		atomic_store(&core.s.stamps[f.slot], core.now_ns | STAMP_LEAVING);
	}
	return true;
}

/* A SYN that nobody sent, whose answer a forger with the key would make. */
static void forge(struct fuzz_input *in)
{
	uint64_t k = fuzz_byte(in) % POSITIONS;
	uint8_t kind = fuzz_byte(in) % PROBE_KINDS, attempts[PROBE_KINDS], attempt;
	const struct facts *f = &core.s.facts;

	plan_attempts(&f->plan, attempts);
	if (!has_room() || !attempts[kind])
		return;
	attempt = fuzz_byte(in) % attempts[kind];
	core_craft(&core, order_target(&f->order, k), f->sources[0][0].addr, kind, attempt, NULL,
		   next_shot(k, kind, attempt, false));
}

/* ---- answers ------------------------------------------------------------------------------- */

/* A forged SYN is as good as the real one, once that was sent. */
static bool was_sent(const struct shot *s)
{
	for (unsigned int i = 0; i < n_shots; i++)
		if (shots[i].sent && shots[i].k == s->k && shots[i].kind == s->kind
		    && shots[i].attempt == s->attempt)
			return true;
	return false;
}

static void take(const struct shot *s, const uint8_t *bytes, size_t n, enum reply_class class,
		 uint32_t acked)
{
	uint8_t *own = fuzz_copy(bytes, n);
	struct target_model *m = &model[s->k];
	struct arrival a;
	struct packet p;

	/* What acknowledges more than was sent is no answer. */
	if (was_sent(s) && class != REPLY_NONE && acked <= s->syn.p.tcp.payload_len) {
		m->came |= (uint8_t)(1u << class);
		m->took_all |= class == REPLY_SYNACK && acked
			       && acked == s->syn.p.tcp.payload_len;
	}
	if (core_recognise(&core, own, n, &p, &a) && !answers_refuse(&answers, &a)) {
		MUST(a.k == s->k && a.m.kind == s->kind);
		MUST(a.m.attempt == s->attempt || s->kind == PROBE_HOP);
		answers_take(&answers, &a);
	}
	free(own);
}

static const struct shot *pick(struct fuzz_input *in)
{
	uint8_t i = fuzz_byte(in);

	return n_shots ? &shots[n_shots - 1 - i % n_shots] : NULL;
}

/* The answer's options, as hex: usual ones, those of the SYN itself, or the input's. */
static const char *choose_options(struct fuzz_input *in, const struct syn *syn, uint8_t which)
{
	static const char *const usual[] = {
		"", OPTS_NONE, OPTS_COOKIE, OPTS_OTHER, OPTS_THIRD, OPTS_EXP, OPTS_NONE "2202",
		OPTS_NONE "2206aabb", OPTS_NONE "2210aabbcc",
	};
	static char hex[2 * TCPOPT_AREA_MAX + 1];
	size_t n = sizeof(usual) / sizeof(*usual), len = 0;
	uint8_t area[TCPOPT_AREA_MAX];

	if (which % (n + 2) < n)
		return usual[which % (n + 2)];
	if (which % (n + 2) == n) {
		len = syn->p.tcp.opts_len;
		memcpy(area, syn->p.tcp.opts, len);
	} else {
		len = fuzz_byte(in) % (TCPOPT_AREA_MAX + 1);
		for (size_t i = 0; i < len; i++)
			area[i] = fuzz_byte(in);
	}
	for (size_t i = 0; i < len; i++)
		snprintf(hex + 2 * i, 3, "%02x", area[i]);
	hex[2 * len] = '\0';
	return hex;
}

static uint32_t choose_acked(uint8_t which, uint32_t dlen)
{
	const uint32_t acked[] = { 0, dlen, dlen / 2, dlen + 1 };

	return acked[which % 4];
}

static void answer_tcp(struct fuzz_input *in, uint8_t flags)
{
	const struct shot *s = pick(in);
	uint8_t how = fuzz_byte(in), bytes[WIRE_MAX];
	struct answer_spec spec = { .flags = flags };

	if (!s)
		return;
	spec.acked = choose_acked(how, s->kind == PROBE_TWIN ? CORE_DLEN
				  : s->syn.p.tcp.payload_len);
	if (flags & TCP_SYN)
		spec.opts = choose_options(in, &s->syn, how / 4);
	else
		spec.at = fuzz_byte(in);
	if (flags & TCP_RST && how & 16)
		spec.flags = TCP_RST;
	else if (!(flags & TCP_SYN) && how & 32)
		spec.flags |= TCP_FIN;
	spec.payload_len = how & 128 ? fuzz_byte(in) : 0;
	take(s, bytes, core_answer(&s->syn, &spec, bytes),
	     flags & TCP_SYN					    ? REPLY_SYNACK
	     : spec.flags & TCP_RST && spec.flags & TCP_ACK ? REPLY_RST : REPLY_NONE,
	     spec.acked);
}

/* Quotes the SYN whole, as far as RFC 792 promises, or with some option overwritten. */
static void answer_icmp(struct fuzz_input *in)
{
	static const uint8_t types[] = { 3, 11, 12 };
	const struct shot *s = pick(in);
	uint8_t how = fuzz_byte(in), bytes[WIRE_MAX];
	struct syn syn;

	if (!s)
		return;
	syn = s->syn;
	if (how & 4)
		syn.len = CRAFT_LINK_LEN + 20 + 8 + how / 8 % 32;
	else if (how & 8 && s->syn.p.tcp.opts_len)
		memset(syn.frame + (s->syn.p.tcp.opts - s->syn.frame), TCPOPT_KIND_NOP,
		       s->syn.p.tcp.opts_len);
	syn.len = syn.len < s->syn.len ? syn.len : s->syn.len;
	take(s, bytes, core_icmp(&syn, types[how % 3], how / 4 % 16 == 4 ? 5 : how / 4 % 16, bytes),
	     REPLY_ICMP, 0);
}

/* ---- time ---------------------------------------------------------------------------------- */

/* As rx.c does: positions whose last attempt had its time-out, then those in the cache. */
static void look(void)
{
	struct window *w = &core.s.senders[0].window;
	uint64_t to = window_silent_until(w, core.now_ns, CORE_TIMEOUT_NS);

	for (; w->tail < to; w->tail++) {
		uint16_t status = window_status(w, w->tail);

		if (status && !(status & WINDOW_KNOWN))
			rows_silent(&answers.rows, w->tail);
	}
	cookies_tick(&answers.cookies, core.now_ns, core.now_ns);
	window_recycle(w, core.now_ns, CORE_TIMEOUT_NS + core.config.rate.cooldown_ns, true);
}

static void elapse(uint64_t ns)
{
	core.now_ns += ns;
	look();
}

static void wait_some(struct fuzz_input *in)
{
	static const uint64_t times[] = {
		NS_PER_MS, CORE_RTT_NS, PLAN_GAP_NS, PLAN_TEARDOWN_DELAY_NS, PLAN_LINGER_NS,
		CORE_TIMEOUT_NS, CORE_TIMEOUT_NS / 2, SENDLOG_GRAIN_NS, 10 * NS_PER_S, CONFIRM_NS,
	};
	uint8_t which = fuzz_byte(in);

	elapse(times[which % (sizeof(times) / sizeof(*times))]);
}

/* ---- all of it ----------------------------------------------------------------------------- */

static void event(struct fuzz_input *in)
{
	switch (fuzz_byte(in) % 16) {
	case 0:
	case 1:
		send_first();
		break;
	case 2:
		send_trailing(true);
		break;
	case 3:
		send_followup(false);
		break;
	case 4:
		send_followup(true);
		break;
	case 5:
		end_leaving();
		break;
	case 6:
		give_up_followup();
		break;
	case 7:
	case 8:
		answer_tcp(in, TCP_SYN | TCP_ACK);
		break;
	case 9:
		answer_tcp(in, TCP_RST | TCP_ACK);
		break;
	case 10:
		answer_tcp(in, TCP_ACK | TCP_PSH);
		break;
	case 11:
		answer_icmp(in);
		break;
	case 12:
	case 13:
		wait_some(in);
		break;
	case 14:
		forge(in);
		break;
	case 15:
		if (fuzz_byte(in) == 0x5a)
			atomic_store(&core.s.control.stop, STOP_SENDING);
		else
			send_trailing(false);
		break;
	}
}

/* Time goes on until nothing is due. */
static void drain(void)
{
	struct sender *sd = &core.s.senders[0];
	unsigned int rounds = 0;

	do {
		MUST(rounds++ < ROUNDS_MAX);
		while (send_followup(false) || send_trailing(true)
		       || ring_count(&sd->followups) > 0)
			check_all();
		elapse(PLAN_GAP_NS + CORE_TIMEOUT_NS);
		check_all();
	} while (sd->window.tail < at[0] || (cookies_pending(&answers.cookies)
					     && !shared_stopping(&core.s, STOP_SENDING)));
	elapse(2 * CORE_TIMEOUT_NS);
	cookies_flush(&answers.cookies, core.now_ns);
	check_all();
}

static void check_end(void)
{
	const struct stats *st = &core.s.rx.stats;
	uint64_t rows_n = 0;

	for (uint64_t k = 0; k < POSITIONS; k++)
		rows_n += model[k].rows;
	MUST(cookies_pending(&answers.cookies) == 0);
	MUST(stat_get(st, STAT_targets_done) == rows_n);
	MUST(rows_n + stat_get(st, STAT_unfinished) == at[0]);
	elapse(20 * NS_PER_S);
	MUST(answers.cookies.cache.table.n == 0);
}

static void begin(struct fuzz_input *in)
{
	uint8_t plan = fuzz_byte(in), sizes = fuzz_byte(in), more = fuzz_byte(in);
	const struct core_setup o = {
		.target = "198.18.0.0/28", .retries = plan / 3 % 4,
		.plan = more & 32 ? (plan % 3 == PLAN_PATH ? PLAN_LOCATE : PLAN_COMPLETE)
			: (enum plan_name)(plan % 3),
		.sweep = plan & 64 ? 1u << PROBE_SYN | 1u << PROBE_REQUEST : 0,
		.no_payload = plan & 128, .slots = 2u << sizes % 5, .ring = 2u << sizes / 5 % 4,
		.tears_down = more & 1,
	};
	struct err e = { "" };

	core_init(&core, &o);
	core.config.output.rows = more & 2 ? ROWS_REPLY : ROWS_TARGET;
	core.config.output.report = REPORT_ALL;
	core.config.output.format = more & 4 ? FORMAT_ndjson : FORMAT_csv;
	core.config.output.file = rows.path;
	core.config.output.fields = "*";
	core.config.probing.confirm_ns = CONFIRM_NS;
	core.s.facts.plan.confirm = more & 8 && plan_is_deep(o.plan);
	heedless = more & 16;
	MUST(sink_open(&sink, &core.config, NULL, &core.s.rx.stats, CORE_OFFSET_NS, 0, &e) == 0);
	MUST(sink_begin(sink, &e) == 0);
	MUST(answers_init(&answers, &core.s, 0, sink, NULL, &e) == 0);
	answers.cookies.step = check_step;
	answers.rows.look = check_row;
	memset(model, 0, sizeof(model));
	memset(at, 0, sizeof(at));
	n_shots = 0;
	leaving = NONE;
}

static void end(void)
{
	struct err e = { "" };

	answers_free(&answers);
	MUST(sink_close(sink, &e) == 0);
	core_free(&core);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	fuzz_quiet();
	fuzz_file_open(&rows, NULL, 0);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct fuzz_input in = { data, len };

	begin(&in);
	for (unsigned int n = 0; in.len && n < EVENTS_MAX; n++) {
		event(&in);
		check_all();
	}
	drain();
	check_end();
	end();
	return 0;
}
