/*
 * bpf_xdp: what both in-kernel engines need of libbpf and of the kernel. Main thread, before the
 * scan.
 */
#ifndef TFOMAP_BPF_XDP_H
#define TFOMAP_BPF_XDP_H

#include <stdbool.h>

/* What libbpf says from here on is kept, and logged at the debug level; nothing is printed. */
void bpf_xdp_listen(void);

/* What to try where the kernel said -errno: "" or "; ...". */
const char *bpf_xdp_advice(int error);

#endif
