#include "xdp/xdp_program.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/log.h"
#include "bytes.h"
#include "window.h"
#include "wire/tx_sweep.h"
#include "xdp/kernel_queues.h"

#include "sweep.skel.h"

#define CATCH_UP	1.5	/* times the rate, to make up for what came late */
#define RUN_BATCH	64u	/* a veth's ring of 256 overflows with more */

_Static_assert(RUN_BATCH + SWEEP_BULK_MAX <= SWEEP_HANDED, "kernel_sweep.h");
_Static_assert(TX_SWEEP_SOURCES_MAX <= SWEEP_SOURCES_MAX, "kernel_sweep.h");

static uint32_t mask_of(uint64_t n)
{
	uint64_t m = 1;

	while (m < n)
		m *= 2;
	return (uint32_t)(m - 1);
}

static void fill_arms(struct sweep_facts *f, const struct tx_sweep *sweep)
{
	for (unsigned int arm = 0; arm < f->arms; arm++) {
		f->kind[arm] = sweep->arms[arm].kind;
		for (unsigned int v6 = 0; v6 < 2; v6++) {
			f->syn[arm][v6] = *sweep->arms[arm].syn[v6];
			if (f->n_sources[v6] && f->syn[arm][v6].len > f->frame_len)
				f->frame_len = f->syn[arm][v6].len;
		}
	}
}

static void fill_sources(struct sweep_facts *f, const struct tx_sweep *sweep)
{
	f->source_key = sweep->source_key;
	for (unsigned int v6 = 0; v6 < 2; v6++) {
		f->n_sources[v6] = sweep->n_sources[v6];
		memcpy(f->sources[v6], sweep->sources[v6],
		       sweep->n_sources[v6] * sizeof(*f->sources[v6]));
	}
}

static void fill_facts(struct sweep_facts *f, const struct tx_sweep *sweep, int ifindex)
{
	const struct window *w = sweep->window;

	f->order = *sweep->order;
	f->lookup = *sweep->lookup;
	f->validator = *sweep->validator;
	fill_sources(f, sweep);
	f->arms = w->arms;
	f->passes = w->passes;
	fill_arms(f, sweep);
	f->sender = sweep->sender;
	f->n_senders = sweep->n_senders;
	f->ifindex = (uint32_t)ifindex;
	f->flow = (uint32_t)((2 * sweep->sender + 1ull) * (1u << 31) / sweep->n_senders);
	f->status_mask = (uint32_t)(w->slots - 1);
	f->log_mask = (uint32_t)w->cursor[0].log.mask;
	f->pace_ns = sweep->rate_pps > 0
		     ? (uint64_t)(SWEEP_PACED * 1e9 / sweep->rate_pps / CATCH_UP) : 0;
	f->log_grain_ns = w->cursor[0].log.grain_ns;
	f->ranges_mask = mask_of(f->lookup.n_ranges);
	f->starts_mask = mask_of(f->lookup.n_starts);
	f->ports_mask = mask_of(f->lookup.n_ports);
}

static void know_facts(struct xdp_program *p, const struct sweep_facts *f)
{
	p->passes = f->passes;
	p->arms = f->arms;
	for (unsigned int v6 = 0; v6 < 2; v6++)
		p->ethertype[v6] = get_be16(f->syn[0][v6].bytes + XDP_ETHERTYPE);
	for (unsigned int arm = 0; arm < f->arms; arm++)
		for (unsigned int v6 = 0; v6 < 2; v6++)
			p->len[arm][v6] = f->syn[arm][v6].len;
}

/* The arrays' maps hold a power of two of what they hold. */
static void size_maps(struct xdp_program *p, const struct sweep_facts *f)
{
	p->status_len = ((size_t)f->status_mask + 1) * sizeof(uint16_t);
	p->logs_len = SENDLOG_BLOCK_LEN((size_t)f->log_mask + 1);
	bpf_map__set_value_size(p->bpf->maps.status, (uint32_t)p->status_len);
	bpf_map__set_value_size(p->bpf->maps.logs, (uint32_t)p->logs_len);
	bpf_map__set_max_entries(p->bpf->maps.logs, f->passes);
	bpf_map__set_value_size(p->bpf->maps.ranges, (uint32_t)(((size_t)f->ranges_mask + 1)
				* sizeof(struct prefixset_range)));
	bpf_map__set_value_size(p->bpf->maps.starts,
				(uint32_t)(((size_t)f->starts_mask + 1) * sizeof(uint32_t)));
	bpf_map__set_value_size(p->bpf->maps.ports,
				(uint32_t)(((size_t)f->ports_mask + 1) * sizeof(uint16_t)));
	bpf_map__set_value_size(p->bpf->maps.entries, (uint32_t)lookup_list_len(&f->lookup));
}

/* Of the two programs only the one that runs is loaded, with what belongs to it. */
static void choose_programs(struct xdp_program *p)
{
	bool tc = p->way == XDP_WAY_TC;

	bpf_program__set_autoload(p->bpf->progs.sweep_tc, tc);
	bpf_program__set_autoload(p->bpf->progs.sweep, !tc);
	bpf_program__set_autoload(p->bpf->progs.xmit, !tc);
	bpf_program__set_autoload(p->bpf->progs.redirect_err, !tc);
}

static int fill_map(struct bpf_map *map, const void *from, size_t len)
{
	uint32_t zero = 0, value_len = bpf_map__value_size(map);
	uint8_t *value = calloc(1, (value_len + 7u) & ~7u);
	int rc = -ENOMEM;

	if (value) {
		if (len)
			memcpy(value, from, len);
		rc = bpf_map_update_elem(bpf_map__fd(map), &zero, value, BPF_ANY);
	}
	free(value);
	return rc;
}

/* A list may be long: it is written where it stays. */
static int fill_list(struct bpf_map *map, const uint32_t *from, size_t len)
{
	void *to = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);

	if (to == MAP_FAILED)
		return -errno;
	memcpy(to, from, len);
	munmap(to, len);
	return 0;
}

static int fill_maps(struct xdp_program *p, const struct lookup *l, const struct lookup_arrays *a)
{
	int rc = fill_map(p->bpf->maps.ranges, a->ranges, l->n_ranges * sizeof(*a->ranges));

	if (!rc)
		rc = fill_map(p->bpf->maps.starts, a->starts, l->n_starts * sizeof(*a->starts));
	if (!rc)
		rc = fill_map(p->bpf->maps.ports, a->ports, l->n_ports * sizeof(*a->ports));
	if (!rc)
		rc = fill_list(p->bpf->maps.entries, a->entries, lookup_list_len(l));
	return rc;
}

int xdp_program_load(struct xdp_program *p, enum xdp_way way, const struct tx_sweep *sweep,
		     int ifindex, const char **what)
{
	int rc;

	p->way = way;
	*what = "libbpf cannot open its program";
	p->bpf = sweep_bpf__open();
	if (!p->bpf)
		return -errno;
	fill_facts(&p->bpf->rodata->facts, sweep, ifindex);
	if (way == XDP_WAY_TC && !kernel_queues_find(&p->bpf->rodata->facts.queues))
		log_info("--tx tc: the kernel does not describe its queues (BTF): packets that the "
			 "interface's queue drops may be missed");
	know_facts(p, &p->bpf->rodata->facts);
	size_maps(p, &p->bpf->rodata->facts);
	choose_programs(p);
	*what = "the kernel does not take its program";
	rc = sweep_bpf__load(p->bpf);
	if (rc)
		return rc;
	p->limits = &p->bpf->bss->limits;
	p->marks = &p->bpf->bss->marks;
	for (unsigned int i = 0; i < p->passes; i++)
		p->marks->at[i] = i ? atomic_load(&sweep->window->cursor[i].done) : sweep->head;
	*what = "cannot fill its maps";
	return fill_maps(p, sweep->lookup, &sweep->arrays);
}

int xdp_program_attach(struct xdp_program *p, const char **what)
{
	if (p->way == XDP_WAY_TC)
		return 0;
	*what = "cannot watch what the driver takes";
	p->bpf->links.xmit = bpf_program__attach(p->bpf->progs.xmit);
	p->bpf->links.redirect_err = bpf_program__attach(p->bpf->progs.redirect_err);
	return p->bpf->links.xmit && p->bpf->links.redirect_err ? 0 : -errno;
}

/*
 * Frames that seem to have come by the interface may go back there, which is the shortest way. The
 * kernel lends them the interface's first receive queue for that, where that is registered for XDP.
 */
static int run_live(const struct xdp_program *p, uint32_t n)
{
	const struct sweep_facts *f = &p->bpf->rodata->facts;
	uint8_t frame[PATCH_LEN] = { 0 };
	struct xdp_md about = { .data_end = f->frame_len, .ingress_ifindex = f->ifindex };
	struct bpf_test_run_opts opts = {
		.sz = sizeof(opts), .data_in = frame, .data_size_in = f->frame_len, .repeat = n,
		.flags = BPF_F_TEST_XDP_LIVE_FRAMES, .batch_size = RUN_BATCH,
		.ctx_in = &about, .ctx_size_in = sizeof(about),
	};
	int rc;

	p->limits->from_interface = 1;
	rc = bpf_prog_test_run_opts(bpf_program__fd(p->bpf->progs.sweep), &opts);
	if (rc != -EINVAL && rc != -ENODEV)
		return rc;
	p->limits->from_interface = 0;
	opts.ctx_in = NULL;
	opts.ctx_size_in = 0;
	return bpf_prog_test_run_opts(bpf_program__fd(p->bpf->progs.sweep), &opts);
}

/* The kernel takes the packet's protocol from what it begins with. */
static int run_tc(const struct xdp_program *p, uint32_t n)
{
	const struct patch_template *t = &p->bpf->rodata->facts.syn[0][0];
	struct __sk_buff about = {
		.ifindex = p->bpf->rodata->facts.ifindex, .cb = { SWEEP_TC_RUN_MAX },
	};
	struct bpf_test_run_opts opts = {
		.sz = sizeof(opts), .data_in = t->bytes, .data_size_in = t->len, .repeat = n,
		.ctx_in = &about, .ctx_size_in = sizeof(about),
	};

	return bpf_prog_test_run_opts(bpf_program__fd(p->bpf->progs.sweep_tc), &opts);
}

int xdp_program_run(const struct xdp_program *p, uint32_t n)
{
	return p->way == XDP_WAY_TC ? run_tc(p, n) : run_live(p, n);
}

int xdp_program_take_window(struct xdp_program *p, struct window *w, const char **what)
{
	struct sendlog_block *blocks[WINDOW_PASSES_MAX] = { NULL };
	size_t stride = (p->logs_len + 7) / 8 * 8;

	*what = "cannot map its window";
	p->logs_len = stride * p->passes;
	p->status = mmap(NULL, p->status_len, PROT_READ | PROT_WRITE, MAP_SHARED,
			 bpf_map__fd(p->bpf->maps.status), 0);
	p->logs = mmap(NULL, p->logs_len, PROT_READ | PROT_WRITE, MAP_SHARED,
		       bpf_map__fd(p->bpf->maps.logs), 0);
	p->frames = mmap(NULL, sizeof(*p->frames) * SWEEP_FRAMES, PROT_READ | PROT_WRITE,
			 MAP_SHARED, bpf_map__fd(p->bpf->maps.frames), 0);
	if (p->status == MAP_FAILED || p->logs == MAP_FAILED || p->frames == MAP_FAILED)
		return -errno;
	for (unsigned int i = 0; i < p->passes; i++)
		blocks[i] = (struct sendlog_block *)((uint8_t *)p->logs + i * stride);
	window_move(w, p->status, blocks);
	return 0;
}

void xdp_program_unload(struct xdp_program *p)
{
	if (p->status && p->status != MAP_FAILED)
		munmap(p->status, p->status_len);
	if (p->logs && p->logs != MAP_FAILED)
		munmap(p->logs, p->logs_len);
	if (p->frames && p->frames != MAP_FAILED)
		munmap(p->frames, sizeof(*p->frames) * SWEEP_FRAMES);
	sweep_bpf__destroy(p->bpf);
}
