#include "output/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/stats.h"
#include "base/writer.h"
#include "config/config.h"
#include "err.h"
#include "files/file_lock.h"
#include "filter.h"
#include "output/expect.h"
#include "output/out.h"
#include "output/result_filter.h"

#define CLEAR_LINE	"\r\x1b[K"
#define PEN_MAX	64	/* rows, and targets, that are drawn before they are put */

struct sink_pen {
	struct out out;			/* rows, one after the other: */
	size_t len[PEN_MAX];
	unsigned int n;
	unsigned int n_filtered;	/* that --output-filter leaves out */
	unsigned int n_failed;		/* that there was no memory for */
	uint8_t verdicts[PEN_MAX];	/* of targets, with rows and without */
	unsigned int n_targets;
	struct result row;
};

struct sink {
	const struct config *config;
	struct sink_form form;
	struct stats *stats;
	int64_t wall_offset_ns;
	struct result_selection fields;
	struct filter *filter;		/* NULL: all rows are wanted */
	struct sink_pen pen;		/* the header's, and of whoever has none */
	struct writer *writer;
	bool header;			/* the first record is no row */
	uint64_t len;			/* of the file, bytes, with what the writer was given */
	uint64_t rows;			/* given to the writer; once broken, those that are out */
	uint64_t refused;		/* that came when it was broken */
	int fd;
	bool is_own, is_regular, is_pipe;
	bool clears;			/* a row takes the place of the status line */
	int broken;			/* 0, or the -errno that ended it */
	struct err why;
};

static const char *sink_name(const struct sink *s)
{
	return s->is_own ? s->config->output.file : "standard output";
}

static const char *sink_quote(const struct sink *s)
{
	return s->is_own ? "'" : "";
}

static const char *advice(int code)
{
	switch (code) {
	case ENOSPC:
	case EDQUOT:
		return "free some space and run again";
	case EFBIG:
		return "raise the limit of file sizes (ulimit -f) and run again";
	case EPIPE:
		return "whatever read it has gone";
	case ENOMEM:
		return "free some memory and run again";
	default:
		return "write them elsewhere (-o) and run again";
	}
}

/* The rows that are out, and all that there were to write. */
static void count_rows(struct sink *s, const struct writer_state *st, uint64_t *out, uint64_t *all)
{
	*out = st->out > s->header ? st->out - s->header : 0;
	*all = st->out + st->waiting - s->header + s->refused;
}

static void sink_break(struct sink *s, int code, const struct writer_state *st)
{
	uint64_t all;

	count_rows(s, st, &s->rows, &all);
	stat_set(s->stats, STAT_rows, s->rows);
	s->broken = -code;
	err_set(&s->why, code, "cannot write rows to %s%s%s: %s; %" PRIu64 " %s %s%s; %s",
		sink_quote(s), sink_name(s), sink_quote(s), strerror(code), s->rows,
		s->rows == 1 ? "row is" : "rows are",
		s->is_regular ? "in the file and sound" : "out",
		st->torn && s->is_regular ? ", a part of another follows" : "", advice(code));
}

/* Whether the writer has failed meanwhile. */
static void sink_look(struct sink *s)
{
	struct writer_state st;

	if (s->broken)
		return;
	writer_get(s->writer, &st);
	if (st.err && !st.left)
		sink_break(s, -st.err, &st);
}

static int sink_open_file(struct sink *s, struct err *e)
{
	const char *file = s->config->output.file;
	/* What a run goes on from is read, too. */
	int err = 0, flags = s->config->records.checkpoint ? O_RDWR : O_WRONLY;
	struct stat st;

	s->is_own = file && strcmp(file, "-") != 0;
	s->fd = s->is_own ? file_lock_open(file, flags, 0666) : STDOUT_FILENO;
	if (s->fd < 0)
		err = s->fd;
	else if (fstat(s->fd, &st))
		err = -errno;
	if (err == -EBUSY)
		return err_set(e, EBUSY, "--output-file %.200s: " FILE_LOCK_HELD, file);
	if (err)
		return err_set(e, -err, "cannot open %s%s%s for the rows: %s; name another file "
			       "with -o", sink_quote(s), sink_name(s), sink_quote(s),
			       strerror(-err));
	s->is_regular = S_ISREG(st.st_mode);
	s->is_pipe = S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode);
	return 0;
}

/* NO_COLOR of no-color.org: no colours where it is not empty. */
static void look_at_terminal(struct sink *s)
{
	const char *term = getenv("TERM"), *none = getenv("NO_COLOR");
	bool able = term && strcmp(term, "dumb") != 0;
	struct winsize size = { .ws_col = 0 };

	if (!isatty(s->fd))
		return;
	if (ioctl(s->fd, TIOCGWINSZ, &size) == 0)
		s->pen.out.columns = size.ws_col;
	s->clears = able && isatty(STDERR_FILENO) && !s->config->records.quiet;
	s->pen.out.colours = able && !(none && *none);
}

static int sink_start(struct sink *s, struct err *e)
{
	const struct config *c = s->config;
	enum config_format format = config_format(c, s->form.text);
	int err;

	err = result_select(&s->fields, c->output.fields, c->output.rows, format, e);
	if (!err && c->output.filter)
		err = result_filter_parse(&s->filter, c->output.filter, c->output.rows, e);
	if (err)
		return err;
	out_init(&s->pen.out, format, &s->fields);
	s->pen.out.run = (struct verdict_text_run){ c->probing.plan, c->probing.requests > 1 };
	err = sink_open_file(s, e);
	if (!err)
		look_at_terminal(s);
	return err ? err : writer_open(&s->writer, s->fd, sink_name(s), e);
}

int sink_begin(struct sink *s, struct err *e)
{
	int err = s->is_own ? file_lock_cut(s->fd, s->len) : 0;

	if (err)
		return err_set(e, -err, "cannot write rows to '%s': %s; name another file with -o",
			       sink_name(s), strerror(-err));
	if (!s->config->output.no_header && !s->len && out_header(&s->pen.out))
		return err_set(e, ENOMEM, "no memory for the output's buffer");
	s->header = s->pen.out.len > 0;
	if (s->header)
		writer_put(s->writer, s->pen.out.p, s->pen.out.len);
	s->len += s->pen.out.len;
	s->pen.out.len = 0;
	return s->is_pipe ? 0 : sink_sync(s, e);
}

static void sink_free(struct sink *s)
{
	out_close(&s->pen.out);
	result_selection_free(&s->fields);
	filter_free(s->filter);
	free(s);
}

int sink_open(struct sink **out, const struct config *c, const struct sink_form *form,
	      struct stats *stats, int64_t wall_offset_ns, uint64_t keep_len, struct err *e)
{
	struct sink *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return err_set(e, ENOMEM, "no memory for the output");
	s->config = c;
	if (form)
		s->form = *form;
	s->stats = stats;
	s->wall_offset_ns = wall_offset_ns;
	s->len = keep_len;
	s->fd = -1;
	err = sink_start(s, e);
	if (err) {
		writer_close(s->writer, NULL);
		if (s->is_own && s->fd >= 0)
			close(s->fd);
		sink_free(s);
		return err;
	}
	*out = s;
	return 0;
}

int sink_pen_new(struct sink_pen **out, const struct sink *s)
{
	struct sink_pen *pen = calloc(1, sizeof(*pen));

	*out = pen;
	if (!pen)
		return -ENOMEM;
	pen->out = s->pen.out;
	pen->out.p = NULL;
	pen->out.len = pen->out.cap = 0;
	return 0;
}

void sink_pen_free(struct sink_pen *pen)
{
	if (pen)
		out_close(&pen->out);
	free(pen);
}

static void draw(const struct sink *s, struct sink_pen *pen)
{
	size_t before = pen->out.len;

	pen->row.label = s->config->output.label;
	if (s->filter && !result_filter_matches(s->filter, &pen->row)) {
		pen->n_filtered++;
		return;
	}
	if (s->clears)
		out_put(&pen->out, CLEAR_LINE, strlen(CLEAR_LINE));
	if (out_row(&pen->out, &pen->row)) {
		pen->out.len = before;
		pen->n_failed++;
	} else {
		pen->len[pen->n++] = pen->out.len - before;
	}
}

static void put_row(struct sink *s, const char *row, size_t len)
{
	if (s->broken) {
		s->refused++;
		return;
	}
	s->rows++;
	stat_add(s->stats, STAT_rows, 1);
	s->len += len;
	if (!writer_put(s->writer, row, len))
		sink_look(s);
}

/* There was no memory for some. Those before them still go out. */
static void refuse_rows(struct sink *s, unsigned int n)
{
	struct writer_state st;

	if (!s->broken) {
		writer_wait(s->writer, NS_PER_S);
		writer_get(s->writer, &st);
		sink_break(s, ENOMEM, &st);
	}
	s->refused += n;
}

void sink_drop(struct sink *s, struct sink_pen *pen)
{
	pen = pen ? pen : &s->pen;
	pen->out.len = 0;
	pen->n = pen->n_targets = pen->n_filtered = pen->n_failed = 0;
}

bool sink_may_wait(const struct sink *s)
{
	return !s->form.expect;
}

void sink_put(struct sink *s, struct sink_pen *pen, const struct evidence *ev,
	      const struct target_extra *extra)
{
	const char *row;

	pen = pen ? pen : &s->pen;
	row = pen->out.p;
	for (unsigned int i = 0; i < pen->n_targets; i++) {
		enum verdict verdict = (enum verdict)pen->verdicts[i];

		stat_add(s->stats, STAT_targets_done, 1);
		stat_add(s->stats, STAT_accepted, verdict == VERDICT_ACCEPTED);
		stat_add_verdict(s->stats, verdict);
		if (ev && s->form.expect)
			expect_take(s->form.expect, ev, extra, verdict);
	}
	stat_add(s->stats, STAT_rows_filtered, pen->n_filtered);
	for (unsigned int i = 0; i < pen->n; row += pen->len[i++])
		put_row(s, row, pen->len[i]);
	if (pen->n_failed)
		refuse_rows(s, pen->n_failed);
	sink_drop(s, pen);
}

static bool target_is_reported(const struct sink *s, const struct evidence *ev)
{
	enum config_report report = s->config->output.report;
	enum reply_class best = REPLY_NONE;

	if (s->config->output.rows != ROWS_TARGET)
		return false;
	if (s->form.silent || report == REPORT_ALL)
		return true;
	for (unsigned int i = 0; i < ev->nflows; i++)
		if (!flow_is_silent(&ev->flows[i]) && best != REPLY_SYNACK)
			best = ev->flows[i].reply.class;
	return best == REPLY_SYNACK || (report == REPORT_ANSWERED && best != REPLY_NONE);
}

static bool is_full(const struct sink_pen *pen)
{
	return pen->n == PEN_MAX || pen->n_targets == PEN_MAX;
}

bool sink_draw_target(struct sink *s, struct sink_pen *pen, const struct evidence *ev,
		      const struct target_extra *extra)
{
	enum verdict verdict = verdict_decide(ev);

	pen = pen ? pen : &s->pen;
	pen->verdicts[pen->n_targets++] = (uint8_t)verdict;
	if (target_is_reported(s, ev)) {
		result_from_target(&pen->row, ev, extra, verdict, s->wall_offset_ns);
		draw(s, pen);
	}
	return is_full(pen);
}

bool sink_draw_reply(struct sink *s, struct sink_pen *pen, struct addr ip, uint16_t port,
		     struct addr source, const struct flow *flow, enum result_repeat repeat,
		     bool late)
{
	pen = pen ? pen : &s->pen;
	if (s->config->output.rows == ROWS_REPLY
	    && (s->config->output.report != REPORT_SYNACK || flow_has_synack(flow))) {
		result_from_flow(&pen->row, ip, port, source, flow, s->wall_offset_ns);
		result_set_repeat(&pen->row, repeat, late);
		draw(s, pen);
	}
	return is_full(pen);
}

int sink_flush(struct sink *s, struct err *e)
{
	writer_kick(s->writer);
	sink_look(s);
	if (s->broken)
		err_set(e, -s->broken, "%s", s->why.msg);
	return s->broken;
}

int sink_sync(struct sink *s, struct err *e)
{
	while (!writer_wait(s->writer, NS_PER_S))
		;
	return sink_flush(s, e);
}

bool sink_is_full(const struct sink *s)
{
	return writer_is_full(s->writer);
}

struct writer *sink_writer(struct sink *s)
{
	return s->writer;
}

uint64_t sink_waiting(struct sink *s)
{
	struct writer_state st;
	uint64_t out, all;

	writer_get(s->writer, &st);
	count_rows(s, &st, &out, &all);
	return all - out;
}

int sink_fd(const struct sink *s)
{
	return s->fd;
}

uint64_t sink_len(const struct sink *s)
{
	return s->len;
}

uint64_t sink_rows(const struct sink *s)
{
	return s->rows;
}

int sink_close(struct sink *s, struct err *e)
{
	struct writer_state st;
	uint64_t out, all;
	int err = sink_flush(s, NULL);

	writer_close(s->writer, &st);
	if (!s->broken && st.err && !st.left)
		sink_break(s, -st.err, &st);
	if (s->broken)
		err = err_set(e, -s->broken, "%s", s->why.msg);
	count_rows(s, &st, &out, &all);
	stat_set(s->stats, STAT_rows, out);
	stat_set(s->stats, STAT_rows_lost, all - out);
	/* Network file systems and quotas may speak up only here. */
	if (s->is_own && close(s->fd) && !err)
		err = err_set(e, errno, "cannot write rows to '%s': %s; the last ones may be "
			      "missing; %s", sink_name(s), strerror(errno), advice(errno));
	sink_free(s);
	return err;
}
