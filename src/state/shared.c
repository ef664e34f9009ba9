#include "state/shared.h"

#include <string.h>

#include "base/clock.h"
#include "config/config.h"
#include "net/neigh.h"
#include "source.h"
#include "state/cookiefile.h"

/* Of a ring, that may wait: answers that are on their way meanwhile still find room. */
#define FULL_SHARE	4

int shared_init_senders(struct shared *s, unsigned int n, const struct shared_sizes *sizes)
{
	int rc = 0;

	s->nsenders = n;
	for (unsigned int i = 0; i < n && !rc; i++) {
		struct sender *l = &s->senders[i];

		l->positions = sender_positions(s->order.positions, i, n);
		stats_chain(&s->stats, &l->stats);
		rc = window_init(&l->window, sizes->window, plan_arms(&s->plan),
				 s->plan.retries + 1, PLAN_GAP_NS, sizes->keep_ns);
		if (!rc)
			rc = ring_init(&l->followups, sizeof(struct followup), sizes->followups);
		if (!rc)
			rc = ring_init(&l->cleanups, sizeof(struct cleanup), sizes->cleanups);
	}
	return rc;
}

void shared_free_senders(struct shared *s)
{
	for (unsigned int i = 0; i < s->nsenders; i++) {
		window_free(&s->senders[i].window);
		ring_free(&s->senders[i].followups);
		ring_free(&s->senders[i].cleanups);
	}
}

bool shared_swept(const struct shared *s)
{
	for (unsigned int i = 0; i < s->nsenders; i++)
		if (!atomic_load_explicit(&s->senders[i].swept, memory_order_acquire))
			return false;
	return true;
}

bool shared_clean(const struct shared *s)
{
	for (unsigned int i = 0; i < s->nsenders; i++)
		if (ring_count(&s->senders[i].cleanups))
			return false;
	return true;
}

/* More than its share of a ring waits. */
static bool is_filling(const struct ring *r)
{
	return ring_count(r) > r->mask / FULL_SHARE;
}

bool shared_rings_full(const struct shared *s)
{
	for (unsigned int i = 0; i < s->nsenders; i++)
		if (is_filling(&s->senders[i].cleanups) || is_filling(&s->senders[i].followups))
			return true;
	return false;
}

uint64_t shared_first_sent_ns(const struct shared *s)
{
	uint64_t first_ns = 0;

	for (unsigned int i = 0; i < s->nsenders; i++) {
		uint64_t ns = atomic_load(&s->senders[i].first_sent_ns);

		if (ns && (!first_ns || ns < first_ns))
			first_ns = ns;
	}
	return first_ns;
}

uint64_t shared_last_sent_ns(const struct shared *s)
{
	uint64_t last_ns = 0;

	for (unsigned int i = 0; i < s->nsenders; i++) {
		uint64_t ns = atomic_load(&s->senders[i].last_sent_ns);

		last_ns = ns > last_ns ? ns : last_ns;
	}
	return last_ns;
}

bool shared_astray(const struct shared *s, const struct sender *l, struct addr ip, uint64_t sent_ns)
{
	uint64_t grain_ns = l->window.cursor[0].log.grain_ns + NS_PER_MS;
	uint8_t mac[6];

	if (!sent_ns)
		return false;
	if (gaps_touch(&l->outages, !addr_is_v4(ip), sent_ns, sent_ns + grain_ns))
		return true;
	return gaps_touch(&l->gaps, !addr_is_v4(ip), sent_ns, sent_ns + grain_ns)
	       && (!s->neigh || neigh_find(s->neigh, ip, mac) == NEIGH_ROUTED);
}

bool shared_pos_astray(const struct shared *s, const struct sender *l, uint64_t pos,
		       struct addr ip, uint16_t status)
{
	const struct window *w = &l->window;

	for (unsigned int arm = 0; arm < w->arms; arm++) {
		unsigned int sent = window_sent(status, arm), astray = 0;

		if (status & WINDOW_ARM(arm, WINDOW_ANSWERED))
			continue;
		for (unsigned int i = 0; i < sent; i++)
			astray += shared_astray(s, l, ip, sendlog_time(
				&w->cursor[i * w->arms + arm].log, pos));
		if (sent && astray == sent)
			return true;
	}
	return false;
}

static bool gaps_are_known(const struct shared *s)
{
	for (unsigned int i = 0; i < s->nsenders; i++)
		for (unsigned int v6 = 0; v6 < 2; v6++)
			if (atomic_load(&s->senders[i].gateway_changes[v6])
			    != atomic_load(&s->gateways[v6].changes))
				return false;
	return true;
}

uint64_t shared_silent_ns(const struct shared *s, uint64_t ns)
{
	uint64_t reached_ns = atomic_load(&s->reached_ns),
		 timeout_ns = s->config->probing.timeout_ns;

	if (!reached_ns)
		return ns;
	if (!gaps_are_known(s))
		return 0;
	return ns > timeout_ns && ns - timeout_ns > reached_ns ? reached_ns + timeout_ns : ns;
}

const struct err *shared_tx_failure(const struct shared *s)
{
	for (unsigned int i = 0; i < s->nsenders; i++)
		if (atomic_load(&s->senders[i].failed))
			return &s->senders[i].err;
	return NULL;
}

void shared_add_source(struct shared *s, struct addr a)
{
	bool v6 = !addr_is_v4(a);

	s->sources[v6][s->nsources[v6]++] = (struct source){ .addr = a };
}

unsigned int shared_list_sources(const struct shared *s,
				 struct addr out[static 2 * CONFIG_SOURCES_MAX])
{
	unsigned int n = 0;

	for (unsigned int v6 = 0; v6 < 2; v6++)
		for (unsigned int i = 0; i < s->nsources[v6]; i++)
			out[n++] = s->sources[v6][i].addr;
	return n;
}

bool shared_proxy_source(struct shared *s, struct addr a)
{
	bool v6 = !addr_is_v4(a);

	for (unsigned int i = 0; i < s->nsources[v6]; i++)
		if (addr_eq(s->sources[v6][i].addr, a)) {
			s->sources[v6][i].proxied = true;
			return true;
		}
	return false;
}

struct addr shared_source_of(const struct shared *s, const struct target *t)
{
	bool v6 = !addr_is_v4(t->ip);

	return s->sources[v6][source_choose(&s->source_key, s->nsources[v6], t->ip, t->port)].addr;
}

size_t shared_payload(const struct shared *s, uint64_t x, const struct target *t,
		      uint8_t out[static PAYLOAD_MAX])
{
	const struct payload *p = &s->config->probing.payload;
	struct target_extra extra;
	char text[ADDR_STRLEN];

	target_extra_clear(&extra);
	if (!payload_varies(p, t->port))
		return payload_build(p, t->port, NULL, "", out);
	if (targets_have_extra(s->targets))
		targets_extra(s->targets, x, &extra);
	addr_format(t->ip, text);
	return payload_build(p, t->port, extra.wire, text, out);
}

int shared_sweep_arm(const struct shared *s, const struct target *t, struct addr source,
		     uint8_t kind, uint8_t attempt, struct tfo_option *option)
{
	for (unsigned int arm = 0; arm < plan_arms(&s->plan); arm++)
		if (shared_sweep_probe(s, t, source, arm, option) == kind
		    && attempt <= s->plan.retries)
			return (int)arm;
	*option = (struct tfo_option){ .state = TFO_ABSENT };
	return -1;
}

void shared_describe(const struct shared *s, uint64_t x, const struct target *t,
		     struct addr source, uint8_t kind, uint8_t attempt,
		     const struct tfo_option *option, struct flow *f)
{
	shared_describe_tagged(s, x, t, validate_tag(&s->validator, source, t->ip, t->port, kind,
						     attempt), kind, attempt, option, f);
}

void shared_describe_tagged(const struct shared *s, uint64_t x, const struct target *t,
			    struct validate_tag tag, uint8_t kind, uint8_t attempt,
			    const struct tfo_option *option, struct flow *f)
{
	uint8_t payload[PAYLOAD_MAX];

	*f = (struct flow){
		.kind = kind, .attempt = attempt, .sport = tag.sport, .seq = tag.seq,
		.synkind = option->kind, .synlen = option->len,
	};
	memcpy(f->syncookie, option->cookie, sizeof(f->syncookie));
	if (probe_types[kind].payload)
		f->dlen = (uint16_t)shared_payload(s, x, t, payload);
}

void shared_forge(const struct shared *s, const struct target *t, struct tfo_option *cookie)
{
	uint8_t forged[TFO_COOKIE_MAX];

	for (uint64_t i = 0; i < 2; i++) {
		uint64_t w[4] = { t->ip.hi, t->ip.lo, t->port, i };

		put_be64(forged + 8 * i, siphash_words(&s->source_key, w, 4, 1, 3));
	}
	if (memcmp(forged, cookie->cookie, cookie->len) == 0)
		forged[0] ^= 1;
	memcpy(cookie->cookie, forged, cookie->len);
}
