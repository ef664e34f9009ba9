/* Capture files for tests: made by hand, in memory, and read back packet by packet. */
#ifndef UNIT_CAPTURE_H
#define UNIT_CAPTURE_H

#include <check.h>
#include <errno.h>
#include <string.h>

#include "err.h"
#include "scratch.h"
#include "wire/rx_file.h"
#include "wire/rx_source.h"

#define FRAME_MAX	1200

static struct scratch file;

/* ---- reading ------------------------------------------------------------------------------- */

/* The packet that was handed over last. */
struct got {
	unsigned int n;
	struct rx_frame f;
	uint8_t bytes[FRAME_MAX];
	size_t ip_at;
	const struct rx_in *break_it;
};

static inline void on_frame(void *arg, const struct rx_frame *f)
{
	struct got *g = arg;

	g->n++;
	g->f = *f;
	g->ip_at = (size_t)(f->ip - f->bytes);
	memcpy(g->bytes, f->bytes, f->caplen < FRAME_MAX ? f->caplen : FRAME_MAX);
	if (g->break_it)
		g->break_it->ops->enough(g->break_it->state);
}

static inline struct rx_in read_file(void)
{
	struct rx_in in = { .ops = NULL };
	struct err e = { "" };

	ck_assert_msg(rx_file_open(&in, file.path, &e) == 0, "%s", e.msg);
	return in;
}

/* The next packet has to be there. False: nobody was given it. */
static inline bool next_frame(struct rx_in r, struct got *g)
{
	unsigned int before = g->n;
	struct err e = { "" };

	ck_assert_msg(r.ops->poll(r.state, on_frame, g, &e) == 1, "%s", e.msg);
	return g->n > before;
}

static inline void no_more(struct rx_in r, struct got *g)
{
	struct err e = { "" };

	ck_assert_int_eq(r.ops->poll(r.state, on_frame, g, &e), -ENODATA);
	ck_assert_str_eq(e.msg, "");
	r.ops->close(r.state);
}

/* ---- made by hand, in the machine's byte order --------------------------------------------- */

#define HEADER_LEN	24
/* As files number them; libpcap itself knows some by other numbers. */
#define LINK_NULL	0
#define LINK_ETHERNET	1
#define LINK_RAW	101
#define LINK_WIRELESS	105
#define LINK_LOOP	108
#define LINK_SLL	113
#define LINK_IPV4	228
#define LINK_IPV6	229
#define LINK_SLL2	276
#define MAGIC_US	0xa1b2c3d4
#define MAGIC_NS	0xa1b23c4d

static uint8_t capture[4096];
static size_t capture_len;

static inline void put_host32(uint32_t v)
{
	memcpy(capture + capture_len, &v, 4);
	capture_len += 4;
}

static inline void capture_begin(uint32_t magic, uint32_t link)
{
	const uint16_t version[] = { 2, 4 };

	capture_len = 0;
	put_host32(magic);
	memcpy(capture + capture_len, version, sizeof(version));
	capture_len += sizeof(version);
	put_host32(0);
	put_host32(0);
	put_host32(65535);
	put_host32(link);
}

static inline void capture_add(const char *frame, size_t len, uint32_t fraction)
{
	put_host32(1700000000);
	put_host32(fraction);
	put_host32((uint32_t)len);
	put_host32((uint32_t)len);
	memcpy(capture + capture_len, frame, len);
	capture_len += len;
}

static inline struct rx_in capture_open(void)
{
	scratch_open(&file, capture, capture_len);
	return read_file();
}

#endif
