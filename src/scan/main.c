/* main: the command line in, the exit status out. The only place that exits. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/privileges.h"
#include "base/thread.h"
#include "config/config.h"
#include "config/config_files.h"
#include "config/config_idle.h"
#include "config/config_parse.h"
#include "config/config_show.h"
#include "err.h"
#include "filter.h"
#include "net/iface_list.h"
#include "output/result_fields.h"
#include "output/result_filter.h"
#include "output/rows_read.h"
#include "probe.h"
#include "scan/scan.h"
#include "scan/stop.h"
#include "verdict.h"

#define LOOK_NS	(20 * NS_PER_MS)	/* how often signals are looked at */

static void list_verdicts(void)
{
	for (unsigned int i = 0; i < VERDICTS; i++)
		printf("%-18s %s\n", verdict_types[i].name, verdict_types[i].rule);
}

static void list_probes(void)
{
	for (unsigned int i = 0; i < PROBE_KINDS; i++)
		printf("%-12s %s\n", probe_types[i].name, probe_types[i].doc);
}

/* The options that print something in place of a scan. False: none was given. */
static bool print_answer(const struct config *c, int *err)
{
	if (c->general.help)
		config_help(stdout);
	else if (c->general.version)
		printf("tfomap %s\n", PACKAGE_VERSION);
	else if (c->general.list_interfaces)
		*err = iface_list(stdout);
	else if (c->general.list_output_fields)
		result_list(stdout);
	else if (c->general.list_verdicts)
		list_verdicts();
	else if (c->general.list_probes)
		list_probes();
	else if (c->general.print_config)
		config_print(c, stdout);
	else
		return false;
	return true;
}

/* Likewise, and checks that it could be printed; then *status is the exit status. */
static bool answered(const struct config *c, int *status, struct err *e)
{
	int err = 0;

	if (!print_answer(c, &err))
		return false;
	*status = SCAN_COMPLETE;
	if (err) {
		err_set(e, -err, "cannot query the kernel's interfaces: %s", strerror(-err));
		*status = SCAN_START;
	} else if (fflush(stdout) != 0) {
		err_set(e, errno, "cannot write to standard output: %s", strerror(errno));
		*status = SCAN_FAILED;
	}
	return true;
}

/* What can be checked without the network and a privilege. */
static int check(const struct config *c, struct err *e)
{
	struct result_selection fields;
	struct filter *filter = NULL;
	int err = result_select(&fields, c->output.fields, c->output.rows,
				config_format(c, false), e);

	if (!err && c->output.filter)
		err = result_filter_parse(&filter, c->output.filter, c->output.rows, e);
	if (err)
		return err;
	filter_free(filter);
	if (c->records.checkpoint)
		err = rows_check(&fields, e);
	result_selection_free(&fields);
	if (!err && c->records.user)
		err = privileges_check_user(c->records.user, e);
	return err ? err : config_try_outputs(c, e);
}

static int run(const struct config *c, struct err *e)
{
	if (check(c, e) || log_open(c->records.log_file, (enum log_level)c->records.verbosity, e))
		return SCAN_INPUT;
	config_notice_idle(c);
	return scan_run(c, e);
}

/*
 * A standard stream that is closed gives its number to the next file that is opened, which rows or
 * messages would then go to. This one takes nothing and gives nothing.
 */
static void hold_streams(void)
{
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0
		    && open("/dev/null", fd == STDOUT_FILENO ? O_RDONLY : O_WRONLY) < 0)
			return;
}

/* Messages that nobody reads are waited for, until a signal says that this is enough. */
static void close_log(void)
{
	const struct timespec now = { 0, 0 };
	sigset_t set;

	stop_list_signals(&set);
	while (!log_wait(LOOK_NS))
		if (sigtimedwait(&set, NULL, &now) > 0)
			log_leave();
	log_close();
}

/* Of a command line that could not be read. */
static bool names_expect(char **argv)
{
	for (; *argv && strcmp(*argv, "--") != 0; argv++)
		if (strncmp(*argv, "--expect", 8) == 0)
			return true;
	return false;
}

int main(int argc, char **argv)
{
	static struct config config;	/* an abandoned thread may still read it */
	struct err e = { "" };
	int status = SCAN_INPUT;
	bool expects = false;

	privileges_clean_environment();
	hold_streams();
	threads_hold();
	/* A closed pipe and a file at its limit are errors of write(), with a message. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	if (config_parse(&config, argc, argv, CONFIG_FILE, &e)) {
		expects = names_expect(argv);
	} else if (!answered(&config, &status, &e)) {
		status = run(&config, &e);
		expects = config.output.expect && !config.general.dryrun;
	}
	if (expects)
		status = scan_report_expected(status, &e);
	if (e.msg[0])
		log_error("%s", e.msg);
	close_log();
	if (!scan_uses_config())
		config_free(&config);
	return status;
}
