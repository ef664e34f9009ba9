/* A sink, the file that it writes to, and a target to write. For the tests of sink. */
#ifndef SINK_RIG_H
#define SINK_RIG_H

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/stats.h"
#include "config/config.h"
#include "csv_reader.h"
#include "err.h"
#include "output/sink.h"
#include "sample.h"
#include "target.h"

/* A sink into a file of its own, in a directory that goes with it: TEST_AROUND. */
static struct rig {
	char dir[64], path[80];
	struct config config;
	struct stats stats;
	struct sink *sink;
	struct sample sample;
	struct target_extra extra;
	struct err e;
} g;

static inline void rig_init(void)
{
	const char *tmp = getenv("TMPDIR");

	memset(&g, 0, sizeof(g));
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	snprintf(g.dir, sizeof(g.dir), "%.40s/sink.XXXXXX", tmp ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(g.dir));
	snprintf(g.path, sizeof(g.path), "%s/rows", g.dir);
	g.config = (struct config){
		.output = { .file = g.path, .format = FORMAT_csv, .rows = ROWS_TARGET,
			    .report = REPORT_ANSWERED, .fields = "ip,domain,port" },
	};
	sample_init(&g.sample);
}

static inline void rig_open(void)
{
	ck_assert_msg(sink_open(&g.sink, &g.config, NULL, &g.stats, SAMPLE_OFFSET_NS, 0, &g.e) == 0
		      && sink_begin(g.sink, &g.e) == 0, "%s", g.e.msg);
}

static inline void rig_clean(void)
{
	unlink(g.path);
	rmdir(g.dir);
}

/* A row, drawn and written. */
static inline void sink_target_row(struct sink *s, const struct evidence *ev,
				   const struct target_extra *extra)
{
	sink_draw_target(s, NULL, ev, extra);
	sink_put(s, NULL, ev, extra);
}

static inline void sink_reply_row(struct sink *s, struct addr ip, uint16_t port,
				  struct addr source, const struct flow *flow,
				  enum result_repeat repeat, bool late)
{
	sink_draw_reply(s, NULL, ip, port, source, flow, repeat, late);
	sink_put(s, NULL, NULL, NULL);
}

static inline void rig_target(void)
{
	sink_target_row(g.sink, &g.sample.ev, &g.extra);
}

static inline void rig_reply(size_t flow)
{
	sink_reply_row(g.sink, g.sample.ev.ip, g.sample.ev.port, g.sample.ev.source,
		   &g.sample.flows[flow], REPEAT_NONE, false);
}

static inline char *contents(const char *path, size_t *len)
{
	FILE *file = fopen(path, "r");
	struct stat st;
	char *text;

	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(fstat(fileno(file), &st), 0);
	text = malloc((size_t)st.st_size + 1);
	*len = fread(text, 1, (size_t)st.st_size, file);
	ck_assert_uint_eq(*len, (size_t)st.st_size);
	text[*len] = '\0';
	fclose(file);
	return text;
}

static inline void check_file(const char *path, const char *want)
{
	size_t len;
	char *text = contents(path, &len);

	ck_assert_str_eq(text, want);
	free(text);
}

/* Whole records of ncolumns columns and nothing else; how many. */
static inline size_t count_records(const char *text, size_t len, size_t ncolumns)
{
	static struct csv_record record;
	const char *p = text;
	size_t n = 0;

	for (; p < text + len; n++)
		ck_assert_uint_eq(csv_read(&record, &p, text + len), ncolumns);
	return n;
}

#endif
