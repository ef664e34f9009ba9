#include "unit.h"

#include <string.h>

#include "sink_rig.h"

TEST(writes_rows)
{
	struct rig g;

	rig_init(&g);
	rig_open(&g);
	check_file(g.path, "ip,domain,port\n");	/* before the first packet */
	rig_target(&g);
	strcpy(g.extra.domain, "a,b");
	rig_target(&g);
	sink_target(g.sink, &g.sample.ev, NULL);
	ck_assert_uint_eq(sink_rows(g.sink), 3);
	ck_assert_int_eq(sink_sync(g.sink, &g.e), 0);
	check_file(g.path, "ip,domain,port\n192.0.2.7,,443\n192.0.2.7,\"a,b\",443\n"
		   "192.0.2.7,,443\n");
	ck_assert_uint_eq(sink_rows(g.sink), 3);
	ck_assert_int_eq(sink_close(g.sink, &g.e), 0);
	ck_assert_str_eq(g.e.msg, "");
	ck_assert_uint_eq(stat_get(&g.stats, STAT_rows), 3);
	rig_clean(&g);
}

TEST(overwrites_a_file)
{
	struct rig g;
	FILE *file;

	rig_init(&g);
	file = fopen(g.path, "w");
	fputs("what an earlier and longer run has left\n", file);
	fclose(file);
	g.config.output.no_header = true;
	rig_open(&g);
	check_file(g.path, "");
	rig_target(&g);
	ck_assert_int_eq(sink_close(g.sink, &g.e), 0);
	check_file(g.path, "192.0.2.7,,443\n");
	rig_clean(&g);
}

TEST(counts_verdicts)
{
	struct rig g;

	rig_init(&g);
	rig_open(&g);
	rig_target(&g);
	sample_init_silent(&g.sample);
	rig_target(&g);
	rig_target(&g);
	ck_assert_uint_eq(stat_get(&g.stats, STAT_targets_done), 3);
	ck_assert_uint_eq(stat_get(&g.stats, STAT_accepted), 1);
	ck_assert_uint_eq(stat_get(&g.stats, STAT_cookies), 0);	/* counted as they come */
	ck_assert_uint_eq(stat_get_verdict(&g.stats, VERDICT_ACCEPTED), 1);
	ck_assert_uint_eq(stat_get_verdict(&g.stats, VERDICT_OFFLINE), 2);
	ck_assert_int_eq(sink_close(g.sink, &g.e), 0);
	rig_clean(&g);
}

/* Rows of three targets: one with a SYN/ACK, one with a reset, one silent. */
static uint64_t rows_reported(enum config_report report, enum config_rows rows)
{
	uint64_t n;
	struct rig g;

	rig_init(&g);
	g.config.output.report = report;
	g.config.output.rows = rows;
	g.config.output.fields = NULL;
	rig_open(&g);
	rig_target(&g);
	rig_reply(&g, 0);
	g.sample.flows[0].reply.class = g.sample.flows[1].reply.class = REPLY_RST;
	rig_target(&g);
	rig_reply(&g, 0);
	sample_init_silent(&g.sample);
	rig_target(&g);
	n = sink_rows(g.sink);
	ck_assert_uint_eq(stat_get(&g.stats, STAT_targets_done), 3);
	ck_assert_uint_eq(stat_get(&g.stats, STAT_rows), n);
	ck_assert_int_eq(sink_close(g.sink, &g.e), 0);
	rig_clean(&g);
	return n;
}

TEST(reports_what_is_asked)
{
	ck_assert_uint_eq(rows_reported(REPORT_SYNACK, ROWS_TARGET), 1);
	ck_assert_uint_eq(rows_reported(REPORT_ANSWERED, ROWS_TARGET), 2);
	ck_assert_uint_eq(rows_reported(REPORT_ALL, ROWS_TARGET), 3);
	ck_assert_uint_eq(rows_reported(REPORT_SYNACK, ROWS_REPLY), 1);
	ck_assert_uint_eq(rows_reported(REPORT_ANSWERED, ROWS_REPLY), 2);
}

/* A SYN/ACK to any probe makes the target one that has answered with it. */
TEST(synack_to_any_probe)
{
	struct rig g;

	rig_init(&g);
	g.config.output.report = REPORT_SYNACK;
	rig_open(&g);
	g.sample.flows[1].reply.class = REPLY_RST;
	rig_target(&g);
	sample_init(&g.sample);
	g.sample.flows[0].reply.class = REPLY_ICMP;
	rig_target(&g);
	ck_assert_uint_eq(sink_rows(g.sink), 2);
	ck_assert_int_eq(sink_close(g.sink, &g.e), 0);
	rig_clean(&g);
}

TEST(reply_rows)
{
	struct rig g;

	rig_init(&g);
	g.config.output.rows = ROWS_REPLY;
	g.config.output.fields = "ip,port,probe,repeat,late";
	g.config.output.no_header = true;
	rig_open(&g);
	rig_reply(&g, 0);
	sink_reply(g.sink, g.sample.ev.ip, 80, g.sample.ev.source, &g.sample.flows[1],
		   REPEAT_RETRANSMISSION, true);
	ck_assert_int_eq(sink_close(g.sink, &g.e), 0);
	check_file(g.path, "192.0.2.7,443,request,,false\n"
		   "192.0.2.7,80,data,retransmission,true\n");
	rig_clean(&g);
}

TEST(ndjson_rows)
{
	struct rig g;

	rig_init(&g);
	g.config.output.format = FORMAT_ndjson;
	rig_open(&g);
	rig_target(&g);
	ck_assert_int_eq(sink_close(g.sink, &g.e), 0);
	check_file(g.path, "{\"ip\":\"192.0.2.7\",\"domain\":null,\"port\":443}\n");
	rig_clean(&g);
}

/* More than the buffer holds, in rows and in bytes, without any flush. */
TEST(many_rows)
{
	struct rig g;
	size_t len;
	char *text;

	rig_init(&g);
	rig_open(&g);
	for (int i = 0; i < 10000; i++)
		rig_target(&g);
	memset(g.extra.domain, '"', sizeof(g.extra.domain) - 1);
	for (int i = 0; i < 2000; i++)
		rig_target(&g);
	ck_assert_uint_eq(sink_rows(g.sink), 12000);
	ck_assert_int_eq(sink_close(g.sink, &g.e), 0);
	text = contents(g.path, &len);
	ck_assert_uint_eq(count_records(text, len, 3), 12001);
	free(text);
	rig_clean(&g);
}
