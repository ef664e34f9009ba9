/*
 * sandbox: from here on the process can do what a running scan needs, and nothing else. Called
 * once, with all sockets, files and BPF objects open, before the first probe and the first thread.
 */
#ifndef TFOMAP_SANDBOX_H
#define TFOMAP_SANDBOX_H

struct config;
struct err;

/*
 * What this kernel or this build lacks is logged. 0, or -errno with a message: privileges could not
 * be given away, and the scan must not start.
 */
int sandbox_enter(const struct config *c, struct err *e);

#endif
