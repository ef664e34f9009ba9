#include "hitrate.h"

#define STRETCH_NS	5000000000ull
#define ANSWERS_DUE	100	/* enough that a fifth of them is no chance */
#define COLLAPSE	0.2
#define WEIGHT		0.3	/* of the newest stretch in what is usual */

void hitrate_init(struct hitrate *h, uint64_t now_ns)
{
	*h = (struct hitrate){ .start_ns = now_ns };
}

bool hitrate_feed(struct hitrate *h, uint64_t now_ns, uint64_t sent, uint64_t answers)
{
	double probes = (double)(sent - h->sent), got = (double)(answers - h->answers);
	double due = h->usual > 0 ? h->usual * probes : got;
	bool before = h->collapsed;

	if (now_ns - h->start_ns < STRETCH_NS || due < ANSWERS_DUE || probes <= 0)
		return false;
	h->collapsed = got < due * COLLAPSE;
	/* What comes while it is collapsed does not make that usual. */
	if (h->usual <= 0)
		h->usual = got / probes;
	else if (!h->collapsed)
		h->usual += WEIGHT * (got / probes - h->usual);
	h->start_ns = now_ns;
	h->sent = sent;
	h->answers = answers;
	return h->collapsed && !before;
}
