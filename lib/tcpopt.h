/* tcpopt: the options of a TCP header (RFC 9293 3.2), read as hostile input. */
#ifndef TFOMAP_TCPOPT_H
#define TFOMAP_TCPOPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tfo.h"

#define TCPOPT_AREA_MAX	40	/* bytes of options in a TCP header */

/* Option kinds (IANA). */
#define TCPOPT_KIND_EOL		0
#define TCPOPT_KIND_NOP		1
#define TCPOPT_KIND_MSS		2
#define TCPOPT_KIND_WSCALE	3
#define TCPOPT_KIND_SACK_OK	4
#define TCPOPT_KIND_TIMESTAMPS	8

#define TCPOPT_TS_LEN		10	/* RFC 7323 3.2 */

struct tcpopts {
	uint8_t kinds[TCPOPT_AREA_MAX];	/* in order of appearance, NOP and EOL too */
	uint8_t n;
	bool malformed;		/* an option cut short, or of length 0 or 1 */
	bool has_mss, has_wscale, has_ts;
	uint16_t mss;
	uint32_t ts_val;
	uint8_t wscale;
	uint8_t tfo_at;		/* where in the area tfo's cookie is */
	struct tfo_option tfo;	/* of several the last, as Linux takes it; cut: if the only one */
};

/*
 * Reads len (0..40) bytes of option area. Stops at EOL and at the first option that cannot be
 * stepped over (then malformed); what came before it stays. Always terminates.
 */
void tcpopt_parse(struct tcpopts *o, const uint8_t *area, size_t len);

/* Whose options a SYN carries beside TFO's; MSS: that option alone. */
enum tcp_options {
	TCP_OPTIONS_WINDOWS, TCP_OPTIONS_LINUX, TCP_OPTIONS_BSD, TCP_OPTIONS_MSS, TCP_OPTIONS_NONE,
};

/* Text of the kinds in order, "2-4-8-1-3"; empty where there are none. At most 160 bytes + NUL. */
#define TCPOPT_TEXT_LEN (4 * TCPOPT_AREA_MAX + 1)
void tcpopt_text(const struct tcpopts *o, char out[static TCPOPT_TEXT_LEN]);

#endif
