#include "receive/tails.h"

#include "config/config.h"
#include "output/sink.h"
#include "receive/rows.h"
#include "receive/sent.h"
#include "state/shared.h"

#define SILENT_CHUNK	4096	/* silent rows between two looks at the capture */

static bool move_tail(struct shared *s, unsigned int sender, struct rows *r, uint64_t read_ns)
{
	struct window *w = &s->senders[sender].window;
	uint64_t before = w->tail;
	uint64_t to = window_silent_until(w, read_ns, s->facts.config->probing.timeout_ns);
	bool rows = facts_reports_silent(&s->facts) && s->facts.wire;

	for (int n = 0; rows && n < SILENT_CHUNK && w->tail < to; n++, w->tail++) {
		uint16_t status = window_status(w, w->tail);

		if (rows_full(r) || sink_is_full(r->sink))
			break;
		if (!status || status & WINDOW_KNOWN)
			continue;
		rows_silent(r, sender_whole(w->tail, sender, s->nsenders));
	}
	if (!rows && to > w->tail)
		w->tail = to;
	return w->tail > before;
}

bool tails_retire(struct shared *s, unsigned int part, struct rows *rows, uint64_t read_ns)
{
	bool any = false;

	for (unsigned int i = part; i < s->nsenders; i += s->rx.n)
		any |= move_tail(s, i, rows, read_ns);
	return any;
}

void tails_recycle(struct shared *s, unsigned int part, uint64_t read_ns)
{
	const struct config *c = s->facts.config;

	for (unsigned int i = part; i < s->nsenders; i += s->rx.n)
		window_recycle(&s->senders[i].window, read_ns,
			       c->probing.timeout_ns + c->rate.cooldown_ns, s->facts.wire);
}

bool tails_any_awaited(const struct shared *s, unsigned int part)
{
	for (unsigned int i = part; i < s->nsenders; i += s->rx.n)
		if (s->senders[i].window.tail < s->senders[i].positions)
			return true;
	return false;
}

uint64_t tails_count_awaited(const struct shared *s, unsigned int part, uint64_t read_ns)
{
	uint64_t n = 0;

	for (unsigned int i = part; i < s->nsenders; i += s->rx.n)
		n += sent_count_awaited(&s->senders[i], s->facts.config->probing.timeout_ns,
					read_ns);
	return n;
}
