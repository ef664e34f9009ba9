#include "receive/replay.h"

#include "receive/arrival.h"
#include "receive/cookies.h"
#include "state/shared.h"

/* The arm of the sweep that sends the probe of a; -1: it is a follow-up. */
static int arm_of(const struct replay *r, const struct arrival *a)
{
	struct tfo_option option;

	return facts_sweep_arm(&r->s->facts, &a->target, a->m.src, a->m.kind, a->m.attempt,
			       &option);
}

/* A SYN of the sweep. */
static void note_sweep(const struct arrival *a, unsigned int arm)
{
	struct window *w = &a->sender->window;
	unsigned int pass = a->m.attempt * w->arms + arm;
	struct window_cursor *cursor = &w->cursor[pass];

	if (window_has_room(w, a->pos) && (pass == 0 || window_status(w, a->pos))) {
		if (pass == 0)
			window_start(w, a->pos);
		else
			window_retry(w, a->pos, arm);
	}
	sendlog_add(&cursor->log, a->pos, a->ns);
	if (a->pos >= atomic_load(&cursor->done))
		atomic_store(&cursor->done, a->pos + 1);
	if (a->pos >= atomic_load(&w->reserved))
		atomic_store(&w->reserved, a->pos + 1);
}

void replay_sent(struct replay *r, const struct arrival *a)
{
	struct entry *en = cookies_find(r->cookies, a->k);
	int arm = arm_of(r, a);

	r->saw_sent = true;
	if (arm >= 0)
		note_sweep(a, (unsigned int)arm);
	else if (en)
		cookies_sent(r->cookies, en, a->ns);
}

void replay_answered(const struct replay *r, const struct arrival *a)
{
	struct window *w = &a->sender->window;
	int arm = arm_of(r, a);

	if (arm < 0 || !window_has_room(w, a->pos) || a->pos < atomic_load(&w->floor)
	    || r->saw_sent)
		return;
	if (!window_status(w, a->pos))
		window_start(w, a->pos);
	while (window_sent(window_status(w, a->pos), (unsigned int)arm) <= a->m.attempt
	       && window_retry(w, a->pos, (unsigned int)arm))
		;
}

void replay_forget_due(const struct replay *r)
{
	struct followup f;

	for (unsigned int i = 0; i < r->s->nsenders; i++)
		while (ring_pop(&r->s->senders[i].followups, &f))
			;
}
