/* tables_parts: inside of tables: verdicts; round-trip times and ages of cookies (tables_rtt.c). */
#ifndef TFOMAP_TABLES_PARTS_H
#define TFOMAP_TABLES_PARTS_H

#include <stdbool.h>
#include <stdint.h>

struct err;
struct grids;
struct store;
struct tables_input;

/*
 * Targets by verdict: rows; silent ones, too, where all runs have metadata. 0, or -errno with
 * a message: rows and metadata are not of one run.
 */
#define TABLES_VERDICTS "Targets by verdict"
int tables_add_verdicts(const struct tables_input *in, struct grids *out, struct err *e);

/* How many had which verdict in each round. Likewise. */
int tables_add_rounds(const struct tables_input *in, struct grids *out, struct err *e);

/* Quantiles of SIDE_THIS; by family, where rows have addresses. 0, or -errno with a message. */
int tables_add_rtt(struct store *st, bool families, struct grids *out, struct err *e);

/*
 * How many cookies of an earlier run were still taken, by their age; nothing where no row is about
 * one. columns: those that all files have. Likewise.
 */
int tables_add_lifetime(struct store *st, uint64_t columns, struct grids *out, struct err *e);

#endif
