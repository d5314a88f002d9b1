/* The names of finished tasks, gathered and told. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "lib/pgarray.h"
#include "common/finished.h"
#include "common/statements.h"

static void
finished_free(struct finished *f)
{
	size_t	i;

	for (i = 0; i < f->n; i++)
		free(f->names[i]);
	free(f->names);
	memset(f, 0, sizeof(*f));
}

static void
finished_add_one(struct finished *f, const struct delivery *d)
{
	char	**grown;
	size_t	  room = f->room == 0 ? 64 : f->room * 2;

	if (f->n == f->room) {
		grown = realloc(f->names, room * sizeof(*grown));
		if (grown == NULL)
			return;
		f->names = grown;
		f->room = room;
	}
	if (asprintf(&f->names[f->n], "%s/%s", d->provider->name,
	    d->result.task_id) != -1)
		f->n++;
}

void
finished_add(struct finished *f, struct delivery *const *batch, size_t n,
    const enum outcome *outcomes)
{
	size_t	i;

	/* A result that is not believed yet is answered as accepted, too. */
	for (i = 0; i < n; i++)
		if (outcomes[i] == OUTCOME_ACCEPTED &&
		    batch[i]->outcome == OUTCOME_ACCEPTED)
			finished_add_one(f, batch[i]);
		else if (outcomes[i] == OUTCOME_ACCEPTED ||
		    outcomes[i] == OUTCOME_STALE ||
		    outcomes[i] == OUTCOME_UNPARSED)
			f->poll_due = true;
}

bool
finished_has_news(const struct finished *f)
{
	return f->n > 0 || f->poll_due;
}

static void
finished_send(const struct finished *f, struct db *db, int timeout_ms)
{
	struct pgarray	 names;
	struct db_param	 param;
	struct errbuf	 err;
	size_t		 i;

	pgarray_begin(&names, PG_TEXT);
	for (i = 0; i < f->n; i++)
		pgarray_text(&names, f->names[i]);
	if (pgarray_end(&names)) {
		param = pgarray_param(&names);
		if (db_run(db, DB_NOTIFY_FINISHED, &param, timeout_ms, NULL,
		    &err) != DB_OK)
			log_line(LOG_DEBUG, "no notify: %s", err.text);
	}
	pgarray_free(&names);
}

void
finished_notify(struct finished *f, struct db *db, int timeout_ms)
{
	struct errbuf	err;

	if (f->n > 0 && db_is_connected(db))
		finished_send(f, db, timeout_ms);
	if (f->poll_due && db_is_connected(db) && db_run(db, DB_TELL_WORK_DUE,
	    NULL, timeout_ms, NULL, &err) != DB_OK)
		log_line(LOG_DEBUG, "no notify: %s", err.text);
	finished_free(f);
}
