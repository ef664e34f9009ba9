/*
 * usage: receive THREADS all|none
 *
 * What receiving alone takes: answers to two million probes that are in memory, of the same
 * number of sources as there are threads, are read as in a scan, by each thread from its own. all:
 * each becomes a row, which goes to /dev/null; none: --output-filter leaves out all rows. Prints
 * answers/s.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "config/config_parse.h"
#include "output/sink.h"
#include "records/metadata.h"
#include "receive/rx.h"
#include "setup/input.h"
#include "state/shared.h"
#include "targets/targets.h"
#include "targets/targets_load.h"
#include "wire/rx_source.h"

#define TARGETS		(1u << 21)	/* of a /11 */
#define SENDERS		2
#define ETHER_LEN	14
#define IPV4_LEN	20
#define TCP_LEN		24	/* with the option MSS */
#define FRAME_LEN	(ETHER_LEN + IPV4_LEN + TCP_LEN)
#define N_WORDS		8
#define SOURCE		0xc6130001u	/* 198.19.0.1 */
#define GOLDEN		0x9e3779b1u	/* as those that divide real answers do, by a hash */

static struct input {
	uint8_t (*frames)[FRAME_LEN];	/* heap */
	unsigned int n, at;
	uint64_t end_ns;		/* when all were taken; 0: not yet */
} sources[SENDERS];

static struct shared s;
static _Atomic unsigned int n_done;

static void must(int rc, const struct err *e)
{
	if (rc) {
		fprintf(stderr, "receive: %s\n", e->msg);
		exit(1);
	}
}

/* ---- the sources --------------------------------------------------------------------------- */

static int poll_frames(void *state, rx_frame_fn *fn, void *arg, struct err *e)
{
	struct input *from = state;
	struct rx_frame f = {
		.caplen = FRAME_LEN, .len = FRAME_LEN, .ip_caplen = FRAME_LEN - ETHER_LEN,
		.type = 0x0800, .wall_ns = clock_now_ns() + (uint64_t)s.facts.wall_offset_ns,
	};
	int n = 0;

	(void)e;
	for (; n < RX_POLL_MAX && from->at < from->n; n++, from->at++) {
		f.bytes = from->frames[from->at];
		f.ip = f.bytes + ETHER_LEN;
		fn(arg, &f);
	}
	if (n)
		return n;
	if (!from->end_ns) {
		from->end_ns = clock_now_ns();
		atomic_fetch_add(&n_done, 1);
	}
	if (atomic_load(&n_done) == s.rx.n)
		atomic_store(&s.control.stop, STOP_NOW);
	return 0;
}

static void lose_nothing(void *state, struct rx_lost *out)
{
	(void)state;
	*out = (struct rx_lost){ .capture = 0 };
}

static void have_enough(void *state)
{
	(void)state;
}

static const struct rx_ops ops = {
	.name = "memory", .poll = poll_frames, .lost = lose_nothing, .enough = have_enough,
};

/* The SYN/ACK of target t to its request, without a cookie. Nobody looks at its checksums. */
static void add_answer(const struct target *t)
{
	uint32_t ip = addr_v4(t->ip);
	struct input *to = &sources[(ip * GOLDEN >> 16) % s.rx.n];
	struct validate_tag tag = validate_tag(&s.facts.validator, addr_from_v4(SOURCE), t->ip,
					       t->port, PROBE_REQUEST, 0);
	uint8_t *v4 = to->frames[to->n++] + ETHER_LEN, *tcp = v4 + IPV4_LEN;

	put_be16(v4 - 2, 0x0800);
	v4[0] = 0x45;
	put_be16(v4 + 2, IPV4_LEN + TCP_LEN);
	v4[8] = 64;
	v4[9] = 6;
	put_be32(v4 + 12, ip);
	put_be32(v4 + 16, SOURCE);
	put_be16(tcp, t->port);
	put_be16(tcp + 2, tag.sport);
	put_be32(tcp + 4, 7);
	put_be32(tcp + 8, tag.seq + 1);
	tcp[12] = TCP_LEN / 4 << 4;
	tcp[13] = 0x12;
	put_be32(tcp + TCP_LEN - 4, 0x020405b4);
}

/* ---- the scan whose probes they answer ----------------------------------------------------- */

static void configure(struct config *c, bool rows, struct targets **targets)
{
	static const char *const words[] = {
		"tfomap", "--no-default-blocklist", "--key=07010203000000000000000000000000",
		"--seed=5", "--retries=0", "--output-file=/dev/null", "198.0.0.0/11",
		"--output-filter=verdict = accepted",
	};
	static char copies[N_WORDS][64], *argv[N_WORDS + 1];
	int argc = rows ? N_WORDS - 1 : N_WORDS;
	struct err e = { "" };

	for (int i = 0; i < argc; i++) {
		snprintf(copies[i], sizeof(copies[i]), "%s", words[i]);
		argv[i] = copies[i];
	}
	must(config_parse(c, argc, argv, NULL, &e), &e);
	must(targets_load(targets, c, NULL, &e), &e);
}

static void init_facts(const struct config *c, struct targets *targets)
{
	static const struct craft_link link[2] = {
		{ .src = { 2, 1 }, .dst = { 2, 2 } }, { .src = { 2, 1 }, .dst = { 2, 2 } },
	};
	struct facts *f = &s.facts;
	struct err e = { "" };

	*f = (struct facts){
		.config = c, .targets = targets, .slots = 1u << 16, .wire = true,
		.wall_offset_ns = clock_wall_offset_ns(),
	};
	must(input_init(f, &(struct run_facts){ .seed = 0 }, NULL, &e), &e);
	must(craft_init(&f->craft, link, c->probing.tcp_options, &e), &e);
	facts_add_source(f, addr_from_v4(SOURCE));
}

/* Every position of a sender was sent, as its window and its log say. */
static void mark_sent(struct sender *sd, uint64_t ns)
{
	struct window *w = &sd->window;

	for (uint64_t pos = 0; pos < sd->positions; pos++)
		window_start(w, pos);
	sendlog_add(&w->cursor[0].log, 0, ns);
	atomic_store(&w->reserved, sd->positions);
	atomic_store(&w->cursor[0].done, sd->positions);
	stat_set(&sd->stats, STAT_targets_started, sd->positions);
}

static void make_answers(unsigned int threads)
{
	const struct sender_sizes sizes = {
		.window = TARGETS / SENDERS, .keep_ns = 60 * NS_PER_S, .followups = 8192,
		.segments = 8192,
	};

	if (shared_init_senders(&s, SENDERS, &sizes))
		abort();
	shared_set_receivers(&s, threads);
	for (unsigned int i = 0; i < threads; i++) {
		sources[i].frames = calloc(TARGETS, FRAME_LEN);
		if (!sources[i].frames)
			abort();
	}
	for (unsigned int i = 0; i < SENDERS; i++)
		mark_sent(&s.senders[i], clock_now_ns());
	for (uint64_t k = 0; k < TARGETS; k++) {
		struct target t = targets_at(s.facts.targets, order_target(&s.facts.order, k));

		add_answer(&t);
	}
}

/* ---- the run ------------------------------------------------------------------------------- */

static double answers_per_s(const struct config *c)
{
	const struct rx_in in[SENDERS] = { { &ops, &sources[0] }, { &ops, &sources[1] } };
	uint64_t start_ns, end_ns = 0;
	struct err e = { "" };
	struct sink *sink;
	struct rx *rx;

	must(sink_open(&sink, c, NULL, &s.rx.stats, s.facts.wall_offset_ns, 0, &e), &e);
	must(sink_begin(sink, &e), &e);
	must(rx_new(&rx, &s, in, sink, NULL, &e), &e);
	start_ns = clock_now_ns();
	rx_run(rx);
	for (unsigned int i = 0; i < s.rx.n; i++)
		end_ns = sources[i].end_ns > end_ns ? sources[i].end_ns : end_ns;
	if (stat_get(&s.rx.stats, STAT_targets_done) != TARGETS) {
		fprintf(stderr, "receive: %llu of %u targets are done\n",
			(unsigned long long)stat_get(&s.rx.stats, STAT_targets_done), TARGETS);
		exit(1);
	}
	rx_free(rx);
	must(sink_close(sink, &e), &e);
	return TARGETS * 1e9 / (double)(end_ns - start_ns);
}

int main(int argc, char **argv)
{
	unsigned int threads = argc == 3 ? (unsigned int)atoi(argv[1]) : 0;
	struct targets *targets = NULL;
	static struct config config;
	struct err e = { "" };

	if (threads < 1 || threads > SENDERS) {
		fprintf(stderr, "usage: receive 1|2 all|none\n");
		return 2;
	}
	must(log_open(NULL, LOG_WARN, &e), &e);
	configure(&config, strcmp(argv[2], "all") == 0, &targets);
	init_facts(&config, targets);
	make_answers(threads);
	printf("%.0f\n", answers_per_s(&config));
	shared_free_senders(&s);
	targets_free(targets);
	config_free(&config);
	log_close();
	return 0;
}
