/* rx_file: a capture file, read packet by packet: a poll hands over one, if it is IP. */
#ifndef TFOMAP_RX_FILE_H
#define TFOMAP_RX_FILE_H

#include <stdint.h>

struct err;
struct rx_in;

/* Fills in *out. 0, or -errno with a message. */
int rx_file_open(struct rx_in *out, const char *path, struct err *e);

struct rx_file_counts {
	uint64_t packets;
	uint64_t unread;		/* in them is no IP, as far as can be read */
	uint16_t unread_type;		/* of the first of these: its Ethertype; 0: cut before it */
};

/* So far, of what rx_file_open() has opened. */
struct rx_file_counts rx_file_counts(const struct rx_in *in);

#endif
