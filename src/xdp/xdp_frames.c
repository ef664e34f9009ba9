#include "xdp/xdp_frames.h"

#include <string.h>

#include "bytes.h"
#include "wire/tx.h"

static bool has_refused(const struct xdp_program *p)
{
	return xdp_mark(&p->marks->lost_frames) != p->limits->lost_frames_taken;
}

/* Where in the ring the first is that was refused and did not go again. */
static uint64_t first_refused(const struct xdp_program *p)
{
	return p->marks->lost_frame[p->limits->lost_frames_taken % SWEEP_FRAMES];
}

/* What may still turn out refused is not written over. */
unsigned int xdp_frames_room(const struct xdp_frames *f)
{
	const struct xdp_program *p = f->program;
	uint64_t taken = xdp_mark(&p->marks->frames_taken);
	uint64_t oldest = has_refused(p) ? first_refused(p) : taken, used;

	used = p->limits->frames_put - (oldest < taken ? oldest : taken);
	used = used < SWEEP_FRAMES - XDP_FRAMES_MARGIN ? used : SWEEP_FRAMES - XDP_FRAMES_MARGIN;
	return (unsigned int)(SWEEP_FRAMES - XDP_FRAMES_MARGIN - used);
}

/* By tc it is an IP packet to the kernel, in whatever the sweep's packets are in. */
static bool fits(const struct xdp_program *p, const struct tx_frame *frame)
{
	uint16_t ethertype;

	if (frame->len > SWEEP_FRAME_LEN || p->way != XDP_WAY_TC)
		return frame->len <= SWEEP_FRAME_LEN;
	ethertype = get_be16(frame->data + XDP_ETHERTYPE);
	return ethertype == p->ethertype[0] || ethertype == p->ethertype[1];
}

unsigned int xdp_frames_put(struct xdp_frames *f, const struct tx_frame *frames, unsigned int n)
{
	const struct xdp_program *p = f->program;
	unsigned int has_room = xdp_frames_room(f);
	uint64_t put = p->limits->frames_put;
	unsigned int done = 0;

	while (done < n && done < has_room && fits(p, &frames[done])) {
		unsigned int at = (unsigned int)((put + done) % SWEEP_FRAMES);

		memcpy(p->frames[at].bytes, frames[done].data, frames[done].len);
		p->frames[at].len = frames[done++].len;
		f->tries[at] = 0;
	}
	xdp_limit(&p->limits->frames_put, put + done);
	return done;
}

bool xdp_frames_put_again(struct xdp_frames *f)
{
	const struct xdp_program *p = f->program;
	uint64_t taken = xdp_mark(&p->marks->frames_taken);

	while (has_refused(p)) {
		uint64_t put = p->limits->frames_put;
		unsigned int from = (unsigned int)(first_refused(p) % SWEEP_FRAMES);
		unsigned int to = (unsigned int)(put % SWEEP_FRAMES);

		if (f->tries[from] >= XDP_FRAME_TRIES_MAX)
			return false;
		if (put - taken >= SWEEP_FRAMES - XDP_FRAMES_MARGIN)
			break;
		p->frames[to] = p->frames[from];
		f->tries[to] = (uint8_t)(f->tries[from] + 1);
		xdp_limit(&p->limits->frames_put, put + 1);
		xdp_limit(&p->limits->lost_frames_taken, p->limits->lost_frames_taken + 1);
	}
	return true;
}

bool xdp_frames_wait(const struct xdp_frames *f)
{
	return f->program->marks->frames_taken != f->program->limits->frames_put;
}

bool xdp_frames_pending(const struct xdp_frames *f)
{
	return has_refused(f->program) || xdp_frames_wait(f);
}

size_t xdp_frames_take_back(struct xdp_frames *f, uint8_t *out)
{
	const struct xdp_program *p = f->program;
	const struct sweep_frame *frame;

	if (has_refused(p)) {
		frame = &p->frames[first_refused(p) % SWEEP_FRAMES];
		p->limits->lost_frames_taken++;
	} else if (xdp_frames_wait(f)) {
		frame = &p->frames[p->marks->frames_taken++ % SWEEP_FRAMES];
	} else {
		return 0;
	}
	memcpy(out, frame->bytes, frame->len);
	return frame->len;
}
