#include "cache/trail.h"

#include <stdlib.h>
#include <string.h>

#include "in_question.h"
#include "quote.h"
#include "state/sender.h"
#include "validate.h"

#define ICMP4_TIME_EXCEEDED	11
#define ICMP6_TIME_EXCEEDED	3

bool trail_is_wanted(const struct plan *p, const struct entry *en)
{
	struct evidence ev;
	struct in_question q;

	if (p->name != PLAN_LOCATE || en->trail || en->nflows == 0)
		return false;
	ev = entry_evidence(en);
	return in_question_find(&ev, &q);
}

bool trail_begin(const struct validator *v, unsigned int max_hops, struct entry *en)
{
	struct trail *t = calloc(1, sizeof(*t) + (max_hops + 1) * sizeof(t->locate.hop[0]));
	struct evidence ev = entry_evidence(en);
	struct in_question q;

	if (!t || !in_question_find(&ev, &q)) {
		free(t);
		return false;
	}
	locate_init(&t->locate, q.goal, max_hops, q.answer_ttl, evidence_probes(&ev));
	t->flow = (uint8_t)(q.flow - en->flows);
	t->attempt = q.attempt;
	t->dlen = q.flow->dlen;
	t->answer_ttl = q.answer_ttl;
	t->base = validate_hop_base(v, en->source, en->target.ip, en->target.port,
				    q.flow->kind, q.attempt);
	en->trail = t;
	en->locate = &t->locate;
	/* From now on the stamp is of hop probes. */
	en->tried = 0;
	return true;
}

void trail_end(struct entry *en)
{
	free(en->trail);
	en->trail = NULL;
	en->locate = NULL;
}

enum entry_state trail_next(struct entry *en)
{
	struct trail *t = en->trail;

	if (!locate_next(&t->locate, &t->probe))
		return ENTRY_DONE;
	return t->probe.rests ? ENTRY_HOP_REST : ENTRY_HOP_GAP;
}

bool trail_rests_on(struct entry *en)
{
	struct locate_probe *p = &en->trail->probe;

	return p->rests && --p->rests;
}

void trail_fill(const struct entry *en, struct followup *out)
{
	const struct trail *t = en->trail;
	const struct flow *q = &en->flows[t->flow];
	const struct locate_probe *p = &t->probe;

	*out = (struct followup){
		.x = en->x, .target = en->target, .source = en->source,
		.kind = q->kind, .attempt = t->attempt,
		.ttl = p->ttl, .plain = !p->feature,
		.seq = validate_hop_seq(t->base, p->ttl, p->feature, p->attempt),
	};
	if (!p->feature || !q->synkind)
		return;
	out->cookie = (struct tfo_option){
		.state = q->synlen ? TFO_COOKIE : TFO_EMPTY, .kind = q->synkind, .len = q->synlen,
	};
	memcpy(out->cookie.cookie, q->syncookie, q->synlen);
}

void trail_request(struct entry *en)
{
	struct trail *t = en->trail;

	locate_send(&t->locate, &t->probe);
	t->is_answered = false;
	en->sent_hops++;
}

void trail_close(struct entry *en, uint64_t sent_ns)
{
	struct trail *t = en->trail;
	struct locate_answer a = { .came = LOCATE_SILENT };

	if (t->is_answered) {
		a = t->answer;
		a.rtt_ns = t->answer_ns > sent_ns ? t->answer_ns - sent_ns : 1;
	}
	a.sent_ns = sent_ns;
	locate_take(&t->locate, &t->probe, &a);
}

/* ---- which probe a packet is of, or answers -------------------------------------------------- */

static struct locate_probe probe_of(const struct validate_match *m)
{
	return (struct locate_probe){
		.ttl = m->hop.ttl, .feature = m->hop.feature, .attempt = m->attempt,
	};
}

/* It is the one that is next, or was requested last. */
static bool is_newest(const struct entry *en, const struct locate_probe *p)
{
	const struct locate_probe *newest = &en->trail->probe;

	return p->ttl == newest->ttl && p->feature == newest->feature
	       && p->attempt == newest->attempt;
}

static bool is_from_its_port(const struct trail *t, const struct flow *q,
			     const struct validate_match *m)
{
	return m->hop.kind == q->kind && m->hop.attempt == t->attempt;
}

bool trail_is_next(const struct entry *en, const struct validate_match *m)
{
	const struct trail *t = en->trail;
	struct locate_probe p = probe_of(m);

	return is_from_its_port(t, &en->flows[t->flow], m) && is_newest(en, &p);
}

bool trail_match(const struct entry *en, struct validate_match *m, uint32_t ack)
{
	const struct trail *t = en->trail;
	struct locate_probe p = probe_of(m);
	bool has_ack = m->class == VALIDATE_SYNACK || m->class == VALIDATE_RST;

	if (!t || !is_from_its_port(t, &en->flows[t->flow], m))
		return false;
	if (p.ttl && locate_has_sent(&t->locate, &p))
		return true;
	/* It acknowledges the data, too. */
	if (!has_ack || !t->dlen || !validate_hop_acked(m, ack, t->dlen))
		return false;
	p = probe_of(m);
	return p.feature && locate_has_sent(&t->locate, &p);
}

void trail_describe(const struct entry *en, const struct validate_match *m, struct flow *out)
{
	*out = (struct flow){ .kind = PROBE_HOP };
	if (en && en->trail && m->hop.feature) {
		*out = en->flows[en->trail->flow];
		out->kind = PROBE_HOP;
		out->reply = (struct reply){ .class = REPLY_NONE };
		out->rlen = 0;
	}
	out->attempt = m->attempt;
	out->ttl = m->hop.ttl;
	out->sport = m->tag.sport;
	out->seq = m->tag.seq;
	out->sent = 1;
}

/* ---- answers ------------------------------------------------------------------------------- */

static bool is_time_exceeded(const struct packet *p)
{
	return p->icmp_code == 0 && p->icmp_type == (addr_is_v4(p->icmp_from)
						     ? ICMP4_TIME_EXCEEDED : ICMP6_TIME_EXCEEDED);
}

/* A box may reset plain SYNs, too: only who is as far as the SYN/ACK's sender is the target. */
static enum locate_came came_of(const struct trail *t, const struct validate_match *m,
				const struct packet *p)
{
	if (m->class == VALIDATE_RST)
		return m->hop.feature || p->ttl == t->answer_ttl ? LOCATE_RST : LOCATE_UNREACHABLE;
	if (m->class == VALIDATE_SYNACK)
		return LOCATE_SYNACK;
	return is_time_exceeded(p) ? LOCATE_EXCEEDED : LOCATE_UNREACHABLE;
}

static struct locate_answer answer_of(const struct entry *en, const struct validate_match *m,
				      const struct packet *p, const uint8_t *data)
{
	const struct flow *q = &en->flows[en->trail->flow];
	struct locate_answer a = {
		.came = (uint8_t)came_of(en->trail, m, p), .from = p->icmp_from,
	};

	if (m->class != VALIDATE_ICMP || !m->hop.feature)
		return a;
	a.option = (uint8_t)quote_option(&p->tcp, q);
	a.data = (uint8_t)quote_data(&p->tcp, data, q->dlen);
	return a;
}

enum trail_taken trail_take(struct entry *en, const struct validate_match *m,
			    const struct packet *p, const uint8_t *data, uint64_t ns)
{
	struct trail *t = en->trail;
	struct locate_answer a = answer_of(en, m, p, data);
	struct locate_probe probe = probe_of(m);
	bool is_under_way = en->state == ENTRY_HOP && is_newest(en, &probe);

	en->flows[t->flow].stripped |= a.option == LOCATE_GONE;
	if (is_under_way && !t->is_answered) {
		t->is_answered = true;
		t->answer = a;
		t->answer_ns = ns;
		return TRAIL_FIRST;
	}
	/* What is answered but not closed is taken first. */
	if (is_under_way)
		return TRAIL_AGAIN;
	locate_take_late(&t->locate, &probe, &a);
	return is_newest(en, &probe) && t->is_answered ? TRAIL_AGAIN : TRAIL_LATE;
}

bool trail_take_segment(struct entry *en, const struct validate_match *m,
			const struct packet_tcp *t, uint64_t ns)
{
	struct trail *trail = en->trail;

	if (en->state != ENTRY_HOP || trail->probe.feature || trail->is_answered
	    || m->kind != en->flows[trail->flow].kind || m->attempt != trail->attempt
	    || t->flags != TCP_ACK || t->payload_len)
		return false;
	trail->is_answered = true;
	trail->answer = (struct locate_answer){ .came = LOCATE_SYNACK };
	trail->answer_ns = ns;
	return true;
}
