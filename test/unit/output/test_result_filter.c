/* result_filter: the fields of rows as values, by their types, and the words that they can have. */
#include "output/result_filter.h"

#include "err.h"
#include "filter.h"
#include "output/result.h"
#include "sample.h"
#include "target.h"
#include "unit.h"

static const struct {
	const char *text;
	bool wanted;
} targets[] = {
	{ "verdict = accepted", true }, { "verdict != accepted", false },
	{ "ip = 192.0.2.0/24 && port = 443", true }, { "rtt_ms > 12.3 && rtt_ms < 12.4", true },
	{ "cookie = 3021b9d889017eeb", true }, { "cookie_len = 8", true },
	{ "signals = reply-before-ack", true }, { "signals = proxy-likely", false },
	{ "conditions = tfo.cookie.received", true }, { "tcp_options = 2-4-1-3", true },
	{ "time_sent >= 2023-11-14T22:13:21.5", true }, { "time_sent > 2023-11-14", false },
	{ "confirmed = null", true }, { "reply = synack", true },
	{ "domain = www.example.org", true }, { "domain = null", false },
};

TEST_EACH(targets, targets)
{
	struct target_extra extra;
	struct sample s;
	struct filter *f = NULL;
	struct result r;
	struct err e = { "" };

	memset(&extra, 0, sizeof(extra));
	strcpy(extra.domain, "www.example.org");
	sample_init(&s);
	result_from_target(&r, &s.ev, &extra, VERDICT_ACCEPTED, SAMPLE_OFFSET_NS);
	ck_assert_msg(result_filter_parse(&f, row->text, ROWS_TARGET, &e) == 0, "%s", e.msg);
	ck_assert_msg(result_filter_matches(f, &r) == row->wanted, "%s", row->text);
	filter_free(f);
}

static const struct {
	const char *text;
	enum config_rows rows;
} faulty[] = {
	{ "verdict = acepted", ROWS_TARGET }, { "signals = proxy", ROWS_TARGET },
	{ "verdict = accepted", ROWS_REPLY }, { "icmp_type = 3", ROWS_TARGET },
	{ "reply = SYN", ROWS_REPLY },
	{ "probe = sin", ROWS_REPLY },
};

TEST_EACH(refuses, faulty)
{
	struct filter *f = NULL;
	struct err e = { "" };

	ck_assert_int_lt(result_filter_parse(&f, row->text, row->rows, &e), 0);
	ck_assert_ptr_null(f);
}
