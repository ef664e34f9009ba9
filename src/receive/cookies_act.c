#include "receive/cookies.h"

#include "base/clock.h"
#include "cache/trail.h"
#include "config/config.h"
#include "receive/rows.h"
#include "receive/sent.h"
#include "state/shared.h"
#include "verdict.h"

#define CARRY_LOOK_NS	(250 * NS_PER_MS)	/* all the same, so that their queue is in order */
#define KEEP_NS		(8 * NS_PER_S)	/* SYN/ACKs are sent again after about 1, 3 and 7 s */

struct sender *cookies_sender(const struct cookies *c, const struct entry *en, uint64_t *pos)
{
	return sender_at(c->senders, c->nsenders, en->k, pos);
}

/* Where the send thread stamps what it does for the entry, among those of all parts. */
static uint32_t stamp_slot(const struct cookies *c, const struct entry *en)
{
	return (uint32_t)(en->stamp - c->s->stamps);
}

bool cookies_stopping(const struct cookies *c)
{
	return atomic_load_explicit(c->stop, memory_order_relaxed) >= STOP_SENDING;
}

/* ---- what a state had under way ------------------------------------------------------------ */

/* The flow under way, as far as it was sent. */
static void close_flow(struct entry *en)
{
	struct flow *f = entry_newest(en);
	uint64_t ns = sent_newest_ns(en);

	f->sent = (uint8_t)(en->tried - !ns);
	if (!f->sent)
		en->nflows--;
	else if (en->tried == 1 && flow_is_silent(f))
		f->sent_ns = ns;
}

/* Arms that were not answered stay silent. */
static void close_arms(const struct cookies *c, struct entry *en)
{
	uint64_t pos;
	const struct sender *sd = cookies_sender(c, en, &pos);
	struct flow f;

	for (unsigned int arm = 0; arm < sd->window.arms; arm++) {
		bool there = false;

		if (!sent_arm(sd, pos, arm))
			continue;
		facts_describe_arm(c->facts, en->x, &en->target, en->source, arm, &f);
		sent_fill_arm(sd, pos, arm, &f);
		for (unsigned int i = 0; i < en->nflows; i++)
			there |= en->flows[i].kind == f.kind;
		if (!there)
			entry_add_arm(en, &f);
	}
}

/* Ends what its state had under way. */
static void end_state(const struct cookies *c, struct entry *en)
{
	if (en->state == ENTRY_UNDER_WAY)
		close_flow(en);
	else if (en->state == ENTRY_SWEEP && en->nflows < plan_arms(&c->facts->plan))
		close_arms(c, en);
}

/* ---- questions ----------------------------------------------------------------------------- */

/* A blocked verdict is tested once more, later. */
static bool wants_confirmation(const struct cookies *c, const struct entry *en)
{
	struct evidence ev;

	if (!c->facts->plan.confirm || en->round > 0 || cookies_stopping(c))
		return false;
	ev = entry_evidence(en);
	return verdict_is_blocked(verdict_decide(&ev));
}

/* Whether the newest probe may still be answered, or has tries left. */
static bool is_tried(const struct entry *en)
{
	return (en->state == ENTRY_UNDER_WAY || (en->state == ENTRY_GAP && en->tried))
	       && flow_is_silent(entry_newest(en));
}

/* Whether what is known of the entry's target is all that the plan needs, and had its time. */
static bool is_known(const struct cookies *c, const struct entry *en)
{
	struct plan_want want;
	struct evidence ev;

	if (en->nflows == 0 || is_tried(en))
		return false;
	if (trail_is_wanted(&c->facts->plan, en))
		return false;
	ev = entry_evidence(en);
	return en->nflows == c->cache.nflows
	       || !plan_next(&c->facts->plan, &ev, en->round, &want)
	       /* Data was not sent, says this verdict; a run that goes on sends it. */
	       || (en->round == 0 && !(c->s->saving && cookies_stopping(c))
		   && verdict_decide(&ev) == VERDICT_COOKIE_ONLY);
}

/* Silence on a connection proves nothing where some of it may have been lost here. */
static bool is_course_in_doubt(const struct cookies *c, const struct entry *en, uint64_t now_ns)
{
	uint64_t pos, from_ns = en->conn.opened_ns;
	const struct sender *sd = cookies_sender(c, en, &pos);

	return entry_newest(en)->course.end == COURSE_SILENT
	       && (en->conn.unsent || loss_log_overlaps(&c->part->losses, from_ns, now_ns)
		   || sent_is_astray_between(sd, c->facts->neigh, en->target.ip, from_ns, now_ns));
}

/* ---- actions: each returns the state that follows, or COOKIES_STAYS ------------------------ */

typedef enum entry_state action_fn(struct cookies *c, struct entry *en, uint64_t now_ns);

static enum entry_state wait_for(struct entry *en, enum entry_state state, uint64_t due_ns)
{
	en->due_ns = due_ns;
	return state;
}

static enum entry_state do_wait_on(struct cookies *c, struct entry *en, uint64_t now_ns)
{
	(void)c;
	return wait_for(en, ENTRY_LINGER, now_ns + PLAN_LINGER_NS);
}

/* It is counted with its row, or not at all. */
static void forget_cookie(struct cookies *c, struct entry *en)
{
	if (en->gave)
		atomic_store_explicit(&c->part->cookies, --c->gave, memory_order_relaxed);
	en->gave = false;
}

/*
 * The scan ends before the target is known, or its probes may not have come past the gateway: no
 * row, as that could be false.
 */
static enum entry_state do_leave(struct cookies *c, struct entry *en, uint64_t now_ns)
{
	uint64_t pos;
	struct sender *sd = cookies_sender(c, en, &pos);

	/* Nor is it a new target, should it answer once more when this is forgotten. */
	window_mark(&sd->window, pos, WINDOW_DONE);
	rows_leave(c->s, en->k);
	forget_cookie(c, en);
	trail_end(en);
	return wait_for(en, ENTRY_DONE, now_ns + KEEP_NS);
}

static enum entry_state write_row(struct cookies *c, struct entry *en, uint64_t now_ns)
{
	forget_cookie(c, en);
	c->done(c->arg, en);
	trail_end(en);
	return wait_for(en, ENTRY_DONE, now_ns + KEEP_NS);
}

static enum entry_state rest(struct cookies *c, struct entry *en, uint64_t now_ns)
{
	return wait_for(en, ENTRY_HOP_REST,
			now_ns + c->facts->config->probing.timeout_ns + PLAN_REST_NS);
}

/* The next hop probe, after the gap or once the hop has had its rest; or the row. */
static enum entry_state plan_hop(struct cookies *c, struct entry *en, uint64_t now_ns)
{
	enum entry_state state = trail_next(en);

	if (state == ENTRY_DONE)
		return write_row(c, en, now_ns);
	if (state == ENTRY_HOP_REST)
		return rest(c, en, now_ns);
	return wait_for(en, state, now_ns + PLAN_GAP_NS);
}

static enum entry_state do_finish(struct cookies *c, struct entry *en, uint64_t now_ns)
{
	if (wants_confirmation(c, en))
		return wait_for(en, ENTRY_CONFIRM,
				now_ns + c->facts->config->probing.confirm_ns);
	if (!trail_is_wanted(&c->facts->plan, en))
		return write_row(c, en, now_ns);
	if (cookies_stopping(c)
	    || !trail_begin(&c->facts->validator,
			    (unsigned int)c->facts->config->probing.max_hops, en))
		return do_leave(c, en, now_ns);
	return plan_hop(c, en, now_ns);
}

static enum entry_state do_finish_known(struct cookies *c, struct entry *en, uint64_t now_ns)
{
	return is_known(c, en) ? do_finish(c, en, now_ns) : do_leave(c, en, now_ns);
}

static enum entry_state do_conclude(struct cookies *c, struct entry *en, uint64_t now_ns)
{
	return is_known(c, en) ? write_row(c, en, now_ns) : do_leave(c, en, now_ns);
}

/* A probe after the gap, or the row. */
static enum entry_state plan_probe(struct cookies *c, struct entry *en, uint64_t now_ns)
{
	const struct facts *f = c->facts;
	struct evidence ev = entry_evidence(en);

	if (en->nflows >= c->cache.nflows || !plan_next(&f->plan, &ev, en->round, &en->want))
		return do_finish(c, en, now_ns);
	if (probe_types[en->want.kind].option == PROBE_OPTION_FORGED)
		facts_forge(f, &en->target, &en->want.cookie);
	en->tried = 0;
	return wait_for(en, ENTRY_GAP, now_ns + PLAN_GAP_NS);
}

static void send_due(struct cookies *c, struct entry *en, unsigned int due)
{
	if (c->carry_on && due)
		c->carry_on(c->arg, en, due);
}

static enum entry_state open_connection(struct cookies *c, struct entry *en, uint64_t now_ns)
{
	uint8_t payload[PAYLOAD_MAX];
	size_t len = facts_payload(c->facts, en->x, &en->target, payload);

	send_due(c, en, conn_open(&en->conn, entry_newest(en), (uint16_t)len, now_ns));
	return wait_for(en, ENTRY_CARRY, now_ns + CARRY_LOOK_NS);
}

static enum entry_state do_plan(struct cookies *c, struct entry *en, uint64_t now_ns)
{
	struct evidence ev = entry_evidence(en);

	if (plan_carries_on(&c->facts->plan, &ev))
		return open_connection(c, en, now_ns);
	if (entry_took_data(en))
		return wait_for(en, ENTRY_TEARDOWN, now_ns + PLAN_TEARDOWN_DELAY_NS);
	return plan_probe(c, en, now_ns);
}

static enum entry_state do_tear_down(struct cookies *c, struct entry *en, uint64_t now_ns)
{
	if (c->tear_down)
		c->tear_down(c->arg, en);
	return plan_probe(c, en, now_ns);
}

static enum entry_state do_break_off(struct cookies *c, struct entry *en, uint64_t now_ns)
{
	if (c->tear_down)
		c->tear_down(c->arg, en);
	return do_leave(c, en, now_ns);
}

static enum entry_state do_close(struct cookies *c, struct entry *en, uint64_t now_ns)
{
	return is_course_in_doubt(c, en, now_ns) ? do_break_off(c, en, now_ns)
	       : do_tear_down(c, en, now_ns);
}

/* All that came by the time that was waited for was taken. */
static enum entry_state do_carry_on(struct cookies *c, struct entry *en, uint64_t now_ns)
{
	struct flow *f = entry_newest(en);
	uint64_t pos;

	/* Time stands still while what is ours waits for the rate. */
	if (c->carry_on && !ring_has_popped(&cookies_sender(c, en, &pos)->segments,
					    en->conn.waits)) {
		conn_pause(&en->conn, CARRY_LOOK_NS);
		return wait_for(en, ENTRY_CARRY, en->due_ns + CARRY_LOOK_NS);
	}
	send_due(c, en, conn_look(&en->conn, f, c->facts->config->probing.timeout_ns, en->due_ns));
	if (f->course.end != COURSE_OPEN)
		return do_close(c, en, now_ns);
	return wait_for(en, ENTRY_CARRY, en->due_ns + CARRY_LOOK_NS);
}

/* Hands the wanted probe's next attempt to the send thread; not where the ring is full. */
static enum entry_state do_request(struct cookies *c, struct entry *en, uint64_t now_ns)
{
	uint64_t before_ns = en->tried ? sent_newest_ns(en) : 0, pos;
	bool borrowed = en->want.kind == PROBE_BORROWED;
	struct followup f = {
		.x = en->x, .target = en->target,
		.source = borrowed ? en->elsewhere : en->source,
		.slot = stamp_slot(c, en), .kind = en->want.kind,
		.attempt = (uint8_t)(en->want.attempt + en->tried), .cookie = en->want.cookie,
	};

	/* A capture shows when, or that its run came to an end before. */
	if (c->sees_sent && en->state == ENTRY_UNDER_WAY)
		return wait_for(en, ENTRY_GAP, now_ns);
	atomic_store_explicit(en->stamp, 0, memory_order_relaxed);
	if (!ring_push(&cookies_sender(c, en, &pos)->followups, &f)) {
		atomic_store_explicit(en->stamp, before_ns, memory_order_relaxed);
		return COOKIES_STAYS;
	}
	en->before_ns = before_ns;
	if (en->tried++ == 0)
		facts_describe(c->facts, en->x, &en->target, f.source, f.kind, f.attempt,
			       &f.cookie, &en->flows[en->nflows++]);
	return wait_for(en, ENTRY_UNDER_WAY, now_ns);
}

static enum entry_state do_hop_request(struct cookies *c, struct entry *en, uint64_t now_ns)
{
	struct followup f;
	uint64_t pos;

	if (trail_rests_on(en))
		return rest(c, en, now_ns);
	trail_fill(en, &f);
	f.slot = stamp_slot(c, en);
	atomic_store_explicit(en->stamp, 0, memory_order_relaxed);
	if (!ring_push(&cookies_sender(c, en, &pos)->followups, &f))
		return COOKIES_STAYS;
	trail_request(en);
	return wait_for(en, ENTRY_HOP, now_ns);
}

static enum entry_state do_hop_next(struct cookies *c, struct entry *en, uint64_t now_ns)
{
	trail_close(en, sent_newest_ns(en));
	return plan_hop(c, en, now_ns);
}

/* The whole plan once more; what the first round said is kept beside it. */
static enum entry_state do_repeat(struct cookies *c, struct entry *en, uint64_t now_ns)
{
	struct evidence ev = entry_evidence(en);

	en->first_verdict = (uint8_t)verdict_decide(&ev);
	en->sent_before = (uint16_t)evidence_probes(&ev);
	en->round = 1;
	en->nflows = 0;
	return plan_probe(c, en, now_ns);
}

/* Without a function: what follows is all. */
static action_fn *const actions[ENTRY_ACTIONS] = {
	[ENTRY_DO_WAIT_ON] = do_wait_on,
	[ENTRY_DO_PLAN] = do_plan,
	[ENTRY_DO_TEAR_DOWN] = do_tear_down,
	[ENTRY_DO_CARRY_ON] = do_carry_on,
	[ENTRY_DO_CLOSE] = do_close,
	[ENTRY_DO_BREAK_OFF] = do_break_off,
	[ENTRY_DO_REQUEST] = do_request,
	[ENTRY_DO_REPEAT] = do_repeat,
	[ENTRY_DO_FINISH] = do_finish,
	[ENTRY_DO_FINISH_KNOWN] = do_finish_known,
	[ENTRY_DO_HOP_REQUEST] = do_hop_request,
	[ENTRY_DO_HOP_NEXT] = do_hop_next,
	[ENTRY_DO_CONCLUDE] = do_conclude,
	[ENTRY_DO_LEAVE] = do_leave,
};

enum entry_state cookies_act(struct cookies *c, struct entry *en, const struct entry_rule *rule,
			     uint64_t now_ns)
{
	action_fn *action = actions[rule->action];

	if (rule->action == ENTRY_DO_STAY)
		return COOKIES_STAYS;
	end_state(c, en);
	return action ? action(c, en, now_ns) : (enum entry_state)__builtin_ctz(rule->next);
}
