/* The step that looks whether the run can write where it has to, while nothing
 * depends on it yet; and the note of a run that could not begin. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/file.h"
#include "common/spool.h"
#include "archive/archive.h"
#include "batch/check.h"
#include "batch/steps.h"

#define PATH_ROOM	4096

/* Of a spool that cannot be opened, the drain has told. */
static void
check_spool(struct run *r)
{
	const struct conf	*conf = r->conf;
	struct spool		*spool;
	struct errbuf		 err;

	if (conf->spool_max_bytes == 0)
		return;
	spool = spool_open(conf->spool_dir, conf->spool_max_bytes, &err);
	if (spool != NULL && !spool_try(spool, &err))
		run_hindered(r, "callbacks would be lost if the database were "
		    "away: %s", err.text);
	spool_close(spool);
}

/* Of an archive that cannot be opened, the downloads will tell. */
static void
check_archive(struct run *r)
{
	/* The run's owner, since two runs may be at it at once. */
	const struct archive_key	 key = { "genhook", r->owner, "0", 0 };
	struct archive_part		*part;
	struct archive			*archive;
	struct errbuf			 err;
	char				 bytes[4096] = "";

	if ((archive = archive_open(r->conf, r->owner, &err)) == NULL)
		return;
	/* Of a length with which it is a file on disk from the start. */
	part = archive_begin(archive, &key, ARCHIVE_SMALL + 1, &err);
	if (part == NULL || !archive_write(part, bytes, sizeof(bytes), &err))
		run_hindered(r, "outputs cannot be kept: %s", err.text);
	archive_abort(part);
	archive_close(archive);
}

void
check_step(struct sweep *s, int64_t until_ms)
{
	(void)until_ms;
	check_spool(&s->run);
	check_archive(&s->run);
}

/* False: the path is too long. */
static bool
check_note_path(const struct conf *conf, char path[PATH_ROOM])
{
	int	n = snprintf(path, PATH_ROOM, "%s/%s", conf->spool_dir,
		    SPOOL_SWEEP_NOTE);

	return n > 0 && n < PATH_ROOM;
}

void
check_note_leave(const struct run *r)
{
	char	path[PATH_ROOM];
	int	fd;

	if (!check_note_path(r->conf, path))
		return;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK |
	    O_CLOEXEC, 0640);
	if (fd == -1)
		return;
	(void)file_write_all(fd, r->error.text, strlen(r->error.text));
	(void)close(fd);
}

void
check_note_remove(const struct run *r)
{
	char	path[PATH_ROOM];

	if (check_note_path(r->conf, path))
		(void)unlink(path);
}
