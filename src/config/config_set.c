#include "config/config_set.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "config/config_options.h"
#include "err.h"

int config_set(struct config *c, size_t row, const char *value, struct err *e)
{
	char *copy = strdup(value);
	int err;

	if (!copy)
		return err_set(e, ENOMEM, "out of memory");
	err = opttab_parse(&config_options[row], c, copy, e);
	if (err) {
		free(copy);
		return err;
	}
	free(c->values[row]);
	c->values[row] = copy;
	return 0;
}

bool config_given(const struct config *c, const char *name)
{
	return c->values[opttab_find(config_options, config_noptions, name)] != NULL;
}

int config_refuse_name(const char *unknown, const char *dashes, struct err *e)
{
	const char *nearest = opttab_nearest(config_options, config_noptions, unknown);

	if (nearest)
		return err_set(e, EINVAL, "unknown option %s%.64s; did you mean %s%s?", dashes,
			       unknown, dashes, nearest);
	return err_set(e, EINVAL, "unknown option %s%.64s; --help shows what there is", dashes,
		       unknown);
}
