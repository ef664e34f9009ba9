/*
 * The lab's plain server: listens on [::] (IPv4 too) at each PORT:QUEUE[:open] of its command line,
 * with TCP_FASTOPEN set to QUEUE unless that is 0; accepts, reads what the SYN brought, says one
 * short line, closes (unless "open"). It says "ready" when every port listens.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG (1 << 20)

struct door {
	int fd;
	bool stays_open;
};

static int listener_open(unsigned port, int queue)
{
	struct sockaddr_in6 any = {
		.sin6_family = AF_INET6,
		.sin6_port = htons((unsigned short)port),
	};
	int on = 1, off = 0;
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) ||
	    bind(fd, (struct sockaddr *)&any, sizeof(any)))
		return -1;
	if (queue && setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN, &queue, sizeof(queue)))
		return -1;
	return listen(fd, BACKLOG) ? -1 : fd;
}

/*
 * Takes every connection that waits; a peer that has gone already is no error. What came on the SYN
 * is read: close() with data unread would reset the connection.
 */
static void listener_serve(const struct door *d)
{
	static const char line[] = "tfomap lab\r\n";
	char request[2048];
	int peer;

	while ((peer = accept(d->fd, NULL, NULL)) >= 0 || errno == ECONNABORTED) {
		if (peer < 0)
			continue;
		while (recv(peer, request, sizeof(request), MSG_DONTWAIT) > 0)
			;
		if (write(peer, line, sizeof(line) - 1) < 0 && errno != EPIPE &&
		    errno != ECONNRESET)
			perror("listener: write");
		if (!d->stays_open)
			close(peer);
	}
}

int main(int argc, char **argv)
{
	struct door *doors = calloc((size_t)argc, sizeof(*doors));
	int poll = epoll_create1(0);

	signal(SIGPIPE, SIG_IGN);
	for (int i = 1; i < argc; i++) {
		struct epoll_event event = { .events = EPOLLIN, .data.ptr = &doors[i] };
		unsigned port;
		int queue;

		if (!doors || sscanf(argv[i], "%u:%d", &port, &queue) != 2) {
			fprintf(stderr, "usage: listener PORT:QUEUE[:open]...\n");
			return 2;
		}
		doors[i].fd = listener_open(port, queue);
		doors[i].stays_open = strstr(argv[i], ":open") != NULL;
		if (doors[i].fd < 0 || epoll_ctl(poll, EPOLL_CTL_ADD, doors[i].fd, &event)) {
			fprintf(stderr, "listener: port %u: %s\n", port, strerror(errno));
			return 1;
		}
	}
	puts("ready");
	fflush(stdout);
	for (;;) {
		struct epoll_event events[16];
		int n = epoll_wait(poll, events, 16, -1);

		for (int i = 0; i < n; i++)
			listener_serve(events[i].data.ptr);
	}
}
