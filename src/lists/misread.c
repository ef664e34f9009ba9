#include "lists/misread.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The usual ports of servers. Any number would be noise: one in six groups is decimal. */
static const uint16_t well_known[] = {
	22, 25, 53, 80, 110, 143, 443, 465, 587, 853, 993, 995, 8000, 8080, 8443,
};

/* Splits "ADDRESS:PORT" without brackets, both of which are what they would have to be. */
static bool split(const char *word, char host[static ADDR_STRLEN], uint16_t *port)
{
	const char *colon = strrchr(word, ':');
	struct addr a;

	if (!colon || (size_t)(colon - word) >= ADDR_STRLEN)
		return false;
	memcpy(host, word, (size_t)(colon - word));
	host[colon - word] = '\0';
	return addr_parse(&a, host) == 0 && strchr(host, ':') && addr_parse_port(colon + 1, port);
}

static bool is_usual_port(const struct misread *m, uint16_t port)
{
	for (size_t i = 0; i < sizeof(well_known) / sizeof(*well_known); i++)
		if (well_known[i] == port)
			return true;
	/* Where all ports are probed, none is special. */
	for (uint32_t i = 0; m->n_ports <= 16 && i < m->n_ports; i++)
		if (m->ports[i] == port)
			return true;
	return false;
}

void misread_note(struct misread *m, const char *word, const char *file, unsigned long line)
{
	char host[ADDR_STRLEN];
	uint16_t port;

	if (!split(word, host, &port) || !is_usual_port(m, port) || m->n++)
		return;
	snprintf(m->word, sizeof(m->word), "%s", word);
	if (file)
		snprintf(m->where, sizeof(m->where), "%.200s:%lu: ", file, line);
}

bool misread_describe(const struct misread *m, const char *what, char out[static MISREAD_LEN])
{
	char host[ADDR_STRLEN], others[64] = "";
	uint16_t port;

	if (!m->n || !split(m->word, host, &port))
		return false;
	if (m->n > 1)
		snprintf(others, sizeof(others), " (and so are %" PRIu64 " more)", m->n - 1);
	snprintf(out, MISREAD_LEN, "%s%s is read as an address%s%s; if port %u of %s is meant, "
		 "write [%s]:%u", m->where, m->word, what, others, port, host, host, port);
	return true;
}
