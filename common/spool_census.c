/* Counting the spool's files, a few at a time. */
#include <sys/stat.h>

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "lib/clock.h"
#include "common/spool.h"
#include "common/spool_census.h"

/*
 * At most once in RECOUNT_MS, and in all no more than 1/RECOUNT_SHARE of the
 * time.  Each write counts RECOUNT_STEP files, and goes on for FIRST_COUNT_MS
 * when nothing is known yet.
 */
#define RECOUNT_MS	1000
#define RECOUNT_SHARE	20
#define RECOUNT_STEP	256
#define FIRST_COUNT_MS	500

/* Begin to count anew, unless that is under way or not due. */
static bool
census_begin(struct census *c, int dirfd)
{
	int	fd;

	if (c->dir != NULL)
		return true;
	if (clock_ms() < c->due_ms)
		return false;
	fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd != -1 && (c->dir = fdopendir(fd)) == NULL)
		(void)close(fd);
	c->bytes = c->spent_ms = 0;
	return c->dir != NULL;
}

static void
census_end(struct census *c)
{
	if (c->dir != NULL)
		(void)closedir(c->dir);
	c->dir = NULL;
	c->due_ms = clock_ms() + (c->spent_ms * RECOUNT_SHARE > RECOUNT_MS ?
	    c->spent_ms * RECOUNT_SHARE : RECOUNT_MS);
}

/* Count some more; true when that was all. */
static bool
census_count_some(struct census *c)
{
	int64_t		 began_ms = clock_ms();
	struct dirent	*e = NULL;
	struct stat	 st;
	int		 i;

	for (i = 0; i < RECOUNT_STEP && (e = readdir(c->dir)) != NULL; i++)
		if (spool_is_delivery(e->d_name) && fstatat(dirfd(c->dir),
		    e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			c->bytes += st.st_size;
	c->spent_ms += clock_ms() - began_ms;
	return e == NULL;
}

/* What one write counts; true when that was all. */
static bool
census_step(struct census *c)
{
	int64_t	until_ms = c->begun ? 0 : clock_ms() + FIRST_COUNT_MS;

	c->begun = true;
	while (!census_count_some(c))
		if (clock_ms() >= until_ms)
			return false;
	return true;
}

bool
census_count(struct census *c, int dirfd)
{
	if (!census_begin(c, dirfd) || !census_step(c))
		return false;
	census_end(c);
	return true;
}

void
census_free(struct census *c)
{
	if (c->dir != NULL)
		(void)closedir(c->dir);
	c->dir = NULL;
}
