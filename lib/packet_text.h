/* packet_text: a TCP segment in words, much as tcpdump would put it. */
#ifndef TFOMAP_PACKET_TEXT_H
#define TFOMAP_PACKET_TEXT_H

#include "packet.h"

/*
 * "IP 192.0.2.1.20561 > 192.0.2.2.443: Flags [S], seq 5, win 64240, options [mss 1460,tfo cookie
 * request], length 0" to out, which holds every segment; no line end.
 */
#define PACKET_TEXT_LEN 512
void packet_text(const struct packet_tcp *p, char out[static PACKET_TEXT_LEN]);

#endif
