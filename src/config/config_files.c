#include "config/config_files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config.h"
#include "err.h"
#include "files/file_lock.h"

enum file_use {
	FILE_READ,		/* "-" is standard input */
	FILE_ADDED_TO,		/* whole lines, by several runs at a time if they like */
	FILE_WRITTEN,		/* by one run at a time, */
	FILE_WRITTEN_DASH,	/* likewise, and "-" is standard output, */
	FILE_ROWS,		/* or no name at all */
};

struct named_file {
	const char *option, *gap;	/* and what is between that and the file's name */
	const char *name;		/* NULL: none is named */
	enum file_use use;
};

#define FILES 14

static void list_files(const struct config *c, struct named_file files[static FILES])
{
	const bool payload = strncmp(c->probing.payload_text, "file:", 5) == 0;
	const struct named_file list[FILES] = {
		{ "--config", " ", c->general.config_file, FILE_READ },
		{ "--targets-file", " ", c->targets.list_file, FILE_READ },
		{ "--allowlist-file", " ", c->targets.allowlist_file, FILE_READ },
		{ "--blocklist-file", " ", c->targets.blocklist_file, FILE_READ },
		{ "--payload file:", "", payload ? c->probing.payload_text + 5 : NULL, FILE_READ },
		{ "--rx pcap:", "", c->network.rx_file, FILE_READ },
		{ "--output-file", " ", c->output.file, FILE_ROWS },
		{ "--metadata-file", " ", c->records.metadata_file, FILE_WRITTEN },
		{ "--status-updates-file", " ", c->records.status_file, FILE_WRITTEN },
		{ "--log-file", " ", c->records.log_file, FILE_ADDED_TO },
		{ "--checkpoint", " ", c->records.checkpoint, FILE_WRITTEN },
		{ "--save-pcap", " ", c->network.save_pcap, FILE_WRITTEN_DASH },
		{ "--tx pcap:", "", c->network.tx_file, FILE_WRITTEN_DASH },
		{ "--cookie-file", " ", c->probing.cookie_file, FILE_ADDED_TO },
	};

	memcpy(files, list, sizeof(list));
}

static bool is_dash(const struct named_file *f)
{
	return f->name && strcmp(f->name, "-") == 0;
}

/* What is written to standard output must not meet the rows there. */
static int check_dash(const struct config *c, const struct named_file *f, struct err *e)
{
	bool rows_elsewhere = c->output.file && strcmp(c->output.file, "-") != 0;

	if (!is_dash(f) || f->use == FILE_READ || f->use == FILE_ROWS
	    || (f->use == FILE_WRITTEN_DASH && rows_elsewhere))
		return 0;
	return err_set(e, EINVAL, "%s%s-: standard output is for rows; name a file", f->option,
		       f->gap);
}

int config_check_files(const struct config *c, struct err *e)
{
	struct named_file files[FILES];
	int err = 0;

	list_files(c, files);
	for (size_t i = 0; i < FILES && !err; i++)
		err = check_dash(c, &files[i], e);
	return err;
}

/* ---- as they are on disk ------------------------------------------------------------------- */

/* A file that was looked at, or opened where it is written. */
struct file {
	struct named_file named;
	int fd;				/* -1: it is not open */
	bool known;			/* st is its own */
	bool made;			/* it was not there */
	struct stat st;
};

/* Who reads a pipe would take its end for the end: what is no regular file is not opened. */
static int look_at(struct file *f)
{
	const char *name = f->named.name;

	f->known = stat(name, &f->st) == 0;
	if (!f->known && errno != ENOENT)
		return -errno;
	if (f->known && !S_ISREG(f->st.st_mode) && !S_ISDIR(f->st.st_mode))
		return faccessat(AT_FDCWD, name, W_OK, AT_EACCESS) ? -errno : 0;
	f->made = !f->known;
	f->fd = open(name, O_WRONLY | O_CLOEXEC | (f->made ? O_CREAT : 0), 0600);
	if (f->fd < 0)
		return -errno;
	f->known = fstat(f->fd, &f->st) == 0;
	return f->named.use != FILE_ADDED_TO && file_lock_is_held(f->fd) ? -EBUSY : 0;
}

/*
 * A link to what was not there has made that, and stays itself. Of two that start at once one may
 * use by now what the other one has made.
 */
static int unmake(const struct file *f)
{
	char link[32], path[PATH_MAX];
	ssize_t n;

	if (file_lock_take(f->fd))
		return 0;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", f->fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n < 0)
		return unlink(f->named.name) ? -errno : 0;
	path[n] = '\0';
	return unlink(path) ? -errno : 0;
}

/* "-" and no name: what the shell has opened. */
static void look_at_stream(struct file *f)
{
	int fd = f->named.use == FILE_READ ? STDIN_FILENO : STDOUT_FILENO;

	f->known = fstat(fd, &f->st) == 0;
}

static int open_file(struct file *f, struct err *e)
{
	const struct named_file *n = &f->named;
	int err = 0;

	if (!n->name && n->use != FILE_ROWS)
		return 0;
	if (is_dash(n) || !n->name)
		look_at_stream(f);
	else if (n->use == FILE_READ)
		f->known = stat(n->name, &f->st) == 0;	/* if not, its reader says so */
	else
		err = look_at(f);
	if (err == -EBUSY)
		return err_set(e, EBUSY, "%s%s%.200s: " FILE_LOCK_HELD, n->option, n->gap, n->name);
	if (err)
		return err_set(e, -err, "%s%s%.200s: cannot be written: %s; name another file",
			       n->option, n->gap, n->name, strerror(-err));
	return 0;
}

/* A terminal or /dev/null takes what several write; so does one end of a socket. */
static bool is_one_file(const struct file *a, const struct file *b)
{
	return a->known && b->known && (S_ISREG(a->st.st_mode) || S_ISFIFO(a->st.st_mode))
	       && a->st.st_dev == b->st.st_dev && a->st.st_ino == b->st.st_ino;
}

/* What a user has not named, but a shell has opened. */
static const char *name_of_stream(const struct named_file *f)
{
	return f->name && !is_dash(f) ? "" : f->use == FILE_READ ? " (standard input)"
	       : " (standard output)";
}

static int check_pair(const struct file *a, const struct file *b, struct err *e)
{
	const struct named_file *x = &a->named, *y = &b->named;
	bool both_dash = is_dash(x) && is_dash(y) && x->use != FILE_READ && y->use != FILE_READ;
	const char *name = y->name && !is_dash(y) ? y->name : x->name ? x->name : "-";

	if ((x->use == FILE_READ && y->use == FILE_READ) || (!both_dash && !is_one_file(a, b)))
		return 0;
	return err_set(e, EINVAL, "%s%s and %s%s both name %.200s, which would be overwritten; "
		       "name another file", x->option, name_of_stream(x), y->option,
		       name_of_stream(y), name);
}

/* Files are one file if they are that once they are open, by whatever names. */
static int check_pairs(const struct file files[static FILES], struct err *e)
{
	int err = 0;

	for (size_t i = 0; i < FILES && !err; i++)
		for (size_t k = 0; k < i && !err; k++)
			err = check_pair(&files[k], &files[i], e);
	return err;
}

/* Rows go to standard output where no file is named, and there a dry run's packets. */
static int try_stdout(const struct config *c, struct err *e)
{
	int flags = fcntl(STDOUT_FILENO, F_GETFL);

	if ((c->output.file && strcmp(c->output.file, "-") != 0)
	    || (flags >= 0 && (flags & O_ACCMODE) != O_RDONLY))
		return 0;
	return err_set(e, EBADF, "cannot write to standard output: it is closed; open it, or name "
		       "a file with -o");
}

int config_try_outputs(const struct config *c, struct err *e)
{
	struct named_file named[FILES];
	struct file files[FILES];
	int err = 0;

	if (try_stdout(c, e))
		return -EBADF;
	list_files(c, named);
	for (size_t i = 0; i < FILES; i++) {
		files[i] = (struct file){ .named = named[i], .fd = -1 };
		/* A dry run, and a capture that is read again, only read that. */
		if (named[i].name == c->probing.cookie_file && (c->general.dryrun
								|| c->network.rx_file))
			files[i].named.use = FILE_READ;
	}
	/* What is read is looked at when what is written is there, which may be the same. */
	for (int read = 0; read < 2; read++)
		for (size_t i = 0; i < FILES && !err; i++)
			if ((files[i].named.use == FILE_READ) == read)
				err = open_file(&files[i], e);
	if (!err)
		err = check_pairs(files, e);
	for (size_t i = FILES; i-- > 0;) {
		if (files[i].fd >= 0 && files[i].made && unmake(&files[i]) && !err)
			err = err_set(e, EIO, "%s: cannot be made anew", files[i].named.name);
		if (files[i].fd >= 0)
			close(files[i].fd);
	}
	return err;
}
