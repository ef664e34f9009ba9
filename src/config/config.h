/*
 * config: the options' values; read-only once config_parse() has filled it in. Who
 * reads it needs nothing of how that is done.
 */
#ifndef TFOMAP_CONFIG_H
#define TFOMAP_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "config/formats.h"
#include "payload.h"
#include "plan.h"
#include "tcpopt.h"

#define CONFIG_SOURCES_MAX	256
#define CONFIG_THREADS_MAX	16
#define CONFIG_RETRIES_AUTO	(-1)
#define CONFIG_RETRIES_THOROUGH	2	/* default of lists and of plans path, full, locate */

/* Read where --config is not given and it is there. */
#define CONFIG_FILE		SYSCONFDIR "/tfomap/tfomap.conf"

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

/* Which probes, and for how long. */
struct config_probing {
	struct payload payload;
	const char *payload_text;	/* as given */
	enum plan_name plan;
	uint32_t probes;		/* bits 1 << enum probe_kind: the sweep's kinds; 0: as
					 * the plan says */
	uint64_t confirm_ns;		/* path, full, locate: a blocked verdict is tested again;
					 * 0: not */
	uint32_t requests;		/* 1..PLAN_REQUESTS_MAX */
	int retries;			/* 0..15; CONFIG_RETRIES_AUTO: by the kind of targets */
	int max_hops;			/* locate: 1..LOCATE_TTL_MAX */
	uint64_t timeout_ns;
	const char *cookie_file;
	enum tcp_options tcp_options;
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
	uint32_t receivers;		/* receive threads, likewise; 0: as many as suffice */
	const char *rx;			/* pcap, xdp, or CONFIG_RX_AUTO */
	const char *tx;			/* engine's name (engines.def), or CONFIG_TX_AUTO */
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
	const char *filter;		/* NULL: all rows */
	const char *fields;		/* as given; NULL: the default set; "*": all */
	const char *label;		/* of every row; NULL: none; one line */
	enum config_rows rows;
	enum config_report report;
	uint32_t expect;		/* bits 1 << enum verdict; 0: exit status of the scan */
	bool no_header;
};

/* What is written of the run. */
struct config_records {
	const char *metadata_file, *status_file, *log_file, *notes;
	const char *user;		/* that the run is, once started; NULL: who started it */
	const char *checkpoint;
	int verbosity;			/* enum log_level; --quiet lowers it to warnings */
	bool quiet;
};

/* No option of a scan: set where the option was given, main acts. */
struct config_general {
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
	const char **typed;		/* heap, owned: those of the command line alone, likewise;
					 * each points into argv */
	struct config_targets targets;
	struct config_probing probing;
	struct config_rate rate;
	struct config_network network;
	struct config_output output;
	struct config_records records;
	struct config_general general;
};

/* What rows are in, where --output-format leaves it open: text, if they are for people. */
static inline enum config_format config_format(const struct config *c, bool text)
{
	if (c->output.format != FORMAT_AUTO)
		return c->output.format;
	return text ? FORMAT_text : FORMAT_csv;
}

/* Whether any targets are named. Where none are, the run reads a capture, which lists them. */
static inline bool config_names_targets(const struct config *c)
{
	return c->targets.n || c->targets.allowlist_file || c->targets.list_file;
}

#endif
