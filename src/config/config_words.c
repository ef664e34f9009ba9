#include "config/config_words.h"

#include "config/formats.h"
#include "plan.h"
#include "probe.h"
#include "tcpopt.h"
#include "verdict.h"

const struct opttab_word tcp_options_words[] = {
	[TCP_OPTIONS_WINDOWS] = { "windows", false }, [TCP_OPTIONS_LINUX] = { "linux", false },
	[TCP_OPTIONS_BSD] = { "bsd", false }, [TCP_OPTIONS_MSS] = { "mss", false },
	[TCP_OPTIONS_NONE] = { "none", false }, { NULL, false },
};

const struct opttab_word tx_words[] = {
	{ CONFIG_TX_AUTO, false },
#define TX(id, file, doc) { #id, file },
#include "config/engines.def"
	{ NULL, false },
};

const struct opttab_word rx_words[] = {
	{ CONFIG_RX_AUTO, false },
#define RX(id, word, file, doc) { #word, file },
#include "config/engines.def"
	{ NULL, false },
};

/* What follows a word of engines.def. */
#define FILE_false
#define FILE_true	":FILE"

const char tx_help[] = CONFIG_TX_AUTO
#define TX(id, file, doc) "|" #id FILE_##file
#include "config/engines.def"
	;

const char tx_man[] = "How packets are sent: "
#define TX(id, file, doc) #id FILE_##file " (" doc "), "
#include "config/engines.def"
	"or auto: the fastest that runs here, which the log names. With pcap and null nothing can "
	"answer, and no privilege is needed.";

const char rx_help[] = CONFIG_RX_AUTO
#define RX(id, word, file, doc) "|" #word FILE_##file
#include "config/engines.def"
	", a saved capture";

const char rx_man[] = "Where answers come from: "
#define RX(id, word, file, doc) #word FILE_##file " (" doc "); "
#include "config/engines.def"
	"or auto: xdp where the packets leave by --tx xdp, named or chosen, and it runs there, "
	"else pcap. A capture takes the targets, the seed, the key (--key), --plan, --probes and "
	"--retries of the run that made it. Without the targets, or of a capture that lacks what "
	"was sent, there is --rows reply only.";

const struct opttab_word format_words[] = {
#define FORMAT(id, nests, doc) [FORMAT_##id] = { #id, false },
#include "config/formats.def"
	[FORMAT_AUTO] = { "auto", false }, { NULL, false },
};

const char format_help[] = "auto"
#define FORMAT(id, nests, doc) "|" #id
#include "config/formats.def"
	;

const char format_man[] = "The form of the rows: "
#define FORMAT(id, nests, doc) #id " (" doc "), "
#include "config/formats.def"
	"with the same rows in csv and ndjson; auto: text where standard output is a terminal, "
	"there are 64 targets at most and none of -o, -f and --rows is given, else csv.";

const struct opttab_word rows_words[] = {
	[ROWS_TARGET] = { "target", false }, [ROWS_REPLY] = { "reply", false }, { NULL, false },
};

const struct opttab_word report_words[] = {
	[REPORT_SYNACK] = { "synack", false }, [REPORT_ANSWERED] = { "answered", false },
	[REPORT_ALL] = { "all", false }, { NULL, false },
};

const struct opttab_word plan_words[] = {
	[PLAN_SURVEY] = { "survey", false }, [PLAN_PATH] = { "path", false },
	[PLAN_FULL] = { "full", false }, [PLAN_LOCATE] = { "locate", false },
	[PLAN_COMPLETE] = { "complete", false }, { NULL, false },
};

const struct opttab_word verdict_words[] = {
#define VERDICT(id, name, rule) [VERDICT_##id] = { name, false },
#include "verdict.def"
#undef VERDICT
	{ NULL, false },
};

const struct opttab_word probe_words[] = {
#define PROBE(id, counter, name, ...) [PROBE_##id] = { name, false },
#include "probe.def"
#undef PROBE
	{ NULL, false },
};
