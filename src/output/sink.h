/*
 * sink: rows leave here. One receive thread at a time (rx_status.h), but for those that draw. Knows
 * the selected fields, the format and --report; a writer (writer.h) takes whole rows, so that what
 * is in the file is always whole.
 */
#ifndef TFOMAP_SINK_H
#define TFOMAP_SINK_H

#include <stdbool.h>
#include <stdint.h>

#include "output/result.h"

struct config;
struct err;
struct expect;
struct sink;
struct sink_pen;
struct stats;
struct writer;

/* What the options leave open. */
struct sink_form {
	bool text;			/* --output-format auto is text */
	bool silent;			/* silent targets have rows, whatever --report says */
	struct expect *expect;		/* looks at each verdict; NULL: nobody does */
};

/*
 * Opens the output: a file, which is locked, so that no other run writes to it; NULL or "-":
 * stdout. form NULL: no more than the options say. keep_len: so many bytes of the file will stay,
 * to which rows are added. wall_offset_ns turns the run's clock into Unix time. The caller ignores
 * SIGPIPE and SIGXFSZ; c and stats outlive the sink. 0, or -errno with a message.
 */
int sink_open(struct sink **out, const struct config *c, const struct sink_form *form,
	      struct stats *stats, int64_t wall_offset_ns, uint64_t keep_len, struct err *e);

/*
 * Before the first row: what else is in the file goes, and the header row, where there is one, is
 * written; not yet into a pipe, whose reader may be gone already. 0, or -errno with a message.
 */
int sink_begin(struct sink *s, struct err *e);

/*
 * What a row is drawn with before it is written: one thread may draw while another one writes.
 * NULL, in what follows: the sink's own, which whoever writes alone has. 0, or -ENOMEM;
 * sink_pen_free() takes NULL, too.
 */
int sink_pen_new(struct sink_pen **out, const struct sink *s);
void sink_pen_free(struct sink_pen *pen);

/*
 * A target's row: verdict, conditions and signals are drawn from its evidence, beside the rows that
 * are drawn already, where --rows and --report select it. extra may be NULL. Silent targets come
 * only with REPORT_ALL. True: what the pen has is to be put before the next one.
 */
bool sink_draw_target(struct sink *s, struct sink_pen *pen, const struct evidence *ev,
		      const struct target_extra *extra);

/* The same of a validated reply, only where --rows reply. flow->reply is the reply. */
bool sink_draw_reply(struct sink *s, struct sink_pen *pen, struct addr ip, uint16_t port,
		     struct addr source, const struct flow *flow, enum result_repeat repeat,
		     bool late);

/*
 * Writes what was drawn; verdicts, accepted, targets_done and rows are counted in stats. ev, extra:
 * of the target, where one alone was drawn: then --expect looks at it. ev NULL: of several, where
 * sink_may_wait(), or of replies.
 */
void sink_put(struct sink *s, struct sink_pen *pen, const struct evidence *ev,
	      const struct target_extra *extra);

/* Whether rows may wait for others: nobody looks at each. */
bool sink_may_wait(const struct sink *s);

/* What was drawn is not written. */
void sink_drop(struct sink *s, struct sink_pen *pen);

/*
 * What is there goes out, by a thread of its own: this does not wait. 0, or -errno (once and for
 * all) when the output is broken: then nothing more is written, a regular file is cut back to its
 * last whole row, and *e says what happened (closed pipe, full disk), and how many rows are there.
 */
int sink_flush(struct sink *s, struct err *e);

/* The same, and waits for whatever takes the rows. */
int sink_sync(struct sink *s, struct err *e);

/* So many rows wait for whatever takes them that no more should come. */
bool sink_is_full(const struct sink *s);

/* Whom the rows wait for; and, once the receive threads have ended, how many of them do. */
struct writer *sink_writer(struct sink *s);
uint64_t sink_waiting(struct sink *s);

/* What they are written to: the sink's; with --checkpoint it can be read. */
int sink_fd(const struct sink *s);

/* Bytes of the file with the rows that wait: how long it is once they are out. */
uint64_t sink_len(const struct sink *s);

/* Rows written so far, or waiting to be; once the output is broken, those that are in it. */
uint64_t sink_rows(const struct sink *s);

/*
 * Waits for what waits, but after writer_leave(), and closes; as sink_flush(). Rows that did not
 * get out are rows_lost. Frees s.
 */
int sink_close(struct sink *s, struct err *e);

#endif
