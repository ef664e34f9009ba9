/* PATHspider's conditions, verdict_conditions(). */
#include "verdict.h"

#include "evidence_rig.h"
#include "unit.h"

static struct rig_target t;

#define WORKS		(1u << CONDITION_CONNECTIVITY_WORKS)
#define BROKEN		(1u << CONDITION_CONNECTIVITY_BROKEN)
#define OFFLINE		(1u << CONDITION_CONNECTIVITY_OFFLINE)
#define TRANSIENT	(1u << CONDITION_CONNECTIVITY_TRANSIENT)
#define RECEIVED	(1u << CONDITION_COOKIE_RECEIVED)
#define NOT_RECEIVED	(1u << CONDITION_COOKIE_NOT_RECEIVED)
#define ACKED		(1u << CONDITION_SYNDATA_ACKED | 1u << CONDITION_COOKIE_ACKED)
#define NOT_ACKED	(1u << CONDITION_SYNDATA_NOT_ACKED | 1u << CONDITION_COOKIE_NOT_ACKED)
#define FAILED		(1u << CONDITION_SYNDATA_FAILED | 1u << CONDITION_COOKIE_FAILED)

static const struct {
	uint32_t set;
	struct outcome o[PROBE_KINDS];
} cases[] = {
	/* survey */
	{ OFFLINE, { BLK(REQUEST) } },
	{ OFFLINE, { SENT(REQUEST, RST) } },
	{ OFFLINE, { SENT(REQUEST, ICMP) } },
	{ WORKS | NOT_RECEIVED, { OK(REQUEST) } },
	{ WORKS | NOT_RECEIVED, { SAID(REQUEST, ODD, 0) } },
	{ WORKS | NOT_RECEIVED, { SAID(REQUEST, EMPTY, 0) } },
	{ WORKS | RECEIVED, { GAVE(REQUEST) } },
	{ WORKS | RECEIVED | ACKED, { GAVE(REQUEST), TOOK(DATA) } },
	{ WORKS | RECEIVED | ACKED, { GAVE(REQUEST), SAID(DATA, COOKIE, TARGET_DLEN) } },
	{ WORKS | RECEIVED | NOT_ACKED, { GAVE(REQUEST), OK(DATA) } },
	{ WORKS | RECEIVED | NOT_ACKED, { GAVE(REQUEST), SAID(DATA, ABSENT, 1) } },
	{ WORKS | RECEIVED | NOT_ACKED, { GAVE(REQUEST), SAID(DATA, COOKIE, 0) } },
	{ BROKEN | RECEIVED | FAILED, { GAVE(REQUEST), BLK(DATA) } },
	{ BROKEN | RECEIVED | FAILED, { GAVE(REQUEST), SENT(DATA, RST) } },
	/* a cookie of an earlier run: no request was sent */
	{ WORKS | ACKED, { TOOK(DATA) } },
	{ WORKS | RECEIVED | NOT_ACKED, { SAID(DATA, COOKIE, 0) } },
	{ OFFLINE | FAILED, { BLK(DATA) } },
	/* with a baseline of its own */
	{ WORKS | NOT_RECEIVED, { OK(SYN), OK(REQUEST) } },
	{ WORKS | RECEIVED | ACKED, { OK(SYN), GAVE(REQUEST), TOOK(DATA) } },
	{ BROKEN, { OK(SYN), BLK(REQUEST), BLK(REQUEST_EXP), OK(RECHECK) } },
	{ BROKEN | NOT_RECEIVED, { OK(SYN), BLK(REQUEST), OK(REQUEST_EXP) } },
	{ BROKEN | RECEIVED | FAILED, { OK(SYN), GAVE(REQUEST), BLK(DATA), BLK(RECHECK) } },
	{ WORKS | RECEIVED | ACKED, { BLK(SYN), GAVE(REQUEST), TOOK(DATA), OK(RECHECK) } },
	{ TRANSIENT | RECEIVED | ACKED, { BLK(SYN), GAVE(REQUEST), TOOK(DATA), BLK(RECHECK) } },
	{ TRANSIENT | NOT_RECEIVED, { BLK(SYN), OK(REQUEST) } },
	{ OFFLINE, { BLK(SYN), BLK(REQUEST), SENT(REQUEST_EXP, RST) } },
	/* `blind` in its place */
	{ BROKEN, { BLK(REQUEST), OK(BLIND) } },
	{ WORKS | NOT_RECEIVED, { OK(REQUEST), BLK(BLIND) } },
	{ TRANSIENT | NOT_RECEIVED, { BLK(SYN), OK(REQUEST), TOOK(BLIND) } },
	{ BROKEN | FAILED, { BLK(DATA), TOOK(BLIND) } },
	/* `data` is the experiment, however `request` went */
	{ WORKS | RECEIVED | ACKED, { OK(SYN), OK(REQUEST), GAVE(REQUEST_EXP), TOOK(DATA) } },
	/* no experiment, so no word on it */
	{ 0, { OK(SYN) } },
	{ 0, { OK(SYN), TOOK(BLIND) } },
};

TEST(conditions)
{
	for (size_t i = 0; i < N_OF(cases); i++) {
		uint32_t set;

		target_init(&t);
		for (int k = 0; k < PROBE_KINDS; k++)
			target_add(&t, k, &cases[i].o[k]);
		set = verdict_conditions(&t.ev);
		ck_assert_msg(set == cases[i].set, "case %zu: %#x, not %#x", i, set, cases[i].set);
	}
}

TEST(the_newer_data_counts)
{
	target_init(&t);
	flow_synack(target_send(&t, PROBE_REQUEST), options[COOKIE], 0);
	flow_synack(target_send(&t, PROBE_DATA), options[SAME], 0);
	flow_synack(target_send(&t, PROBE_DATA), options[ABSENT], TARGET_DLEN);
	ck_assert_uint_eq(verdict_conditions(&t.ev), WORKS | RECEIVED | ACKED);
	t.flows[2].reply.class = REPLY_NONE;
	ck_assert_uint_eq(verdict_conditions(&t.ev), BROKEN | RECEIVED | FAILED);
}

TEST(words_are_pathspiders)
{
	static const char *const words[] = {
		"tfo.connectivity.works", "tfo.connectivity.broken", "tfo.connectivity.offline",
		"tfo.connectivity.transient", "tfo.cookie.received", "tfo.cookie.not_received",
		"tfo.syndata.acked", "tfo.syndata.not_acked", "tfo.syndata.failed",
		"tfo.cookie.acked", "tfo.cookie.not_acked", "tfo.cookie.failed",
	};

	ck_assert_uint_eq(N_OF(words), CONDITIONS);
	for (size_t i = 0; i < N_OF(words); i++)
		ck_assert_str_eq(condition_names[i], words[i]);
}
