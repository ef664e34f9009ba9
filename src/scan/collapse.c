#include "scan/collapse.h"

#include <stdio.h>

#include "base/log.h"

#define CONNTRACK	"/proc/sys/net/netfilter/nf_conntrack_"
#define NEARLY_FULL	0.95

/* A number that stands alone in a file; 0 where there is none. */
static double read_number(const char *path)
{
	FILE *f = fopen(path, "re");
	double v = 0;

	if (f && fscanf(f, "%lf", &v) != 1)
		v = 0;
	if (f)
		fclose(f);
	return v;
}

static const char *likely_cause(const struct stats *s)
{
	double max = read_number(CONNTRACK "max");

	if (max > 0 && read_number(CONNTRACK "count") >= NEARLY_FULL * max)
		return "this host's connection tracking table is full; exempt the scan from it "
		       "(nft: notrack in a raw prerouting and output chain), or lower --rate";
	if (stat_get(s, STAT_drop_capture))
		return "the capture loses packets; lower --rate";
	return "the network, a firewall on the way or the provider may be throttling or blocking "
	       "the scan; lower --rate, and look whether other traffic passes";
}

void collapse_watch(struct hitrate *h, const struct stats *s, uint64_t now_ns)
{
	double usual = h->usual;

	/* Retries go to the silent: only first SYNs compare with each other. */
	if (hitrate_feed(h, now_ns, stat_get(s, STAT_targets_started),
			 stat_get(s, STAT_first_answers)))
		log_warn("answers have nearly ceased (usual: %.2g %% of the targets), and sending "
			 "goes on: %s", usual * 100, likely_cause(s));
}
