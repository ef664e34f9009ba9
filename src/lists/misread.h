/*
 * misread: "2001:db8::1:443" is an address of IPv6, but who wrote it may have meant port 443 of
 * 2001:db8::1. All such words of a run are reported at once, as they are read and as they could
 * have been meant.
 */
#ifndef TFOMAP_MISREAD_H
#define TFOMAP_MISREAD_H

#include <stdbool.h>
#include <stdint.h>

#include "addr.h"

struct misread {
	const uint16_t *ports;		/* --target-ports: a last group may be one of these */
	uint32_t n_ports;
	uint64_t n;			/* such words */
	char word[ADDR_STRLEN];		/* the first */
	char where[256];		/* "FILE:LINE: " of it, "" of the command line */
};

/*
 * Notes a word that was read as an IPv6 address, without brackets or port, where it is such: what
 * is before its last colon is an address, too, and what follows one of the ports or a well-known
 * one. file, line: where it stands; NULL: on the command line.
 */
void misread_note(struct misread *m, const char *word, const char *file, unsigned long line);

/* Says so in one sentence; what: how such words were read. False: there was none. */
#define MISREAD_LEN 640
bool misread_describe(const struct misread *m, const char *what, char out[static MISREAD_LEN]);

#endif
