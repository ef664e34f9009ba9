#include "base/places.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "err.h"

/* What is newer than the headers of Debian 12. */
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE		(1ULL << 14)
#endif
#ifndef LANDLOCK_ACCESS_FS_IOCTL_DEV
#define LANDLOCK_ACCESS_FS_IOCTL_DEV		(1ULL << 15)
#endif
#ifndef LANDLOCK_ACCESS_NET_BIND_TCP
#define LANDLOCK_ACCESS_NET_BIND_TCP		(1ULL << 0)
#define LANDLOCK_ACCESS_NET_CONNECT_TCP		(1ULL << 1)
#endif
#ifndef LANDLOCK_SCOPE_SIGNAL
#define LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET	(1ULL << 0)
#define LANDLOCK_SCOPE_SIGNAL			(1ULL << 1)
#endif

/* The kernel's struct landlock_ruleset_attr as of ABI 6; older ones know less of it. */
struct ruleset {
	uint64_t fs, net, scoped;
};

/* Of files, those of the first ABI: all up to the making of symbolic links. */
#define FS_FIRST	((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)
#define FS_READ		(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define FS_WRITE	(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE \
			 | LANDLOCK_ACCESS_FS_TRUNCATE)
#define FS_REPLACE	(FS_WRITE | LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_MAKE_REG \
			 | LANDLOCK_ACCESS_FS_REMOVE_FILE)

/* All that the kernel can deny; returns how long the struct is that it knows. */
static size_t list_rights(int abi, struct ruleset *all)
{
	*all = (struct ruleset){ .fs = FS_FIRST };
	if (abi >= 2)
		all->fs |= LANDLOCK_ACCESS_FS_REFER;
	if (abi >= 3)
		all->fs |= LANDLOCK_ACCESS_FS_TRUNCATE;
	if (abi >= 5)
		all->fs |= LANDLOCK_ACCESS_FS_IOCTL_DEV;
	if (abi >= 4)
		all->net = LANDLOCK_ACCESS_NET_BIND_TCP | LANDLOCK_ACCESS_NET_CONNECT_TCP;
	if (abi < 6)
		return abi < 4 ? offsetof(struct ruleset, net) : offsetof(struct ruleset, scoped);
	all->scoped = LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | LANDLOCK_SCOPE_SIGNAL;
	return sizeof(*all);
}

/* What is not there, or not to be reached, is not to be written either. */
static int allow(int set, const char *path, uint64_t rights)
{
	struct landlock_path_beneath_attr rule = {
		.allowed_access = rights, .parent_fd = open(path, O_PATH | O_CLOEXEC),
	};
	int rc = 0;

	if (rule.parent_fd < 0)
		return 0;
	if (syscall(SYS_landlock_add_rule, set, LANDLOCK_RULE_PATH_BENEATH, &rule, 0))
		rc = -errno;
	close(rule.parent_fd);
	return rc;
}

static int allow_folder_of(int set, const char *path, uint64_t rights)
{
	char folder[PATH_MAX];

	snprintf(folder, sizeof(folder), "%s", path);
	return allow(set, dirname(folder), rights);
}

/* Where the path is a link, both are its place: the link, and what it leads to. */
static int allow_replacement(int set, const char *path, uint64_t rights)
{
	char target[PATH_MAX];
	int rc = allow_folder_of(set, path, rights);

	if (!rc && realpath(path, target))
		rc = allow_folder_of(set, target, rights);
	return rc;
}

/* A device, a pipe or a terminal is written, and has nothing put into its place. */
static int allow_place(int set, const struct place *p, uint64_t all)
{
	struct stat st;

	if (!p->path)
		return 0;
	if (p->replaced && (stat(p->path, &st) || S_ISREG(st.st_mode)))
		return allow_replacement(set, p->path, all & FS_REPLACE);
	return allow(set, p->path, all & FS_WRITE);
}

static int allow_all(int set, const struct place *places, size_t n, uint64_t all)
{
	int rc = allow(set, "/proc", all & FS_READ);

	if (!rc)
		rc = allow(set, "/sys", all & FS_READ);
	for (size_t i = 0; i < n && !rc; i++)
		rc = allow_place(set, &places[i], all);
	return rc;
}

int places_restrict(const struct place *places, size_t n, struct err *e)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	struct ruleset all;
	size_t len;
	int set, rc;

	if (abi < 1)
		return err_set(e, errno, "no Landlock (%s; Linux 5.13 and later has it, where it "
			       "is among the kernel's lsm=)", strerror(errno));
	len = list_rights((int)abi, &all);
	set = (int)syscall(SYS_landlock_create_ruleset, &all, len, 0);
	if (set < 0)
		return err_set(e, errno, "no Landlock ruleset (%s)", strerror(errno));
	rc = allow_all(set, places, n, all.fs);
	if (!rc && syscall(SYS_landlock_restrict_self, set, 0))
		rc = -errno;
	close(set);
	return rc ? err_set(e, -rc, "no Landlock (%s)", strerror(-rc)) : 0;
}
