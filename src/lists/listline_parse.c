#include "lists/listline_parse.h"

#include <errno.h>
#include <string.h>

#include "base/lines.h"
#include "err.h"
#include "lists/listfield.h"
#include "lists/listline.h"
#include "lists/listline_csv.h"
#include "lists/listline_json.h"

/* ---- masscan's list ---- */

static const char blanks[] = " \t";

/* The next word of *s, which is cut off; "" at the end. */
static char *next_word(char **s)
{
	char *word = *s + strspn(*s, blanks), *end = word + strcspn(word, blanks);

	*s = *end ? end + 1 : end;
	*end = '\0';
	return word;
}

/* Whether the line begins as those of masscan do: with what it found, and the protocol. */
static bool is_masscan(const char *text)
{
	static const char *const founds[] = { "open", "closed", "banner" };
	size_t len = strcspn(text, blanks);

	for (size_t i = 0; text[len] && i < sizeof(founds) / sizeof(*founds); i++)
		if (strlen(founds[i]) == len && strncmp(text, founds[i], len) == 0)
			return true;
	return false;
}

/* "open tcp 443 192.0.2.1 1390380064", and more after that. */
static int take_masscan(struct listline *l, char *text, struct err *e)
{
	char *rest = text, *protocol, *port;
	int err;

	next_word(&rest);
	protocol = next_word(&rest);
	port = next_word(&rest);
	if (strcmp(protocol, "tcp") != 0 && *port) {
		l->n_other++;
		return 0;
	}
	err = listfield_address(&l->ip, next_word(&rest), e);
	if (!err)
		err = listfield_port(&l->port, port, e);
	return err ? err : l->take(l->arg, l, e);
}

/* ---- all forms ---- */

static int take_endpoint(struct listline *l, char *text, struct err *e)
{
	int err;

	if (strstr(text, "://"))
		return err_set(e, EINVAL, "%.64s: a URL; a line is an address, addr:port or "
			       "address,port,domain", text);
	if (strchr(text, '/'))
		return err_set(e, EINVAL, "%.64s: a list has single addresses; give a prefix "
			       "on the command line or with --allowlist-file", text);
	err = listfield_refuse_name(text, e);
	if (!err)
		err = addr_parse_endpoint(&l->ip, &l->port, text, e);
	if (err)
		return err;
	if (!l->port && *text != '[' && !addr_is_v4(l->ip))
		l->bare = text;
	return l->take(l->arg, l, e);
}

int listline_parse(struct listline *l, char *text, struct err *e)
{
	l->port = 0;
	l->bare = NULL;
	target_extra_clear(&l->x);
	if (listline_is_json(text))
		return listline_json(l, text, e);
	text = lines_trim_comment(text);
	if (listline_is_header(l, text))
		return 0;
	if (is_masscan(text))
		return take_masscan(l, text, e);
	if (l->columns || strchr(text, ','))
		return listline_csv(l, text, e);
	return take_endpoint(l, text, e);
}
