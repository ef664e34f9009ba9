#include "xdp/kernel_queues.h"

#include <bpf/btf.h>
#include <linux/btf.h>
#include <stdint.h>
#include <string.h>

#include "kernel_sweep.h"

#define DEPTH_MAX	4	/* members without a name, in each other */

/* The offset of a type's member, in bytes; those without a name are looked into. -1: none. */
static int64_t find_member(const struct btf *btf, uint32_t id, const char *name,
			   unsigned int depth)
{
	const struct btf_type *t = btf__type_by_id(btf, id);
	const struct btf_member *m;

	if (!t || !btf_is_composite(t) || depth > DEPTH_MAX)
		return -1;
	m = btf_members(t);
	for (uint32_t i = 0; i < btf_vlen(t); i++) {
		const char *its = btf__name_by_offset(btf, m[i].name_off);
		uint32_t offset = btf_member_bit_offset(t, i) / 8;
		int64_t inner;

		if (its && strcmp(its, name) == 0)
			return offset;
		inner = its && *its ? -1 : find_member(btf, m[i].type, name, depth + 1);
		if (inner >= 0)
			return offset + inner;
	}
	return -1;
}

/* False: there is no such struct or member. */
static bool find(const struct btf *btf, const char *type, const char *member, uint32_t *offset)
{
	int id = btf__find_by_name_kind(btf, type, BTF_KIND_STRUCT);
	int64_t found = id > 0 ? find_member(btf, (uint32_t)id, member, 0) : -1;

	*offset = found >= 0 ? (uint32_t)found : 0;
	return found >= 0;
}

bool kernel_queues_find(struct sweep_queues *out)
{
	struct btf *btf = btf__load_vmlinux_btf();
	struct sweep_queues q = { 0 };
	int queue = btf ? btf__find_by_name_kind(btf, "netdev_queue", BTF_KIND_STRUCT) : -1;
	/* The program reads words of eight bytes. */
	bool found = queue > 0 && btf__pointer_size(btf) == 8
		     && find(btf, "sk_buff", "dev", &q.dev)
		     && find(btf, "net_device", "_tx", &q.queues)
		     && find(btf, "net_device", "real_num_tx_queues", &q.n_queues)
		     && find(btf, "netdev_queue", "state", &q.state);

	if (found)
		q.queue_len = (uint32_t)btf__resolve_size(btf, (uint32_t)queue);
	btf__free(btf);
	*out = found ? q : (struct sweep_queues){ 0 };
	return found;
}
