#include "setup/setup.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "config/config.h"
#include "config/config_set.h"
#include "net/neigh.h"
#include "net/rst_filter.h"
#include "outage_log.h"
#include "setup/capture_scan.h"
#include "setup/input.h"
#include "setup/mtu.h"
#include "setup/network.h"
#include "setup/resume.h"
#include "setup/sizes.h"
#include "state/cookie_store.h"
#include "state/cookiefile_load.h"
#include "targets/targetlist.h"
#include "targets/targets.h"
#include "targets/targets_load.h"
#include "wire/rx_source.h"
#include "wire/tx.h"
#include "wire/tx_sweep.h"

#define TARGETS_UNBLOCKED_MAX	1000000000u	/* without a blocklist and a word of assent */
#define TEXT_TARGETS_MAX	64		/* that a person may want to read of */
#define SWEEPER_PPS	250000		/* worth an engine with a sweeper, and so many targets */
#define SWEEPER_PLACES	(1u << 20)

/* Of replies up to a limit, what was answered and what has its row have to agree. */
static bool takes_one_receiver(const struct setup *su, const struct config *c)
{
	return !su->rx || su->rx->own_clock
	       || (c->output.rows == ROWS_REPLY && c->rate.max_results);
}

/* positions: those of the sweep, or of a saved capture as many targets as it may have. */
static int init_memory(struct setup *su, const struct config *c, uint64_t positions, struct err *e)
{
	struct shared *s = &su->shared;
	const struct sizes_basis basis = {
		.config = c, .positions = positions,
		.retries = s->facts.plan.retries, .cores = sysconf(_SC_NPROCESSORS_ONLN),
		.one_sender = !su->tx || su->tx->one_thread,
		.one_receiver = takes_one_receiver(su, c),
		.is_fast = su->tx && (su->tx->sweeper || su->tx == tx_best(false)),
		.sweeps = su->tx && su->tx->sweeper,
		.senders = su->resume->goes_on ? su->resume->run.nshards : 0,
		.keep_all = su->rx && su->rx->own_clock,
	};
	struct sizes sizes;

	sizes_choose(&basis, &sizes);
	if (!su->resume->goes_on)
		su->resume->run.nshards = sizes.senders;
	su->unread = sizes.unread;
	su->run.threads = sizes.senders;
	su->run.window_slots = sizes.sender.window * sizes.senders;
	s->facts.slots = sizes.table;
	if (shared_init_senders(s, sizes.senders, &sizes.sender))
		return err_set(e, ENOMEM, "out of memory for a window of %" PRIu64 " targets; try "
			       "a lower --rate or --timeout", su->run.window_slots);
	resume_apply(su->resume, s);
	shared_set_receivers(s, sizes.receivers);
	su->run.table_slots = (uint64_t)shared_part_slots(s) * sizes.receivers;
	return 0;
}

/* Whoever scans that many without a blocklist has to mean it. What sends nothing harms nobody. */
static int check_blocklist(const struct setup *su, const struct config *c, struct err *e)
{
	uint64_t n = su->shared.facts.order.positions;

	if (n <= TARGETS_UNBLOCKED_MAX || targets_counts(su->targets)->blocklist_ranges
	    || c->targets.without_blocklist || !su->tx || !su->tx->wire)
		return 0;
	return err_set(e, EINVAL, "%" PRIu64 " targets, and nothing is blocked: name who is not to "
		       "be probed (--blocklist-file), leave --no-default-blocklist out, or confirm "
		       "with --without-blocklist", n);
}

/* Everything but the targets that comes from the user's words and files. */
static int init_input(struct setup *su, const struct config *c, struct err *e)
{
	struct resume *r = su->resume;
	const struct checkpoint *earlier = r->goes_on ? &r->run : NULL;
	int rc = input_init(&su->shared.facts, &su->run, earlier, e);

	if (!rc)
		rc = check_blocklist(su, c, e);
	if (!rc && c->records.checkpoint)
		rc = resume_targets(r, c, &su->shared, su->run.key, su->run.seed, e);
	if (!rc && c->probing.cookie_file)
		rc = cookiefile_load(&su->store, c->probing.cookie_file,
				     earlier ? earlier->cookies_len : UINT64_MAX, e);
	su->shared.facts.store = su->store;
	return rc;
}

/* Why an engine's sweeper cannot make this scan's packets; NULL: it can. */
static const char *sweeper_unfit(const struct setup *su, const struct config *c)
{
	const struct shared *s = &su->shared;
	struct lookup_arrays arrays;

	if (lookup_list_len(targets_flat(s->facts.targets, &arrays)) > TX_SWEEP_LIST_MAX)
		return "the server list is too long for it (67 million IPv4 entries, 26 million "
		       "where some are IPv6)";
	if (s->facts.store)
		return "it knows no cookies (--cookie-file)";
	if (c->network.save_pcap)
		return "its packets cannot be saved (--save-pcap)";
	if (su->iplayer)
		return "the interface has no link header";
	if (su->loopback)
		return "the targets are this host's own addresses";
	if (s->facts.neigh)
		return "targets are on the local link, each with a MAC address of its own";
	for (unsigned int arm = 0; arm < plan_arms(&s->facts.plan); arm++)
		if (probe_types[plan_arm_kind(&s->facts.plan, arm, false)].payload)
			return "its packets carry no data (--probes)";
	return NULL;
}

/* Whether a sweeper gains anything: it takes a while to start, and a core while it runs. */
static bool is_sweeper_worth_it(const struct setup *su, const struct config *c)
{
	return su->shared.facts.order.positions >= SWEEPER_PLACES
	       && (c->rate.pps == 0 || c->rate.pps >= SWEEPER_PPS) && c->rate.bandwidth_bps == 0;
}

static int check_receiver(const struct setup *su, const struct config *c, struct err *e)
{
	if (su->rx && su->rx->untagged && c->network.vlan_id)
		return err_set(e, EINVAL, "--rx %s: it does not look into VLANs (--vlan); use "
			       "--rx pcap", c->network.rx);
	if (su->rx && su->rx->needs_ethernet && su->iplayer)
		return err_set(e, EINVAL, "--rx %s: interface %s has no link header; use "
			       "--rx pcap", c->network.rx, su->interface);
	return 0;
}

/* --tx auto takes what sweeps by itself where that can, and gains something. */
static void improve_engine(struct setup *su, const struct config *c)
{
	const struct tx_ops *sweeps = tx_best(true);
	const char *unfit;

	if (!su->tx_auto || !sweeps || !is_sweeper_worth_it(su, c))
		return;
	unfit = sweeper_unfit(su, c);
	if (unfit)
		log_info("engine %s, as for %s: %s", su->tx->name, sweeps->name, unfit);
	else
		su->tx = sweeps;
}

/* --rx auto takes what reads in the driver where the sweep leaves by it. */
static void improve_receiver(struct setup *su, const struct config *c)
{
	const struct rx_ops *xdp = rx_find("xdp", false);

	if (su->rx_auto && su->rx && su->tx->sweeper && su->tx == tx_best(true)
	    && !(xdp->untagged && c->network.vlan_id) && !(xdp->needs_ethernet && su->iplayer))
		su->rx = xdp;
}

static int choose_engine(struct setup *su, const struct config *c, struct err *e)
{
	const char *unfit = su->tx->sweeper ? sweeper_unfit(su, c) : NULL;

	if (unfit)
		return err_set(e, EINVAL, "--tx %s: %s; use --tx packet", c->network.tx, unfit);
	improve_engine(su, c);
	if (su->loopback && su->tx->wire && !su->tx->loopback && targets_have_v4(su->targets))
		return err_set(e, EINVAL, "--tx %s: this host's own IPv4 addresses take nothing "
			       "that is sent below IP; use --tx packet", c->network.tx);
	improve_receiver(su, c);
	su->run.engine = su->tx->name;
	return 0;
}

/* For the targets that a capture shows: each has a packet in it at least. */
static int init_seen(struct setup *su, const struct config *c, uint64_t packets, struct err *e)
{
	uint64_t positions = su->shared.facts.order.positions;

	if (packets < positions)
		positions = packets ? packets : 1;
	if (positions > SEEN_MAX)
		return err_set(e, E2BIG, "capture file '%s' may be of more than %u targets: give "
			       "fewer of them (--shards)", c->network.rx_file, SEEN_MAX);
	return init_memory(su, c, positions, e);
}

static int look_at_capture(struct setup *su, const struct config *c, struct err *e)
{
	struct shared *s = &su->shared;
	struct capture_facts facts;
	int rc = capture_look(c, &s->facts.validator, s->facts.order.positions, &facts, e);

	if (!rc)
		rc = init_seen(su, c, facts.ours, e);
	if (rc)
		return rc;
	s->facts.validator.later_turns = facts.later_turns;
	s->facts.file_lag_ns = facts.back_ns < CAPTURE_BACK_MAX_NS ? facts.back_ns
		: CAPTURE_BACK_MAX_NS;
	/* Without --source-ip the capture says where its run sent from. */
	for (unsigned int v6 = 0; v6 < 2; v6++)
		if (!s->facts.nsources[v6] && facts.has_source[v6])
			facts_add_source(&s->facts, facts.source[v6]);
	stat_set(&s->rx.stats, STAT_out_of_order, facts.before.n + facts.misplaced.n);
	return capture_check(c, &facts, e);
}

/* What the network setup found; its neighbours are su's from here on. */
static int take_network(struct setup *su, const struct network *n, struct err *e)
{
	const struct iface *i = &n->routes.iface;
	const struct sources *sources = &n->routes.sources;
	struct facts *f = &su->shared.facts;

	f->neigh = su->neigh = n->hops.neigh;
	for (unsigned int v6 = 0; v6 < 2; v6++) {
		su->gateways[v6] = n->hops.gateways[v6];
		for (unsigned int k = 0; k < sources->n[v6]; k++)
			facts_add_source(f, sources->v[v6][k]);
	}
	memcpy(su->interface, i->name, sizeof(su->interface));
	su->ifindex = f->ifindex = i->index;
	su->loopback = i->kind == IFACE_LOOPBACK;
	su->mtu = i->mtu;
	su->iplayer = n->iplayer;
	memcpy(su->mac, i->mac, sizeof(su->mac));
	if (i->index)
		su->run.interface = f->interface = su->interface;
	return craft_init(&f->craft, n->hops.header, f->config->probing.tcp_options, e);
}

/* From here on others who look for source addresses that nobody owns are heard, and answered. */
static int open_proxies(struct setup *su, const struct network *n, struct err *e)
{
	const struct config *c = n->routes.c;
	struct shared *s = &su->shared;
	unsigned int proxied = 0;

	for (size_t i = 0; i < c->network.nsources; i++)
		proxied += !n->routes.owned[i]
			   && facts_proxy_source(&s->facts, c->network.sources[i]);
	if (proxy_open(&s->facts, &s->neigh_requests, &n->hops.header[0], e))
		return -ENOMEM;
	proxy_join(&su->proxies, &s->facts, su->ifindex);
	log_info("source addresses that this host does not own: %u; looking on %s whether they are "
		 "in use, then answering for them", proxied, su->interface);
	return neighbours_check_unused(&n->routes, e);
}

/* What sends. */
static int init_live(struct setup *su, const struct config *c, int *status, struct err *e)
{
	struct network n;
	int rc;

	su->shared.facts.wall_offset_ns = clock_wall_offset_ns();
	su->tx = c->general.dryrun ? &tx_dryrun : tx_find(c->network.tx);
	su->tx_auto = !su->tx;
	if (su->tx_auto)
		su->tx = tx_best(false);
	su->rx_auto = strcmp(c->network.rx, CONFIG_RX_AUTO) == 0;
	if (su->tx->wire)
		su->rx = rx_find(su->rx_auto ? "pcap" : c->network.rx, false);
	su->shared.facts.wire = su->tx->wire;
	network_open(&n, su->targets, c, su->tx->wire);
	rc = init_input(su, c, e);
	if (!rc) {
		*status = 2;
		rc = network_init(&n, &su->shared.facts.order, e);
	}
	if (!rc)
		rc = take_network(su, &n, e);
	if (!rc && n.proxies)
		rc = open_proxies(su, &n, e);
	network_close(&n);
	if (rc)
		return rc;
	*status = 1;
	rc = mtu_check(&su->shared.facts, su->mtu, e);
	if (!rc)
		rc = check_receiver(su, c, e);
	if (!rc)
		rc = choose_engine(su, c, e);
	/* How many threads send depends on the engine. */
	return rc ? rc : init_memory(su, c, su->shared.facts.order.positions, e);
}

/* What reads a capture. */
static int init_offline(struct setup *su, const struct config *c, struct err *e)
{
	int rc;

	su->rx = rx_find(c->network.rx, true);
	su->shared.facts.wire = true;
	rc = init_input(su, c, e);
	for (size_t i = 0; i < c->network.nsources; i++)
		facts_add_source(&su->shared.facts, c->network.sources[i]);
	return rc ? rc : look_at_capture(su, c, e);
}

/* A capture whose targets nobody names has some: who was probed, and who has answered. */
static int load_targets(struct setup *su, const struct config *c, struct err *e)
{
	struct targetlist seen;
	int rc = 0;

	targetlist_init(&seen);
	if (!config_names_targets(c))
		rc = capture_list_targets(c, &seen, e);
	if (!rc)
		rc = targets_load(&su->targets, c, &seen, e);
	targetlist_free(&seen);
	return rc;
}

static int begin(struct setup *su, const struct config *c, struct resume *r, struct err *e)
{
	int rc;

	memset(su, 0, sizeof(*su));
	su->resume = r;
	su->shared.facts.config = c;
	su->shared.facts.outage_max_ns = OUTAGE_MAX_NS;
	rc = load_targets(su, c, e);
	su->shared.facts.targets = su->targets;
	return rc;
}

/* Rows are for people where few come to a terminal, and nothing is said of their form. */
static void choose_rows(struct setup *su, const struct config *c)
{
	struct facts *f = &su->shared.facts;
	bool few = f->order.positions <= TEXT_TARGETS_MAX;
	bool open = c->output.format == FORMAT_AUTO && !config_given(c, "output-file")
		    && !config_given(c, "output-fields") && !config_given(c, "rows");

	f->text = c->output.format == FORMAT_text || (open && few && isatty(STDOUT_FILENO));
	f->silent = f->text && few && !config_given(c, "report");
}

int setup_check_targets(struct setup *su, const struct config *c, struct resume *r, struct err *e)
{
	int rc = begin(su, c, r, e);

	if (!rc)
		rc = input_init(&su->shared.facts, &su->run, &r->run, e);
	if (!rc)
		rc = resume_same_targets(r, &su->shared, e);
	setup_free(su);
	return rc;
}

int setup_init(struct setup *su, const struct config *c, struct resume *r, int *status,
	       struct err *e)
{
	int rc;

	*status = 1;
	rc = begin(su, c, r, e);
	if (rc)
		return rc;
	rc = c->network.rx_file ? init_offline(su, c, e) : init_live(su, c, status, e);
	if (!rc)
		choose_rows(su, c);
	return rc;
}

void setup_free(struct setup *su)
{
	struct shared *s = &su->shared;

	rst_filter_close(su->rst_filter);
	proxy_close(&su->proxies, &s->neigh_requests);
	shared_free_senders(s);
	neigh_free(su->neigh);
	cookie_store_free(su->store);
	targets_free(su->targets);
}
