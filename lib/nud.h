/*
 * nud: neighbour unreachability detection for a gateway: whether it is still where it was, and
 * where to it has moved. It is probed at intervals, by unicast first, as it may answer for long,
 * then by broadcast (RFC 1122 2.3.2.1, RFC 4861 7.3). An unsolicited announcement moves nothing: it
 * makes the next probe come sooner.
 */
#ifndef TFOMAP_NUD_H
#define TFOMAP_NUD_H

#include <stdbool.h>
#include <stdint.h>

struct nud {
	uint8_t mac[6];			/* where it is */
	uint64_t every_ns;		/* from an answered probe to the next */
	uint64_t probed_ns;		/* of the last probe */
	uint64_t waits_ns;		/* of the first one that is not answered */
	uint64_t heard_ns;		/* it was there then for sure: the first probe that its
					 * last answer may be to; before that: the start */
	unsigned int unanswered;	/* probes since its last answer */
	bool answers;			/* it has answered at all */
};

void nud_init(struct nud *r, const uint8_t mac[static 6], uint64_t every_ns, uint64_t now_ns);

enum nud_probe { NUD_QUIET, NUD_PROBE_UNICAST, NUD_PROBE_BROADCAST };

/* The probe that is due at now_ns, which is then taken to be sent. */
enum nud_probe nud_due(struct nud *r, uint64_t now_ns);

enum nud_answer { NUD_SAME, NUD_MOVED, NUD_OTHER };

/*
 * Somebody says that the neighbour is at mac. NUD_MOVED: it is, from now on; NUD_OTHER: that
 * was unsolicited, or who was there before has still time to answer.
 */
enum nud_answer nud_take(struct nud *r, const uint8_t mac[static 6]);

/* It may have moved: the next probe is due now. */
void nud_doubt(struct nud *r);

/* Whether it has ceased to answer, and nobody else does. */
bool nud_gone(const struct nud *r);

#endif
