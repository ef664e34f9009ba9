/*
 * opttab_net: opttab's parsers of ports, addresses and bytes, each of the type of its name. 0, or a
 * negative errno with a message, and nothing changed (opttab.h).
 */
#ifndef TFOMAP_OPTTAB_NET_H
#define TFOMAP_OPTTAB_NET_H

struct reading;

int opttab_parse_ports(const struct reading *rd);
int opttab_parse_port_range(const struct reading *rd);
int opttab_parse_addrs(const struct reading *rd);
int opttab_parse_mac(const struct reading *rd);
int opttab_parse_hex(const struct reading *rd);

#endif
