#include "lists/prefixfile.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/lines.h"
#include "err.h"
#include "prefixset.h"
#include "lists/hostname.h"
#include "lists/misread.h"

/* Adds a range that stands in text. */
static int add_range(struct prefixset *s, struct addr first, struct addr last, const char *text,
		     uint64_t max, struct err *e)
{
	const struct addr v4_first = addr_from_v4(0), v4_last = addr_from_v4(UINT32_MAX);
	int err = 0;

	if (max < UINT64_MAX && addr_diff(last, first) >= max)
		return err_set(e, EINVAL, "%.64s has more addresses than the %" PRIu64 " that "
			       "these ports leave room for (2^63 targets in all); name smaller "
			       "prefixes, or list the addresses (--targets-file)", text, max);
	if (addr_cmp(first, v4_first) < 0 && addr_cmp(last, v4_last) > 0) {
		struct addr below = { 0, v4_first.lo - 1 };

		err = prefixset_add(s, first, below);
		first = addr_add(v4_last, 1);
	}
	if (!err)
		err = prefixset_add(s, first, last);
	return err ? err_set(e, -err, "no memory for another prefix") : 0;
}

int prefixfile_add(struct prefixset *s, const char *text, uint64_t max, struct err *e)
{
	struct addr first, last;
	int err = addr_parse_prefix(&first, &last, text, e);

	return err ? err : add_range(s, first, last, text, max, e);
}

/* "address netmask" with a slash instead of the blanks, in place; text where it is none. */
static const char *join_netmask(char *text)
{
	size_t len = strcspn(text, " \t"), gap = strspn(text + len, " \t");
	struct addr a;

	if (gap == 0 || addr_parse(&a, text + len + gap))
		return text;
	text[len] = '/';
	memmove(text + len + 1, text + len + gap, strlen(text + len + gap) + 1);
	return text;
}

static int add_line(struct prefixset *s, char *text, uint64_t max, struct err *e)
{
	struct addr ip, first, last;
	uint16_t port;
	int err;

	if (hostname_is(text, strlen(text)))
		return err_set(e, EINVAL, "%.64s: a name, not an address or prefix; resolve it "
			       "first (dig, zdns, massdns)", text);
	if (addr_parse_endpoint(&ip, &port, text, NULL) == 0 && port)
		return err_set(e, EINVAL, "%.64s: not an address or prefix, as a port follows; "
			       "ports are those of --target-ports and of server lists "
			       "(--targets-file)", text);
	if (!strchr(text, '-'))
		return prefixfile_add(s, join_netmask(text), max, e);
	err = addr_parse_range(&first, &last, text, e);
	return err ? err : add_range(s, first, last, text, max, e);
}

int prefixfile_read(struct prefixset *s, const char *option, const char *path, uint64_t max,
		    struct misread *m, struct err *e)
{
	struct lines l;
	char *text;
	int rc;

	rc = lines_open(&l, option, path, e);
	if (rc)
		return rc;
	while ((rc = lines_next(&l, &text, e)) > 0) {
		text[strcspn(text, "#;")] = '\0';
		text = lines_trim(text);
		rc = *text ? add_line(s, text, max, e) : 0;
		if (rc) {
			rc = lines_fail(&l, rc, e);
			break;
		}
		misread_note(m, text, path, l.n);
	}
	lines_close(&l);
	return rc;
}
