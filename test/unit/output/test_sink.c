#include "unit.h"

#include <string.h>

#include "sink_rig.h"

TEST_AROUND(rig_init, rig_clean)

TEST(writes_rows)
{
	rig_open();
	check_file(g.path, "ip,domain,port\n");	/* before the first packet */
	rig_target();
	strcpy(g.extra.domain, "a,b");
	rig_target();
	sink_target_row(g.sink, &g.sample.ev, NULL);
	ck_assert_uint_eq(sink_rows(g.sink), 3);
	ck_assert_int_eq(sink_sync(g.sink, &g.e), 0);
	check_file(g.path, "ip,domain,port\n192.0.2.7,,443\n192.0.2.7,\"a,b\",443\n"
		   "192.0.2.7,,443\n");
	ck_assert_uint_eq(sink_rows(g.sink), 3);
	ck_assert_int_eq(sink_close(g.sink, &g.e), 0);
	ck_assert_str_eq(g.e.msg, "");
	ck_assert_uint_eq(stat_get(&g.stats, STAT_rows), 3);
}

TEST(overwrites_a_file)
{
	FILE *file;

	file = fopen(g.path, "w");
	fputs("what an earlier and longer run has left\n", file);
	fclose(file);
	g.config.output.no_header = true;
	rig_open();
	check_file(g.path, "");
	rig_target();
	ck_assert_int_eq(sink_close(g.sink, &g.e), 0);
	check_file(g.path, "192.0.2.7,,443\n");
}

TEST(counts_verdicts)
{
	rig_open();
	rig_target();
	sample_init_silent(&g.sample);
	rig_target();
	rig_target();
	ck_assert_uint_eq(stat_get(&g.stats, STAT_targets_done), 3);
	ck_assert_uint_eq(stat_get(&g.stats, STAT_accepted), 1);
	ck_assert_uint_eq(stat_get(&g.stats, STAT_cookies), 0);	/* counted as they come */
	ck_assert_uint_eq(stat_get_verdict(&g.stats, VERDICT_ACCEPTED), 1);
	ck_assert_uint_eq(stat_get_verdict(&g.stats, VERDICT_OFFLINE), 2);
	ck_assert_int_eq(sink_close(g.sink, &g.e), 0);
}

static const struct {
	enum config_report report;
	enum config_rows rows;
	uint64_t n;
} reports[] = {
	{ REPORT_SYNACK, ROWS_TARGET, 1 }, { REPORT_ANSWERED, ROWS_TARGET, 2 },
	{ REPORT_ALL, ROWS_TARGET, 3 }, { REPORT_SYNACK, ROWS_REPLY, 1 },
	{ REPORT_ANSWERED, ROWS_REPLY, 2 },
};

/* Rows of three targets: one with a SYN/ACK, one with a reset, one silent. */
TEST_EACH(reports_selected, reports)
{
	g.config.output.report = row->report;
	g.config.output.rows = row->rows;
	g.config.output.fields = NULL;
	rig_open();
	rig_target();
	rig_reply(0);
	g.sample.flows[0].reply.class = g.sample.flows[1].reply.class = REPLY_RST;
	rig_target();
	rig_reply(0);
	sample_init_silent(&g.sample);
	rig_target();
	ck_assert_uint_eq(sink_rows(g.sink), row->n);
	ck_assert_uint_eq(stat_get(&g.stats, STAT_targets_done), 3);
	ck_assert_uint_eq(stat_get(&g.stats, STAT_rows), row->n);
	ck_assert_int_eq(sink_close(g.sink, &g.e), 0);
}

/* A SYN/ACK to any probe makes the target one that has answered with it. */
TEST(synack_to_any_probe)
{
	g.config.output.report = REPORT_SYNACK;
	rig_open();
	g.sample.flows[1].reply.class = REPLY_RST;
	rig_target();
	sample_init(&g.sample);
	g.sample.flows[0].reply.class = REPLY_ICMP;
	rig_target();
	ck_assert_uint_eq(sink_rows(g.sink), 2);
	ck_assert_int_eq(sink_close(g.sink, &g.e), 0);
}

TEST(reply_rows)
{
	g.config.output.rows = ROWS_REPLY;
	g.config.output.fields = "ip,port,probe,repeat,late";
	g.config.output.no_header = true;
	rig_open();
	rig_reply(0);
	sink_reply_row(g.sink, g.sample.ev.ip, 80, g.sample.ev.source, &g.sample.flows[1],
		       REPEAT_RETRANSMISSION, true);
	ck_assert_int_eq(sink_close(g.sink, &g.e), 0);
	check_file(g.path, "192.0.2.7,443,request,,false\n"
		   "192.0.2.7,80,data,retransmission,true\n");
}

static void close_and_check(const char *want)
{
	ck_assert_int_eq(sink_close(g.sink, &g.e), 0);
	check_file(g.path, want);
}

/* Of both kinds of row; and the flows of a target have it, too. */
TEST(labelled_rows)
{
	const char want[] = "443,\"a \"\"week\"\", one\"\n";

	g.config.output.label = "a \"week\", one";
	g.config.output.fields = "port,label";
	g.config.output.no_header = true;
	rig_open();
	rig_target();
	close_and_check(want);
	g.config.output.rows = ROWS_REPLY;
	rig_open();
	rig_reply(0);
	close_and_check(want);
}

TEST(labelled_flows)
{
	size_t len;
	char *text;

	g.config.output.format = FORMAT_ndjson;
	g.config.output.label = "one";
	g.config.output.fields = "flows";
	rig_open();
	rig_target();
	ck_assert_int_eq(sink_close(g.sink, &g.e), 0);
	text = contents(g.path, &len);
	ck_assert_ptr_nonnull(strstr(text, "\"label\":\"one\""));
	free(text);
}

TEST(ndjson_rows)
{
	g.config.output.format = FORMAT_ndjson;
	rig_open();
	rig_target();
	ck_assert_int_eq(sink_close(g.sink, &g.e), 0);
	check_file(g.path, "{\"ip\":\"192.0.2.7\",\"domain\":null,\"port\":443}\n");
}

/* More than the buffer holds, in rows and in bytes, without any flush. */
TEST(many_rows)
{
	size_t len;
	char *text;

	rig_open();
	for (int i = 0; i < 10000; i++)
		rig_target();
	memset(g.extra.domain, '"', sizeof(g.extra.domain) - 1);
	for (int i = 0; i < 2000; i++)
		rig_target();
	ck_assert_uint_eq(sink_rows(g.sink), 12000);
	ck_assert_int_eq(sink_close(g.sink, &g.e), 0);
	text = contents(g.path, &len);
	ck_assert_uint_eq(count_records(text, len, 3), 12001);
	free(text);
}
