#include "config.h"
#include "config_options.h"
#include "err.h"
#include "log.h"
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WORDS_MAX 32

static struct config config;
static struct err fault;
static char line[512];
static char *words[WORDS_MAX];
static char program[] = "tfomap";
static char *text;
static size_t text_len;

/* Parses a command line given as one text, its words separated by single blanks. */
static int parse(const char *args)
{
	int argc = 1;
	char *save = NULL;

	fault.msg[0] = '\0';
	words[0] = program;
	ck_assert_uint_lt(strlen(args), sizeof(line));
	strcpy(line, args);
	for (char *w = strtok_r(line, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
		ck_assert_int_lt(argc, WORDS_MAX - 1);
		words[argc++] = w;
	}
	words[argc] = NULL;
	return config_parse(&config, argc, words, &fault);
}

static void takes(const char *args)
{
	int err = parse(args);

	ck_assert_msg(err == 0, "%s: %s", args, fault.msg);
	ck_assert_str_eq(fault.msg, "");
}

/* Is refused in words that hold all of these. */
static void refuses(const char *args, const char *say, const char *say_too)
{
	ck_assert_msg(parse(args) == -EINVAL, "%s was taken", args);
	ck_assert_msg(strstr(fault.msg, say) && strstr(fault.msg, say_too),
		      "%s: '%s' does not say '%s' and '%s'", args, fault.msg, say, say_too);
}

START_TEST(defaults)
{
	takes("192.0.2.1");
	ck_assert_uint_eq(config.ntargets, 1);
	ck_assert_str_eq(config.targets[0], "192.0.2.1");
	ck_assert_uint_eq(config.ports.n, 1);
	ck_assert_uint_eq(config.ports.v[0], 443);
	ck_assert(!config.no_default_blocklist);
	ck_assert_uint_eq(config.max_targets, 0);
	ck_assert_uint_eq(config.shards, 1);
	ck_assert_uint_eq(config.shard, 0);
	ck_assert(!config.seed_set && !config.key_set && !config.gateway_mac_set);
	ck_assert_int_eq(config.payload.type, PAYLOAD_AUTO);
	ck_assert_str_eq(config.payload_text, "auto");
	ck_assert_int_eq(config.retries, CONFIG_RETRIES_AUTO);
	ck_assert_uint_eq(config.timeout_ns, 3000000000);
	ck_assert_int_eq(config.tcp_options, TCP_OPTIONS_WINDOWS);
	ck_assert(config.rate_pps == 10000);
	ck_assert_uint_eq(config.max_runtime_ns, 0);
	ck_assert_uint_eq(config.max_results, 0);
	ck_assert_uint_eq(config.cooldown_ns, 8000000000);
	ck_assert_uint_eq(config.nsources, 0);
	ck_assert_uint_eq(config.port_first, 10000);
	ck_assert_uint_eq(config.port_last, 32767);
	ck_assert_str_eq(config.tx, "auto");
	ck_assert_ptr_null(config.rx_file);
	ck_assert_int_eq(config.format, FORMAT_CSV);
	ck_assert_int_eq(config.rows, ROWS_TARGET);
	ck_assert_int_eq(config.report, REPORT_ANSWERED);
	ck_assert_int_eq(config.verbosity, LOG_INFO);
	config_free(&config);
	ck_assert_ptr_null(config.ports.v);
	ck_assert_ptr_null(config.targets);
}
END_TEST

START_TEST(every_member)
{
	takes("-p 80,90-91 -w allow -b block -n 5K --shards 4 --shard 3 -e 7 --payload none");
	ck_assert_uint_eq(config.ports.n, 3);
	ck_assert_str_eq(config.allowlist_file, "allow");
	ck_assert_str_eq(config.blocklist_file, "block");
	ck_assert_uint_eq(config.max_targets, 5000);
	ck_assert_uint_eq(config.shards, 4);
	ck_assert_uint_eq(config.shard, 3);
	ck_assert(config.seed_set && config.seed == 7);
	ck_assert_int_eq(config.payload.type, PAYLOAD_NONE);
	config_free(&config);
	takes("-I - --retries 0 --timeout 0.5 --cookie-file jar --tcp-options mss -r 0.5 -t 60");
	ck_assert_str_eq(config.targets_file, "-");
	ck_assert_int_eq(config.retries, 0);
	ck_assert_uint_eq(config.timeout_ns, 500000000);
	ck_assert_str_eq(config.cookie_file, "jar");
	ck_assert_int_eq(config.tcp_options, TCP_OPTIONS_MSS);
	ck_assert(config.rate_pps == 0.5);
	ck_assert_uint_eq(config.max_runtime_ns, 60000000000);
	config_free(&config);
	takes("x -N 9 -c 0 -i veth0 -S 192.0.2.1 -s 5-6 -G 02:00:00:00:00:01 --save-pcap cap");
	ck_assert_uint_eq(config.max_results, 9);
	ck_assert_uint_eq(config.cooldown_ns, 0);
	ck_assert_str_eq(config.interface, "veth0");
	ck_assert_uint_eq(config.nsources, 1);
	ck_assert(addr_eq(config.sources[0], addr_from_v4(0xc0000201)));
	ck_assert_uint_eq(config.port_first, 5);
	ck_assert_uint_eq(config.port_last, 6);
	ck_assert(config.gateway_mac_set && config.gateway_mac[5] == 1);
	ck_assert_str_eq(config.save_pcap, "cap");
	config_free(&config);
}
END_TEST

START_TEST(every_other_member)
{
	takes("x --no-default-blocklist --tx pcap:out -o rows -O ndjson -f ip,port --no-header -q");
	ck_assert(config.no_default_blocklist);
	ck_assert_str_eq(config.tx, "pcap");
	ck_assert_str_eq(config.tx_file, "out");
	ck_assert_str_eq(config.output_file, "rows");
	ck_assert_int_eq(config.format, FORMAT_NDJSON);
	ck_assert_str_eq(config.output_fields, "ip,port");
	ck_assert(config.no_header);
	ck_assert(config.quiet);
	ck_assert_int_eq(config.verbosity, LOG_WARN);
	config_free(&config);
	takes("x --rows reply --report synack -m meta -l log -v 4 --notes hello --rx pcap");
	ck_assert_int_eq(config.rows, ROWS_REPLY);
	ck_assert_int_eq(config.report, REPORT_SYNACK);
	ck_assert_str_eq(config.metadata_file, "meta");
	ck_assert_str_eq(config.log_file, "log");
	ck_assert_int_eq(config.verbosity, LOG_DEBUG);
	ck_assert_str_eq(config.notes, "hello");
	ck_assert_ptr_null(config.rx_file);
	config_free(&config);
	takes("x -q -v 0");
	ck_assert_int_eq(config.verbosity, LOG_ERROR);
	config_free(&config);
	takes("x --rx pcap:cap --key 00112233445566778899aabbccddeeff");
	ck_assert_str_eq(config.rx_file, "cap");
	ck_assert(config.key_set && config.key[1] == 0x11 && config.key[15] == 0xff);
	config_free(&config);
}
END_TEST

/* Targets may stand anywhere; argv stays as it was typed. */
START_TEST(targets_among_options)
{
	takes("192.0.2.1 -r 5 198.51.100.0/24 --quiet [2001:db8::1]:80 -- -odd");
	ck_assert_uint_eq(config.ntargets, 4);
	ck_assert_str_eq(config.targets[0], "192.0.2.1");
	ck_assert_str_eq(config.targets[1], "198.51.100.0/24");
	ck_assert_str_eq(config.targets[2], "[2001:db8::1]:80");
	ck_assert_str_eq(config.targets[3], "-odd");
	ck_assert_ptr_null(config.targets[4]);
	ck_assert_int_eq(config.argc, 9);
	ck_assert_str_eq(config.argv[1], "192.0.2.1");
	ck_assert_str_eq(config.argv[2], "-r");
	ck_assert_str_eq(config.argv[4], "198.51.100.0/24");
	config_free(&config);
}
END_TEST

START_TEST(forms_of_options)
{
	takes("x --rate=5 -p80 -qe3 --tim 2");
	ck_assert(config.rate_pps == 5);
	ck_assert_uint_eq(config.ports.v[0], 80);
	ck_assert(config.quiet);
	ck_assert_uint_eq(config.seed, 3);
	ck_assert_uint_eq(config.timeout_ns, 2000000000);
	config_free(&config);
}
END_TEST

START_TEST(unknown_options)
{
	refuses("x -Z", "-Z", "--help");
	refuses("x -qZ", "-Z", "--help");
	refuses("x --blacklist-file=b", "--blacklist-file;", "--blocklist-file?");
	refuses("x --nothing-like-it", "--nothing-like-it", "--help");
	refuses("x --sh 1", "--sh ", "several");
	refuses("x --quiet=no", "--quiet", "no value");
	refuses("x --rate", "--rate", "missing");
	refuses("x -r", "--rate", "missing");
	refuses("x -w a -w b", "--allowlist-file", "twice");
}
END_TEST

START_TEST(bounds)
{
	refuses("x -n 10%", "--max-targets 10%", "per cent");
	refuses("x -r 0.05", "--rate 0.05", "0.1 to");
	refuses("x --retries 16", "--retries 16", "0 to 15");
	refuses("x --timeout 0", "--timeout 0", "0.05 to 600");
	refuses("x -v 5", "--verbosity 5", "0 to 4");
	refuses("x --shards 0", "--shards 0", "1 at least");
	refuses("x --key 0011", "--key 0011", "32 hexadecimal");
	refuses("x --blocklist-file=", "--blocklist-file", "empty");
	refuses("x --payload sometext", "payload", "sometext");
}
END_TEST

START_TEST(contradictions)
{
	refuses("x --shard 0", "--shard 0", "--shards");
	refuses("x --shards 3 --shard 3 -e 1", "--shard 3", "0 to 2");
	refuses("x --shards 3 --shard 1", "--shards 3", "--seed");
	refuses("x --report all --rows reply", "--report all", "--rows target");
	refuses("x --rx pcap:f --key 00112233445566778899aabbccddeeff --tx null", "--rx pcap:f",
		"--tx");
	refuses("x --rx pcap:f --key 00112233445566778899aabbccddeeff --save-pcap s", "--rx pcap:f",
		"--save-pcap");
	refuses("x --rx pcap:f", "--rx pcap:f", "--key");
	refuses("-r 5", "no targets", "--targets-file");
	refuses("x -l -", "--log-file -", "standard error");
}
END_TEST

START_TEST(files_overwritten)
{
	refuses("x -o same -m same", "--output-file and --metadata-file", "same");
	refuses("-I same -o same", "--targets-file and --output-file", "same");
	refuses("x --tx pcap:same --cookie-file same", "--tx pcap: and --cookie-file", "same");
	takes("x -o /dev/null -m /dev/null");
	config_free(&config);
	takes("-I - -o -");
	config_free(&config);
	takes("-w same -b same");
	config_free(&config);
}
END_TEST

/* Who asks for help needs no targets. */
START_TEST(asks)
{
	static const char *const questions[] = {
		"-h", "--help", "-V", "--version", "--list-output-fields", "--list-probes",
		"--list-verdicts", "-h --shard 5 --payload file:/nonexistent",
	};

	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		takes(questions[i]);
		ck_assert_int_eq(config.help + config.version + config.list_output_fields
				 + config.list_probes + config.list_verdicts, 1);
		config_free(&config);
	}
}
END_TEST

static void payload_file(char *name, size_t len)
{
	uint8_t bytes[PAYLOAD_MAX + 1];
	int fd = mkstemp(name);

	ck_assert_int_ge(fd, 0);
	memset(bytes, 0xa5, sizeof(bytes));
	ck_assert_int_eq(write(fd, bytes, len), (ssize_t)len);
	close(fd);
}

START_TEST(payload_files)
{
	char fits[] = "/tmp/tfomap-test-payload-XXXXXX";
	char large[] = "/tmp/tfomap-test-payload-XXXXXX";
	char args[128];

	payload_file(fits, PAYLOAD_MAX);
	snprintf(args, sizeof(args), "x --payload file:%s", fits);
	takes(args);
	ck_assert_int_eq(config.payload.type, PAYLOAD_BYTES);
	ck_assert_uint_eq(config.payload.len, PAYLOAD_MAX);
	ck_assert_uint_eq(config.payload.bytes[PAYLOAD_MAX - 1], 0xa5);
	config_free(&config);
	unlink(fits);
	refuses(args, fits, "No such file");
	payload_file(large, PAYLOAD_MAX + 1);
	snprintf(args, sizeof(args), "x --payload file:%s", large);
	refuses(args, large, "1024");
	unlink(large);
}
END_TEST

/* What a FILE * function writes, into text; freed by the next call. */
static void capture(void (*print)(FILE *))
{
	FILE *f;

	free(text);
	f = open_memstream(&text, &text_len);
	ck_assert_ptr_nonnull(f);
	print(f);
	fclose(f);
}

/* A screen and a half of 80 columns, and every option in it. */
START_TEST(help)
{
	size_t lines = 0;

	capture(config_help);
	for (char *l = text; *l; l = strchr(l, '\n') + 1, lines++)
		ck_assert_msg(strcspn(l, "\n") < 80, "%.80s: too wide", l);
	ck_assert_uint_le(lines, 40);
	for (size_t i = 0; i < config_noptions; i++) {
		char option[64];

		snprintf(option, sizeof(option), "--%s", config_options[i].name);
		ck_assert_msg(strstr(text, option), "%s is not in --help", option);
	}
}
END_TEST

START_TEST(manual)
{
	capture(config_roff);
	ck_assert(strncmp(text, ".SS Targets\n.TP\n", 16) == 0);
	ck_assert_ptr_nonnull(strstr(text, "\\fB\\-\\-target\\-ports\\fR \\fILIST\\fR\n"));
	for (const char *s = text; (s = strstr(s, "\n.")); s++)
		ck_assert_msg(strncmp(s, "\n.TP\n", 5) == 0 || strncmp(s, "\n.SS ", 5) == 0,
			      "%.40s: not meant as a request", s + 1);
}
END_TEST

/* Every row is whole: names are unique, and who reads of it learns what it does. */
START_TEST(table)
{
	for (size_t i = 0; i < config_noptions; i++) {
		const struct opttab_row *row = &config_options[i];

		ck_assert_uint_eq(opttab_find(config_options, config_noptions, row->name), i);
		if (row->letter)
			ck_assert_uint_eq(opttab_find_letter(config_options, config_noptions,
							     row->letter), i);
		ck_assert_msg((row->type == OPTTAB_FLAG) == !row->arg, "--%s: arg", row->name);
		ck_assert_msg(row->man && strlen(row->man) > 10, "--%s: man", row->name);
		ck_assert_msg(row->group, "--%s: group", row->name);
		ck_assert_msg(!row->help || strlen(row->help) <= 44, "--%s: help", row->name);
	}
}
END_TEST

static size_t visited;

static void visit_check(void *arg, const char *name, const char *value)
{
	const char *wanted = arg;

	visited++;
	ck_assert_uint_lt(opttab_find(config_options, config_noptions, name), config_noptions);
	if (strcmp(name, "target-ports") == 0)
		ck_assert_uint_eq(strlen(value), strlen(wanted));
	if (strcmp(name, "rate") == 0)
		ck_assert_str_eq(value, "10000");
	if (strcmp(name, "payload") == 0)
		ck_assert_str_eq(value, "auto");
	if (strcmp(name, "seed") == 0 || strcmp(name, "retries") == 0)
		ck_assert_str_eq(value, "");
}

/* The longest value there can be, every other port, is shown whole. */
START_TEST(visit)
{
	char *odd = malloc(6 * 65536), *end = odd;
	char *argv[] = { program, (char []){ "-p" }, odd, (char []){ "x" }, NULL };

	ck_assert_ptr_nonnull(odd);
	for (int port = 1; port <= 65535; port += 2)
		end += sprintf(end, "%s%d", port == 1 ? "" : ",", port);
	ck_assert_int_eq(config_parse(&config, 4, argv, NULL), 0);
	visited = 0;
	config_visit(&config, visit_check, odd);
	ck_assert_uint_eq(visited, config_noptions - 5);
	config_free(&config);
	free(odd);
}
END_TEST

/* What is shown can be typed: parsed again, it shows the same. */
static char shown[2][4096];

static void visit_show(void *arg, const char *name, const char *value)
{
	char *out = arg;
	size_t len = strlen(out);

	snprintf(out + len, sizeof(shown[0]) - len, "--%s=%s\n", name, value);
}

START_TEST(round_trip)
{
	static char again[4096];
	char *argv[64] = { program };
	char *save = NULL;
	int argc = 1;

	takes("x -p 1-5,80 -e 9 -S 192.0.2.1,::1 -r 0.25 -c 1.5 --tx pcap:f -O ndjson --retries 3");
	shown[0][0] = shown[1][0] = '\0';
	config_visit(&config, visit_show, shown[0]);
	config_free(&config);
	strcpy(again, shown[0]);
	for (char *w = strtok_r(again, "\n", &save); w; w = strtok_r(NULL, "\n", &save)) {
		char *value = strchr(w, '=') + 1;

		if (!*value || strcmp(value, "false") == 0)
			continue;
		ck_assert_int_lt(argc, 60);
		argv[argc++] = w;
	}
	argv[argc++] = (char []){ "x" };
	fault.msg[0] = '\0';
	ck_assert_msg(config_parse(&config, argc, argv, &fault) == 0, "%s", fault.msg);
	config_visit(&config, visit_show, shown[1]);
	config_free(&config);
	ck_assert_str_eq(shown[0], shown[1]);
}
END_TEST

UNIT_SUITE(config)
{
	unit_case(suite, "members", defaults, every_member, every_other_member,
		  targets_among_options, forms_of_options, asks, payload_files);
	unit_case(suite, "faults", unknown_options, bounds, contradictions, files_overwritten);
	unit_case(suite, "table", help, manual, table, visit, round_trip);
}
