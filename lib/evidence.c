#include "evidence.h"

#include <stddef.h>
#include <string.h>

#define EARLY_MAX (1u << 20)	/* no server sends more before an ACK; a forger might say so */

const char *const reply_class_names[] = {
	[REPLY_NONE] = "none", [REPLY_SYNACK] = "synack", [REPLY_RST] = "rst",
	[REPLY_ICMP] = "icmp",
};

static enum reply_class class_of(const struct packet *p)
{
	if (p->is_icmp)
		return REPLY_ICMP;
	return p->tcp.flags & TCP_RST ? REPLY_RST : REPLY_SYNACK;
}

void evidence_reply_options(struct reply *r, const uint8_t *area, size_t len)
{
	struct tcpopts o;

	if (len > TCPOPT_AREA_MAX)
		len = TCPOPT_AREA_MAX;
	tcpopt_parse(&o, area, len);
	if (len)
		memcpy(r->opts, area, len);
	r->opts_len = (uint8_t)len;
	r->opts_bad = o.malformed;
	r->tfo = (struct tfo_place){ o.tfo.state, o.tfo.kind, o.tfo.len, o.tfo_at };
}

void evidence_reply(struct reply *r, const struct packet *p, uint32_t acked, uint64_t time_ns)
{
	const struct packet_tcp *t = &p->tcp;

	memset(r, 0, sizeof(*r));
	r->class = (uint8_t)class_of(p);
	r->ttl = p->ttl;
	r->tos = p->tos;
	r->df = p->df;
	r->ip_id = p->ip_id;
	r->time_ns = time_ns;
	r->opts_cut = t->opts_cut;
	evidence_reply_options(r, t->opts, t->opts_len);
	if (p->is_icmp) {
		/* The quoted header is our own SYN's; only its options say something. */
		r->icmp_type = p->icmp_type;
		r->icmp_code = p->icmp_code;
		r->icmp_from = p->icmp_from;
		return;
	}
	r->flags = t->flags;
	r->window = t->window;
	r->payload_len = t->payload_len;
	r->seq = t->seq;
	r->ack = t->ack;
	r->acked = acked;
}

bool evidence_stripped(const struct flow *f, const struct reply *r)
{
	return r->class == REPLY_ICMP && f->synkind && !r->opts_cut && !r->opts_bad
		&& r->tfo.state == TFO_ABSENT;
}

void evidence_options(const struct flow *f, struct tcpopts *o)
{
	bool own = flow_has_synack(f) || f->reply.class == REPLY_RST;

	tcpopt_parse(o, f->reply.opts, own ? f->reply.opts_len : 0);
}

/* An answer's option has the kind and the bytes of the one that f carried. */
static bool is_carried(const struct reply *r, const struct flow *f)
{
	return r->tfo.kind == f->synkind && flow_carries(f, reply_cookie(r), r->tfo.len);
}

bool evidence_echoes(const struct flow *f)
{
	return flow_has_synack(f) && f->synkind && f->reply.tfo.state != TFO_CUT
		&& is_carried(&f->reply, f);
}

const struct flow *evidence_flow(const struct evidence *ev, enum probe_kind kind)
{
	for (unsigned int i = ev->nflows; i-- > 0;)
		if (ev->flows[i].kind == kind)
			return &ev->flows[i];
	return NULL;
}

/* The first request that gave a cookie: any, or the one that sent carries. */
static const struct flow *request_giving(const struct evidence *ev, const struct flow *sent)
{
	for (unsigned int i = 0; i < ev->nflows; i++) {
		const struct flow *f = &ev->flows[i];

		if (probe_requests(f->kind) && evidence_gives(f)
		    && (!sent || is_carried(&f->reply, sent)))
			return f;
	}
	return NULL;
}

/*
 * A `data` that was tried again carries a cookie that no request gave, so the older one is tried
 * too. The last resort is a request whose cookie was never sent.
 */
static const struct flow *request_used(const struct evidence *ev)
{
	for (unsigned int i = ev->nflows; i-- > 0;) {
		const struct flow *f = &ev->flows[i], *request;

		if (f->kind != PROBE_DATA)
			continue;
		request = request_giving(ev, f);
		if (request)
			return request;
	}
	return request_giving(ev, NULL);
}

const struct flow *evidence_deciding(const struct evidence *ev)
{
	const struct flow *f = evidence_flow(ev, PROBE_DATA);

	if (f && flow_has_synack(f))
		return f;
	f = request_used(ev);
	if (f)
		return f;
	for (unsigned int i = 0; i < ev->nflows; i++)
		if (!flow_is_silent(&ev->flows[i]))
			return &ev->flows[i];
	return ev->nflows ? &ev->flows[0] : NULL;
}

/* Newest by the time it came, as answers may overtake each other; else by the order of sending. */
const struct flow *evidence_cookie(const struct evidence *ev)
{
	const struct flow *newest = NULL;

	for (unsigned int i = 0; i < ev->nflows; i++) {
		const struct flow *f = &ev->flows[i];

		if (evidence_gives(f) && !(newest && f->reply.time_ns
					   && f->reply.time_ns < newest->reply.time_ns))
			newest = f;
	}
	return newest;
}

static bool is_given_before(const struct flow *flows, const struct flow *f)
{
	for (const struct flow *g = flows; g < f; g++)
		if (probe_requests((enum probe_kind)g->kind) && evidence_gives(g)
		    && g->reply.tfo.len == f->reply.tfo.len
		    && memcmp(reply_cookie(&g->reply), reply_cookie(&f->reply),
			      f->reply.tfo.len) == 0)
			return true;
	return false;
}

unsigned int evidence_cookies_seen(const struct evidence *ev)
{
	unsigned int n = 0;

	for (const struct flow *f = ev->flows; f < ev->flows + ev->nflows; f++)
		n += probe_requests((enum probe_kind)f->kind) && evidence_gives(f)
		     && !is_given_before(ev->flows, f);
	return n;
}

const struct flow *evidence_giver(const struct evidence *ev, const struct flow *f)
{
	for (ptrdiff_t i = f - ev->flows; i-- > 0;)
		if (evidence_gives(&ev->flows[i]) && is_carried(&ev->flows[i].reply, f))
			return &ev->flows[i];
	return NULL;
}

unsigned int evidence_probes(const struct evidence *ev)
{
	unsigned int n = ev->sent_before + ev->sent_hops;

	for (unsigned int i = 0; i < ev->nflows; i++)
		n += ev->flows[i].sent;
	return n;
}

/*
 * How far the response reaches, on the SYN/ACK or after it: what comes twice counts once, and
 * what overtook the SYN/ACK counts when that is there.
 */
static void measure_response(struct flow *f)
{
	uint32_t end = f->early_end - (f->reply.seq + 1);

	if (!flow_has_synack(f))
		return;
	f->rlen = f->reply.payload_len;
	if (f->early && end > f->rlen && end <= EARLY_MAX)
		f->rlen = end;
}

bool evidence_take(struct flow *f, const struct reply *reply)
{
	f->stripped |= evidence_stripped(f, reply);
	if (!flow_is_silent(f) && reply->class >= f->reply.class)
		return false;
	f->reset_first = reply->class == REPLY_SYNACK && f->reply.class == REPLY_RST;
	f->reply = *reply;
	measure_response(f);
	return true;
}

void evidence_take_data(struct flow *f, const struct packet_tcp *t)
{
	uint32_t end = t->seq + t->payload_len;

	if (!t->payload_len)
		return;
	if (!f->early || (int32_t)(end - f->early_end) > 0)
		f->early_end = end;
	f->early = true;
	measure_response(f);
}
