#include "scan/outputs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/writer.h"
#include "config/config.h"
#include "err.h"
#include "output/expect.h"
#include "output/sink.h"
#include "records/statusfile.h"
#include "scan/saver.h"
#include "scan/scan_state.h"
#include "setup/resume.h"
#include "state/cookiefile.h"
#include "state/exit_reason.h"
#include "state/shared.h"
#include "wire/capfile.h"

static int open_saver(struct scan *sc, struct resume *r, struct err *e)
{
	if (!sc->c->records.checkpoint)
		return 0;
	sc->saver = saver_new(r, sc->s);
	return sc->saver ? 0 : err_set(e, ENOMEM, "out of memory for the checkpoint");
}

static struct saver_files saved_files(const struct scan *sc)
{
	return (struct saver_files){
		.rows = sink_writer(sc->sink), .cookies = cookiefile_writer(sc->cookie_log),
		.packets = capfile_writer(sc->capture), .rows_fd = sink_fd(sc->sink),
	};
}

/* What has a row has its cookie and its packets in their files, whenever the run ends. */
static void order_files(const struct scan *sc)
{
	const struct saver_files files = saved_files(sc);

	writer_follow(files.rows, files.cookies ? files.cookies : files.packets);
	if (files.cookies)
		writer_follow(files.cookies, files.packets);
}

int outputs_save(struct scan *sc, uint64_t start_wall_ns, struct err *e)
{
	const struct saver_files files = saved_files(sc);

	return saver_begin(sc->saver, &files, start_wall_ns, e);
}

int outputs_open(struct scan *sc, struct resume *r, bool sends, bool ip, struct err *e)
{
	const struct config *c = sc->c;
	struct shared *s = sc->s;
	const struct sink_form form = {
		.text = s->facts.text, .silent = s->facts.silent,
		.expect = c->output.expect ? &sc->expect : NULL,
	};
	int rc = open_saver(sc, r, e);

	if (!rc && c->records.status_file)
		rc = statusfile_open(&sc->status_file, c->records.status_file, r->goes_on, e);
	if (!rc && c->probing.cookie_file && sends && !c->general.dryrun)
		rc = cookiefile_open(&sc->cookie_log, c->probing.cookie_file, e);
	if (!rc && c->network.save_pcap)
		rc = capfile_open(&sc->capture, c->network.save_pcap, ip, r->goes_on, e);
	s->capture = sc->capture;
	if (!rc)
		rc = sink_open(&sc->sink, c, &form, &s->rx.stats, s->facts.wall_offset_ns,
			       r->rows_len, e);
	if (sc->sink)
		sc->rows_waited = (struct waited){ .writer = sink_writer(sc->sink), .what = "row" };
	return rc;
}

int outputs_begin(struct scan *sc, struct err *e)
{
	int rc = sc->status_file ? statusfile_begin(sc->status_file, e) : 0;

	if (sc->saver)
		order_files(sc);
	if (!rc && sc->capture)
		rc = capfile_begin(sc->capture, e);
	return rc ? rc : sink_begin(sc->sink, e);
}

int outputs_report_expected(const struct expect *x, const struct stats *stats, int status,
			    struct err *e)
{
	static const struct stats none;
	char line[EXPECT_LINE_LEN];
	const char *why = NULL;

	if (e->msg[0])
		why = e->msg;
	else if (status == SCAN_STOPPED)
		why = "it was stopped before its end";
	else if (!stats)
		why = "nothing was probed, as the run of --checkpoint is complete";
	status = expect_conclude(x, stats ? stats : &none, why, line);
	if (puts(line) >= 0 && fflush(stdout) == 0)
		return status;
	err_set(e, errno, "cannot write the line of --expect to standard output: %s",
		strerror(errno));
	return EXPECT_UNKNOWN;
}
