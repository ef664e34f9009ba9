#include "base/syscalls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/prctl.h>
#include <linux/sockios.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "err.h"

/* The flags are clone()'s first argument, but for one machine. */
#ifdef __s390__
#define CLONE_FLAGS	1
#else
#define CLONE_FLAGS	0
#endif

#define NAMES(list)	(sizeof(list) / sizeof(*(list)))
#define BELOW_ALL	20		/* priorities are 1..255 */

/* Whatever their arguments; those first that are made for packets, batches and rows. */
static const char *const any_arguments[] = {
	"sendmmsg", "futex", "poll", "clock_nanosleep", "nanosleep", "sendto", "write",
	"getsockopt", "recvfrom", "rt_sigtimedwait", "clock_gettime", "ppoll",
	/* 32-bit machines with 64-bit times */
	"futex_time64", "clock_nanosleep_time64", "rt_sigtimedwait_time64", "clock_gettime64",
	"ppoll_time64", "recv", "send",
	/* sockets that are open, and netlink's */
	"recvmsg", "sendmsg", "bind", "getsockname",
	/* files that are open */
	"read", "pread64", "readv", "writev", "pwrite64", "lseek", "_llseek", "close", "fstat",
	"fstat64", "fsync", "fdatasync", "ftruncate", "ftruncate64", "fcntl", "fcntl64", "flock",
	"dup",
	/* what files there are */
	"stat", "stat64", "lstat", "lstat64", "newfstatat", "fstatat64", "statx", "access",
	"faccessat", "faccessat2", "readlink", "readlinkat", "getdents64", "getcwd", "statfs",
	"fstatfs",
	/* memory */
	"brk", "munmap", "mremap", "madvise",
	/* threads, signals */
	"exit", "exit_group", "set_robust_list", "rseq", "sched_setaffinity", "sched_getaffinity",
	"sched_yield", "getcpu", "membarrier", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn",
	"sigreturn", "sigaltstack", "restart_syscall",
	/* who and where we are */
	"getpid", "gettid", "getuid", "geteuid", "getgid", "getegid", "uname", "sysinfo",
	"gettimeofday", "time", "clock_getres", "getrandom", "getrusage",
};

/* Of files that are made, written under their names, or put into the place of others. */
static const char *const writing[] = {
	"creat", "rename", "renameat", "renameat2", "unlink", "unlinkat", "link", "linkat",
	"fchmod", "fallocate", "open", "openat",
};

/* A call that is allowed where an argument, under a mask, is a value. */
struct rule {
	const char *name;
	unsigned int argument;
	uint64_t mask, value;
};

#define ALL		UINT64_MAX
#define LOW		UINT32_MAX	/* of an int, whose upper half is anything */
#define READS		(O_ACCMODE | O_CREAT | O_TRUNC)

static const struct rule rules[] = {
	{ "clone", CLONE_FLAGS, CLONE_THREAD, CLONE_THREAD },	/* no processes */
	{ "mmap", 2, PROT_EXEC, 0 },
	{ "mmap2", 2, PROT_EXEC, 0 },
	{ "mprotect", 2, PROT_EXEC, 0 },
	{ "open", 1, READS, O_RDONLY },
	{ "openat", 2, READS, O_RDONLY },
	{ "prctl", 0, LOW, PR_SET_NAME },
	{ "prctl", 0, LOW, PR_SET_VMA },
	{ "prlimit64", 2, ALL, 0 },				/* to read */
	{ "bpf", 0, LOW, BPF_MAP_LOOKUP_ELEM },
	{ "bpf", 0, LOW, BPF_PROG_TEST_RUN },
	{ "ioctl", 1, LOW, TCGETS },				/* isatty() */
	{ "ioctl", 1, LOW, TIOCGWINSZ },
	{ "ioctl", 1, LOW, FIONREAD },
	{ "ioctl", 1, LOW, SIOCGIFFLAGS },			/* is it up? */
	{ "ioctl", 1, LOW, SIOCGIFINDEX },			/* libnet, for each packet */
};

/* Names that this machine, or this library, does not know are none of its calls. */
static int allow(scmp_filter_ctx ctx, const char *name, unsigned int n,
		 const struct scmp_arg_cmp *args)
{
	int call = seccomp_syscall_resolve_name(name);

	if (call == __NR_SCMP_ERROR)
		return 0;
	return seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, call, n, args);
}

static int allow_names(scmp_filter_ctx ctx, const char *const *names, size_t n)
{
	int rc = 0;

	for (size_t i = 0; i < n && !rc; i++)
		rc = allow(ctx, names[i], 0, NULL);
	return rc;
}

/*
 * The first names are looked for first; before them the one call made for each packet (by libnet)
 * whose argument counts, so that the kernel cannot know by its number that it is allowed.
 */
static void rank(scmp_filter_ctx ctx)
{
	(void)seccomp_syscall_priority(ctx, SCMP_SYS(ioctl), 255);
	for (unsigned int i = 0; i < BELOW_ALL; i++) {
		int call = seccomp_syscall_resolve_name(any_arguments[i]);

		if (call != __NR_SCMP_ERROR)
			(void)seccomp_syscall_priority(ctx, call, (uint8_t)(254 - i));
	}
}

/* As SCMP_CMP32() has it, which leaves a member out. */
static struct scmp_arg_cmp equals(unsigned int argument, uint32_t value)
{
	return (struct scmp_arg_cmp){ argument, SCMP_CMP_EQ, value, 0 };
}

/* Those of which two arguments count. */
static int allow_pairs(scmp_filter_ctx ctx)
{
	const struct scmp_arg_cmp routes[] = { equals(0, AF_NETLINK), equals(2, NETLINK_ROUTE) };
	/* libpcap gives the ring back. */
	const struct scmp_arg_cmp ring[] = { equals(1, SOL_PACKET), equals(2, PACKET_RX_RING) };
	int rc = allow(ctx, "socket", 2, routes);

	return rc ? rc : allow(ctx, "setsockopt", 2, ring);
}

static int allow_rules(scmp_filter_ctx ctx, bool writes)
{
	/* Signals to threads of our own, as pthread_kill() sends them. */
	const struct scmp_arg_cmp own = equals(0, (uint32_t)getpid());
	int rc = allow(ctx, "tgkill", 1, &own);

	for (size_t i = 0; i < NAMES(rules) && !rc; i++) {
		const struct scmp_arg_cmp is = SCMP_CMP64(rules[i].argument, SCMP_CMP_MASKED_EQ,
							  rules[i].mask, rules[i].value);

		if (!(writes && strncmp(rules[i].name, "open", 4) == 0))
			rc = allow(ctx, rules[i].name, 1, &is);
	}
	return rc;
}

static int load(scmp_filter_ctx ctx, bool writes, bool log)
{
	int rc;

	(void)seccomp_attr_set(ctx, SCMP_FLTATR_CTL_NNP, 0);
	(void)seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1);
	(void)seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	(void)seccomp_attr_set(ctx, SCMP_FLTATR_CTL_LOG, log);
	(void)seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	rank(ctx);
	rc = allow_names(ctx, any_arguments, NAMES(any_arguments));
	if (!rc && writes)
		rc = allow_names(ctx, writing, NAMES(writing));
	if (!rc)
		rc = allow_rules(ctx, writes);
	if (!rc)
		rc = allow_pairs(ctx);
	return rc ? rc : seccomp_load(ctx);
}

int syscalls_restrict(bool writes, bool log, struct err *e)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	int rc = ctx ? load(ctx, writes, log) : -ENOMEM;

	if (ctx)
		seccomp_release(ctx);
	return rc ? err_set(e, -rc, "no seccomp filter (%s)", strerror(-rc)) : 0;
}
