/*
 * The lab's flooder: forges answers, off the path: it knows the scanner's addresses and range of
 * ports, and the targets, but sees no packet of the scan.
 *
 *	flood INTERFACE MAC SEED FIRST-LAST SCANNER4 PREFIX4 SCANNER6 PREFIX6 PORT...
 *
 * MAC: the scanner's. FIRST-LAST: the scanner's ports. PREFIX: an address, of which the last 8 bits
 * are any: the targets', at each PORT. One in eight packets comes from, or is about, an address
 * that is no target's. Each line of standard input is how many more packets to send; a line says
 * then how many of each kind have been sent so far. The same seed makes the same packets.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "persona_wire.h"

#define BATCH		64
#define FRAME_MAX	256
#define PREFIX_BITS	8
#define PORTS_MAX	16
#define STRANGERS	8	/* one packet of so many is of no target */
#define V6_SHARE	4	/* one of so many is of IPv6 */

enum { ETH = 14, IP4 = 20, IP6 = 40, TCP = 20 };

enum kind { SYNACK, COOKIE, REFUSAL, BARE, DATA, FINISH, QUOTE, KINDS };

static const char *const names[KINDS] = {
	[SYNACK] = "synack", [COOKIE] = "cookie", [REFUSAL] = "rst", [BARE] = "bare",
	[DATA] = "data", [FINISH] = "fin", [QUOTE] = "icmp",
};

/* What is known of the scan. */
struct scan {
	uint8_t scanner[2][16], prefix[2][16];
	uint16_t port_first, port_last;
	uint16_t ports[PORTS_MAX];
	unsigned int n_ports;
};

static struct scan scan;
static uint8_t frames[BATCH][WIRE_FRAME_MAX];
static uint8_t syns[2][FRAME_MAX];	/* of IPv4 and IPv6: as the scanner may have sent them */
static uint64_t sent[KINDS], state;

static void die(const char *what)
{
	fprintf(stderr, "flood: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* splitmix64 */
static uint64_t random64(void)
{
	uint64_t z = state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static uint32_t random_below(uint32_t n)
{
	return (uint32_t)((random64() >> 32) * n >> 32);
}

/* ---- packets ------------------------------------------------------------------------------- */

static void make_syn(uint8_t *frame, int v6, const uint8_t mac[6])
{
	uint8_t *ip = frame + ETH, *tcp = ip + (v6 ? IP6 : IP4);

	memcpy(frame + 6, mac, 6);
	frame[5] = 1;		/* a gateway's: 00:00:00:00:00:01 */
	frame[12] = v6 ? 0x86 : 0x08;
	frame[13] = v6 ? 0xdd : 0x00;
	ip[0] = v6 ? 0x60 : 0x45;
	ip[v6 ? 5 : 3] = (uint8_t)(v6 ? TCP : IP4 + TCP);
	ip[v6 ? 6 : 9] = 6;
	ip[v6 ? 7 : 8] = 60;
	memcpy(ip + (v6 ? 8 : 12), scan.scanner[v6], v6 ? 16 : 4);
	tcp[12] = 5 << 4;
	tcp[13] = SYN;
}

/* Somebody's address: a target's, or one that no scan of the lab knows. */
static void choose_address(uint8_t *to, int v6)
{
	static const uint8_t strangers[2][16] = {
		{ 192, 0, 2 }, { 0x20, 0x01, 0x0d, 0xb8 },
	};
	size_t len = v6 ? 16 : 4;
	uint32_t host = random_below(1 << PREFIX_BITS);

	if (random_below(STRANGERS) == 0) {
		memcpy(to, strangers[v6], len);
		to[len - 1] = (uint8_t)host;
		return;
	}
	memcpy(to, scan.prefix[v6], len);
	to[len - 1] = (uint8_t)host;
}

/* A SYN that the scanner may have sent: all but its port and its number is right. */
static void guess(struct syn *s, uint8_t dst[16])
{
	int v6 = random_below(V6_SHARE) == 0;
	uint8_t *ip = syns[v6] + ETH;

	*s = (struct syn){
		.v6 = v6, .eth = syns[v6], .ip = ip, .tcp = ip + (v6 ? IP6 : IP4), .tcp_len = TCP,
		.src = scan.scanner[v6], .dst = dst, .ip_len = (v6 ? IP6 : IP4) + TCP,
		.seq = (uint32_t)random64(),
	};
	choose_address(dst, v6);
	s->dport = scan.ports[random_below(scan.n_ports)];
	s->sport = (uint16_t)(scan.port_first
			      + random_below(scan.port_last - scan.port_first + 1u));
}

/* The SYN into the frame that an ICMP error quotes. */
static void write_syn(const struct syn *s)
{
	uint8_t *ip = syns[s->v6] + ETH, *tcp = ip + (s->v6 ? IP6 : IP4);
	uint16_t ports[2] = { htons(s->sport), htons(s->dport) };
	uint32_t seq = htonl(s->seq);

	memcpy(ip + (s->v6 ? 24 : 16), s->dst, s->v6 ? 16 : 4);
	memcpy(tcp, ports, sizeof(ports));
	memcpy(tcp + 4, &seq, sizeof(seq));
}

static size_t write_quote(uint8_t *frame, struct syn *s)
{
	const struct quote q = { .len = TCP };

	write_syn(s);
	return wire_write_quote(frame, s, &q);
}

static size_t write_segment(uint8_t *frame, const struct syn *s, enum kind kind)
{
	static const uint8_t flags[KINDS] = {
		[SYNACK] = SYN | ACK, [COOKIE] = SYN | ACK, [REFUSAL] = RST | ACK, [BARE] = RST,
		[DATA] = PSH | ACK, [FINISH] = FIN | ACK,
	};
	struct segment g = {
		.flags = flags[kind], .seq = (uint32_t)random64(), .window = 64240, .hops = 60,
		.ack = kind == BARE ? 0 : s->seq + 1 + random_below(64),
		.data = kind == DATA ? "HTTP/1.1 200 OK\r\n\r\n" : NULL,
	};

	if (kind == COOKIE) {
		uint64_t cookie = random64();

		g.opts_len = 12;
		memcpy(g.opts, (const uint8_t[]){ 1, 1, 34, 10 }, 4);
		memcpy(g.opts + 4, &cookie, sizeof(cookie));
	}
	return wire_write_segment(frame, s, &g);
}

static size_t write_packet(uint8_t *frame, enum kind kind)
{
	uint8_t dst[16];
	struct syn s;

	guess(&s, dst);
	return kind == QUOTE ? write_quote(frame, &s) : write_segment(frame, &s, kind);
}

/* ---- sending ------------------------------------------------------------------------------- */

/*
 * What there is no room for is tried again, when there is room for others, too: all of it arrives
 * at the cable's other end.
 */
static void send_all(int fd, struct mmsghdr *msgs, unsigned int n)
{
	const struct timespec pause = { 0, 50000 };
	unsigned int done = 0;

	while (done < n) {
		int rc = sendmmsg(fd, msgs + done, n - done, 0);

		if (rc > 0)
			done += (unsigned int)rc;
		else if (errno == ENOBUFS || errno == EAGAIN || errno == EINTR)
			nanosleep(&pause, NULL);
		else
			die("sendmmsg");
	}
}

static void flood(int fd, uint64_t n)
{
	struct mmsghdr msgs[BATCH];
	struct iovec iov[BATCH];
	unsigned int batch;

	memset(msgs, 0, sizeof(msgs));
	for (; n; n -= batch) {
		batch = n < BATCH ? (unsigned int)n : BATCH;
		for (unsigned int i = 0; i < batch; i++) {
			enum kind kind = (enum kind)random_below(KINDS);

			iov[i] = (struct iovec){ frames[i], write_packet(frames[i], kind) };
			msgs[i].msg_hdr = (struct msghdr){ .msg_iov = &iov[i], .msg_iovlen = 1 };
			sent[kind]++;
		}
		send_all(fd, msgs, batch);
	}
}

/* Past the queue of the interface: captures there see none of it. */
static int open_socket(const char *interface)
{
	struct sockaddr_ll at = {
		.sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(interface),
	};
	int fd = socket(AF_PACKET, SOCK_RAW, 0), on = 1;

	if (!at.sll_ifindex || fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on)))
		die(interface);
	return fd;
}

static void say(void)
{
	for (enum kind k = 0; k < KINDS; k++)
		printf("%s\"%s\": %" PRIu64, k ? ", " : "{", names[k], sent[k]);
	puts("}");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	unsigned int mac[6];
	uint8_t to[6];
	uint64_t n;
	int fd;

	if (argc < 10 || argc > 9 + PORTS_MAX
	    || sscanf(argv[2], "%x:%x:%x:%x:%x:%x", mac, mac + 1, mac + 2, mac + 3, mac + 4,
		      mac + 5) != 6
	    || sscanf(argv[3], "%" SCNu64, &state) != 1
	    || sscanf(argv[4], "%hu-%hu", &scan.port_first, &scan.port_last) != 2
	    || !inet_pton(AF_INET, argv[5], scan.scanner[0])
	    || !inet_pton(AF_INET, argv[6], scan.prefix[0])
	    || !inet_pton(AF_INET6, argv[7], scan.scanner[1])
	    || !inet_pton(AF_INET6, argv[8], scan.prefix[1])) {
		fprintf(stderr, "usage: flood INTERFACE MAC SEED FIRST-LAST SCANNER4 PREFIX4 "
			"SCANNER6 PREFIX6 PORT...\n");
		return 2;
	}
	for (int i = 9; i < argc; i++)
		scan.ports[scan.n_ports++] = (uint16_t)atoi(argv[i]);
	for (int i = 0; i < 6; i++)
		to[i] = (uint8_t)mac[i];
	for (int v6 = 0; v6 < 2; v6++)
		make_syn(syns[v6], v6, to);
	fd = open_socket(argv[1]);
	while (scanf("%" SCNu64, &n) == 1) {
		flood(fd, n);
		say();
	}
	return 0;
}
