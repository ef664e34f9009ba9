/* main: the command line in, the exit status out. The only place that exits. */
#include <signal.h>
#include <stdio.h>

#include "config.h"
#include "err.h"
#include "log.h"
#include "plan.h"
#include "probe.h"
#include "result.h"
#include "scan.h"
#include "verdict.h"

static void list_verdicts(void)
{
	for (unsigned int i = 0; i < VERDICTS; i++)
		printf("%-18s %s\n", verdict_types[i].name, verdict_types[i].rule);
}

/* Those that a scan can send. */
static void list_probes(void)
{
	const struct plan all = { .retries = 1, .payload = true };
	uint8_t attempts[PROBE_KINDS];

	plan_attempts(&all, attempts);
	for (unsigned int i = 0; i < PROBE_KINDS; i++)
		if (attempts[i])
			printf("%-12s %s\n", probe_types[i].name, probe_types[i].tells);
}

/* The options that ask for something and leave. */
static bool answered(const struct config *c)
{
	if (c->help)
		config_help(stdout);
	else if (c->version)
		printf("tfomap %s\n", PACKAGE_VERSION);
	else if (c->list_output_fields)
		result_list(stdout);
	else if (c->list_verdicts)
		list_verdicts();
	else if (c->list_probes)
		list_probes();
	else
		return false;
	return true;
}

int main(int argc, char **argv)
{
	struct config config;
	struct err e = { "" };
	int status = SCAN_INPUT;

	/* A closed pipe and a file at its limit are errors of write(), with a message. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	if (config_parse(&config, argc, argv, &e) == 0) {
		if (answered(&config))
			status = fflush(stdout) == 0 ? SCAN_COMPLETE : SCAN_FAILED;
		else if (log_open(config.log_file, (enum log_level)config.verbosity, &e) == 0)
			status = scan_run(&config, &e);
	}
	if (e.msg[0])
		log_error("%s", e.msg);
	log_close();
	config_free(&config);
	return status;
}
