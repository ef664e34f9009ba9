/* setup: what needs no interface: reading a capture, and engines that send nothing. */
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "capture.h"
#include "config/config.h"
#include "err.h"
#include "setup/resume.h"
#include "setup/setup.h"
#include "state/cookie_store.h"
#include "targets/targets.h"
#include "wire/tx.h"

#define PREFIX "198.18.0.0/24"

/* A configuration and what was set up of it. */
struct scan {
	char *words[3], target[64];
	uint16_t port;
	struct config c;
	struct setup setup;
	int status;
	struct err e;
};

static struct resume resume;	/* no checkpoint */

static struct scan scan, other;

/* A capture without a packet, once for all. */
static const char *empty_capture(void)
{
	if (!file.path[0]) {
		capture_begin(MAGIC_NS, LINK_ETHERNET);
		scratch_open(&file, capture, capture_len);
	}
	return file.path;
}

/* Reading a capture of a scan of target. */
static struct config *configure(struct scan *s, const char *target)
{
	memset(s, 0, sizeof(*s));
	snprintf(s->target, sizeof(s->target), "%s", target);
	s->words[0] = s->target;
	s->port = 443;
	s->c = (struct config){
		.targets.words = s->words, .targets.n = 1, .targets.ports = { &s->port, 1 },
		.targets.shards = 1,
		.targets.no_default_blocklist = true, .probing.retries = CONFIG_RETRIES_AUTO,
		.probing.timeout_ns = 3 * NS_PER_S, .rate.cooldown_ns = 8 * NS_PER_S,
		.rate.pps = 10000,
		.network.port_first = 10000, .network.port_last = 32767, .network.tx = "null",
		.network.rx = "pcap",
		.network.rx_file = empty_capture(), .output.rows = ROWS_REPLY,
		.probing.payload = { .type = PAYLOAD_AUTO },
	};
	return &s->c;
}

/* The same, as a scan from three addresses whose packets go nowhere. */
static struct config *configure_null(struct scan *s, const char *target)
{
	struct config *c = configure(s, target);

	c->network.rx_file = NULL;
	c->network.nsources = 3;
	for (uint32_t i = 0; i < 3; i++)
		c->network.sources[i] = addr_from_v4(0xc6130001 + i);
	return c;
}

static const struct shared *set_up(struct scan *s)
{
	ck_assert_msg(setup_init(&s->setup, &s->c, &resume, &s->status, &s->e) == 0, "%s",
		      s->e.msg);
	return &s->setup.shared;
}

TEST(what_it_stands_on)
{
	struct config *c = configure(&scan, PREFIX);
	const struct shared *s;

	c->network.nsources = 3;
	for (uint32_t i = 0; i < 3; i++)
		c->network.sources[i] = i < 2 ? addr_from_v4(0xc6130001 + i) : (struct addr){ 2,
											     i };
	s = set_up(&scan);
	ck_assert_ptr_eq(s->facts.config, c);
	ck_assert_ptr_eq(s->facts.targets, scan.setup.targets);
	ck_assert_uint_eq(targets_counts(s->facts.targets)->total, 256);
	ck_assert_uint_eq(s->facts.order.positions, 256);
	ck_assert_uint_eq(scan.setup.run.targets, 256);
	ck_assert_ptr_null(s->facts.store);
	ck_assert_ptr_null(s->capture);
	ck_assert_ptr_null(scan.setup.tx);
	ck_assert(s->facts.wire);
	ck_assert_int_eq(s->facts.wall_offset_ns, 0);		/* a capture's clock is Unix time */
	ck_assert_uint_eq(s->facts.nsources[0], 2);
	ck_assert_uint_eq(s->facts.nsources[1], 1);
	ck_assert_uint_eq(ring_count(&s->senders[0].followups), 0);
	ck_assert_uint_eq(ring_count(&s->senders[0].segments), 0);
	ck_assert_uint_eq(atomic_load(&s->stamps[s->facts.slots - 1]), 0);
	ck_assert_uint_eq(scan.setup.run.table_slots, s->facts.slots);
	ck_assert_uint_eq(scan.setup.run.window_slots, s->senders[0].window.slots);
	setup_free(&scan.setup);
}

static const struct {
	const char *target;
	int given;
	unsigned int retries;
} kinds_of_targets[] = {
	{ PREFIX, CONFIG_RETRIES_AUTO, 0 }, { "198.18.0.1", CONFIG_RETRIES_AUTO, 2 },
	{ "198.18.0.1:80", CONFIG_RETRIES_AUTO, 2 }, { PREFIX, 5, 5 }, { PREFIX, 15, 15 },
	{ "198.18.0.1", 0, 0 },
};

TEST_EACH(retries_by_the_kind_of_targets, kinds_of_targets)
{
	const struct shared *s;

	configure(&scan, row->target)->probing.retries = row->given;
	s = set_up(&scan);
	ck_assert_msg(s->facts.plan.retries == row->retries, "%s, %d: %u",
		      row->target,
		      row->given, s->facts.plan.retries);
	ck_assert_uint_eq(s->senders[0].window.passes, row->retries + 1);
	ck_assert_uint_eq(scan.setup.run.retries, row->retries);
	setup_free(&scan.setup);
}

TEST(sample_and_shards)
{
	static const struct {
		uint64_t max;
		double share;
		uint32_t shards, shard;
		uint64_t positions;
	} cases[] = {
		{ 0, 0, 1, 0, 256 }, { 10, 0, 1, 0, 10 }, { 1000, 0, 1, 0, 256 },
		{ 0, 0, 3, 0, 86 }, { 0, 0, 3, 2, 85 }, { 10, 0, 4, 1, 3 }, { 10, 0, 4, 3, 2 },
		{ 2, 0, 4, 3, 0 }, { 0, 0.5, 1, 0, 128 }, { 0, 1, 1, 0, 256 },
		{ 0, 0.1, 1, 0, 26 }, { 0, 0.00001, 1, 0, 1 }, { 0, 0.5, 3, 2, 42 },
	};

	for (size_t i = 0; i < N_OF(cases); i++) {
		struct config *c = configure(&scan, PREFIX);

		c->targets.max = cases[i].max;
		c->targets.max_share = cases[i].share;
		c->targets.shards = cases[i].shards;
		c->targets.shard = cases[i].shard;
		ck_assert_msg(set_up(&scan)->facts.order.positions == cases[i].positions,
			      "case %zu: %ju",
			      i,
			      (uintmax_t)scan.setup.shared.facts.order.positions);
		setup_free(&scan.setup);
	}
}

/* ---- seed and key -------------------------------------------------------------------------- */

static bool same_order(const struct shared *a, const struct shared *b)
{
	for (uint64_t k = 0; k < a->facts.order.positions; k++)
		if (order_target(&a->facts.order, k) != order_target(&b->facts.order, k))
			return false;
	return true;
}

static bool same_tags(const struct shared *a, const struct shared *b)
{
	struct addr src = addr_from_v4(0xc6130001), dst = addr_from_v4(0xc6120001);
	struct validate_tag m = validate_tag(&a->facts.validator, src, dst, 443, PROBE_REQUEST, 0);
	struct validate_tag n = validate_tag(&b->facts.validator, src, dst, 443, PROBE_REQUEST, 0);

	return m.seq == n.seq && m.sport == n.sport;
}

static bool same_sources(const struct shared *a, const struct shared *b)
{
	for (uint64_t x = 0; x < 256; x++) {
		struct target t = targets_at(a->facts.targets, x);

		if (!addr_eq(facts_source(&a->facts, &t), facts_source(&b->facts, &t)))
			return false;
	}
	return true;
}

static void give_seed(struct config *c, uint64_t seed)
{
	c->targets.seed = seed;
	c->targets.seed_set = true;
}

static void give_key(struct config *c)
{
	memcpy(c->network.key, "sixteen bytes...", 16);
	c->network.key_set = true;
}

/* The seed orders, and nothing else; the key is the secret, and what a saved scan is read by. */
TEST(seed_and_key)
{
	const struct shared *a, *b;

	give_seed(configure_null(&scan, PREFIX), 7);
	give_key(&scan.c);
	a = set_up(&scan);
	ck_assert_uint_eq(scan.setup.run.seed, 7);
	ck_assert_mem_eq(scan.setup.run.key, "sixteen bytes...", 16);

	give_seed(configure_null(&other, PREFIX), 7);
	b = set_up(&other);
	ck_assert(same_order(a, b));
	ck_assert(!same_tags(a, b));
	ck_assert(!same_sources(a, b));
	setup_free(&other.setup);

	give_seed(configure_null(&other, PREFIX), 8);
	give_key(&other.c);
	b = set_up(&other);
	ck_assert(!same_order(a, b));
	ck_assert(same_tags(a, b));
	ck_assert(same_sources(a, b));
	setup_free(&other.setup);
	setup_free(&scan.setup);
}

/* What is not given is new each time, and told, so that it can be given. */
TEST(seed_and_key_by_chance)
{
	const struct shared *a, *b;

	configure_null(&scan, PREFIX);
	configure_null(&other, PREFIX);
	a = set_up(&scan);
	b = set_up(&other);
	ck_assert(!same_order(a, b));
	ck_assert(!same_tags(a, b));
	setup_free(&other.setup);

	give_seed(configure_null(&other, PREFIX), scan.setup.run.seed);
	memcpy(other.c.network.key, scan.setup.run.key, 16);
	other.c.network.key_set = true;
	b = set_up(&other);
	ck_assert(same_order(a, b));
	ck_assert(same_tags(a, b));
	ck_assert(same_sources(a, b));
	setup_free(&other.setup);
	setup_free(&scan.setup);
}

/* ---- the rest ------------------------------------------------------------------------------ */

TEST(payload_none)
{
	configure(&scan, PREFIX)->probing.payload.type = PAYLOAD_NONE;
	ck_assert(!set_up(&scan)->facts.plan.payload);
	setup_free(&scan.setup);
	configure(&scan, PREFIX);
	ck_assert(set_up(&scan)->facts.plan.payload);
	setup_free(&scan.setup);
}

TEST(cookie_file)
{
	struct scratch list;
	const struct shared *s;

	scratch_text(&list, "source_ip,ip,port,kind,cookie,time\n"
		     "198.19.0.1,198.18.0.9,443,34,0102030405060708,2026-01-01T00:00:00Z\n");
	configure(&scan, PREFIX)->probing.cookie_file = list.path;
	s = set_up(&scan);
	ck_assert_ptr_nonnull(s->facts.store);
	ck_assert_uint_eq(cookie_store_count(s->facts.store), 1);
	setup_free(&scan.setup);
	scratch_close(&list);
}

/* ---- send threads -------------------------------------------------------------------------- */

/* What is one file is of one thread: a saved capture, the one that is read, packets to a file. */
TEST(one_sender_for_a_file)
{
	struct config *c;

	for (int i = 0; i < 4; i++) {
		c = configure_null(&scan, "198.18.0.0/15");
		c->rate.pps = 0;
		c->network.threads = 4;
		c->network.save_pcap = i == 1 ? "/nonexistent/pcap" : NULL;
		c->network.rx_file = i == 2 ? empty_capture() : NULL;
		c->network.tx = i == 3 ? "pcap" : "null";
		ck_assert_uint_eq(set_up(&scan)->nsenders, i == 0 ? 4 : 1);
		ck_assert_uint_eq(scan.setup.run.threads, i == 0 ? 4 : 1);
		setup_free(&scan.setup);
	}
}

/* An engine without a sweeper is not asked for what only that needs. */
TEST(engine_as_named)
{
	configure_null(&scan, PREFIX);
	set_up(&scan);
	ck_assert_str_eq(scan.setup.run.engine, "null");
	ck_assert_str_eq(scan.setup.tx->name, "null");
	ck_assert_ptr_null(scan.setup.rx);
	setup_free(&scan.setup);
	/* Nothing answers: there is nothing to receive. */
	configure_null(&scan, PREFIX)->network.rx = "xdp";
	set_up(&scan);
	ck_assert_ptr_null(scan.setup.rx);
	setup_free(&scan.setup);
}

/* An input error is exit status 1, and its message names the cause. */
static void refused(const char *say)
{
	ck_assert_int_lt(setup_init(&scan.setup, &scan.c, &resume, &scan.status, &scan.e), 0);
	ck_assert_int_eq(scan.status, 1);
	ck_assert_msg(strstr(scan.e.msg, say), "%s: %s", say, scan.e.msg);
	setup_free(&scan.setup);
}

TEST(refuses)
{
	configure(&scan, PREFIX)->network.port_last = 10003;
	refused("10000-10003");
	configure(&scan, PREFIX)->probing.retries = 15;
	scan.c.network.port_last = 10046;
	refused("at least 48");
	configure(&scan, PREFIX)->targets.list_file = "/nonexistent/list";
	refused("/nonexistent/list");
	configure(&scan, PREFIX)->probing.cookie_file = "/proc/self";
	refused("/proc/self");
	configure(&scan, "198.18.0.1/24");
	refused("198.18.0.1/24");
}
