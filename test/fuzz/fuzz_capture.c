/*
 * Any bytes as a capture file, through all of --rx pcap: what set-up looks for in it, the receive
 * path, the rows, which are then read back. The input: 2 bytes of options (below), then the file.
 * The key is that of the replay tests, whose captures are the seeds.
 */
#include <stdarg.h>

#include "config/config.h"
#include "config/config_parse.h"
#include "output/out.h"
#include "output/result_fields.h"
#include "output/rows_read.h"
#include "output/sink.h"
#include "receive/rx.h"
#include "setup/resume.h"
#include "setup/setup.h"
#include "fuzz.h"
#include "targets/targets.h"

#define WORDS_MAX	24
#define WORD_LEN	96
#define MAX_RESULTS	3

/* The first byte; its lowest two bits are a plan. */
enum { REPLIES = 4, NDJSON = 8, ALL = 16, RETRIES = 32, COOKIES = 64, TRACE = 128 };

/* The second byte. */
enum { NO_TARGETS = 1, FEW_RESULTS = 2, CONFIRM = 4, SHORT = 8, HEADER = 16 };

static const char cookies[] =
	"source_ip,ip,port,kind,cookie,time\n"
	"198.18.0.2,198.18.1.1,7,34,3021b9d889017eeb,2026-01-02T03:04:05Z\n"
	"198.18.0.2,198.18.1.2,7,253,3021b9d889017eeb,2026-01-02T03:04:05Z\n";

struct run {
	struct fuzz_file in, out, cookies;
	char words[WORDS_MAX][WORD_LEN], *argv[WORDS_MAX];
	int n;
	struct config config;
	struct resume resume;
	struct setup setup;
	struct rx_in rx_in;
	struct sink *sink;
	struct rx *rx;
};

static struct run run;

/* ---- the run ------------------------------------------------------------------------------- */

__attribute__((format(printf, 1, 2)))
static void word(const char *fmt, ...)
{
	va_list ap;

	MUST(run.n < WORDS_MAX);
	va_start(ap, fmt);
	vsnprintf(run.words[run.n], WORD_LEN, fmt, ap);
	va_end(ap);
	run.argv[run.n] = run.words[run.n];
	run.n++;
}

static void name_targets(uint8_t first, uint8_t second)
{
	if (second & NO_TARGETS)
		return;
	word("--target-ports=7");
	word(first & TRACE ? "198.18.1.0/30" : "198.18.1.0/27");
	if (!(first & TRACE))
		word("2001:2:0:1::/123");
}

static void configure(uint8_t first, uint8_t second)
{
	static const char *const plans[] = {
		"--plan=survey", "--plan=path", "--plan=full", "--probes=syn,request",
	};
	struct err e = { "" };

	run.n = 0;
	word("tfomap");
	word("--rx=pcap:%s", run.in.path);
	word("--output-file=%s", run.out.path);
	word("--key=000102030405060708090a0b0c0d0e0f");
	word("--seed=1");
	word("--no-default-blocklist");
	word("--payload=text:0123456789abcdefgh");
	word("--output-fields=*");
	word("%s", plans[first & 3]);
	word("--rows=%s", first & REPLIES ? "reply" : "target");
	word("--output-format=%s", first & NDJSON ? "ndjson" : "csv");
	word("--report=%s", first & ALL && !(first & REPLIES) ? "all" : "answered");
	word("--retries=%d", first & RETRIES ? 2 : 0);
	word("--verbosity=%d", first & TRACE ? 4 : 3);
	word("--max-results=%d", second & FEW_RESULTS ? MAX_RESULTS : 0);
	word("--confirm=%d", second & CONFIRM ? 60 : 0);
	word("--timeout=%d", second & SHORT ? 1 : 3);
	word("--no-header=%s", second & HEADER ? "false" : "true");
	if (first & COOKIES)
		word("--cookie-file=%s", run.cookies.path);
	name_targets(first, second);
	MUST(config_parse(&run.config, run.n, run.argv, NULL, &e) == 0);
	MUST(resume_open(&run.resume, &run.config, &e) == 0);
}

/* As scan/scan.c opens what a capture is read with. False: refused, with a message. */
static bool begin(void)
{
	const struct rx_setup rx = { .file = run.in.path };
	struct err e = { "" };
	int status, rc = setup_init(&run.setup, &run.config, &run.resume, &status, &e);

	if (!rc)
		rc = run.setup.rx->open(&run.rx_in.state, &rx, &e);
	fuzz_must_say(rc, &e);
	if (rc)
		return false;
	run.rx_in.ops = run.setup.rx;
	rc = sink_open(&run.sink, &run.config, NULL, &run.setup.shared.rx.stats, 0, 0, &e);
	if (!rc)
		rc = sink_begin(run.sink, &e);
	if (!rc)
		rc = rx_new(&run.rx, &run.setup.shared, &run.rx_in, run.sink, NULL, &e);
	MUST(rc == 0);
	return true;
}

/* ---- what must hold of it ------------------------------------------------------------------ */

struct reading {
	struct targets *targets;
	struct rows_row *v;		/* heap, owned */
	size_t n;
	bool once;			/* each target has one row at most */
};

static int take(void *arg, const struct rows_row *row, struct err *e)
{
	struct reading *r = arg;
	uint64_t i;

	(void)e;
	MUST(targets_index(r->targets, row->ip, row->port, &i));
	for (size_t k = 0; r->once && k < r->n; k++)
		MUST(r->v[k].port != row->port || !addr_eq(r->v[k].ip, row->ip));
	MUST((row->verdict < VERDICTS) == r->once);
	r->v = realloc(r->v, (r->n + 1) * sizeof(*r->v));
	MUST(r->v);
	r->v[r->n++] = *row;
	return 0;
}

/* All of the output is rows, as many as were counted. */
static void check_rows(uint64_t len, uint64_t rows)
{
	const struct config *c = &run.config;
	struct reading r = { run.setup.targets, NULL, 0, c->output.rows == ROWS_TARGET };
	struct result_selection fields;
	const struct rows_form form = {
		c->output.format, &fields,
		!c->output.no_header && out_has_header(c->output.format),
	};
	struct err e = { "" };
	uint64_t end;

	MUST(result_select(&fields, "*", c->output.rows, c->output.format, &e) == 0);
	if (rows_read(run.out.path, &form, 0, len, take, &r, &end, &e) || end != len) {
		fprintf(stderr, "%s\n", e.msg);
		MUST(!"rows are read back");
	}
	MUST(r.n == rows);
	result_selection_free(&fields);
	free(r.v);
}

static void check_counts(const struct rx_status *rx, uint64_t rows)
{
	const struct stats *s = &rx->stats;
	const struct config *c = &run.config;
	uint64_t done = stat_get(s, STAT_targets_done), unfinished = stat_get(s, STAT_unfinished);
	uint64_t started = stat_get(s, STAT_targets_started), verdicts = 0;
	uint64_t firsts = stat_get(s, STAT_synacks) + stat_get(s, STAT_rsts)
			  + stat_get(s, STAT_icmps);

	for (unsigned int v = 0; v < VERDICTS; v++)
		verdicts += atomic_load(&s->verdicts[v]);
	MUST(verdicts == done);
	MUST(stat_get(s, STAT_rows) == rows && stat_get(s, STAT_rows_lost) == 0);
	MUST(started <= run.setup.shared.facts.order.positions && done <= started);
	MUST(firsts <= stat_get(s, STAT_received));
	MUST(stat_get(s, STAT_first_answers) <= firsts && stat_get(s, STAT_cookies) <= done);
	MUST(c->rate.max_results == 0 || rows <= c->rate.max_results);
	if (c->output.rows == ROWS_TARGET && c->output.report == REPORT_ALL)
		MUST(rows == done);
	/* Whoever was asked has its row, or counts as unfinished. */
	if (c->output.report == REPORT_ALL && !atomic_load(&rx->full))
		MUST(done + unfinished == started);
	MUST(rx_due(rx).pending == 0 || atomic_load(&rx->full) || atomic_load(&rx->failed));
}

static void check(void)
{
	struct shared *s = &run.setup.shared;
	uint64_t rows = sink_rows(run.sink), len;
	struct err e = { "" };

	fuzz_must_say(atomic_load(&s->rx.failed) ? -1 : 0, &s->rx.err);
	rx_count_unfinished(run.rx);
	rx_free(run.rx);
	len = sink_len(run.sink);
	MUST(sink_close(run.sink, &e) == 0);
	check_counts(&s->rx, rows);
	check_rows(len, rows);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	fuzz_quiet();
	fuzz_file_open(&run.cookies, cookies, sizeof(cookies) - 1);
	fuzz_file_open(&run.out, NULL, 0);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct fuzz_input in = { data, len };
	uint8_t first = fuzz_byte(&in), second = fuzz_byte(&in);

	/* Without targets only replies can be had: else it is refused before the file is read. */
	if (second & NO_TARGETS)
		first |= REPLIES;
	fuzz_file_open(&run.in, in.p, in.len);
	configure(first, second);
	run.rx_in = (struct rx_in){ .ops = NULL };
	if (begin()) {
		rx_run_file(run.rx);
		check();
	}
	if (run.rx_in.ops)
		run.rx_in.ops->close(run.rx_in.state);
	setup_free(&run.setup);
	resume_free(&run.resume);
	config_free(&run.config);
	fuzz_file_close(&run.in);
	return 0;
}
