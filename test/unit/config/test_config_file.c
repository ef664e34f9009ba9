#include "config/config_files.h"
#include "config_rig.h"
#include "scratch.h"
#include "unit.h"

#include <stdio.h>

static struct scratch file;

/* Reads a configuration file with that text, with these words beside it. */
static int parse_file(const char *text, const char *args)
{
	char line[256];
	int err;

	scratch_text(&file, text);
	snprintf(line, sizeof(line), "%s -C %s", args, file.path);
	err = parse_with(line, "/nonexistent/tfomap.conf");
	scratch_close(&file);
	return err;
}

static void file_takes(const char *text, const char *args)
{
	ck_assert_msg(parse_file(text, args) == 0, "%s: %s", text, fault.msg);
}

/* Is refused at that line, in words that hold these. */
static void file_refuses(const char *text, unsigned int line, const char *say)
{
	char where[64];

	ck_assert_msg(parse_file(text, "x") < 0, "%s was taken", text);
	snprintf(where, sizeof(where), "%s:%u: ", file.path, line);
	ck_assert_msg(strncmp(fault.msg, where, strlen(where)) == 0 && strstr(fault.msg, say),
		      "%s: '%s' does not say '%s' and '%s'", text, fault.msg, where, say);
}

TEST(forms)
{
	file_takes("# a comment\n\n rate 5K\nquiet\n\ttarget-ports = 80,90-91 # two\r\n"
		   "no-header = false\nnotes = \"a # b\"\npayload=text:x", "x");
	ck_assert(config.rate.pps == 5000 && config.records.quiet && !config.output.no_header);
	ck_assert_uint_eq(config.targets.ports.n, 3);
	ck_assert_str_eq(config.records.notes, "a # b");
	ck_assert_uint_eq(config.probing.payload.len, 1);
	config_free(&config);
	file_takes("", "x");
	config_free(&config);
}

TEST(command_line_wins)
{
	file_takes("rate = 5\nquiet\nno-header\ntarget-ports 80\nsource-ip 192.0.2.1,192.0.2.2\n"
		   "tx = pcap:f\nmax-targets = 5%\npayload = text:x\noutput-file = a\n",
		   "x -r 7 --no-header=false -p 443 -S ::1 --tx null -n 3 --payload none");
	ck_assert(config.rate.pps == 7 && config.records.quiet && !config.output.no_header);
	ck_assert_uint_eq(config.targets.ports.n, 1);
	ck_assert_uint_eq(config.targets.ports.v[0], 443);
	ck_assert_uint_eq(config.network.nsources, 1);
	ck_assert_str_eq(config.network.tx, "null");
	ck_assert_ptr_null(config.network.tx_file);
	ck_assert(config.targets.max == 3 && config.targets.max_share == 0);
	ck_assert_int_eq(config.probing.payload.type, PAYLOAD_NONE);
	ck_assert_str_eq(config.output.file, "a");
	config_free(&config);
}

/* What is given in one place counts for what is given in the other. */
TEST(both_together)
{
	file_takes("shards = 4\nseed = 9\ntargets-file = list\n", "--shard 2");
	ck_assert(config.targets.shards == 4 && config.targets.shard == 2
		  && config.targets.seed == 9);
	config_free(&config);
	file_takes("bandwidth = 1M\n", "x -r 5");
	ck_assert(config.rate.pps == 5);
	config_free(&config);
	file_takes("output-file = /tmp/tfomap-test-same", "x -m /tmp/tfomap-test-same");
	ck_assert_int_eq(config_try_outputs(&config, &fault), -EINVAL);
	ck_assert_ptr_nonnull(strstr(fault.msg, "overwritten"));
	config_free(&config);
}

TEST(refused_lines)
{
	file_refuses("\n# c\nrate = fast\n", 3, "--rate fast: not a number");
	file_refuses("rate", 1, "rate: a value is missing (PPS)");
	file_refuses("rate =", 1, "value is missing after the =");
	file_refuses("blacklist-file = x", 1, "did you mean blocklist-file?");
	file_refuses("--rate = 5", 1, "unknown option --rate");
	file_refuses("r = 5", 1, "unknown option r;");
	file_refuses("nothing-like-it", 1, "--help");
	file_refuses("rate = 5\nrate = 6", 2, "twice");
	file_refuses("quiet\nquiet", 2, "twice");
	file_refuses("quiet = maybe", 1, "true or false");
	file_refuses("config = x", 1, "command line (--config)");
	file_refuses("help", 1, "command line");
	file_refuses("dryrun", 1, "command line");
	file_refuses("rate: 5", 1, "name = value");
	file_refuses("payload = text:", 1, "--payload text:: empty");
	file_refuses("quiet\nnotes = \001", 2, "control characters");
}

/* A line that the command line overrules has to be sound all the same. */
TEST(overruled_lines_are_read)
{
	ck_assert_int_eq(parse_file("rate = fast\n", "x -r 5"), -EINVAL);
	ck_assert_ptr_nonnull(strstr(fault.msg, ":1: --rate fast"));
}

TEST(which_file)
{
	struct scratch def, other;
	char line[64];

	scratch_text(&def, "rate = 5\n");
	scratch_text(&other, "quiet\n");
	ck_assert_int_eq(parse_with("x", def.path), 0);
	ck_assert(config.rate.pps == 5);
	ck_assert_str_eq(config.general.config_file, def.path);
	config_free(&config);
	snprintf(line, sizeof(line), "x --config=%s", other.path);
	ck_assert_int_eq(parse_with(line, def.path), 0);
	ck_assert(config.rate.pps == 10000 && config.records.quiet);
	ck_assert_str_eq(config.general.config_file, other.path);
	config_free(&config);
	ck_assert_int_eq(parse_with("x", "/nonexistent/tfomap.conf"), 0);
	ck_assert_ptr_null(config.general.config_file);
	config_free(&config);
	ck_assert_int_eq(parse_with("--help", "/proc/self"), 0);	/* help needs no file */
	config_free(&config);
	refuses("x -C /nonexistent/tfomap.conf", "/nonexistent/tfomap.conf", "No such file");
	refuses("x -C /proc/self", "/proc/self", "directory");
	refuses("x -C a -C b", "--config", "twice");
	scratch_close(&def);
	scratch_close(&other);
}

/* The values stay when the file's text has gone. */
TEST(values_are_kept)
{
	file_takes("interface = veth0\noutput-fields = ip,port\ntx = pcap:name\n", "x");
	ck_assert_str_eq(config.network.interface, "veth0");
	ck_assert_str_eq(config.output.fields, "ip,port");
	ck_assert_str_eq(config.network.tx, "pcap");
	ck_assert_str_eq(config.network.tx_file, "name");
	config_free(&config);
}
