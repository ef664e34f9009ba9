#include "evidence_rig.h"
#include "in_question.h"
#include "unit.h"

#define GIVES TARGET_MSS "220a" TARGET_COOKIE

/* What was sent, in order, and whether it was answered: "syn+" by a SYN/ACK, "data-" not. */
static const struct {
	const char *sent;
	enum probe_kind kind;		/* PROBE_KINDS: none is in question */
	enum locate_goal goal;
} cases[] = {
	{ "syn+ request- request-exp- recheck+", PROBE_REQUEST, LOCATE_DROP },
	{ "syn+ request+ request-exp+", PROBE_REQUEST, LOCATE_CHANGE },
	{ "syn+ request-exp+", PROBE_REQUEST_EXP, LOCATE_CHANGE },
	{ "syn+ request* data+", PROBE_KINDS, 0 },
	{ "syn+ request* data- blind- bare+ recheck+", PROBE_BLIND, LOCATE_DROP },
	{ "syn+ request* data- blind+ bare- recheck+", PROBE_BARE, LOCATE_DROP },
	{ "syn+ request* data- blind- bare- recheck+", PROBE_DATA, LOCATE_DROP },
	{ "syn+ request* data- blind+ bare+ forged+ recheck+", PROBE_DATA, LOCATE_CHANGE },
	{ "syn+ request* data- blind+ bare+ forged- recheck-", PROBE_KINDS, 0 },
	{ "syn- request+ recheck-", PROBE_KINDS, 0 },
	{ "syn- request-", PROBE_KINDS, 0 },
	{ "request+", PROBE_KINDS, 0 },
};

static enum probe_kind kind_named(const char *name, size_t len)
{
	unsigned int kind = 0;

	while (strlen(probe_types[kind].name) != len
	       || memcmp(probe_types[kind].name, name, len) != 0)
		ck_assert_uint_lt(++kind, PROBE_KINDS);
	return kind;
}

static void send_all(struct rig_target *t, const char *sent)
{
	target_init(t);
	for (const char *p = sent; *p; p += strspn(p, " ")) {
		size_t len = strcspn(p, " ") - 1;
		struct flow *f = target_send(t, kind_named(p, len));

		f->sent = 3;
		f->attempt = 5;
		if (p[len] != '-')
			flow_synack(f, p[len] == '*' ? GIVES : TARGET_MSS, f->kind == PROBE_DATA
				    ? f->dlen : 0);
		p += len + 1;
	}
}

TEST_EACH(finds_the_probe, cases)
{
	struct in_question q;
	struct rig_target t;

	send_all(&t, row->sent);
	ck_assert_msg(in_question_find(&t.ev, &q) == (row->kind != PROBE_KINDS), "%s", row->sent);
	if (row->kind == PROBE_KINDS)
		return;
	ck_assert_msg(q.flow->kind == row->kind && q.goal == row->goal, "%s", row->sent);
	ck_assert_ptr_eq(q.flow, evidence_flow(&t.ev, row->kind));
	ck_assert_uint_eq(q.answer_ttl, 64);
	/* The last attempt, of one that was not answered. */
	ck_assert_uint_eq(q.attempt, flow_is_silent(q.flow) ? 7 : 5);
}
