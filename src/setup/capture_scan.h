/* capture_scan: what a saved capture has in it, before it is read as answers. Main thread. */
#ifndef TFOMAP_CAPTURE_SCAN_H
#define TFOMAP_CAPTURE_SCAN_H

#include <stdbool.h>
#include <stdint.h>

#include "addr.h"
#include "base/clock.h"

struct config;
struct err;
struct targetlist;
struct validator;

/* So far a file may be out of order: what was saved while the receiver was held up is. */
#define CAPTURE_BACK_MAX_NS	(10 * NS_PER_S)

#define CAPTURE_UNREAD_LEN	160

/* Packets with a fault, and the number of the first of them in the file, from 1. */
struct capture_fault {
	uint64_t n, first;
};

/* What is known of a run from its capture, and what makes the capture unsound. */
struct capture_facts {
	uint64_t ours, syns;		/* packets of the run; its SYNs of them */
	uint16_t later_turns;		/* how far their ports are beyond the first part's */
	bool has_source[2];		/* IPv4, IPv6: there are such SYNs; */
	struct addr source[2];		/* where the first of them came from */
	char unread[CAPTURE_UNREAD_LEN];	/* words on packets without IP; empty: none */
	struct capture_fault cut;	/* answers whose options were not captured */
	struct capture_fault before;	/* answers with an earlier time than their SYN's */
	struct capture_fault misplaced;	/* SYNs after their answers in the file */
	struct capture_fault back;	/* packets of the run with an earlier time than before */
	uint64_t back_ns;		/* how much earlier, at most */
};

/*
 * Reads c's --rx file once. v: recognises what is of the run, of so many positions. 0, or -errno
 * with a message; a file that ends too soon is the reader's to report, if anything of the run came
 * before.
 */
int capture_look(const struct config *c, const struct validator *v, uint64_t positions,
		 struct capture_facts *f, struct err *e);

/*
 * Adds who was sent something from our ports, or sent something to them: more than the targets
 * there may be, never less. 0, or -errno with a message; nobody: -EINVAL.
 */
int capture_list_targets(const struct config *c, struct targetlist *l, struct err *e);

/*
 * Whether rows can be made of it: 0, or -EINVAL with a message. What makes verdicts wrong is an
 * error where rows are about targets; where they are about replies each packet speaks for itself,
 * and a message says so.
 */
int capture_check(const struct config *c, const struct capture_facts *f, struct err *e);

#endif
