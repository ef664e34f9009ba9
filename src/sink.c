#include "sink.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "err.h"
#include "out.h"
#include "stats.h"

#define SINK_BYTES	(256 * 1024)	/* written out when this much is there, */
#define SINK_ROWS	4096		/* or this many rows */

struct sink {
	const struct config *config;
	struct stats *stats;
	int64_t wall_offset_ns;
	struct result_selection fields;
	struct out out;
	size_t row_end[SINK_ROWS];	/* in the buffer: quoted fields may hold line ends, so
					 * that bytes alone do not tell where a row ends */
	size_t nrows;			/* in the buffer */
	uint64_t rows_out;		/* whole rows that have left the buffer */
	struct result row;
	int fd;
	bool is_own, is_regular, is_pipe;
	int broken;			/* 0, or the -errno that ended it */
	struct err why;
};

static const char *sink_name(const struct sink *s)
{
	return s->is_own ? s->config->output_file : "standard output";
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

/* Takes the last n bytes off; false: this is no regular file, or others write to it too. */
static bool sink_cut(struct sink *s, size_t n)
{
	off_t at = lseek(s->fd, 0, SEEK_CUR);
	struct stat st;

	if (n == 0)
		return true;
	if (!s->is_regular || at < (off_t)n || fstat(s->fd, &st) || st.st_size != at)
		return false;
	at -= (off_t)n;
	return ftruncate(s->fd, at) == 0 && lseek(s->fd, at, SEEK_SET) == at;
}

/* The end, after `written` bytes of the buffer: keeps the whole rows among them. */
static void sink_break(struct sink *s, int code, size_t written)
{
	size_t sound = 0, rows = 0;
	bool whole;

	while (rows < s->nrows && s->row_end[rows] <= written)
		sound = s->row_end[rows++];
	s->rows_out += rows;
	whole = sink_cut(s, written - sound);
	stat_set(s->stats, STAT_rows, s->rows_out);
	s->nrows = 0;
	s->out.len = 0;
	s->broken = -code;
	err_set(&s->why, code, "cannot write rows to %s%s%s: %s; %" PRIu64 " %s %s%s; %s",
		sink_quote(s), sink_name(s), sink_quote(s), strerror(code), s->rows_out,
		s->rows_out == 1 ? "row is" : "rows are",
		s->is_regular ? "in the file and sound" : "out",
		whole || !s->is_regular ? "" : ", a part of another follows", advice(code));
}

/* A standard output that another program has made non-blocking is waited for. */
static bool sink_may_go_on(struct sink *s, int code)
{
	struct pollfd pfd = { .fd = s->fd, .events = POLLOUT };

	if (code == EAGAIN)
		return poll(&pfd, 1, -1) >= 0 || errno == EINTR;
	return code == EINTR;
}

static void sink_write(struct sink *s)
{
	size_t written = 0;

	while (written < s->out.len) {
		ssize_t n = write(s->fd, s->out.p + written, s->out.len - written);

		if (n >= 0) {
			written += (size_t)n;
		} else if (!sink_may_go_on(s, errno)) {
			sink_break(s, errno, written);
			return;
		}
	}
	s->rows_out += s->nrows;
	s->nrows = 0;
	s->out.len = 0;
}

static int sink_open_file(struct sink *s, struct err *e)
{
	const char *file = s->config->output_file;
	struct stat st;

	s->is_own = file && strcmp(file, "-") != 0;
	s->fd = STDOUT_FILENO;
	if (s->is_own)
		s->fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (s->fd < 0 || fstat(s->fd, &st))
		return err_set(e, errno, "cannot open %s%s%s for the rows: %s; name another file "
			       "with -o", sink_quote(s), sink_name(s), sink_quote(s),
			       strerror(errno));
	s->is_regular = S_ISREG(st.st_mode);
	s->is_pipe = S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode);
	return 0;
}

static int sink_start(struct sink *s, struct err *e)
{
	const struct config *c = s->config;
	int err;

	err = result_select(&s->fields, c->output_fields, c->rows, c->format, e);
	if (err)
		return err;
	out_init(&s->out, c->format, &s->fields);
	err = sink_open_file(s, e);
	if (err)
		return err;
	if (!c->no_header && out_header(&s->out))
		return err_set(e, ENOMEM, "no memory for the output's buffer");
	return s->is_pipe ? 0 : sink_flush(s, e);
}

static void sink_free(struct sink *s)
{
	out_close(&s->out);
	result_selection_free(&s->fields);
	free(s);
}

int sink_open(struct sink **out, const struct config *c, struct stats *stats,
	      int64_t wall_offset_ns, struct err *e)
{
	struct sink *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return err_set(e, ENOMEM, "no memory for the output");
	s->config = c;
	s->stats = stats;
	s->wall_offset_ns = wall_offset_ns;
	s->fd = -1;
	err = sink_start(s, e);
	if (err) {
		if (s->is_own && s->fd >= 0)
			close(s->fd);
		sink_free(s);
		return err;
	}
	*out = s;
	return 0;
}

/* Appends s->row, and writes the buffer out when it is full. */
static void sink_add_row(struct sink *s)
{
	int err;

	if (s->broken)
		return;
	err = out_row(&s->out, &s->row);
	if (!err) {
		s->row_end[s->nrows++] = s->out.len;
		stat_add(s->stats, STAT_rows, 1);
	}
	if (err || s->out.len >= SINK_BYTES || s->nrows == SINK_ROWS)
		sink_write(s);
	if (err && !s->broken)
		sink_break(s, -err, 0);
}

static bool target_is_reported(const struct sink *s, const struct evidence *ev)
{
	enum reply_class best = REPLY_NONE;

	if (s->config->rows != ROWS_TARGET)
		return false;
	for (unsigned int i = 0; i < ev->nflows; i++)
		if (ev->flows[i].reply.class != REPLY_NONE && best != REPLY_SYNACK)
			best = ev->flows[i].reply.class;
	switch (s->config->report) {
	case REPORT_SYNACK:
		return best == REPLY_SYNACK;
	case REPORT_ANSWERED:
		return best != REPLY_NONE;
	case REPORT_ALL:
		break;
	}
	return true;
}

void sink_target(struct sink *s, const struct evidence *ev, const struct target_extra *extra)
{
	enum verdict verdict = verdict_decide(ev);

	stat_add(s->stats, STAT_targets_done, 1);
	if (verdict == VERDICT_ACCEPTED)
		stat_add(s->stats, STAT_accepted, 1);
	stat_add_verdict(s->stats, verdict);
	if (!target_is_reported(s, ev))
		return;
	result_from_target(&s->row, ev, extra, verdict, s->wall_offset_ns);
	sink_add_row(s);
}

void sink_reply(struct sink *s, struct addr ip, uint16_t port, struct addr source,
		const struct flow *flow, enum result_repeat repeat, bool late)
{
	if (s->config->rows != ROWS_REPLY)
		return;
	if (s->config->report == REPORT_SYNACK && flow->reply.class != REPLY_SYNACK)
		return;
	result_from_flow(&s->row, ip, port, source, flow, s->wall_offset_ns);
	result_set_repeat(&s->row, repeat, late);
	sink_add_row(s);
}

int sink_flush(struct sink *s, struct err *e)
{
	if (!s->broken)
		sink_write(s);
	if (s->broken)
		err_set(e, -s->broken, "%s", s->why.msg);
	return s->broken;
}

uint64_t sink_rows(const struct sink *s)
{
	return s->rows_out + s->nrows;
}

int sink_close(struct sink *s, struct err *e)
{
	int err = sink_flush(s, e);

	/* Network file systems and quotas may speak up only here. */
	if (s->is_own && close(s->fd) && !err)
		err = err_set(e, errno, "cannot write rows to '%s': %s; the last ones may be "
			      "missing; %s", sink_name(s), strerror(errno), advice(errno));
	sink_free(s);
	return err;
}
