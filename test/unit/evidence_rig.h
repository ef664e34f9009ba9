/* Evidence made by hand, for the tests of the modules that read it. */
#ifndef TEST_EVIDENCE_RIG_H
#define TEST_EVIDENCE_RIG_H

#include <string.h>

#include "evidence.h"
#include "wire.h"

#define TARGET_FLOWS	14
#define TARGET_DLEN	10		/* payload of the kinds that carry one */
#define TARGET_SENT_NS	5000000000ull	/* when the first probe left; the others 1 s apart */
#define TARGET_RTT_NS	20000000ull
#define TARGET_MSS	"020405b4"
#define TARGET_COOKIE	"3021b9d889017eeb"
#define TARGET_OTHER	"aabbccddeeff0011"

struct rig_target {
	struct flow flows[TARGET_FLOWS];
	struct evidence ev;
};

static inline void target_init(struct rig_target *t)
{
	memset(t, 0, sizeof(*t));
	t->ev.flows = t->flows;
}

/* One more probe of a kind, as it is sent: silent so far. cached: hex of the cookie it carries. */
static inline struct flow *
target_send_cookie(struct rig_target *t, enum probe_kind kind, const char *cached)
{
	struct tfo_option option = { .state = TFO_COOKIE, .kind = TFO_KIND };
	struct flow *f = &t->flows[t->ev.nflows];

	probe_option(kind, &option);
	*f = (struct flow){ .kind = (uint8_t)kind, .sent = 1, .seq = 0xfffffffau };
	f->sent_ns = TARGET_SENT_NS + t->ev.nflows * 1000000000ull;
	f->dlen = probe_types[kind].payload ? TARGET_DLEN : 0;
	f->synkind = option.kind;
	if (option.state == TFO_COOKIE)
		f->synlen = (uint8_t)wire_hex(cached, f->syncookie);
	t->ev.nflows++;
	return f;
}

static inline struct flow *target_send(struct rig_target *t, enum probe_kind kind)
{
	return target_send_cookie(t, kind, TARGET_COOKIE);
}

/* The answer to f: its class, and the hex of its option area. */
static inline void flow_answer(struct flow *f, enum reply_class class, const char *opts)
{
	uint8_t area[TCPOPT_AREA_MAX] = { 0 };
	size_t len = wire_hex(opts, area);

	f->reply = (struct reply){ .class = (uint8_t)class, .ttl = 64, .window = 65160 };
	evidence_reply_options(&f->reply, area, len);
	f->reply.flags = class == REPLY_RST ? TCP_RST | TCP_ACK : TCP_SYN | TCP_ACK;
	f->reply.time_ns = f->sent_ns + TARGET_RTT_NS;
}

static inline void flow_synack(struct flow *f, const char *opts, uint32_t acked)
{
	flow_answer(f, REPLY_SYNACK, opts);
	f->reply.acked = acked;
	f->reply.ack = f->seq + 1 + acked;
}

/* What came of a probe, in the terms of the rules. */
enum answer { UNSENT, SILENT, RST, ICMP, SA };

enum option { ABSENT, EMPTY, COOKIE, COOKIE_EXP, SAME, ODD, CUT };

static const char *const options[] = {
	[ABSENT] = TARGET_MSS, [EMPTY] = TARGET_MSS "2202",
	[COOKIE] = TARGET_MSS "220a" TARGET_OTHER, [SAME] = TARGET_MSS "220a" TARGET_COOKIE,
	[COOKIE_EXP] = TARGET_MSS "fe0cf989" TARGET_OTHER,
	[ODD] = TARGET_MSS "2205112233", [CUT] = TARGET_MSS "220a1122",
};

struct outcome {
	enum answer answer;
	enum option option;
	uint32_t acked;
	bool late;
	bool stripped;			/* beside, an ICMP quote of the SYN lacks its option */
	struct course course;		/* where the connection was carried on */
};

/* What became of a connection that was carried on. */
#define COURSE(end_, synacks_, ack_came_, len_) \
	{ .end = COURSE_##end_, .synacks = synacks_, .ack_came = ack_came_, .response_len = len_ }

/* The outcome of a probe that a SYN/ACK answers. */
#define ANSWERED(option_, acked_, late_, stripped_) \
	{ .answer = SA, .option = option_, .acked = acked_, .late = late_, .stripped = stripped_ }

/* Sends a probe and answers it as o says; nothing where o says that it was not sent. */
static inline void target_add(struct rig_target *t, enum probe_kind kind, const struct outcome *o)
{
	struct flow *f;

	if (o->answer == UNSENT)
		return;
	f = target_send(t, kind);
	f->stripped = o->stripped;
	switch (o->answer) {
	case SA:
		flow_synack(f, options[o->option], o->acked);
		f->course = o->course;
		if (o->late)
			f->reply.time_ns = f->sent_ns + EVIDENCE_LATE_NS;
		break;
	case RST:
		flow_answer(f, REPLY_RST, "");
		break;
	case ICMP:
		flow_answer(f, REPLY_ICMP, "");
		break;
	case UNSENT:
	case SILENT:
		break;
	}
}

/* Initializers of an array of outcomes by kind, so that a case says only what matters. */
#define SENT(kind, how)			[PROBE_##kind] = { .answer = (how) }
#define SAID(kind, option, acked)	[PROBE_##kind] = ANSWERED(option, acked, false, false)
#define LATE(kind, option)		[PROBE_##kind] = ANSWERED(option, 0, true, false)
#define OK(kind)			SAID(kind, ABSENT, 0)
#define GAVE(kind)			SAID(kind, COOKIE, 0)
#define TOOK(kind)			SAID(kind, ABSENT, TARGET_DLEN)
#define BLK(kind)			SENT(kind, SILENT)

#endif
