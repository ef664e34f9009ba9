/* The signals of verdict.h: what each flow shows, then what several of them show together. */
#include "verdict.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "outcome.h"

const struct verdict_type signal_types[SIGNALS] = {
#define SIGNAL(id, name, doc) [SIGNAL_##id] = { name, doc },
#include "signal.def"
#undef SIGNAL
};

_Static_assert(SIGNALS <= 32, "signals are bits of a uint32_t");

#define COOKIES_ROTATE	3	/* so many different ones from one target */

static uint32_t bit_if(bool is, enum signal s)
{
	return is ? 1u << s : 0;
}

static uint32_t synack_signals(const struct flow *f)
{
	uint8_t kind = f->reply.tfo.kind;
	bool echo = evidence_echoes(f);
	bool updated = f->kind == PROBE_DATA && f->dlen && flow_extent(f) == EXTENT_ALL
		&& evidence_gives(f) && !echo;

	return bit_if(kind && !f->synkind, SIGNAL_UNSOLICITED)
		| bit_if(echo, SIGNAL_ECHO)
		| bit_if(kind && f->synkind && kind != f->synkind, SIGNAL_KIND_SWITCH)
		| bit_if(updated, SIGNAL_COOKIE_UPDATED)
		| bit_if(f->reply.window == 0, SIGNAL_SYN_PROXY)
		| bit_if(f->reply.payload_len > 0, SIGNAL_SYNACK_DATA);
}

/*
 * What no sound server sends beside a SYN/ACK: a RST before it, or after one that took no data;
 * data, where the SYN had neither data nor a TFO option.
 */
static bool is_injected(const struct flow *f)
{
	bool waits = flow_extent(f) == EXTENT_NONE;
	bool plain = !f->synkind && !f->dlen;

	return f->reset_first || (waits && f->seen >> REPLY_RST & 1)
	       || (waits && plain && f->early);
}

static uint32_t flow_signals(const struct flow *f)
{
	uint32_t set = bit_if(f->rlen > 0, SIGNAL_REPLY_BEFORE_ACK)
		| bit_if(is_injected(f), SIGNAL_INJECTED)
		| bit_if(f->stripped, SIGNAL_OPTION_STRIPPED);

	if (!flow_has_synack(f) && f->reply.class != REPLY_RST)
		return set;
	set |= bit_if(f->reply.opts_bad || f->reply.opts_cut, SIGNAL_MALFORMED);
	return flow_has_synack(f) ? set | synack_signals(f) : set;
}

/* The cookie that the target itself made: in a SYN/ACK to f, usable, and not what f had sent. */
static bool cookie_made(const struct flow *f)
{
	return evidence_gives(f) && !evidence_echoes(f);
}

static bool cookies_rotate(const struct evidence *ev)
{
	const struct reply *seen[COOKIES_ROTATE];
	unsigned int n = 0;

	for (unsigned int i = 0; i < ev->nflows && n < COOKIES_ROTATE; i++) {
		const struct reply *r = &ev->flows[i].reply;
		bool known = false;

		if (!cookie_made(&ev->flows[i]))
			continue;
		/* The same bytes in the other kind are the same cookie. */
		for (unsigned int j = 0; j < n; j++)
			known |= seen[j]->tfo.len == r->tfo.len
				&& memcmp(reply_cookie(seen[j]), reply_cookie(r), r->tfo.len) == 0;
		if (!known)
			seen[n++] = r;
	}
	return n == COOKIES_ROTATE;
}

static bool experimental_only(const struct evidence *ev, const struct outcomes *o)
{
	bool in_34 = false, in_exp = false;

	for (unsigned int i = 0; i < ev->nflows; i++) {
		const struct flow *f = &ev->flows[i];

		in_34 |= cookie_made(f) && f->reply.tfo.kind == TFO_KIND;
		in_exp |= cookie_made(f) && f->reply.tfo.kind == TFO_KIND_EXP;
	}
	return in_exp && !in_34 && outcome_has_synack(o, PROBE_REQUEST);
}

/* What an answer shows of the stack that made it. */
struct fingerprint {
	uint8_t ttl;			/* shows initial TTL and hops: they follow from it */
	uint16_t window;
	int mss, wscale;		/* -1: not there */
	uint8_t n;
	uint8_t kinds[TCPOPT_AREA_MAX];	/* without TFO, NOP, EOL */
};

/* TFO in any kind, and padding: what the option under test itself changes. */
static bool is_left_out(uint8_t kind)
{
	return kind == TCPOPT_KIND_NOP || kind == TCPOPT_KIND_EOL || kind == TFO_KIND
		|| kind == TFO_KIND_EXP || kind == TFO_KIND_EXP1;
}

static void fingerprint_take(struct fingerprint *p, const struct flow *f)
{
	struct tcpopts o;

	evidence_options(f, &o);
	*p = (struct fingerprint){
		.ttl = f->reply.ttl, .window = f->reply.window,
		.mss = o.has_mss ? o.mss : -1, .wscale = o.has_wscale ? o.wscale : -1,
	};
	for (unsigned int i = 0; i < o.n; i++)
		if (!is_left_out(o.kinds[i]))
			p->kinds[p->n++] = o.kinds[i];
}

static bool fingerprint_eq(const struct fingerprint *a, const struct fingerprint *b)
{
	return a->ttl == b->ttl && a->window == b->window && a->mss == b->mss
		&& a->wscale == b->wscale && a->n == b->n
		&& memcmp(a->kinds, b->kinds, a->n) == 0;
}

static bool fingerprint_changed(const struct evidence *ev, const struct outcomes *o)
{
	struct fingerprint plain, tfo;

	if (!outcome_has_synack(o, PROBE_SYN))
		return false;
	fingerprint_take(&plain, o->flow[PROBE_SYN]);
	for (unsigned int i = 0; i < ev->nflows; i++) {
		if (!ev->flows[i].synkind || !flow_has_synack(&ev->flows[i]))
			continue;
		fingerprint_take(&tfo, &ev->flows[i]);
		if (!fingerprint_eq(&plain, &tfo))
			return true;
	}
	return false;
}

static bool kind34_blocked(const struct outcomes *o)
{
	return o->flow[PROBE_REQUEST] && !outcome_in_time(o, PROBE_REQUEST)
	       && outcome_in_time(o, PROBE_REQUEST_EXP);
}

/* The server's key has changed since, or the cookie is bound to another address. */
static bool cookie_refused(const struct evidence *ev)
{
	for (unsigned int i = 0; i < ev->nflows; i++) {
		const struct flow *f = &ev->flows[i];

		if (f->kind == PROBE_DATA && !evidence_giver(ev, f)
		    && flow_extent(f) == EXTENT_NONE && cookie_made(f))
			return true;
	}
	return false;
}

/* Of a closed port only: an open one that resets says nothing of the data. */
static bool data_stripped(const struct evidence *ev, const struct outcomes *o)
{
	if (outcome_came(o, REPLY_SYNACK))
		return false;
	for (unsigned int i = 0; i < ev->nflows; i++) {
		const struct reply *r = &ev->flows[i].reply;

		if (r->class == REPLY_RST && r->flags & TCP_ACK && r->acked < ev->flows[i].dlen)
			return true;
	}
	return false;
}

/* Why a connection is stalled. */
static uint32_t stalled_signals(const struct evidence *ev, const struct outcomes *o)
{
	const struct course *c;

	if (verdict_decide(ev) != VERDICT_STALLED)
		return 0;
	c = &o->flow[PROBE_DATA]->course;
	if (c->end == COURSE_RESET)
		return 1u << SIGNAL_RESET_AFTER;
	return c->synacks && !c->ack_came ? 1u << SIGNAL_ACK_LOST : 1u << SIGNAL_RESPONSE_LOST;
}

static bool proxy_likely(uint32_t set)
{
	uint32_t strong = 1u << SIGNAL_FINGERPRINT_CHANGED | 1u << SIGNAL_SYN_PROXY;

	return set & strong && set & (set - 1);
}

uint32_t verdict_signals(const struct evidence *ev)
{
	uint32_t set = 0;
	struct outcomes o;

	outcome_gather(&o, ev);
	for (unsigned int i = 0; i < ev->nflows; i++)
		set |= flow_signals(&ev->flows[i]);
	set |= bit_if(cookies_rotate(ev), SIGNAL_COOKIE_ROTATES)
		| bit_if(kind34_blocked(&o), SIGNAL_KIND34_BLOCKED)
		| bit_if(cookie_refused(ev), SIGNAL_COOKIE_REFUSED)
		| bit_if(outcome_extent(&o, PROBE_BORROWED) == EXTENT_ALL, SIGNAL_COOKIE_UNBOUND)
		| bit_if(experimental_only(ev, &o), SIGNAL_EXPERIMENTAL_ONLY)
		| bit_if(fingerprint_changed(ev, &o), SIGNAL_FINGERPRINT_CHANGED)
		| bit_if(data_stripped(ev, &o), SIGNAL_DATA_STRIPPED)
		| stalled_signals(ev, &o);
	return set | bit_if(proxy_likely(set), SIGNAL_PROXY_LIKELY);
}
