/*
 * listline_parse: the lines of a server list: "addr", "addr:port", "[v6]:port", "addr,port,domain",
 * and what scanners write: CSV whose header names the columns (tfomap, zmap), JSON objects (tfomap,
 * zmap, masscan, naabu, PATHspider), masscan's list.
 */
#ifndef TFOMAP_LISTLINE_PARSE_H
#define TFOMAP_LISTLINE_PARSE_H

struct err;
struct listline;

/*
 * Parses a trimmed line that is not blank, which is written to, and has all its targets taken: one,
 * mostly; none of a header; several of a JSON array. 0, or -errno: -EINVAL with a message (without
 * file and line), or what take returned.
 */
int listline_parse(struct listline *l, char *text, struct err *e);

#endif
