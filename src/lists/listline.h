/* listline: a server list as it is read: what goes from line to line, and the target at hand. */
#ifndef TFOMAP_LISTLINE_H
#define TFOMAP_LISTLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "target.h"

struct err;
struct listline;

/* Takes the target that l holds. 0, or -errno, which ends the line. */
typedef int listline_take_fn(void *arg, const struct listline *l, struct err *e);

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

/* How tools call a target's address and port, in CSV headers and JSON keys; the first fits. */
struct listline_names {
	const char *ip, *port, *domain;		/* domain: NULL where there is none */
};

#define LISTLINE_NAMES	3
#define LISTLINE_PATHSPIDER	(&listline_names[0])	/* its other keys are the target's info */
#define LISTLINE_ROWS		(&listline_names[1])
extern const struct listline_names listline_names[LISTLINE_NAMES];

#endif
