#include "files/outfile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "err.h"
#include "files/replace_file.h"

struct outfile {
	struct replace_file *file;
	const char *option, *path;
};

static int fails(const struct outfile *f, int err, struct err *e)
{
	return err_set(e, -err, "%s %.200s: cannot write it: %s; name another file", f->option,
		       f->path, err == -EBUSY ? "another process has it locked" : strerror(-err));
}

/* Before it is locked: a lock of this process would be taken for another's. */
static int check_name(const struct outfile *f, struct outfile *const *others, size_t n,
		      struct err *e)
{
	for (size_t i = 0; i < n; i++)
		if (others[i] && replace_file_is_same(f->path, others[i]->path))
			return err_set(e, EINVAL, "%s %.150s: %s names the same file; give each "
				       "one of its own", f->option, f->path, others[i]->option);
	if (!replace_file_fits(f->path))
		return err_set(e, EINVAL, "%s %.200s: is no regular file (a folder, pipe or "
			       "device), and would be replaced by one; name another file",
			       f->option, f->path);
	return 0;
}

int outfile_open(struct outfile **out, const char *option, const char *path, mode_t mode,
		 struct outfile *const *others, size_t n, struct err *e)
{
	struct outfile *f = calloc(1, sizeof(*f));
	int err;

	*out = NULL;
	if (!f)
		return err_set(e, ENOMEM, "%s: no memory for the file", option);
	*f = (struct outfile){ .option = option, .path = path };
	err = check_name(f, others, n, e);
	if (!err) {
		err = replace_file_open(&f->file, path, mode, false);
		/* Shows whether the folder takes a file, long before it is to. */
		if (!err)
			err = replace_file_reserve(f->file, 1);
		if (err)
			fails(f, err, e);
	}
	if (err)
		outfile_close(f);
	else
		*out = f;
	return err;
}

int outfile_fd(const struct outfile *f)
{
	int fd = replace_file_spare(f->file);

	/* What was reserved is nothing of the contents. */
	return fd < 0 || ftruncate(fd, 0) ? -1 : fd;
}

int outfile_commit(struct outfile *f, struct err *e)
{
	int err = replace_file_commit(f->file);

	return err ? fails(f, err, e) : 0;
}

int outfile_write(struct outfile *f, const void *bytes, size_t len, struct err *e)
{
	int err = replace_file_write(f->file, bytes, len);

	return err ? fails(f, err, e) : 0;
}

void outfile_close(struct outfile *f)
{
	if (f)
		replace_file_close(f->file);
	free(f);
}
