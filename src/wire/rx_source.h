/* rx_in: where packets come from, behind one table of calls. The receive thread uses them. */
#ifndef TFOMAP_RX_SOURCE_H
#define TFOMAP_RX_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "packet.h"

struct err;

/*
 * A packet as captured: bytes from its link header on (live only where that is Ethernet, else from
 * its IP header on); ip behind the link header. wall_ns: Unix time.
 */
struct rx_frame {
	const uint8_t *bytes, *ip;
	uint32_t caplen, len;		/* of bytes */
	uint32_t ip_caplen;
	uint16_t type;			/* Ethertype of what is at ip; 0: IP by its version */
	uint64_t wall_ns;
};

#define RX_POLL_MAX 4096	/* packets of one poll, at most */

/* How long a packet that came may stay where poll() does not find it yet. */
#define RX_DELAY_NS 50000000ull

/*
 * The capture ended before the headers did: what it is cannot be told, or what it says. p: what
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
	uint64_t unmatched;		/* answers to nothing, told apart in the kernel: no loss */
};

struct rx_ops {
	const char *name, *doc;
	bool consumes;			/* the kernel does not see what is handed over */
	/*
	 * Hands over what is there; live it waits for it, 10 ms at most. Returns the number of
	 * packets, fewer than RX_POLL_MAX where that was all; -ENODATA at the end of a file, or
	 * another -errno with a message.
	 */
	int (*poll)(void *state, rx_frame_fn *fn, void *arg, struct err *e);
	void (*lost)(void *state, struct rx_lost *out);
	/* Whether so much waits that soon there may be no room; NULL: it cannot tell. */
	bool (*behind)(const void *state);
	/* After fn has had enough: poll returns before the next packet. */
	void (*enough)(void *state);
	void (*close)(void *state);
};

/* ops NULL: nothing can answer. */
struct rx_in {
	const struct rx_ops *ops;
	void *state;
};

#endif
