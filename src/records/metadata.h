/* metadata: what a run was and what became of it, as one JSON object (jansson). */
#ifndef TFOMAP_METADATA_H
#define TFOMAP_METADATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/stats.h"
#include "config/config.h"
#include "state/exit_reason.h"
#include "verdict.h"

struct checkpoint_part;
struct err;
struct targets_counts;

/* A key, for the manual: metadata.def has them all, in the order of the file. */
struct metadata_key {
	const char *object;		/* that it is in: "", the file's one object, or "targets" */
	const char *name, *doc;
};

extern const struct metadata_key metadata_keys[];
extern const size_t metadata_nkeys;

/* The facts of a run that its configuration does not have. */
struct run_facts {
	uint64_t seed;
	uint8_t key[16];		/* of the validation hash */
	unsigned int retries;		/* in force */
	uint64_t targets;		/* of this run: after -n and shards */
	uint64_t targets_hash;		/* targets_hash(); 0: no metadata are written */
	const char *interface, *engine, *receiver;	/* NULL where there is none */
	struct addr sources[2 * CONFIG_SOURCES_MAX];
	unsigned int nsources;
	unsigned int threads;		/* that sent */
	uint64_t window_slots, table_slots;
	const struct checkpoint_part *earlier;	/* parts of the run, with --checkpoint */
	size_t nearlier;
	/* Of this part: */
	uint64_t start_wall_ns, end_wall_ns;	/* Unix time */
	uint64_t sending_ns;		/* from the first packet to the last */
	enum exit_reason exit_reason;
	int exit_status;		/* REASON_RUNNING: none yet */
};

struct metadata_file;

/* What figures of 20 digits, times and a reason may add to the file from the start to the end. */
#define METADATA_GROWTH_LEN	(20 * (STATS + VERDICTS) + 1024)

/*
 * Looks at the file, and locks it, so that no other run has the same; leaves it as it is. path
 * outlives it. 0, or -errno with a message.
 */
int metadata_open(struct metadata_file **out, const char *path, struct err *e);

/*
 * Writes the metadata in place of what is there: in one go, so that the file has the ones before or
 * these, whatever happens (files/replace_file.h). While it is running, space is kept for those of
 * the end, which a disk that has filled meanwhile then takes; what is no file (a pipe, a device) is
 * left alone until then. Numbers that a double may not hold (seed, hashes) are strings; the
 * counters are those of stats.def, by group. Peak memory is read from the kernel. A new file is the
 * user's alone (mode 0600). 0, or -errno with a message.
 */
int metadata_write(struct metadata_file *f, const struct config *c, const struct targets_counts *t,
		   const struct stats *s, const struct run_facts *facts, struct err *e);

/* Whether the last one may wait for a reader. f may be NULL. */
bool metadata_may_wait(const struct metadata_file *f);

/* Frees f, which may be NULL, and the lock. */
void metadata_close(struct metadata_file *f);

#endif
