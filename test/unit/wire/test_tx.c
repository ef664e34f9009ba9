/* The engines that need neither network nor privilege, and the registry of all. */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "err.h"
#include "scratch.h"
#include "wire/rx_file.h"
#include "wire/rx_source.h"
#include "wire/tx.h"

static uint8_t bytes[TX_BATCH][100];
static struct tx_frame frames[TX_BATCH];

/* A batch: frame i is i + 40 bytes, IPv4 by its header. */
static void make_batch(uint8_t fill)
{
	for (unsigned int i = 0; i < TX_BATCH; i++) {
		memset(bytes[i], fill, sizeof(bytes[i]));
		memcpy(bytes[i] + 12, "\x08", 2);
		bytes[i][14] = (uint8_t)i;
		frames[i] = (struct tx_frame){ bytes[i], 20 + i };
	}
}

TEST(registry)
{
	static const struct {
		const struct tx_ops *ops;
		const char *name;
		bool wire;
	} engines[] = {
		{ &tx_packet, "packet", true }, { &tx_libnet, "libnet", true },
		{ &tx_pcap, "pcap", false }, { &tx_null, "null", false },
	};

	for (unsigned int i = 0; i < N_OF(engines); i++) {
		const struct tx_ops *ops = tx_find(engines[i].name);

		ck_assert_ptr_eq(ops, engines[i].ops);
		ck_assert_str_eq(ops->name, engines[i].name);
		ck_assert_int_eq(ops->wire, engines[i].wire);
		ck_assert(ops->open && ops->send && ops->close);
	}
	/* What is chosen for a scan sends. */
	ck_assert_ptr_eq(tx_best(false), &tx_packet);
	ck_assert(tx_best(true) == (tx_xdp.sweeper ? &tx_xdp : NULL));
	/* Where one that sweeps does not run, there is another; last, one that sends frames. */
	ck_assert_ptr_eq(tx_next_best(&tx_xdp), tx_tc.sweeper ? &tx_tc : &tx_packet);
	ck_assert_ptr_eq(tx_next_best(&tx_tc), &tx_packet);
	ck_assert_ptr_null(tx_find("auto"));
	ck_assert_ptr_null(tx_find(""));
	ck_assert_ptr_null(tx_find("pca"));
	ck_assert_ptr_null(tx_find("pcap:x"));
}

TEST(null_takes_all)
{
	const struct tx_setup setup = { .interface = NULL };
	struct err e = { "" };
	void *state;

	make_batch(1);
	ck_assert_int_eq(tx_null.open(&state, &setup, &e), 0);
	for (unsigned int n = 1; n <= TX_BATCH; n++)
		ck_assert_int_eq(tx_null.send(state, frames, n), (int)n);
	ck_assert_int_eq(tx_null.close(state, &e), 0);
	ck_assert_str_eq(e.msg, "");
}

struct reading {
	unsigned int n;
	uint64_t wall_ns;
};

/* Frames come in batches of 1, 2, .. each from its first one on. */
static void compare(void *arg, const struct rx_frame *f)
{
	struct reading *r = arg;
	unsigned int batch = 1, at = r->n++;

	for (; at >= batch; batch++)
		at -= batch;
	ck_assert_uint_eq(f->len, 20 + at);
	ck_assert_uint_eq(f->bytes[0], batch);
	ck_assert_uint_eq(f->bytes[14], at);
	ck_assert_uint_ge(f->wall_ns, r->wall_ns);
	r->wall_ns = f->wall_ns;
}

TEST(pcap_writes_all)
{
	struct reading reading = { 0, 0 };
	struct rx_in packets;
	struct scratch file;
	struct err e = { "" };
	struct tx_setup setup;
	void *state;
	int rc;

	scratch_text(&file, "");
	setup = (struct tx_setup){ .file = file.path };
	ck_assert_msg(tx_pcap.open(&state, &setup, &e) == 0, "%s", e.msg);
	for (unsigned int n = 1; n <= TX_BATCH; n++) {
		make_batch((uint8_t)n);
		ck_assert_int_eq(tx_pcap.send(state, frames, n), (int)n);
	}
	ck_assert_msg(tx_pcap.close(state, &e) == 0, "%s", e.msg);
	ck_assert_int_eq(rx_file_open(&packets, file.path, &e), 0);
	while ((rc = packets.ops->poll(packets.state, compare, &reading, &e)) > 0)
		;
	ck_assert_int_eq(rc, -ENODATA);
	packets.ops->close(packets.state);
	ck_assert_uint_eq(reading.n, TX_BATCH * (TX_BATCH + 1) / 2);
	scratch_close(&file);
}

TEST(pcap_without_a_file)
{
	struct tx_setup setup = { .file = "/nonexistent/x.pcap" };
	struct err e = { "" };
	void *state;

	ck_assert_int_eq(tx_pcap.open(&state, &setup, &e), -ENOENT);
	ck_assert_ptr_nonnull(strstr(e.msg, "/nonexistent/x.pcap"));
	e.msg[0] = '\0';
	setup.file = "/dev/full";
	make_batch(1);
	ck_assert_int_eq(tx_pcap.open(&state, &setup, &e), 0);
	ck_assert_int_eq(tx_pcap.send(state, frames, 1), 1);
	ck_assert_int_eq(tx_pcap.close(state, &e), -ENOSPC);
	ck_assert_ptr_nonnull(strstr(e.msg, "/dev/full"));
}
