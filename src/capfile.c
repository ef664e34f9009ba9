#include "capfile.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "err.h"

#define SNAPLEN 65535

struct capfile {
	pcap_t *dead;
	pcap_dumper_t *dumper;
	pthread_mutex_t lock;
	int err;			/* errno of the first frame that could not be written */
	char path[256];
};

static int open_dlt(struct capfile **out, const char *path, int dlt, struct err *e)
{
	struct capfile *f = calloc(1, sizeof(*f));
	int rc;

	if (!f)
		return err_set(e, ENOMEM, "out of memory for capture file '%s'", path);
	snprintf(f->path, sizeof(f->path), "%s", path);
	pthread_mutex_init(&f->lock, NULL);
	f->dead = pcap_open_dead_with_tstamp_precision(dlt, SNAPLEN, PCAP_TSTAMP_PRECISION_NANO);
	f->dumper = f->dead ? pcap_dump_open(f->dead, path) : NULL;
	if (f->dumper) {
		*out = f;
		return 0;
	}
	rc = err_set(e, errno ? errno : EIO, "cannot write capture file '%s': %s", path,
		     f->dead ? pcap_geterr(f->dead) : strerror(ENOMEM));
	if (f->dead)
		pcap_close(f->dead);
	free(f);
	return rc;
}

int capfile_open(struct capfile **out, const char *path, struct err *e)
{
	return open_dlt(out, path, DLT_EN10MB, e);
}

int capfile_open_ip(struct capfile **out, const char *path, struct err *e)
{
	return open_dlt(out, path, DLT_RAW, e);
}

void capfile_write(struct capfile *f, const uint8_t *frame, uint32_t caplen, uint32_t len,
		   uint64_t wall_ns)
{
	struct pcap_pkthdr h = { .caplen = caplen, .len = len };

	/* At nanosecond precision tv_usec holds nanoseconds. */
	h.ts.tv_sec = (time_t)(wall_ns / NS_PER_S);
	h.ts.tv_usec = (suseconds_t)(wall_ns % NS_PER_S);
	pthread_mutex_lock(&f->lock);
	errno = 0;
	pcap_dump((u_char *)f->dumper, &h, frame);
	if (!f->err && ferror(pcap_dump_file(f->dumper)))
		f->err = errno ? errno : EIO;
	pthread_mutex_unlock(&f->lock);
}

int capfile_close(struct capfile *f, struct err *e)
{
	int rc = 0;

	errno = 0;
	if (pcap_dump_flush(f->dumper) != 0 && !f->err)
		f->err = errno ? errno : EIO;
	if (f->err)
		rc = err_set(e, f->err, "cannot write capture file '%s': %s; what "
			     "is in it is not complete", f->path, strerror(f->err));
	pcap_dump_close(f->dumper);
	pcap_close(f->dead);
	pthread_mutex_destroy(&f->lock);
	free(f);
	return rc;
}
