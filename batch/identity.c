/* The note of how many requests were sent, by which a database that was set back
 * is known. */
#include <sys/file.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/db.h"
#include "lib/log.h"
#include "batch/identity.h"

#define NOTE_PREFIX	"sent-"
#define NOTE_BYTES	21	/* a number of fixed width, and a line's end:
				   within one sector, so it is written whole */

static int
identity_open(const struct identity *id, int flags)
{
	int	dir, fd, saved;

	dir = open(id->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir == -1)
		return -1;
	fd = openat(dir, id->name, flags | O_CLOEXEC | O_NOFOLLOW, 0660);
	saved = errno;
	/* A new name has to outlast the machine, too. */
	if (fd != -1 && (flags & O_CREAT) != 0)
		(void)fsync(dir);
	(void)close(dir);
	errno = saved;
	return fd;
}

static int64_t
identity_read(int fd)
{
	char	text[NOTE_BYTES + 1], *end;
	int64_t	number;

	if (pread(fd, text, NOTE_BYTES, 0) != NOTE_BYTES)
		return -1;
	text[NOTE_BYTES] = '\0';
	errno = 0;
	number = strtoll(text, &end, 10);
	return errno == 0 && *end == '\n' && end == &text[NOTE_BYTES - 1] ?
	    number : -1;
}

int64_t
identity_noted(const struct identity *id)
{
	int64_t	number;
	int	fd;

	if ((fd = identity_open(id, O_RDONLY)) == -1)
		return -1;
	number = identity_read(fd);
	(void)close(fd);
	return number;
}

/* Two runs at once: the larger number stays. */
static bool
identity_write(const struct identity *id, int64_t sent)
{
	char	text[NOTE_BYTES + 1];
	bool	ok;
	int	fd, saved;

	if ((fd = identity_open(id, O_RDWR | O_CREAT)) == -1)
		return false;
	(void)snprintf(text, sizeof(text), "%0*lld\n", NOTE_BYTES - 1,
	    (long long)sent);
	errno = 0;
	ok = flock(fd, LOCK_EX) == 0 && (identity_read(fd) >= sent ||
	    (pwrite(fd, text, NOTE_BYTES, 0) == NOTE_BYTES &&
	    fdatasync(fd) == 0));
	saved = errno;
	(void)close(fd);
	errno = saved;
	return ok;
}

void
identity_note(struct identity *id, int64_t sent)
{
	if (id->blind || identity_write(id, sent))
		return;
	id->blind = true;
	/* An operator who submits may have no right to the spool, and need
	 * none: the sweep's own note catches up. */
	log_line(errno == EACCES ? LOG_INFO : LOG_WARN, "%s: what was sent "
	    "cannot be noted, and so a database that is set back not be "
	    "noticed: %s", id->folder, strerror(errno));
}

bool
identity_has_others(const struct identity *id)
{
	struct dirent	*e;
	DIR		*d = opendir(id->folder);
	bool		 others = false;

	while (d != NULL && !others && (e = readdir(d)) != NULL)
		others = strncmp(e->d_name, NOTE_PREFIX,
		    strlen(NOTE_PREFIX)) == 0 &&
		    strcmp(e->d_name, id->name) != 0;
	if (d != NULL)
		(void)closedir(d);
	return others;
}

/* The database's own word on it.  *sent: how many it has claimed. */
static bool
identity_ask(struct identity *id, struct run *run, int64_t *sent)
{
	struct db_rows	*rows = NULL;
	struct errbuf	 err;

	if (run_query(run, DB_IDENTIFY_DATABASE, NULL, &rows, &err) != DB_OK) {
		run_break(run, err.text);
		return false;
	}
	(void)snprintf(id->name, sizeof(id->name), NOTE_PREFIX "%s",
	    db_value(rows, 0, 0));
	*sent = db_number(db_value(rows, 0, 1));
	db_rows_free(rows);
	return true;
}

bool
identity_check(struct identity *id, struct run *run)
{
	int64_t		 sent = 0, noted;
	char		 number[DB_NUMBER_MAX];
	struct db_param	 params[2];
	struct db_rows	*rows = NULL;
	struct errbuf	 err;
	const char	*doubt;

	*id = (struct identity){ .folder = run->conf->spool_dir };
	if (run->broken || !identity_ask(id, run, &sent))
		return false;
	noted = identity_noted(id);
	params[0] = noted >= 0 ? db_int(noted, number) : db_text(NULL);
	params[1] = db_text(identity_has_others(id) ? "true" : "false");
	if (run_query(run, DB_DOUBT_DATABASE, params, &rows, &err) != DB_OK) {
		run_break(run, err.text);
		return false;
	}
	doubt = db_value(rows, 0, 0);
	if (doubt != NULL)
		run_warn(run, "requests are %s", doubt);
	else if (noted < sent || noted == -1)
		identity_note(id, sent);
	db_rows_free(rows);
	return doubt == NULL;
}
