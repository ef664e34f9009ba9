#include "receive/trace.h"

#include "base/clock.h"
#include "base/log.h"
#include "cache/trail.h"
#include "config/config.h"
#include "receive/arrival.h"
#include "receive/sent.h"
#include "state/shared.h"
#include "targets/targets.h"
#include "text.h"
#include "verdict.h"

#define LINE_LEN 512

bool trace_is_wanted(const struct shared *s)
{
	if (s->facts.config->records.verbosity < LOG_DEBUG || !s->facts.wire)
		return false;
	if (s->facts.order.positions <= TRACE_TARGETS_MAX)
		return true;
	log_debug("--verbosity 4 shows the probes, answers and decisions of %u targets at most: "
		  "give fewer", TRACE_TARGETS_MAX);
	return false;
}

/* ---- lines --------------------------------------------------------------------------------- */

static struct target target_of(const struct trace *t, uint64_t k)
{
	const struct facts *f = &t->s->facts;

	return targets_at(f->targets, order_target(&f->order, k));
}

/* "192.0.2.1:443 t+0.0213 s: " of position k, at ns on the run's clock. */
static void begin(struct text *line, char out[static LINE_LEN], const struct trace *t, uint64_t k,
		  uint64_t ns)
{
	struct target target = target_of(t, k);
	uint64_t first_ns = t->v[k].first_ns;
	char ip[ADDR_STRLEN];

	addr_format(target.ip, ip);
	text_init(line, out, LINE_LEN);
	text_add(line, addr_is_v4(target.ip) ? "%s:%u" : "[%s]:%u", ip, target.port);
	if (first_ns && ns >= first_ns)
		text_add(line, " t+%.4f s", (double)(ns - first_ns) / NS_PER_S);
	text_add(line, ": ");
}

static void add_option(struct text *line, unsigned int kind, bool is_empty, unsigned int len)
{
	if (!kind)
		text_add(line, "no TFO option");
	else if (is_empty)
		text_add(line, "empty cookie");
	else
		text_add(line, "%u-byte cookie", len);
	if (kind && kind != TFO_KIND)
		text_add(line, " in kind %u", kind);
}

static void add_probe(struct text *line, unsigned int kind, unsigned int attempt)
{
	text_add(line, "%s attempt %u", probe_types[kind].name, attempt);
}

static void add_hop(struct text *line, unsigned int ttl, bool feature, unsigned int attempt)
{
	add_probe(line, PROBE_HOP, attempt);
	text_add(line, " with TTL %u, %s", ttl, feature ? "as the one in question" : "plain");
}

static void add_answered(struct text *line, const struct arrival *a)
{
	if (a->m.kind == PROBE_HOP)
		add_hop(line, a->m.hop.ttl, a->m.hop.feature, a->m.attempt);
	else
		add_probe(line, a->m.kind, a->m.attempt);
}

/* ---- probes -------------------------------------------------------------------------------- */

static void log_sent(struct trace *t, uint64_t k, const struct flow *f, unsigned int attempt,
		     uint64_t ns)
{
	char out[LINE_LEN];
	struct text line;

	if (!t->v[k].first_ns)
		t->v[k].first_ns = ns;
	begin(&line, out, t, k, ns);
	add_probe(&line, f->kind, attempt);
	text_add(&line, " sent, ");
	add_option(&line, f->synkind, f->synlen == 0, f->synlen);
	if (f->dlen)
		text_add(&line, ", %u bytes", f->dlen);
	log_debug("%s", out);
}

/* The arm whose next SYN was sent first, of those not logged; *ns: when. -1: there is none. */
static int next_arm(const struct trace *t, const struct sender *sd, uint64_t pos, uint64_t k,
		    uint64_t *ns)
{
	int next = -1;

	for (unsigned int arm = 0; arm < sd->window.arms; arm++) {
		unsigned int attempt = t->v[k].syns[arm];
		uint64_t at_ns = sent_arm_attempt(sd, pos, arm, attempt)
				 ? sent_arm_ns(sd, pos, arm, attempt) : 0;

		if (at_ns && (next < 0 || at_ns < *ns)) {
			next = (int)arm;
			*ns = at_ns;
		}
	}
	return next;
}

static void look_at_sweep(struct trace *t, uint64_t k)
{
	const struct facts *f = &t->s->facts;
	uint64_t x = order_target(&f->order, k), pos, ns = 0;
	const struct sender *sd = shared_sender(t->s, k, &pos);
	struct target target = target_of(t, k);
	struct flow flow;
	int arm;

	while ((arm = next_arm(t, sd, pos, k, &ns)) >= 0) {
		facts_describe_arm(f, x, &target, facts_source(f, &target), (unsigned int)arm,
				   &flow);
		log_sent(t, k, &flow, t->v[k].syns[arm]++, ns);
	}
}

static unsigned int newest_attempt(const struct entry *en)
{
	return en->want.attempt + en->tried - 1u;
}

/* ns: when it was sent; 0: it was not. */
static void look_at_followup(struct trace *t, const struct entry *en, uint64_t ns)
{
	struct trace_target *v = &t->v[en->k];

	if (en->state != ENTRY_UNDER_WAY || !ns
	    || (v->round == en->round && v->nflows == en->nflows && v->tried == en->tried))
		return;
	v->round = en->round;
	v->nflows = en->nflows;
	v->tried = en->tried;
	log_sent(t, en->k, entry_newest(en), newest_attempt(en), ns);
}

static void look_at_hop(struct trace *t, uint64_t k)
{
	const struct entry *en = entry_cache_find(t->cache, k);
	char out[LINE_LEN];
	struct text line;

	if (!en || en->state != ENTRY_HOP || !sent_newest_ns(en) || t->v[k].hops == en->sent_hops)
		return;
	t->v[k].hops = en->sent_hops;
	begin(&line, out, t, k, sent_newest_ns(en));
	add_hop(&line, en->trail->probe.ttl, en->trail->probe.feature, en->trail->probe.attempt);
	text_add(&line, " sent");
	log_debug("%s", out);
}

void trace_sent(struct trace *t)
{
	for (uint64_t k = 0; k < t->s->facts.order.positions; k++) {
		const struct entry *en = entry_cache_find(t->cache, k);

		look_at_sweep(t, k);
		if (en)
			look_at_followup(t, en, sent_newest_ns(en));
		look_at_hop(t, k);
	}
}

/* ---- answers ------------------------------------------------------------------------------- */

static void add_answer(struct text *line, const struct flow *f, const struct reply *r)
{
	char kinds[TCPOPT_TEXT_LEN];
	struct tcpopts o;

	if (r->class == REPLY_ICMP) {
		text_add(line, ", type %u code %u", r->icmp_type, r->icmp_code);
		return;
	}
	text_add(line, ", flags 0x%02x", r->flags);
	tcpopt_parse(&o, r->opts, r->opts_len);
	tcpopt_text(&o, kinds);
	if (r->class == REPLY_SYNACK) {
		text_add(line, ", options %s, ", kinds[0] ? kinds : "none");
		add_option(line, o.tfo.state == TFO_ABSENT ? 0 : o.tfo.kind,
			   o.tfo.state == TFO_EMPTY, o.tfo.len);
	}
	text_add(line, ", %u of %u bytes acknowledged", r->acked, f->dlen);
}

void trace_answer(struct trace *t, const struct arrival *a, const struct flow *f,
		  uint64_t sent_ns, const struct reply *r, enum result_repeat repeat, bool late)
{
	static const char *const words[] = {
		[REPLY_SYNACK] = "SYN/ACK", [REPLY_RST] = "RST", [REPLY_ICMP] = "ICMP error",
	};
	char out[LINE_LEN];
	struct text line;

	trace_sent(t);
	/* An answer may be here before the send thread's word that its SYN is out. */
	if (a->entry && entry_is_under_way(a->entry, f) && a->m.attempt == newest_attempt(a->entry))
		look_at_followup(t, a->entry, sent_ns);
	begin(&line, out, t, a->k, a->ns);
	text_add(&line, "%s to ", words[r->class]);
	add_answered(&line, a);
	if (sent_ns && a->ns >= sent_ns)
		text_add(&line, " after %.4f s", (double)(a->ns - sent_ns) / NS_PER_S);
	add_answer(&line, f, r);
	if (repeat != REPEAT_NONE)
		text_add(&line, repeat == REPEAT_DUPLICATE ? ", duplicate" : ", retransmission");
	if (late)
		text_add(&line, ", late");
	log_debug("%s", out);
}

void trace_data(struct trace *t, const struct arrival *a)
{
	char out[LINE_LEN];
	struct text line;

	trace_sent(t);
	begin(&line, out, t, a->k, a->ns);
	text_add(&line, "%u bytes, flags 0x%02x, after the SYN/ACK to ", a->p->tcp.payload_len,
		 a->p->tcp.flags);
	add_answered(&line, a);
	log_debug("%s", out);
}

void trace_unsent(struct trace *t, const struct arrival *a)
{
	char out[LINE_LEN];
	struct text line;

	trace_sent(t);
	begin(&line, out, t, a->k, a->ns);
	text_add(&line, "left out: an answer to ");
	add_answered(&line, a);
	text_add(&line, ", which was not sent");
	log_debug("%s", out);
}

/* ---- decisions ----------------------------------------------------------------------------- */

void trace_step(void *arg, const struct entry *en, enum entry_state from, enum entry_event event,
		uint64_t now_ns)
{
	const struct probe_type *want = &probe_types[en->want.kind];
	char out[LINE_LEN];
	struct text line;

	begin(&line, out, arg, en->k, now_ns);
	text_add(&line, "%s -> %s: %s", entry_states[from].name, entry_states[en->state].name,
		 entry_events[event]);
	if (from != ENTRY_GAP && en->state == ENTRY_GAP)
		text_add(&line, "; next %s: %s", want->name, want->doc);
	else if (entry_rules[from][event].action == ENTRY_DO_LEAVE)
		text_add(&line, "; unfinished");
	log_debug("%s", out);
}

void trace_row(void *arg, uint64_t k, const struct evidence *ev)
{
	const struct verdict_type *verdict = &verdict_types[verdict_decide(ev)];
	char out[LINE_LEN];
	struct text line;

	begin(&line, out, arg, k, 0);
	text_add(&line, "verdict %s: %s", verdict->name, verdict->rule);
	log_debug("%s", out);
}

void trace_init(struct trace *t, struct shared *s, const struct entry_cache *cache)
{
	*t = (struct trace){ .s = s, .cache = cache };
}
