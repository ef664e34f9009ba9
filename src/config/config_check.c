#include "config/config_check.h"

#include <errno.h>
#include <string.h>

#include "config/config.h"
#include "config/config_files.h"
#include "config/config_set.h"
#include "err.h"

static int check_targets(const struct config *c, struct err *e)
{
	if (c->targets.ipv4_only && c->targets.ipv6_only)
		return err_set(e, EINVAL, "--ipv4 with --ipv6: each leaves the other family out; "
			       "leave both out to probe both families");
	if (config_names_targets(c) || c->general.print_config)
		return 0;
	if (c->network.rx_file && c->output.rows == ROWS_REPLY)
		return 0;
	if (c->network.rx_file)
		return err_set(e, EINVAL, "--rx pcap:%.100s: no targets: without those of the "
			       "run only --rows reply can be had", c->network.rx_file);
	return err_set(e, EINVAL, "no targets: name addresses or prefixes, a file of prefixes "
		       "(--allowlist-file), or a server list (--targets-file)");
}

static int check_shards(const struct config *c, struct err *e)
{
	if (config_given(c, "shard") && !config_given(c, "shards"))
		return err_set(e, EINVAL, "--shard %u: of how many? Give --shards too",
			       c->targets.shard);
	if (c->targets.shard >= c->targets.shards)
		return err_set(e, EINVAL, "--shard %u: must be 0 to %u with --shards %u",
			       c->targets.shard, c->targets.shards - 1, c->targets.shards);
	if (c->targets.shards > 1 && !c->targets.seed_set)
		return err_set(e, EINVAL, "--shards %u: give --seed, the same for all shards, "
			       "or some targets are probed twice and others never",
				c->targets.shards);
	return 0;
}

static int check_rx_file(const struct config *c, struct err *e)
{
	if (!c->network.rx_file)
		return 0;
	if (strcmp(c->network.tx, CONFIG_TX_AUTO) != 0)
		return err_set(e, EINVAL, "--rx pcap:%.100s with --tx %s: reading a capture sends "
			       "nothing; leave --tx out", c->network.rx_file, c->network.tx);
	if (c->general.dryrun)
		return err_set(e, EINVAL, "--rx pcap:%.100s with --dryrun: reading a capture sends "
			       "nothing that could be shown; leave one of them out",
				c->network.rx_file);
	if (c->network.save_pcap)
		return err_set(e, EINVAL, "--rx pcap:%.100s with --save-pcap: there is nothing "
			       "new to save; leave --save-pcap out", c->network.rx_file);
	if (!c->network.key_set)
		return err_set(e, EINVAL, "--rx pcap:%.100s: its answers cannot be validated "
			       "without the key of that run; give --key (it is in that run's "
			       "--metadata-file)", c->network.rx_file);
	return 0;
}

/* The name of the first kind in a set that is not empty. */
static const char *first_kind(uint32_t kinds)
{
	unsigned int kind = 0;

	while (!(kinds >> kind & 1))
		kind++;
	return probe_types[kind].name;
}

static uint32_t kinds_with_payload(void)
{
	uint32_t kinds = 0;

	for (unsigned int kind = 0; kind < PROBE_KINDS; kind++)
		kinds |= (uint32_t)probe_types[kind].payload << kind;
	return kinds;
}

static int check_probes(const struct config *c, struct err *e)
{
	uint32_t data = 1u << PROBE_DATA, follow = c->probing.probes & ~PLAN_SWEEP_KINDS;
	uint32_t loaded = c->probing.probes & kinds_with_payload();

	switch (plan_sweep_fault(c->probing.probes)) {
	case PLAN_FOLLOWS:
		return err_set(e, EINVAL, "--probes: %s is sent only after a target's answers, "
			       "with the cookie that it gave or to look again, as --plan says; to "
			       "all targets go syn, request, request-exp, blind, and with "
			       "--cookie-file data", first_kind(follow));
	case PLAN_DATA_BESIDE:
		return err_set(e, EINVAL, "--probes: data beside %s: it takes the place of a "
			       "request, and is one where no cookie is known; leave one of them "
			       "out", first_kind(c->probing.probes & ~data & PLAN_REQUEST_KINDS));
	case PLAN_MANY:
		return err_set(e, EINVAL, "--probes: a target gets %d kinds at most before it "
			       "has answered; scan once more for the others", PLAN_ARMS_MAX);
	case PLAN_SOUND:
		break;
	}
	if (c->probing.probes & data && !c->probing.cookie_file)
		return err_set(e, EINVAL, "--probes: data needs a cookie that is known before: "
			       "give --cookie-file, or send request, which data follows by "
			       "itself");
	if (loaded && c->probing.payload.type == PAYLOAD_NONE)
		return err_set(e, EINVAL, "--probes: %s carries a payload, and --payload none "
			       "says that there is none; leave one of them out",
			       first_kind(loaded));
	return 0;
}

static int check_link(const struct config *c, struct err *e)
{
	if (c->network.vlan_id && c->network.iplayer)
		return err_set(e, EINVAL, "--vlan %u with --iplayer: packets without a link header "
			       "have no place for a tag; leave one of them out",
				c->network.vlan_id);
	return 0;
}

/* The ending of the file's name, if it is one. */
static bool ends_with(const char *name, const char *ending)
{
	size_t len = strlen(name), n = strlen(ending);

	return len > n && strcmp(name + len - n, ending) == 0;
}

static int check_output_file(const struct config *c, struct err *e)
{
	static const struct {
		const char *ending, *command;
	} packers[] = {
		{ ".gz", "gzip >" }, { ".zst", "zstd -o " },
	};
	const char *name = c->output.file;

	for (size_t i = 0; name && i < sizeof(packers) / sizeof(packers[0]); i++)
		if (ends_with(name, packers[i].ending))
			return err_set(e, EINVAL, "--output-file %.100s: rows are written as they "
				       "are, not compressed; type -o - ... | %s%.100s, and name a "
				       "file for the metadata with -m", name, packers[i].command,
				       name);
	return 0;
}

static int check_output(const struct config *c, struct err *e)
{
	if (c->output.expect && strcmp(c->output.file, "-") == 0)
		return err_set(e, EINVAL, "--expect with --output-file -: standard output has the "
			       "line that says how it went; name a file for the rows");
	if (c->output.format == FORMAT_text && c->output.fields)
		return err_set(e, EINVAL, "--output-format text with --output-fields: text has no "
			       "columns; leave one of them out");
	if (c->output.format == FORMAT_text && c->output.rows == ROWS_REPLY)
		return err_set(e, EINVAL, "--output-format text with --rows reply: text is of "
			       "targets; leave one of them out");
	if (c->output.format == FORMAT_text && c->records.checkpoint)
		return err_set(e, EINVAL, "--output-format text with --checkpoint: text cannot be "
			       "read back to go on from; use csv or ndjson");
	if (c->output.rows == ROWS_REPLY && c->output.report == REPORT_ALL)
		return err_set(e, EINVAL, "--report all with --rows reply: a silent target has "
			       "no reply; use --rows target");
	/* Rows that a run goes on from are read by lines. */
	for (const char *s = c->output.label; s && *s; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			return err_set(e, EINVAL, "--label %.100s: a label is one line of plain "
				       "text; leave line ends and control characters out",
				       c->output.label);
	return check_output_file(c, e);
}

/* What it goes by are rows in a file, of packets that are sent. */
static int check_checkpoint(const struct config *c, struct err *e)
{
	if (!c->records.checkpoint)
		return 0;
	if (c->general.dryrun || c->network.rx_file || c->network.tx_file
	    || strcmp(c->network.tx, "null") == 0)
		return err_set(e, EINVAL, "--checkpoint %.100s: there is nothing to go on from, as "
			       "this run sends nothing; leave it out", c->records.checkpoint);
	if (!c->output.file || strcmp(c->output.file, "-") == 0)
		return err_set(e, EINVAL, "--checkpoint %.100s: the rows have to be in a file, to "
			       "be found again; give one with -o", c->records.checkpoint);
	return 0;
}

int config_check(const struct config *c, struct err *e)
{
	int err = check_targets(c, e);

	if (!err)
		err = check_shards(c, e);
	if (!err)
		err = check_rx_file(c, e);
	if (!err)
		err = check_probes(c, e);
	if (!err)
		err = check_link(c, e);
	if (!err)
		err = check_output(c, e);
	if (!err)
		err = check_checkpoint(c, e);
	if (!err)
		err = config_check_files(c, e);
	return err;
}
