/*
 * places: where files may be written from now on, and that of all others only what the kernel says
 * of itself (/proc, /sys) may be read (Landlock). What is open already stays so.
 */
#ifndef TFOMAP_PLACES_H
#define TFOMAP_PLACES_H

#include <stdbool.h>
#include <stddef.h>

struct err;

struct place {
	const char *path;	/* of a file; NULL: none */
	bool replaced;		/* another is made beside it, and takes its name */
};

/*
 * For the caller and the threads that it starts, for good; the process has given up new privileges.
 * 0, or -errno with a message: this kernel restricts nothing.
 */
int places_restrict(const struct place *places, size_t n, struct err *e);

#endif
