/*
 * mkman: makes a manual page, or what else has tables of the program's own, from its .in file:
 * standard input to standard output. A line that is only @NAME@ is replaced by a table; @VERSION@,
 * @SYSCONFDIR@ and @DATADIR@ are replaced wherever they are. What no plan of this version sends,
 * and what could be known only by sending it, is left out.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/stats.h"
#include "completion.h"
#include "config/config.h"
#include "config/config_parse.h"
#include "config/config_show.h"
#include "err.h"
#include "opttab.h"
#include "records/metadata.h"
#include "output/result_fields.h"
#include "records/status.h"
#include "report/options.h"
#include "report/store.h"
#include "plan.h"
#include "probe.h"
#include "validate.h"
#include "verdict.h"
#include "wire/rx_source.h"

#define LINE_LEN 1024
#define NUMBERS 4294967296.0	/* of a sequence */
#define FORGER_PPS 14.88e6	/* the smallest frames, at 10 Gbit/s */

static void write_entry(FILE *out, const char *name, const char *text)
{
	char roff_name[128], roff_text[1024];

	opttab_roff_text(name, roff_name, sizeof(roff_name));
	opttab_roff_text(text, roff_text, sizeof(roff_text));
	fprintf(out, ".TP\n.B %s\n%s\n", roff_name, roff_text);
}

static void write_probes(FILE *out)
{
	for (int kind = 0; kind < PROBE_KINDS; kind++)
		write_entry(out, probe_types[kind].name, probe_types[kind].doc);
}

static void write_types(FILE *out, const struct verdict_type *types, int n)
{
	for (int i = 0; i < n; i++)
		write_entry(out, types[i].name, types[i].rule);
}

static void write_verdicts(FILE *out)
{
	write_types(out, verdict_types, VERDICTS);
}

static void write_signals(FILE *out)
{
	write_types(out, signal_types, SIGNALS);
}

/* A line about each scan with the default options. */
static void write_scans(FILE *out, void (*write)(FILE *out, const struct config *c,
						 const struct plan *p))
{
	static const struct {
		const char *what;
		enum plan_name plan;
		unsigned int retries;
		bool confirm;
	} rows[] = {
		{ "survey of prefixes", PLAN_SURVEY, 0, false },
		{ "survey of a server list", PLAN_SURVEY, CONFIG_RETRIES_THOROUGH, false },
		{ "complete, of prefixes", PLAN_COMPLETE, 0, false },
		{ "complete, of a server list", PLAN_COMPLETE, CONFIG_RETRIES_THOROUGH, false },
		{ "path, full", PLAN_FULL, CONFIG_RETRIES_THOROUGH, true },
		{ "path, full, \\-\\-confirm 0", PLAN_FULL, CONFIG_RETRIES_THOROUGH, false },
		{ "locate", PLAN_LOCATE, CONFIG_RETRIES_THOROUGH, true },
	};
	char *argv[] = { (char[]){ "tfomap" }, (char[]){ "192.0.2.1" }, NULL };
	struct err e = { "" };
	struct config c;

	if (config_parse(&c, 2, argv, NULL, &e))
		return;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct plan p = {
			.name = rows[i].plan, .retries = rows[i].retries, .payload = true,
			.confirm = rows[i].confirm,
		};

		fprintf(out, "%s\t", rows[i].what);
		write(out, &c, &p);
	}
	config_free(&c);
}

/* A time-out is over when what came by then has been read. */
static void write_plan_longest(FILE *out, const struct config *c, const struct plan *p)
{
	uint64_t ns = plan_longest_ns(p, c->probing.timeout_ns + RX_DELAY_NS,
				      c->probing.confirm_ns);

	fprintf(out, "%u s\n", (unsigned int)((ns + NS_PER_S - 1) / NS_PER_S));
}

/* The longest that one target can take. */
static void write_longest(FILE *out)
{
	write_scans(out, write_plan_longest);
}

/* How many forged packets it takes for one that is no answer and passes for one. */
static void write_plan_forged(FILE *out, const struct config *c, const struct plan *p)
{
	static const uint8_t key[16];
	uint8_t attempts[PROBE_KINDS];
	struct err e = { "" };
	struct validator v;
	double packets;

	plan_attempts(p, attempts);
	if (validate_init(&v, key, c->network.port_first, c->network.port_last, attempts, &e))
		return;
	packets = v.part_width * NUMBERS;
	fprintf(out, "%u\t%.1f x 10^12\t%.1f days\n", v.part_width, packets / 1e12,
		packets / FORGER_PPS / (24 * 60 * 60));
}

static void write_forged(FILE *out)
{
	write_scans(out, write_plan_forged);
}

/* Names in a row, in bold. */
static void write_losses(FILE *out)
{
	const char *before = ".BR ";

	for (int i = 0; i < STATS; i++)
		if (stat_types[i].means) {
			fprintf(out, "%s%s", before, stat_types[i].name);
			before = " \", \" ";
		}
	fputs(" .\n", out);
}

static void write_keys(FILE *out, const char *object)
{
	for (size_t i = 0; i < metadata_nkeys; i++)
		if (strcmp(metadata_keys[i].object, object) == 0)
			write_entry(out, metadata_keys[i].name, metadata_keys[i].doc);
}

static void write_group(FILE *out, unsigned int group)
{
	char text[1024];

	fprintf(out, ".SS counters.%s\n", stat_groups[group].name);
	opttab_roff_text(stat_groups[group].doc, text, sizeof(text));
	fprintf(out, "%s.\n", text);
	for (int i = 0; i < STATS; i++) {
		const struct stat_type *type = &stat_types[i];

		if (type->group != group)
			continue;
		snprintf(text, sizeof(text), "%s%s%s", type->doc, type->means ? "; " : "",
			 type->means ? type->means : "");
		write_entry(out, type->name, text);
	}
}

static void write_metadata(FILE *out)
{
	write_keys(out, "");
	fputs(".SS targets\nAddresses times ports, each pair counted once.\n", out);
	write_keys(out, "targets");
	for (unsigned int group = 0; group < STAT_GROUPS; group++)
		write_group(out, group);
}

static void write_columns(FILE *out)
{
	for (size_t i = 0; i < status_ncolumns; i++)
		write_entry(out, status_columns[i].name, status_columns[i].doc);
}

static const struct {
	const char *name;
	void (*write)(FILE *out);
} tables[] = {
	{ "@OPTIONS@\n", config_roff },
	{ "@FILE_OPTIONS@\n", config_roff_file },
	{ "@SAMPLE@\n", config_sample },
	{ "@CHANGING@\n", config_roff_changing },
	{ "@BASH@\n", completion_bash },
	{ "@ZSH@\n", completion_zsh },
	{ "@FISH@\n", completion_fish },
	{ "@FIELDS@\n", result_roff },
	{ "@PROBES@\n", write_probes },
	{ "@VERDICTS@\n", write_verdicts },
	{ "@SIGNALS@\n", write_signals },
	{ "@LONGEST@\n", write_longest },
	{ "@FORGED@\n", write_forged },
	{ "@LOSSES@\n", write_losses },
	{ "@METADATA@\n", write_metadata },
	{ "@COLUMNS@\n", write_columns },
	{ "@REPORT_OPTIONS@\n", options_roff },
	{ "@REPORT_COLUMNS@\n", store_roff },
};

static const struct {
	const char *name, *text;
} words[] = {
	{ "@VERSION@", PACKAGE_VERSION },
	{ "@SYSCONFDIR@", SYSCONFDIR },
	{ "@DATADIR@", DATADIR },
};

/* Writes the line with its words replaced. */
static void write_words(FILE *out, const char *line)
{
	for (size_t i = 0; *line; i = 0) {
		while (i < sizeof(words) / sizeof(words[0])
		       && strncmp(line, words[i].name, strlen(words[i].name)) != 0)
			i++;
		if (i < sizeof(words) / sizeof(words[0])) {
			fputs(words[i].text, out);
			line += strlen(words[i].name);
		} else {
			fputc(*line++, out);
		}
	}
}

/* False: the line names a table that there is not. */
static bool write_line(FILE *out, const char *line)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		if (strcmp(line, tables[i].name) == 0) {
			tables[i].write(out);
			return true;
		}
	write_words(out, line);
	return line[0] != '@';
}

int main(void)
{
	char line[LINE_LEN];

	while (fgets(line, sizeof(line), stdin))
		if (!write_line(stdout, line)) {
			fprintf(stderr, "mkman: there is no table %s", line);
			return 1;
		}
	if (ferror(stdin) || fflush(stdout) != 0) {
		perror("mkman");
		return 1;
	}
	return 0;
}
