#include "config/config_idle.h"

#include <string.h>

#include "base/log.h"
#include "config/config.h"
#include "config/config_options.h"
#include "config/config_set.h"

/* What goes out in the end. */
struct sends {
	bool requests, data;		/* of any kind */
	bool kind[PROBE_KINDS];
};

static struct sends sends_of(const struct config *c)
{
	const struct plan p = {
		.name = c->probing.plan, .sweep = c->probing.probes,
		.payload = c->probing.payload.type != PAYLOAD_NONE,
	};
	uint8_t attempts[PROBE_KINDS];
	struct sends s = { 0 };

	plan_attempts(&p, attempts);
	for (unsigned int kind = 0; kind < PROBE_KINDS; kind++) {
		s.kind[kind] = attempts[kind] > 0;
		if (s.kind[kind]) {
			s.requests |= PLAN_REQUEST_KINDS >> kind & 1;
			s.data |= probe_types[kind].payload;
		}
	}
	return s;
}

/* addr:port or [v6]:port; more colons are of an IPv6 address alone. */
static bool has_port(const char *word)
{
	const char *colon = strchr(word, ':');

	return word[0] == '[' ? strstr(word, "]:") != NULL : colon && !strchr(colon + 1, ':');
}

static bool target_ports(const struct config *c, const struct sends *s)
{
	(void)s;
	if (!c->targets.n || c->targets.allowlist_file || c->targets.list_file)
		return false;
	for (size_t i = 0; i < c->targets.n; i++)
		if (!has_port(c->targets.words[i]))
			return false;
	return true;
}

static bool max_hops(const struct config *c, const struct sends *s)
{
	(void)s;
	return c->probing.plan != PLAN_LOCATE;
}

static bool confirm(const struct config *c, const struct sends *s)
{
	(void)s;
	return c->probing.confirm_ns > 0 && !plan_is_deep(c->probing.plan);
}

static bool plan(const struct config *c, const struct sends *s)
{
	return (c->probing.plan == PLAN_COMPLETE && !s->kind[PROBE_TWIN])
	       || (c->probing.plan == PLAN_FULL && !s->kind[PROBE_BLIND]);
}

static bool payload(const struct config *c, const struct sends *s)
{
	return c->probing.payload.type != PAYLOAD_NONE && !s->data;
}

static bool requests(const struct config *c, const struct sends *s)
{
	return c->probing.requests > 1 && !s->requests;
}

static bool cookie_file(const struct config *c, const struct sends *s)
{
	return c->probing.cookie_file && !s->requests && !s->kind[PROBE_DATA];
}

static bool no_header(const struct config *c, const struct sends *s)
{
	(void)s;
	return c->output.no_header && (c->output.format == FORMAT_ndjson
				       || c->output.format == FORMAT_text);
}

/* Nobody gets the rows: with --expect they need a file. */
static bool is_unwritten(const struct config *c, const struct sends *s)
{
	(void)s;
	return c->output.expect && !config_given(c, "output-file");
}

static bool gateway_mac(const struct config *c, const struct sends *s)
{
	(void)s;
	return c->network.gateway_mac_set && c->network.iplayer;
}

static bool without_blocklist(const struct config *c, const struct sends *s)
{
	(void)s;
	return c->targets.without_blocklist
	       && (!c->targets.no_default_blocklist || c->targets.blocklist_file);
}

static bool sender_threads(const struct config *c, const struct sends *s)
{
	(void)s;
	return c->network.threads > 1 && (c->network.save_pcap || c->network.tx_file);
}

/* What is not sent is not answered. */
static bool receiver_threads(const struct config *c, const struct sends *s)
{
	(void)s;
	return c->network.receivers > 1
	       && (c->network.rx_file || c->network.tx_file || c->general.dryrun
		   || strcmp(c->network.tx, "null") == 0
		   || (c->output.rows == ROWS_REPLY && c->rate.max_results));
}

static bool label(const struct config *c, const struct sends *s)
{
	const char *list = c->output.fields;

	(void)s;
	if (!c->output.label || !list || strcmp(list, "*") == 0)
		return false;
	for (size_t len; *list; list += len + (list[len] == ',')) {
		len = strcspn(list, ",");
		if (len == strlen("label") && memcmp(list, "label", len) == 0)
			return false;
	}
	return true;
}

void config_notice_idle(const struct config *c)
{
	static const char unwritten[] = "with --expect rows are written only where -o names a "
					"file";
	static const struct {
		const char *option;
		bool (*is_idle)(const struct config *c, const struct sends *s);
		const char *why;
	} rows[] = {
		{ "target-ports", target_ports, "each target comes with a port of its own" },
		{ "max-hops", max_hops, "only --plan locate sends hop probes" },
		{ "confirm", confirm, "only --plan path, full and locate test a verdict again" },
		{ "plan", plan, "what it queries beside survey or path needs data, and none is "
		  "sent" },
		{ "payload", payload, "no probe that carries data is sent" },
		{ "requests", requests, "no cookie is requested" },
		{ "cookie-file", cookie_file, "no cookie is requested, and none sent" },
		{ "no-header", no_header, "only csv has a header" },
		{ "output-format", is_unwritten, unwritten },
		{ "output-fields", is_unwritten, unwritten },
		{ "output-filter", is_unwritten, unwritten },
		{ "rows", is_unwritten, unwritten }, { "report", is_unwritten, unwritten },
		{ "gateway-mac", gateway_mac, "packets without a link header have no place for "
		  "it" },
		{ "without-blocklist", without_blocklist, "a blocklist is in force all the same: "
		  "only --no-default-blocklist without --blocklist-file blocks nothing" },
		{ "sender-threads", sender_threads, "what is sent is written to a file, by one "
		  "thread" },
		{ "receiver-threads", receiver_threads, "one thread receives, or reads a file, or "
		  "nothing does" },
		{ "label", label, "the field label is not among the fields" },
	};
	const struct sends s = sends_of(c);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t row = opttab_find(config_options, config_noptions, rows[i].option);

		if (c->typed[row] && rows[i].is_idle(c, &s))
			log_notice("--%s has no effect here: %s", rows[i].option, rows[i].why);
	}
}
