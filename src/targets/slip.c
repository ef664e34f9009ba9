#include "targets/slip.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config/config.h"
#include "config/config_options.h"

static bool is_number(const char *s)
{
	return *s && !s[strspn(s, "0123456789.")];
}

bool slip_is_suffix(const struct config *c, const char *word, char out[static SLIP_LEN])
{
	if (!*word || word[1] || !strchr("kKmMgG%", *word))
		return false;
	for (int i = 1; i < c->argc; i++) {
		/* The words are argv's own. */
		if (c->argv[i] != word || !is_number(c->argv[i - 1]))
			continue;
		snprintf(out, SLIP_LEN, "not a target; did you mean %.32s%s, in one word?",
			 c->argv[i - 1], word);
		return true;
	}
	return false;
}

/* The bytes of a dash at s that is none of ASCII: word processors make them of "--". 0: none. */
static size_t long_dash(const char *s)
{
	static const char *const dashes[] = { "\xe2\x80\x93", "\xe2\x80\x94", "\xe2\x88\x92" };

	for (size_t i = 0; i < sizeof(dashes) / sizeof(*dashes); i++)
		if (strncmp(s, dashes[i], strlen(dashes[i])) == 0)
			return strlen(dashes[i]);
	return 0;
}

/* The option that word names, followed by = or nothing; NULL: none. */
static const char *option_of(const char *word)
{
	char name[64];
	size_t i;

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(word, "="), word);
	i = opttab_find(config_options, config_noptions, name);
	return i < config_noptions ? config_options[i].name : NULL;
}

bool slip_guess(const char *word, char out[static SLIP_LEN])
{
	const char *name = word, *option;

	while (long_dash(name))
		name += long_dash(name);
	name += strspn(name, "-");
	option = option_of(name);
	if (option)
		snprintf(out, SLIP_LEN, "not a target; did you mean the option --%s?", option);
	else if (long_dash(word))
		snprintf(out, SLIP_LEN, "not a target; options begin with an ASCII hyphen (-)");
	else if (is_number(word) && !strchr(word, '.'))
		snprintf(out, SLIP_LEN, "a number is no target; several values of an option are "
			 "one word, such as --target-ports 80,443");
	else if (access(word, F_OK) == 0)
		snprintf(out, SLIP_LEN, "not a target but a file; a server list is read with "
			 "--targets-file, prefixes with --allowlist-file");
	else
		return false;
	return true;
}
