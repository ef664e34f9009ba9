#include "setup/capture_scan.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "config/config.h"
#include "err.h"
#include "packet.h"
#include "payload.h"
#include "targets/targetlist.h"
#include "validate.h"
#include "wire/rx_file.h"
#include "wire/rx_source.h"

/* The clocks of one machine's parts differ by less; more makes the times of answers wrong. */
#define CLOCKS_DIFFER_NS	(10 * NS_PER_MS)
#define SEEN_MIN		1024u
#define SEEN_MOST		(1u << 18)
#define SEEN_OF_TARGET		16	/* its SYNs, as a rule fewer */
#define FAULT_LEN		320

struct reading {
	struct rx_in in;		/* ops NULL: it could not be opened */
	uint64_t n_ours;		/* packets of the run so far */
	int rc;				/* what ends it early */
	struct err *e;
};

/* 0, or -errno with a message. arg: begins with its struct reading, *r. */
static int read_file(struct reading *r, const struct config *c, rx_frame_fn *fn, void *arg)
{
	int n = rx_file_open(&r->in, c->network.rx_file, r->e);

	if (n)
		return n;
	while (n >= 0 && !r->rc)
		n = r->in.ops->poll(r->in.state, fn, arg, r->e);
	if (r->rc || n == -ENODATA)
		return r->rc;
	/* Of a file that ends too soon there are rows first. */
	if (r->n_ours)
		r->e->msg[0] = '\0';
	return r->n_ours ? 0 : n;
}

/* Why what is looked for may be missing. */
static void describe_unread(const struct rx_in *in, char out[static CAPTURE_UNREAD_LEN])
{
	const struct rx_file_counts n = rx_file_counts(in);

	out[0] = '\0';
	if (n.unread)
		snprintf(out, CAPTURE_UNREAD_LEN, " (in %" PRIu64 " of its %" PRIu64 " packets no "
			 "IP is found; the first of these has Ethertype 0x%04x)", n.unread,
			 n.packets, n.unread_type);
}

/* ---- who the targets are ------------------------------------------------------------------- */

struct listing {
	struct reading reading;
	const struct config *c;
	struct targetlist *list;
};

static bool is_ours(const struct config *c, uint16_t port)
{
	return port >= c->network.port_first && port <= c->network.port_last;
}

static void list_frame(void *arg, const struct rx_frame *f)
{
	struct listing *s = arg;
	struct reading *r = &s->reading;
	const struct packet_tcp *t;
	struct packet p;

	if (r->rc || packet_parse(&p, f->ip, f->ip_caplen) != PACKET_OK)
		return;
	t = &p.tcp;
	/* An ICMP error quotes what was sent. */
	if (is_ours(s->c, t->sport)
	    && (p.is_icmp || (t->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN))
		r->rc = targetlist_add(s->list, t->dst, t->dport, TARGETLIST_NO_ORIGIN, r->e);
	else if (is_ours(s->c, t->dport))
		r->rc = targetlist_add(s->list, t->src, t->sport, TARGETLIST_NO_ORIGIN, r->e);
	else
		return;
	r->n_ours++;
}

int capture_list_targets(const struct config *c, struct targetlist *l, struct err *e)
{
	struct listing s = { .reading = { .e = e }, .c = c, .list = l };
	int rc = read_file(&s.reading, c, list_frame, &s);
	char unread[CAPTURE_UNREAD_LEN];

	if (!s.reading.in.ops)
		return rc;
	describe_unread(&s.reading.in, unread);
	if (!rc && !s.reading.n_ours)
		rc = err_set(e, EINVAL, "--rx pcap:%.200s: no packet in it is of the run's source "
			     "ports (--source-port)%s; name the targets of that run",
				c->network.rx_file,
			     unread);
	s.reading.in.ops->close(s.reading.in.state);
	return rc;
}

/* ---- what is in it ------------------------------------------------------------------------- */

/* A SYN, or the answer to one whose SYN was not there yet, by what only they two share. */
struct seen {
	uint64_t key, ns;		/* ns: when */
	bool is_answer;
};

struct looking {
	struct reading reading;
	const struct validator *v;
	struct capture_facts *f;
	struct seen *seen;		/* heap: the newest, by their key */
	uint32_t n_seen;		/* a power of two */
	uint64_t newest_ns;
};

static void note(struct looking *l, struct capture_fault *fault)
{
	if (!fault->n++)
		fault->first = rx_file_counts(&l->reading.in).packets;
}

/* Whether SYN and answer are in the order in which they happened, by place and by time. */
static void look_at_order(struct looking *l, const struct validate_match *m, uint64_t ns)
{
	uint64_t key = ((uint64_t)m->tag.seq << 32 | (uint32_t)m->tag.sport << 16 | m->dport)
		^ m->dst.lo * 0x9e3779b97f4a7c15 ^ m->dst.hi;
	struct seen *s = &l->seen[m->tag.seq & (l->n_seen - 1)];
	bool is_answer = m->class != VALIDATE_SENT;

	if (s->key == key && s->is_answer != is_answer) {
		if ((is_answer ? s->ns : ns) > (is_answer ? ns : s->ns) + CLOCKS_DIFFER_NS)
			note(l, &l->f->before);
		else if (!is_answer)
			note(l, &l->f->misplaced);
	}
	/* An answer does not take the place of its SYN. */
	if (s->key != key || s->is_answer)
		*s = (struct seen){ key, ns, is_answer };
}

static void look_at_time(struct looking *l, uint64_t ns)
{
	if (ns >= l->newest_ns)
		return;
	note(l, &l->f->back);
	if (l->newest_ns - ns > l->f->back_ns)
		l->f->back_ns = l->newest_ns - ns;
}

/* A SYN of the run's: the first of its family shows where the run sent from. */
static void look_at_syn(struct looking *l, const struct validate_match *m)
{
	bool v6 = !addr_is_v4(m->src);

	if (!l->f->has_source[v6])
		l->f->source[v6] = m->src;
	l->f->has_source[v6] = true;
	l->f->syns++;
	if (m->turn > l->f->later_turns)
		l->f->later_turns = m->turn;
}

static void look_at_frame(void *arg, const struct rx_frame *fr)
{
	struct looking *l = arg;
	struct validate_match m = { .class = VALIDATE_UNMATCHED };
	struct packet p;
	enum packet_fault fault = packet_parse(&p, fr->ip, fr->ip_caplen);

	if (fault == PACKET_OK)
		validate_packet(l->v, &p, PAYLOAD_MAX, &m);
	if (rx_frame_is_cut(fr, fault, &p) && (fault != PACKET_OK || m.class == VALIDATE_SYNACK))
		note(l, &l->f->cut);
	if (m.class != VALIDATE_UNMATCHED && m.class != VALIDATE_RST_BARE) {
		l->reading.n_ours++;
		if (m.class == VALIDATE_SENT)
			look_at_syn(l, &m);
		look_at_time(l, fr->wall_ns);
		look_at_order(l, &m, fr->wall_ns);
	}
	if (fr->wall_ns > l->newest_ns)
		l->newest_ns = fr->wall_ns;
}

int capture_look(const struct config *c, const struct validator *v, uint64_t positions,
		 struct capture_facts *f, struct err *e)
{
	struct looking l = { .reading = { .e = e }, .v = v, .f = f, .n_seen = SEEN_MIN };
	int rc;

	*f = (struct capture_facts){ .ours = 0 };
	while (l.n_seen < SEEN_MOST && l.n_seen / SEEN_OF_TARGET < positions)
		l.n_seen *= 2;
	l.seen = calloc(l.n_seen, sizeof(*l.seen));
	if (!l.seen)
		return err_set(e, ENOMEM, "out of memory for capture file '%s'",
			       c->network.rx_file);
	rc = read_file(&l.reading, c, look_at_frame, &l);
	free(l.seen);
	if (!l.reading.in.ops)
		return rc;
	f->ours = l.reading.n_ours;
	describe_unread(&l.reading.in, f->unread);
	l.reading.in.ops->close(l.reading.in.state);
	return rc;
}

/* ---- what that means ----------------------------------------------------------------------- */

#define SAME_OPTIONS "--key, --plan, --retries and --source-port have to be those of the run"

/* The capture of another run, or what was sent is not in it. */
static int check_sent(const struct config *c, const struct capture_facts *f, struct err *e)
{
	if (!f->ours && c->output.rows == ROWS_REPLY)
		log_warn("--rx pcap:%.100s: it has no packet of the run%s; " SAME_OPTIONS,
			 c->network.rx_file, f->unread);
	if (f->syns || c->output.rows == ROWS_REPLY)
		return 0;
	return err_set(e, EINVAL, "--rx pcap:%.100s: it has none of the SYNs of the run%s, so what "
		       "stayed silent is not known: only --rows reply can be had; if they are "
		       "there: " SAME_OPTIONS, c->network.rx_file, f->unread);
}

int capture_check(const struct config *c, const struct capture_facts *f, struct err *e)
{
	static const struct capture_fault none;
	const struct {
		const struct capture_fault *fault;
		const char *what, *why, *remedy;
	} faults[] = {
		{ &f->cut, "answers are cut short", "which TCP options they had is not known",
		  "capture whole packets (tcpdump -s 0)" },
		{ &f->before, "answers have an earlier time than the SYNs that they answer",
		  "it is of two clocks, or of one that was set",
		  "correct the times of one part (editcap -t) and merge the parts (mergecap)" },
		{ &f->misplaced, "SYNs come after their answers", "it is not in order",
		  "sort it (reordercap)" },
		{ f->back_ns > CAPTURE_BACK_MAX_NS ? &f->back : &none,
		  "packets have a much earlier time than some before them",
		  "it is not in order, or the clock was set",
		  "sort it (reordercap), or correct its times (editcap -t)" },
	};
	int rc = 0;

	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults) && !rc; i++) {
		const struct capture_fault *fault = faults[i].fault;
		char what[FAULT_LEN];

		if (!fault->n)
			continue;
		snprintf(what, sizeof(what), "--rx pcap:%.100s: %s (%" PRIu64 ", the first is "
			 "packet %" PRIu64 "): %s", c->network.rx_file, faults[i].what, fault->n,
			 fault->first, faults[i].why);
		if (c->output.rows == ROWS_TARGET)
			rc = err_set(e, EINVAL, "%s, and verdicts would be wrong; %s, or take "
				     "--rows reply", what, faults[i].remedy);
		else
			log_warn("%s, and their rows may be wrong; %s", what, faults[i].remedy);
	}
	return rc ? rc : check_sent(c, f, e);
}
