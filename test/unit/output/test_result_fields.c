#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "output/result_fields.h"
#include "verdict.h"

static const char target_fields[] =
	"ip,port,domain,verdict,confirmed,conditions,signals,tfo_synkind,tfo_ackkind,tfo_synclen,"
	"tfo_ackclen,tfo_seq,tfo_dlen,tfo_ack,tfo_acked,cookie,cookie_len,cookie_from,"
	"cookie_age_s,cookies_seen,hops,hop_low,hop_high,hop_low_ip,hop_high_ip,response_len,"
	"plain_response_len,reply,rlen,rtt_ms,ttl,window,mss,wscale,"
	"tcp_options,source_ip,source_port,time_sent,time_reply,probes,label";

static const char reply_fields[] =
	"ip,port,probe,attempt,reply,repeat,late,tfo_synkind,tfo_ackkind,tfo_synclen,tfo_ackclen,"
	"tfo_seq,tfo_dlen,tfo_ack,tfo_acked,cookie,rlen,rtt_ms,ttl,window,mss,wscale,tcp_options,"
	"tcp_flags,tcp_optionshex,ip_id,df,tos,icmp_type,icmp_code,icmp_from,quoted_optionshex,"
	"source_ip,source_port,time_sent,time_reply,probe_ttl,label";

static void check_selection(const char *list, enum config_rows rows, enum config_format format,
			    const char *want)
{
	struct result_selection sel;
	struct err e = { "" };
	char got[2048] = "";

	ck_assert_int_eq(result_select(&sel, list, rows, format, &e), 0);
	for (size_t i = 0; i < sel.n; i++) {
		const struct result_field *f = &result_fields[sel.v[i]];

		ck_assert(f->rows >> rows & 1);
		if (i)
			strcat(got, ",");
		strcat(got, f->name);
	}
	ck_assert_str_eq(got, want);
	result_selection_free(&sel);
}

TEST(selects_all_by_default)
{
	char nested[sizeof(target_fields) + 20];

	snprintf(nested, sizeof(nested), "%.*s,flows,path,info,label",
		 (int)(sizeof(target_fields) - sizeof(",label")), target_fields);
	for (int star = 0; star < 2; star++) {
		const char *list = star ? "*" : NULL;

		check_selection(list, ROWS_TARGET, FORMAT_csv, target_fields);
		check_selection(list, ROWS_TARGET, FORMAT_ndjson, nested);
		check_selection(list, ROWS_REPLY, FORMAT_csv, reply_fields);
		check_selection(list, ROWS_REPLY, FORMAT_ndjson, reply_fields);
	}
}

TEST(selects_by_name)
{
	check_selection("verdict,ip", ROWS_TARGET, FORMAT_csv, "verdict,ip");
	check_selection("reply", ROWS_TARGET, FORMAT_csv, "reply");
	check_selection("reply", ROWS_REPLY, FORMAT_csv, "reply");
	check_selection("info,flows", ROWS_TARGET, FORMAT_ndjson, "info,flows");
}

static void check_refused(const char *list, enum config_rows rows, const char *word1,
			  const char *word2)
{
	struct result_selection sel;
	struct err e = { "" };

	ck_assert_int_eq(result_select(&sel, list, rows, FORMAT_csv, &e), -EINVAL);
	ck_assert_msg(strstr(e.msg, word1) && strstr(e.msg, word2), "%s: %s", list, e.msg);
}

TEST(refuses_lists)
{
	char longest[200];

	check_refused("ip,prot", ROWS_TARGET, "'prot'", "'port'");
	check_refused("ip, port", ROWS_TARGET, "' port'", "'port'");
	check_refused("xyzzyxyzzy", ROWS_TARGET, "'xyzzyxyzzy'", "--list-output-fields");
	check_refused("ip,tcp_flags", ROWS_TARGET, "'tcp_flags'", "--rows reply");
	check_refused("verdict", ROWS_REPLY, "'verdict'", "--rows target");
	check_refused("flows", ROWS_TARGET, "'flows'", "ndjson");
	check_refused("ip,port,ip", ROWS_TARGET, "'ip'", "twice");
	check_refused("", ROWS_TARGET, "name", "missing");
	check_refused("ip,,port", ROWS_TARGET, "name", "missing");
	check_refused("ip,", ROWS_TARGET, "name", "missing");
	check_refused("ip,*", ROWS_TARGET, "'*'", "no field");
	memset(longest, 'i', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	check_refused(longest, ROWS_TARGET, "'iii", "no field");
}

TEST(names_are_unique)
{
	for (size_t i = 0; i < result_nfields; i++) {
		const struct result_field *a = &result_fields[i];

		ck_assert(a->rows && !strpbrk(a->name, ",\"\\ "));
		ck_assert(!strchr(a->doc, '\n'));
		for (size_t k = 0; k < i; k++)
			ck_assert_msg(strcmp(a->name, result_fields[k].name) != 0
				      || !(a->rows & result_fields[k].rows), "%s", a->name);
	}
}

/* How often word stands at the beginning of a line of text. */
static unsigned int lines_with(const char *text, const char *word)
{
	unsigned int n = 0;

	for (const char *p = text; p; p = strchr(p, '\n')) {
		p += *p == '\n';
		n += strncmp(p, word, strlen(word)) == 0;
	}
	return n;
}

TEST(lists_every_name_once)
{
	char *list, *roff, word[64];
	size_t list_len, roff_len;
	FILE *a = open_memstream(&list, &list_len), *b = open_memstream(&roff, &roff_len);

	result_list(a);
	result_roff(b);
	fclose(a);
	fclose(b);
	for (size_t i = 0; i < result_nfields; i++) {
		snprintf(word, sizeof(word), "%s ", result_fields[i].name);
		ck_assert_uint_eq(lines_with(list, word), 1);
		snprintf(word, sizeof(word), ".B %s\n", result_fields[i].name);
		ck_assert_uint_eq(lines_with(roff, word), 1);
	}
	ck_assert_ptr_nonnull(strstr(list, "reply              text     target, reply"));
	ck_assert_ptr_nonnull(strstr(list, "(ndjson only)"));
	ck_assert_ptr_nonnull(strstr(roff, ".TP\n.B verdict\n(text; target) what all"));
	free(list);
	free(roff);
}

TEST(words_of_every_bit)
{
	unsigned int n = 0;

	while (result_word(RESULT_CONDITIONS, n))
		n++;
	ck_assert_uint_eq(n, CONDITIONS);
	for (n = 0; result_word(RESULT_SIGNALS, n); n++)
		ck_assert_str_eq(result_word(RESULT_SIGNALS, n), signal_types[n].name);
	ck_assert_uint_eq(n, SIGNALS);
	ck_assert_ptr_null(result_word(RESULT_NUMBER, 0));
}
