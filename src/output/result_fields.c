#include "output/result_fields.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"
#include "opttab.h"
#include "output/result.h"

#define TARGET	(1u << ROWS_TARGET)
#define REPLY	(1u << ROWS_REPLY)
#define BOTH	(TARGET | REPLY)

#define FIELD(name, type, rows, doc) \
	{ #name, RESULT_##type, rows, offsetof(struct result, name), doc }

#define REPLY_DOC "synack, rst, icmp, none"

const struct result_field result_fields[] = {
	FIELD(ip, ADDR, BOTH, "the target's address"),
	FIELD(port, NUMBER, BOTH, "the target's port"),
	FIELD(domain, TEXT, TARGET, "the target's name, where the server list has one"),
	FIELD(verdict, TEXT, TARGET, "what all the answers come to, one word (--list-verdicts)"),
	FIELD(confirmed, BOOL, TARGET, "a second test said the same; null: there was none"),
	FIELD(conditions, CONDITIONS, TARGET, "the verdict in PATHspider's words"),
	FIELD(signals, SIGNALS, TARGET, "evidence about the path; never alone a verdict"),
	FIELD(probe, TEXT, REPLY, "the kind of probe (--list-probes)"),
	FIELD(attempt, NUMBER, REPLY,
		"which SYN of that kind was answered: 0 the first, then its repeats, then more"),
	FIELD(reply, TEXT, REPLY, REPLY_DOC),
	FIELD(repeat, TEXT, REPLY, "duplicate (came again at once), retransmission, or null"),
	FIELD(late, BOOL, REPLY, "came after the probe's time-out"),
	FIELD(tfo_synkind, NUMBER, BOTH, "TFO option on the SYN: kind 34, 254, or 0 for none"),
	FIELD(tfo_ackkind, NUMBER, BOTH, "TFO option on the SYN/ACK: 34, 254, 253, or 0 for none"),
	FIELD(tfo_synclen, NUMBER, BOTH, "cookie bytes on the SYN"),
	FIELD(tfo_ackclen, NUMBER, BOTH, "cookie bytes on the SYN/ACK, usable or not"),
	FIELD(tfo_seq, NUMBER, BOTH, "sequence number of the SYN"),
	FIELD(tfo_dlen, NUMBER, BOTH, "payload bytes on the SYN"),
	FIELD(tfo_ack, NUMBER, BOTH, "acknowledgment number of the SYN/ACK or RST"),
	FIELD(tfo_acked, NUMBER, BOTH, "payload bytes that it acknowledges"),
	FIELD(cookie, HEX, BOTH, "usable cookie received; of a target's the newest"),
	FIELD(cookie_len, NUMBER, TARGET, "length of that cookie, bytes"),
	FIELD(cookie_from, TEXT, TARGET, "where the cookie on the data is from: request, or file"),
	FIELD(cookie_age_s, NUMBER, TARGET, "how old that cookie was, seconds"),
	FIELD(cookies_seen, NUMBER, TARGET, "different cookies that requests brought (--requests)"),
	FIELD(hops, NUMBER, TARGET, "how far the target is: the TTL that it takes"),
	FIELD(hop_low, NUMBER, TARGET, "the fault lies after this hop; 0 is this host"),
	FIELD(hop_high, NUMBER, TARGET, "the fault lies at this hop or before it"),
	FIELD(hop_low_ip, ADDR, TARGET, "who answered there"),
	FIELD(hop_high_ip, ADDR, TARGET, "who answered there; where it is the last, the target"),
	FIELD(response_len, NUMBER, TARGET,
		"complete: bytes of response on the connection of data, 64 KiB and a bit at most"),
	FIELD(plain_response_len, NUMBER, TARGET, "complete: the same of its twin, without TFO"),
	FIELD(reply, TEXT, TARGET, REPLY_DOC),
	FIELD(rlen, NUMBER, BOTH, "bytes of response that came before any ACK of ours"),
	FIELD(rtt_ms, MS, BOTH, "from the SYN to its answer, milliseconds"),
	FIELD(ttl, NUMBER, BOTH, "TTL or hop limit of the answer"),
	FIELD(window, NUMBER, BOTH, "TCP window of the answer"),
	FIELD(mss, NUMBER, BOTH, "MSS option of the answer"),
	FIELD(wscale, NUMBER, BOTH, "window scale option of the answer"),
	FIELD(tcp_options, OPTIONS, BOTH, "option kinds of the answer in order, as 2-4-8-1-3"),
	FIELD(tcp_flags, NUMBER, REPLY, "TCP flags of the answer, the byte as a number"),
	FIELD(tcp_optionshex, HEX, REPLY, "TCP option area of the answer"),
	FIELD(ip_id, NUMBER, REPLY, "IPv4 identification"),
	FIELD(df, BOOL, REPLY, "IPv4 don't-fragment bit"),
	FIELD(tos, NUMBER, REPLY, "TOS or traffic class"),
	FIELD(icmp_type, NUMBER, REPLY, "type of an ICMP or ICMPv6 error"),
	FIELD(icmp_code, NUMBER, REPLY, "code of that error"),
	FIELD(icmp_from, ADDR, REPLY, "who sent that error"),
	FIELD(quoted_optionshex, HEX, REPLY, "option area of the SYN that an ICMP error quotes"),
	FIELD(source_ip, ADDR, BOTH, "our address"),
	FIELD(source_port, NUMBER, BOTH, "our port"),
	FIELD(time_sent, TIME, BOTH, "when the SYN was sent, UTC"),
	FIELD(time_reply, TIME, BOTH, "when the answer came, UTC"),
	FIELD(probe_ttl, NUMBER, REPLY,
		"TTL or hop limit of the SYN, where it is a hop probe's (--plan locate)"),
	FIELD(probes, NUMBER, TARGET, "SYNs that the target took"),
	FIELD(flows, FLOWS, TARGET, "the reply rows that the verdict comes from"),
	FIELD(path, PATH, TARGET, "the hops that answered: ttl, ip, rtt_ms, option, data"),
	FIELD(info, JSON, TARGET, "what else the server list says of the target"),
	FIELD(label, TEXT, BOTH, "the text of --label; last, for who goes by places"),
};

const size_t result_nfields = sizeof(result_fields) / sizeof(result_fields[0]);

const struct result_type_row result_types[] = {
	[RESULT_ADDR] = { "address", true }, [RESULT_NUMBER] = { "number", true },
	[RESULT_BOOL] = { "bool", true }, [RESULT_MS] = { "decimal", true },
	[RESULT_TIME] = { "time", true }, [RESULT_TEXT] = { "text", false },
	[RESULT_HEX] = { "hex", true }, [RESULT_OPTIONS] = { "text", true },
	[RESULT_CONDITIONS] = { "words", false }, [RESULT_SIGNALS] = { "words", false },
	[RESULT_FLOWS] = { "rows", false }, [RESULT_PATH] = { "hops", false },
	[RESULT_JSON] = { "object", false },
};

bool result_is_null(const struct result *r, const struct result_field *f)
{
	const void *m = result_member(r, f);

	switch (f->type) {
	case RESULT_ADDR:
		return addr_eq(*(const struct addr *)m, (struct addr){ 0, 0 });
	case RESULT_NUMBER:
	case RESULT_BOOL:
	case RESULT_MS:
		return !((const struct result_number *)m)->known;
	case RESULT_TIME:
		return *(const uint64_t *)m == 0;
	case RESULT_HEX:
		return !((const struct result_bytes *)m)->p;
	case RESULT_TEXT:
	case RESULT_JSON:
		return !*(const char *const *)m;
	case RESULT_OPTIONS:
		return !*(const struct tcpopts *const *)m;
	case RESULT_PATH:
		return !*(const struct locate *const *)m;
	case RESULT_FLOWS:
	case RESULT_CONDITIONS:
	case RESULT_SIGNALS:
		return !*(const struct evidence *const *)m;
	}
	return false;
}

uint32_t result_set(const struct result *r, const struct result_field *f)
{
	const struct evidence *ev = *(const struct evidence *const *)result_member(r, f);

	return f->type == RESULT_CONDITIONS ? verdict_conditions(ev) : verdict_signals(ev);
}

const char *result_word(enum result_type type, unsigned int bit)
{
	if (type == RESULT_CONDITIONS && bit < CONDITIONS)
		return condition_names[bit];
	if (type == RESULT_SIGNALS && bit < SIGNALS)
		return signal_types[bit].name;
	return NULL;
}

/* ---- selection ---- */

static const struct {
	const char *name;
	bool nests;
} formats[] = {
#define FORMAT(id, nests, doc) [FORMAT_##id] = { #id, nests },
#include "config/formats.def"
};

/* One that can show every field. */
static const char *nesting_format(void)
{
	size_t i = 0;

	while (!formats[i].nests)
		i++;
	return formats[i].name;
}

static bool field_fits(const struct result_field *f, enum config_rows rows,
		       enum config_format format)
{
	return f->rows >> rows & 1 && (formats[format].nests || !result_is_nested(f));
}

/* Why there is no field of that name here. */
static int select_refuse(const char *name, enum config_rows rows, enum config_format format,
			 struct err *e)
{
	const char *nearest = NULL;
	unsigned int best = 4;

	for (size_t i = 0; i < result_nfields; i++) {
		const struct result_field *f = &result_fields[i];
		unsigned int distance = opttab_distance(name, f->name);

		if (distance == 0 && !(f->rows >> rows & 1))
			return err_set(e, EINVAL, "-f: '%s' is a field of --rows %s only", name,
				       rows == ROWS_TARGET ? "reply" : "target");
		if (distance == 0)
			return err_set(e, EINVAL, "-f: '%s' has no place in %s; -O %s can show it",
				       name, formats[format].name, nesting_format());
		if (f->rows >> rows & 1 && distance < best) {
			best = distance;
			nearest = f->name;
		}
	}
	if (nearest)
		return err_set(e, EINVAL, "-f: there is no field '%s'; did you mean '%s'? "
			       "--list-output-fields names them all", name, nearest);
	return err_set(e, EINVAL, "-f: there is no field '%s'; --list-output-fields names them all",
		       name);
}

static int select_add(struct result_selection *sel, const char *name, size_t len,
		      enum config_rows rows, enum config_format format, struct err *e)
{
	char word[64];
	size_t i = 0;

	if (len >= sizeof(word))
		len = sizeof(word) - 1;
	memcpy(word, name, len);
	word[len] = '\0';
	if (len == 0)
		return err_set(e, EINVAL, "-f: a field's name is missing in the list");
	while (i < result_nfields && (!field_fits(&result_fields[i], rows, format)
				      || strcmp(result_fields[i].name, word) != 0))
		i++;
	if (i == result_nfields)
		return select_refuse(word, rows, format, e);
	for (size_t k = 0; k < sel->n; k++)
		if (sel->v[k] == i)
			return err_set(e, EINVAL, "-f: '%s' is named twice", word);
	sel->v[sel->n++] = (uint16_t)i;
	return 0;
}

int result_select(struct result_selection *sel, const char *list, enum config_rows rows,
		  enum config_format format, struct err *e)
{
	int err = 0;

	*sel = (struct result_selection){ calloc(result_nfields, sizeof(sel->v[0])), 0 };
	if (!sel->v)
		return err_set(e, ENOMEM, "no memory for the list of output fields");
	if (!list || strcmp(list, "*") == 0) {
		for (size_t i = 0; i < result_nfields; i++)
			if (field_fits(&result_fields[i], rows, format))
				sel->v[sel->n++] = (uint16_t)i;
		return 0;
	}
	for (;;) {
		size_t len = strcspn(list, ",");

		err = select_add(sel, list, len, rows, format, e);
		if (err || !list[len])
			break;
		list += len + 1;
	}
	if (err)
		result_selection_free(sel);
	return err;
}

void result_selection_free(struct result_selection *sel)
{
	free(sel->v);
	*sel = (struct result_selection){ NULL, 0 };
}

/* ---- the table, for people ---- */

/* In which rows a name is, over all places that it has; 0 where an earlier place has them. */
static unsigned int rows_of(const struct result_field *f)
{
	unsigned int rows = 0;

	for (size_t i = 0; i < result_nfields; i++) {
		if (strcmp(result_fields[i].name, f->name) != 0)
			continue;
		if (&result_fields[i] < f)
			return 0;
		rows |= result_fields[i].rows;
	}
	return rows;
}

static const char *rows_text(unsigned int rows)
{
	return rows == BOTH ? "target, reply" : rows == TARGET ? "target" : "reply";
}

/* What it is, and where it cannot be. */
#define DOC_LEN 256
static const char *full_doc(const struct result_field *f, char text[static DOC_LEN])
{
	if (!result_is_nested(f))
		return f->doc;
	snprintf(text, DOC_LEN, "%s (%s only)", f->doc, nesting_format());
	return text;
}

void result_list(FILE *out)
{
	char text[DOC_LEN];

	fprintf(out, "%-18s %-8s %-14s %s\n", "field", "type", "--rows", "meaning");
	for (size_t i = 0; i < result_nfields; i++) {
		const struct result_field *f = &result_fields[i];
		unsigned int rows = rows_of(f);

		if (rows)
			fprintf(out, "%-18s %-8s %-14s %s\n", f->name, result_types[f->type].name,
				rows_text(rows), full_doc(f, text));
	}
}

void result_roff(FILE *out)
{
	char text[DOC_LEN], doc[DOC_LEN];

	for (size_t i = 0; i < result_nfields; i++) {
		const struct result_field *f = &result_fields[i];
		unsigned int rows = rows_of(f);

		if (!rows)
			continue;
		opttab_roff_text(full_doc(f, text), doc, sizeof(doc));
		fprintf(out, ".TP\n.B %s\n(%s; %s) %s\n", f->name, result_types[f->type].name,
			rows_text(rows), doc);
	}
}
