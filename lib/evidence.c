#include "evidence.h"

#include <string.h>

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
	r->opts_len = t->opts_len < TCPOPT_AREA_MAX ? t->opts_len : TCPOPT_AREA_MAX;
	r->opts_cut = t->opts_cut;
	if (r->opts_len)
		memcpy(r->opts, t->opts, r->opts_len);
	if (p->is_icmp) {
		/* The quoted header is our own SYN's; only its options can tell something. */
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
	struct tcpopts o;

	if (r->class != REPLY_ICMP || !f->synkind || r->opts_cut)
		return false;
	tcpopt_parse(&o, r->opts, r->opts_len);
	return !o.malformed && o.tfo.state == TFO_ABSENT;
}

void evidence_options(const struct flow *f, struct tcpopts *o)
{
	bool own = f->reply.class == REPLY_SYNACK || f->reply.class == REPLY_RST;

	tcpopt_parse(o, f->reply.opts, own ? f->reply.opts_len : 0);
}

bool evidence_usable(const struct tfo_option *o)
{
	return o->state == TFO_COOKIE && (o->kind == TFO_KIND || o->kind == TFO_KIND_EXP);
}

const struct flow *evidence_flow(const struct evidence *ev, enum probe_kind kind)
{
	for (unsigned int i = ev->nflows; i-- > 0;)
		if (ev->flows[i].kind == kind)
			return &ev->flows[i];
	return NULL;
}

/* The option of the SYN/ACK that answered f, if it is a usable cookie. */
static bool cookie_given(const struct flow *f, struct tfo_option *out)
{
	struct tcpopts o;

	if (f->reply.class != REPLY_SYNACK)
		return false;
	evidence_options(f, &o);
	*out = o.tfo;
	return evidence_usable(out);
}

static bool is_request(const struct flow *f)
{
	return f->kind == PROBE_REQUEST || f->kind == PROBE_REQUEST_EXP;
}

static bool carries(const struct flow *f, const struct tfo_option *cookie)
{
	return f->synkind == cookie->kind && f->synlen == cookie->len
		&& memcmp(f->syncookie, cookie->cookie, cookie->len) == 0;
}

/* The first request that gave a cookie: any, or the one that sent carries. */
static const struct flow *request_giving(const struct evidence *ev, const struct flow *sent)
{
	struct tfo_option cookie;

	for (unsigned int i = 0; i < ev->nflows; i++) {
		const struct flow *f = &ev->flows[i];

		if (is_request(f) && cookie_given(f, &cookie) && (!sent || carries(sent, &cookie)))
			return f;
	}
	return NULL;
}

/*
 * A `data` that was tried again carries a cookie that no request gave, so the older one is asked
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

	if (f && f->reply.class == REPLY_SYNACK)
		return f;
	f = request_used(ev);
	if (f)
		return f;
	for (unsigned int i = 0; i < ev->nflows; i++)
		if (ev->flows[i].reply.class != REPLY_NONE)
			return &ev->flows[i];
	return ev->nflows ? &ev->flows[0] : NULL;
}

/* Newest by the time it came, as answers may overtake each other; else by the order of sending. */
bool evidence_cookie(const struct evidence *ev, struct tfo_option *out)
{
	struct tfo_option cookie;
	uint64_t newest_ns = 0;
	bool found = false;

	for (unsigned int i = 0; i < ev->nflows; i++) {
		uint64_t time_ns = ev->flows[i].reply.time_ns;

		if (!cookie_given(&ev->flows[i], &cookie))
			continue;
		if (found && time_ns && time_ns < newest_ns)
			continue;
		*out = cookie;
		newest_ns = time_ns;
		found = true;
	}
	return found;
}

unsigned int evidence_probes(const struct evidence *ev)
{
	unsigned int n = ev->sent_before;

	for (unsigned int i = 0; i < ev->nflows; i++)
		n += ev->flows[i].sent;
	return n;
}
