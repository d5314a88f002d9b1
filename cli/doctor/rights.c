/* May the logins of handlers and sweep do what they have to? */
#include <stddef.h>
#include <string.h>

#include "common/database.h"
#include "cli/doctor/doctor.h"
#include "cli/statements.h"

static const struct login {
	const char	*who;
	size_t		 conninfo;	/* of its own, in struct conf */
	const char	*setting;	/* which is that one */
	const char	*function;	/* that it has to be allowed to call */
	const char	*cure;
} logins[] = {
	{ "handlers", offsetof(struct conf, receiver_conninfo),
	    "receiver.conninfo", "receive",
	    "grant genhook_receiver to it; and see receiver.conninfo" },
	{ "sweep", offsetof(struct conf, sweep_conninfo),
	    "sweep.conninfo", "start_sweep",
	    "grant genhook_sweeper to it; and see sweep.conninfo" },
};

/* A failure of its connection is mended as any other, but in its setting. */
static void
login_failed(struct doctor *d, const struct login *l, const struct errbuf *err)
{
	const char	*cure = doctor_cure(err);
	struct errbuf	 words;

	errbuf_set(&words, "%s: %s", l->setting, cure != NULL ? cure :
	    "go by these words of PostgreSQL's");
	doctor_wrong(d, "rights", words.text, "%s: %s", l->who, err->text);
}

/* A login with a connection string of its own is tried. */
static void
login_try(struct doctor *d, const struct login *l, const char *conninfo)
{
	struct db_param	 param = db_text(l->function);
	struct errbuf	 err = { .text = "out of memory" };
	struct db_rows	*rows = NULL;
	struct db	*db = database_new(conninfo, NULL, d->conf->pooler);

	if (db == NULL || db_run_once(db, DB_MAY_CALL, &param, CLI_TIMEOUT_MS,
	    &rows, &err) != DB_OK)
		login_failed(d, l, &err);
	else if (strcmp(db_value(rows, 0, 1), "t") != 0)
		doctor_wrong(d, "rights", l->cure, "%s: the login %s may not "
		    "call genhook.%s()", l->who, db_value(rows, 0, 0),
		    l->function);
	else
		doctor_ok(d, "rights", "%s: the login %s may call what it "
		    "needs", l->who, db_value(rows, 0, 0));
	db_rows_free(rows);
	db_free(db);
}

static void
login_list(struct doctor *d, const struct login *l)
{
	struct db_param	 param = db_text(l->function);
	struct db_rows	*rows = doctor_ask(d, "rights",
			    DB_LOGINS_THAT_MAY_CALL, &param);

	if (rows != NULL)
		doctor_ok(d, "rights", "%s: the logins that may call what it "
		    "needs: %s", l->who, db_value(rows, 0, 0));
	db_rows_free(rows);
}

void
doctor_rights(struct doctor *d)
{
	const char	*conninfo;
	size_t		 i;

	for (i = 0; i < sizeof(logins) / sizeof(logins[0]); i++) {
		conninfo = *(char *const *)(const void *)
		    ((const char *)d->conf + logins[i].conninfo);
		if (*conninfo != '\0')
			login_try(d, &logins[i], conninfo);
		else
			login_list(d, &logins[i]);
	}
}
