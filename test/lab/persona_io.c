#include "persona_io.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>

#include "persona_wire.h"

#define BATCH		64
#define RING_FRAMES	8192
#define RING_BLOCK	(1 << 16)

struct frame {
	struct frame *next;
	uint64_t due_ms;
	size_t len;
	uint8_t bytes[WIRE_FRAME_MAX];
};

static int in_fd, out_fd;
static uint8_t *ring;		/* shared with the kernel: a socket's queue is too short */
static struct frame batch[BATCH];
static unsigned int batched;
static struct frame *waiting;	/* by due time */

static void fail(const char *what)
{
	fprintf(stderr, "persona: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* ---- out ----------------------------------------------------------------------------------- */

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void flush(void)
{
	struct mmsghdr msgs[BATCH];
	struct iovec iov[BATCH];
	unsigned int sent = 0;

	memset(msgs, 0, sizeof(msgs));
	for (unsigned int i = 0; i < batched; i++) {
		iov[i] = (struct iovec){ batch[i].bytes, batch[i].len };
		msgs[i].msg_hdr = (struct msghdr){ .msg_iov = &iov[i], .msg_iovlen = 1 };
	}
	while (sent < batched) {
		int n = sendmmsg(out_fd, msgs + sent, batched - sent, 0);

		if (n > 0)
			sent += (unsigned int)n;
		else if (errno != ENOBUFS && errno != EAGAIN && errno != EINTR)
			fail("sendmmsg");
	}
	batched = 0;
}

static void wait_in_line(const struct frame *f, uint64_t due_ms)
{
	static struct frame *last;	/* most wait equally long: their place is behind it */
	struct frame **at = waiting && last->due_ms <= due_ms ? &last->next : &waiting;
	struct frame *copy = malloc(sizeof(*copy));

	if (!copy)
		fail("a frame that waits");
	*copy = *f;
	copy->due_ms = due_ms;
	while (*at && (*at)->due_ms <= due_ms)
		at = &(*at)->next;
	copy->next = *at;
	*at = copy;
	if (!copy->next)
		last = copy;
}

static void send_due(void)
{
	while (waiting && waiting->due_ms <= now_ms()) {
		struct frame *f = waiting;

		waiting = f->next;
		batch[batched] = *f;
		io_send(f->len, 0);
		free(f);
	}
}

uint8_t *io_frame(void)
{
	return batch[batched].bytes;
}

void io_send(size_t len, int delay_ms)
{
	batch[batched].len = len;
	if (delay_ms)
		wait_in_line(&batch[batched], now_ms() + (uint64_t)delay_ms);
	else if (++batched == BATCH)
		flush();
}

/* ---- in ------------------------------------------------------------------------------------ */

const uint8_t *io_receive(size_t *len)
{
	static unsigned int at;
	static struct tpacket2_hdr *given;
	struct tpacket2_hdr *head = (void *)(ring + (size_t)at * WIRE_FRAME_MAX);
	struct pollfd in = { .fd = in_fd, .events = POLLIN };

	if (given)
		__atomic_store_n(&given->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
	send_due();
	while (!(__atomic_load_n(&head->tp_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER)) {
		flush();
		poll(&in, 1, waiting ? 1 : -1);
		send_due();
	}
	at = (at + 1) % RING_FRAMES;
	given = head;
	*len = head->tp_snaplen;
	return (uint8_t *)head + head->tp_mac;
}

/* protocol 0: for sending alone. */
static int open_socket(int protocol, int index)
{
	struct sockaddr_ll at = {
		.sll_family = AF_PACKET, .sll_ifindex = index,
		.sll_protocol = htons((uint16_t)protocol),
	};
	int fd = socket(AF_PACKET, SOCK_RAW, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)))
		fail("packet socket");
	return fd;
}

void io_open(const char *interface)
{
	struct tpacket_req req = {
		.tp_block_size = RING_BLOCK,
		.tp_block_nr = RING_FRAMES * WIRE_FRAME_MAX / RING_BLOCK,
		.tp_frame_size = WIRE_FRAME_MAX, .tp_frame_nr = RING_FRAMES,
	};
	int version = TPACKET_V2, index = (int)if_nametoindex(interface);
	void *map;

	if (!index)
		fail(interface);
	in_fd = open_socket(ETH_P_ALL, index);
	if (setsockopt(in_fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) ||
	    setsockopt(in_fd, SOL_PACKET, PACKET_RX_RING, &req, sizeof(req)))
		fail("PACKET_RX_RING");
	map = mmap(NULL, (size_t)RING_FRAMES * WIRE_FRAME_MAX, PROT_READ | PROT_WRITE, MAP_SHARED,
		   in_fd, 0);
	if (map == MAP_FAILED)
		fail("mmap");
	ring = map;
	out_fd = open_socket(0, index);
}
