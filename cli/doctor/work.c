/* Is any work late, lost or odd? */
#include <stdio.h>

#include "lib/pgarray.h"
#include "batch/run.h"
#include "cli/doctor/doctor.h"
#include "cli/statements.h"

#define ACCOUNT_MAX	128	/* provider, blank and name */

/* Each statement answers with a line of words for each thing that is wrong. */
static const struct {
	const char		*what;
	const struct db_stmt	*stmt;
	const char		*cure;
} questions[] = {
	/* Of a database made before migrate refused the others. */
	{ "database", DB_OTHER_ENCODING,
	    "createdb --encoding=UTF8 --template=template0 another, pg_dump "
	    "this one into it" },
	{ "downloads", DB_LATE_DOWNLOADS,
	    "genhook-sweep --dry-run lists them; more downloads_in_flight, or "
	    "max_seconds" },
	{ "links", DB_LOST_LINKS,
	    "genhook outputs failed; genhook outputs expired; genhook retry "
	    "PROVIDER" },
	{ "tasks", DB_LOST_TASKS,
	    "genhook tasks lost; genhook repoll PROVIDER --status lost" },
	{ "requests", DB_UNKNOWN_FATES,
	    "genhook requests unknown; genhook.request_attention has the "
	    "statement for each" },
	{ "requests", DB_REFUSED_REQUESTS,
	    "genhook requests refused; genhook.request_attention has the "
	    "statement for each" },
	{ "requests", DB_LATE_REQUESTS,
	    "genhook requests queued; genhook.request_attention has the "
	    "statement for each" },
	{ "paused", DB_PAUSED_ACCOUNTS,
	    "as the words say: top up, or see what stands before the API; "
	    "genhook.resume_accounts() has it tried at once" },
	{ "quiet", DB_QUIET_PROVIDERS,
	    "try the callback's address from outside; then the provider's "
	    "status page" },
	{ "unparsed", DB_UNPARSED_CALLBACKS, "upgrade; then: genhook replay" },
	{ "callers", DB_ODD_CALLERS,
	    "unverified: is webhook_secret that of the API key which submits?  "
	    "rejected: genhook deliveries rejected" },
	{ "callers", DB_UNREAD_CALLBACKS,
	    "unverified: is webhook_secret that of the API key which submits, "
	    "and the clock right?  unparsed: upgrade; then: genhook replay" },
	{ "results", DB_ODD_RESULTS,
	    "genhook.attention has the task of each: show it to the provider" },
	{ "polls", DB_FAILING_POLLS,
	    "genhook tasks pending shows them; as the words say: the model, "
	    "the account, or an upgrade" },
};

static void
work_ask(struct doctor *d, const char *what, const struct db_stmt *stmt,
    const char *cure)
{
	struct db_rows	*rows = doctor_ask(d, what, stmt, NULL);
	int		 i;

	for (i = 0; rows != NULL && i < db_rows_count(rows); i++)
		doctor_wrong(d, what, cure, "%s", db_value(rows, i, 0));
	db_rows_free(rows);
}

/* Accounts that are there no more, by the settings here. */
static void
work_accounts(struct doctor *d)
{
	struct pgarray	 mine;
	char		 host[RUN_HOST_MAX], name[ACCOUNT_MAX];
	struct db_param	 params[3];
	struct db_rows	*rows = NULL;
	size_t		 i;
	int		 n;

	run_host(host);
	pgarray_begin(&mine, PG_TEXT);
	for (i = 0; i < d->conf->naccounts; i++) {
		(void)snprintf(name, sizeof(name), "%s %s",
		    d->conf->accounts[i].provider->name,
		    d->conf->accounts[i].name);
		pgarray_text(&mine, name);
	}
	if (pgarray_end(&mine)) {
		params[0] = pgarray_param(&mine);
		params[1] = db_text(host);
		params[2] = db_text(d->conf->path);
		rows = doctor_ask(d, "accounts", DB_UNKNOWN_ACCOUNTS, params);
	}
	for (n = 0; rows != NULL && n < db_rows_count(rows); n++)
		doctor_wrong(d, "accounts", "put its section back into the "
		    "settings, or move what waits to the account that it is "
		    "now: genhook.rename_account(PROVIDER, OLD, NEW)", "%s",
		    db_value(rows, n, 0));
	db_rows_free(rows);
	pgarray_free(&mine);
}

static void
work_polls(struct doctor *d, const struct account *a)
{
	char			 wait[DB_NUMBER_MAX];
	const struct db_param	 params[] = {
		db_text(a->provider->name), db_text(a->name),
		db_interval(a->poll_after_s, wait)
	};
	struct db_rows		*rows;
	long			 n;

	if (*a->api_key == '\0')
		return;
	if ((rows = doctor_ask(d, "polls", DB_LATE_POLLS, params)) == NULL)
		return;
	n = (long)db_number(db_value(rows, 0, 0));
	if (n > 0)
		doctor_wrong(d, "polls", "genhook-sweep --dry-run lists them; "
		    "more polls_per_minute, or max_seconds",
		    "%s %s: %ld tasks should have been asked about, the "
		    "oldest %s ago", a->provider->name, a->name, n,
		    doctor_ago((long)db_number(db_value(rows, 0, 1))));
	db_rows_free(rows);
}

void
doctor_work(struct doctor *d)
{
	int	before = d->wrong;
	size_t	i;

	for (i = 0; i < d->conf->naccounts; i++)
		work_polls(d, &d->conf->accounts[i]);
	work_accounts(d);
	for (i = 0; i < sizeof(questions) / sizeof(questions[0]); i++)
		work_ask(d, questions[i].what, questions[i].stmt,
		    questions[i].cure);
	if (d->wrong == before)
		doctor_ok(d, "work", "nothing is late, lost or odd");
}
