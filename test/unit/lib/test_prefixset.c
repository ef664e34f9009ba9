#include "unit.h"

#include <stdbool.h>
#include <string.h>

#include "prefixset.h"
#include "rng.h"

static struct addr parse(const char *s)
{
	struct addr a;

	ck_assert_msg(addr_parse(&a, s) == 0, "%s was refused", s);
	return a;
}

/* Adds the prefixes and ranges ("first-last") of a list with blanks between, and seals. */
static void fill(struct prefixset *s, const char *list)
{
	char buf[512], *item, *rest = buf;

	ck_assert_uint_lt(strlen(list), sizeof(buf));
	memcpy(buf, list, strlen(list) + 1);
	prefixset_init(s);
	while ((item = strsep(&rest, " "))) {
		char *dash = strchr(item, '-');
		struct addr first, last;

		if (!*item)
			continue;
		if (dash) {
			*dash = '\0';
			first = parse(item);
			last = parse(dash + 1);
		} else {
			ck_assert_int_eq(addr_parse_prefix(&first, &last, item, NULL), 0);
		}
		ck_assert_int_eq(prefixset_add(s, first, last), 0);
	}
	prefixset_seal(s);
}

/* The one form of a sealed set: sorted ranges that do not touch, and their counts. */
static void check_form(const struct prefixset *s)
{
	uint64_t count = 0;

	for (size_t i = 0; i < s->n; i++) {
		const struct prefixset_range *r = &s->v[i];
		uint64_t len = addr_diff(r->last, r->first);

		len += len < UINT64_MAX;
		if (addr_cmp(r->first, r->last) > 0 || r->before != count ||
		    (i > 0 && addr_cmp(addr_add(r[-1].last, 1), r->first) >= 0))
			ck_abort_msg("range %zu of %zu", i, s->n);
		count = count + len < count ? UINT64_MAX : count + len;
	}
	ck_assert_uint_eq(s->count, count);
}

static void check_equal(const struct prefixset *s, const char *list)
{
	struct prefixset want;

	fill(&want, list);
	check_form(s);
	ck_assert_uint_eq(s->n, want.n);
	ck_assert_uint_eq(s->count, want.count);
	for (size_t i = 0; i < s->n; i++) {
		ck_assert(addr_eq(s->v[i].first, want.v[i].first));
		ck_assert(addr_eq(s->v[i].last, want.v[i].last));
	}
	prefixset_free(&want);
}

/* ---- by example ---- */

TEST(merges)
{
	struct prefixset s;

	fill(&s, "198.18.1.0/24 198.18.0.0/24 198.18.0.7 2001:2::/64 198.18.3.0/24 198.18.3.0/24");
	ck_assert_uint_eq(s.n, 3);
	check_equal(&s, "198.18.0.0/23 198.18.3.0/24 2001:2::/64");
	ck_assert_uint_eq(s.count, UINT64_MAX);
	/* More may be added to a sealed set, and sealed again. */
	ck_assert_int_eq(prefixset_add(&s, parse("198.18.2.0"), parse("198.18.2.255")), 0);
	prefixset_seal(&s);
	check_equal(&s, "198.18.0.0/22 2001:2::/64");
	prefixset_free(&s);
	ck_assert_uint_eq(s.n, 0);
	ck_assert_ptr_null(s.v);
}

#define TOP "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
#define TOP1 "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe"
#define ALL4 "0.0.0.0/0"
#define ALL6 "::/0"

static const struct {
	const char *list;
	uint64_t count;
} counts[] = {
	{ "", 0 },
	{ "198.18.0.1", 1 },
	{ "::", 1 },
	{ TOP, 1 },
	{ ":: " TOP, 2 },
	{ ALL4, 1ull << 32 },
	{ "0.0.0.0/1 128.0.0.0/1 10.0.0.0/8", 1ull << 32 },
	{ ALL4 " 2001:2::/96", 1ull << 33 },
	{ ALL6, UINT64_MAX },
	{ ALL6 " " ALL4, UINT64_MAX },
	{ "::/1 8000::/1", UINT64_MAX },
	{ "2001:2::/64", UINT64_MAX },			/* 2^64 */
	{ "2001:2::1-2001:2::ffff:ffff:ffff:ffff", UINT64_MAX },	/* 2^64 - 1 */
	{ "2001:2::2-2001:2::ffff:ffff:ffff:ffff", UINT64_MAX - 1 },
	{ "2001:2::/65", 1ull << 63 },
	{ "2001:2::/65 2001:3::/65", UINT64_MAX },
	{ "2001:2::/65 2001:3::1-2001:3::7fff:ffff:ffff:ffff", UINT64_MAX },
	{ "2001:2::/65 2001:3::2-2001:3::7fff:ffff:ffff:ffff", UINT64_MAX - 1 },
	{ "::-::ffff:ffff:ffff:fffd", UINT64_MAX - 1 },
	{ "ffff:ffff:ffff:ffff::2-" TOP, UINT64_MAX - 1 },
};

TEST_EACH(counts_and_saturates, counts)
{
	struct prefixset s;

	fill(&s, row->list);
	check_form(&s);
	ck_assert_uint_eq(s.count, row->count);
	/* Where places fit, the first and the last lead there and back. */
	if (s.count > 0 && s.count < UINT64_MAX) {
		uint64_t rank = 9;

		ck_assert(addr_eq(prefixset_nth(&s, 0), s.v[0].first));
		ck_assert(prefixset_rank(&s, s.v[0].first, &rank));
		ck_assert_uint_eq(rank, 0);
		ck_assert(addr_eq(prefixset_nth(&s, s.count - 1), s.v[s.n - 1].last));
		ck_assert(prefixset_rank(&s, s.v[s.n - 1].last, &rank));
		ck_assert_uint_eq(rank, s.count - 1);
	}
	prefixset_free(&s);
}

static const struct {
	const char *a, *b, *minus, *both;
} pairs[] = {
	{ "", "", "", "" },
	{ "", ALL6, "", "" },
	{ ALL6, "", ALL6, "" },
	{ ALL6, ALL6, "", ALL6 },
	{ ALL4, ALL6, "", ALL4 },
	{ ALL6, ALL4, "::-::fffe:ffff:ffff ::1:0:0:0-" TOP, ALL4 },
	{ ALL6, "::", "::1-" TOP, "::" },
	{ ALL6, TOP, "::-" TOP1, TOP },
	{ ALL6, ":: " TOP, "::1-" TOP1, ":: " TOP },
	{ ALL6, "::1-" TOP1, ":: " TOP, "::1-" TOP1 },
	{ ":: " TOP, ALL6, "", ":: " TOP },
	{ ":: " TOP, "::1-" TOP1, ":: " TOP, "" },
	{ "::", "::", "", "::" },
	{ TOP, TOP, "", TOP },
	{ ALL4, "0.0.0.0", "0.0.0.1-255.255.255.255", "0.0.0.0" },
	{ ALL4, "255.255.255.255", "0.0.0.0-255.255.255.254", "255.255.255.255" },
	/* Ends where the lower 64 bits wrap. */
	{ ALL6, "8000::/1", "::/1", "8000::/1" },
	{ ALL6, "::/1", "8000::/1", "::/1" },
	/* Neighbours outside are left alone. */
	{ ALL4, "::fffe:ffff:ffff ::1:0:0:0", ALL4, "" },
	/* One range of b over several of a, and the other way round. */
	{ "10.0.0.0/24 10.0.2.0/24 10.0.4.0/24", "10.0.0.128-10.0.4.127",
	  "10.0.0.0/25 10.0.4.128/25", "10.0.0.128/25 10.0.2.0/24 10.0.4.0/25" },
	{ "10.0.0.128-10.0.4.127", "10.0.0.0/24 10.0.2.0/24 10.0.4.0/24",
	  "10.0.1.0/24 10.0.3.0/24", "10.0.0.128/25 10.0.2.0/24 10.0.4.0/25" },
	{ "10.0.0.0/30", "10.0.0.1 10.0.0.3", "10.0.0.0 10.0.0.2", "10.0.0.1 10.0.0.3" },
	/* Crossing the border between IPv4 and what lies above it. */
	{ "255.255.255.0-::1:0:0:ff", "255.255.255.255-::1:0:0:0",
	  "255.255.255.0-255.255.255.254 ::1:0:0:1-::1:0:0:ff", "255.255.255.255-::1:0:0:0" },
};

TEST_EACH(subtracts_and_intersects, pairs)
{
	struct prefixset s, b;

	fill(&b, row->b);
	fill(&s, row->a);
	ck_assert_int_eq(prefixset_subtract(&s, &b), 0);
	check_equal(&s, row->minus);
	prefixset_free(&s);
	fill(&s, row->a);
	ck_assert_int_eq(prefixset_intersect(&s, &b), 0);
	check_equal(&s, row->both);
	prefixset_free(&s);
	/* Either way round, the intersection is the same. */
	fill(&s, row->a);
	ck_assert_int_eq(prefixset_intersect(&b, &s), 0);
	check_equal(&b, row->both);
	prefixset_free(&s);
	prefixset_free(&b);
}

TEST(with_itself)
{
	struct prefixset s;

	fill(&s, "198.18.0.0/24 2001:2::/48");
	ck_assert_int_eq(prefixset_intersect(&s, &s), 0);
	check_equal(&s, "198.18.0.0/24 2001:2::/48");
	ck_assert_int_eq(prefixset_subtract(&s, &s), 0);
	check_equal(&s, "");
	prefixset_free(&s);
}

TEST(empty_has_nothing)
{
	struct prefixset s;
	uint64_t rank = 7;

	fill(&s, "");
	ck_assert(!prefixset_contains(&s, parse("::")));
	ck_assert(!prefixset_rank(&s, parse("198.18.0.1"), &rank));
	ck_assert_uint_eq(rank, 7);
	ck_assert_ptr_null(prefixset_largest(&s));
	prefixset_free(&s);
}

TEST(ranks_beyond_64_bits_saturate)
{
	struct prefixset s;
	uint64_t rank;

	fill(&s, ALL6);
	ck_assert(prefixset_rank(&s, parse("::5"), &rank));
	ck_assert_uint_eq(rank, 5);
	ck_assert(prefixset_rank(&s, parse("::ffff:ffff:ffff:ffff"), &rank));
	ck_assert_uint_eq(rank, UINT64_MAX);
	ck_assert(prefixset_rank(&s, parse(TOP), &rank));
	ck_assert_uint_eq(rank, UINT64_MAX);
	ck_assert(prefixset_contains(&s, parse(TOP)));
	prefixset_free(&s);
	fill(&s, "198.18.0.0/16 2001:2::/64 2001:3::/64");
	ck_assert(prefixset_rank(&s, parse("2001:2::9"), &rank));
	ck_assert_uint_eq(rank, 65536 + 9);
	ck_assert(prefixset_rank(&s, parse("2001:3::7"), &rank));
	ck_assert_uint_eq(rank, UINT64_MAX);
	prefixset_free(&s);
}

static const struct {
	const char *list, *first;
} largest[] = {
	{ "198.18.0.1", "198.18.0.1" },
	{ "198.18.0.0/16 198.20.0.0/17", "198.18.0.0" },
	{ "198.18.0.0/16 2001:2::/48", "2001:2::" },
	{ "2001:2::/48 2001:3::/47 2001:6::/48", "2001:3::" },
	{ "2001:2::/64 2001:3::/63 2001:6::/64", "2001:3::" },
	{ "2001:2::/64 2001:3::1-2001:3::ffff:ffff:ffff:ffff", "2001:2::" },
	{ "2001:2::1-2001:2::ffff:ffff:ffff:ffff 2001:3::/64", "2001:3::" },
	{ "2001:1::ffff:ffff:ffff:fff0-2001:1:0:1::f 2001:2::/64", "2001:2::" },
	{ "2001:2::/64 2001:3::ffff:ffff:ffff:fff0-2001:3:0:1::f", "2001:2::" },
	{ ALL6, "::" },
};

TEST_EACH(finds_the_largest, largest)
{
	struct prefixset s;

	fill(&s, row->list);
	ck_assert(addr_eq(prefixset_largest(&s)->first, parse(row->first)));
	prefixset_free(&s);
}

/* ---- against a model ---- */

/*
 * The model is a set of points: four windows of neighbouring addresses, at both ends of the
 * address space and at both borders of IPv4, and between two windows one point that stands for
 * all the addresses there.
 */
#define WINDOW 48
#define POINTS (4 * WINDOW + 3)

static bool point_is_gap(int p)
{
	return p % (WINDOW + 1) == WINDOW;
}

static struct addr point_addr(int p)
{
	static const struct addr base[] = {
		{ 0, 0 },
		{ 0, ADDR_V4_PREFIX - WINDOW / 2 },
		{ 0, ADDR_V4_PREFIX + UINT32_MAX - WINDOW / 2 },
		{ UINT64_MAX, UINT64_MAX - (WINDOW - 1) },
	};

	/* The place after a window is as good as any in its gap. */
	return addr_add(base[p / (WINDOW + 1)], (uint64_t)(p % (WINDOW + 1)));
}

static int random_point(struct rng *rng)
{
	int p;

	do
		p = (int)rng_below(rng, POINTS);
	while (point_is_gap(p));
	return p;
}

/* A few ranges, long ones over the gaps only if asked for, into the set and into the model. */
static void random_set(struct prefixset *s, bool model[static POINTS], struct rng *rng, bool wide)
{
	int n = (int)rng_below(rng, 12);

	prefixset_init(s);
	memset(model, 0, POINTS * sizeof(*model));
	while (n-- > 0) {
		int p = random_point(rng), q = random_point(rng);

		if (!wide || rng_below(rng, 3))
			q = p + (int)rng_below(rng, WINDOW - (uint64_t)(p % (WINDOW + 1)));
		if (q < p) {
			int t = p;

			p = q;
			q = t;
		}
		if (prefixset_add(s, point_addr(p), point_addr(q)) != 0)
			ck_abort_msg("no memory");
		while (p <= q)
			model[p++] = true;
	}
	prefixset_seal(s);
}

/* The set is the model; without the gaps, place by place. */
static void check_model(const struct prefixset *s, const bool model[static POINTS])
{
	uint64_t places = 0, rank;
	bool exact = true;

	check_form(s);
	for (int p = 0; p < POINTS; p++) {
		if (prefixset_contains(s, point_addr(p)) != model[p] ||
		    prefixset_rank(s, point_addr(p), &rank) != model[p])
			ck_abort_msg("point %d", p);
		if (model[p] && exact) {
			if (rank != places || (s->count < UINT64_MAX &&
					       !addr_eq(prefixset_nth(s, places), point_addr(p))))
				ck_abort_msg("point %d, place %ju", p, (uintmax_t)places);
		}
		places += model[p];
		exact &= !(model[p] && point_is_gap(p));
	}
	if (exact)
		ck_assert_uint_eq(s->count, places);
}

TEST_TIMES(agrees_with_model, 2)
{
	struct rng rng = { 7 };

	for (int round = 0; round < RNG_ROUNDS(4000); round++) {
		bool a[POINTS], b[POINTS], minus[POINTS], both[POINTS];
		struct prefixset s, t;

		random_set(&s, a, &rng, _i);
		random_set(&t, b, &rng, _i);
		check_model(&s, a);
		for (int p = 0; p < POINTS; p++) {
			minus[p] = a[p] && !b[p];
			both[p] = a[p] && b[p];
		}
		if (round % 2) {
			ck_assert_int_eq(prefixset_subtract(&s, &t), 0);
			check_model(&s, minus);
		} else {
			ck_assert_int_eq(prefixset_intersect(&s, &t), 0);
			check_model(&s, both);
		}
		check_model(&t, b);
		prefixset_free(&s);
		prefixset_free(&t);
	}
}

/* ---- many ranges, many places ---- */

/* n ranges of IPv4 and IPv6 that do not touch, len addresses at most each, added in any order. */
static void scatter(struct prefixset *s, uint64_t n, uint64_t len)
{
	uint64_t room = 4000000000ull / n;

	ck_assert_uint_gt(room, len);
	prefixset_init(s);
	for (uint64_t i = 0; i < n; i++) {
		/* 7 and n are coprime for the n in use: each k once. */
		uint64_t k = i * 7 % n, h = k * 0x9e3779b97f4a7c15ull >> 32;
		struct addr first = k % 4 ? addr_from_v4((uint32_t)(k * room)) :
			(struct addr){ 0x2001000200000000ull + k, h << 30 };

		if (prefixset_add(s, first, addr_add(first, h % len)) != 0)
			ck_abort_msg("no memory");
	}
	prefixset_seal(s);
	check_form(s);
	ck_assert_uint_eq(s->n, n);
}

/* Place, address, place again; and the next place is a higher address. */
static void check_place(const struct prefixset *s, uint64_t rank)
{
	struct addr a = prefixset_nth(s, rank);
	uint64_t back;

	if (!prefixset_rank(s, a, &back) || back != rank ||
	    (rank + 1 < s->count && addr_cmp(a, prefixset_nth(s, rank + 1)) >= 0))
		ck_abort_msg("place %ju of %ju", (uintmax_t)rank, (uintmax_t)s->count);
}

TEST(places_of_a_million_ranges)
{
	struct rng rng = { 21 };
	struct prefixset s;

	scatter(&s, 1000000, 3);
	for (uint64_t rank = 0; rank < s.count; rank++)
		check_place(&s, rank);
	for (int i = 0; i < RNG_ROUNDS(100000); i++)
		check_place(&s, rng_below(&rng, s.count));
	prefixset_free(&s);
	/* With wide ranges as well, the places no longer fit in 32 bits. */
	scatter(&s, 100000, 39999);
	ck_assert_int_eq(prefixset_add(&s, parse("2001:4::"), parse("2001:4::7fff:ffff:ffff")), 0);
	prefixset_seal(&s);
	ck_assert_uint_gt(s.count, 1ull << 47);
	for (int i = 0; i < RNG_ROUNDS(100000); i++)
		check_place(&s, rng_below(&rng, i % 2 ? s.count : s.v[100000].before));
	prefixset_free(&s);
}
