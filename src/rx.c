#include "rx.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "capfile.h"
#include "clock.h"
#include "config.h"
#include "cookiefile.h"
#include "cookies.h"

#define LOST_EVERY_NS	(100 * NS_PER_MS)	/* how often the capture is asked for its losses */
#define SILENT_CHUNK	16384			/* silent rows between two looks at the capture */
#define CLOCK_STEP_NS	(10 * (int64_t)NS_PER_MS)	/* the wall clock was set */

struct rx {
	struct shared *s;
	struct rx_pcap *packets;
	struct sink *sink;
	struct cookiefile *cookie_log;
	struct cookies cookies;
	bool slots_needed;		/* retries or silent rows: places must not be recycled early */
	bool foreign;			/* some source address is not the kernel's */
	int64_t wall_offset_ns;		/* now: follows steps of the wall clock */
	uint64_t now_ns;		/* a capture file's clock; live: of the last tick */
	uint64_t lost_ns;		/* when the losses were read last */
	struct target_extra extra;	/* too large for a stack frame */
};

/* One validated answer on its way through. */
struct arrival {
	struct validate_match m;
	const struct packet *p;
	uint64_t x, k;			/* the target's index and place */
	struct target target;
	uint64_t ns;			/* when it came, on the run's clock */
};

/* ---- rows ---------------------------------------------------------------------------------- */

static void write_row(struct rx *rx, uint64_t x, const struct evidence *ev)
{
	struct shared *s = rx->s;
	struct tfo_option cookie;

	if (evidence_cookie(ev, &cookie))
		stat_add(&s->stats, STAT_cookies, 1);
	if (targets_have_extra(s->targets)) {
		targets_extra(s->targets, x, &rx->extra);
		sink_target(rx->sink, ev, &rx->extra);
	} else {
		sink_target(rx->sink, ev, NULL);
	}
	if (s->config->max_results && sink_rows(rx->sink) >= s->config->max_results) {
		atomic_store(&s->rx_full, true);
		if (rx->packets)
			rx_pcap_break(rx->packets);
	}
}

static bool full(const struct rx *rx)
{
	return atomic_load_explicit(&rx->s->rx_full, memory_order_relaxed);
}

static void mark(struct rx *rx, uint64_t k, uint8_t bits)
{
	if (window_status(&rx->s->window, k))
		window_mark(&rx->s->window, k, bits);
}

/* The cookie cache's targets, when nothing more is due. */
static void entry_done(void *arg, const struct entry *en)
{
	struct rx *rx = arg;
	struct evidence ev = {
		.ip = en->target.ip, .source = en->source, .port = en->target.port,
		.nflows = en->nflows, .flows = en->flows,
	};

	if (full(rx))
		return;
	mark(rx, en->k, WINDOW_DONE);
	write_row(rx, en->x, &ev);
}

static void reply_row(struct rx *rx, const struct arrival *a, struct flow *f,
		      const struct reply *reply, enum result_repeat repeat, bool late)
{
	struct flow row = *f;

	if (rx->s->config->rows != ROWS_REPLY || full(rx))
		return;
	row.reply = *reply;
	sink_reply(rx->sink, a->target.ip, a->target.port, a->m.src, &row, repeat, late);
	if (rx->s->config->max_results && sink_rows(rx->sink) >= rx->s->config->max_results)
		atomic_store(&rx->s->rx_full, true);
}

/* ---- answers ------------------------------------------------------------------------------- */

/* What the SYN of this very attempt carried, as the sweep or a past follow-up sent it. */
static void describe(const struct rx *rx, const struct arrival *a, struct flow *f)
{
	const struct shared *s = rx->s;
	uint8_t payload[PAYLOAD_MAX];
	struct tfo_option cookie;

	*f = (struct flow){
		.kind = a->m.kind, .attempt = a->m.attempt, .sent = (uint8_t)(a->m.attempt + 1),
		.synkind = TFO_KIND, .sport = a->m.tag.sport, .seq = a->m.tag.seq,
	};
	if (probe_types[f->kind].payload)
		f->dlen = (uint16_t)shared_payload(s, a->x, &a->target, payload);
	if (probe_types[f->kind].option == PROBE_OPTION_CACHED && s->store
	    && cookiefile_find(s->store, a->m.src, a->target.ip, a->target.port, &cookie)) {
		f->synkind = cookie.kind;
		f->synlen = cookie.len;
		memcpy(f->syncookie, cookie.cookie, cookie.len);
	}
}

/* True where the sweep itself sends this kind to this target. */
static bool of_sweep(const struct rx *rx, const struct arrival *a)
{
	const struct shared *s = rx->s;
	struct tfo_option cookie;
	bool stored = s->store && cookiefile_find(s->store, a->m.src, a->target.ip,
						  a->target.port, &cookie);

	return a->m.kind == (stored ? PROBE_DATA : PROBE_REQUEST)
	       && a->m.attempt < s->window.attempts;
}

static void count_first(struct rx *rx, const struct reply *r)
{
	static const enum stat_id ids[] = {
		[REPLY_SYNACK] = STAT_synacks, [REPLY_RST] = STAT_rsts, [REPLY_ICMP] = STAT_icmps,
	};

	stat_add(&rx->s->stats, ids[r->class], 1);
}

/* An answer that came before: at once (doubled on the way), or after the server's timer. */
static enum result_repeat count_repeat(struct rx *rx, uint64_t since_ns)
{
	bool again = since_ns >= EVIDENCE_LATE_NS;

	stat_add(&rx->s->stats, again ? STAT_retransmissions : STAT_duplicates, 1);
	return again ? REPEAT_RETRANSMISSION : REPEAT_DUPLICATE;
}

static bool count_late(struct rx *rx, const struct arrival *a, uint64_t sent_ns)
{
	bool late = sent_ns && a->ns > sent_ns + rx->s->config->timeout_ns;

	stat_add(&rx->s->stats, STAT_late, late);
	return late;
}

static void save_cookie(struct rx *rx, const struct arrival *a, const struct flow *f)
{
	struct tcpopts o;

	if (!rx->cookie_log || f->reply.class != REPLY_SYNACK)
		return;
	evidence_options(f, &o);
	if (o.tfo.state == TFO_COOKIE)
		cookiefile_append(rx->cookie_log, a->m.src, a->target.ip, a->target.port,
				  o.tfo.kind, o.tfo.cookie, o.tfo.len,
				  a->ns + (uint64_t)rx->s->wall_offset_ns);
}

/* SYN/ACK before RST before ICMP before silence. */
static bool better(enum reply_class new, enum reply_class old)
{
	return old == REPLY_NONE || (new < old && new != REPLY_NONE);
}

/* The answer to a target that is in the cookie cache. */
static void answer_entry(struct rx *rx, const struct arrival *a, struct entry *en,
			 const struct reply *reply)
{
	struct flow *f = cookies_flow(&rx->cookies, en, a->m.kind, a->m.attempt, &a->m.tag);

	if (!f) {
		stat_add(&rx->s->stats, STAT_drop_unsent, 1);
		return;
	}
	if (!better((enum reply_class)reply->class, (enum reply_class)f->reply.class)) {
		reply_row(rx, a, f, reply, count_repeat(rx, a->ns - f->reply.time_ns), false);
		return;
	}
	f->reply = *reply;
	count_first(rx, reply);
	reply_row(rx, a, f, reply, REPEAT_NONE, count_late(rx, a, f->sent_ns));
	save_cookie(rx, a, f);
	cookies_answered(&rx->cookies, en, a->ns);
}

/* The first answer of a target: its row, or an entry where something more is due. */
static void answer_first(struct rx *rx, const struct arrival *a, struct flow *f, bool late)
{
	struct shared *s = rx->s;
	struct evidence ev = {
		.ip = a->target.ip, .source = a->m.src, .port = a->target.port,
		.nflows = 1, .flows = f,
	};
	struct plan_want want;
	struct entry *en = NULL;
	bool more = f->reply.class != REPLY_SYNACK || plan_next(&s->plan, &ev, &want);
	uint8_t status = window_status(&s->window, a->k);

	if (status)
		f->sent = status & WINDOW_SENT_MASK;
	if (more) {
		en = cookies_add(&rx->cookies, a->k, a->x, &a->target, a->m.src, f);
		if (!en) {
			stat_add(&s->stats, STAT_table_full, 1);
			return;
		}
	}
	/* From here on no retry goes out; one that overtook us counts. */
	if (status)
		f->sent = window_mark(&s->window, a->k, WINDOW_ANSWERED) & WINDOW_SENT_MASK;
	count_first(rx, &f->reply);
	reply_row(rx, a, f, &f->reply, REPEAT_NONE, late);
	save_cookie(rx, a, f);
	if (en) {
		en->flows[0].sent = f->sent;
		cookies_answered(&rx->cookies, en, a->ns);
	} else {
		mark(rx, a->k, WINDOW_DONE);
		write_row(rx, a->x, &ev);
	}
}

/* The answer to a target that is not in the cookie cache: new, or one whose row is written. */
static void answer_place(struct rx *rx, const struct arrival *a, struct flow *f,
			 const struct reply *reply)
{
	struct shared *s = rx->s;
	uint8_t status = window_status(&s->window, a->k);
	bool sweep = of_sweep(rx, a), late;

	if (sweep)
		f->sent_ns = sendlog_time(&s->window.cursor[a->m.attempt].log, a->k);
	late = count_late(rx, a, f->sent_ns);
	f->reply = *reply;
	if (status & (WINDOW_DONE | WINDOW_ANSWERED) || !sweep) {
		/* Without an entry the time of its first answer is not known: its probe's stands in. */
		uint64_t since_ns = f->sent_ns ? a->ns - f->sent_ns : EVIDENCE_LATE_NS;

		reply_row(rx, a, f, reply, count_repeat(rx, since_ns), late);
	} else if (status && a->m.attempt >= (status & WINDOW_SENT_MASK)) {
		stat_add(&s->stats, STAT_drop_unsent, 1);
	} else if (!status && s->config->report == REPORT_ALL) {
		reply_row(rx, a, f, reply, REPEAT_NONE, late);	/* its silent row is written */
	} else {
		answer_first(rx, a, f, late);
	}
}

/* A connection that is now half open at the server, and that our kernel does not know of. */
static void clean_up(struct rx *rx, const struct arrival *a)
{
	struct shared *s = rx->s;
	bool v6 = !addr_is_v4(a->m.src);
	struct cleanup c = {
		.src = a->m.src, .dst = a->target.ip, .sport = a->m.tag.sport,
		.dport = a->target.port, .seq = a->p->tcp.ack,
	};

	for (unsigned int i = 0; i < s->nsources[v6]; i++)
		if (s->sources[v6][i].foreign && addr_eq(s->sources[v6][i].addr, c.src)
		    && !ring_push(&s->cleanups, &c))
			stat_add(&s->stats, STAT_cleanup_lost, 1);
}

static void answer(struct rx *rx, const struct arrival *a)
{
	struct entry *en = cookies_find(&rx->cookies, a->k);
	struct reply reply;
	struct flow f;

	describe(rx, a, &f);
	if (a->m.class != VALIDATE_ICMP && a->m.acked > f.dlen) {
		stat_add(&rx->s->stats, STAT_drop_foreign, 1);
		return;
	}
	if (a->m.class == VALIDATE_SYNACK && rx->foreign)
		clean_up(rx, a);
	evidence_reply(&reply, a->p, a->m.acked, a->ns);
	if (a->m.class == VALIDATE_DATA) {
		struct flow *asked = en ? cookies_flow(&rx->cookies, en, a->m.kind, a->m.attempt,
						       &a->m.tag) : NULL;

		stat_add(&rx->s->stats, STAT_early_data, 1);
		if (asked)
			asked->rlen += reply.payload_len;
		return;
	}
	if (en)
		answer_entry(rx, a, en, &reply);
	else
		answer_place(rx, a, &f, &reply);
}

/* Our own SYN in a saved capture: what the send thread notes when it sends. */
static void seen_leaving(struct rx *rx, const struct arrival *a)
{
	struct window *w = &rx->s->window;
	struct entry *en = cookies_find(&rx->cookies, a->k);
	struct window_cursor *cursor = &w->cursor[a->m.attempt];

	if (!of_sweep(rx, a)) {
		if (en)
			cookies_sent(&rx->cookies, en, a->ns);
		return;
	}
	if (window_has_room(w, a->k) && (a->m.attempt == 0 || window_status(w, a->k))) {
		if (a->m.attempt == 0)
			window_start(w, a->k);
		else
			window_retry(w, a->k);
	}
	sendlog_add(&cursor->log, a->k, a->ns);
	if (a->k >= atomic_load(&cursor->done))
		atomic_store(&cursor->done, a->k + 1);
	if (a->k >= atomic_load(&w->reserved))
		atomic_store(&w->reserved, a->k + 1);
}

/* A capture may lack what was sent: then an answer shows that its probe was. */
static void suppose_sent(struct rx *rx, const struct arrival *a)
{
	struct window *w = &rx->s->window;

	if (!window_status(w, a->k) && window_has_room(w, a->k)
	    && a->k >= atomic_load(&w->floor))
		for (window_start(w, a->k); window_status(w, a->k) <= a->m.attempt;)
			window_retry(w, a->k);
}

/* ---- packets ------------------------------------------------------------------------------- */

static void save_frame(const struct rx *rx, const struct rx_frame *fr)
{
	if (rx->s->capture)
		capfile_write(rx->s->capture, fr->bytes, fr->caplen, fr->len, fr->wall_ns);
}

/* Whose packet it is; false: nobody's, and counted. */
static bool recognise(struct rx *rx, const struct rx_frame *fr, struct packet *p,
		      struct arrival *a)
{
	struct shared *s = rx->s;
	enum packet_fault fault = packet_parse(p, fr->ip, fr->ip_caplen);

	stat_add(&s->stats, STAT_received, 1);
	if (fault != PACKET_OK) {
		stat_add(&s->stats, fault == PACKET_OTHER ? STAT_drop_foreign : STAT_drop_parse, 1);
		return false;
	}
	validate_packet(&s->validator, p, PAYLOAD_MAX, &a->m);
	if (a->m.class == VALIDATE_RST_BARE)
		stat_add(&s->stats, STAT_rsts_bare, 1);
	else if (a->m.class == VALIDATE_FOREIGN)
		stat_add(&s->stats, STAT_drop_foreign, 1);
	if (a->m.class == VALIDATE_RST_BARE || a->m.class == VALIDATE_FOREIGN)
		return false;
	a->p = p;
	a->target = (struct target){ a->m.dst, a->m.dport };
	if (targets_index(s->targets, a->m.dst, a->m.dport, &a->x)
	    && order_place(&s->order, a->x, &a->k)
	    && (s->config->rx_file
		|| a->k < atomic_load_explicit(&s->window.reserved, memory_order_acquire)))
		return true;
	stat_add(&s->stats, STAT_drop_unsent, 1);
	return false;
}

static void on_frame(void *arg, const struct rx_frame *fr)
{
	struct rx *rx = arg;
	struct packet p;
	struct arrival a;

	if (full(rx) || !recognise(rx, fr, &p, &a))
		return;
	a.ns = fr->wall_ns - (uint64_t)rx->wall_offset_ns;
	if (a.m.class == VALIDATE_SENT) {
		if (!rx->s->config->rx_file)
			stat_add(&rx->s->stats, STAT_drop_foreign, 1);	/* a loop */
		else
			seen_leaving(rx, &a);
		return;
	}
	save_frame(rx, fr);
	if (rx->s->config->rx_file)
		suppose_sent(rx, &a);
	answer(rx, &a);
}

/* ---- time ---------------------------------------------------------------------------------- */

/* The row of a target that never answered. */
static void silent_row(struct rx *rx, uint64_t k, uint8_t sent)
{
	struct shared *s = rx->s;
	struct arrival a = { .x = order_target(&s->order, k), .k = k };
	struct flow f;
	struct evidence ev = { .nflows = 1, .flows = &f };

	a.target = targets_at(s->targets, a.x);
	ev.ip = a.m.dst = a.target.ip;
	ev.port = a.m.dport = a.target.port;
	ev.source = a.m.src = shared_source(s, &a.target);
	a.m.kind = PROBE_REQUEST;
	if (!of_sweep(rx, &a))
		a.m.kind = PROBE_DATA;
	a.m.attempt = (uint8_t)(sent - 1);
	a.m.tag = validate_tag(&s->validator, ev.source, ev.ip, ev.port, a.m.kind, a.m.attempt);
	describe(rx, &a, &f);
	f.sent_ns = sendlog_time(&s->window.cursor[a.m.attempt].log, k);
	write_row(rx, a.x, &ev);
}

/* Retires the places whose last attempt is longer than ago_ns past; silent ones get their rows. */
static void move_tail(struct rx *rx, uint64_t now_ns, uint64_t ago_ns)
{
	struct window *w = &rx->s->window;
	uint64_t to = window_silent_until(w, now_ns, ago_ns);
	bool rows = rx->s->config->report == REPORT_ALL && rx->s->wire;

	for (int n = 0; rows && w->tail < to && n < SILENT_CHUNK && !full(rx); w->tail++, n++) {
		uint8_t status = window_status(w, w->tail);

		if (status && !(status & (WINDOW_ANSWERED | WINDOW_DONE))) {
			window_mark(w, w->tail, WINDOW_DONE);
			silent_row(rx, w->tail, status & WINDOW_SENT_MASK);
		}
	}
	if (!rows && to > w->tail)
		w->tail = to;
}

/* False: the rows cannot be written, or the scan is to end here. */
static bool tick(struct rx *rx, uint64_t now_ns)
{
	struct shared *s = rx->s;

	rx->now_ns = now_ns;
	cookies_tick(&rx->cookies, now_ns);
	move_tail(rx, now_ns, s->config->timeout_ns);
	window_recycle(&s->window, now_ns, s->config->timeout_ns + s->config->cooldown_ns,
		       rx->slots_needed);
	if (rx->packets && now_ns - rx->lost_ns >= LOST_EVERY_NS) {
		uint64_t capture, interface;

		rx_pcap_lost(rx->packets, &capture, &interface);
		stat_set(&s->stats, STAT_drop_capture, capture);
		stat_set(&s->stats, STAT_drop_interface, interface);
		rx->lost_ns = now_ns;
	}
	if (sink_flush(rx->sink, &s->rx_err)) {
		atomic_store(&s->rx_failed, true);
		return false;
	}
	return !full(rx);
}

/* What is owed when the scan is over. */
static void settle(struct rx *rx, uint64_t now_ns)
{
	struct window *w = &rx->s->window;
	uint64_t before;

	cookies_flush(&rx->cookies);
	do {
		before = w->tail;
		move_tail(rx, now_ns, 0);
	} while (w->tail > before);
	if (sink_flush(rx->sink, &rx->s->rx_err))
		atomic_store(&rx->s->rx_failed, true);
}

static void follow_clock(struct rx *rx)
{
	int64_t offset_ns = clock_wall_offset_ns();

	if (llabs(offset_ns - rx->wall_offset_ns) > CLOCK_STEP_NS)
		rx->wall_offset_ns = offset_ns;
}

void rx_run(struct rx *rx)
{
	const struct timespec pause = { 0, 1000000 };
	struct shared *s = rx->s;

	while (!shared_stopping(s, STOP_OVER)) {
		if (!rx->packets)
			nanosleep(&pause, NULL);
		else if (rx_pcap_poll(rx->packets, on_frame, rx, &s->rx_err) < 0) {
			atomic_store(&s->rx_failed, true);
			break;
		}
		follow_clock(rx);
		if (!tick(rx, clock_now_ns()))
			break;
	}
	if (shared_stopping(s, STOP_NOW) || atomic_load(&s->rx_failed) || full(rx))
		stat_set(&s->stats, STAT_unfinished, rx->cookies.table.n);
	else
		settle(rx, clock_now_ns());
	if (sink_flush(rx->sink, &s->rx_err))
		atomic_store(&s->rx_failed, true);
}

static void on_file_frame(void *arg, const struct rx_frame *fr)
{
	struct rx *rx = arg;
	struct followup f;

	if (fr->wall_ns > rx->now_ns)
		rx->now_ns = fr->wall_ns;
	cookies_tick(&rx->cookies, rx->now_ns);
	on_frame(rx, fr);
	while (ring_pop(&rx->s->followups, &f))
		;	/* was sent then: it comes in the file, or was never sent */
}

void rx_run_file(struct rx *rx)
{
	struct shared *s = rx->s;
	int rc;

	do
		rc = rx_pcap_poll(rx->packets, on_file_frame, rx, &s->rx_err);
	while (rc >= 0 && tick(rx, rx->now_ns) && !shared_stopping(s, STOP_OVER));
	if (rc < 0 && rc != -ENODATA)
		atomic_store(&s->rx_failed, true);
	settle(rx, rx->now_ns + s->config->timeout_ns);
}

int rx_new(struct rx **out, struct shared *s, struct rx_pcap *packets, struct sink *sink,
	   struct cookiefile *cookie_log, struct err *e)
{
	struct rx *rx = calloc(1, sizeof(*rx));

	if (!rx)
		return err_set(e, ENOMEM, "out of memory for the receive thread");
	rx->s = s;
	rx->packets = packets;
	rx->sink = sink;
	rx->cookie_log = cookie_log;
	rx->wall_offset_ns = s->wall_offset_ns;
	rx->slots_needed = s->window.attempts > 1 || (s->config->report == REPORT_ALL && s->wire);
	for (unsigned int v6 = 0; v6 < 2; v6++)
		for (unsigned int i = 0; i < s->nsources[v6]; i++)
			rx->foreign |= s->sources[v6][i].foreign;
	if (cookies_init(&rx->cookies, s, entry_done, rx, e)) {
		free(rx);
		return -ENOMEM;
	}
	*out = rx;
	return 0;
}

void rx_free(struct rx *rx)
{
	cookies_free(&rx->cookies);
	free(rx);
}
