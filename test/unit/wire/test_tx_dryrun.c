/* The engine that prints. Standard output is a file of the test, which is a process of its own. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "err.h"
#include "packets.h"
#include "scratch.h"
#include "wire/tx.h"

#define LINE "IP 198.18.4.7.443 > 198.18.0.1.20561: Flags [R.], seq 16909060, "                    \
	     "ack 2309737986, win 0, length 0\n"

static uint8_t frame[18 + sizeof(rst4)];
static char text[4096];
static struct err why;

/* The packet with this in front of it. */
static struct tx_frame make_frame(const char *link, size_t len)
{
	memcpy(frame, link, len);
	memcpy(frame + len, rst4, sizeof(rst4));
	return (struct tx_frame){ frame, (uint32_t)(len + sizeof(rst4)) };
}

/* Sends n frames to that file in place of standard output. Returns what the engine did. */
static int prints(const char *path, bool iplayer, const struct tx_frame *frames, unsigned int n)
{
	const struct tx_setup setup = { .iplayer = iplayer, .why = &why };
	struct err e = { "" };
	void *state;
	int rc;

	why.msg[0] = '\0';
	ck_assert_ptr_nonnull(freopen(path, "w", stdout));
	ck_assert_int_eq(tx_dryrun.open(&state, &setup, &e), 0);
	rc = tx_dryrun.send(state, frames, n);
	ck_assert_int_eq(tx_dryrun.close(state, &e), 0);
	return rc;
}

static void read_back(const struct scratch *f)
{
	ssize_t n = pread(f->fd, text, sizeof(text) - 1, 0);

	ck_assert_int_ge(n, 0);
	text[n] = '\0';
}

/* What is in front of the packet does not matter; every line is there when send() is back. */
TEST(links)
{
	static const struct {
		const char *link;
		size_t len;
		bool iplayer;
	} cases[] = {
		{ "\1\2\3\4\5\6\1\2\3\4\5\6\x08\x00", 14, false },
		{ "\1\2\3\4\5\6\1\2\3\4\5\6\x81\x00\x00\x05\x08\x00", 18, false },
		{ "", 0, true },
	};
	struct scratch f;

	scratch_text(&f, "");
	for (size_t i = 0; i < N_OF(cases); i++) {
		struct tx_frame one = make_frame(cases[i].link, cases[i].len);
		const struct tx_frame two[] = { one, one };

		ck_assert_int_eq(prints(f.path, cases[i].iplayer, two, 2), 2);
		read_back(&f);
		ck_assert_str_eq(text, LINE LINE);
	}
	scratch_close(&f);
}

TEST(nobody_reads)
{
	const struct tx_frame one = make_frame("", 0);

	ck_assert_int_eq(prints("/dev/full", true, &one, 1), -ENOSPC);
	ck_assert_ptr_nonnull(strstr(why.msg, "standard output: No space left"));
}

/* --dryrun's alone: nothing is sent, and a scan does not get it by chance. */
TEST(registered)
{
	ck_assert_ptr_null(tx_find("dryrun"));
	ck_assert(!tx_dryrun.wire);
	ck_assert_ptr_ne(tx_best(false), &tx_dryrun);
}
