/* Whether the kernel runs the programs that tests of the in-kernel engines are about. */
#ifndef UNIT_KERNEL_RUNS_H
#define UNIT_KERNEL_RUNS_H

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/*
 * With a map of that type and a helper, for this user; else says, once a process, why not. lacks:
 * what is said of a kernel without the helper.
 */
static inline bool kernel_runs(enum bpf_map_type type, enum bpf_func_id helper, const char *lacks)
{
	static bool asked, can;
	bool is_ring = type == BPF_MAP_TYPE_RINGBUF;
	int map;

	if (asked)
		return can;
	asked = true;
	map = bpf_map_create(type, "probe", is_ring ? 0 : 4, is_ring ? 0 : 8, is_ring ? 4096 : 1,
			     NULL);
	can = map >= 0 && libbpf_probe_bpf_helper(BPF_PROG_TYPE_XDP, helper, NULL) == 1;

	if (map >= 0)
		close(map);
	if (!can)
		fprintf(stderr, "skipped, the kernel runs no such program for this user: %s\n",
			map < 0 ? strerror(-map) : lacks);
	return can;
}

#endif
