#include "tcpopt.h"

#include <string.h>

#include "bytes.h"

/* The option is a TFO option, or else of no interest. */
static void option_read_tfo(struct tcpopts *o, const uint8_t *area, uint8_t kind,
			    const uint8_t *body, size_t n, bool cut)
{
	if (tfo_read(kind, body, n, cut, &o->tfo))
		o->tfo_at = (uint8_t)(body + n - area - o->tfo.len);
}

/* body: the n bytes after kind and length of an option that is all there. */
static void option_read(struct tcpopts *o, const uint8_t *area, uint8_t kind, const uint8_t *body,
			size_t n)
{
	switch (kind) {
	case TCPOPT_KIND_MSS:
		if (n == 2) {
			o->has_mss = true;
			o->mss = get_be16(body);
		}
		break;
	case TCPOPT_KIND_WSCALE:
		if (n == 1) {
			o->has_wscale = true;
			o->wscale = body[0];
		}
		break;
	case TCPOPT_KIND_TIMESTAMPS:
		if (n == TCPOPT_TS_LEN - 2) {
			o->has_ts = true;
			o->ts_val = get_be32(body);
		}
		break;
	default:
		option_read_tfo(o, area, kind, body, n, false);
	}
}

/*
 * The option that the area ends in: n bytes of its body are there. A cut TFO option is evidence
 * where there is no other; it takes no sound one's place, as the peer's stack would not use it.
 */
static void option_read_cut(struct tcpopts *o, const uint8_t *area, uint8_t kind,
			    const uint8_t *body, size_t n)
{
	if (o->tfo.state == TFO_ABSENT)
		option_read_tfo(o, area, kind, body, n, true);
}

/* Reads the option at `at`, left >= 1 bytes before the area's end. Its length; 0: no sound one. */
static size_t option_step(struct tcpopts *o, const uint8_t *area, size_t at, size_t left)
{
	const uint8_t *p = area + at;

	if (p[0] == TCPOPT_KIND_NOP)
		return 1;
	if (left < 2) {
		option_read_cut(o, area, p[0], p + 1, 0);
		return 0;
	}
	if (p[1] > left) {
		option_read_cut(o, area, p[0], p + 2, left - 2);
		return 0;
	}
	if (p[1] < 2)
		return 0;
	option_read(o, area, p[0], p + 2, p[1] - 2u);
	return p[1];
}

void tcpopt_parse(struct tcpopts *o, const uint8_t *area, size_t len)
{
	size_t at = 0;

	memset(o, 0, sizeof(*o));
	if (len > TCPOPT_AREA_MAX)
		len = TCPOPT_AREA_MAX;
	while (at < len) {
		size_t step;

		o->kinds[o->n++] = area[at];
		if (area[at] == TCPOPT_KIND_EOL)
			return;
		step = option_step(o, area, at, len - at);
		if (!step) {
			o->malformed = true;
			return;
		}
		at += step;
	}
}

void tcpopt_text(const struct tcpopts *o, char out[static TCPOPT_TEXT_LEN])
{
	char *p = out;

	for (size_t i = 0; i < o->n; i++) {
		unsigned int kind = o->kinds[i];

		if (i)
			*p++ = '-';
		if (kind >= 100)
			*p++ = (char)('0' + kind / 100);
		if (kind >= 10)
			*p++ = (char)('0' + kind / 10 % 10);
		*p++ = (char)('0' + kind % 10);
	}
	*p = '\0';
}
