#include "base/privileges.h"

#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include "err.h"

#define KEPT_FOR_FILES	6		/* the first so many, of capabilities */
#define USER_LEN	16384		/* room for what is known of a user */

/* ---- the environment ----------------------------------------------------------------------- */

/* The dynamic linker has taken out its own; those of other libraries nobody else does. */
void privileges_clean_environment(void)
{
	static const char *const kept[] = {
		"TERM", "NO_COLOR", "LANG", "LC_ALL", "LC_CTYPE", "PATH",
	};
	char *values[sizeof(kept) / sizeof(*kept)];

	if (!getauxval(AT_SECURE))
		return;
	for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++)
		values[i] = getenv(kept[i]);
	clearenv();
	for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++)
		if (values[i])
			setenv(kept[i], values[i], 1);
}

/* ---- the user ------------------------------------------------------------------------------ */

struct user {
	uid_t uid;
	gid_t gid;
};

static int find_user(const char *name, struct user *out, struct err *e)
{
	struct passwd one, *found = NULL;
	char text[USER_LEN];
	int rc = getpwnam_r(name, &one, text, sizeof(text), &found);

	if (!found)
		return err_set(e, rc ? rc : ENOENT, "--user %s: %s; name one that `getent passwd` "
			       "lists", name, rc ? strerror(rc) : "no such user");
	*out = (struct user){ found->pw_uid, found->pw_gid };
	return 0;
}

int privileges_check_user(const char *user, struct err *e)
{
	struct user u;

	return find_user(user, &u, e);
}

static bool is_user(const struct user *u)
{
	uid_t uid[3];
	gid_t gid[3];

	return getresuid(&uid[0], &uid[1], &uid[2]) == 0
	       && getresgid(&gid[0], &gid[1], &gid[2]) == 0
	       && uid[0] == u->uid && uid[1] == u->uid && uid[2] == u->uid
	       && gid[0] == u->gid && gid[1] == u->gid && gid[2] == u->gid;
}

/* Whether nothing leads back to root. Root itself is not left. */
static bool is_final(const struct user *u)
{
	return u->uid == 0 || (setuid(0) < 0 && seteuid(0) < 0);
}

static int cannot_become(const char *name, struct err *e)
{
	return err_set(e, errno, "cannot become --user %s: %s; it takes root, or CAP_SETUID and "
		       "CAP_SETGID, and that the user namespace has this user", name,
		       strerror(errno));
}

static int become(const char *name, struct err *e)
{
	struct user u;
	int rc = find_user(name, &u, e);

	if (rc || (geteuid() != 0 && is_user(&u)))
		return rc;
	if (initgroups(name, u.gid) || setgid(u.gid) || setuid(u.uid))
		return cannot_become(name, e);
	if (!is_user(&u) || !is_final(&u))
		return err_set(e, EPERM, "cannot become --user %s for good", name);
	return 0;
}

/* ---- capabilities -------------------------------------------------------------------------- */

/* New ones are of a kernel that is newer than libcap-ng: it leaves them out by itself. */
static void drop_but(const unsigned int *kept, size_t n, capng_type_t from)
{
	capng_get_caps_process();
	for (unsigned int cap = 0; cap <= CAP_LAST_CAP; cap++) {
		bool keep = false;

		for (size_t i = 0; i < n; i++)
			keep |= kept[i] == cap;
		if (!keep)
			capng_update(CAPNG_DROP, from, cap);
	}
}

int privileges_narrow(bool network, struct err *e)
{
	static const unsigned int kept[] = {
		CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER, CAP_SETUID, CAP_SETGID,
		CAP_SETPCAP,
		/* Of the network: */
		CAP_NET_RAW, CAP_NET_ADMIN, CAP_BPF, CAP_PERFMON,
	};

	drop_but(kept, network ? sizeof(kept) / sizeof(*kept) : KEPT_FOR_FILES,
		 CAPNG_EFFECTIVE | CAPNG_PERMITTED);
	if (capng_apply(CAPNG_SELECT_CAPS))
		return err_set(e, EPERM, "cannot give capabilities away");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return err_set(e, errno, "cannot give up new privileges: %s", strerror(errno));
	return 0;
}

/* They stay permitted, to be raised again. 0 or -EPERM. */
static int lower(void)
{
	drop_but(NULL, 0, CAPNG_EFFECTIVE);
	return capng_apply(CAPNG_SELECT_CAPS) ? -EPERM : 0;
}

static void raise_again(void)
{
	capng_get_caps_process();
	for (unsigned int cap = 0; cap <= CAP_LAST_CAP; cap++)
		if (capng_have_capability(CAPNG_PERMITTED, cap))
			capng_update(CAPNG_ADD, CAPNG_EFFECTIVE, cap);
	(void)capng_apply(CAPNG_SELECT_CAPS);
}

int privileges_try_without(int (*try)(const void *arg), const void *arg)
{
	int rc = lower();

	if (!rc)
		rc = try(arg);
	raise_again();
	return rc;
}

/* Becoming another user than root lowers them, too, and becoming root again raises them. */
int privileges_as(const char *user, int (*act)(void *arg, struct err *e), void *arg,
		  struct err *e)
{
	const struct user before = { geteuid(), getegid() };
	struct user u = before;
	int rc = user ? find_user(user, &u, e) : 0;

	if (!rc && (setegid(u.gid) || seteuid(u.uid)))
		rc = cannot_become(user, e);
	if (!rc)
		rc = lower();
	if (!rc)
		rc = act(arg, e);
	raise_again();
	if ((seteuid(before.uid) || setegid(before.gid)) && !rc)
		rc = err_set(e, errno, "cannot be the user again that started: %s",
			     strerror(errno));
	return rc;
}

static int drop_capabilities(struct err *e)
{
	capng_clear(CAPNG_SELECT_ALL);
	if (capng_apply(CAPNG_SELECT_CAPS) || capng_apply(CAPNG_SELECT_AMBIENT)
	    || capng_get_caps_process() || capng_have_capabilities(CAPNG_SELECT_CAPS) != CAPNG_NONE)
		return err_set(e, EPERM, "cannot give the capabilities away");
	return 0;
}

int privileges_drop(const char *user, struct err *e)
{
	int rc;

	/* Without CAP_SETPCAP it stays; there is nothing then that takes from it. */
	capng_clear(CAPNG_SELECT_ALL);
	(void)capng_apply(CAPNG_SELECT_BOUNDS);
	rc = user ? become(user, e) : 0;
	if (!rc)
		rc = drop_capabilities(e);
	if (!rc && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		rc = err_set(e, errno, "cannot give up new privileges: %s", strerror(errno));
	return rc;
}

/* ---- threads ------------------------------------------------------------------------------- */

/* A folder has 2 links, and that of the threads one more for each. */
unsigned int privileges_other_threads(void)
{
	struct stat st;

	return stat("/proc/self/task", &st) == 0 && st.st_nlink > 3 ? (unsigned int)st.st_nlink - 3
	       : 0;
}
