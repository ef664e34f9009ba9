/* Random words, lines, allow and block lists, against a model that is too simple to be wrong. */
#include <errno.h>

#include "loaded.h"
#include "rng.h"
#include "text.h"
#include "unit.h"

#define UNIVERSE	64	/* addresses 198.18.0.0..63, and as many of IPv6 */
#define PORTS		4

static const uint16_t all_ports[PORTS] = { 22, 80, 443, 8080 };

struct model {
	unsigned int named[2 * UNIVERSE][PORTS];	/* how often */
	bool allowed[2 * UNIVERSE], blocked[2 * UNIVERSE];
	bool left_out[2 * UNIVERSE];	/* once they are loaded */
	bool port_list[PORTS];
};

static struct addr model_addr(unsigned int a)
{
	return a < UNIVERSE ? addr_from_v4(0xc6120000u + a) :
			      (struct addr){ 0x2001000200000000ull, a - UNIVERSE };
}

/* Adds a random prefix to out as text, and to the addresses first..*last of the model. */
static unsigned int random_prefix(struct rng *r, struct text *out, unsigned int *last)
{
	unsigned int bits = (unsigned int)rng_below(r, 4);
	unsigned int a = (unsigned int)rng_below(r, 2 * UNIVERSE) >> bits << bits;
	char buf[ADDR_STRLEN];

	addr_format(model_addr(a), buf);
	text_add(out, "%s/%u", buf, (a < UNIVERSE ? 32 : 128) - bits);
	*last = a + (1u << bits) - 1;
	return a;
}

static void random_set(struct rng *r, bool set[2 * UNIVERSE], struct text *out)
{
	unsigned int n = (unsigned int)rng_below(r, 20), last;

	for (unsigned int i = 0; i < n; i++) {
		for (unsigned int a = random_prefix(r, out, &last); a <= last; a++)
			set[a] = true;
		text_add(out, "\n");
	}
}

/* An address, maybe with a port of its own: a word, or a line. */
static void random_entry(struct rng *r, struct model *m, struct text *out, bool comma)
{
	unsigned int a = (unsigned int)rng_below(r, 2 * UNIVERSE);
	unsigned int p = (unsigned int)rng_below(r, PORTS + 1);
	char buf[ADDR_STRLEN];

	addr_format(model_addr(a), buf);
	if (comma && rng_below(r, 2))
		text_add(out, p < PORTS ? "%s,%u,x.example" : "%s", buf, p < PORTS ?
			 all_ports[p] : 0);
	else if (p < PORTS)
		text_add(out, a < UNIVERSE ? "%s:%u" : "[%s]:%u", buf, all_ports[p]);
	else
		text_add(out, "%s", buf);
	for (unsigned int k = 0; k < PORTS; k++)
		m->named[a][k] += p < PORTS ? p == k : m->port_list[k];
}

static void random_words(struct rng *r, struct model *m)
{
	unsigned int n = (unsigned int)rng_below(r, 12), last;

	for (unsigned int i = 0; i < n; i++) {
		char buf[128];
		struct text out;

		text_init(&out, buf, sizeof(buf));
		if (rng_below(r, 2)) {
			random_entry(r, m, &out, false);
		} else {
			for (unsigned int a = random_prefix(r, &out, &last); a <= last; a++) {
				for (unsigned int k = 0; k < PORTS; k++)
					m->named[a][k] += m->port_list[k];
			}
		}
		word(buf);
	}
}

static void random_case(struct rng *r, struct model *m)
{
	static char allow[4096], block[4096], lines[16384];
	struct text out;

	reset();
	*m = (struct model){ .port_list = { false } };
	config.targets.ports.n = 0;
	for (unsigned int k = 0; k < PORTS; k++) {
		m->port_list[k] = rng_below(r, 2);
		if (m->port_list[k])
			ports[config.targets.ports.n++] = all_ports[k];
	}
	if (config.targets.ports.n == 0) {
		m->port_list[0] = true;
		ports[config.targets.ports.n++] = all_ports[0];
	}
	config.targets.ipv4_only = rng_below(r, 4) == 0;
	config.targets.ipv6_only = !config.targets.ipv4_only && rng_below(r, 4) == 0;
	random_words(r, m);
	text_init(&out, block, sizeof(block));
	text_add(&out, "# blocked\n");
	random_set(r, m->blocked, &out);
	config.targets.blocklist_file = file(block);
	text_init(&out, lines, sizeof(lines));
	text_add(&out, "# lines\n");
	for (uint64_t n = rng_below(r, 80); n; n--) {
		random_entry(r, m, &out, true);
		text_add(&out, "\n");
	}
	config.targets.list_file = file(lines);
	if (rng_below(r, 2)) {
		text_init(&out, allow, sizeof(allow));
		text_add(&out, "# allowed\n");
		random_set(r, m->allowed, &out);
		config.targets.allowlist_file = file(allow);
	} else {
		memset(m->allowed, true, sizeof(m->allowed));
	}
}

/* Whether the pair is where it has to be: in, with an index that leads back to it, or out. */
static bool pair_is_right(struct addr ip, uint16_t port, bool in)
{
	struct target t;
	uint64_t i;

	if (targets_index(targets, ip, port, &i) != in)
		return false;
	if (!in)
		return true;
	if (i >= counts->total)
		return false;
	t = targets_at(targets, i);
	return addr_eq(t.ip, ip) && t.port == port;
}

static bool is_other_family(unsigned int a)
{
	return a < UNIVERSE ? config.targets.ipv6_only : config.targets.ipv4_only;
}

static bool is_loaded(const struct model *m, unsigned int a)
{
	return !is_other_family(a) && m->allowed[a] && !m->blocked[a];
}

/* An assertion costs a write. */
static void check_pairs(const struct model *m)
{
	bool v4 = false, v6 = false;

	for (unsigned int a = 0; a < 2 * UNIVERSE; a++) {
		for (unsigned int k = 0; k < PORTS; k++) {
			bool in = m->named[a][k] && is_loaded(m, a) && !m->left_out[a];

			if (!pair_is_right(model_addr(a), all_ports[k], in))
				ck_abort_msg("address %u, port %u", a, all_ports[k]);
			v4 |= in && a < UNIVERSE;
			v6 |= in && a >= UNIVERSE;
		}
	}
	ck_assert_int_eq(targets_have_v4(targets), v4);
	ck_assert_int_eq(targets_have_v6(targets), v6);
}

/* What the model says of the counts, then of each pair. False: no target is left. */
static bool check_model(const struct model *m)
{
	uint64_t total = 0, merged = 0, outside = 0, blocked = 0, other_family = 0;
	struct err e = { "" };

	for (unsigned int a = 0; a < 2 * UNIVERSE; a++) {
		for (unsigned int k = 0; k < PORTS; k++) {
			bool family = !is_other_family(a);

			if (m->named[a][k] == 0)
				continue;
			merged += m->named[a][k] - 1;
			other_family += !family;
			outside += family && !m->allowed[a];
			blocked += family && m->allowed[a] && m->blocked[a];
			total += is_loaded(m, a);
		}
	}
	if (total == 0) {
		ck_assert_int_eq(targets_load(&targets, &config, NULL, &e), -EINVAL);
		return false;
	}
	load();
	ck_assert_uint_eq(counts->total, total);
	ck_assert_uint_eq(counts->merged, merged);
	ck_assert_uint_eq(counts->other_family, other_family);
	ck_assert_uint_eq(counts->outside, outside);
	ck_assert_uint_eq(counts->blocked, blocked);
	check_pairs(m);
	return true;
}

/* Some of what is loaded goes; what is left has a new index. */
static void check_leave_out(struct rng *r, struct model *m)
{
	uint64_t total = counts->total, n = 0, no_route = 0;
	struct prefixset out;

	prefixset_init(&out);
	for (unsigned int a = 0; a < 2 * UNIVERSE; a++) {
		m->left_out[a] = rng_below(r, 3) == 0;
		if (m->left_out[a])
			ck_assert_int_eq(prefixset_add(&out, model_addr(a), model_addr(a)), 0);
		for (unsigned int k = 0; k < PORTS; k++)
			n += m->left_out[a] && m->named[a][k] && is_loaded(m, a);
	}
	prefixset_seal(&out);
	if (n < total) {
		ck_assert_int_eq(targets_leave_out(targets, &out, &no_route), 0);
		ck_assert_uint_eq(no_route, n);
		ck_assert_uint_eq(counts->total, total - n);
		ck_assert_uint_eq(counts->total, counts->from_prefixes + counts->from_list);
		check_pairs(m);
	}
	prefixset_free(&out);
}

TEST_AROUND(open_config, reset)

TEST_TIMES(agrees_with_the_model, 10)
{
	static struct model m;
	struct rng r = { (uint64_t)_i + 1 };

	for (int i = 0; i < RNG_ROUNDS(200); i++) {
		random_case(&r, &m);
		if (check_model(&m))
			check_leave_out(&r, &m);
	}
}
