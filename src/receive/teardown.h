/*
 * teardown: what a SYN/ACK opened is reset: at once, or, where the server took data, acknowledged
 * and reset when it has said what it says to it. Receive thread.
 */
#ifndef TFOMAP_TEARDOWN_H
#define TFOMAP_TEARDOWN_H

struct arrival;
struct entry;
struct shared;

/* The connection of a SYN/ACK, taken as evidence or not; unless it is to stay open for a while. */
void teardown_arrival(struct shared *s, const struct arrival *a);

/* All connections of an entry that stayed open for what the server says to data. */
void teardown_entry(struct shared *s, const struct entry *en);

#endif
