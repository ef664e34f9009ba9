/*
 * config: what the user asked for, resolved from the command line and a configuration file by the
 * option table (config_options.c: one row an option, from which both, --help, the manuals' tables,
 * --print-config, the sample configuration file and the shell completion come).
 */
#ifndef TFOMAP_CONFIG_H
#define TFOMAP_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "addr.h"
#include "payload.h"
#include "plan.h"

struct err;

#define CONFIG_SOURCES_MAX	256
#define CONFIG_THREADS_MAX	16
#define CONFIG_RETRIES_AUTO	(-1)
#define CONFIG_RETRIES_THOROUGH	2	/* default for server lists, path and full; else 0 */

/* Read where --config is not given and it is there. */
#define CONFIG_FILE		SYSCONFDIR "/tfomap/tfomap.conf"

enum config_rows { ROWS_TARGET, ROWS_REPLY };
enum config_report { REPORT_SYNACK, REPORT_ANSWERED, REPORT_ALL };
enum config_format { FORMAT_CSV, FORMAT_NDJSON };
enum config_tcp_options {
	TCP_OPTIONS_WINDOWS, TCP_OPTIONS_LINUX, TCP_OPTIONS_BSD, TCP_OPTIONS_MSS, TCP_OPTIONS_NONE,
};

struct config_ports {
	uint16_t *v;			/* heap, owned; sorted, no doubles, 1..65535 */
	uint32_t n;
};

/* What to probe. */
struct config_targets {
	char **words;			/* heap, owned: the words among the options, then NULL;
					 * each points into argv */
	size_t n;
	struct config_ports ports;
	const char *allowlist_file, *blocklist_file, *list_file;
	bool ipv4_only, ipv6_only;	/* not both: the other family is left out */
	bool no_default_blocklist;
	bool without_blocklist;		/* confirmed: many targets, and nothing is blocked */
	uint64_t max;			/* 0: all */
	double max_share;		/* the same as a share of all, up to 1; 0: not given */
	uint32_t shards, shard;		/* shard 0..shards-1 */
	uint64_t seed;
	bool seed_set;
};

/* What to ask, and for how long. */
struct config_probing {
	struct payload payload;
	const char *payload_text;	/* as given */
	enum plan_name plan;
	uint32_t probes;		/* bits 1 << enum probe_kind: the sweep's kinds; 0: as
					 * the plan says */
	uint64_t confirm_ns;		/* path, full: a blocked verdict is tested again; 0: not */
	int retries;			/* 0..15; CONFIG_RETRIES_AUTO: by the kind of targets */
	uint64_t timeout_ns;
	const char *cookie_file;
	enum config_tcp_options tcp_options;
};

/* Rate and end; 0: no limit. */
struct config_rate {
	double pps;
	double bandwidth_bps;		/* of frames and 24 bytes each */
	uint64_t max_runtime_ns;
	uint64_t max_results;
	uint64_t cooldown_ns;
};

/* How packets leave and come. */
struct config_network {
	const char *interface;		/* NULL: by the route */
	struct addr sources[CONFIG_SOURCES_MAX];
	size_t nsources;		/* 0: by the route */
	uint16_t port_first, port_last;
	uint8_t gateway_mac[6];
	bool gateway_mac_set;
	bool iplayer;			/* packets without a link header */
	uint32_t vlan_id;		/* 802.1Q, 1..4094; 0: untagged */
	uint32_t threads;		/* send threads, 1..CONFIG_THREADS_MAX; 0: by the cores */
	const char *rx;			/* pcap, xdp */
	const char *tx;			/* engine's name: auto, packet, libnet, pcap, null; dryrun
					 * where --dryrun asks for that */
	const char *tx_file;		/* of pcap:FILE, else NULL */
	const char *rx_file;		/* of --rx pcap:FILE; NULL: live */
	const char *save_pcap;
	uint8_t key[16];		/* --key: of the validation hash */
	bool key_set;
};

/* Rows. */
struct config_output {
	const char *file;		/* NULL or "-": stdout */
	enum config_format format;
	const char *fields;		/* as given; NULL: the default set; "*": all */
	enum config_rows rows;
	enum config_report report;
	bool no_header;
};

/* What is written of the run. */
struct config_records {
	const char *metadata_file, *status_file, *log_file, *notes;
	int verbosity;			/* enum log_level; --quiet lowers it to warnings */
	bool quiet;
};

/* Ask and leave: set where the option was given, main acts. */
struct config_ask {
	bool list_interfaces, list_output_fields, list_probes, list_verdicts, print_config;
	bool help, version;
	bool dryrun;			/* prints packets; no file is written but the log */
	const char *config_file;	/* read, by --config or as the default; NULL: none */
};

struct config {
	int argc;			/* as called, for the metadata */
	char **argv;
	char **values;			/* heap, owned, each likewise: by row of the option table
					 * the value as given; NULL: not given. The strings below
					 * point into them, or are the table's defaults */
	struct config_targets targets;
	struct config_probing probing;
	struct config_rate rate;
	struct config_network network;
	struct config_output output;
	struct config_records records;
	struct config_ask ask;
};

/* Whether any targets are named. Where none are, the run reads a capture, which tells of them. */
static inline bool config_names_targets(const struct config *c)
{
	return c->targets.n || c->targets.allowlist_file || c->targets.list_file;
}

/*
 * Sets the defaults, then reads the configuration file (that of --config, else default_file, which
 * is also NULL or not there) and argv, which wins and stays as it was. 0, or -errno with a message
 * that names the option (and FILE:LINE), the value, what is wrong and what to try; then there is
 * nothing to free. Contradictions between options are found here as well (shard >= shards,
 * --report all with --rows reply, no target, ...). Where an option asks for something that needs
 * no configuration, nothing else is looked at. Not thread-safe (getopt).
 */
int config_parse(struct config *c, int argc, char **argv, const char *default_file, struct err *e);
void config_free(struct config *c);

/*
 * Tries, before a run, that all files can be written which it would write, and that none of them is
 * another one of the run's, by whatever name; leaves them as they are. 0, or -errno with a message
 * that names the option, or both.
 */
int config_try_outputs(const struct config *c, struct err *e);

/* --help: all options by group, 80 columns. */
void config_help(FILE *out);

/* --print-config: a configuration file that asks for the same. */
void config_print(const struct config *c, FILE *out);

/* A configuration file of all options, commented out: each with its default, or what it takes. */
void config_sample(FILE *out);

/* The options for tfomap(8), and for tfomap.conf(5): roff, .TP entries, the former by group. */
void config_roff(FILE *out);
void config_roff_file(FILE *out);

/* The options for the shell's completion: elements of a bash array, by spelling. */
void config_completion(FILE *out);

/*
 * Every option that a configuration file can have (all but those of "ask and leave") by its long
 * name with the value in force, in the words that the option takes; flags "true" or "false"; ""
 * where nothing was given.
 */
typedef void config_visit_fn(void *arg, const char *name, const char *value);
void config_visit(const struct config *c, config_visit_fn *visit, void *arg);

#endif
