/* iface_list: --list-interfaces. */
#ifndef TFOMAP_IFACE_LIST_H
#define TFOMAP_IFACE_LIST_H

#include <stdio.h>

/* Prints a table of all interfaces. 0, or -errno where the kernel could not be queried. */
int iface_list(FILE *out);

#endif
