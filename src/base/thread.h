/*
 * thread: threads that need not run at once, started when the process has given its privileges
 * away: one that was there before would keep them, as these belong to threads.
 */
#ifndef TFOMAP_THREAD_H
#define TFOMAP_THREAD_H

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>

struct err;

/* Members are its own, but for id, once started. */
struct thread {
	void *(*run)(void *arg);
	void *arg;
	sigset_t blocked;		/* signals that it does not take */
	const char *use;		/* "writes to ...", for messages; the caller's */
	struct thread *next;		/* of those that are held */
	pthread_t id;
	bool started;
};

/*
 * From the one to the other, threads are held: thread_start() only notes them. threads_release()
 * starts them; 0, or -errno with a message. Main thread, while it is the only one.
 */
void threads_hold(void);
int threads_release(struct err *e);

/* Its first four members are set. t outlives the thread. 0, or -errno with a message. */
int thread_start(struct thread *t, struct err *e);

/* Waits for its end; one that is still held will not be started. */
void thread_join(struct thread *t);

#endif
