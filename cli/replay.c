/* genhook replay: what replay_deliveries() leaves to the sweep, at once. */
#include <stdio.h>
#include <unistd.h>

#include "common/replay.h"
#include "cli/cli.h"
#include "cli/statements.h"
#include "cli/task.h"

/* The parameters of genhook.replay_deliveries(), in its order. */
enum {
	PROVIDER, TASK, OUTCOME, ACCOUNT, SINCE, ID, PARAMS
};

/* How many are newly asked for; -1: it failed, which has been said. */
static int
replay_ask(struct db *db, const char *const *values)
{
	struct db_param	 params[PARAMS];
	struct db_rows	*rows = NULL;
	int		 i, n = -1;

	for (i = 0; i < PARAMS; i++)
		params[i] = db_text(values[i]);
	if (cli_query(db, DB_REPLAY_DELIVERIES, params, &rows))
		n = db_rows_count(rows);
	db_rows_free(rows);
	return n;
}

/* An id may be said by how it begins.  A task's provider is not put in: that would
 * name the task, of which more may be replayed. */
static bool
replay_find(struct db *db, const char **values, struct task_name *t,
    char id[DELIVERY_ID_SIZE])
{
	char	word[1024];

	if (values[TASK] != NULL) {
		(void)snprintf(word, sizeof(word), "%s%s%s",
		    values[PROVIDER] != NULL ? values[PROVIDER] : "",
		    values[PROVIDER] != NULL ? "/" : "", values[TASK]);
		if (!task_find(db, word, t))
			return false;
		values[TASK] = t->task_id;
	}
	if (values[ID] != NULL) {
		if (!delivery_find(db, values[ID], id))
			return false;
		values[ID] = id;
	}
	return true;
}

/* All that waits, whoever asked for it. */
static int
replay_work(struct db *db, const struct conf *conf, int asked)
{
	struct replay_counts	counts;
	struct errbuf		err;
	enum db_verdict		v;
	char			owner[64];

	(void)snprintf(owner, sizeof(owner), "genhook replay:%ld",
	    (long)getpid());
	v = replay_run(db, conf, owner, 0, &counts, &err);
	printf("%d deliveries chosen, %ld replayed, %ld accepted, "
	    "%ld refused\n", asked, counts.replayed, counts.accepted,
	    counts.refused);
	if (v != DB_OK)
		return cli_wrong("%s", err.text);
	if (counts.refused > 0)
		return cli_wrong("the table genhook.replays says why %ld were "
		    "refused",
		    counts.refused);
	return CLI_OK;
}

int
cli_replay(const struct conf *conf, int argc, char **argv)
{
	const char		*values[PARAMS] = { NULL };
	bool			 queue = false;
	const struct cli_option	 options[] = {
		{ "--provider",	NULL, &values[PROVIDER] },
		{ "--task",	NULL, &values[TASK] },
		{ "--outcome",	NULL, &values[OUTCOME] },
		{ "--account",	NULL, &values[ACCOUNT] },
		{ "--since",	NULL, &values[SINCE] },
		{ "--id",	NULL, &values[ID] },
		{ "--queue",	&queue, NULL },
		{ NULL,		NULL, NULL }
	};
	struct task_name	 t = { NULL, NULL, NULL };
	char			 id[DELIVERY_ID_SIZE];
	struct db		*db;
	int			 asked, status = CLI_WRONG;

	if (cli_arguments(argc, argv, options, NULL, 0) == -1)
		return CLI_USAGE;
	if ((db = cli_database(conf)) == NULL)
		return CLI_WRONG;
	if (replay_find(db, values, &t, id) &&
	    (asked = replay_ask(db, values)) >= 0) {
		status = CLI_OK;
		if (queue)
			printf("%d deliveries wait for the next sweep to "
			    "replay them\n", asked);
		else
			status = replay_work(db, conf, asked);
	}
	task_name_free(&t);
	db_free(db);
	return status;
}
