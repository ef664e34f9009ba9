#include "window.h"

#include <errno.h>
#include <stdlib.h>

/*
 * A log of twice the slots is never too short, as an entry is one position at least. The greatest
 * covers 13 s at its finest grain.
 */
#define LOG_MIN (1u << 10)
#define LOG_MAX (1u << 18)

int window_init(struct window *w, uint64_t slots, unsigned int arms, unsigned int attempts,
		uint64_t gap_ns, uint64_t keep_ns)
{
	uint32_t entries = LOG_MIN;
	int rc = 0;

	while (entries < LOG_MAX && entries < 2 * slots)
		entries *= 2;

	*w = (struct window){
		.slots = slots, .arms = arms, .passes = arms * attempts, .gap_ns = gap_ns,
	};
	w->status = calloc(slots, sizeof(*w->status));
	w->owned = true;
	if (!w->status)
		return -ENOMEM;
	for (unsigned int i = 0; i < w->passes && !rc; i++)
		rc = sendlog_init(&w->cursor[i].log, entries, entries < 2 * slots ? keep_ns : 0);
	if (rc)
		window_free(w);
	return rc;
}

void window_free(struct window *w)
{
	if (w->owned)
		free(w->status);
	w->status = NULL;
	for (unsigned int i = 0; i < w->passes; i++)
		sendlog_free(&w->cursor[i].log);
}

void window_move(struct window *w, _Atomic uint16_t *status,
		 struct sendlog_block *const block[static WINDOW_PASSES_MAX])
{
	free(w->status);
	w->status = status;
	w->owned = false;
	for (unsigned int i = 0; i < w->passes; i++)
		sendlog_move(&w->cursor[i].log, block[i]);
}

void window_begin(struct window *w, uint64_t first)
{
	for (unsigned int i = 0; i < w->passes; i++)
		atomic_store(&w->cursor[i].done, first);
	atomic_store(&w->reserved, first);
	atomic_store(&w->floor, first);
	w->tail = first;
}

bool window_retry(struct window *w, uint64_t k, unsigned int arm)
{
	_Atomic uint16_t *s = &w->status[k & (w->slots - 1)];
	uint16_t old = atomic_load_explicit(s, memory_order_relaxed), new;

	/* Tried again only where the receive thread marked something meanwhile. */
	do {
		if (!window_is_silent(old, arm))
			return false;
		new = (uint16_t)(old + WINDOW_ARM(arm, 1));
	} while (!atomic_compare_exchange_weak_explicit(s, &old, new, memory_order_relaxed,
							memory_order_relaxed));
	return true;
}

/* How far pass s, of which *pos is a position in its log, was ago_ns ago. */
static uint64_t trailing(const struct window *w, unsigned int s, uint64_t *pos, uint64_t now_ns,
			 uint64_t ago_ns)
{
	uint64_t end = atomic_load_explicit(&w->cursor[s].done, memory_order_relaxed);

	return now_ns < ago_ns ? 0 : sendlog_until(&w->cursor[s].log, pos, now_ns - ago_ns, end);
}

uint64_t window_due(struct window *w, unsigned int s, uint64_t now_ns, uint64_t timeout_ns)
{
	struct window_cursor *c = &w->cursor[s];
	uint64_t due, again;

	if (w->arms == 1)
		return trailing(w, s - 1, &c->pos, now_ns, timeout_ns);
	due = trailing(w, s - 1, &c->gap_pos, now_ns, w->gap_ns);
	if (s < w->arms)
		return due;
	again = trailing(w, s - w->arms, &c->pos, now_ns, timeout_ns);
	return due < again ? due : again;
}

uint16_t window_status(const struct window *w, uint64_t k)
{
	uint64_t floor = atomic_load_explicit(&w->floor, memory_order_relaxed);

	if (k < floor || k >= floor + w->slots)
		return 0;
	return atomic_load_explicit(&w->status[k & (w->slots - 1)], memory_order_relaxed);
}

/* Positions are many, and this is asked of all of them at once. */
uint64_t window_next_done(const struct window *w, uint64_t k, uint64_t end)
{
	uint64_t floor = atomic_load_explicit(&w->floor, memory_order_relaxed);
	uint64_t to = end < floor + w->slots ? end : floor + w->slots;

	k = k < floor ? floor : k;
	while (k < to && !(atomic_load_explicit(&w->status[k & (w->slots - 1)],
						memory_order_relaxed) & WINDOW_DONE))
		k++;
	return k < to ? k : end;
}

uint16_t window_mark(struct window *w, uint64_t k, uint16_t bits)
{
	return atomic_fetch_or_explicit(&w->status[k & (w->slots - 1)], bits,
					memory_order_relaxed);
}

/* Each arm's last pass counts: where one was answered its log says nothing of the others. */
static uint64_t last_until(struct window *w, uint64_t pos[static WINDOW_ARMS_MAX], uint64_t now_ns,
			   uint64_t ago_ns)
{
	uint64_t first = UINT64_MAX;

	if (now_ns < ago_ns)
		return 0;
	for (unsigned int arm = 0; arm < w->arms; arm++) {
		struct window_cursor *last = &w->cursor[w->passes - w->arms + arm];
		uint64_t end = atomic_load_explicit(&last->done, memory_order_acquire);
		uint64_t to = sendlog_until(&last->log, &pos[arm], now_ns - ago_ns, end);

		first = to < first ? to : first;
	}
	return first;
}

uint64_t window_silent_until(struct window *w, uint64_t now_ns, uint64_t timeout_ns)
{
	return last_until(w, w->tail_pos, now_ns, timeout_ns);
}

void window_recycle(struct window *w, uint64_t now_ns, uint64_t keep_ns, bool needed)
{
	uint64_t floor = atomic_load_explicit(&w->floor, memory_order_relaxed);
	uint64_t head = atomic_load_explicit(&w->reserved, memory_order_acquire);
	uint64_t aged = last_until(w, w->floor_pos, now_ns, keep_ns);
	uint64_t short_of = head > w->slots / 2 ? head - w->slots / 2 : 0;
	uint64_t to = aged;

	if (short_of > to)
		to = needed && short_of > w->tail ? w->tail : short_of;
	if (needed && to > w->tail)
		to = w->tail;
	if (to > floor)
		atomic_store_explicit(&w->floor, to, memory_order_release);
}
