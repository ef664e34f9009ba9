/*
 * capfile: a pcap file of Ethernet frames, or of IP packets, with nanosecond times, written by
 * libpcap.
 */
#ifndef TFOMAP_CAPFILE_H
#define TFOMAP_CAPFILE_H

#include <stdbool.h>
#include <stdint.h>

struct err;
struct capfile;
struct writer;

/*
 * Opens the file, which is locked; a new one has mode 0600: of Ethernet frames, or (ip) of IP
 * packets without a link header. append: what packets it has will stay, those that are whole, and
 * more are added. path outlives the capfile. 0, or -errno with a message.
 */
int capfile_open(struct capfile **out, const char *path, bool ip, bool append, struct err *e);

/* Before the first frame: what else is in the file goes. 0, or -errno with a message. */
int capfile_begin(struct capfile *f, struct err *e);

/*
 * Adds a frame of which caplen of len bytes are there. wall_ns: Unix time. Any thread: frames of
 * the send and the receive threads meet here. Waits for nobody; a write error is kept for
 * capfile_close().
 */
void capfile_write(struct capfile *f, const uint8_t *frame, uint32_t caplen, uint32_t len,
		   uint64_t wall_ns);

/* What was added goes out now: this does not wait. Any thread. f may be NULL. */
void capfile_flush(struct capfile *f);

/* So much waits to be written that no more should come. Any thread. f may be NULL. */
bool capfile_is_full(const struct capfile *f);

/* Whom its frames wait for; NULL where f is. */
struct writer *capfile_writer(struct capfile *f);

/* 0, or -errno with a message where anything could not be written. Frees f. */
int capfile_close(struct capfile *f, struct err *e);

#endif
