#include "window.h"

#include <errno.h>
#include <stdlib.h>

/* A log longer than this covers 13 s even where every grain of time has its entry. */
#define LOG_MAX (1u << 18)

int window_init(struct window *w, uint64_t slots, unsigned int attempts)
{
	int rc = 0;

	*w = (struct window){ .slots = slots, .attempts = attempts };
	w->status = calloc(slots, sizeof(*w->status));
	if (!w->status)
		return -ENOMEM;
	for (unsigned int a = 0; a < attempts && !rc; a++)
		rc = sendlog_init(&w->cursor[a].log, slots < LOG_MAX ? (uint32_t)slots : LOG_MAX);
	if (rc)
		window_free(w);
	return rc;
}

void window_free(struct window *w)
{
	free(w->status);
	w->status = NULL;
	for (unsigned int a = 0; a < w->attempts; a++)
		sendlog_free(&w->cursor[a].log);
}

bool window_retry(struct window *w, uint64_t k)
{
	_Atomic uint8_t *s = &w->status[k & (w->slots - 1)];
	uint8_t old = atomic_load_explicit(s, memory_order_relaxed);

	/* Fails only where the receive thread marked an answer meanwhile. */
	return !(old & (WINDOW_ANSWERED | WINDOW_DONE))
	       && atomic_compare_exchange_strong_explicit(s, &old, (uint8_t)(old + 1),
							  memory_order_relaxed,
							  memory_order_relaxed);
}

uint64_t window_due(struct window *w, unsigned int a, uint64_t now_ns, uint64_t timeout_ns)
{
	struct window_cursor *before = &w->cursor[a - 1];
	uint64_t end = atomic_load_explicit(&before->done, memory_order_relaxed);

	if (now_ns < timeout_ns)
		return 0;
	return sendlog_until(&before->log, &w->cursor[a].pos, now_ns - timeout_ns, end);
}

uint8_t window_status(const struct window *w, uint64_t k)
{
	uint64_t floor = atomic_load_explicit(&w->floor, memory_order_relaxed);

	if (k < floor || k >= floor + w->slots)
		return 0;
	return atomic_load_explicit(&w->status[k & (w->slots - 1)], memory_order_relaxed);
}

uint8_t window_mark(struct window *w, uint64_t k, uint8_t bits)
{
	return atomic_fetch_or_explicit(&w->status[k & (w->slots - 1)], bits,
					memory_order_relaxed);
}

static uint64_t last_until(struct window *w, uint64_t *pos, uint64_t now_ns, uint64_t ago_ns)
{
	struct window_cursor *last = &w->cursor[w->attempts - 1];
	uint64_t end = atomic_load_explicit(&last->done, memory_order_acquire);

	return now_ns < ago_ns ? 0 : sendlog_until(&last->log, pos, now_ns - ago_ns, end);
}

uint64_t window_silent_until(struct window *w, uint64_t now_ns, uint64_t timeout_ns)
{
	return last_until(w, &w->tail_pos, now_ns, timeout_ns);
}

void window_recycle(struct window *w, uint64_t now_ns, uint64_t keep_ns, bool needed)
{
	uint64_t floor = atomic_load_explicit(&w->floor, memory_order_relaxed);
	uint64_t head = atomic_load_explicit(&w->reserved, memory_order_acquire);
	uint64_t aged = last_until(w, &w->floor_pos, now_ns, keep_ns);
	uint64_t short_of = head > w->slots / 2 ? head - w->slots / 2 : 0;
	uint64_t to = aged;

	if (short_of > to)
		to = needed && short_of > w->tail ? w->tail : short_of;
	if (needed && to > w->tail)
		to = w->tail;
	if (to > floor)
		atomic_store_explicit(&w->floor, to, memory_order_release);
}
