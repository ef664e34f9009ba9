/*
 * listline: the lines of a server list: "addr", "addr:port", "[v6]:port", "addr,port,domain", and
 * what scanners write: CSV whose header names the columns (tfomap, zmap), JSON objects (tfomap,
 * zmap, masscan, naabu, PATHspider), masscan's list.
 */
#ifndef TFOMAP_LISTLINE_H
#define TFOMAP_LISTLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "targets/target.h"

struct err;
struct listline;

/* Takes the target that l holds. 0, or -errno, which ends the line. */
typedef int listline_take_fn(void *arg, const struct listline *l, struct err *e);

/* A list that is read: what goes from line to line, and the target at hand. */
struct listline {
	listline_take_fn *take;
	void *arg;
	uint64_t n_other;	/* entries that are not of TCP, which are left out */
	size_t columns;		/* of the CSV header that came last; 0: none came */
	size_t ip_at, port_at, domain_at;	/* its columns; columns: it has none such */

	struct addr ip;
	uint16_t port;		/* 0: the line names none */
	const char *bare;	/* how an IPv6 address without brackets and port is written, else
				 * NULL: its last group may have been meant as the port */
	struct target_extra x;	/* domain and info, each "" where there is none */
};

void listline_init(struct listline *l, listline_take_fn *take, void *arg);

/*
 * Parses a trimmed line that is not blank, which is written to, and has all its targets taken: one,
 * mostly; none of a header; several of a JSON array. 0, or -errno: -EINVAL with a message (without
 * file and line), or what take returned.
 */
int listline_parse(struct listline *l, char *text, struct err *e);

#endif
