/* genhook archive move: brings stored files to the archive of the settings, from the
 * one that they were in before. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/units.h"
#include "cli/archive_move.h"
#include "cli/cli.h"
#include "cli/statements.h"

#define COULD_NOT_RUN	CLI_USAGE	/* as genhook-sweep has it */

static volatile sig_atomic_t	archive_stop;

/* The second time, it ends as it stands. */
static void
archive_signal(int number)
{
	(void)number;
	archive_stop = 1;
}

static void
archive_listen_for_signals(void)
{
	struct sigaction	sa = { .sa_handler = archive_signal };

	sa.sa_flags = (int)SA_RESETHAND | SA_RESTART;
	(void)sigemptyset(&sa.sa_mask);
	(void)sigaction(SIGINT, &sa, NULL);
	(void)sigaction(SIGTERM, &sa, NULL);
}

struct archive_job {
	const struct conf	*conf;
	const char		*from_word;
	bool			 dry_run;
	struct conf		*old;		/* settings as they were; or NULL */
	struct conf		 changed;	/* these, with another archive.url */
	struct move		 move;
	int64_t			 bytes;		/* to be moved */
};

/* The archive that FROM names: by its URL in the store of these settings, or by the
 * settings as they were.  False: it has been said. */
static bool
archive_open_old(struct archive_job *j)
{
	const struct conf	*conf = &j->changed;
	char			*url = NULL;
	struct errbuf		 err;

	if (strncmp(j->from_word, "file://", 7) == 0 ||
	    strncmp(j->from_word, "s3://", 5) == 0) {
		if ((url = strdup(j->from_word)) == NULL) {
			(void)cli_wrong("out of memory");
			return false;
		}
		j->changed = *j->conf;
		j->changed.archive_url = url;
	} else if ((conf = j->old = conf_load(j->from_word, &err)) == NULL) {
		(void)cli_wrong("%s", err.text);
		return false;
	}
	if ((j->move.from = reader_open(conf, &err)) == NULL)
		(void)cli_wrong("the old archive: %s", err.text);
	return j->move.from != NULL;
}

/* Would what is moved lie within what it is moved from, or the other way about? */
static bool
archive_overlaps(const char *a, const char *b)
{
	size_t	n = strlen(a) < strlen(b) ? strlen(a) : strlen(b);

	return strncmp(a, b, n) == 0;
}

static bool
archive_open_new(struct archive_job *j)
{
	struct move	*m = &j->move;
	struct errbuf	 err;
	char		 owner[64];

	(void)snprintf(owner, sizeof(owner), "archive-move-%ld",
	    (long)getpid());
	if ((m->archive = archive_open(j->conf, owner, &err)) == NULL ||
	    (m->to = reader_open(j->conf, &err)) == NULL) {
		(void)cli_wrong("the archive of the settings: %s", err.text);
		return false;
	}
	if (archive_overlaps(reader_prefix(m->from), reader_prefix(m->to))) {
		(void)cli_wrong("%s and %s: one is within the other; both need "
		    "a place of their own", reader_prefix(m->from),
		    reader_prefix(m->to));
		return false;
	}
	return true;
}

/* One run at a time, by a lock that ends with its session. */
static bool
archive_lock(struct archive_job *j)
{
	struct db_rows	*rows = NULL;
	bool		 ok;

	if (j->conf->pooler) {
		(void)cli_wrong("needs a session of its own: name settings "
		    "without database.pooler, by --config");
		return false;
	}
	if ((j->move.db = cli_database(j->conf)) == NULL ||
	    !cli_query(j->move.db, DB_LOCK_MOVES, NULL, &rows))
		return false;
	ok = strcmp(db_value(rows, 0, 0), "t") == 0;
	db_rows_free(rows);
	if (!ok)
		(void)cli_wrong("another genhook archive move is at work");
	return ok;
}

static bool
archive_count(struct archive_job *j)
{
	struct db_param	 param = db_text(reader_prefix(j->move.from));
	struct db_rows	*rows = NULL;

	if (!cli_query(j->move.db, DB_COUNT_MOVABLE, &param, &rows))
		return false;
	j->move.total = db_number(db_value(rows, 0, 0));
	j->bytes = db_number(db_value(rows, 0, 1));
	db_rows_free(rows);
	return true;
}

static void
archive_summary(const struct move *m, int64_t began_ms)
{
	char	size[UNITS_BYTES_MAX];

	units_bytes(m->bytes, size);
	printf("archive move: moved %lld (%s), removed %lld, missing %lld, "
	    "differing %lld, failed %lld, changed %lld, %.1f s\n",
	    (long long)m->moved, size, (long long)m->removed,
	    (long long)m->missing, (long long)m->differing,
	    (long long)m->failed, (long long)m->changed,
	    (double)(clock_ms() - began_ms) / 1000);
}

static int
archive_run(struct archive_job *j)
{
	struct move	*m = &j->move;
	int64_t		 began_ms = clock_ms();
	enum move_end	 end;
	char		 size[UNITS_BYTES_MAX];

	if (j->dry_run) {
		if (!archive_count(j))
			return COULD_NOT_RUN;
		units_bytes(j->bytes, size);
		printf("archive move: would move %lld (%s) from %s to %s\n",
		    (long long)m->total, size, reader_prefix(m->from),
		    reader_prefix(m->to));
		return CLI_OK;
	}
	archive_listen_for_signals();
	/* The total is for the eye alone, and takes a look at every row. */
	if ((m->progress = progress_new()) != NULL && !archive_count(j))
		return COULD_NOT_RUN;
	m->stop = &archive_stop;
	end = move_all(m);
	progress_free(m->progress);
	archive_summary(m, began_ms);
	if (end == MOVE_CUT)
		return m->moved > 0 ? CLI_WRONG : COULD_NOT_RUN;
	return end == MOVE_STOPPED || m->missing + m->differing + m->failed +
	    m->changed > 0 ? CLI_WRONG : CLI_OK;
}

static void
archive_job_free(struct archive_job *j)
{
	archive_close(j->move.archive);
	reader_close(j->move.from);
	reader_close(j->move.to);
	db_free(j->move.db);
	if (j->old == NULL)
		free(j->changed.archive_url);
	conf_free(j->old);
}

int
cli_archive(const struct conf *conf, int argc, char **argv)
{
	struct archive_job	 j = { .conf = conf };
	const struct cli_option	 options[] = {
		{ "--from", NULL, &j.from_word },
		{ "--keep", &j.move.keep, NULL },
		{ "--dry-run", &j.dry_run, NULL },
		{ NULL, NULL, NULL }
	};
	const char		*word = NULL;
	int			 n, status = COULD_NOT_RUN;

	if ((n = cli_arguments(argc, argv, options, &word, 1)) == -1)
		return CLI_USAGE;
	if (n != 1 || strcmp(word, "move") != 0 || j.from_word == NULL)
		return cli_usage(argv[0]);
	if (archive_open_old(&j) && archive_open_new(&j) && archive_lock(&j))
		status = archive_run(&j);
	archive_job_free(&j);
	return status;
}
