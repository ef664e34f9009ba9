/* cpu: which core a thread is to stay on. */
#ifndef TFOMAP_CPU_H
#define TFOMAP_CPU_H

#include <pthread.h>

/*
 * Keeps the thread of sender `sender` on a core of its own among those that the process may use,
 * the first of them last, where the receive thread is likely to be; senders beyond them share.
 * Nothing happens where there is one core only.
 */
void cpu_pin_sender(pthread_t thread, unsigned int sender);

#endif
