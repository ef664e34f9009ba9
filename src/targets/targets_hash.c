#include "targets/targets_hash.h"

#include "siphash.h"
#include "targets/targets.h"

struct hashing {
	struct siphash_state state;
	unsigned int words;
};

static void take(struct hashing *h, uint64_t word)
{
	siphash_take(&h->state, word, 2);
	h->words++;
}

static void take_addr(struct hashing *h, struct addr a)
{
	take(h, a.hi);
	take(h, a.lo);
}

uint64_t targets_hash(const struct targets *t)
{
	const struct siphash_key zero = { 0, 0 };
	struct hashing h = { .state = siphash_begin(&zero) };

	take(&h, t->set.n);
	for (size_t i = 0; i < t->set.n; i++) {
		take_addr(&h, t->set.v[i].first);
		take_addr(&h, t->set.v[i].last);
	}
	take(&h, t->n_ports);
	for (uint32_t i = 0; i < t->n_ports; i++)
		take(&h, t->ports[i]);
	take(&h, t->list.n);
	for (size_t i = 0; i < t->list.n; i++) {
		take_addr(&h, t->list.v[i].ip);
		take(&h, targetlist_port(&t->list.v[i]));
	}
	return siphash_end(&h.state, h.words, 2, 4);
}
