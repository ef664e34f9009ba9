#include "rowfile/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "err.h"

#define PACKED_LEN	65536
#define MAGIC_LEN	4
#define ANY_HEADER	(15 + 16)	/* inflateInit2(): the largest window, gzip's header */
#define ZSTD_WINDOW_LOG	27		/* of the decoder's memory, 128 MiB; zstd's own limit */

enum packing { PACKING_NONE, PACKING_GZIP, PACKING_ZSTD };

struct input {
	const char *name;
	int fd;
	enum packing packing;
	z_stream gzip;
	ZSTD_DStream *zstd;
	size_t at, len;			/* of packed: what is still to be taken */
	bool ended;			/* the file; */
	bool whole;			/* what was packed ends here, for all that is known */
	uint8_t packed[PACKED_LEN];
};

static int fails(const struct input *in, int code, const char *why, struct err *e)
{
	return err_set(e, code, "%.200s: %s", in->name, why);
}

/* Reads on after what is there. 0, or -errno with a message. */
static int fill(struct input *in, struct err *e)
{
	ssize_t n;

	if (in->at == in->len)
		in->at = in->len = 0;
	do
		n = read(in->fd, in->packed + in->len, sizeof(in->packed) - in->len);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return fails(in, errno, strerror(errno), e);
	in->ended = n == 0;
	in->len += (size_t)n;
	return 0;
}

static int open_packing(struct input *in, struct err *e)
{
	static const uint8_t gzip[] = { 0x1f, 0x8b }, zstd[] = { 0x28, 0xb5, 0x2f, 0xfd };
	int err = 0;

	while (!err && !in->ended && in->len < MAGIC_LEN)
		err = fill(in, e);
	if (err)
		return err;
	if (in->len >= sizeof(gzip) && memcmp(in->packed, gzip, sizeof(gzip)) == 0) {
		in->packing = PACKING_GZIP;
		if (inflateInit2(&in->gzip, ANY_HEADER) != Z_OK)
			return fails(in, ENOMEM, "no memory to unpack it", e);
	} else if (in->len >= sizeof(zstd) && memcmp(in->packed, zstd, sizeof(zstd)) == 0) {
		in->packing = PACKING_ZSTD;
		in->zstd = ZSTD_createDStream();
		if (!in->zstd)
			return fails(in, ENOMEM, "no memory to unpack it", e);
		ZSTD_DCtx_setParameter(in->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG);
	}
	return 0;
}

int input_open(struct input **out, const char *path, struct err *e)
{
	bool is_stdin = strcmp(path, "-") == 0;
	struct input *in = calloc(1, sizeof(*in));
	int err;

	*out = NULL;
	if (!in)
		return err_set(e, ENOMEM, "%.200s: no memory to read it", path);
	in->name = is_stdin ? "standard input" : path;
	in->whole = true;
	in->fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	err = in->fd < 0 ? fails(in, errno, strerror(errno), e) : open_packing(in, e);
	if (err)
		input_close(in);
	else
		*out = in;
	return err;
}

/* One step of unpacking gzip, of which several may follow each other in a file. */
static int step_gzip(struct input *in, char *out, size_t len, size_t *got, struct err *e)
{
	int rc;

	if (in->whole)
		inflateReset(&in->gzip);
	in->gzip.next_in = in->packed + in->at;
	in->gzip.avail_in = (unsigned int)(in->len - in->at);
	in->gzip.next_out = (Bytef *)out;
	in->gzip.avail_out = (unsigned int)len;
	rc = inflate(&in->gzip, Z_NO_FLUSH);
	in->at = in->len - in->gzip.avail_in;
	*got = len - in->gzip.avail_out;
	in->whole = rc == Z_STREAM_END;
	if (rc == Z_OK || rc == Z_STREAM_END || rc == Z_BUF_ERROR)
		return 0;
	return fails(in, EINVAL, "it is damaged: gzip cannot unpack it", e);
}

static int step_zstd(struct input *in, char *out, size_t len, size_t *got, struct err *e)
{
	ZSTD_inBuffer from = { in->packed + in->at, in->len - in->at, 0 };
	ZSTD_outBuffer to = { out, len, 0 };
	size_t rc = ZSTD_decompressStream(in->zstd, &to, &from);

	in->at += from.pos;
	*got = to.pos;
	in->whole = rc == 0;
	if (!ZSTD_isError(rc))
		return 0;
	return err_set(e, EINVAL, "%.200s: it is damaged: %s", in->name, ZSTD_getErrorName(rc));
}

static long read_plain(struct input *in, char *out, size_t len, struct err *e)
{
	int err = in->at == in->len && !in->ended ? fill(in, e) : 0;
	size_t n = in->len - in->at;

	if (err)
		return err;
	n = n < len ? n : len;
	memcpy(out, in->packed + in->at, n);
	in->at += n;
	return (long)n;
}

long input_read(struct input *in, char *out, size_t len, struct err *e)
{
	size_t got = 0;
	int err = 0;

	if (in->packing == PACKING_NONE)
		return read_plain(in, out, len, e);
	while (!got && !err) {
		size_t before;

		if (in->at == in->len && !in->ended)
			err = fill(in, e);
		if (err || (in->at == in->len && in->whole))
			break;
		before = in->at;
		err = in->packing == PACKING_GZIP ? step_gzip(in, out, len, &got, e)
			: step_zstd(in, out, len, &got, e);
		if (!err && !got && before == in->at && in->ended && !in->whole)
			err = fails(in, EINVAL, "it ends too early: a part of the packed file is "
				    "missing; copy it again", e);
	}
	return err ? err : (long)got;
}

const char *input_name(const struct input *in)
{
	return in->name;
}

void input_close(struct input *in)
{
	if (!in)
		return;
	if (in->packing == PACKING_GZIP)
		inflateEnd(&in->gzip);
	ZSTD_freeDStream(in->zstd);
	if (in->fd > STDIN_FILENO)
		close(in->fd);
	free(in);
}
