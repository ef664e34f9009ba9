/*
 * The sweep in the kernel, by two programs of which one is loaded. Run by BPF_PROG_RUN, each makes
 * the SYN of the sender's next position, as the frame sweep (src/send/sweep.c) does, and sends it.
 * It goes as far as tfomap grants. Frames that tfomap made go first.
 */
#include "sweep_next.h"

/* ---- sweep: with live frames, which leave by the driver's XDP ------------------------------- */

/* The frame goes out, and is known by its number until the driver has said whether it takes it. */
static __always_inline int hand_over(const struct sweep_facts *f, uint64_t pos, uint32_t pass,
				     bool v6)
{
	uint64_t n = marks.handed;
	volatile struct sweep_handed *h = &marks.handover[n & (SWEEP_HANDED - 1)];

	h->pos = pos;
	h->pass = pass;
	h->v6 = v6;
	marks.handed = n + 1;
	/* It is always the same thread that runs this. */
	if (!marks.task)
		marks.task = bpf_get_current_task();
	/* The same, by a call less. */
	return limits.from_interface ? XDP_TX : (int)bpf_redirect(f->ifindex, 0);
}

static __always_inline bool set_len(struct xdp_md *ctx, const struct sweep_facts *f, uint32_t len)
{
	return len == f->frame_len || !bpf_xdp_adjust_tail(ctx, (int)len - (int)f->frame_len);
}

/* Most are no longer than a SYN. */
static __always_inline bool fill_short(struct xdp_md *ctx, const struct sweep_facts *f,
				       const uint8_t *bytes)
{
	uint8_t *out = (uint8_t *)(long)ctx->data, *end = (uint8_t *)(long)ctx->data_end;

	if (out + f->frame_len > end)
		return false;
	patch_copy(bytes, out, f->frame_len);
	return true;
}

/* A frame that tfomap made goes before all that is swept. */
static __always_inline int send_frame(struct xdp_md *ctx, const struct sweep_facts *f)
{
	struct sweep_frame *frame = first_frame();
	uint64_t n = marks.frames_taken;
	uint32_t len;
	bool filled = false;

	if (!frame)
		return XDP_DROP;
	len = frame->len;
	asm volatile("" : "+r"(len));
	if (len > 0 && len <= f->frame_len)
		filled = fill_short(ctx, f, frame->bytes) && set_len(ctx, f, len);
	else if (len > 0 && len <= SWEEP_FRAME_LEN && set_len(ctx, f, len))
		filled = !bpf_xdp_store_bytes(ctx, 0, frame->bytes, len);
	take_frame();
	if (filled)
		return hand_over(f, n, SWEEP_PASS_FRAME, false);
	lose_frame(n);
	return XDP_DROP;
}

/* A frame for which there is nothing to do is dropped. */
SEC("xdp")
int sweep(struct xdp_md *ctx)
{
	const struct sweep_facts *f = known();
	uint8_t *frame = (uint8_t *)(long)ctx->data, *end = (uint8_t *)(long)ctx->data_end;
	uint32_t pass = 0, len;
	uint64_t pos = 0;
	bool v6 = false;

	if (is_held())
		return XDP_DROP;
	if (limits.frames_put != marks.frames_taken)
		return send_frame(ctx, f);
	if (!take_next(f, &pos, &pass))
		return XDP_DROP;
	len = make(f, pass, pos, frame, end, &v6);
	if (!len || !set_len(ctx, f, len)) {
		overrun(pass, pos);
		return XDP_DROP;
	}
	count(f, pass, v6);
	return hand_over(f, pos, pass, v6);
}

int lose(uint64_t n);

/* What was handed over as number n did not go: tfomap gets it back. */
__attribute__((noinline)) int lose(uint64_t n)
{
	const volatile struct sweep_handed *h = &marks.handover[n & (SWEEP_HANDED - 1)];
	uint32_t pass = h->pass;

	if (pass == SWEEP_PASS_FRAME) {
		lose_frame(h->pos);
		return 0;
	}
	marks.lost++;
	if (pass >= WINDOW_PASSES_MAX)
		return 0;
	marks.sent[pass]--;
	marks.sent_v6[known()->arms == 1 ? 0 : pass & 1] -= h->v6;
	overrun(pass, h->pos);
	return 0;
}

/*
 * What became of a bulk: (from, to, sent, drops, err). The driver is given them in the order in
 * which they were handed over, and refuses the last of them.
 */
SEC("raw_tp/xdp_devmap_xmit")
int xmit(struct bpf_raw_tracepoint_args *ctx)
{
	uint32_t sent = (uint32_t)ctx->args[2], drops = (uint32_t)ctx->args[3];
	uint64_t first = marks.answered;

	if (marks.task != bpf_get_current_task() || sent > SWEEP_BULK_MAX || drops > SWEEP_BULK_MAX
	    || sent + drops > marks.handed - first)
		return 0;
	for (uint32_t i = 0; i < SWEEP_BULK_MAX && i < drops; i++)
		lose(first + sent + i);
	marks.answered = first + sent + drops;
	marks.taken += sent;
	if (drops)
		hold(sent > 0, (int)ctx->args[4]);
	else
		marks.hold_ns = 0;
	return 0;
}

/* The one handed over last did not come as far as a bulk: (device, program, target, err, ...). */
SEC("raw_tp/xdp_redirect_err")
int redirect_err(struct bpf_raw_tracepoint_args *ctx)
{
	uint64_t handed = marks.handed;

	if (marks.task != bpf_get_current_task() || handed == marks.answered)
		return 0;
	lose(handed - 1);
	marks.handed = handed - 1;
	hold(false, (int)ctx->args[3]);
	return 0;
}

/* ---- sweep_tc: with one skb, whose clones leave as any packet does, by any driver ------------ */

#define ETHERTYPE	12	/* where in a frame */
#define ETHER_LEN	14
#define QUEUE_STOPPED	7u	/* of a queue's state: by the driver, by its byte limit, frozen */

uint8_t scratch[SWEEP_FRAME_LEN] __attribute__((aligned(8)));

/* The kernel goes by the protocol that is noted beside the bytes, too. */
static __always_inline bool has_protocol(struct __sk_buff *ctx, const uint8_t *bytes)
{
	uint16_t protocol = *(const uint16_t *)(bytes + ETHERTYPE);

	return ctx->protocol == protocol || !bpf_skb_change_proto(ctx, protocol, 0);
}

/*
 * The skb becomes that frame. The clones that went have the bytes of before: the kernel copies
 * those when it clones.
 */
static __always_inline bool fill(struct __sk_buff *ctx, const struct sweep_facts *f,
				 const uint8_t *bytes, uint32_t len)
{
	if (len < ETHER_LEN || len > SWEEP_FRAME_LEN || !has_protocol(ctx, bytes)
	    || (ctx->len != len && bpf_skb_change_tail(ctx, len, 0))
	    || bpf_skb_store_bytes(ctx, 0, bytes, len, 0))
		return false;
	if (ctx->hash != f->flow)
		bpf_set_hash(ctx, f->flow);
	return true;
}

/*
 * Whether it went. Above 0 a queue or the driver had no room for it, or the interface is down:
 * which, tx_packet will find out. A queue that says so because it dropped older ones (fq_codel)
 * gets this one twice.
 */
static __always_inline bool transmit(struct __sk_buff *ctx, const struct sweep_facts *f)
{
	long rc = bpf_clone_redirect(ctx, f->ifindex, 0);

	if (rc) {
		hold(false, rc < 0 ? (int)rc : 0);
		return false;
	}
	marks.taken++;
	marks.hold_ns = 0;
	return true;
}

static __always_inline bool send_frame_tc(struct __sk_buff *ctx, const struct sweep_facts *f)
{
	struct sweep_frame *frame = first_frame();
	uint64_t n = marks.frames_taken;
	bool sent;

	if (!frame)
		return false;
	sent = fill(ctx, f, frame->bytes, frame->len) && transmit(ctx, f);
	take_frame();
	if (!sent)
		lose_frame(n);
	return true;
}

static __always_inline uint64_t word_at(const void *address)
{
	uint64_t word = 0;

	if (bpf_probe_read_kernel(&word, sizeof(word), address))
		return 0;
	return word;
}

/*
 * A queue of the interface waits for the driver: the one that the flow's hash leads to, or, as a
 * core may have one of its own (XPS), another.
 */
static __always_inline bool has_stopped(struct __sk_buff *ctx, const struct sweep_facts *f)
{
	const struct sweep_queues *q = &f->queues;
	const uint8_t *dev, *queue;
	uint32_t n = 0;
	uint64_t own;

	if (!q->queue_len)
		return false;
	/* To the kernel, ctx is the address of its sk_buff. */
	dev = (const uint8_t *)word_at((const uint8_t *)ctx + q->dev);
	queue = (const uint8_t *)word_at(dev + q->queues);
	if (bpf_probe_read_kernel(&n, sizeof(n), dev + q->n_queues))
		return false;
	own = ((uint64_t)f->flow * n >> 32) * q->queue_len;
	if (word_at(queue + own + q->state) & QUEUE_STOPPED)
		return true;
	for (uint32_t i = 0; i < SWEEP_QUEUES_MAX && i < n; i++, queue += q->queue_len)
		if (word_at(queue + q->state) & QUEUE_STOPPED)
			return true;
	return false;
}

/*
 * What is sent to a queue that has stopped waits there, and may be dropped in silence by the time
 * that it goes on. One that is stopped for long does not stop the sweep: it is asked.
 */
static __always_inline bool is_full(struct __sk_buff *ctx, const struct sweep_facts *f)
{
	uint64_t now_ns;

	if (!has_stopped(ctx, f)) {
		marks.full_ns = 0;
		return false;
	}
	now_ns = bpf_ktime_get_ns();
	if (!marks.full_ns)
		marks.full_ns = now_ns;
	if (now_ns - marks.full_ns < SWEEP_HOLD_MAX_NS)
		return true;
	marks.full_ns = now_ns;
	return false;
}

/* One packet; 0: there is nothing to do. On its own, which is verified once. */
__attribute__((noinline)) int sweep_one(struct __sk_buff *ctx)
{
	const struct sweep_facts *f = known();
	uint32_t pass = 0, len;
	uint64_t pos = 0;
	bool v6 = false;

	if (is_held())
		return 0;
	if (limits.frames_put != marks.frames_taken)
		return send_frame_tc(ctx, f);
	if (!take_next(f, &pos, &pass))
		return 0;
	len = make(f, pass, pos, scratch, scratch + sizeof(scratch), &v6);
	if (!fill(ctx, f, scratch, len)) {
		overrun(pass, pos);
	} else if (transmit(ctx, f)) {
		count(f, pass, v6);
	} else {
		marks.lost++;
		overrun(pass, pos);
	}
	return 1;
}

/* As many packets as cb[0] says. */
SEC("tc")
int sweep_tc(struct __sk_buff *ctx)
{
	uint32_t n = 0, max = ctx->cb[0];

	if (is_full(ctx, known()))
		return 0;
	while (n < SWEEP_TC_RUN_MAX && n < max && sweep_one(ctx))
		n++;
	return (int)n;
}

/* The kernel lends its clock to programs under the GPL only: this file is under either licence. */
char license_[] SEC("license") = "GPL";
