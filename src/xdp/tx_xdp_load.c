/*
 * tx_load_xdp: the in-kernel sweep's program into the kernel: its facts, its maps, and the sender's
 * window, which moves into them.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "config/config.h"
#include "state/shared.h"
#include "wire/tx.h"
#include "xdp/tx_xdp_state.h"

#include "sweep.skel.h"
#include "targets/targets.h"

#define HASTE		1.5	/* times the rate, to make up for what came late */

static uint32_t mask_of(uint64_t n)
{
	uint64_t m = 1;

	while (m < n)
		m *= 2;
	return (uint32_t)(m - 1);
}

static void fill_arms(struct sweep_facts *f, const struct shared *s)
{
	for (unsigned int arm = 0; arm < f->arms; arm++) {
		f->kind[arm] = plan_arm_kind(&s->facts.plan, arm, false);
		for (unsigned int v6 = 0; v6 < 2; v6++)
			f->syn[arm][v6] = *craft_syn_template(
				&s->facts.craft, v6, probe_asks(f->kind[arm]));
	}
}

static void fill_facts(struct sweep_facts *f, const struct tx_setup *setup,
		       const struct targets_flat *flat)
{
	const struct shared *s = setup->shared;
	const struct window *w = &s->senders[setup->sender].window;

	f->order = s->facts.order;
	f->lookup = *flat->lookup;
	f->validator = s->facts.validator;
	f->source_key = s->facts.source_key;
	for (unsigned int v6 = 0; v6 < 2; v6++) {
		f->n_sources[v6] = s->facts.nsources[v6];
		for (unsigned int i = 0; i < s->facts.nsources[v6]; i++)
			f->sources[v6][i] = s->facts.sources[v6][i].addr;
	}
	f->arms = w->arms;
	f->passes = w->passes;
	fill_arms(f, s);
	f->sender = setup->sender;
	f->n_senders = s->nsenders;
	f->ifindex = (uint32_t)setup->ifindex;
	f->status_mask = (uint32_t)(w->slots - 1);
	f->log_mask = (uint32_t)w->cursor[0].log.mask;
	f->pace_ns = setup->rate_pps > 0 ? (uint64_t)(SWEEP_PACED * 1e9 / setup->rate_pps / HASTE)
		     : 0;
	f->log_grain_ns = w->cursor[0].log.grain_ns;
	f->ranges_mask = mask_of(flat->lookup->n_ranges);
	f->starts_mask = mask_of(flat->lookup->n_starts);
	f->ports_mask = mask_of(flat->lookup->n_ports);
}

static void know_facts(struct xdp_state *x, const struct sweep_facts *f)
{
	x->passes = f->passes;
	x->arms = f->arms;
	for (unsigned int arm = 0; arm < f->arms; arm++)
		for (unsigned int v6 = 0; v6 < 2; v6++)
			x->len[arm][v6] = f->syn[arm][v6].len;
}

/* The arrays' maps hold a power of two of what they hold. */
static void size_maps(struct xdp_state *x, const struct sweep_facts *f)
{
	x->status_len = ((size_t)f->status_mask + 1) * sizeof(uint16_t);
	x->logs_len = SENDLOG_BLOCK_LEN((size_t)f->log_mask + 1);
	bpf_map__set_value_size(x->bpf->maps.status, (uint32_t)x->status_len);
	bpf_map__set_value_size(x->bpf->maps.logs, (uint32_t)x->logs_len);
	bpf_map__set_max_entries(x->bpf->maps.logs, f->passes);
	bpf_map__set_value_size(x->bpf->maps.ranges, (uint32_t)(((size_t)f->ranges_mask + 1)
				* sizeof(struct prefixset_range)));
	bpf_map__set_value_size(x->bpf->maps.starts,
				(uint32_t)(((size_t)f->starts_mask + 1) * sizeof(uint32_t)));
	bpf_map__set_value_size(x->bpf->maps.ports,
				(uint32_t)(((size_t)f->ports_mask + 1) * sizeof(uint16_t)));
}

static int fill_map(struct bpf_map *map, const void *from, size_t len)
{
	uint32_t zero = 0, value_len = bpf_map__value_size(map);
	uint8_t *value = calloc(1, (value_len + 7u) & ~7u);
	int rc = -ENOMEM;

	if (value) {
		memcpy(value, from, len);
		rc = bpf_map_update_elem(bpf_map__fd(map), &zero, value, BPF_ANY);
	}
	free(value);
	return rc;
}

static int fill_maps(struct xdp_state *x, const struct targets_flat *flat)
{
	const struct lookup *s = flat->lookup;
	int rc = fill_map(x->bpf->maps.ranges, flat->ranges,
			  s->n_ranges * sizeof(*flat->ranges));

	if (!rc)
		rc = fill_map(x->bpf->maps.starts, flat->starts,
			      s->n_starts * sizeof(*flat->starts));
	if (!rc)
		rc = fill_map(x->bpf->maps.ports, flat->ports, s->n_ports * sizeof(*flat->ports));
	return rc;
}

int tx_xdp_load(struct xdp_state *x, const struct tx_setup *setup, const char **what)
{
	struct targets_flat flat;
	int rc;

	targets_flat(setup->shared->facts.targets, &flat);
	*what = "libbpf cannot open its program";
	x->bpf = sweep_bpf__open();
	if (!x->bpf)
		return -errno;
	fill_facts(&x->bpf->rodata->facts, setup, &flat);
	know_facts(x, &x->bpf->rodata->facts);
	size_maps(x, &x->bpf->rodata->facts);
	*what = "the kernel does not take its program";
	rc = sweep_bpf__load(x->bpf);
	if (rc)
		return rc;
	x->limits = &x->bpf->bss->limits;
	x->marks = &x->bpf->bss->marks;
	*what = "cannot fill its maps";
	return fill_maps(x, &flat);
}

int tx_xdp_map(struct xdp_state *x, struct window *w, const char **what)
{
	struct sendlog_block *blocks[WINDOW_PASSES_MAX] = { NULL };
	size_t stride = (x->logs_len + 7) / 8 * 8;

	*what = "cannot map its window";
	x->logs_len = stride * x->passes;
	x->status = mmap(NULL, x->status_len, PROT_READ | PROT_WRITE, MAP_SHARED,
			 bpf_map__fd(x->bpf->maps.status), 0);
	x->logs = mmap(NULL, x->logs_len, PROT_READ | PROT_WRITE, MAP_SHARED,
		       bpf_map__fd(x->bpf->maps.logs), 0);
	x->frames = mmap(NULL, sizeof(*x->frames) * SWEEP_FRAMES, PROT_READ | PROT_WRITE,
			 MAP_SHARED, bpf_map__fd(x->bpf->maps.frames), 0);
	if (x->status == MAP_FAILED || x->logs == MAP_FAILED || x->frames == MAP_FAILED)
		return -errno;
	for (unsigned int i = 0; i < x->passes; i++)
		blocks[i] = (struct sendlog_block *)((uint8_t *)x->logs + i * stride);
	window_move(w, x->status, blocks);
	return 0;
}

void tx_xdp_unload(struct xdp_state *x)
{
	if (x->status && x->status != MAP_FAILED)
		munmap(x->status, x->status_len);
	if (x->logs && x->logs != MAP_FAILED)
		munmap(x->logs, x->logs_len);
	if (x->frames && x->frames != MAP_FAILED)
		munmap(x->frames, sizeof(*x->frames) * SWEEP_FRAMES);
	sweep_bpf__destroy(x->bpf);
}
