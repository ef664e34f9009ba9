/* config_check: options that contradict each other. */
#include <errno.h>
#include <string.h>

#include "config.h"
#include "config_read.h"
#include "err.h"

static int check_targets(const struct config *c, struct err *e)
{
	if (c->ntargets || c->allowlist_file || c->targets_file || c->print_config)
		return 0;
	return err_set(e, EINVAL, "no targets: name addresses or prefixes, a file of prefixes "
		       "(--allowlist-file), or a server list (--targets-file)");
}

static int check_shards(const struct config *c, struct err *e)
{
	if (config_given(c, "shard") && !config_given(c, "shards"))
		return err_set(e, EINVAL, "--shard %u: of how many? Give --shards too", c->shard);
	if (c->shard >= c->shards)
		return err_set(e, EINVAL, "--shard %u: the %u shards are numbered 0 to %u",
			       c->shard, c->shards, c->shards - 1);
	if (c->shards > 1 && !c->seed_set)
		return err_set(e, EINVAL, "--shards %u: give --seed, the same for all shards, "
			       "or some targets are probed twice and others never", c->shards);
	return 0;
}

static int check_rx_file(const struct config *c, struct err *e)
{
	if (!c->rx_file)
		return 0;
	if (strcmp(c->tx, "auto") != 0)
		return err_set(e, EINVAL, "--rx pcap:%.100s with --tx %s: reading a capture sends "
			       "nothing; leave --tx out", c->rx_file, c->tx);
	if (c->dryrun)
		return err_set(e, EINVAL, "--rx pcap:%.100s with --dryrun: reading a capture sends "
			       "nothing that could be shown; leave one of them out", c->rx_file);
	if (c->save_pcap)
		return err_set(e, EINVAL, "--rx pcap:%.100s with --save-pcap: there is nothing "
			       "new to save; leave --save-pcap out", c->rx_file);
	if (!c->key_set)
		return err_set(e, EINVAL, "--rx pcap:%.100s: its answers can only be told with "
			       "the key of that run; give --key (it is in that run's "
			       "--metadata-file)", c->rx_file);
	return 0;
}

struct named_file {
	const char *option, *name;
	bool in;
};

/* Whether two files are the same one, and one of them would be written over. */
static bool files_clash(const struct named_file *a, const struct named_file *b)
{
	if (!a->name || !b->name || (a->in && b->in) || strcmp(a->name, b->name) != 0)
		return false;
	/* "-" is standard input for one and standard output for the other. */
	return a->in == b->in ? strcmp(a->name, "/dev/null") != 0 : strcmp(a->name, "-") != 0;
}

static int check_files(const struct config *c, struct err *e)
{
	const struct named_file files[] = {
		{ "--config", c->config_file, true },
		{ "--targets-file", c->targets_file, true },
		{ "--allowlist-file", c->allowlist_file, true },
		{ "--blocklist-file", c->blocklist_file, true },
		{ "--rx pcap:", c->rx_file, true },
		{ "--output-file", c->output_file, false },
		{ "--metadata-file", c->metadata_file, false },
		{ "--status-updates-file", c->status_file, false },
		{ "--log-file", c->log_file, false },
		{ "--save-pcap", c->save_pcap, false },
		{ "--tx pcap:", c->tx_file, false },
		{ "--cookie-file", c->cookie_file, false },
	};
	const size_t n = sizeof(files) / sizeof(files[0]);

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < i; k++)
			if (files_clash(&files[k], &files[i]))
				return err_set(e, EINVAL, "%s and %s both name %.200s, which "
					       "would be overwritten; name another file",
					       files[k].option, files[i].option, files[i].name);
	return 0;
}

static bool is_stdout(const char *file)
{
	return file && strcmp(file, "-") == 0;
}

static int check_output(const struct config *c, struct err *e)
{
	if (c->rows == ROWS_REPLY && c->report == REPORT_ALL)
		return err_set(e, EINVAL, "--report all with --rows reply: a silent target has "
			       "no reply; use --rows target");
	if (is_stdout(c->log_file))
		return err_set(e, EINVAL, "--log-file -: standard output is for rows; without "
			       "--log-file messages go to standard error");
	if (is_stdout(c->status_file))
		return err_set(e, EINVAL, "--status-updates-file -: standard output is for rows; "
			       "name a file");
	return check_files(c, e);
}

int config_check(const struct config *c, struct err *e)
{
	int err = check_targets(c, e);

	if (!err)
		err = check_shards(c, e);
	if (!err)
		err = check_rx_file(c, e);
	if (!err)
		err = check_output(c, e);
	return err;
}
