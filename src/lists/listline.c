#include "lists/listline.h"

const struct listline_names listline_names[LISTLINE_NAMES] = {
	{ "dip", "dp", "domain" },	/* PATHspider */
	{ "ip", "port", "domain" },	/* tfomap's rows, masscan, naabu */
	{ "saddr", "sport", NULL },	/* zmap: of the answer */
};

void listline_init(struct listline *l, listline_take_fn *take, void *arg)
{
	*l = (struct listline){ .take = take, .arg = arg };
}
