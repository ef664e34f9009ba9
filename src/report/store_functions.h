/*
 * store_functions: what queries of the report can say beside SQL. prefix(ip, n): the prefix of
 * that length that an address is in, as text; null: n is longer than its addresses are.
 * suffix(domain): the name that is registered (example.co.uk of www.example.co.uk), by the Public
 * Suffix List.
 */
#ifndef TFOMAP_STORE_FUNCTIONS_H
#define TFOMAP_STORE_FUNCTIONS_H

struct sqlite3;

/* 0, or an error code of SQLite. */
int store_add_functions(struct sqlite3 *db);

#endif
