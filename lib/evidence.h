/*
 * evidence: what is known of one target: each probe sent to it and the answer that came. Plain
 * values, the same offline as live; verdict.h draws the conclusions.
 */
#ifndef TFOMAP_EVIDENCE_H
#define TFOMAP_EVIDENCE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "addr.h"
#include "packet.h"
#include "probe.h"
#include "tcpopt.h"

/* A first SYN/ACK this late is likely a retransmission, without option (doc/protocol.md 2). */
#define EVIDENCE_LATE_NS 900000000ull

/* A TFO option where it lies in an option area; as struct tfo_option. */
struct tfo_place {
	uint8_t state, kind, len;
	uint8_t at;			/* of its cookie bytes */
};

struct locate;

enum reply_class {
	REPLY_NONE, REPLY_SYNACK, REPLY_RST, REPLY_ICMP,
};

extern const char *const reply_class_names[];	/* "none", "synack", "rst", "icmp" */

/* An answer, as it came. Times are in ns of the run's clock; 0 = unknown. */
struct reply {
	uint8_t class;			/* enum reply_class */
	uint8_t flags;			/* TCP flags */
	uint8_t ttl, tos;
	bool df;
	uint8_t icmp_type, icmp_code;	/* REPLY_ICMP */
	uint8_t opts_len;		/* bytes in opts */
	bool opts_cut;			/* the header said more */
	bool opts_bad;			/* malformed (tcpopt.h) */
	uint16_t ip_id, window;
	uint16_t payload_len;		/* on this very segment */
	uint32_t seq, ack;
	uint32_t acked;			/* ack - seq - 1 mod 2^32 */
	struct tfo_place tfo;		/* in opts */
	struct addr icmp_from;
	uint64_t time_ns;
	uint8_t opts[TCPOPT_AREA_MAX];	/* the option area; REPLY_ICMP: the quoted SYN's */
};

/* The cookie bytes of the TFO option there: r->tfo.len. */
static inline const uint8_t *reply_cookie(const struct reply *r)
{
	return r->opts + r->tfo.at;
}

/* How a connection ended that was carried on after its handshake. */
enum course_end {
	COURSE_NONE,			/* it was not carried on */
	COURSE_OPEN,			/* not yet */
	COURSE_FIN,			/* the server has said all */
	COURSE_RESET, COURSE_SILENT,
	COURSE_FULL,			/* enough has come (conn.h) */
};

/* What followed the handshake. */
struct course {
	uint8_t end;			/* enum course_end */
	uint8_t synacks;		/* SYN/ACKs that came again, after our ACK */
	bool ack_came;			/* something shows that our ACK came */
	bool goes_on;			/* RESET: the server went on: the RST was not its own */
	bool gap;			/* payload came out of order: what is before it did not */
	uint32_t response_len;		/* bytes, in order */
};

/* One probe (all attempts of one kind with one cookie) and its first decisive answer. */
struct flow {
	uint8_t kind;			/* enum probe_kind */
	uint8_t attempt;		/* the one answered, else the first */
	uint8_t sent;			/* SYNs sent for it, 1..; 0: none could be */
	uint8_t seen;			/* bit 1 << enum reply_class: what came, first or not */
	bool reset_first;		/* a RST came before the SYN/ACK */
	bool stripped;			/* an ICMP quote of the SYN lacked the TFO option on it */
	uint8_t ttl;			/* of a hop probe: that of the SYN; else 0, not known */
	bool early;			/* data came beside the SYN/ACK: */
	uint32_t early_end;		/* the sequence number after the furthest of it */
	uint8_t synkind;		/* TFO option on the SYN: 34, 254, 0 = none */
	uint8_t synlen;			/* cookie bytes on the SYN */
	uint8_t syncookie[TFO_COOKIE_MAX];
	uint16_t sport;
	uint16_t dlen;			/* payload bytes on the SYN */
	uint32_t seq;
	uint32_t rlen;			/* response bytes seen before any ACK of ours */
	struct course course;
	uint64_t sent_ns;		/* of that attempt; 0 = unknown */
	struct reply reply;		/* class REPLY_NONE: silent */
};

/* Whether a verdict was tested in a second round, and whether that found the same. */
enum evidence_confirmed { CONFIRMED_UNTESTED, CONFIRMED_TRUE, CONFIRMED_FALSE };

struct evidence {
	struct addr ip, source;
	struct addr elsewhere;		/* another of our addresses; zero: there is none */
	uint16_t port;
	uint8_t nflows;
	uint8_t confirmed;		/* enum evidence_confirmed */
	uint16_t sent_before;		/* SYNs of a first round, whose flows are not here */
	uint16_t sent_hops;		/* SYNs of plan locate, which are in no flow */
	const struct locate *locate;	/* what these found; NULL: there were none */
	uint32_t stored_s;		/* when the cookie that an earlier run left was given: Unix
					 * time; 0: there is none, or that is not known */
	const struct flow *flows;	/* in the order they were sent */
};

/*
 * Fills r from a validated packet: an own copy of all that rows need. acked as validated.
 * class: by the packet (icmp, RST, else SYN/ACK).
 */
void evidence_reply(struct reply *r, const struct packet *p, uint32_t acked, uint64_t time_ns);

/* Its part for the options: r's own copy of len bytes of option area, 40 at most. */
void evidence_reply_options(struct reply *r, const uint8_t *area, size_t len);

/*
 * An answer to f is an ICMP error that quotes the SYN's whole option area, and that lacks the TFO
 * option which f carried.
 */
bool evidence_stripped(const struct flow *f, const struct reply *r);

/* Nothing answered f, so far. */
static inline bool flow_is_silent(const struct flow *f)
{
	return f->reply.class == REPLY_NONE;
}

/* A SYN/ACK answered f: all else, silence after the last attempt, a RST or ICMP, is blocked. */
static inline bool flow_has_synack(const struct flow *f)
{
	return f->reply.class == REPLY_SYNACK;
}

/* The SYN/ACK to f has a TFO option, usable or not. */
static inline bool flow_has_option(const struct flow *f)
{
	return flow_has_synack(f) && f->reply.tfo.state != TFO_ABSENT;
}

/* That SYN/ACK came so late that it is likely a retransmission. */
static inline bool flow_is_late(const struct flow *f)
{
	return flow_has_synack(f) && f->sent_ns && f->reply.time_ns >= f->sent_ns
		&& f->reply.time_ns - f->sent_ns >= EVIDENCE_LATE_NS;
}

/* How much of f's payload the SYN/ACK acknowledges. */
enum flow_extent {
	EXTENT_NO_SYNACK, EXTENT_NONE, EXTENT_PART, EXTENT_ALL,
};

static inline enum flow_extent flow_extent(const struct flow *f)
{
	if (!flow_has_synack(f))
		return EXTENT_NO_SYNACK;
	if (f->reply.acked == 0)
		return EXTENT_NONE;
	return f->reply.acked < f->dlen ? EXTENT_PART : EXTENT_ALL;
}

/* These are the bytes of the cookie on f's SYN, whatever the kind of the option. */
static inline bool flow_carries(const struct flow *f, const uint8_t *cookie, size_t len)
{
	return f->synlen == len && memcmp(f->syncookie, cookie, len) == 0;
}

/* The options of the answer; all zero where there is none. */
void evidence_options(const struct flow *f, struct tcpopts *o);

/*
 * f was answered by a SYN/ACK with a cookie that can be sent back: of a length that RFC 7413
 * allows, in kind 34 or 254 (kind 253 is read, never sent). One that came to another of our
 * addresses is that one's.
 */
static inline bool evidence_gives(const struct flow *f)
{
	const struct tfo_place *o = &f->reply.tfo;

	return f->kind != PROBE_BORROWED && flow_has_synack(f) && o->state == TFO_COOKIE
		&& (o->kind == TFO_KIND || o->kind == TFO_KIND_EXP);
}

/* The option on that SYN/ACK is the very one that f carried. */
bool evidence_echoes(const struct flow *f);

/*
 * The newest flow of a kind; NULL: not sent. `data` may be there twice (tried again with a new
 * cookie): the newer counts.
 */
const struct flow *evidence_flow(const struct evidence *ev, enum probe_kind kind);

/* The address of ours that f was sent from. */
static inline struct addr evidence_source(const struct evidence *ev, const struct flow *f)
{
	return f->kind == PROBE_BORROWED ? ev->elsewhere : ev->source;
}

/*
 * The deciding flow (tfomap(8), OUTPUT FIELDS): `data` if a SYN/ACK answered it, else the request
 * whose cookie was used, else the first answered probe, else the first sent. NULL: no flows.
 */
const struct flow *evidence_deciding(const struct evidence *ev);

/* The flow whose answer gave the newest usable cookie; NULL: none did. */
const struct flow *evidence_cookie(const struct evidence *ev);

/* How many different cookies requests were given; the same bytes in another kind are the same. */
unsigned int evidence_cookies_seen(const struct evidence *ev);

/*
 * The flow whose answer gave the cookie that f carries, before f; NULL: none did, it was there
 * before the run.
 */
const struct flow *evidence_giver(const struct evidence *ev, const struct flow *f);

/* SYNs that the target took. */
unsigned int evidence_probes(const struct evidence *ev);

/*
 * Takes reply as f's answer, if it is the first or says more: SYN/ACK before RST before ICMP. What
 * an ICMP quote shows stays known, whatever comes beside it. Whether it was taken.
 */
bool evidence_take(struct flow *f, const struct reply *reply);

/* The server's data, before any ACK of ours: a segment. */
void evidence_take_data(struct flow *f, const struct packet_tcp *t);

#endif
