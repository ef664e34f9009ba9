#include "base/log.h"
#include "config_rig.h"
#include "unit.h"

#include <stdlib.h>
#include <unistd.h>

#define KEY "--key 00112233445566778899aabbccddeeff"

/* What becomes of a command line. */
#define IS(args, what) do {                                                                        \
		takes(args);                                                                       \
		ck_assert(what);                                                                   \
		config_free(&config);                                                              \
	} while (0)
#define SAME(a, b) (strcmp(a, b) == 0)

TEST(defaults)
{
	takes("192.0.2.1");
	ck_assert_uint_eq(config.targets.n, 1);
	ck_assert_str_eq(config.targets.words[0], "192.0.2.1");
	ck_assert(config.targets.ports.n == 1 && config.targets.ports.v[0] == 443);
	ck_assert(!config.targets.no_default_blocklist && !config.targets.without_blocklist);
	ck_assert(config.targets.max == 0 && config.targets.max_share == 0);
	ck_assert(config.targets.shards == 1 && config.targets.shard == 0);
	ck_assert(!config.targets.seed_set && !config.network.key_set);
	ck_assert_int_eq(config.probing.payload.type, PAYLOAD_AUTO);
	ck_assert_str_eq(config.probing.payload_text, "auto");
	ck_assert_uint_eq(config.probing.probes, 0);
	ck_assert_int_eq(config.probing.retries, CONFIG_RETRIES_AUTO);
	ck_assert_uint_eq(config.probing.timeout_ns, 3000000000);
	ck_assert_int_eq(config.probing.tcp_options, TCP_OPTIONS_WINDOWS);
	ck_assert(config.rate.pps == 10000 && config.rate.bandwidth_bps == 0);
	ck_assert(config.rate.max_runtime_ns == 0 && config.rate.max_results == 0);
	ck_assert_uint_eq(config.rate.cooldown_ns, 8000000000);
	ck_assert(config.network.nsources == 0 && !config.network.gateway_mac_set);
	ck_assert(config.network.port_first == 10000 && config.network.port_last == 32767);
	ck_assert_str_eq(config.network.tx, "auto");
	ck_assert_ptr_null(config.network.rx_file);
	ck_assert(config.output.format == FORMAT_AUTO && config.output.rows == ROWS_TARGET);
	ck_assert_int_eq(config.output.report, REPORT_ANSWERED);
	ck_assert_int_eq(config.records.verbosity, LOG_INFO);
	config_free(&config);
	ck_assert(!config.targets.ports.v && !config.targets.words);
}

TEST(targets_and_probing)
{
	IS("x -p 80,90-91", config.targets.ports.n == 3 && config.targets.ports.v[2] == 91);
	IS("-w allow", SAME(config.targets.allowlist_file, "allow"));
	IS("x -b block", SAME(config.targets.blocklist_file, "block"));
	IS("-I -", SAME(config.targets.list_file, "-"));
	IS("x --no-default-blocklist", config.targets.no_default_blocklist);
	IS("x --without-blocklist", config.targets.without_blocklist);
	IS("x -4", config.targets.ipv4_only && !config.targets.ipv6_only);
	IS("x -6", config.targets.ipv6_only && !config.targets.ipv4_only);
	IS("x -n 5K", config.targets.max == 5000 && config.targets.max_share == 0);
	IS("x -n 2.5%", config.targets.max_share == 0.025 && config.targets.max == 0);
	IS("x --shards 4 --shard 3 -e 7", config.targets.shards == 4 && config.targets.shard == 3
	   && config.targets.seed_set && config.targets.seed == 7);
	IS("x --payload none", config.probing.payload.type == PAYLOAD_NONE);
	IS("x --probes request-exp,syn",
	   config.probing.probes == (1u << PROBE_SYN | 1u << PROBE_REQUEST_EXP));
	IS("x --plan full", config.probing.plan == PLAN_FULL);
	IS("x --retries 0", config.probing.retries == 0);
	IS("x --timeout 0.5", config.probing.timeout_ns == 500000000);
	IS("x --cookie-file jar", SAME(config.probing.cookie_file, "jar"));
	IS("x --tcp-options mss", config.probing.tcp_options == TCP_OPTIONS_MSS);
}

/* The bandwidth alone lifts the default rate. */
TEST(rate_and_network)
{
	IS("x -r 0.5", config.rate.pps == 0.5);
	IS("x -B 1M", config.rate.bandwidth_bps == 1e6 && config.rate.pps == 0);
	IS("x -B 1M -r 50", config.rate.bandwidth_bps == 1e6 && config.rate.pps == 50);
	IS("x -B 0", config.rate.pps == 10000);
	IS("x -t 60", config.rate.max_runtime_ns == 60000000000);
	IS("x -N 9", config.rate.max_results == 9);
	IS("x -c 0", config.rate.cooldown_ns == 0);
	IS("x -i veth0", SAME(config.network.interface, "veth0"));
	IS("x -S 192.0.2.1", config.network.nsources == 1
	   && addr_eq(config.network.sources[0], addr_from_v4(0xc0000201)));
	IS("x -s 5-6", config.network.port_first == 5 && config.network.port_last == 6);
	IS("x -G 02:00:00:00:00:01",
	   config.network.gateway_mac_set && config.network.gateway_mac[5] == 1);
	IS("x --vlan 4094", config.network.vlan_id == 4094 && !config.network.iplayer);
	IS("x -X", config.network.iplayer && config.network.vlan_id == 0);
	IS("x --save-pcap cap", SAME(config.network.save_pcap, "cap"));
	IS("x --tx pcap:out",
	   SAME(config.network.tx, "pcap") && SAME(config.network.tx_file, "out"));
	IS("x --rx pcap", !config.network.rx_file);
	IS("x --rx pcap:cap " KEY, SAME(config.network.rx_file, "cap") && config.network.key_set
	   && config.network.key[1] == 0x11 && config.network.key[15] == 0xff);
}

TEST(output_and_records)
{
	IS("x -o rows", SAME(config.output.file, "rows"));
	IS("x -O ndjson", config.output.format == FORMAT_ndjson);
	IS("x -f ip,port", SAME(config.output.fields, "ip,port"));
	IS("x --no-header", config.output.no_header);
	IS("x --rows reply", config.output.rows == ROWS_REPLY);
	IS("x --report synack", config.output.report == REPORT_SYNACK);
	IS("x -m meta", SAME(config.records.metadata_file, "meta"));
	IS("x -u status", SAME(config.records.status_file, "status"));
	IS("x -l log", SAME(config.records.log_file, "log"));
	IS("x --notes hello", SAME(config.records.notes, "hello"));
	IS("x -v 4", config.records.verbosity == LOG_DEBUG);
	IS("x -q", config.records.quiet && config.records.verbosity == LOG_WARN);
	IS("x -q -v 0", config.records.verbosity == LOG_ERROR);
}

/* Nothing of an earlier run is written over, and no time is lost. */
TEST(dry_run)
{
	takes("x -d --tx pcap:f -o rows -m meta -u status --save-pcap cap -l log --cookie-file jar "
	      "-r 5 -v 4");
	ck_assert(config.general.dryrun && config.records.quiet && config.output.no_header);
	ck_assert(config.rate.pps == 0 && config.rate.bandwidth_bps == 0);
	ck_assert(!config.output.file && !config.records.metadata_file
		  && !config.records.status_file
		  && !config.network.save_pcap);
	ck_assert_str_eq(config.records.log_file, "log");
	ck_assert_str_eq(config.probing.cookie_file, "jar");
	ck_assert_int_eq(config.records.verbosity, LOG_DEBUG);
	config_free(&config);
	takes("-d -r 5 -o rows --print-config");
	ck_assert_str_eq(config.network.tx, "auto");
	ck_assert_str_eq(config.output.file, "rows");
	ck_assert(config.rate.pps == 5);
	config_free(&config);
	refuses("-d -r 5", "no targets", "--targets-file");
}

/* Targets may stand anywhere; argv stays as it was typed. */
TEST(targets_among_options)
{
	takes("192.0.2.1 -r 5 198.51.100.0/24 --quiet [2001:db8::1]:80 -- -odd");
	ck_assert_uint_eq(config.targets.n, 4);
	ck_assert_str_eq(config.targets.words[0], "192.0.2.1");
	ck_assert_str_eq(config.targets.words[1], "198.51.100.0/24");
	ck_assert_str_eq(config.targets.words[2], "[2001:db8::1]:80");
	ck_assert_str_eq(config.targets.words[3], "-odd");
	ck_assert_ptr_null(config.targets.words[4]);
	ck_assert_int_eq(config.argc, 9);
	ck_assert_str_eq(config.argv[1], "192.0.2.1");
	ck_assert_str_eq(config.argv[2], "-r");
	ck_assert_str_eq(config.argv[4], "198.51.100.0/24");
	config_free(&config);
}

TEST(forms_of_options)
{
	IS("x --no-header=false --no-default-blocklist=true",
	   !config.output.no_header && config.targets.no_default_blocklist);
	IS("x --rate=5 -p80 -qe3 --tim 2", config.rate.pps == 5 && config.records.quiet
	   && config.targets.ports.v[0] == 80 && config.targets.seed == 3
	   && config.probing.timeout_ns == 2000000000);
}

TEST(unknown_options)
{
	refuses("x -Z", "-Z", "--help");
	refuses("x -qZ", "-Z", "--help");
	refuses("x --blacklist-file=b", "--blacklist-file;", "--blocklist-file?");
	refuses("x --nothing-like-it", "--nothing-like-it", "--help");
	refuses("x --sh 1", "--sh ", "several");
	refuses("x --quiet=no", "--quiet no", "true or false");
	refuses("x --rate", "--rate", "missing");
	refuses("x -r", "--rate", "missing");
	refuses("x -w a -w b", "--allowlist-file", "twice");
}

TEST(contradictions)
{
	refuses("x --shard 0", "--shard 0", "--shards");
	refuses("x --shards 3 --shard 3 -e 1", "--shard 3", "0 to 2");
	refuses("x --shards 3 --shard 1", "--shards 3", "--seed");
	refuses("x --report all --rows reply", "--report all", "--rows target");
	refuses("x --rx pcap:f " KEY " --tx null", "--rx pcap:f", "--tx");
	refuses("x --rx pcap:f " KEY " --save-pcap s", "--rx pcap:f", "--save-pcap");
	refuses("x --rx pcap:f", "--rx pcap:f", "--key");
	refuses("-r 5", "no targets", "--targets-file");
	refuses("x --probes data", "data", "--cookie-file");
	refuses("x --probes syn,forged", "forged", "--plan");
	refuses("x --probes bare --cookie-file f", "bare", "request-exp");
	refuses("x --probes recheck", "recheck", "syn, request");
	refuses("x --probes request-exp,data --cookie-file f", "data beside request-exp", "leave");
	refuses("x --probes syn,request,blind", "--probes", "2 kinds");
	refuses("x --probes blind --payload none", "blind", "--payload none");
	refuses("x --probes data --payload none --cookie-file f", "data", "--payload none");
	refuses("x -X --vlan 5", "--vlan 5 with --iplayer", "leave");
	refuses("x --rx pcap:f " KEY " -d", "--rx pcap:f", "--dryrun");
}

/* Who asks for help needs no targets. */
static const char *const questions[] = {
	"-h", "--help", "-V", "--version", "--list-interfaces", "--list-output-fields",
	"--list-probes", "--list-verdicts", "-h -C /nonexistent",
	"-h --shard 5 --payload file:/nonexistent",
};

TEST_EACH(asks, questions)
{
	takes(*row);
	ck_assert_int_eq(config.general.help + config.general.version
			 + config.general.list_interfaces + config.general.list_output_fields
			 + config.general.list_probes + config.general.list_verdicts, 1);
	config_free(&config);
}

static void payload_file(char *name, size_t len)
{
	uint8_t bytes[PAYLOAD_MAX + 1];
	int fd = mkstemp(name);

	ck_assert_int_ge(fd, 0);
	memset(bytes, 0xa5, sizeof(bytes));
	ck_assert_int_eq(write(fd, bytes, len), (ssize_t)len);
	close(fd);
}

TEST(payload_files)
{
	char fits[] = "/tmp/tfomap-test-payload-XXXXXX";
	char large[] = "/tmp/tfomap-test-payload-XXXXXX";
	char args[128];

	payload_file(fits, PAYLOAD_MAX);
	snprintf(args, sizeof(args), "x --payload file:%s", fits);
	takes(args);
	ck_assert_int_eq(config.probing.payload.type, PAYLOAD_BYTES);
	ck_assert_uint_eq(config.probing.payload.len, PAYLOAD_MAX);
	ck_assert_uint_eq(config.probing.payload.bytes[PAYLOAD_MAX - 1], 0xa5);
	config_free(&config);
	unlink(fits);
	refuses(args, fits, "--payload file:");
	ck_assert_ptr_nonnull(strstr(fault.msg, "No such file"));
	payload_file(large, PAYLOAD_MAX + 1);
	snprintf(args, sizeof(args), "x --payload file:%s", large);
	refuses(args, large, "1024");
	ck_assert(strncmp(fault.msg, "--payload file:/tmp", 19) == 0);
	unlink(large);
}
