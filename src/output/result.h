/*
 * result: one row as values, and the table of all output fields (name, type, place, doc) from
 * which CSV, ndjson, --list-output-fields and the manual come. Adding a field = a member and a row.
 */
#ifndef TFOMAP_RESULT_H
#define TFOMAP_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "config/config.h"
#include "evidence.h"
#include "targets/targets.h"
#include "verdict.h"

struct err;

/* How a reply row stands to earlier replies to the same probe. */
enum result_repeat { REPEAT_NONE, REPEAT_DUPLICATE, REPEAT_RETRANSMISSION };

/* The types of fields. Of every type, a member of all zero bytes is null. */
enum result_type {
	RESULT_ADDR,		/* struct addr */
	RESULT_NUMBER,		/* struct result_number */
	RESULT_BOOL,		/* struct result_number, 0 or 1 */
	RESULT_MS,		/* struct result_number in ns; shown in ms, 3 decimals */
	RESULT_TIME,		/* uint64_t, Unix time in ns; shown as RFC 3339 */
	RESULT_TEXT,		/* const char *, any bytes */
	RESULT_HEX,		/* struct result_bytes */
	RESULT_OPTIONS,		/* const struct tcpopts *; shown as the kinds in order */
	RESULT_CONDITIONS,	/* const struct evidence *, of which they are drawn when they are
				 * shown; an empty set is no null */
	RESULT_SIGNALS,		/* likewise */
	RESULT_FLOWS,		/* const struct evidence *; ndjson: a reply row for each flow */
	RESULT_JSON,		/* const char *, the text of a JSON object; ndjson */
};

struct result_number {
	uint64_t v;
	bool known;
};

struct result_bytes {
	const uint8_t *p;
	size_t n;
};

/*
 * A row: the members that fields show, under the fields' names, and what these point into. It
 * points into itself (not to be copied) and into the evidence that it was filled from.
 */
struct result {
	struct addr ip, source_ip, icmp_from;
	const char *domain, *verdict, *probe, *reply, *repeat, *info;
	struct result_number port, confirmed, attempt, late;
	struct result_number tfo_synkind, tfo_ackkind, tfo_synclen, tfo_ackclen;
	struct result_number tfo_seq, tfo_dlen, tfo_ack, tfo_acked;
	struct result_number rlen, rtt_ms, ttl, window, mss, wscale;
	struct result_number tcp_flags, ip_id, df, tos, icmp_type, icmp_code;
	struct result_number source_port, probes;
	struct result_bytes cookie, tcp_optionshex, quoted_optionshex;
	uint64_t time_sent, time_reply;
	const struct tcpopts *tcp_options;
	const struct evidence *conditions, *signals, *flows;

	struct tcpopts opts;		/* of the reply; tcp_options points here */
	int64_t wall_offset_ns;
};

struct result_field {
	const char *name;
	enum result_type type;
	uint8_t rows;			/* bits 1 << enum config_rows: the kinds of row it is in */
	uint16_t offset;		/* of the member in struct result */
	const char *doc;		/* one line, plain text */
};

/*
 * In the order of the columns. A name may be there twice (`reply` has another place in either kind
 * of row), but once for each kind of row.
 */
extern const struct result_field result_fields[];
extern const size_t result_nfields;

static inline const void *result_member(const struct result *r, const struct result_field *f)
{
	return (const char *)r + f->offset;
}

/* True for fields that only a format can show that nests (config/formats.def). */
static inline bool result_is_nested(const struct result_field *f)
{
	return f->type == RESULT_FLOWS || f->type == RESULT_JSON;
}

/* True where the row has nothing to say there. */
bool result_is_null(const struct result *r, const struct result_field *f);

/* The set of a field of RESULT_CONDITIONS or RESULT_SIGNALS that is not null, as bits. */
uint32_t result_set(const struct result *r, const struct result_field *f);

/* The word of a bit of RESULT_CONDITIONS or RESULT_SIGNALS; NULL from the first unused bit on. */
const char *result_word(enum result_type type, unsigned int bit);

/* Fields selected for a run, in output order. */
struct result_selection {
	uint16_t *v;		/* heap, owned: places in result_fields */
	size_t n;
};

/*
 * Resolves a comma-separated list of names. NULL or "*": all of that kind of row that the format
 * can show. 0; -EINVAL with a message that names the field, the reason (unknown: and the nearest
 * known one; of the other kind of row; not in that format; named twice); -ENOMEM.
 */
int result_select(struct result_selection *sel, const char *list, enum config_rows rows,
		  enum config_format format, struct err *e);
void result_selection_free(struct result_selection *sel);

/*
 * A target's row, of its deciding flow. wall_offset_ns turns the run's clock into Unix time; extra
 * may be NULL. ev and extra must outlive *r.
 */
void result_from_target(struct result *r, const struct evidence *ev,
			const struct target_extra *extra, enum verdict verdict,
			int64_t wall_offset_ns);

/*
 * A reply's row, or that of a flow without one; `repeat` and `late` are left null. flow must
 * outlive *r.
 */
void result_from_flow(struct result *r, struct addr ip, uint16_t port, struct addr source,
		      const struct flow *flow, int64_t wall_offset_ns);

/* What only the receiver knows of a reply: goes into `repeat` and `late`. */
void result_set_repeat(struct result *r, enum result_repeat repeat, bool late);

/* --list-output-fields (name, type, which rows, doc), and the same for the manual (roff, .TP). */
void result_list(FILE *out);
void result_roff(FILE *out);

#endif
