#include "state/sender.h"

#include <errno.h>
#include <stdlib.h>

/* Of a ring, that may wait: answers that are on their way meanwhile still find room. */
#define FULL_SHARE	4

static int init_seen(struct sender *sd, uint32_t targets, const struct plan *plan)
{
	sd->seen = calloc(1, sizeof(*sd->seen));
	return sd->seen ? seen_init(sd->seen, targets, plan_arms(plan), plan->retries + 1)
	       : -ENOMEM;
}

int sender_init(struct sender *sd, uint64_t positions, const struct plan *plan,
		const struct sender_sizes *sizes)
{
	int rc;

	sd->positions = positions;
	rc = window_init(&sd->window, sizes->window, plan_arms(plan), plan->retries + 1,
			 PLAN_GAP_NS, sizes->keep_ns);
	if (!rc && sizes->seen)
		rc = init_seen(sd, sizes->seen, plan);
	if (!rc)
		rc = ring_init(&sd->followups, sizeof(struct followup), sizes->followups);
	if (!rc)
		rc = ring_init(&sd->segments, sizeof(struct segment_request), sizes->segments);
	return rc;
}

void sender_free(struct sender *sd)
{
	done_set_free(&sd->done);
	window_free(&sd->window);
	if (sd->seen)
		seen_free(sd->seen);
	free(sd->seen);
	sd->seen = NULL;
	ring_free(&sd->followups);
	ring_free(&sd->segments);
}

void sender_resume(struct sender *sd, struct done_set *done)
{
	sd->done = *done;
	*done = (struct done_set){ .first = 0 };
	window_begin(&sd->window, sd->done.first);
}

/* More than its share of a ring waits. */
static bool is_filling(const struct ring *r)
{
	return ring_count(r) > r->mask / FULL_SHARE;
}

bool sender_is_backlogged(const struct sender *sd)
{
	return is_filling(&sd->segments) || is_filling(&sd->followups);
}
