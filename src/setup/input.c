#include "setup/input.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "config/config.h"
#include "err.h"
#include "records/metadata.h"
#include "state/checkpoint.h"
#include "state/facts.h"
#include "targets/targets.h"
#include "targets/targets_hash.h"

static int random_bytes(void *p, size_t n, struct err *e)
{
	if (getrandom(p, n, 0) == (ssize_t)n)
		return 0;
	return err_set(e, errno, "getrandom: %s", strerror(errno));
}

static int init_keys(struct run_facts *run, const struct config *c,
		     const struct checkpoint *earlier, struct err *e)
{
	int rc = 0;

	if (earlier) {
		memcpy(run->key, earlier->key, sizeof(run->key));
		run->seed = earlier->seed;
		return 0;
	}

	memcpy(run->key, c->network.key, sizeof(run->key));
	if (!c->network.key_set)
		rc = random_bytes(run->key, sizeof(run->key), e);
	run->seed = c->targets.seed;
	if (!rc && !c->targets.seed_set)
		rc = random_bytes(&run->seed, sizeof(run->seed), e);
	return rc;
}

/* -n as a number or a share, rounded up; 0: all. */
static uint64_t sample_size(const struct config *c, uint64_t total)
{
	double share = c->targets.max_share * (double)total;
	uint64_t n = (uint64_t)share;

	return c->targets.max_share > 0 ? n + ((double)n < share) : c->targets.max;
}

#define TURNS_MIN	64u		/* parts of a run before its source ports come again */

static unsigned int choose_retries(const struct facts *f)
{
	const struct config_probing *probing = &f->config->probing;

	if (probing->retries != CONFIG_RETRIES_AUTO)
		return (unsigned int)probing->retries;
	return targets_is_list(f->targets) || plan_is_deep(probing->plan)
	       ? CONFIG_RETRIES_THOROUGH : 0;
}

static int init_validator(struct facts *f, const struct run_facts *run,
			  const struct checkpoint *earlier, struct err *e)
{
	const struct config *c = f->config;
	uint8_t attempts[PROBE_KINDS];
	int rc;

	plan_attempts(&f->plan, attempts);
	rc = validate_init(&f->validator, run->key, c->network.port_first, c->network.port_last,
			   attempts, e);
	f->validator.hops = f->plan.name == PLAN_LOCATE;
	if (!rc && c->records.checkpoint && f->validator.part_width < TURNS_MIN)
		rc = err_set(e, ERANGE, "--source-port %u-%u: with --checkpoint each part of the "
			     "run takes other ports, so %u are needed at least",
			     c->network.port_first, c->network.port_last,
			     TURNS_MIN * f->validator.part[PROBE_KINDS]);
	/* What an earlier part of the run has asked, and left, the server may still know. */
	if (!rc && earlier)
		f->validator.turn = (uint16_t)(earlier->nparts % f->validator.part_width);
	/* A capture may be of many parts of a run: what was sent shows of how many. */
	if (!rc && c->network.rx_file)
		f->validator.later_turns = f->validator.part_width - 1;
	/* Of the same secret, so that a saved capture is read with one key. */
	f->source_key.k0 = siphash_words(&f->validator.key, (const uint64_t[]){ 0 }, 1, 2, 4);
	f->source_key.k1 = siphash_words(&f->validator.key, (const uint64_t[]){ 1 }, 1, 2, 4);
	return rc;
}

int input_init(struct facts *f, struct run_facts *run, const struct checkpoint *earlier,
	       struct err *e)
{
	const struct config *c = f->config;
	uint64_t total = targets_counts(f->targets)->total;
	int rc;

	run->retries = choose_retries(f);
	f->plan = (struct plan){
		.name = c->probing.plan, .sweep = c->probing.probes,
		/* What is printed is not sent, and nobody answers: once is enough. */
		.retries = c->general.dryrun ? 0 : run->retries,
		.confirm = plan_is_deep(c->probing.plan) && c->probing.confirm_ns > 0,
		.payload = c->probing.payload.type != PAYLOAD_NONE,
		.requests = c->probing.requests,
		.borrows = c->network.nsources > 1,
	};
	rc = init_keys(run, c, earlier, e);
	if (!rc)
		rc = init_validator(f, run, earlier, e);
	if (!rc)
		rc = order_init(&f->order, total, sample_size(c, total), c->targets.shards,
				c->targets.shard, run->seed, e);
	run->targets = f->order.positions;
	run->targets_hash = c->records.metadata_file ? targets_hash(f->targets) : 0;
	return rc;
}
