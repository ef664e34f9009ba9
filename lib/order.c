#include "order.h"

int order_init(struct order *o, uint64_t n, uint64_t max, uint32_t shards, uint32_t shard,
	       uint64_t seed, struct err *e)
{
	int rc = permute_init(&o->permutation, n, seed, e);

	if (rc)
		return rc;
	o->sample = max && max < n ? max : n;
	o->shards = shards;
	o->shard = shard;
	o->positions = o->sample > shard ? (o->sample - shard - 1) / shards + 1 : 0;
	return 0;
}
