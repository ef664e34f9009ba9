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

static int check_link(const struct config *c, struct err *e)
{
	if (c->vlan_id && c->iplayer)
		return err_set(e, EINVAL, "--vlan %u with --iplayer: packets without a link header "
			       "have no place for a tag; leave one of them out", c->vlan_id);
	return 0;
}

static int check_output(const struct config *c, struct err *e)
{
	if (c->rows == ROWS_REPLY && c->report == REPORT_ALL)
		return err_set(e, EINVAL, "--report all with --rows reply: a silent target has "
			       "no reply; use --rows target");
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
		err = check_link(c, e);
	if (!err)
		err = check_output(c, e);
	if (!err)
		err = config_check_files(c, e);
	return err;
}
