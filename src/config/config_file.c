#include "config/config_file.h"

#include <errno.h>
#include <stdlib.h>

#include "base/lines.h"
#include "config/config.h"
#include "config/config_options.h"
#include "config/config_set.h"
#include "confline.h"
#include "err.h"

static int take_line(struct config *c, bool *seen, char *text, struct err *e)
{
	const struct opttab_row *row;
	struct confline l;
	size_t i;
	int err = confline_parse(&l, text, e);

	if (err)
		return err;
	i = opttab_find(config_options, config_noptions, l.name);
	if (i == config_noptions)
		return config_refuse_name(l.name, "", e);
	row = &config_options[i];
	if (row->group == config_group_general)
		return err_set(e, EINVAL, "%s belongs on the command line (--%s), not in a file",
			       row->name, row->name);
	if (seen[i])
		return err_set(e, EINVAL, "%s is in the file twice; give it once", row->name);
	if (!l.value && row->type != OPTTAB_FLAG)
		return err_set(e, EINVAL, "%s: a value is missing (%s)", row->name, row->arg);
	seen[i] = true;
	return config_set(c, i, l.value ? l.value : "true", e);
}

int config_read_file(struct config *c, const char *path, struct err *e)
{
	bool *seen = calloc(config_noptions, sizeof(*seen));
	struct lines l;
	char *text;
	int rc = seen ? lines_open(&l, "--config", path, e) : err_set(e, ENOMEM, "out of memory");

	if (rc)
		goto out;
	while ((rc = lines_next(&l, &text, e)) > 0) {
		rc = take_line(c, seen, text, e);
		if (rc) {
			rc = lines_fail(&l, rc, e);
			break;
		}
	}
	lines_close(&l);
out:
	free(seen);
	return rc;
}
