#include "state/seen.h"

#include <errno.h>
#include <stdlib.h>

int seen_init(struct seen *s, uint32_t targets, unsigned int arms, unsigned int attempts)
{
	*s = (struct seen){ .arms = arms, .passes = arms * attempts };
	/* Keys are positions of an order that is this process's own: the seed guards nothing. */
	if (table_init(&s->table, targets, 0))
		return -ENOMEM;
	s->sent_ns = calloc((size_t)targets * s->passes, sizeof(*s->sent_ns));
	s->last = calloc((size_t)targets * arms, sizeof(*s->last));
	if (s->sent_ns && s->last)
		return 0;
	seen_free(s);
	return -ENOMEM;
}

void seen_free(struct seen *s)
{
	table_free(&s->table);
	free(s->sent_ns);
	free(s->last);
	s->sent_ns = s->last = NULL;
}

uint64_t seen_add(struct seen *s, uint64_t k)
{
	uint32_t slot = table_put(&s->table, k);

	return slot == TABLE_NONE ? SEEN_NONE : slot;
}

void seen_sent(struct seen *s, uint64_t pos, unsigned int pass, uint64_t ns)
{
	uint64_t i = pos * s->passes + pass;

	if (s->sent_ns[i])
		return;
	s->sent_ns[i] = ns;
	if (pass >= s->passes - s->arms)
		s->last[s->nlast++] = i;
}

uint64_t seen_next(struct seen *s, uint64_t before_ns)
{
	if (s->next == s->nlast || s->sent_ns[s->last[s->next]] > before_ns)
		return SEEN_NONE;
	return s->last[s->next++] / s->passes;
}
