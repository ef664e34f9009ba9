#include "config/config_options.h"

#include "config/config.h"
#include "config/config_words.h"
#include "locate.h"

/* A member's place, and a compile error where it is not of the type that the row's type stores. */
#define MEMBER(type, m)                                                                            \
	(offsetof(struct config, m)                                                                \
	 + 0 * sizeof(char[__builtin_types_compatible_p(type, __typeof__(((struct config *)0)->m)) \
				   ? 1 : -1]))

_Static_assert(sizeof(enum config_rows) == sizeof(int), "OPTTAB_WORD stores an int");

#define FLAG(m)			OPTTAB_FLAG, MEMBER(bool, m), 0
#define INT(m)			OPTTAB_INT, MEMBER(int, m), 0
#define U32(m)			OPTTAB_U32, MEMBER(uint32_t, m), 0
#define U64(m)			OPTTAB_U64, MEMBER(uint64_t, m), 0
#define U64_SET(m, set)		OPTTAB_U64, MEMBER(uint64_t, m), MEMBER(bool, set)
#define AMOUNT(m, share)	OPTTAB_AMOUNT, MEMBER(uint64_t, m), MEMBER(double, share)
#define RATE(m)			OPTTAB_RATE, MEMBER(double, m), 0
#define SECONDS(m)		OPTTAB_SECONDS, MEMBER(uint64_t, m), 0
#define WORD(e, m)		OPTTAB_WORD, MEMBER(enum e, m), 0
#define WORDS(m)		OPTTAB_WORDS, MEMBER(uint32_t, m), 0
#define WORD_FILE(m, file)	OPTTAB_WORD_FILE, MEMBER(const char *, m),                         \
				MEMBER(const char *, file)
#define STRING(m)		OPTTAB_STRING, MEMBER(const char *, m), 0
#define PORTS(m)		OPTTAB_PORTS, MEMBER(uint16_t *, m.v), MEMBER(uint32_t, m.n)
#define PORT_RANGE(a, b)	OPTTAB_PORT_RANGE, MEMBER(uint16_t, a), MEMBER(uint16_t, b)
#define ADDRS(m, n)		OPTTAB_ADDRS, MEMBER(struct addr[CONFIG_SOURCES_MAX], m),          \
				MEMBER(size_t, n)
#define MAC(m, set)		OPTTAB_MAC, MEMBER(uint8_t[6], m), MEMBER(bool, set)
#define HEX16(m, set)		OPTTAB_HEX, MEMBER(uint8_t[16], m), MEMBER(bool, set)
#define PAYLOAD(m, text)	OPTTAB_PAYLOAD, MEMBER(struct payload, m),                         \
				MEMBER(const char *, text)

static const char targets[] = "targets", probing[] = "probing", rate[] = "rate",
		  network[] = "network", output[] = "output", records[] = "records";
const char config_group_general[] = "general";

const struct opttab_row config_options[] = {
	{ "target-ports", 'p', PORTS(targets.ports), .def = "443", .group = targets, .arg = "LIST",
	  .help = "80,443,8000-8100, or *",
	  .man = "Ports to probe at every address that comes without one: numbers and ranges "
		 "separated by commas, or * for 1-65535." },
	{ "allowlist-file", 'w', STRING(targets.allowlist_file), .min = 1, .group = targets,
	  .arg = "FILE",
	  .help = "prefixes to scan, one a line",
	  .man = "Scan the prefixes and ranges in FILE, one a line. With --targets-file, it says "
		 "instead where targets may be: the others are left out and counted. See "
		 "FILES." },
	{ "blocklist-file", 'b', STRING(targets.blocklist_file), .min = 1, .group = targets,
	  .arg = "FILE",
	  .help = "prefixes never to send to, one a line",
	  .man = "Never send to the prefixes and ranges in FILE, whatever else names them, "
		 "beside the special-purpose ranges that are compiled in. Targets left out for "
		 "that reason are counted and said. See FILES." },
	{ "ipv4", '4', FLAG(targets.ipv4_only), .group = targets,
	  .man = "Probe the IPv4 targets only, those of names, prefixes and lists alike. The IPv6 "
		 "targets are left out and counted." },
	{ "ipv6", '6', FLAG(targets.ipv6_only), .group = targets,
	  .help = "that family only",
	  .man = "Probe the IPv6 targets only. The IPv4 targets are left out and counted." },
	{ "no-default-blocklist", 0, FLAG(targets.no_default_blocklist), .group = targets,
	  .help = "special-purpose ranges may be probed too",
	  .man = "Do not block the special-purpose ranges of IANA's registries (private, "
		 "loopback, documentation, multicast and the like), which are blocked "
		 "otherwise. For laboratories." },
	{ "without-blocklist", 0, FLAG(targets.without_blocklist), .group = targets,
	  .help = "confirmed: billions, and nothing blocked",
	  .man = "Confirm a scan of more than a billion targets with --no-default-blocklist and "
		 "without --blocklist-file, which is refused otherwise." },
	{ "targets-file", 'I', STRING(targets.list_file), .min = 1, .group = targets, .arg = "FILE",
	  .help = "server list; - is standard input",
	  .man = "Probe the servers in FILE, one a line; - is standard input. See SERVER LISTS." },
	{ "max-targets", 'n', AMOUNT(targets.max, targets.max_share), .def = "0", .group = targets,
	  .arg = "N|N%", .help = "first N of the order of targets; 0 is all",
	  .man = "Probe only the first N targets, or N per cent of all, in the order that the "
		 "seed gives, before the shards divide them: a random sample. K, M and G may "
		 "follow the number; 0 is all." },
	{ "shards", 0, U32(targets.shards), .min = 1, .def = "1", .group = targets, .arg = "N",
	  .man = "Divide the scan into N parts, each for a run of its own. All parts need the "
		 "same --seed and the same targets." },
	{ "shard", 0, U32(targets.shard), .def = "0", .group = targets, .arg = "I",
	  .help = "this run is part I, 0 to N-1, of N",
	  .man = "The part that this run does, 0 to N-1." },
	{ "seed", 'e', U64_SET(targets.seed, targets.seed_set), .group = targets, .arg = "N",
	  .help = "order of the targets (default random)",
	  .man = "The number from which the order of the targets comes. The same seed and the "
		 "same targets give the same order. Default: a random one, which "
		 "--metadata-file keeps." },

	{ "plan", 0, WORD(plan_name, probing.plan), .words = plan_words, .def = "survey",
	  .group = probing,
	  .arg = "PLAN",
	  .man = "Which probes a target gets. survey: request to all, data to who gave a cookie; "
		 "one packet a target. path: syn and request to all, request-exp to who gave no "
		 "cookie, and where data is blocked blind, bare and forged, which show why; "
		 "recheck shows whether the path is still open. full: path, and forged, blind "
		 "and bare to all who gave a cookie. locate: path; then hop probes, where it is "
		 "blocked or no cookie came (WHERE IS IT BROKEN?). complete: survey, and where a "
		 "SYN/ACK answers data the response is read to its end, and once more without "
		 "TFO, by a twin of the connection (WHAT COMES AFTER THE HANDSHAKE). A probe is "
		 "sent only if it can still change the verdict." },
	{ "confirm", 0, SECONDS(probing.confirm_ns), .max = 86400, .def = "60", .group = probing,
	  .arg = "S", .help = "survey|path|full|locate|complete",
	  .man = "With --plan path, full or locate, a verdict that says that something is blocked "
		 "is tested again S seconds later, as most of these are found sound on a second "
		 "look. The field confirmed says whether it was the same; the verdict is the "
		 "later one. 0: no second test." },
	{ "max-hops", 0, INT(probing.max_hops), .min = 1, .max = LOCATE_TTL_MAX, .def = "32",
	  .group = probing, .arg = "N",
	  .man = "With --plan locate, the largest TTL or hop limit of a hop probe, 1 to 64." },
	{ "requests", 0, U32(probing.requests), .min = 1, .max = PLAN_REQUESTS_MAX, .def = "1",
	  .group = probing, .arg = "N", .help = "locate: hops (32); cookies requested (1)",
	  .man = "How many cookies a target that gives one is asked for, 1 to 16, one after the "
		 "other; the newest is used. The field cookies_seen says how many different ones "
		 "came: servers of one address that have different keys give several "
		 "(COOKIES OVER DAYS). A request that brings none is the last. Whose cookie is in "
		 "--cookie-file gets no request." },
	{ "probes", 0, WORDS(probing.probes), .words = probe_words, .group = probing, .arg = "LIST",
	  .help = "sent to all, not the plan's: syn,blind,...",
	  .man = "The kinds of probe that each target gets first, one or two, in place of the "
		 "plan's: syn, request, request-exp, blind, and with --cookie-file data, which is "
		 "request where no cookie is known. What the plan sends then, to those that "
		 "answered, stays. With syn or blind alone no cookie is requested, and the "
		 "verdict only says who is there. Default: those of --plan." },
	{ "payload", 0, PAYLOAD(probing.payload, probing.payload_text), .def = "auto",
	  .group = probing,
	  .arg = "WHAT", .help = "auto|none|http|tls|dns|text:|hex:|file:",
	  .man = "What a data probe carries beside the cookie: auto (by the port: 80 http, 443 "
		 "tls, 53 dns, else a short fixed text), none (no data probe is sent, the "
		 "verdict is cookie-only), http (a minimal request), tls (a minimal "
		 "ClientHello), dns (a query), text:STRING, hex:DIGITS or file:NAME; at most "
		 "1024 bytes, and no more than the interface's MTU has room for. The domain of a "
		 "server list's line fills Host, SNI and QNAME; without one Host is the address, "
		 "SNI is left out and the query is for the name servers of the root." },
	{ "timeout", 0, SECONDS(probing.timeout_ns), .min = 0.05, .max = 600, .def = "3",
	  .group = probing,
	  .arg = "S",
	  .man = "A probe that is not answered S seconds after it was sent counts as silent. A "
		 "fraction may be given." },
	{ "retries", 0, INT(probing.retries), .max = 15, .group = probing, .arg = "N",
	  .help = "repeats to the silent (prefixes 0, lists 2)",
	  .man = "How many more requests a target gets, 0 to 15, one at a time and only while "
		 "it is silent. Default: 0 where prefixes are scanned, 2 where all targets "
		 "come from server lists or are single addresses and for all plans but survey. "
		 "Data probes are retried as often, and twice at least; a data probe that was "
		 "answered is not." },
	{ "cookie-file", 0, STRING(probing.cookie_file), .min = 1, .group = probing, .arg = "FILE",
	  .help = "known cookies: no request needed; kept up",
	  .man = "Load the cookies in FILE, if it is there: to their targets no request is "
		 "sent, but data with that cookie at once. Every cookie got is appended." },
	{ "tcp-options", 0, WORD(tcp_options, probing.tcp_options),
	  .words = tcp_options_words,
	  .def = "windows", .group = probing, .arg = "SET", .help = "linux|bsd|mss|none",
	  .man = "Whose TCP options the SYNs carry beside TFO's: windows, linux, bsd, mss "
		 "(that option alone) or none. More servers answer where there are some." },

	{ "rate", 'r', RATE(rate.pps), .min = 0.1, .max = 1e9, .def = "10000",
	  .may_change = true, .group = rate,
	  .arg = "PPS", .help = "packets/s, K M; 0: no limit",
	  .man = "Send at most PPS packets each second, those of all kinds together: 0.1 or "
		 "more, with a fraction or K, M, G after the number; 0 is no limit." },
	{ "bandwidth", 'B', RATE(rate.bandwidth_bps), .min = 100, .max = 1e12, .def = "0",
	  .may_change = true, .group = rate,
	  .arg = "BPS", .help = "bits/s, K M G; 0: no limit",
	  .man = "Send at most BPS bits each second, with K, M or G after the number; 0 is no "
		 "limit. Counted as zmap does: 24 bytes more than each frame, for what the wire "
		 "adds to it. It takes the place of --rate where that is not given; where both "
		 "are, both hold." },
	{ "max-runtime", 't', SECONDS(rate.max_runtime_ns), .max = 1e9, .def = "0",
	  .may_change = true, .group = rate,
	  .arg = "S", .man = "Stop sending after S seconds; 0 is no limit." },
	{ "max-results", 'N', U64(rate.max_results), .def = "0", .may_change = true, .group = rate,
	  .arg = "N",
	  .help = "stop after S s, N rows",
	  .man = "Stop after N rows; 0 is no limit." },
	{ "cooldown-time", 'c', SECONDS(rate.cooldown_ns), .max = 86400, .def = "8", .group = rate,
	  .arg = "S", .help = "wait for answers at the end, s",
	  .man = "Wait S seconds for late answers after the last SYN. A scan that is not stopped "
		 "waits for the --timeout of its last probes in any case." },

	{ "interface", 'i', STRING(network.interface), .min = 1, .group = network, .arg = "IFACE",
	  .man = "The network interface, by its name or another that it has (altname). Default: "
		 "the one that the route to the targets takes." },
	{ "source-ip", 'S', ADDRS(network.sources, network.nsources), .max = CONFIG_SOURCES_MAX,
	  .group = network,
	  .arg = "LIST", .help = "(default by the route)",
	  .man = "Source addresses, separated by commas. Of several, each target is probed "
		 "from one, chosen by a hash. What this host does not own has to be an address "
		 "that nobody uses, no target's either: the local link is probed first, which "
		 "takes a second, then, as long as the scan runs, tfomap replies to requests for "
		 "it there, by ARP and Neighbour Discovery. Default: the one that the "
		 "route to the targets gives." },
	{ "source-port", 's', PORT_RANGE(network.port_first, network.port_last),
	  .def = "10000-32767",
	  .group = network, .arg = "RANGE", .help = "N or N-M",
	  .man = "The range of source ports. Every kind of probe and every attempt has a part "
		 "of it for itself, so that a late answer is not taken for another's." },
	{ "gateway-mac", 'G', MAC(network.gateway_mac, network.gateway_mac_set),
	  .may_change = true, .group = network,
	  .arg = "MAC",
	  .help = "(default looked up by ARP and ND)",
	  .man = "The link-layer address that all packets are sent to. Default: that of the "
		 "gateway, or of the target itself where it is on the local link, looked up by "
		 "ARP or Neighbour Discovery; that of the gateway is followed where it moves." },
	{ "iplayer", 'X', FLAG(network.iplayer), .group = network,
	  .man = "Send packets without a link header, as layer-3 interfaces such as tun take them. "
		 "Those that are known are found without this option; with --tx pcap and null it "
		 "says what the packets look like." },
	{ "vlan", 0, U32(network.vlan_id), .max = 4094, .def = "0", .group = network, .arg = "ID",
	  .help = "no link header; 802.1Q tag, 1 to 4094",
	  .man = "Put the 802.1Q tag of VLAN ID, 1 to 4094, into the packets; 0 is none. Needs "
		 "--source-ip; where the kernel has an interface for the VLAN, use that with "
		 "--interface instead." },
	{ "tx", 0, WORD_FILE(network.tx, network.tx_file), .words = tx_words,
	  .def = CONFIG_TX_AUTO,
	  .may_change = true, .group = network,
	  .arg = "ENGINE", .help = tx_help, .man = tx_man },
	{ "sender-threads", 'T', U32(network.threads), .max = CONFIG_THREADS_MAX, .def = "0",
	  .group = network, .arg = "N",
	  .man = "Send with up to N threads, 1 to 16; 0: as many as there are cores, 4 at "
		 "most, and with --tx xdp and tc one core less, 1 at least. Each sweeps blocks "
		 "of targets of its own at its share of the rate, pinned to a core where there "
		 "are several. Which packets are sent does not depend on N. A thread is added "
		 "for each 100000 packets/s of the rate and each 8192 targets; with --save-pcap "
		 "and --tx pcap there is one." },
	{ "receiver-threads", 0, U32(network.receivers), .max = CONFIG_THREADS_MAX, .def = "0",
	  .may_change = true, .group = network, .arg = "N", .help = "0: by the cores",
	  .man = "Receive with up to N threads, 1 to 16, no more than there are that send; 0: "
		 "one, and two with --tx packet, xdp and tc where the rate has no limit or is "
		 "above a million packets/s, two threads send at least, and there are two cores "
		 "more than those. The kernel divides what comes among them, by where it comes "
		 "from; the rows do not depend on N. Where a capture is read, where nothing can "
		 "answer, and with --rows reply and --max-results there is one." },
	{ "rx", 0, WORD_FILE(network.rx, network.rx_file), .words = rx_words,
	  .def = CONFIG_RX_AUTO,
	  .may_change = true, .group = network,
	  .arg = "FROM", .help = rx_help, .man = rx_man },
	{ "save-pcap", 0, STRING(network.save_pcap), .min = 1, .group = network, .arg = "FILE",
	  .man = "Write every packet sent and every validated answer to FILE." },
	{ "key", 0, HEX16(network.key, network.key_set), .max = 16, .group = network, .arg = "HEX",
	  .help = "keep packets; to read them again",
	  .man = "The key of the hash that validates answers, 32 hexadecimal "
		 "digits. Default: a random one, which --metadata-file keeps. Who knows it can "
		 "forge answers: give one only to read a saved capture again." },

	{ "output-file", 'o', STRING(output.file), .min = 1, .group = output, .arg = "FILE",
	  .help = "(default standard output)",
	  .man = "Write the rows to FILE; - is standard output, the default. They are not "
		 "compressed, as a run that goes on (--checkpoint) has to find them by their place "
		 "and the file is locked against a second run: a name that ends in .gz or .zst is "
		 "refused; let gzip or zstd read standard output." },
	{ "output-format", 'O', WORD(config_format, output.format), .words = format_words,
	  .def = "auto",
	  .group = output, .arg = "FORM", .help = format_help, .man = format_man },
	{ "output-fields", 'f', STRING(output.fields), .min = 1, .group = output, .arg = "FIELDS",
	  .help = "names, in the order wanted; * is all",
	  .man = "The fields of a row, separated by commas, in the order wanted, or * for all. "
		 "Default: all but flows and info, which only ndjson can show." },
	{ "output-filter", 0, STRING(output.filter), .min = 1, .group = output, .arg = "EXPR",
	  .man = "Write only those rows of which EXPR is true, as in: verdict = accepted && "
		 "(rtt_ms > 100 || ! ip = 192.0.2.0/24). There are && and || (&& binds more), "
		 "!, brackets, and comparisons of a field with a value by = != < <= > >=. A value "
		 "is a number, a word, a text in quotes, an address or a prefix, or null; a time "
		 "is compared with the beginning of one (2026-01-31T12). For conditions and "
		 "signals = means that the word is among them. A field that is null is equal to "
		 "null alone, and neither less nor greater than anything. What is left out is "
		 "counted (rows_filtered); verdicts are counted all the same." },
	{ "expect", 0, WORDS(output.expect), .words = verdict_words, .group = output,
	  .arg = "LIST", .help = "rows with mss > 9; good verdicts",
	  .man = "For monitoring: the exit status says whether each target has one of these "
		 "verdicts, separated by commas: 0 each has, 2 some has not, 3 that is not known "
		 "(it could not start, nobody answered, it was stopped), and one line on standard "
		 "output says so, with figures. Rows are written only where --output-file names "
		 "a file. See MONITORING." },
	{ "rows", 0, WORD(config_rows, output.rows), .words = rows_words, .def = "target",
	  .group = output, .arg = "WHAT",
	  .man = "What a row is: target (one for each target, when nothing more is due for it) "
		 "or reply (one for each validated answer, at once)." },
	{ "label", 0, STRING(output.label), .min = 1, .group = output, .arg = "TEXT",
	  .help = "what a row is, target|reply; a last column",
	  .man = "Put TEXT, one line, into the field label of every row, the last one: which "
		 "network, week or vantage point they are of, where rows of several runs come "
		 "together." },
	{ "report", 0, WORD(config_report, output.report), .words = report_words, .def = "answered",
	  .group = output, .arg = "WHICH",
	  .man = "Which targets get a row: synack (a SYN/ACK answered), answered (anything "
		 "did), or all (the silent too)." },
	{ "no-header", 0, FLAG(output.no_header), .group = output,
	  .help = "synack|answered|all; CSV without names",
	  .man = "Leave out the row of field names in CSV." },

	{ "metadata-file", 'm', STRING(records.metadata_file), .min = 1,
	  .may_change = true, .group = records,
	  .arg = "FILE",
	  .help = "what was run and what came of it, JSON",
	  .man = "Write what was run and what came of it to FILE, one JSON object: version, "
		 "arguments, the configuration in force, seed, key, targets, packets, answers, "
		 "losses, verdicts, times, why it ended." },
	{ "status-updates-file", 'u', STRING(records.status_file), .min = 1,
	  .may_change = true, .group = records,
	  .arg = "FILE", .help = "how it goes, each second, CSV",
	  .man = "Write how the scan goes to FILE, a row each second and one at the end: all "
		 "figures of the status line and all counters, as CSV with a header." },
	{ "checkpoint", 0, STRING(records.checkpoint), .min = 1, .may_change = true,
	  .group = records, .arg = "FILE",
	  .help = "to go on after any end, by the same command",
	  .man = "Keep in FILE how far the run is. The same command line, run again, goes on "
		 "from there, however it ended; once it is complete it does nothing. See GOING "
		 "ON." },
	{ "user", 0, STRING(records.user), .min = 1, .may_change = true, .group = records,
	  .arg = "USER",
	  .help = "run as USER, once started",
	  .man = "Once files and sockets are open, run as USER, with the groups that USER has, "
		 "for good; it takes root, or CAP_SETUID and CAP_SETGID. What is made while "
		 "the scan runs has to be made by USER: the folders of --metadata-file and "
		 "--checkpoint must let it. See PRIVILEGES." },
	{ "log-file", 'l', STRING(records.log_file), .min = 1, .may_change = true, .group = records,
	  .arg = "FILE",
	  .man = "Append messages to FILE, with the time; errors still go to standard error as "
		 "well." },
	{ "verbosity", 'v', INT(records.verbosity), .max = 4, .def = "3",
	  .may_change = true, .group = records,
	  .arg = "N",
	  .help = "messages, 0 errors to 4 debug",
	  .man = "How much is logged: 0 errors, 1 warnings, 2 notices, 3 information, 4 "
		 "debugging: of 16 targets at most each probe, answer and decision (NOTES)." },
	{ "quiet", 'q', FLAG(records.quiet), .may_change = true, .group = records,
	  .man = "No status line, and only errors and warnings." },
	{ "notes", 0, STRING(records.notes), .may_change = true, .group = records,
	  .arg = "TEXT",
	  .help = "warnings only; for the metadata",
	  .man = "Any text, kept in the metadata." },

	{ "dryrun", 'd', FLAG(general.dryrun), .group = config_group_general,
	  .help = "print what would be sent; send nothing",
	  .man = "Print the probes that would be sent to standard output, a line each, and send "
		 "nothing. No privilege is needed, and --rate does not hold. No answers come, so "
		 "that there are no rows, and what answers would lead to is not shown; no file "
		 "is written but that of --log-file." },
	{ "list-interfaces", 0, FLAG(general.list_interfaces), .group = config_group_general,
	  .help = "with addresses; print and leave",
	  .man = "Print the network interfaces with their addresses, and which of them default "
		 "routes leave by, and leave." },
	{ "list-output-fields", 0, FLAG(general.list_output_fields), .group = config_group_general,
	  .man = "Print the fields that rows can have, and leave." },
	{ "list-probes", 0, FLAG(general.list_probes), .group = config_group_general,
	  .man = "Print the kinds of probe, and leave." },
	{ "list-verdicts", 0, FLAG(general.list_verdicts), .group = config_group_general,
	  .help = "print and leave",
	  .man = "Print the verdicts and their rules, and leave." },
	{ "config", 'C', STRING(general.config_file), .min = 1, .group = config_group_general,
	  .arg = "FILE",
	  .help = "options from FILE, see tfomap.conf(5)",
	  .man = "Take options from the configuration file FILE, see tfomap.conf(5); those of "
		 "the command line win. Default: " CONFIG_FILE ", if it is there." },
	{ "print-config", 0, FLAG(general.print_config), .group = config_group_general,
	  .man = "Print the options that a run would use, as a configuration file, and leave." },
	{ "help", 'h', FLAG(general.help), .group = config_group_general,
	  .man = "Print a summary of the options, and leave." },
	{ "version", 'V', FLAG(general.version), .group = config_group_general,
	  .help = "print and leave",
	  .man = "Print the version, and leave." },
};

bool config_may_change(const char *name)
{
	size_t i = opttab_find(config_options, config_noptions, name);

	return i < config_noptions && config_options[i].may_change;
}

const size_t config_noptions = sizeof(config_options) / sizeof(config_options[0]);
