/* sweep and shared: source addresses, payloads, cookies of a file, what is saved. */
#include "unit.h"

#include <errno.h>

#include "scratch.h"
#include "state/cookie_store.h"
#include "state/cookiefile_load.h"
#include "sweep_rig.h"
#include "wire/capfile.h"
#include "wire/rx_file.h"
#include "wire/rx_source.h"

#define POSITIONS 256		/* in a /24, and in a /120 */

/* ---- source addresses ---------------------------------------------------------------------- */

static void use_sources(unsigned int n)
{
	char text[32];

	core.s.facts.nsources[0] = 0;
	for (unsigned int i = 0; i < n; i++) {
		snprintf(text, sizeof(text), "198.19.0.%u", 10 + i);
		core_source(&core, text);
	}
}

/* Which of the sources it is. */
static unsigned int source_number(struct addr a)
{
	for (unsigned int i = 0; i < core.s.facts.nsources[0]; i++)
		if (addr_eq(core.s.facts.sources[0][i].addr, a))
			return i;
	ck_abort_msg("a source of its own");
	return 0;
}

/* Each target has one of them for all its probes, and each of them has its share of targets. */
TEST(several_sources)
{
	unsigned int of_pos[POSITIONS], share[5] = { 0 };

	begin_with(&(struct core_setup){ .retries = 2 });
	use_sources(5);
	start();
	until_swept(true);
	nothing_more_than(3 * POSITIONS);
	for (unsigned int i = 0; i < 3 * POSITIONS; i++) {
		const struct tapped *t = &tap.v[i];
		unsigned int source = source_number(t->p.tcp.src);

		if (t->m.attempt == 0)
			of_pos[t->k] = source;
		ck_assert_uint_eq(of_pos[t->k], source);
		share[source]++;
	}
	for (unsigned int i = 0; i < 5; i++)
		ck_assert_uint_gt(share[i], 3 * POSITIONS / 5 / 2);
	end();
}

/* The choice is by the port too, and by a key of its own. */
TEST(source_by_target_and_key)
{
	unsigned int by_port = 0, by_key = 0, by_nothing = 0;

	begin_with(&(struct core_setup){ .retries = 0 });
	use_sources(4);
	for (unsigned int i = 0; i < 400; i++) {
		struct target t = { addr_from_v4(0xc6120000 + i), 443 };
		struct addr first = facts_source(&core.s.facts, &t);

		by_nothing += !addr_eq(facts_source(&core.s.facts, &t), first);
		core.s.facts.source_key.k0 ^= 1 + i;
		by_key += !addr_eq(facts_source(&core.s.facts, &t), first);
		core.s.facts.source_key.k0 ^= 1 + i;
		t.port = 80;
		by_port += !addr_eq(facts_source(&core.s.facts, &t), first);
	}
	ck_assert_uint_eq(by_nothing, 0);
	ck_assert_uint_gt(by_key, 200);
	ck_assert_uint_gt(by_port, 200);
	end();
}

TEST(ipv6)
{
	struct addr six;

	begin_with(&(struct core_setup){ .target = "2001:2::/120" });
	ck_assert_int_eq(addr_parse(&six, "2001:2:0:ffff::1"), 0);
	start();
	until_swept(false);
	nothing_more_than(POSITIONS);
	for (unsigned int i = 0; i < POSITIONS; i++) {
		check_probe(i, i, PROBE_REQUEST, 0);
		ck_assert(addr_eq(tap.v[i].p.tcp.src, six));
		ck_assert(!addr_is_v4(tap.v[i].p.tcp.dst));
	}
	end();
}

/* ---- payloads, and cookies of a file ------------------------------------------------------- */

static size_t payload_of(const struct tapped *t, const uint8_t **p)
{
	*p = t->frame + t->len - t->p.tcp.payload_len;
	return t->p.tcp.payload_len;
}

/* A payload that tells the target's address is each target's own. */
TEST(payload_by_target)
{
	struct err e = { "" };

	begin_with(&(struct core_setup){ .retries = 0 });
	ck_assert_int_eq(payload_parse(&core.config.probing.payload, "http", &e), 0);
	atomic_store(&core.s.rx.part[0].cache_half_full, true);
	for (uint8_t i = 0; i < 20; i++)
		push_followup(i, 0);
	start();
	until_sent(20);
	stop();
	for (unsigned int i = 0; i < 20; i++) {
		uint64_t x = order_target(&core.s.facts.order, i);
		struct target t = targets_at(core.targets, x);
		uint8_t want[PAYLOAD_MAX], got[PAYLOAD_MAX];
		char text[ADDR_STRLEN];
		const uint8_t *p;
		size_t n;

		check_probe(i, i, PROBE_DATA, 0);
		addr_format(t.ip, text);
		n = payload_build(&core.config.probing.payload, 443, NULL, text, want);
		ck_assert_ptr_nonnull(memmem(want, n, text, strlen(text)));
		ck_assert_uint_eq(payload_of(&tap.v[i], &p), n);
		ck_assert_mem_eq(p, want, n);
		/* The receiver comes to the same. */
		ck_assert_uint_eq(facts_payload(&core.s.facts, x, &t, got), n);
		ck_assert_mem_eq(got, want, n);
	}
	end();
}

/* Who gave a cookie to this source address in an earlier run gets `data` at once. */
TEST(cookies_of_a_file)
{
	char text[512], ip[2][ADDR_STRLEN];
	struct cookie_store *store;
	struct scratch file;
	struct err e = { "" };

	begin_with(&(struct core_setup){ .retries = 1 });
	for (unsigned int i = 0; i < 2; i++) {
		uint64_t x = order_target(&core.s.facts.order, 50 + i);

		addr_format(targets_at(core.targets, x).ip, ip[i]);
	}
	snprintf(text, sizeof(text), "source_ip,ip,port,kind,cookie,time\n"
		 "198.19.0.1,%s,443,254,a1b2c3d4e5f6,2026-01-01T00:00:00Z\n"
		 "198.19.0.2,%s,443,34,0102030405060708,2026-01-01T00:00:00Z\n", ip[0], ip[1]);
	scratch_text(&file, text);
	ck_assert_msg(cookiefile_load(&store, file.path, UINT64_MAX, &e) == 0, "%s", e.msg);
	core.s.facts.store = store;
	start();
	until_swept(true);
	nothing_more_than(2 * POSITIONS);
	for (unsigned int i = 0; i < 2 * POSITIONS; i++) {
		const struct tapped *t = &tap.v[i];
		struct tcpopts o;
		const uint8_t *p;

		check_probe(i, t->k, t->k == 50 ? PROBE_DATA : PROBE_REQUEST, t->m.attempt);
		if (t->k != 50)
			continue;
		tcpopt_parse(&o, t->p.tcp.opts, t->p.tcp.opts_len);
		ck_assert_uint_eq(o.tfo.kind, 254);
		ck_assert_uint_eq(o.tfo.len, 6);
		ck_assert_mem_eq(o.tfo.cookie, "\xa1\xb2\xc3\xd4\xe5\xf6", 6);
		ck_assert_uint_eq(payload_of(t, &p), CORE_DLEN);
		ck_assert_mem_eq(p, CORE_PAYLOAD, CORE_DLEN);
	}
	ck_assert_uint_eq(count(STAT_sent_data), 2);
	ck_assert_uint_eq(count(STAT_sent_request), 2 * (POSITIONS - 1));
	ck_assert_uint_eq(count(STAT_sent_retries), POSITIONS);
	cookie_store_free(store);
	scratch_close(&file);
	end();
}

/* ---- what is saved ------------------------------------------------------------------------- */

struct reading {
	unsigned int n;
	uint64_t wall_ns;
};

static void compare(void *arg, const struct rx_frame *f)
{
	struct reading *r = arg;
	const struct tapped *t = &tap.v[r->n++];

	ck_assert_uint_eq(f->len, t->len);
	ck_assert_uint_eq(f->caplen, t->len);
	ck_assert_mem_eq(f->bytes, t->frame, t->len);
	ck_assert_uint_ge(f->wall_ns, r->wall_ns);
	r->wall_ns = f->wall_ns;
}

/* All that was sent, in its order, at the times that answers are measured from. */
TEST(saves_what_it_sends)
{
	struct reading reading = { 0, 0 };
	uint64_t first_ns, last_ns;
	struct rx_in packets;
	struct scratch file;
	struct err e = { "" };
	int rc;

	begin_with(&(struct core_setup){ .retries = 1 });
	scratch_text(&file, "");
	ck_assert_int_eq(capfile_open(&core.s.capture, file.path, false, false, &e), 0);
	ck_assert_int_eq(capfile_begin(core.s.capture, &e), 0);
	push_followup(9, 0);
	start();
	until_swept(true);
	nothing_more_than(2 * POSITIONS + 1);
	ck_assert_msg(capfile_close(core.s.capture, &e) == 0, "%s", e.msg);
	ck_assert_int_eq(rx_file_open(&packets, file.path, &e), 0);
	rc = packets.ops->poll(packets.state, compare, &reading, &e);
	ck_assert_int_eq(rc, 1);
	first_ns = reading.wall_ns;
	while ((rc = packets.ops->poll(packets.state, compare, &reading, &e)) > 0)
		;
	last_ns = reading.wall_ns;
	ck_assert_int_eq(rc, -ENODATA);
	packets.ops->close(packets.state);
	ck_assert_uint_eq(reading.n, 2 * POSITIONS + 2);
	ck_assert_uint_eq(first_ns, atomic_load(&core.s.stamps[9]) + CORE_OFFSET_NS);
	ck_assert_uint_eq(first_ns, atomic_load(&core.s.senders[0].first_sent_ns) + CORE_OFFSET_NS);
	ck_assert_uint_le(atomic_load(&core.s.senders[0].first_sent_ns),
			  atomic_load(&core.s.senders[0].last_sent_ns));
	ck_assert_uint_le(first_ns, last_ns);
	scratch_close(&file);
	end();
}
