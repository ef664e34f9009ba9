/*
 * The persona responder's way in and out: Ethernet frames of one interface, in bursts. Every
 * failure ends the program with a message.
 */
#ifndef PERSONA_IO_H
#define PERSONA_IO_H

#include <stddef.h>
#include <stdint.h>

void io_open(const char *interface);

/* The next frame; it is good until the next call. Sends what is due while there is none. */
const uint8_t *io_receive(size_t *len);

/* Room for WIRE_FRAME_MAX bytes of the next frame to send, and its sending, delay_ms from now. */
uint8_t *io_frame(void);
void io_send(size_t len, int delay_ms);

#endif
