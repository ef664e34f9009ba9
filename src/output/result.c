#include "output/result.h"

#include <string.h>

#include "locate.h"
#include "target.h"

#define NS_PER_S 1000000000ull

static struct result_number number(uint64_t v)
{
	return (struct result_number){ v, true };
}

static uint64_t wall_time(const struct result *r, uint64_t ts_ns)
{
	return ts_ns ? ts_ns + (uint64_t)r->wall_offset_ns : 0;
}

static void fill_probe(struct result *r, const struct flow *f)
{
	r->source_port = number(f->sport);
	r->time_sent = wall_time(r, f->sent_ns);
	r->tfo_synkind = number(f->synkind);
	r->tfo_synclen = number(f->synlen);
	r->tfo_seq = number(f->seq);
	r->tfo_dlen = number(f->dlen);
	if (f->ttl)
		r->probe_ttl = number(f->ttl);
	/* Data may have come although the SYN/ACK before it was lost. */
	if (!flow_is_silent(f) || f->rlen)
		r->rlen = number(f->rlen);
}

/* What both a TCP answer and an ICMP error have. */
static void fill_answer(struct result *r, const struct flow *f)
{
	const struct reply *a = &f->reply;

	r->time_reply = wall_time(r, a->time_ns);
	/* The capture's clock and ours may cross by a little. */
	if (f->sent_ns && a->time_ns)
		r->rtt_ms = number(a->time_ns > f->sent_ns ? a->time_ns - f->sent_ns : 0);
	r->ttl = number(a->ttl);
	r->tos = number(a->tos);
	if (addr_is_v4(a->class == REPLY_ICMP ? a->icmp_from : r->ip)) {
		r->ip_id = number(a->ip_id);
		r->df = number(a->df);
	}
}

static void fill_cookie(struct result *r, const struct flow *f)
{
	if (evidence_gives(f))
		r->cookie = (struct result_bytes){ reply_cookie(&f->reply), f->reply.tfo.len };
}

static void fill_tcp(struct result *r, const struct flow *f)
{
	const struct reply *a = &f->reply;

	evidence_options(f, &r->opts);
	r->tcp_options = &r->opts;
	r->tcp_optionshex = (struct result_bytes){ a->opts, a->opts_len };
	r->tcp_flags = number(a->flags);
	r->window = number(a->window);
	r->tfo_ack = number(a->ack);
	r->tfo_acked = number(a->acked);
	if (r->opts.has_mss)
		r->mss = number(r->opts.mss);
	if (r->opts.has_wscale)
		r->wscale = number(r->opts.wscale);
	if (a->class != REPLY_SYNACK)
		return;
	r->tfo_ackkind = number(a->tfo.kind);
	r->tfo_ackclen = number(a->tfo.len);
	fill_cookie(r, f);
}

static void fill_icmp(struct result *r, const struct flow *f)
{
	const struct reply *a = &f->reply;

	r->icmp_type = number(a->icmp_type);
	r->icmp_code = number(a->icmp_code);
	r->icmp_from = a->icmp_from;
	/* A quote that ends before the options says nothing of them. */
	if (a->opts_len || !a->opts_cut)
		r->quoted_optionshex = (struct result_bytes){ a->opts, a->opts_len };
}

static void fill_flow(struct result *r, const struct flow *f)
{
	r->probe = probe_types[f->kind].name;
	r->attempt = number(f->attempt);
	r->reply = reply_class_names[f->reply.class];
	fill_probe(r, f);
	if (flow_is_silent(f))
		return;
	fill_answer(r, f);
	if (f->reply.class == REPLY_ICMP)
		fill_icmp(r, f);
	else
		fill_tcp(r, f);
}

static void fill_pair(struct result *r, struct addr ip, uint16_t port, struct addr source,
		      int64_t wall_offset_ns)
{
	memset(r, 0, sizeof(*r));
	r->wall_offset_ns = wall_offset_ns;
	r->ip = ip;
	r->port = number(port);
	r->source_ip = source;
}

void result_from_flow(struct result *r, struct addr ip, uint16_t port, struct addr source,
		      const struct flow *flow, int64_t wall_offset_ns)
{
	fill_pair(r, ip, port, source, wall_offset_ns);
	fill_flow(r, flow);
}

void result_set_repeat(struct result *r, enum result_repeat repeat, bool late)
{
	static const char *const names[] = {
		[REPEAT_NONE] = NULL, [REPEAT_DUPLICATE] = "duplicate",
		[REPEAT_RETRANSMISSION] = "retransmission",
	};

	r->repeat = names[repeat];
	r->late = number(late);
}

/* The seconds between two times; null where one is not known. */
static struct result_number age_s(uint64_t from_ns, uint64_t to_ns)
{
	if (!from_ns || !to_ns)
		return (struct result_number){ 0, false };
	return number(to_ns > from_ns ? (to_ns - from_ns) / NS_PER_S : 0);
}

/* Of the cookie that `data` carried. */
static void fill_cookie_sent(struct result *r, const struct evidence *ev, const struct flow *data)
{
	const struct flow *giver = evidence_giver(ev, data);

	r->cookie_from = giver ? "request" : "file";
	r->cookie_age_s = giver ? age_s(giver->reply.time_ns, data->sent_ns)
		: age_s(ev->stored_s * NS_PER_S, r->time_sent);
}

/* Bytes of response on the connection of a kind; null where it was not carried on. */
static struct result_number response_len(const struct evidence *ev, enum probe_kind kind)
{
	const struct flow *f = evidence_flow(ev, kind);

	if (!f || f->course.end == COURSE_NONE)
		return (struct result_number){ 0, false };
	return number(f->course.response_len);
}

/* is_wrong: the verdict, which may have become another one since, is of a fault on the path. */
static void fill_hops(struct result *r, const struct locate *l, bool is_wrong)
{
	struct locate_found found = locate_found(l);

	r->path = l;
	if (found.hops)
		r->hops = number(found.hops);
	if (!found.is_wrong || !is_wrong)
		return;
	r->hop_low = number(found.low);
	r->hop_low_ip = l->hop[found.low].ip;
	if (!found.high)
		return;
	r->hop_high = number(found.high);
	r->hop_high_ip = found.high == found.hops ? r->ip : l->hop[found.high].ip;
}

void result_from_target(struct result *r, const struct evidence *ev,
			const struct target_extra *extra, enum verdict verdict,
			int64_t wall_offset_ns)
{
	const struct flow *deciding = evidence_deciding(ev), *newest = evidence_cookie(ev);

	fill_pair(r, ev->ip, ev->port, ev->source, wall_offset_ns);
	r->reply = reply_class_names[REPLY_NONE];
	if (deciding)
		fill_flow(r, deciding);
	r->verdict = verdict_types[verdict].name;
	if (ev->confirmed != CONFIRMED_UNTESTED)
		r->confirmed = number(ev->confirmed == CONFIRMED_TRUE);
	r->probes = number(evidence_probes(ev));
	r->conditions = r->signals = r->flows = ev;
	if (newest) {
		fill_cookie(r, newest);
		r->cookie_len = number(r->cookie.n);
		if (evidence_cookies_seen(ev))
			r->cookies_seen = number(evidence_cookies_seen(ev));
	}
	if (deciding && deciding->kind == PROBE_DATA)
		fill_cookie_sent(r, ev, deciding);
	if (ev->locate)
		fill_hops(r, ev->locate, verdict_is_blocked(verdict)
			  || verdict == VERDICT_OPTION_STRIPPED);
	r->response_len = response_len(ev, PROBE_DATA);
	r->plain_response_len = response_len(ev, PROBE_TWIN);
	if (extra && extra->domain[0])
		r->domain = extra->domain;
	if (extra && extra->info[0])
		r->info = extra->info;
}
