/*
 * syscalls: which system calls the process may make from now on (seccomp). All others fail with
 * ENOSYS and do nothing: a C library newer than this list then takes the call that it took before,
 * and a scan of weeks goes on; to whoever has taken the process over they are as gone as if it had
 * been killed. Only calls of another ABI than the program's kill it: no library makes these.
 */
#ifndef TFOMAP_SYSCALLS_H
#define TFOMAP_SYSCALLS_H

#include <stdbool.h>

struct err;

/*
 * For all threads, for good; the process has given up new privileges. writes: files are still to be
 * made, written and renamed. log: the kernel logs what it refuses. 0, or -errno with a message:
 * then nothing is restricted.
 */
int syscalls_restrict(bool writes, bool log, struct err *e);

#endif
