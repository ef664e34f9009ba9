/*
 * sweep_next: what both programs that sweep in the kernel (sweep.bpf.c) have in common: their maps,
 * what the sender's next position is, its SYN, and what becomes of one that does not go. Included
 * once, by a program; one thread runs it.
 */
#ifndef TFOMAP_SWEEP_NEXT_H
#define TFOMAP_SWEEP_NEXT_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "kernel_sweep.h"
#include "sender_shard.h"
#include "source.h"

#define LOG_EVERY	64u		/* positions; a log entry's time is at most this old */
#define SKIP_MAX	16		/* positions that a pass goes by in one frame */
#define MARK_TRIES	8
#define AHEAD		16		/* positions that are looked up at once, a power of two */
/* So many have to have room: those of one frame, and what the driver may still refuse. */
#define OVERRUNS_MAX	(SKIP_MAX + 1 + SWEEP_HANDED)

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define LOWER_HALF	0	/* of a word: the even position, or the odd one */
#else
#define LOWER_HALF	1
#endif

const volatile struct sweep_facts facts;
volatile struct sweep_limits limits;
volatile struct sweep_marks marks;

_Static_assert((WINDOW_PASSES_MAX & (WINDOW_PASSES_MAX - 1)) == 0, "a mask of it is used");

/* An array in one value, whose size is set before the program is loaded. */
#define ONE_VALUE(name, flags)                       \
	struct {                                     \
		__uint(type, BPF_MAP_TYPE_ARRAY);    \
		__uint(map_flags, flags);            \
		__uint(key_size, sizeof(uint32_t));  \
		__uint(value_size, sizeof(uint64_t)); \
		__uint(max_entries, 1);              \
	} name SEC(".maps")

ONE_VALUE(status, BPF_F_MMAPABLE);	/* the window's, two targets a word */
ONE_VALUE(ranges, 0);
ONE_VALUE(starts, 0);
ONE_VALUE(ports, 0);
ONE_VALUE(entries, BPF_F_MMAPABLE);	/* of server lists */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(key_size, sizeof(uint32_t));
	__uint(value_size, sizeof(struct sweep_frame));
	__uint(max_entries, SWEEP_FRAMES);
} frames SEC(".maps");

/* The send logs, one value a pass. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(key_size, sizeof(uint32_t));
	__uint(value_size, sizeof(uint64_t));
	__uint(max_entries, WINDOW_PASSES_MAX);
} logs SEC(".maps");

/* The facts as the kernel has them: what the compiler sees here is all zero. */
static __always_inline const struct sweep_facts *known(void)
{
	const struct sweep_facts *f;

	asm volatile("" : "=r"(f) : "0"(&facts));
	return f;
}

static __always_inline void *value_of(void *map)
{
	uint32_t zero = 0;

	return bpf_map_lookup_elem(map, &zero);
}

/* sendlog_add() */
static __always_inline void log_add(const struct sweep_facts *f, uint32_t pass, uint64_t first)
{
	struct sweep_log *log = bpf_map_lookup_elem(&logs, &pass);
	uint64_t now_ns = bpf_ktime_get_ns(), n;

	if (!log)
		return;
	n = log->n;
	if (n && now_ns - log->v[(n - 1) & f->log_mask].ns < f->log_grain_ns)
		return;
	log->v[n & f->log_mask].first = first;
	log->v[n & f->log_mask].ns = now_ns;
	__sync_lock_test_and_set(&log->n, n + 1);
}

/* Before the pass's position is sent: when that was, as far as the log does not know. */
static __always_inline void log_pos(const struct sweep_facts *f, uint32_t pass, uint64_t pos)
{
	uint64_t granted = limits.granted;

	if (pos < marks.log_next[pass] && granted == marks.logged[pass])
		return;
	marks.log_next[pass] = pos + LOG_EVERY;
	marks.logged[pass] = granted;
	log_add(f, pass, pos);
}

static __always_inline void overrun(uint32_t pass, uint64_t pos)
{
	uint64_t n = marks.overruns;

	marks.overrun[n & (SWEEP_OVERRUNS - 1)].pos = pos;
	marks.overrun[n & (SWEEP_OVERRUNS - 1)].pass = pass;
	__sync_lock_test_and_set(&marks.overruns, n + 1);
}

/* window_start() */
static __always_inline void start_pos(const struct sweep_facts *f, uint16_t *all, uint64_t pos)
{
	*(volatile uint16_t *)&all[pos & f->status_mask] = 1;
}

/* window_retry() */
static __always_inline bool retry_pos(const struct sweep_facts *f, uint16_t *all, uint64_t pos,
				      uint32_t arm, uint32_t pass)
{
	uint32_t *pair = (uint32_t *)&all[pos & f->status_mask & ~1u];
	uint32_t one = WINDOW_ARM(arm, 1);
	uint32_t shift = ((pos ^ LOWER_HALF) & 1) * 16;

	for (int i = 0; i < MARK_TRIES; i++) {
		uint32_t old = *(volatile uint32_t *)pair;

		if (!window_is_silent((uint16_t)(old >> shift), arm))
			return false;
		if (__sync_val_compare_and_swap(pair, old, old + (one << shift)) == old)
			return true;
	}
	overrun(pass, pos);
	return false;
}

/* Functions on their own are verified once, and cost the others no registers. */
int next_of(uint32_t pass);
int find_index(uint64_t pos, uint32_t pass, uint32_t i);
int look_ahead(uint64_t pos, uint32_t pass, uint32_t n);

/* Whether a later pass has a position that is still silent, the one before marks.at[pass] then. */
__attribute__((noinline)) int next_of(uint32_t pass)
{
	const struct sweep_facts *f = known();
	uint16_t *all = value_of(&status);
	uint64_t until, at;
	bool found = false;

	pass &= WINDOW_PASSES_MAX - 1;
	until = limits.until[pass];
	at = marks.at[pass];
	for (int i = 0; all && i < SKIP_MAX && at < until && !found; i++)
		found = retry_pos(f, all, at++, pass % f->arms, pass);
	marks.at[pass] = at;
	return found;
}

/* What is due: the pass, and the sender's position; f->passes: nothing. */
static __always_inline uint32_t next_pass(const struct sweep_facts *f, uint16_t *all,
					  uint64_t *pos)
{
	for (uint32_t pass = f->passes - 1; pass > 0 && pass < WINDOW_PASSES_MAX; pass--)
		if (marks.at[pass] < limits.until[pass] && next_of(pass)) {
			*pos = marks.at[pass] - 1;
			return pass;
		}
	*pos = marks.at[0];
	if (*pos >= limits.until[0])
		return f->passes;
	start_pos(f, all, *pos);
	marks.at[0] = *pos + 1;
	return 0;
}

static __always_inline bool target_of(const struct sweep_facts *f, uint64_t pos, uint64_t *x)
{
	return order_target_bounded(&f->order, sender_whole(pos, f->sender, f->n_senders),
				    SWEEP_PASSES,
				    x);
}

/* Where targets are looked up; false: that is not to be had. */
static __always_inline bool open_arrays(const struct sweep_facts *f, struct lookup_arrays *a)
{
	*a = (struct lookup_arrays){
		.ranges = value_of(&ranges), .starts = value_of(&starts), .ports = value_of(&ports),
		.entries = value_of(&entries),
		.ranges_mask = f->ranges_mask, .starts_mask = f->starts_mask,
		.ports_mask = f->ports_mask,
	};
	return a->ranges && a->starts && a->ports && a->entries;
}

/*
 * The targets of positions in a row, looked up at once where there is a list: first the indices,
 * then the pairs. An entry of a long list is in no cache: so the waits for them overlap.
 */
struct ahead_target {
	struct addr ip;
	uint64_t x, port;
};

struct ahead {
	uint64_t first, n;		/* positions that were looked up */
	uint64_t found;			/* a bit for each: it has a target */
	struct ahead_target v[AHEAD];
};

static struct ahead ahead[WINDOW_PASSES_MAX];

__attribute__((noinline)) int find_index(uint64_t pos, uint32_t pass, uint32_t i)
{
	return target_of(known(), pos,
			 &ahead[pass & (WINDOW_PASSES_MAX - 1)].v[i & (AHEAD - 1)].x);
}

__attribute__((noinline)) int look_ahead(uint64_t pos, uint32_t pass, uint32_t n)
{
	const struct sweep_facts *f = known();
	struct ahead *a = &ahead[pass & (WINDOW_PASSES_MAX - 1)];
	struct lookup_arrays arrays;
	uint64_t found = 0;
	uint16_t port;

	a->first = pos;
	a->n = n;
	for (uint32_t i = 0; i < AHEAD && i < n; i++)
		found |= (uint64_t)find_index(pos + i, pass, i) << i;
	a->found = open_arrays(f, &arrays) ? found : 0;
	for (uint32_t i = 0; a->found && i < AHEAD && i < n; i++) {
		lookup_at(&f->lookup, &arrays, a->v[i].x, &a->v[i].ip, &port);
		a->v[i].port = port;
	}
	return 0;
}

/* Retries are not always in a row: others have answered in between. */
static __always_inline bool find_ahead(uint32_t pass, uint64_t pos, struct patch *p)
{
	struct ahead *a = &ahead[pass & (WINDOW_PASSES_MAX - 1)];
	uint64_t i = pos - a->first;

	if (i >= a->n) {
		look_ahead(pos, pass, !pass || i == a->n ? AHEAD : 1);
		i = 0;
	}
	i &= AHEAD - 1;
	p->dst = a->v[i].ip;
	p->dport = (uint16_t)a->v[i].port;
	return a->found >> i & 1;
}

/*
 * Without a list tables are small. The permutation is one long chain of multiplications: the head's
 * next is worked out meanwhile, so that nothing waits for it.
 */
static __always_inline bool find_next(const struct sweep_facts *f, uint32_t pass, uint64_t pos,
				      uint64_t *x)
{
	uint64_t next = 0;
	bool known;

	if (pass || !pos || marks.ahead_pos != pos) {
		known = target_of(f, pos, x);
	} else {
		*x = marks.ahead_x;
		known = true;
	}
	if (pass)
		return known;
	marks.ahead_pos = target_of(f, pos + 1, &next) ? pos + 1 : 0;
	marks.ahead_x = next;
	return known;
}

/* Where the pass's SYN to the sender's position goes. */
static __always_inline bool find_target(const struct sweep_facts *f, uint32_t pass, uint64_t pos,
					struct patch *p)
{
	struct lookup_arrays arrays;
	uint64_t x;

	if (f->lookup.n_entries)
		return find_ahead(pass, pos, p);
	if (!open_arrays(f, &arrays) || !find_next(f, pass, pos, &x))
		return false;
	lookup_ranged(&f->lookup, &arrays, x, &p->dst, &p->dport);
	return true;
}

/* To where the gateway is by now. The frame is longer than that. */
static __always_inline void address(uint64_t gateway, uint8_t *frame, const uint8_t *end)
{
	if (!gateway || frame + 6 > end)
		return;
	put_be32(frame, (uint32_t)(gateway >> 16));
	put_be16(frame + 4, (uint16_t)gateway);
}

/* The pass's SYN to the sender's position; 0: could not be made. */
static __always_inline uint32_t make(const struct sweep_facts *f, uint32_t pass, uint64_t pos,
				     uint8_t *frame, const uint8_t *end, bool *is_v6)
{
	uint32_t arm = f->arms == 1 ? 0 : pass & 1, len;
	struct patch p = { .payload_len = 0 };
	struct validate_tag tag;
	bool v6;

	if (!find_target(f, pass, pos, &p))
		return 0;
	v6 = !addr_is_v4(p.dst);
	p.src = f->sources[v6][source_choose(&f->source_key, f->n_sources[v6], p.dst, p.dport)
			       & (SWEEP_SOURCES_MAX - 1)];
	tag = validate_tag(&f->validator, p.src, p.dst, p.dport, f->kind[arm],
			   (uint8_t)(pass / f->arms));
	p.seq = tag.seq;
	p.sport = tag.sport;
	len = v6 ? patch_packet(&f->syn[arm][1], true, &p, frame, f->frame_len, end)
	      : patch_packet(&f->syn[arm][0], false, &p, frame, f->frame_len, end);
	address(v6 ? limits.gateway[1] : limits.gateway[0], frame, end);
	*is_v6 = v6;
	return len;
}

/*
 * What is granted may be much at once, where tfomap came late to it: it goes out not much faster
 * than the rate all the same, as drivers have room for some hundreds.
 */
static __always_inline bool is_early(const struct sweep_facts *f)
{
	uint64_t now_ns;

	if (!f->pace_ns || marks.used % SWEEP_PACED)
		return false;
	now_ns = bpf_ktime_get_ns();
	if (now_ns < marks.paced_ns)
		return true;
	marks.paced_ns = now_ns + f->pace_ns;
	return false;
}

/* The driver refused some: it is given time to make room. */
static __always_inline bool is_held(void)
{
	if (!marks.resume_ns)
		return false;
	if (bpf_ktime_get_ns() < marks.resume_ns)
		return true;
	marks.resume_ns = 0;
	return false;
}

/* The next packet that is due and granted: its position and pass, noted down as sent now. */
static __always_inline bool take_next(const struct sweep_facts *f, uint64_t *pos, uint32_t *pass)
{
	uint16_t *all = value_of(&status);

	if (!all || limits.stop || marks.used >= limits.granted || is_early(f)
	    || marks.overruns - limits.overruns_taken > SWEEP_OVERRUNS - OVERRUNS_MAX)
		return false;
	*pass = next_pass(f, all, pos);
	if (*pass >= f->passes || *pass >= WINDOW_PASSES_MAX)
		return false;
	marks.used++;
	log_pos(f, *pass, *pos);
	return true;
}

static __always_inline void count(const struct sweep_facts *f, uint32_t pass, bool v6)
{
	marks.sent[pass]++;
	marks.sent_v6[f->arms == 1 ? 0 : pass & 1] += v6;
}

/* The first frame that tfomap made and that was not yet taken; NULL: there is none. */
static __always_inline struct sweep_frame *first_frame(void)
{
	uint64_t n = marks.frames_taken;
	uint32_t at = n & (SWEEP_FRAMES - 1);

	/* What was put is read after that it was. */
	if (marks.frames_known <= n)
		marks.frames_known = __sync_fetch_and_add(&limits.frames_put, 0);
	if (marks.frames_known <= n)
		return 0;
	return bpf_map_lookup_elem(&frames, &at);
}

static __always_inline void take_frame(void)
{
	__sync_lock_test_and_set(&marks.frames_taken, marks.frames_taken + 1);
}

/* tfomap's frame of that number did not go. */
static __always_inline void lose_frame(uint64_t n)
{
	uint64_t lost = marks.lost_frames;

	marks.lost++;
	marks.lost_frame[lost & (SWEEP_FRAMES - 1)] = n;
	__sync_lock_test_and_set(&marks.lost_frames, lost + 1);
}

/* Longer each time that nothing at all was taken. */
static __always_inline void hold(bool took, int error)
{
	uint64_t ns = took || !marks.hold_ns ? SWEEP_HOLD_MIN_NS : 2 * marks.hold_ns;

	marks.hold_ns = ns < SWEEP_HOLD_MAX_NS ? ns : SWEEP_HOLD_MAX_NS;
	marks.resume_ns = bpf_ktime_get_ns() + marks.hold_ns;
	marks.error = error;
}

#endif
