#include "config/config_parse.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log_level.h"
#include "config/config.h"
#include "config/config_args.h"
#include "config/config_check.h"
#include "config/config_file.h"
#include "config/config_options.h"
#include "config/config_set.h"
#include "err.h"

static int set_defaults(struct config *c, struct err *e)
{
	c->probing.retries = CONFIG_RETRIES_AUTO;
	for (size_t i = 0; i < config_noptions; i++) {
		const struct opttab_row *row = &config_options[i];
		int err = row->def ? opttab_parse(row, c, row->def, e) : 0;

		if (err)
			return err;
	}
	return 0;
}

static int set_given(struct config *c, const char *const *given, struct err *e)
{
	int err = 0;

	for (size_t i = 0; i < config_noptions && !err; i++)
		if (given[i])
			err = config_set(c, i, given[i], e);
	return err;
}

static bool needs_nothing(const struct config *c)
{
	return c->general.help || c->general.version || c->general.list_interfaces
	       || c->general.list_output_fields || c->general.list_probes
	       || c->general.list_verdicts;
}

static int read_file(struct config *c, const char *default_file, struct err *e)
{
	if (!c->general.config_file && default_file
	    && (access(default_file, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR)))
		c->general.config_file = default_file;
	return c->general.config_file ? config_read_file(c, c->general.config_file, e) : 0;
}

static int read_payload_file(struct config *c, const char *name, struct err *e)
{
	uint8_t bytes[PAYLOAD_MAX + 1];	/* one more, so that a longer file shows */
	FILE *f = fopen(name, "rbe");
	size_t len;
	int err;

	if (!f)
		return err_set(e, EINVAL, "--payload file:%.200s: %s", name, strerror(errno));
	len = fread(bytes, 1, sizeof(bytes), f);
	err = ferror(f) ? errno : 0;
	fclose(f);
	if (err)
		return err_set(e, EINVAL, "--payload file:%.200s: %s", name, strerror(err));
	err = payload_set_bytes(&c->probing.payload, bytes, len, e);
	if (err)
		err_prefix(e, "--payload file:%.200s: ", name);
	return err;
}

/* What some options mean for others. */
static int resolve(struct config *c, struct err *e)
{
	if (c->records.quiet && c->records.verbosity > LOG_WARN)
		c->records.verbosity = LOG_WARN;
	if (c->rate.bandwidth_bps > 0 && !config_given(c, "rate"))
		c->rate.pps = 0;
	/* Standard output has the line of --expect. */
	if (c->output.expect && !c->output.file)
		c->output.file = "/dev/null";
	if (strncmp(c->probing.payload_text, "file:", 5) == 0)
		return read_payload_file(c, c->probing.payload_text + 5, e);
	return 0;
}

/* A dry run has an engine of its own, is as fast as it goes, and writes no file. */
static void resolve_dryrun(struct config *c)
{
	c->rate.pps = c->rate.bandwidth_bps = 0;
	c->output.no_header = c->records.quiet = true;
	c->output.file = c->network.save_pcap = NULL;
	c->records.metadata_file = c->records.status_file = NULL;
}

static int read_all(struct config *c, int argc, char **argv, const char *default_file,
		    const char **given, struct err *e)
{
	int err = set_defaults(c, e);

	if (!err)
		err = config_read_args(c, argc, argv, given, e);
	if (!err)
		err = set_given(c, given, e);
	if (err || needs_nothing(c))
		return err;
	/* The file's options, and over them once more the command line's. */
	err = read_file(c, default_file, e);
	if (!err)
		err = set_given(c, given, e);
	if (!err)
		err = resolve(c, e);
	if (!err)
		err = config_check(c, e);
	if (!err && c->general.dryrun && !c->general.print_config)
		resolve_dryrun(c);
	return err;
}

int config_parse(struct config *c, int argc, char **argv, const char *default_file, struct err *e)
{
	int err;

	*c = (struct config){ .argc = argc, .argv = argv };
	c->values = calloc(config_noptions, sizeof(*c->values));
	c->typed = calloc(config_noptions, sizeof(*c->typed));
	if (c->values && c->typed)
		err = read_all(c, argc, argv, default_file, c->typed, e);
	else
		err = err_set(e, ENOMEM, "out of memory");
	if (err)
		config_free(c);
	return err;
}

void config_free(struct config *c)
{
	for (size_t i = 0; i < config_noptions; i++) {
		opttab_free(&config_options[i], c);
		if (c->values)
			free(c->values[i]);
	}
	free(c->values);
	free(c->typed);
	c->values = NULL;
	c->typed = NULL;
	free(c->targets.words);
	c->targets.words = NULL;
	c->targets.n = 0;
}
