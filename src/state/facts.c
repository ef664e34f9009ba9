#include "state/facts.h"

#include <string.h>

#include "bytes.h"
#include "source.h"
#include "targets/targets.h"

void facts_add_source(struct facts *f, struct addr a)
{
	bool v6 = !addr_is_v4(a);

	f->sources[v6][f->nsources[v6]++] = (struct source){ .addr = a };
}

unsigned int facts_list_sources(const struct facts *f,
				struct addr out[static 2 * CONFIG_SOURCES_MAX])
{
	unsigned int n = 0;

	for (unsigned int v6 = 0; v6 < 2; v6++)
		for (unsigned int i = 0; i < f->nsources[v6]; i++)
			out[n++] = f->sources[v6][i].addr;
	return n;
}

bool facts_proxy_source(struct facts *f, struct addr a)
{
	bool v6 = !addr_is_v4(a);

	for (unsigned int i = 0; i < f->nsources[v6]; i++)
		if (addr_eq(f->sources[v6][i].addr, a)) {
			f->sources[v6][i].proxied = true;
			return true;
		}
	return false;
}

struct addr facts_source_of(const struct facts *f, const struct target *t)
{
	bool v6 = !addr_is_v4(t->ip);

	return f->sources[v6][source_choose(&f->source_key, f->nsources[v6], t->ip, t->port)].addr;
}

struct addr facts_elsewhere(const struct facts *f, const struct target *t)
{
	bool v6 = !addr_is_v4(t->ip);
	unsigned int n = f->nsources[v6];

	if (n < 2)
		return (struct addr){ 0, 0 };
	return f->sources[v6][(source_choose(&f->source_key, n, t->ip, t->port) + 1) % n].addr;
}

size_t facts_payload(const struct facts *f, uint64_t x, const struct target *t,
		     uint8_t out[static PAYLOAD_MAX])
{
	const struct payload *p = &f->config->probing.payload;
	struct target_extra extra;
	char text[ADDR_STRLEN];

	target_extra_clear(&extra);
	if (!payload_varies(p, t->port))
		return payload_build(p, t->port, NULL, "", out);
	if (targets_have_extra(f->targets))
		targets_extra(f->targets, x, &extra);
	addr_format(t->ip, text);
	return payload_build(p, t->port, extra.wire, text, out);
}

int facts_sweep_arm(const struct facts *f, const struct target *t, struct addr source,
		    uint8_t kind, uint8_t attempt, struct tfo_option *option)
{
	for (unsigned int arm = 0; arm < plan_arms(&f->plan); arm++)
		if (facts_sweep_probe(f, t, source, arm, option) == kind
		    && attempt <= f->plan.retries)
			return (int)arm;
	*option = (struct tfo_option){ .state = TFO_ABSENT };
	return -1;
}

void facts_describe(const struct facts *f, uint64_t x, const struct target *t, struct addr source,
		    uint8_t kind, uint8_t attempt, const struct tfo_option *option,
		    struct flow *out)
{
	facts_describe_tagged(f, x, t, validate_tag(&f->validator, source, t->ip, t->port, kind,
						    attempt), kind, attempt, option, out);
}

void facts_describe_tagged(const struct facts *f, uint64_t x, const struct target *t,
			   struct validate_tag tag, uint8_t kind, uint8_t attempt,
			   const struct tfo_option *option, struct flow *out)
{
	uint8_t payload[PAYLOAD_MAX];

	*out = (struct flow){
		.kind = kind, .attempt = attempt, .sport = tag.sport, .seq = tag.seq,
		.synkind = option->kind, .synlen = option->len,
	};
	memcpy(out->syncookie, option->cookie, sizeof(out->syncookie));
	if (probe_types[kind].payload)
		out->dlen = (uint16_t)facts_payload(f, x, t, payload);
}

void facts_describe_arm(const struct facts *f, uint64_t x, const struct target *t,
			struct addr source, unsigned int arm, struct flow *out)
{
	struct tfo_option option;
	enum probe_kind kind = facts_sweep_probe(f, t, source, arm, &option);

	facts_describe(f, x, t, source, (uint8_t)kind, 0, &option, out);
}

void facts_forge(const struct facts *f, const struct target *t, struct tfo_option *cookie)
{
	uint8_t forged[TFO_COOKIE_MAX];

	for (uint64_t i = 0; i < 2; i++) {
		uint64_t w[4] = { t->ip.hi, t->ip.lo, t->port, i };

		put_be64(forged + 8 * i, siphash_words(&f->source_key, w, 4, 1, 3));
	}
	if (memcmp(forged, cookie->cookie, cookie->len) == 0)
		forged[0] ^= 1;
	memcpy(cookie->cookie, forged, cookie->len);
}
