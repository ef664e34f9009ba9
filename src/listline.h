/*
 * listline: one line of a server list: "addr", "addr:port", "[v6]:port", "addr,port,domain", or a
 * PATHspider record {"dip":"192.0.2.1","dp":443,"domain":"www.example.org",...}.
 */
#ifndef TFOMAP_LISTLINE_H
#define TFOMAP_LISTLINE_H

#include <stdbool.h>
#include <stdint.h>

#include "addr.h"
#include "target.h"

struct err;

struct listline {
	struct addr ip;
	uint16_t port;		/* 0: the line names none */
	bool has_extra;		/* it has a domain, or keys beside dip, dp and domain */
};

/*
 * Parses a trimmed line that is not blank; text is written to. x, which may be NULL, gets domain
 * and info. 0, or -EINVAL with a message (without file and line). Info that does not fit x is an
 * error, whether x is asked for or not.
 */
int listline_parse(struct listline *out, char *text, struct target_extra *x, struct err *e);

#endif
