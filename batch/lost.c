/* Lost tasks, and the step that gives up those which were pending for too
 * long. */
#include <stdio.h>

#include "lib/db.h"
#include "batch/accounts.h"
#include "batch/lost.h"
#include "batch/steps.h"

#define GIVE_UP_AT_ONCE	1000

void
lost_begin(struct lost *l, struct sweep *s)
{
	l->sweep = s;
	pgarray_begin(&l->names, PG_TEXT);
}

void
lost_add(struct lost *l, const struct provider *provider, const char *task_id,
    const char *words)
{
	char	name[32 + TASK_ID_MAX + 2];

	l->sweep->counts.lost++;
	run_warn(&l->sweep->run, "%s/%s: lost: %s", provider->name, task_id,
	    words);
	(void)snprintf(name, sizeof(name), "%s/%s", provider->name, task_id);
	pgarray_text(&l->names, name);
}

void
lost_tell(struct lost *l)
{
	struct run	*r = &l->sweep->run;
	struct db_param	 param;
	struct errbuf	 err;

	if (l->names.nitems > 0 && !r->broken && pgarray_end(&l->names)) {
		param = pgarray_param(&l->names);
		(void)run_query(r, DB_NOTIFY_FINISHED, &param, NULL, &err);
	}
	pgarray_free(&l->names);
}

/* Call some of an account's tasks lost.  True: more are left. */
static bool
lost_give_up_some(struct lost *l, const struct account *a)
{
	char		 after[DB_NUMBER_MAX], limit[DB_NUMBER_MAX];
	struct db_param	 params[4];
	struct db_rows	*rows = NULL;
	struct errbuf	 err;
	int		 i, got;

	params[0] = db_text(a->provider->name);
	params[1] = db_text(a->name);
	params[2] = db_interval(a->give_up_after_s, after);
	params[3] = db_int(GIVE_UP_AT_ONCE, limit);
	if (run_query(&l->sweep->run, DB_GIVE_UP_TASKS, params, &rows, &err) !=
	    DB_OK)
		return false;
	got = db_rows_count(rows);
	for (i = 0; i < got; i++)
		lost_add(l, a->provider, db_value(rows, i, 0),
		    "no final state came in time");
	db_rows_free(rows);
	return got == GIVE_UP_AT_ONCE;
}

/* Some of each account in any case, and all while there is time: the downloads
 * wait. */
void
give_up_step(struct sweep *s, int64_t until_ms)
{
	const struct conf	*conf = s->run.conf;
	const struct account	*a;
	struct lost		 l;
	size_t			 i;

	lost_begin(&l, s);
	for (i = 0; i < conf->naccounts; i++) {
		a = &conf->accounts[i];
		if (s->run.broken || run_stopping() ||
		    !account_is_of(a, s->provider))
			continue;
		while (lost_give_up_some(&l, a) &&
		    run_goes_on(&s->run, until_ms))
			run_beat(&s->run);
	}
	lost_tell(&l);
}
