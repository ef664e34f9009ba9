/*
 * privileges: giving away what the process may do beyond any other: capabilities, the user that it
 * runs as, and the way back to either. Main thread, while it is the only one: capabilities belong
 * to threads.
 */
#ifndef TFOMAP_PRIVILEGES_H
#define TFOMAP_PRIVILEGES_H

#include <stdbool.h>

struct err;

/*
 * With file capabilities (setcap) the environment is that of who may do less than the program:
 * libraries find nothing there but what a terminal is and how text looks. Before anything else.
 */
void privileges_clean_environment(void);

/* Whether there is such a user. 0, or -errno with a message. */
int privileges_check_user(const char *user, struct err *e);

/*
 * Keeps of the capabilities those that setting up a scan may need: to open files, to change the
 * user, and, if network, sockets and BPF programs; what is executed gets no more. 0, or -errno with
 * a message.
 */
int privileges_narrow(bool network, struct err *e);

/*
 * Calls try() as it will be once all capabilities are given away, but for the user; returns what it
 * returns.
 */
int privileges_try_without(int (*try)(const void *arg), const void *arg);

/*
 * Calls act() with the rights to files that there are once privileges are given away: as that user
 * and its own group, or (user NULL) as the process is, without capabilities. What act() returns, or
 * -errno with a message.
 */
int privileges_as(const char *user, int (*act)(void *arg, struct err *e), void *arg,
		  struct err *e);

/*
 * From here on: this user, with its groups, if user is not NULL; no capability in any set (but the
 * bounding set where CAP_SETPCAP is missing); nothing that is executed gets more. 0, or -errno with
 * a message: then the process must not go on.
 */
int privileges_drop(const char *user, struct err *e);

/* How many threads there are beside the caller's; 0 as well where nothing says. */
unsigned int privileges_other_threads(void);

#endif
