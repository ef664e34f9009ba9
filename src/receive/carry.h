/*
 * carry: what is sent on a connection that is carried on (conn.h): ACKs, data, and the reset at the
 * end. Receive thread.
 */
#ifndef TFOMAP_CARRY_H
#define TFOMAP_CARRY_H

struct entry;
struct shared;

/* Requests what is due, bits of enum conn_segment, on the connection of the entry's newest flow. */
void carry_on(struct shared *s, struct entry *en, unsigned int due);

/* It is over: the server's side is reset. */
void carry_close(struct shared *s, const struct entry *en);

#endif
