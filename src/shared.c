#include "shared.h"

#include "config.h"

void shared_add_source(struct shared *s, struct addr a, bool foreign)
{
	bool v6 = !addr_is_v4(a);

	s->sources[v6][s->nsources[v6]++] = (struct source){ a, foreign };
}

struct addr shared_source(const struct shared *s, const struct target *t)
{
	bool v6 = !addr_is_v4(t->ip);
	unsigned int n = s->nsources[v6];

	if (n > 1) {
		uint64_t w[3] = { t->ip.hi, t->ip.lo, t->port };
		uint64_t h = siphash_words(&s->source_key, w, 3, 1, 3);

		return s->sources[v6][(h >> 32) * n >> 32].addr;
	}
	return s->sources[v6][0].addr;
}

size_t shared_payload(const struct shared *s, uint64_t x, const struct target *t,
		      uint8_t out[static PAYLOAD_MAX])
{
	const struct payload *p = &s->config->payload;
	struct target_extra extra;
	char text[ADDR_STRLEN];

	extra.domain[0] = 0;
	if (!payload_varies(p, t->port))
		return payload_build(p, t->port, NULL, "", out);
	if (targets_have_extra(s->targets))
		targets_extra(s->targets, x, &extra);
	addr_format(t->ip, text);
	return payload_build(p, t->port, extra.domain, text, out);
}
