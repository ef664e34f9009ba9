/*
 * segments: what is sent on a connection that a SYN/ACK opened. It is reset: at once, or, where the
 * server took data, acknowledged and reset when it has said what it says to it; or it is carried
 * on (conn.h) with ACKs and data, and reset at the end. Receive threads, under the part's lock.
 */
#ifndef TFOMAP_SEGMENTS_H
#define TFOMAP_SEGMENTS_H

struct arrival;
struct entry;
struct shared;

/* The connection of a SYN/ACK, taken as evidence or not; unless it is to stay open for a while. */
void segments_tear_down(struct shared *s, const struct arrival *a);

/* All connections of an entry that stayed open for what the server says to data. */
void segments_tear_down_entry(struct shared *s, const struct entry *en);

/* Requests what is due, bits of enum conn_segment, on the connection of the entry's newest flow. */
void segments_carry_on(struct shared *s, struct entry *en, unsigned int due);

/* The same connection is over: the server's side is reset. */
void segments_close(struct shared *s, const struct entry *en);

#endif
