/* config_files: the files that a run reads and writes, and that none of them harms another. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "config_read.h"
#include "err.h"

enum file_use {
	FILE_READ,		/* "-" is standard input */
	FILE_WRITTEN,
	FILE_WRITTEN_DASH,	/* likewise, and "-" is standard output */
};

struct named_file {
	const char *option, *gap;	/* and what is between that and the file's name */
	const char *name;		/* NULL: none is named */
	enum file_use use;
};

#define FILES 13

static void list_files(const struct config *c, struct named_file files[static FILES])
{
	const bool payload = strncmp(c->payload_text, "file:", 5) == 0;
	const struct named_file list[FILES] = {
		{ "--config", " ", c->config_file, FILE_READ },
		{ "--targets-file", " ", c->targets_file, FILE_READ },
		{ "--allowlist-file", " ", c->allowlist_file, FILE_READ },
		{ "--blocklist-file", " ", c->blocklist_file, FILE_READ },
		{ "--payload file:", "", payload ? c->payload_text + 5 : NULL, FILE_READ },
		{ "--rx pcap:", "", c->rx_file, FILE_READ },
		{ "--output-file", " ", c->output_file, FILE_WRITTEN_DASH },
		{ "--metadata-file", " ", c->metadata_file, FILE_WRITTEN },
		{ "--status-updates-file", " ", c->status_file, FILE_WRITTEN },
		{ "--log-file", " ", c->log_file, FILE_WRITTEN },
		{ "--save-pcap", " ", c->save_pcap, FILE_WRITTEN_DASH },
		{ "--tx pcap:", "", c->tx_file, FILE_WRITTEN_DASH },
		{ "--cookie-file", " ", c->cookie_file, FILE_WRITTEN },
	};

	memcpy(files, list, sizeof(list));
}

static bool is_dash(const struct named_file *f)
{
	return f->name && strcmp(f->name, "-") == 0;
}

/* Whether two names are of one file. Of others than regular ones only the names count. */
static bool same_file(const char *a, const char *b)
{
	struct stat x, y;

	if (strcmp(a, b) == 0)
		return strcmp(a, "/dev/null") != 0;
	return stat(a, &x) == 0 && stat(b, &y) == 0 && S_ISREG(x.st_mode) && x.st_dev == y.st_dev
	       && x.st_ino == y.st_ino;
}

/* Whether two files are the same one, and one of them would be written over. */
static bool files_clash(const struct named_file *a, const struct named_file *b)
{
	if (!a->name || !b->name || (a->use == FILE_READ && b->use == FILE_READ))
		return false;
	/* Standard input is not standard output. */
	if (is_dash(a) && (a->use == FILE_READ || b->use == FILE_READ))
		return false;
	return same_file(a->name, b->name);
}

/* What is written to standard output must not meet the rows there. */
static int check_dash(const struct config *c, const struct named_file *f, struct err *e)
{
	bool rows_elsewhere = c->output_file && strcmp(c->output_file, "-") != 0;

	if (!is_dash(f) || f->use == FILE_READ || f->name == c->output_file
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
	for (size_t i = 0; i < FILES && !err; i++) {
		err = check_dash(c, &files[i], e);
		for (size_t k = 0; k < i && !err; k++)
			if (files_clash(&files[k], &files[i]))
				err = err_set(e, EINVAL, "%s and %s both name %.200s, which would "
					      "be overwritten; name another file",
					      files[k].option, files[i].option, files[i].name);
	}
	return err;
}

/* Whether a file can be written, which is tried without leaving a trace. 0, or -errno. */
static int try_writing(const char *name)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	struct stat st;

	if (fd >= 0) {
		close(fd);
		return unlink(name) ? -errno : 0;
	}
	if (errno != EEXIST)
		return -errno;
	if (stat(name, &st))
		return errno == ENOENT ? 0 : -errno;	/* a link to what is not there yet */
	/* Who reads a pipe would take an end for the end. */
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return faccessat(AT_FDCWD, name, W_OK, AT_EACCESS) ? -errno : 0;
	fd = open(name, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

/* Rows go to standard output where no file is named, and there a dry run's packets. */
static int try_stdout(const struct config *c, struct err *e)
{
	int flags = fcntl(STDOUT_FILENO, F_GETFL);

	if ((c->output_file && strcmp(c->output_file, "-") != 0)
	    || (flags >= 0 && (flags & O_ACCMODE) != O_RDONLY))
		return 0;
	return err_set(e, EBADF, "cannot write to standard output: it is closed; open it, or name "
		       "a file with -o");
}

int config_try_outputs(const struct config *c, struct err *e)
{
	struct named_file files[FILES];

	if (try_stdout(c, e))
		return -EBADF;
	list_files(c, files);
	for (size_t i = 0; i < FILES; i++) {
		const struct named_file *f = &files[i];
		bool kept = f->name == c->cookie_file && (c->dryrun || c->rx_file);
		int err;

		if (!f->name || f->use == FILE_READ || is_dash(f) || kept)
			continue;
		err = try_writing(f->name);
		if (err)
			return err_set(e, -err, "%s%s%.200s: cannot be written: %s; name another "
				       "file", f->option, f->gap, f->name, strerror(-err));
	}
	return 0;
}
