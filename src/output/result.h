/*
 * result: one row as values, and how evidence becomes one. A new field is a member, what fills it,
 * and a row in result_fields.c.
 */
#ifndef TFOMAP_RESULT_H
#define TFOMAP_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "tcpopt.h"
#include "verdict.h"

struct evidence;
struct flow;
struct locate;
struct target_extra;

/* How a reply row stands to earlier replies to the same probe. */
enum result_repeat { REPEAT_NONE, REPEAT_DUPLICATE, REPEAT_RETRANSMISSION };

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
	struct addr ip, source_ip, icmp_from, hop_low_ip, hop_high_ip;
	const char *domain, *verdict, *probe, *reply, *repeat, *info, *cookie_from, *label;
	struct result_number port, confirmed, attempt, late;
	struct result_number tfo_synkind, tfo_ackkind, tfo_synclen, tfo_ackclen;
	struct result_number tfo_seq, tfo_dlen, tfo_ack, tfo_acked;
	struct result_number rlen, rtt_ms, ttl, window, mss, wscale;
	struct result_number tcp_flags, ip_id, df, tos, icmp_type, icmp_code;
	struct result_number source_port, probes, cookie_len, cookie_age_s;
	struct result_number cookies_seen, response_len, plain_response_len;
	struct result_number hops, hop_low, hop_high, probe_ttl;
	struct result_bytes cookie, tcp_optionshex, quoted_optionshex;
	uint64_t time_sent, time_reply;
	const struct tcpopts *tcp_options;
	const struct evidence *conditions, *signals, *flows;
	const struct locate *path;

	struct tcpopts opts;		/* of the reply; tcp_options points here */
	int64_t wall_offset_ns;
};

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

#endif
