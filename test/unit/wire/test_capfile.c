#include "unit.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

#include "bytes.h"
#include "capture.h"
#include "rng.h"
#include "wire/capfile.h"

#define WALL_NS		1700000000123456789ull
#define ETHER_LEN	14

/* Frame i: an Ethernet header of IPv4 and any bytes. Returns its length. */
static uint32_t make_frame(uint64_t i, uint8_t frame[static FRAME_MAX])
{
	struct rng rng = { i };
	uint32_t len = ETHER_LEN + (uint32_t)rng_below(&rng, FRAME_MAX - ETHER_LEN);

	for (uint32_t k = 0; k < len; k++)
		frame[k] = (uint8_t)rng_next(&rng);
	put_be16(frame + 12, 0x0800);
	return len;
}

static uint64_t time_of(uint64_t i)
{
	return WALL_NS + i * 999999937;
}

static struct got g;
static struct rx_in r;

static void begin(void)
{
	g.n = 0;
	scratch_text(&file, "");
}

static void end(void)
{
	scratch_close(&file);
}

static struct capfile *open_file(void)
{
	struct capfile *f = NULL;
	struct err e = { "" };

	ck_assert_msg(capfile_open(&f, file.path, false, false, &e) == 0
		      && capfile_begin(f, &e) == 0, "%s", e.msg);
	return f;
}

static void close_file(struct capfile *f)
{
	struct err e = { "" };

	ck_assert_msg(capfile_close(f, &e) == 0, "%s", e.msg);
}

TEST_AROUND(begin, end)

TEST(round_trip)
{
	struct capfile *f = open_file();
	uint8_t frame[FRAME_MAX];

	for (uint64_t i = 0; i < 300; i++) {
		uint32_t len = make_frame(i, frame);

		capfile_write(f, frame, len, len, time_of(i));
	}
	close_file(f);
	r = read_file();
	for (uint64_t i = 0; i < 300; i++) {
		uint32_t len = make_frame(i, frame);

		ck_assert(next_frame(r, &g));
		ck_assert_uint_eq(g.f.caplen, len);
		ck_assert_uint_eq(g.f.len, len);
		ck_assert_uint_eq(g.f.wall_ns, time_of(i));
		ck_assert_uint_eq(g.ip_at, ETHER_LEN);
		ck_assert_uint_eq(g.f.ip_caplen, len - ETHER_LEN);
		ck_assert_mem_eq(g.bytes, frame, len);
	}
	no_more(r, &g);
}

/* Packets without a link header, as they are sent on links that have none. */
TEST(ip_packets)
{
	struct capfile *f = NULL;
	struct err e = { "" };

	ck_assert_msg(capfile_open(&f, file.path, true, false, &e) == 0
		      && capfile_begin(f, &e) == 0, "%s", e.msg);
	capfile_write(f, (const uint8_t *)"\x45 four", 6, 6, WALL_NS);
	capfile_write(f, (const uint8_t *)"\x60 six", 5, 50, WALL_NS + 1);
	close_file(f);
	r = read_file();
	ck_assert(next_frame(r, &g));
	ck_assert_uint_eq(g.ip_at, 0);
	ck_assert_uint_eq(g.f.ip_caplen, 6);
	ck_assert_mem_eq(g.bytes, "\x45 four", 6);
	ck_assert(next_frame(r, &g));
	ck_assert_uint_eq(g.f.ip_caplen, 5);
	ck_assert_uint_eq(g.f.wall_ns, WALL_NS + 1);
	no_more(r, &g);
	ck_assert_int_eq(capfile_open(&f, "/nonexistent/x.pcap", true, false, &e), -ENOENT);
}

/* What other programs find in it: nanoseconds, Ethernet. */
TEST(header_of_the_file)
{
	uint8_t header[HEADER_LEN];

	close_file(open_file());
	ck_assert_int_eq(pread(file.fd, header, HEADER_LEN, 0), HEADER_LEN);
	capture_begin(MAGIC_NS, LINK_ETHERNET);
	ck_assert_mem_eq(header, capture, HEADER_LEN);
	ck_assert_int_eq(lseek(file.fd, 0, SEEK_END), HEADER_LEN);
}

TEST(nothing_in_it)
{
	close_file(open_file());
	no_more(read_file(), &g);
	ck_assert_uint_eq(g.n, 0);
}

TEST(frame_that_was_cut)
{
	struct capfile *f = open_file();
	uint8_t frame[FRAME_MAX];

	make_frame(1, frame);
	capfile_write(f, frame, 60, 1514, WALL_NS);
	close_file(f);
	r = read_file();
	ck_assert(next_frame(r, &g));
	ck_assert_uint_eq(g.f.caplen, 60);
	ck_assert_uint_eq(g.f.len, 1514);
	ck_assert_uint_eq(g.f.ip_caplen, 60 - ETHER_LEN);
	no_more(r, &g);
}

TEST(overwrites)
{
	struct capfile *f;
	uint8_t frame[FRAME_MAX];
	struct err e = { "" };

	f = open_file();
	for (uint64_t i = 0; i < 20; i++)
		capfile_write(f, frame, make_frame(i, frame), FRAME_MAX, WALL_NS);
	close_file(f);
	ck_assert_int_eq(capfile_open(&f, file.path, false, false, &e), 0);
	close_file(f);
	r = read_file();
	ck_assert(next_frame(r, &g));		/* not begun, nothing lost */
	ck_assert_uint_eq(g.f.len, FRAME_MAX);
	r.ops->close(r.state);
	f = open_file();
	make_frame(7, frame);
	capfile_write(f, frame, 100, 100, WALL_NS);
	close_file(f);
	r = read_file();
	ck_assert(next_frame(r, &g));
	ck_assert_uint_eq(g.f.caplen, 100);
	no_more(r, &g);
}

TEST(cannot_be_made)
{
	struct capfile *f = NULL;
	struct err e = { "" };

	ck_assert_int_eq(capfile_open(&f, "/nonexistent/x.pcap", false, false, &e), -ENOENT);
	ck_assert_ptr_nonnull(strstr(e.msg, "'/nonexistent/x.pcap'"));
	ck_assert_ptr_nonnull(strstr(e.msg, "No such file"));
	e.msg[0] = '\0';
	ck_assert_int_eq(capfile_open(&f, "/proc/self", false, false, &e), -EISDIR);
	ck_assert_ptr_nonnull(strstr(e.msg, "'/proc/self'"));
}

/* A full disk: for one frame, which waits in the buffer, and for many, which do not. */
TEST(cannot_be_written)
{
	static const unsigned int frames[] = { 0, 1, 1000 };
	uint8_t frame[FRAME_MAX];
	struct capfile *f;

	for (unsigned int i = 0; i < 3; i++) {
		struct err e = { "" };

		ck_assert_int_eq(capfile_open(&f, "/dev/full", false, false, &e), 0);
		ck_assert_int_eq(capfile_begin(f, &e), 0);
		for (unsigned int n = 0; n < frames[i]; n++)
			capfile_write(f, frame, make_frame(n, frame), FRAME_MAX, WALL_NS);
		ck_assert_int_eq(capfile_close(f, &e), -ENOSPC);
		ck_assert_ptr_nonnull(strstr(e.msg, "'/dev/full'"));
		ck_assert_ptr_nonnull(strstr(e.msg, "No space left"));
	}
}

#define EACH 40000

struct writer {
	struct capfile *f;
	uint8_t who;
	_Atomic unsigned int *ready;	/* writers that have begun */
};

static void *write_frames(void *arg)
{
	struct writer *w = arg;
	uint8_t frame[FRAME_MAX];

	atomic_fetch_add(w->ready, 1);
	while (atomic_load(w->ready) < 2)
		sched_yield();
	for (uint32_t i = 0; i < EACH; i++) {
		uint32_t len = 100 + i % 50;

		memset(frame, w->who, len);
		put_be16(frame + 12, 0x0800);
		put_be32(frame + ETHER_LEN, i);
		capfile_write(w->f, frame, len, len, WALL_NS + i);
	}
	return NULL;
}

/* Whole frames, and those of each thread in their order. */
TEST(two_threads)
{
	_Atomic unsigned int ready = 0;
	struct writer w[2] = { { open_file(), 1, &ready }, { NULL, 2, &ready } };
	uint32_t next[3] = { 0 };
	struct err e = { "" };
	pthread_t thread;

	w[1].f = w[0].f;
	ck_assert_int_eq(pthread_create(&thread, NULL, write_frames, &w[0]), 0);
	write_frames(&w[1]);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	close_file(w[0].f);
	r = read_file();
	for (uint32_t n = 0; n < 2 * EACH; n++) {
		uint8_t who;

		if (r.ops->poll(r.state, on_frame, &g, &e) != 1 || g.n != n + 1)
			ck_abort_msg("frame %u is torn: %s", n, e.msg);
		who = g.bytes[0];
		if (who != 1 && who != 2)
			ck_abort_msg("frame %u is torn", n);
		if (get_be32(g.bytes + ETHER_LEN) != next[who]
		    || g.f.wall_ns != WALL_NS + next[who]
		    || g.f.caplen != 100 + next[who] % 50
		    || g.bytes[g.f.caplen - 1] != who)
			ck_abort_msg("frame %u is not %u of thread %u", n, next[who], who);
		next[who]++;
	}
	no_more(r, &g);
}
