#include "files/replace_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "files/file_lock.h"

#define LINKS_MAX	40	/* symbolic links in a row, as path_resolution(7) */
#define TEMP_LEN	224	/* of the name for a moment: below NAME_MAX */

/* The file that is to take the name. */
struct temp {
	int fd;			/* -1: none */
	bool named;		/* it is in the folder; else nobody sees it (O_TMPFILE) */
};

static const struct temp no_temp = { .fd = -1 };

struct replace_file {
	int folder;
	char name[NAME_MAX + 1];	/* in it, */
	char temp_name[TEMP_LEN];	/* likewise */
	mode_t mode;
	bool or_over;
	int current;			/* the file that has the name, locked; -1: none yet */
	struct temp spare;		/* with the space that is reserved */
};

/* ---- where it is --------------------------------------------------------------------------- */

/* One that may be searched, but not read, cannot be synced. */
static int open_folder(int at, const char *path)
{
	static const int access[] = { O_RDONLY, O_PATH };
	int fd = -1;

	for (size_t i = 0; i < 2 && fd < 0; i++) {
		fd = openat(at, path, access[i] | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0 && errno != EACCES)
			break;
	}
	return fd < 0 ? -errno : fd;
}

/* What /proc calls a link leads to an open file, by whatever name that had. */
static bool is_proc(int folder)
{
	struct statfs st;

	return fstatfs(folder, &st) == 0 && st.f_type == PROC_SUPER_MAGIC;
}

/* Takes path apart; *folder comes from *folder, which is closed, on. */
static int enter(int *folder, char *path, const char **base)
{
	char *slash = strrchr(path, '/');
	int from = *folder;

	*base = slash ? slash + 1 : path;
	if (slash)
		*slash = '\0';
	*folder = open_folder(from, !slash ? "." : slash == path ? "/" : path);
	if (from != AT_FDCWD)
		close(from);
	return *folder < 0 ? *folder : 0;
}

/* The folder, opened, and the name that path leads to in the end. 0, or -errno. */
static int find(const char *path, int *folder, char name[static NAME_MAX + 1])
{
	char at[PATH_MAX], link[PATH_MAX];
	const char *base;
	int err = 0;

	*folder = AT_FDCWD;
	if ((size_t)snprintf(at, sizeof(at), "%s", path) >= sizeof(at))
		return -ENAMETOOLONG;
	for (int i = 0; i < LINKS_MAX && !err; i++) {
		ssize_t n;

		err = enter(folder, at, &base);
		if (err)
			return err;
		n = readlinkat(*folder, base, link, sizeof(link) - 1);
		if (n < 0 && (errno == EINVAL || errno == ENOENT) && base[0]) {
			memcpy(name, base, strnlen(base, NAME_MAX) + 1);
			name[NAME_MAX] = '\0';
			return 0;
		}
		err = n < 0 ? -errno : is_proc(*folder) ? -EINVAL : 0;
		if (!err) {
			link[n] = '\0';
			memcpy(at, link, (size_t)n + 1);
		}
	}
	close(*folder);
	return err ? err : -ELOOP;
}

bool replace_file_fits(const char *path)
{
	char name[NAME_MAX + 1];
	int folder, err = find(path, &folder, name);
	struct stat st;
	bool fits;

	if (err)
		return err != -EINVAL;		/* what is wrong comes out when it is opened */
	fits = !is_proc(folder)
	       && (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) || S_ISREG(st.st_mode));
	close(folder);
	return fits;
}

bool replace_file_is_same(const char *a, const char *b)
{
	char x[NAME_MAX + 1], y[NAME_MAX + 1];
	int at[2] = { -1, -1 };
	struct stat of[2];
	bool same = find(a, &at[0], x) == 0 && find(b, &at[1], y) == 0 && strcmp(x, y) == 0
		    && fstat(at[0], &of[0]) == 0 && fstat(at[1], &of[1]) == 0
		    && of[0].st_dev == of[1].st_dev && of[0].st_ino == of[1].st_ino;

	for (int i = 0; i < 2; i++)
		if (at[i] >= 0)
			close(at[i]);
	return same;
}

/* ---- opening ------------------------------------------------------------------------------- */

/* Whether the name leads to that file. */
static bool is_named(const struct replace_file *f, int fd)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && fstatat(f->folder, f->name, &b, AT_SYMLINK_NOFOLLOW) == 0
	       && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* Opens and locks what has the name, which another one may have replaced in between. */
static int open_current(struct replace_file *f)
{
	int err;

	do {
		if (f->current >= 0)
			close(f->current);
		f->current = openat(f->folder, f->name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
		if (f->current < 0)
			return errno == ENOENT ? 0 : -errno;
		err = file_lock_take(f->current);
	} while (!err && !is_named(f, f->current));
	return err;
}

int replace_file_open(struct replace_file **out, const char *path, mode_t mode, bool or_over)
{
	struct replace_file *f = calloc(1, sizeof(*f));
	int err;

	if (!f)
		return -ENOMEM;
	f->mode = mode;
	f->or_over = or_over;
	f->current = -1;
	f->spare = no_temp;
	err = find(path, &f->folder, f->name);
	if (err) {
		free(f);
		return err;
	}
	snprintf(f->temp_name, sizeof(f->temp_name), ".%.200s.tfomap", f->name);
	err = open_current(f);
	if (err)
		replace_file_close(f);
	else
		*out = f;
	return err;
}

/* ---- reading ------------------------------------------------------------------------------- */

static int read_all(int fd, size_t max, char **text, size_t *len)
{
	struct stat st;
	char *bytes;
	ssize_t n;

	if (fstat(fd, &st))
		return -errno;
	if ((uint64_t)st.st_size > max)
		return -EFBIG;
	bytes = malloc((size_t)st.st_size + 1);
	if (!bytes)
		return -ENOMEM;
	n = pread(fd, bytes, (size_t)st.st_size, 0);
	if (n < 0) {
		n = -errno;
		free(bytes);
		return (int)n;
	}
	bytes[n] = '\0';
	*text = bytes;
	*len = (size_t)n;
	return 0;
}

bool replace_file_is_there(const struct replace_file *f)
{
	return f->current >= 0;
}

int replace_file_read(const struct replace_file *f, size_t max, char **text, size_t *len)
{
	int fd, err;

	*text = NULL;
	*len = 0;
	if (f->current < 0)
		return 0;
	fd = openat(f->folder, f->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	err = read_all(fd, max, text, len);
	close(fd);
	return err;
}

/* ---- the other file ------------------------------------------------------------------------ */

static void discard(struct replace_file *f, struct temp *t)
{
	if (t->fd >= 0)
		close(t->fd);
	if (t->named)
		unlinkat(f->folder, f->temp_name, 0);
	*t = no_temp;
}

/* What a run that was killed has left there goes. */
static int make_named(struct replace_file *f, struct temp *t)
{
	unlinkat(f->folder, f->temp_name, 0);
	t->fd = openat(f->folder, f->temp_name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, f->mode);
	t->named = t->fd >= 0;
	return t->fd < 0 ? -errno : 0;
}

static int make_temp(struct replace_file *f, struct temp *t)
{
	t->named = false;
	t->fd = openat(f->folder, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, f->mode);
	return t->fd < 0 ? make_named(f, t) : 0;
}

/*
 * As the file before, but for no one whom a new one is not for; -EPERM: its owner cannot be kept,
 * whose file it is to stay.
 */
static int keep_mode(const struct replace_file *f, int fd)
{
	struct stat was, is;

	if (f->current < 0)
		return 0;
	if (fstat(f->current, &was) || fstat(fd, &is))
		return -errno;
	if ((was.st_uid != is.st_uid || was.st_gid != is.st_gid)
	    && fchown(fd, was.st_uid, was.st_gid))
		return -EPERM;
	return fchmod(fd, was.st_mode & f->mode) ? -errno : 0;
}

/* Longer contents than these are cut off. */
static int fill(int fd, const void *bytes, size_t len)
{
	const char *p = bytes;
	size_t done = 0;

	while (done < len) {
		ssize_t n = pwrite(fd, p + done, len - done, (off_t)done);

		if (n < 0 && errno != EINTR)
			return -errno;
		done += n < 0 ? 0 : (size_t)n;
	}
	return ftruncate(fd, (off_t)len) || fsync(fd) ? -errno : 0;
}

static int link_as(const struct replace_file *f, int fd, const char *name)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return linkat(AT_FDCWD, path, f->folder, name, AT_SYMLINK_FOLLOW) ? -errno : 0;
}

/* Of two that are first at one time, one has the name. */
static int take_first(struct replace_file *f, struct temp *t)
{
	int err = 0;

	if (!t->named)
		err = link_as(f, t->fd, f->name);
	else if (linkat(f->folder, f->temp_name, f->folder, f->name, 0))
		err = -errno;
	else
		unlinkat(f->folder, f->temp_name, 0);
	return err == -EEXIST ? -EBUSY : err;
}

static int take_name(struct replace_file *f, struct temp *t)
{
	int err = f->current < 0 ? take_first(f, t) : 0;

	/* A file system without hard links has the named one left. */
	if (f->current < 0 && (!err || err == -EBUSY || !t->named))
		return err;
	if (!t->named) {
		unlinkat(f->folder, f->temp_name, 0);
		err = link_as(f, t->fd, f->temp_name);
		if (err)
			return err;
		t->named = true;
	}
	return renameat(f->folder, f->temp_name, f->folder, f->name) ? -errno : 0;
}

static int sync_folder(const struct replace_file *f)
{
	if (fsync(f->folder) == 0 || errno == EINVAL || errno == EBADF || errno == EOPNOTSUPP)
		return 0;
	return -errno;
}

/* Takes t, whatever comes of it. bytes NULL: it has its contents. */
static int replace_by(struct replace_file *f, struct temp *t, const void *bytes, size_t len)
{
	int err = keep_mode(f, t->fd);

	if (!err)
		err = bytes ? fill(t->fd, bytes, len) : fsync(t->fd) ? -errno : 0;
	if (!err)
		err = file_lock_take(t->fd);
	if (!err)
		err = take_name(f, t);
	if (err) {
		discard(f, t);
		return err;
	}
	if (f->current >= 0)
		close(f->current);
	f->current = t->fd;
	return sync_folder(f);
}

/* ---- what it is for ------------------------------------------------------------------------ */

/* The folder, or what has the name, does not allow it, however much space there is. */
static bool is_refused(int err)
{
	switch (-err) {
	case EACCES:
	case EBUSY:
	case EEXIST:
	case ENOENT:
	case EOPNOTSUPP:
	case EPERM:
	case EROFS:
	case EXDEV:
		return true;
	default:
		return false;
	}
}

int replace_file_reserve(struct replace_file *f, size_t len)
{
	int err;

	discard(f, &f->spare);
	err = make_temp(f, &f->spare);
	if (!err) {
		err = -posix_fallocate(f->spare.fd, 0, (off_t)len);
		if (err)
			discard(f, &f->spare);
		return err;
	}
	if (!is_refused(err) || f->current < 0 || !f->or_over)
		return err;
	if (fallocate(f->current, FALLOC_FL_KEEP_SIZE, 0, (off_t)len) && errno != EOPNOTSUPP)
		return -errno;
	return 0;
}

int replace_file_write(struct replace_file *f, const void *bytes, size_t len)
{
	struct temp t = f->spare;
	int err = t.fd < 0 ? make_temp(f, &t) : 0;

	f->spare = no_temp;
	if (!err)
		err = replace_by(f, &t, bytes, len);
	/* The user may be another one by now, or without privileges, who may make his own. */
	if (is_refused(err)) {
		err = make_named(f, &t);
		if (!err)
			err = replace_by(f, &t, bytes, len);
	}
	if (is_refused(err) && f->or_over && f->current >= 0 && is_named(f, f->current))
		err = fill(f->current, bytes, len);
	return err;
}

int replace_file_spare(const struct replace_file *f)
{
	return f->spare.fd;
}

int replace_file_commit(struct replace_file *f)
{
	struct temp t = f->spare;

	f->spare = no_temp;
	return replace_by(f, &t, NULL, 0);
}

void replace_file_close(struct replace_file *f)
{
	if (!f)
		return;
	discard(f, &f->spare);
	if (f->current >= 0)
		close(f->current);
	close(f->folder);
	free(f);
}
