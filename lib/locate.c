#include "locate.h"

#include <string.h>

#define FAIR_MIN	2	/* feature probes without an answer that make a loss, */
#define LOST_BUSY	5	/* and so many in all, on a path whose hops do not always answer */
#define PLAIN_TRIES	2	/* of a plain SYN, before it counts as unanswered */
#define AGAIN		1	/* so often a silent hop is tried later, as a limit may have been
				 * used up by others; */
#define AGAIN_BUSY	2	/* or so often, on such a path */

static const struct addr nobody;

/* A SYN/ACK's initial TTL is the next of these; so many hops it has come over. */
static unsigned int guess_distance(uint8_t answer_ttl)
{
	unsigned int initial = answer_ttl <= 64 ? 64 : answer_ttl <= 128 ? 128 : 255;

	return initial - answer_ttl + 1;
}

void locate_init(struct locate *l, enum locate_goal goal, unsigned int max, uint8_t answer_ttl,
		 unsigned int spent)
{
	unsigned int guess = guess_distance(answer_ttl);

	memset(l, 0, locate_size(max));
	l->goal = goal;
	l->max = (uint8_t)max;
	l->guess = (uint8_t)(guess < max ? guess : max);
	l->budget = (uint16_t)(spent < LOCATE_SYNS_MAX ? LOCATE_SYNS_MAX - spent : 0);
}

/* ---- how far the target is ----------------------------------------------------------------- */

/* The smallest TTL that is known to reach the target; 0: none is. */
static unsigned int nearest_reaching(const struct locate *l)
{
	for (unsigned int t = 1; t <= l->max; t++)
		if (l->hop[t].reached)
			return t;
	return 0;
}

/* The largest TTL below `end` that is known not to; 0: none is. */
static unsigned int farthest_short(const struct locate *l, unsigned int end)
{
	for (unsigned int t = end; t-- > 1;)
		if (l->hop[t].passed_by)
			return t;
	return 0;
}

/* The distance; 0: it is not known. */
static unsigned int distance(const struct locate *l)
{
	unsigned int high = nearest_reaching(l);

	return high && farthest_short(l, high) == high - 1 ? high : 0;
}

static unsigned int min(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

/* The TTL that shows most of the distance; 0: none can. Away from the guess in growing steps. */
static unsigned int next_for_distance(const struct locate *l)
{
	unsigned int high = nearest_reaching(l);
	unsigned int low = farthest_short(l, high ? high : l->max + 1u), step;

	if (!high && !low)
		return l->guess;
	if (!high)
		return low < l->max ? min(low + (low - l->guess) + 1, l->max) : 0;
	if (low + 1 == high)
		return 0;
	if (low || high > l->guess)
		return (low + high) / 2;
	step = l->guess - high + 1u;
	return high > step ? high - step : 1;
}

/* ---- where the fault is -------------------------------------------------------------------- */

static bool is_bad(const struct locate_hop *h)
{
	return h->state == LOCATE_BROKEN || h->state == LOCATE_MISSING;
}

/* All TTLs of which something can be learned are below. */
static unsigned int end_of_hops(const struct locate *l)
{
	unsigned int end = distance(l), t = l->max;

	if (end)
		return end;
	while (t > 0 && !l->hop[t].heard[0])
		t--;
	return t + 1;
}

/* An answer says more than silence: the last hop that was passed counts. */
static unsigned int last_passed(const struct locate *l)
{
	unsigned int t = l->max;

	while (t > 0 && l->hop[t].state != LOCATE_PASSED)
		t--;
	return t;
}

/* The first bad TTL after low, below end; else end. */
static unsigned int first_bad(const struct locate *l, unsigned int low, unsigned int end)
{
	for (unsigned int t = low + 1; t < end; t++)
		if (is_bad(&l->hop[t]))
			return t;
	return end;
}

/* Some hop that answers has left a probe unanswered: others may use up what its limit allows. */
static bool is_busy(const struct locate *l)
{
	for (unsigned int t = 1; t <= l->max; t++) {
		const struct locate_hop *h = &l->hop[t];

		if (h->heard[0] && (h->sent[0] > h->heard[0]
				    || (h->heard[1] && h->sent[1] > h->heard[1])))
			return true;
	}
	return false;
}

static bool is_open(const struct locate_hop *h)
{
	return h->state == LOCATE_OPEN;
}

/* Tried enough for now, but perhaps not for good. */
static bool is_silent(const struct locate_hop *h)
{
	return h->state == LOCATE_MUTE && h->is_silent && h->again < AGAIN
	       && h->sent[0] < LOCATE_TRIES;
}

static bool is_silent_at_busy_times(const struct locate_hop *h)
{
	return h->state == LOCATE_MUTE && h->is_silent && h->again < AGAIN_BUSY
	       && h->sent[0] < LOCATE_TRIES;
}

/* Where no hop has ever answered none will. */
static bool any_heard(const struct locate *l)
{
	for (unsigned int t = 1; t <= l->max; t++)
		if (l->hop[t].heard[0])
			return true;
	return false;
}

/* The TTL of that sort between low and high that is nearest to the one given; 0: there is none. */
static unsigned int nearest(const struct locate *l, bool (*is_it)(const struct locate_hop *h),
			    unsigned int low, unsigned int high, unsigned int to)
{
	unsigned int best = 0, best_away = UINT8_MAX;

	for (unsigned int t = low + 1; t < high; t++) {
		unsigned int away = t < to ? to - t : t - to;

		if (is_it(&l->hop[t]) && away < best_away) {
			best = t;
			best_away = away;
		}
	}
	return best;
}

static bool is_spoilt(enum locate_part part)
{
	return part == LOCATE_GONE || part == LOCATE_CHANGED;
}

static bool is_quoted_spoilt(const struct locate_hop *h)
{
	return is_spoilt(h->option) || is_spoilt(h->data);
}

/*
 * Silence may be by chance, and one hop's quote its own fault: one more TTL beyond it has to be
 * bad, too, if some hop there answers. An answer from there overrides it.
 */
static unsigned int next_beyond(const struct locate *l, unsigned int high, unsigned int end)
{
	const struct locate_hop *h = &l->hop[high];
	unsigned int bad = first_bad(l, high, end);

	if (high == end || (h->state != LOCATE_MISSING && !is_quoted_spoilt(h))
	    || (bad < end && (h->state == LOCATE_MISSING || is_quoted_spoilt(&l->hop[bad]))))
		return 0;
	return nearest(l, is_open, high, bad, high + 1);
}

/* Whether it arrives whole is asked as near to the target as a hop answers; then, as for a loss. */
static unsigned int next_for_fault(const struct locate *l)
{
	unsigned int low = last_passed(l), end = end_of_hops(l), high = first_bad(l, low, end);
	unsigned int middle = (low + high) / 2, ttl;

	if (l->goal == LOCATE_CHANGE && high == end)
		return low ? 0 : nearest(l, is_open, 0, end, end - 1);
	ttl = nearest(l, is_open, low, high, middle);
	if (ttl || !any_heard(l))
		return ttl;
	ttl = nearest(l, is_busy(l) ? is_silent_at_busy_times : is_silent, low, high, middle);
	return ttl ? ttl : next_beyond(l, high, end);
}

/* ---- which probe --------------------------------------------------------------------------- */

static bool feature_is_next(const struct locate *l, const struct locate_hop *h, unsigned int ttl)
{
	if (!h->heard[0] || h->state == LOCATE_MUTE)
		return false;
	return l->goal == LOCATE_CHANGE || (h->sure && l->last == ttl);
}

/*
 * A hop's ICMP may be limited, and the limit may let each plain SYN's answer pass and none of a
 * feature probe's: so these wait longer after the last answer than the plain one had before it: one
 * rest where that had none, then two where it had one, and so on in turn.
 */
static uint8_t rests_before(const struct locate_hop *h, bool feature)
{
	if (!feature)
		return h->state == LOCATE_MUTE;
	return h->sent[1] == 0 ? 0 : h->sent[1] % 2 ? 1 : 2;
}

bool locate_next(const struct locate *l, struct locate_probe *next)
{
	unsigned int ttl = l->sent < l->budget ? next_for_distance(l) : 0;
	bool for_distance = ttl > 0;
	const struct locate_hop *h;

	if (!ttl && l->sent < l->budget)
		ttl = next_for_fault(l);
	if (!ttl)
		return false;
	h = &l->hop[ttl];
	next->ttl = (uint8_t)ttl;
	next->feature = !for_distance && feature_is_next(l, h, ttl);
	next->attempt = h->sent[next->feature];
	next->rests = rests_before(h, next->feature);
	return true;
}

void locate_send(struct locate *l, const struct locate_probe *p)
{
	l->sent++;
	l->last = p->ttl;
	l->hop[p->ttl].sent[p->feature]++;
	l->hop[p->ttl].again += l->hop[p->ttl].state == LOCATE_MUTE;
}

bool locate_has_sent(const struct locate *l, const struct locate_probe *p)
{
	return p->ttl <= l->max && p->attempt < l->hop[p->ttl].sent[p->feature];
}

/* ---- what came ----------------------------------------------------------------------------- */

/* What an answer to a feature probe proves: of a loss. */
static enum locate_state proof_of_loss(const struct locate_answer *a)
{
	if (a->came == LOCATE_SYNACK)
		return LOCATE_PASSED;
	return a->came != LOCATE_EXCEEDED || is_spoilt(a->option) || is_spoilt(a->data)
	       ? LOCATE_BROKEN : LOCATE_PASSED;
}

/* The same of a change, which only a quote shows. */
static enum locate_state proof_of_change(const struct locate_answer *a)
{
	if (a->came != LOCATE_EXCEEDED)
		return LOCATE_MUTE;
	if (is_spoilt(a->option) || is_spoilt(a->data))
		return LOCATE_BROKEN;
	return a->option == LOCATE_WHOLE || a->data == LOCATE_WHOLE ? LOCATE_PASSED : LOCATE_MUTE;
}

static void take_feature_answer(struct locate *l, struct locate_hop *h,
				const struct locate_answer *a)
{
	enum locate_state proof = l->goal == LOCATE_DROP ? proof_of_loss(a) : proof_of_change(a);

	if (h->state != LOCATE_BROKEN && (proof != LOCATE_MUTE || h->state == LOCATE_OPEN))
		h->state = (uint8_t)proof;
	if (a->came == LOCATE_EXCEEDED) {
		h->option = a->option;
		h->data = a->data;
	}
}

static void note_hop(struct locate_hop *h, const struct locate_answer *a)
{
	if (a->came != LOCATE_EXCEEDED || !addr_eq(h->ip, nobody))
		return;
	h->ip = a->from;
	h->rtt_ns = a->rtt_ns;
}

/* The time since the last probe that the hop answered; 0: there is none. */
static uint64_t pause_ns(const struct locate_hop *h, const struct locate_answer *a)
{
	return h->heard_ns && a->sent_ns > h->heard_ns ? a->sent_ns - h->heard_ns : 0;
}

static void note_pace(struct locate_hop *h, const struct locate_answer *a)
{
	h->pace_ns = pause_ns(h, a);
	h->heard_ns = a->sent_ns;
}

/* It shows nothing, at least for now. */
static void fall_silent(struct locate_hop *h, const struct locate_answer *a)
{
	if (h->state != LOCATE_OPEN)
		return;
	h->state = LOCATE_MUTE;
	h->is_silent = a->came == LOCATE_SILENT;
}

/* Whether so many feature probes stayed unanswered beside plain ones that it can be no limit. */
static bool is_missing(const struct locate *l, const struct locate_hop *h)
{
	return h->state == LOCATE_OPEN && h->fair >= FAIR_MIN
	       && (h->sent[1] >= LOST_BUSY || !is_busy(l));
}

static void take_plain(const struct locate *l, struct locate_hop *h, const struct locate_answer *a)
{
	h->sure = a->came == LOCATE_EXCEEDED;
	if (a->came == LOCATE_SYNACK || a->came == LOCATE_RST) {
		h->reached = true;
		h->state = LOCATE_MUTE;
		return;
	}
	if (h->sure) {
		h->heard[0]++;
		h->passed_by = true;
		note_pace(h, a);
		if (h->state == LOCATE_MUTE && h->is_silent)
			h->state = LOCATE_OPEN;
		if (is_missing(l, h))
			h->state = LOCATE_MISSING;
	} else if (a->came == LOCATE_UNREACHABLE || h->heard[0] || h->sent[0] >= PLAIN_TRIES) {
		h->passed_by = true;
		fall_silent(h, a);
	}
}

static void take_feature(struct locate *l, struct locate_hop *h, const struct locate_answer *a)
{
	h->sure = false;
	if (a->came == LOCATE_SILENT) {
		h->fair += l->goal == LOCATE_DROP && h->pace_ns
			   && pause_ns(h, a) >= h->pace_ns;
		if (l->goal == LOCATE_CHANGE && h->sent[1] >= PLAIN_TRIES)
			fall_silent(h, a);
		return;
	}
	h->heard[1]++;
	if (a->came == LOCATE_EXCEEDED)
		note_pace(h, a);
	take_feature_answer(l, h, a);
}

void locate_take(struct locate *l, const struct locate_probe *p, const struct locate_answer *a)
{
	struct locate_hop *h = &l->hop[p->ttl];

	note_hop(h, a);
	if (p->feature)
		take_feature(l, h, a);
	else
		take_plain(l, h, a);
	if (h->state == LOCATE_OPEN && h->sent[!h->sure ? 0 : 1] >= LOCATE_TRIES)
		h->state = LOCATE_MUTE;
}

static void take_plain_late(struct locate_hop *h, const struct locate_answer *a)
{
	if (a->came == LOCATE_SYNACK) {
		h->reached = true;
		h->passed_by = false;
		h->state = LOCATE_MUTE;
		h->is_silent = false;
	} else if (a->came == LOCATE_EXCEEDED && h->heard[0] < h->sent[0]) {
		h->heard[0]++;
		h->passed_by = true;
		if (h->state == LOCATE_MUTE && h->is_silent)
			h->state = LOCATE_OPEN;
	}
}

/* Silence was taken for what it was not; an answer that a box gave beside the hop's counts, too. */
void locate_take_late(struct locate *l, const struct locate_probe *p,
		      const struct locate_answer *a)
{
	struct locate_hop *h = &l->hop[p->ttl];

	note_hop(h, a);
	if (p->feature)
		take_feature_answer(l, h, a);
	else
		take_plain_late(h, a);
}

struct locate_found locate_found(const struct locate *l)
{
	unsigned int hops = distance(l), low = last_passed(l);
	unsigned int end = hops ? hops : l->max + 1u, high = first_bad(l, low, end);
	struct locate_found found = { .hops = (uint8_t)hops };

	if (l->goal == LOCATE_CHANGE && high == end)
		return found;
	found.low = (uint8_t)(low < end ? low : end - 1);
	found.high = (uint8_t)(high == end ? hops : high);
	found.is_wrong = found.low || found.high;
	return found;
}
