#include "wire/capfile.h"

#include <errno.h>
#include <fcntl.h>
#include <pcap/pcap.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/writer.h"
#include "err.h"
#include "files/file_lock.h"

#define SNAPLEN		65535
#define PCAP_HEADER_LEN	24
#define BUFFER_LEN	(2 * SNAPLEN)	/* holds a frame with its header */

/* libpcap makes a frame's record in a stream's buffer, which goes to the writer in one piece. */
struct capfile {
	pcap_t *dead;
	pcap_dumper_t *dumper;
	FILE *stream;			/* the dumper's, once that is there */
	int dlt;
	off_t keep;			/* bytes of the file that stay */
	bool has_header;		/* the file: the dumper's is not written again */
	struct writer *writer;
	int fd;
	pthread_mutex_t lock;
	const char *path;
};

static ssize_t take_record(void *cookie, const char *bytes, size_t len)
{
	struct capfile *f = cookie;

	if (f->has_header) {
		f->has_header = false;
		return (ssize_t)len;
	}
	/* What cannot be written is reported at the end, by the writer. */
	writer_put(f->writer, bytes, len);
	return (ssize_t)len;
}

static void free_all(struct capfile *f)
{
	if (f->dumper)
		pcap_dump_close(f->dumper);
	else if (f->stream)
		fclose(f->stream);
	writer_close(f->writer, NULL);
	if (f->dead)
		pcap_close(f->dead);
	if (f->fd >= 0)
		close(f->fd);
	pthread_mutex_destroy(&f->lock);
	free(f);
}

static int open_stream(struct capfile *f, struct err *e)
{
	const cookie_io_functions_t calls = { .write = take_record };

	f->stream = fopencookie(f, "w", calls);
	f->dead = pcap_open_dead_with_tstamp_precision(f->dlt, SNAPLEN, PCAP_TSTAMP_PRECISION_NANO);
	if (!f->stream || !f->dead || setvbuf(f->stream, NULL, _IOFBF, BUFFER_LEN))
		return err_set(e, ENOMEM, "out of memory for capture file '%s'", f->path);
	f->dumper = pcap_dump_fopen(f->dead, f->stream);
	if (!f->dumper)
		return err_set(e, EIO, "cannot write capture file '%s': %s", f->path,
			       pcap_geterr(f->dead));
	pcap_dump_flush(f->dumper);
	return 0;
}

static int fails(const char *path, int code, struct err *e)
{
	if (code == EBUSY)
		return err_set(e, code, "capture file '%.200s': " FILE_LOCK_HELD, path);
	return err_set(e, code, "cannot write capture file '%s': %s", path, strerror(code));
}

/* Where the last packet ends that is whole; 0: it has not even a header. -errno with a message. */
static off_t whole_len(const char *path, int dlt, struct err *e)
{
	char why[PCAP_ERRBUF_SIZE];
	pcap_t *p = pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, why);
	struct pcap_pkthdr *h;
	const u_char *bytes;
	struct stat st;
	off_t len;

	if (!p && stat(path, &st) == 0 && st.st_size < PCAP_HEADER_LEN)
		return 0;
	if (!p || pcap_datalink(p) != dlt) {
		if (p)
			pcap_close(p);
		return err_set(e, EINVAL, "capture file '%s': it is none of this run: %s", path,
			       p ? "another link type" : why);
	}
	do {
		len = ftello(pcap_file(p));
	} while (pcap_next_ex(p, &h, &bytes) == 1);
	pcap_close(p);
	return len;
}

static int open_file(struct capfile *f, bool append, struct err *e)
{
	if (strcmp(f->path, "-") != 0)
		f->fd = file_lock_open(f->path, O_WRONLY, 0600);
	else if ((f->fd = dup(STDOUT_FILENO)) < 0)
		f->fd = -errno;
	if (f->fd < 0)
		return fails(f->path, -f->fd, e);
	if (append)
		f->keep = whole_len(f->path, f->dlt, e);
	return f->keep < 0 ? (int)f->keep : writer_open(&f->writer, f->fd, f->path, e);
}

int capfile_open(struct capfile **out, const char *path, bool ip, bool append, struct err *e)
{
	struct capfile *f = calloc(1, sizeof(*f));
	int rc;

	if (!f)
		return err_set(e, ENOMEM, "out of memory for capture file '%s'", path);
	f->path = path;
	f->fd = -1;
	f->dlt = ip ? DLT_RAW : DLT_EN10MB;
	pthread_mutex_init(&f->lock, NULL);
	rc = open_file(f, append, e);
	if (rc)
		free_all(f);
	else
		*out = f;
	return rc;
}

int capfile_begin(struct capfile *f, struct err *e)
{
	int rc = strcmp(f->path, "-") != 0 ? file_lock_cut(f->fd, (uint64_t)f->keep) : 0;

	f->has_header = f->keep > 0;
	return rc ? fails(f->path, -rc, e) : open_stream(f, e);
}

void capfile_write(struct capfile *f, const uint8_t *frame, uint32_t caplen, uint32_t len,
		   uint64_t wall_ns)
{
	struct pcap_pkthdr h = { .caplen = caplen, .len = len };

	/* At nanosecond precision tv_usec holds nanoseconds. */
	h.ts.tv_sec = (time_t)(wall_ns / NS_PER_S);
	h.ts.tv_usec = (suseconds_t)(wall_ns % NS_PER_S);
	pthread_mutex_lock(&f->lock);
	pcap_dump((u_char *)f->dumper, &h, frame);
	pcap_dump_flush(f->dumper);
	pthread_mutex_unlock(&f->lock);
}

void capfile_flush(struct capfile *f)
{
	if (f)
		writer_kick(f->writer);
}

bool capfile_is_full(const struct capfile *f)
{
	return f && writer_is_full(f->writer);
}

struct writer *capfile_writer(struct capfile *f)
{
	return f ? f->writer : NULL;
}

int capfile_close(struct capfile *f, struct err *e)
{
	struct writer_state last;
	int rc = 0;

	writer_close(f->writer, &last);
	f->writer = NULL;
	if (last.err && !last.left)
		rc = err_set(e, -last.err, "cannot write capture file '%s': %s; what is in it is "
			     "not complete", f->path, strerror(-last.err));
	if (close(f->fd) && !rc)
		rc = err_set(e, errno, "cannot write capture file '%s': %s; what is in it may not "
			     "be complete", f->path, strerror(errno));
	f->fd = -1;
	free_all(f);
	return rc;
}
