/*
 * rx_xdp: answers are recognised in the driver's receive path (bpf/answers.bpf.c),
 * before the kernel makes packets of its own of them, and come through a ring that both sides see,
 * one for each source.
 * The kernel does not see validated answers: who opened something has to reset it. Everything else
 * goes on untouched. Gone with the process, however that ends.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/privileges.h"
#include "bytes.h"
#include "config/config.h"
#include "err.h"
#include "kernel_answers.h"
#include "payload.h"
#include "wire/rx_source.h"
#include "xdp/bpf_xdp.h"

#include "answers.skel.h"

#define ETHER_LEN	14
#define NAP_NS		1000000	/* nothing there: the program wakes nobody, which costs it more */
#define EVERY_CPU_MAX	4096
#define FULL_SHARE	8	/* of the ring: what is on its way still has room then */
#define RECORD_LEN	112	/* of most answers in the ring */
#define RING_MIN	(4u << 20)
#define RING_SURE	(16u << 20)	/* so far for answers to all that is sent, */
#define RING_MAX	(64u << 20)
#define HIT_SHARE	8		/* and beyond for answers to an eighth of it */

_Static_assert(ERROR_SNAPLEN <= RX_SNAPLEN && ANSWER_SNAPLEN <= RX_SNAPLEN, "rx_source.h");
_Static_assert(ANSWERS_RINGS_MAX >= CONFIG_THREADS_MAX, "kernel_answers.h");

struct answers {
	/* The first source's: */
	struct answers_bpf *bpf;	/* NULL: another one's */
	struct answers_marks *per_cpu;	/* heap, owned: room to read them; else NULL */
	int fds[ANSWERS_RINGS_MAX];	/* the others' rings; 0: none */
	int n_cpus;
	/* Its own: */
	struct ring_buffer *ring;
	uint64_t *taken, *put;		/* bytes of the ring, so far: pages of its map */
	uint64_t ring_len;
	/* During a poll. */
	rx_frame_fn *fn;
	void *arg;
	int64_t wall_offset_ns;
	int n;
	bool enough;
};

static size_t page_len(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

static int on_record(void *state, void *data, size_t size)
{
	struct answers *x = state;
	const struct answers_record *r = data;
	struct rx_frame frame;

	if (size < sizeof(*r) + r->caplen || r->caplen < ETHER_LEN)
		return 0;
	frame = (struct rx_frame){
		.bytes = r->bytes, .ip = r->bytes + ETHER_LEN, .caplen = r->caplen, .len = r->len,
		.ip_caplen = r->caplen - ETHER_LEN, .type = get_be16(r->bytes + ETHER_LEN - 2),
		.wall_ns = r->ns + (uint64_t)x->wall_offset_ns,
	};
	x->fn(x->arg, &frame);
	/* Less than 0 ends the round: the record is taken all the same. */
	return ++x->n >= RX_POLL_MAX || x->enough ? -EAGAIN : 0;
}

static int xdp_poll(void *state, rx_frame_fn *fn, void *arg, struct err *e)
{
	const struct timespec nap = { 0, NAP_NS };
	struct answers *x = state;
	int rc;

	x->fn = fn;
	x->arg = arg;
	x->wall_offset_ns = clock_wall_offset_ns();
	x->n = 0;
	rc = ring_buffer__consume(x->ring);
	if (rc < 0 && rc != -EAGAIN)
		return err_set(e, -rc, "reading answers from the driver failed: %s",
			       strerror(-rc));
	if (!x->n)
		nanosleep(&nap, NULL);
	return x->n;
}

static int read_marks(const void *state)
{
	const struct answers *x = state;
	uint32_t zero = 0;

	return bpf_map_lookup_elem(bpf_map__fd(x->bpf->maps.marks), &zero, x->per_cpu);
}

static void xdp_lost(void *state, struct rx_lost *out)
{
	struct answers *x = state;

	*out = (struct rx_lost){ .capture = 0 };
	/* They are of all rings. */
	if (!x->bpf || read_marks(x))
		return;
	for (int i = 0; i < x->n_cpus; i++) {
		out->capture += x->per_cpu[i].lost;
		out->unmatched += x->per_cpu[i].unmatched;
	}
}

static bool xdp_back_pressure(const void *state)
{
	const struct answers *x = state;
	uint64_t waits = __atomic_load_n(x->put, __ATOMIC_ACQUIRE)
			 - __atomic_load_n(x->taken, __ATOMIC_RELAXED);

	return waits > x->ring_len / FULL_SHARE;
}

static void xdp_enough(void *state)
{
	((struct answers *)state)->enough = true;
}

static void xdp_close(void *state)
{
	struct answers *x = state;

	if (x->taken)
		munmap(x->taken, page_len());
	if (x->put)
		munmap(x->put, page_len());
	ring_buffer__free(x->ring);
	for (unsigned int i = 0; i < ANSWERS_RINGS_MAX; i++)
		if (x->fds[i] > 0)
			close(x->fds[i]);
	answers_bpf__destroy(x->bpf);
	free(x->per_cpu);
	free(x);
}

/* A page of the ring's map (0: what was taken, 1: what was put); NULL: errno says why not. */
static uint64_t *map_page(int fd, unsigned int page)
{
	off_t at = (off_t)(page * page_len());
	void *p = mmap(NULL, page_len(), PROT_READ, MAP_SHARED, fd, at);

	if (p == MAP_FAILED)
		p = NULL;
	return p;
}

/* What the map of a ring is read by. */
static bool open_ring(struct answers *x, int fd, uint32_t len)
{
	x->ring = ring_buffer__new(fd, on_record, x, NULL);
	x->ring_len = len;
	x->taken = map_page(fd, 0);
	x->put = map_page(fd, 1);
	return x->ring && x->taken && x->put;
}

/* The others' rings, which the program finds beside the first one's. */
static int make_rings(struct answers *x, const struct rx_setup *setup)
{
	for (uint32_t i = 1; i < setup->n && i < ANSWERS_RINGS_MAX; i++) {
		x->fds[i] = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "ring", 0, 0, setup->buffer_len,
					   NULL);
		if (x->fds[i] < 0
		    || bpf_map_update_elem(bpf_map__fd(x->bpf->maps.rings), &i, &x->fds[i],
					   BPF_ANY))
			return -errno;
	}
	return 0;
}

static int load(struct answers *x, const struct rx_setup *setup, const char **what)
{
	struct answers_facts *f;
	int rc;

	*what = "libbpf cannot open its program";
	x->bpf = answers_bpf__open();
	if (!x->bpf)
		return -errno;
	f = &x->bpf->rodata->facts;
	f->validator = *setup->validator;
	f->dlen_max = PAYLOAD_MAX;
	f->arp_requests = setup->arp_requests;
	f->solicitations = setup->solicitations;
	f->rings = setup->n;
	bpf_map__set_max_entries(x->bpf->maps.ring, setup->buffer_len);
	bpf_map__set_autocreate(x->bpf->maps.rings, setup->n > 1);
	*what = "the kernel does not take its program";
	rc = answers_bpf__load(x->bpf);
	if (rc)
		return rc;
	*what = "cannot make a ring for each receive thread";
	rc = make_rings(x, setup);
	if (rc)
		return rc;
	*what = "cannot read its ring";
	x->n_cpus = libbpf_num_possible_cpus();
	x->per_cpu = x->n_cpus > 0 && x->n_cpus <= EVERY_CPU_MAX
		     ? calloc((size_t)x->n_cpus, sizeof(*x->per_cpu)) : NULL;
	if (!open_ring(x, bpf_map__fd(x->bpf->maps.ring), setup->buffer_len) || !x->per_cpu)
		return -ENOMEM;
	*what = "the kernel does not let it be read without privilege (Linux 5.19 and later does)";
	rc = privileges_try_without(read_marks, x);
	if (rc)
		return rc;
	*what = "the interface does not take its program (another may be there: ip link show)";
	x->bpf->links.answers = bpf_program__attach_xdp(x->bpf->progs.answers, setup->ifindex);
	return x->bpf->links.answers ? 0 : -errno;
}

/* Another source than the first: its ring is there already. */
static int take_ring(struct answers *x, const struct rx_setup *setup, const char **what)
{
	const struct answers *first = setup->first;

	*what = "cannot read its ring";
	return open_ring(x, first->fds[setup->number], setup->buffer_len) ? 0 : -ENOMEM;
}

static int xdp_open(void **state, const struct rx_setup *setup, struct err *e)
{
	struct answers *x = calloc(1, sizeof(*x));
	const char *what = "";
	int rc;

	if (!x)
		return err_set(e, ENOMEM, "out of memory for the receive engine");
	bpf_xdp_listen();
	rc = setup->number ? take_ring(x, setup, &what) : load(x, setup, &what);
	if (rc) {
		xdp_close(x);
		return err_set(e, -rc, "--rx xdp on interface %s: %s: %s%s; use --rx pcap",
			       setup->interface, what, strerror(-rc), bpf_xdp_advice(rc));
	}
	*state = x;
	return 0;
}

/* A ring's length is a power of two of pages. It counts twice: it is mapped twice in a row. */
static uint32_t xdp_buffer_len(uint64_t unread)
{
	uint32_t len = RING_MIN;

	while (len < RING_SURE && len < unread * RECORD_LEN)
		len *= 2;
	while (len < RING_MAX && len < unread / HIT_SHARE * RECORD_LEN)
		len *= 2;
	return len;
}

const struct rx_ops rx_xdp = {
	.name = "xdp",
	.consumes = true,
	.needs_ethernet = true,
	.untagged = true,
	.buffer_len = xdp_buffer_len,
	.open = xdp_open,
	.poll = xdp_poll,
	.lost = xdp_lost,
	.back_pressure = xdp_back_pressure,
	.enough = xdp_enough,
	.close = xdp_close,
};
