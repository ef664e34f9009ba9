/*
 * rx_source: where packets come from, by one table of operations: the receive engines, and their
 * registry. Each source is one thread's.
 */
#ifndef TFOMAP_RX_SOURCE_H
#define TFOMAP_RX_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "packet.h"

struct err;
struct validator;

/*
 * A packet as captured: bytes from its link header on (live only where that is Ethernet, else from
 * its IP header on); ip after the link header. wall_ns: Unix time.
 */
struct rx_frame {
	const uint8_t *bytes, *ip;
	uint32_t caplen, len;		/* of bytes */
	uint32_t ip_caplen;
	uint16_t type;			/* Ethertype of what is at ip; 0: IP by its version */
	uint64_t wall_ns;
};

#define RX_SNAPLEN 256	/* bytes of a live packet: all headers and options, or a whole ICMP quote */

#define RX_POLL_MAX 4096	/* packets of one poll, at most */

/* How long a packet that came may stay where poll() does not find it yet. */
#define RX_DELAY_NS 50000000ull

/* So long whoever reads may get no time: what comes meanwhile finds room, within bounds. */
#define RX_UNREAD_MS 1100

/*
 * The capture ended before the headers did: what it is cannot be known, or what it says. p: what
 * packet_parse() made of it.
 */
static inline bool rx_frame_is_cut(const struct rx_frame *f, enum packet_fault fault,
				   const struct packet *p)
{
	return f->caplen < f->len && (fault == PACKET_SHORT || fault == PACKET_BAD_QUOTE
				      || (fault == PACKET_OK && p->tcp.opts_cut));
}

typedef void rx_frame_fn(void *arg, const struct rx_frame *f);

/* Packets so far that were not handed over. */
struct rx_lost {
	uint64_t capture;		/* buffer full */
	uint64_t interface;
	uint64_t unmatched;		/* answers to nothing, dropped in the kernel: no loss */
};

/* What a source is opened with; what it has no use for is not looked at. */
struct rx_setup {
	const char *interface;
	int ifindex;
	uint16_t vlan_id;		/* packets with this 802.1Q tag; 0: any, or none */
	const char *file;		/* of the words with `:FILE` */
	const struct validator *validator;	/* answers to its tags, to its ports, are wanted, */
	bool arp_requests, solicitations;	/* and requests of neighbours, too */
	uint32_t buffer_len;		/* buffer_len() of what may come within RX_UNREAD_MS */
	/*
	 * What comes is divided among n sources by where it is from, each with a buffer of that
	 * length; this is the one of that number. first: the state of source 0, which is opened
	 * before the others, and closed after them.
	 */
	unsigned int n, number;
	void *first;
};

struct rx_ops {
	const char *name;
	/* What it is, for who chooses it and for the receive threads. */
	bool own_clock;			/* its packets came at another time: it is what they say */
	bool sees_sent;			/* what was sent comes, too, and nothing else knows of it */
	bool may_be_cut;		/* its packets may lack of their headers */
	bool consumes;			/* the kernel does not see the answers that it hands over */
	bool needs_ethernet;
	bool untagged;			/* it does not look past 802.1Q tags */
	/*
	 * Bytes of buffer where `unread` packets may wait within RX_UNREAD_MS, as far as so much
	 * memory is worth it. NULL: it has none.
	 */
	uint32_t (*buffer_len)(uint64_t unread);
	/* *state is the source's own. 0, or -errno with a message. */
	int (*open)(void **state, const struct rx_setup *setup, struct err *e);
	/*
	 * Hands over what is there; live it waits for it, 10 ms at most. Returns the number of
	 * packets, fewer than RX_POLL_MAX where that was all; -ENODATA at the end of a file, or
	 * another -errno with a message.
	 */
	int (*poll)(void *state, rx_frame_fn *fn, void *arg, struct err *e);
	void (*lost)(void *state, struct rx_lost *out);
	/* Whether so much waits that soon there may be no room; NULL: not known. */
	bool (*back_pressure)(const void *state);
	/* After fn has had enough: poll returns before the next packet. */
	void (*enough)(void *state);
	void (*close)(void *state);
};

/* ops NULL: nothing can answer. */
struct rx_in {
	const struct rx_ops *ops;
	void *state;
};

#define RX(id, word, file, doc) extern const struct rx_ops rx_##id;
#include "config/engines.def"

/* The source of that word of --rx, with or without a file; NULL: none. */
const struct rx_ops *rx_find(const char *word, bool file);

#endif
