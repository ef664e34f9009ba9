/*
 * usage: far sink|answer|serve|chain|pass INTERFACE
 *
 * Either end of the bench's cable (what each does: far.bpf.c). For each line on its stdin it prints
 * what it has counted, "PACKETS FIRST_NS LAST_NS TIMED SYNS REQUESTS DATA RESETS ACKS ANSWERED
 * RESPONSES EXCEEDED" (far.h), and starts anew. Its first line says how it counts: "xdp" (in the
 * driver's receive path, to the packet), or, without the right to load BPF or built without libbpf,
 * "poll": the interface's own counter, read every millisecond; drop with nftables then. Only `sink`
 * goes on without BPF.
 */
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "far.h"

#ifdef TFOMAP_BPF
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "far.skel.h"

static int far_quiet(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

/* Attaches the program for as long as this process lives. Returns the map, or -1. */
static int far_attach(const char *mode, const char *interface)
{
	struct bpf_program *program = NULL, *p = NULL;
	struct far_bpf *far;
	char name[32];

	libbpf_set_print(far_quiet);
	far = far_bpf__open();
	snprintf(name, sizeof(name), "far_%s", mode);
	while (far && (p = bpf_object__next_program(far->obj, p))) {
		bpf_program__set_autoload(p, !strcmp(bpf_program__name(p), name));
		if (bpf_program__autoload(p))
			program = p;
	}
	if (!program || far_bpf__load(far)
	    || !bpf_program__attach_xdp(program, (int)if_nametoindex(interface))) {
		if (strcmp(mode, "sink"))
			fprintf(stderr, "far: cannot %s on %s in the kernel: %s\n", mode, interface,
				strerror(errno));
		return -1;
	}
	return bpf_map__fd(far->maps.counts);
}

static void far_take(int map, struct far_counts *all)
{
	int n_cpus = libbpf_num_possible_cpus();
	struct far_counts *per_cpu = calloc((size_t)n_cpus, sizeof(*per_cpu));
	__u32 key = 0;

	memset(all, 0, sizeof(*all));
	if (!per_cpu || bpf_map_lookup_elem(map, &key, per_cpu)) {
		perror("far: reading the map");
		exit(1);
	}
	for (int i = 0; i < n_cpus; i++) {
		const struct far_counts *c = &per_cpu[i];

		if (!c->packets)
			continue;
		if (!all->packets || c->first_ns < all->first_ns)
			all->first_ns = c->first_ns;
		if (c->last_ns > all->last_ns)
			all->last_ns = c->last_ns;
		all->packets += c->packets;
		all->timed += c->timed;
		all->syns += c->syns;
		all->requests += c->requests;
		all->data += c->data;
		all->resets += c->resets;
		all->acks += c->acks;
		all->answered += c->answered;
		all->responses += c->responses;
		all->exceeded += c->exceeded;
	}
	memset(per_cpu, 0, (size_t)n_cpus * sizeof(*per_cpu));
	bpf_map_update_elem(map, &key, per_cpu, BPF_ANY);
	free(per_cpu);
}
#else
static int far_attach(const char *mode, const char *interface)
{
	if (strcmp(mode, "sink"))
		fprintf(stderr, "far: %s on %s: built without libbpf, clang or bpftool\n", mode,
			interface);
	return -1;
}

static void far_take(int map, struct far_counts *all)
{
	(void)map;
	(void)all;
}
#endif

static __u64 far_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (__u64)now.tv_sec * 1000000000 + (__u64)now.tv_nsec;
}

/* The interface's count of received packets, from /proc/net/dev. */
static __u64 far_received(const char *interface)
{
	char line[512], name[64];
	unsigned long long packets = 0;
	FILE *table = fopen("/proc/net/dev", "r");

	while (table && fgets(line, sizeof(line), table)) {
		unsigned long long n;

		if (sscanf(line, " %63[^:]: %*u %llu", name, &n) == 2 && !strcmp(name, interface))
			packets = n;
	}
	if (table)
		fclose(table);
	return packets;
}

/* Waits for a line on stdin; meanwhile, without a map, keeps its own account. */
static int far_wait(int map, const char *interface, __u64 base, struct far_counts *c)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	char line[64];

	while (!poll(&in, 1, map < 0 ? 1 : -1)) {
		__u64 n = far_received(interface) - base;

		if (n == c->packets)
			continue;
		c->last_ns = far_now_ns();
		if (!c->packets)
			c->first_ns = c->last_ns;
		c->packets = c->timed = n;
	}
	return read(STDIN_FILENO, line, sizeof(line)) > 0;
}

int main(int argc, char **argv)
{
	int map;

	if (argc != 3 || !if_nametoindex(argv[2])) {
		fprintf(stderr, "usage: far sink|answer|serve|chain|pass INTERFACE\n");
		return 2;
	}
	map = far_attach(argv[1], argv[2]);
	if (map < 0 && strcmp(argv[1], "sink"))
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	puts(map < 0 ? "poll" : "xdp");
	for (;;) {
		__u64 base = far_received(argv[2]);
		struct far_counts c = { 0 };

		if (!far_wait(map, argv[2], base, &c))
			return 0;
		if (map >= 0)
			far_take(map, &c);
		printf("%llu %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu\n", c.packets,
		       c.first_ns, c.last_ns, c.timed, c.syns, c.requests, c.data, c.resets, c.acks,
		       c.answered, c.responses, c.exceeded);
	}
}
