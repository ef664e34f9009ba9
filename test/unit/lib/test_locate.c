#include <stdlib.h>
#include <string.h>

#include "locate.h"
#include "rng.h"
#include "unit.h"

#define SECOND_NS	1000000000ull
#define TIMEOUT_NS	(3 * SECOND_NS)
#define GAP_NS		20000000ull
#define RTT_NS		10000000ull
#define MAX		32

/* ---- a path of hops, and what stands on it ------------------------------------------------- */

enum fault { NONE, DROP, RESET, STRIP, REJECT };

struct hop {
	bool is_silent;
	bool is_short;			/* quotes 8 bytes of TCP */
	bool lies;			/* quotes no option, whatever came */
	double per_s;			/* answers a second, 0: no limit; */
	double burst, tokens;		/* so many at once */
	uint64_t filled_ns;
};

struct path {
	unsigned int distance;		/* TTL that reaches the target */
	struct hop hop[MAX + 1];
	enum fault fault;
	unsigned int at;		/* its hop, */
	bool behind;			/* before it answers, or behind that */
	double loss;			/* of a probe or its answer */
	uint64_t now_ns;
	unsigned int syns, reached;	/* feature probes that came to the target */
	struct rng rng;
};

static bool by_chance(struct path *p, double share)
{
	return (double)(rng_next(&p->rng) >> 11) / (double)(1ull << 53) < share;
}

static bool has_token(struct hop *h, uint64_t now_ns)
{
	if (h->per_s == 0)
		return true;
	h->tokens += h->per_s * (double)(now_ns - h->filled_ns) / SECOND_NS;
	if (h->tokens > h->burst)
		h->tokens = h->burst;
	h->filled_ns = now_ns;
	if (h->tokens < 1)
		return false;
	h->tokens -= 1;
	return true;
}

static struct addr hop_addr(unsigned int ttl)
{
	return addr_from_v4(0xc6120000u + ttl);
}

/* Whether a feature probe with that TTL meets the fault. */
static bool meets_fault(const struct path *p, unsigned int ttl)
{
	return p->fault != NONE && ttl >= p->at + p->behind;
}

/* What the path makes of a probe. */
static struct locate_answer walk(struct path *p, const struct locate_probe *probe)
{
	struct locate_answer a = { .came = LOCATE_SILENT, .sent_ns = p->now_ns, .rtt_ns = RTT_NS };
	bool met = probe->feature && meets_fault(p, probe->ttl);
	struct hop *h = &p->hop[probe->ttl];

	p->syns++;
	if (by_chance(p, p->loss) || (met && p->fault == DROP))
		return a;
	if (met && p->fault == RESET)
		a.came = LOCATE_RST;
	else if (met && p->fault == REJECT)
		a = (struct locate_answer){ LOCATE_UNREACHABLE, 0, 0, hop_addr(p->at), p->now_ns,
					    RTT_NS };
	if (a.came != LOCATE_SILENT)
		return a;
	if (probe->ttl >= p->distance) {
		p->reached += probe->feature;
		a.came = LOCATE_SYNACK;
		return a;
	}
	if (h->is_silent || !has_token(h, p->now_ns))
		return a;
	a.came = LOCATE_EXCEEDED;
	a.from = hop_addr(probe->ttl);
	if (probe->feature && !h->is_short)
		a.option = met || h->lies ? LOCATE_GONE : LOCATE_WHOLE;
	return a;
}

static struct locate *located(struct path *p, enum locate_goal goal, unsigned int answer_ttl,
			      unsigned int spent)
{
	struct locate *l = calloc(1, locate_size(MAX));
	struct locate_probe probe;

	p->now_ns = SECOND_NS;
	locate_init(l, goal, MAX, (uint8_t)answer_ttl, spent);
	while (locate_next(l, &probe)) {
		struct locate_answer a;

		ck_assert_uint_le(probe.attempt, LOCATE_TRIES - 1);
		ck_assert_uint_ge(probe.ttl, 1);
		ck_assert_uint_le(probe.ttl, MAX);
		p->now_ns += probe.rests ? probe.rests * (TIMEOUT_NS + SECOND_NS) : GAP_NS;
		locate_send(l, &probe);
		ck_assert(locate_has_sent(l, &probe));
		a = walk(p, &probe);
		p->now_ns += a.came == LOCATE_SILENT ? TIMEOUT_NS : RTT_NS;
		locate_take(l, &probe, &a);
	}
	ck_assert_uint_eq(p->syns, l->sent);
	ck_assert_uint_le(p->syns + spent, LOCATE_SYNS_MAX > spent ? LOCATE_SYNS_MAX : spent);
	ck_assert_uint_eq(p->reached, 0);
	return l;
}

/* As the target's SYN/ACK comes back over as many hops, or over a few more or fewer. */
static unsigned int answer_ttl(const struct path *p, int more)
{
	return (unsigned int)(64 - (int)p->distance + 1 - more);
}

/* The fault shows from this TTL on. */
static unsigned int truth(const struct path *p)
{
	return p->at + p->behind;
}

/* ---- each place of a fault ----------------------------------------------------------------- */

static const enum fault faults[] = { DROP, RESET, STRIP, REJECT };

TEST_EACH(finds_each_place, faults)
{
	for (unsigned int distance = 2; distance < MAX; distance++)
		for (unsigned int at = 1; at < distance; at++)
			for (int behind = 0; behind < 2; behind++) {
				struct path p = {
					.distance = distance, .fault = *row, .at = at,
					.behind = behind,
				};
				struct locate *l = located(&p, LOCATE_DROP, answer_ttl(&p, 0), 8);
				struct locate_found found = locate_found(l);

				ck_assert_uint_eq(found.hops, distance);
				ck_assert_uint_eq(found.high, truth(&p));
				ck_assert_uint_eq(found.low, truth(&p) - 1);
				free(l);
			}
}

/* One hop that quotes what did not come to it makes no fault, and hides none. */
TEST(one_hops_quote)
{
	for (unsigned int lies = 1; lies < 9; lies++)
		for (unsigned int at = lies + 1; at < 9; at++) {
			struct path p = { .distance = 9, .fault = DROP, .at = at, .behind = true };
			struct locate_found found;
			struct locate *l;

			p.hop[lies].lies = true;
			l = located(&p, LOCATE_DROP, answer_ttl(&p, 0), 8);
			found = locate_found(l);
			ck_assert_uint_le(found.low, truth(&p) - 1);
			ck_assert_uint_ge(found.high, truth(&p));
			free(l);
		}
}

TEST(finds_where_it_is_changed)
{
	for (unsigned int distance = 2; distance < MAX; distance++)
		for (unsigned int at = 1; at < distance; at++) {
			struct path p = { .distance = distance, .fault = STRIP, .at = at };
			struct locate *l = located(&p, LOCATE_CHANGE, answer_ttl(&p, 0), 8);
			struct locate_found found = locate_found(l);

			ck_assert_uint_eq(found.hops, distance);
			ck_assert_uint_eq(found.high, at);
			ck_assert_uint_eq(found.low, at - 1);
			free(l);
		}
}

/* Behind the last hop's own answer nothing shows; and a sound path blames nobody. */
TEST(changes_are_not_guessed)
{
	for (unsigned int distance = 1; distance < MAX; distance++)
		for (int fault = 0; fault < 2 && distance + fault > 1; fault++) {
			struct path p = {
				.distance = distance, .fault = fault ? STRIP : NONE,
				.at = distance - 1, .behind = true,
			};
			struct locate *l = located(&p, LOCATE_CHANGE, answer_ttl(&p, 0), 8);
			struct locate_found found = locate_found(l);

			ck_assert_uint_eq(found.hops, distance);
			ck_assert(!found.is_wrong);
			ck_assert_uint_le(p.syns, 6);
			free(l);
		}
}

/* All hops were passed: what is left is the target, and what is right before it. */
TEST(passed_as_far_as_the_last_hop)
{
	for (unsigned int distance = 1; distance < MAX; distance++) {
		struct path p = { .distance = distance };
		struct locate *l = located(&p, LOCATE_DROP, answer_ttl(&p, 0), 8);
		struct locate_found found = locate_found(l);

		ck_assert_uint_eq(found.hops, distance);
		ck_assert_uint_eq(found.low, distance - 1);
		ck_assert_uint_eq(found.high, distance);
		free(l);
	}
}

static const int detours[] = { -20, -7, -3, -1, 1, 2, 5, 9, 20 };

/* Of another length than the way there: the distance is found all the same. */
TEST_EACH(way_back_differs, detours)
{
	for (unsigned int distance = 1; distance < MAX; distance++) {
		struct path p = { .distance = distance, .fault = DROP, .at = (distance + 1) / 2 };
		unsigned int ttl = answer_ttl(&p, *row);
		struct locate *l;
		struct locate_found found;

		if (ttl < 1 || ttl > 64 || p.at >= distance)
			continue;
		l = located(&p, LOCATE_DROP, ttl, 8);
		found = locate_found(l);
		ck_assert_uint_eq(found.hops, distance);
		ck_assert_uint_eq(found.high, p.at);
		ck_assert_uint_eq(found.low, p.at - 1);
		free(l);
	}
}

/* ---- hops that say little ------------------------------------------------------------------ */

static void make_hops(struct path *p, unsigned int silent, unsigned int brief, unsigned int slow)
{
	for (unsigned int t = 1; t < p->distance; t++) {
		unsigned int draw = (unsigned int)rng_next(&p->rng) % 100;

		p->hop[t].is_silent = draw < silent;
		p->hop[t].is_short = draw >= silent && draw < silent + brief;
		if (rng_next(&p->rng) % 100 < slow) {
			p->hop[t].per_s = 0.05 + 2.0 * (double)(rng_next(&p->rng) % 1000) / 1000;
			p->hop[t].burst = 1 + (double)(rng_next(&p->rng) % 6);
			p->hop[t].tokens = p->hop[t].burst;
		}
	}
}

static void draw_path(struct path *p, uint64_t seed)
{
	*p = (struct path){ .now_ns = 0 };
	p->rng.x = seed;
	p->distance = 2 + (unsigned int)(rng_next(&p->rng) % (MAX - 4));
	p->at = 1 + (unsigned int)(rng_next(&p->rng) % (p->distance - 1));
	p->behind = rng_next(&p->rng) % 2;
}

TEST(interval_has_the_fault)
{
	unsigned int wrong = 0, runs = 0;

	for (uint64_t seed = 1; seed < RNG_ROUNDS(20000); seed++, runs++) {
		struct path p;
		unsigned int more, spent;
		struct locate *l;
		struct locate_found found;

		draw_path(&p, seed);
		/* A quote that is too short would not show that the option is gone. */
		p.fault = seed % 2 ? DROP : RESET;
		make_hops(&p, 25, 20, 25);
		more = (unsigned int)rng_below(&p.rng, 5);
		spent = 4 + (unsigned int)rng_below(&p.rng, 20);
		l = located(&p, LOCATE_DROP, answer_ttl(&p, (int)more - 2), spent);
		found = locate_found(l);
		wrong += found.is_wrong && (found.low >= truth(&p)
					    || (found.high && found.high < truth(&p)));
		free(l);
	}
	/* A limit with a reserve may answer each plain SYN alone, by chance. */
	ck_assert_msg(wrong * 5000 <= runs, "%u of %u", wrong, runs);
}

/* Whatever the limit: it does not make a fault of a hop that there is none at. */
TEST(limits_are_no_faults)
{
	for (unsigned int ms = 20; ms < 12000; ms += 7)
		for (unsigned int burst = 1; burst <= 6; burst++) {
			struct path p = { .distance = 12 };
			struct locate *l;
			struct locate_found found;

			for (unsigned int t = 1; t < p.distance; t++)
				p.hop[t] = (struct hop){
					.per_s = 1000.0 / ms, .burst = burst, .tokens = burst,
				};
			l = located(&p, LOCATE_DROP, answer_ttl(&p, 0), 8);
			found = locate_found(l);
			ck_assert_msg(found.high == 12 || !found.high, "%u ms, %u: %u, %u",
				      ms, burst, found.low, found.high);
			free(l);
		}
}

static const enum fault beside[] = { NONE, DROP };

/* Losses by chance, at 3 %: hardly ever is a hop blamed for them, or the wrong one. */
TEST_EACH(losses_are_no_faults, beside)
{
	unsigned int wrong = 0, runs = 0;

	for (uint64_t seed = 1; seed < RNG_ROUNDS(5000); seed++, runs++) {
		struct path p;
		struct locate *l;
		struct locate_found found;

		draw_path(&p, seed);
		p.fault = *row;
		p.loss = 0.03;
		make_hops(&p, 10, 20, 10);
		l = located(&p, LOCATE_DROP, answer_ttl(&p, 0), 8);
		found = locate_found(l);
		if (*row == NONE)
			wrong += found.high && found.high < p.distance;
		else
			wrong += found.high && (found.high < truth(&p) || found.low >= truth(&p));
		free(l);
	}
	ck_assert_msg(wrong * 1000 <= runs, "%u of %u", wrong, runs);
}

/* ---- limits -------------------------------------------------------------------------------- */

TEST(nothing_is_left_to_spend)
{
	struct path p = { .distance = 9, .fault = DROP, .at = 4 };
	struct locate *l = located(&p, LOCATE_DROP, answer_ttl(&p, 0), LOCATE_SYNS_MAX);
	struct locate_found found = locate_found(l);

	ck_assert_uint_eq(p.syns, 0);
	ck_assert_uint_eq(found.hops, 0);
	ck_assert(!found.is_wrong);
	free(l);
}

/* The target is farther than the largest TTL: what is on the way so far is told. */
TEST(farther_than_it_goes)
{
	struct path p = { .distance = MAX + 6, .fault = DROP, .at = 20 };
	struct locate *l = located(&p, LOCATE_DROP, answer_ttl(&p, 0), 8);
	struct locate_found found = locate_found(l);

	ck_assert_uint_eq(found.hops, 0);
	ck_assert_uint_eq(found.low, 19);
	ck_assert_uint_eq(found.high, 20);
	free(l);
}

/* ---- what comes late ----------------------------------------------------------------------- */

static struct locate_probe send_next(struct locate *l)
{
	struct locate_probe probe;

	ck_assert(locate_next(l, &probe));
	locate_send(l, &probe);
	return probe;
}

/* An answer after its time-out takes back what the silence was taken for. */
TEST(late_answer_counts)
{
	struct path p = { .distance = 3, .fault = DROP, .at = 1 };
	struct locate *l = located(&p, LOCATE_DROP, answer_ttl(&p, 0), 8);
	const struct locate_answer a = { .came = LOCATE_EXCEEDED, .from = hop_addr(1) };
	const struct locate_probe late = { .ttl = 1, .feature = true };

	ck_assert_uint_eq(locate_found(l).high, 1);
	ck_assert_uint_eq(l->hop[1].state, LOCATE_MISSING);
	locate_take_late(l, &late, &a);
	ck_assert_uint_eq(locate_found(l).low, 1);
	free(l);
}

/* A box that injects a RST and lets the SYN pass: whichever comes first. */
TEST(reset_beside_the_hop)
{
	const struct locate_answer hop = { .came = LOCATE_EXCEEDED, .from = hop_addr(2) };
	const struct locate_answer rst = { .came = LOCATE_RST };
	const struct locate_answer synack = { .came = LOCATE_SYNACK };

	for (int order = 0; order < 2; order++) {
		struct locate *l = calloc(1, locate_size(MAX));
		struct locate_probe probe;

		locate_init(l, LOCATE_DROP, MAX, 62, 8);
		while (!(probe = send_next(l)).feature)
			locate_take(l, &probe, probe.ttl >= 3 ? &synack : &hop);
		locate_take(l, &probe, order ? &rst : &hop);
		locate_take_late(l, &probe, order ? &hop : &rst);
		ck_assert_uint_eq(l->hop[probe.ttl].state, LOCATE_BROKEN);
		free(l);
	}
}

/* Plain SYNs answered late: the hop is tried on, or the target is nearer than it seemed. */
TEST(late_answers_to_plain_syns)
{
	struct path p = { .distance = 4, .fault = DROP, .at = 2 };
	const struct locate_answer hop = { .came = LOCATE_EXCEEDED, .from = hop_addr(2) };
	const struct locate_answer synack = { .came = LOCATE_SYNACK };
	const struct locate_probe two = { .ttl = 2 }, three = { .ttl = 3 };
	struct locate_probe next;
	struct locate *l;

	for (unsigned int t = 1; t < 4; t++)
		p.hop[t].is_silent = true;
	l = located(&p, LOCATE_DROP, answer_ttl(&p, 0), 8);
	ck_assert_uint_eq(locate_found(l).hops, 4);
	ck_assert_uint_eq(locate_found(l).low, 0);
	locate_take_late(l, &two, &hop);
	ck_assert(locate_next(l, &next) && next.ttl == 2 && !next.feature);
	locate_take_late(l, &three, &synack);
	ck_assert_uint_eq(locate_found(l).hops, 3);
	free(l);
}
