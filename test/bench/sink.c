/*
 * usage: sink INTERFACE
 *
 * The far end of the bench's cable: drops every packet as early as the kernel can, and knows how
 * many IPv4 packets came and when the first and the last did. For each line on its stdin it prints
 * "N FIRST_NS LAST_NS" (CLOCK_MONOTONIC) and starts anew. Its first line says how it counts: "xdp"
 * (in the driver's receive path, to the packet), or, without the right to load BPF, "poll": the
 * interface's own counter, read every millisecond; drop with nftables then.
 */
#include <arpa/inet.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <net/if.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define INSN(c, d, s, o, i) \
	((struct bpf_insn){ .code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i) })
#define LOAD(size, d, s, o) INSN(BPF_LDX | BPF_MEM | (size), d, s, o, 0)
#define STORE(size, d, o, s) INSN(BPF_STX | BPF_MEM | (size), d, s, o, 0)
#define MOVE(d, s) INSN(BPF_ALU64 | BPF_MOV | BPF_X, d, s, 0, 0)
#define MOVE_IMM(d, i) INSN(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, i)
#define ADD_IMM(d, i) INSN(BPF_ALU64 | BPF_ADD | BPF_K, d, 0, 0, i)
#define JUMP_IF(op, d, i, o) INSN(BPF_JMP | (op) | BPF_K, d, 0, o, i)
#define CALL(f) INSN(BPF_JMP | BPF_CALL, 0, 0, 0, f)

struct seen {
	uint64_t n;
	uint64_t first_ns;
	uint64_t last_ns;
};

static int sys_bpf(int command, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, command, attr, sizeof(*attr));
}

static int sink_map(void)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_PERCPU_ARRAY,
		.key_size = sizeof(uint32_t),
		.value_size = sizeof(struct seen),
		.max_entries = 1,
	};

	return sys_bpf(BPF_MAP_CREATE, &attr);
}

/* Counts an IPv4 frame into the map, and drops whatever it is. */
static int sink_program(int map)
{
	const struct bpf_insn program[] = {
		LOAD(BPF_W, 2, 1, 0),				/* r2 = data */
		LOAD(BPF_W, 3, 1, 4),				/* r3 = data_end */
		MOVE(4, 2),
		ADD_IMM(4, 14),
		INSN(BPF_JMP | BPF_JGT | BPF_X, 4, 3, 17, 0),	/* too short: out */
		LOAD(BPF_H, 5, 2, 12),
		JUMP_IF(BPF_JNE, 5, htons(ETH_P_IP), 15),	/* not IPv4: out */
		CALL(BPF_FUNC_ktime_get_ns),
		MOVE(6, 0),
		INSN(BPF_ST | BPF_MEM | BPF_W, 10, 0, -4, 0),	/* key 0 */
		MOVE(2, 10),
		ADD_IMM(2, -4),
		INSN(BPF_LD | BPF_DW | BPF_IMM, 1, BPF_PSEUDO_MAP_FD, 0, map),
		INSN(0, 0, 0, 0, 0),
		CALL(BPF_FUNC_map_lookup_elem),
		JUMP_IF(BPF_JEQ, 0, 0, 6),			/* no entry: out */
		LOAD(BPF_DW, 1, 0, 0),
		ADD_IMM(1, 1),
		STORE(BPF_DW, 0, 0, 1),				/* n++ */
		JUMP_IF(BPF_JNE, 1, 1, 1),
		STORE(BPF_DW, 0, 8, 6),				/* first_ns */
		STORE(BPF_DW, 0, 16, 6),			/* last_ns */
		MOVE_IMM(0, XDP_DROP),				/* out */
		INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
	};
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_XDP,
		.insns = (uintptr_t)program,
		.insn_cnt = sizeof(program) / sizeof(program[0]),
		.license = (uintptr_t) "GPL",
	};

	return sys_bpf(BPF_PROG_LOAD, &attr);
}

/* Attaches the program for as long as this process lives. Returns the map, or -1. */
static int sink_attach(const char *interface)
{
	union bpf_attr link = { .link_create = { .attach_type = BPF_XDP } };
	int map = sink_map();
	int program = map < 0 ? -1 : sink_program(map);

	if (program < 0)
		return -1;
	link.link_create.prog_fd = (uint32_t)program;
	link.link_create.target_ifindex = if_nametoindex(interface);
	return sys_bpf(BPF_LINK_CREATE, &link) < 0 ? -1 : map;
}

static void sink_take(int map, struct seen *all, long n_cpus)
{
	struct seen *per_cpu = calloc((size_t)n_cpus, sizeof(*per_cpu));
	uint32_t key = 0;
	union bpf_attr attr = {
		.map_fd = (uint32_t)map,
		.key = (uintptr_t)&key,
		.value = (uintptr_t)per_cpu,
	};

	memset(all, 0, sizeof(*all));
	if (!per_cpu || sys_bpf(BPF_MAP_LOOKUP_ELEM, &attr)) {
		perror("sink: reading the map");
		exit(1);
	}
	for (long i = 0; i < n_cpus; i++) {
		if (!per_cpu[i].n)
			continue;
		if (!all->n || per_cpu[i].first_ns < all->first_ns)
			all->first_ns = per_cpu[i].first_ns;
		if (per_cpu[i].last_ns > all->last_ns)
			all->last_ns = per_cpu[i].last_ns;
		all->n += per_cpu[i].n;
	}
	memset(per_cpu, 0, (size_t)n_cpus * sizeof(*per_cpu));
	sys_bpf(BPF_MAP_UPDATE_ELEM, &attr);
	free(per_cpu);
}

static uint64_t sink_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* The interface's count of received packets, from /proc/net/dev. */
static uint64_t sink_received(const char *interface)
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
static int sink_wait(int map, const char *interface, uint64_t base, struct seen *seen)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	char line[64];

	while (!poll(&in, 1, map < 0 ? 1 : -1)) {
		uint64_t n = sink_received(interface) - base;

		if (n == seen->n)
			continue;
		seen->last_ns = sink_now_ns();
		if (!seen->n)
			seen->first_ns = seen->last_ns;
		seen->n = n;
	}
	return read(STDIN_FILENO, line, sizeof(line)) > 0;
}

int main(int argc, char **argv)
{
	long n_cpus = sysconf(_SC_NPROCESSORS_CONF);
	struct seen seen = { 0 };
	int map;

	if (argc != 2 || !if_nametoindex(argv[1])) {
		fprintf(stderr, "usage: sink INTERFACE\n");
		return 2;
	}
	map = sink_attach(argv[1]);
	setvbuf(stdout, NULL, _IOLBF, 0);
	puts(map < 0 ? "poll" : "xdp");
	for (;;) {
		uint64_t base = sink_received(argv[1]);

		memset(&seen, 0, sizeof(seen));
		if (!sink_wait(map, argv[1], base, &seen))
			return 0;
		if (map >= 0)
			sink_take(map, &seen, n_cpus);
		printf("%llu %llu %llu\n", (unsigned long long)seen.n,
		       (unsigned long long)seen.first_ns, (unsigned long long)seen.last_ns);
	}
}
