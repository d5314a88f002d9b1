/* May the logins of handlers and sweep do what they have to? */
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/database.h"
#include "cli/doctor/users.h"
#include "cli/statements.h"

static const struct login {
	const char	*who;
	size_t		 conninfo;	/* of its own, in struct conf */
	const char	*setting;	/* which is that one */
	const char	*function;	/* that it has to be allowed to call */
	bool		 is_sweep;
	const char	*cure;
} logins[] = {
	{ "handlers", offsetof(struct conf, receiver_conninfo),
	    "receiver.conninfo", "receive", false,
	    "grant genhook_receiver to it; and see receiver.conninfo" },
	{ "sweep", offsetof(struct conf, sweep_conninfo),
	    "sweep.conninfo", "start_sweep", true,
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

/* The login that asks; false: that has been said. */
static bool
login_ask_own(struct doctor *d, const struct login *l, char *name, size_t size,
    bool *may)
{
	struct db_param	 param = db_text(l->function);
	struct db_rows	*rows = doctor_ask(d, "rights", DB_MAY_CALL, &param);

	if (rows == NULL)
		return false;
	(void)snprintf(name, size, "%s", db_value(rows, 0, 0));
	*may = strcmp(db_value(rows, 0, 1), "t") == 0;
	db_rows_free(rows);
	return true;
}

/* A user of this machine logs in by his own name: may that login?  True: it
 * is known, and has been told. */
static bool
login_of_user(struct doctor *d, const struct login *l)
{
	struct doctor_user	 u;
	struct db_param		 params[2];
	struct db_rows		*rows;
	bool			 there, may;

	if (!(l->is_sweep ? user_of_sweep(d, &u) : user_of_handlers(d, &u)))
		return false;
	params[0] = db_text(l->function);
	params[1] = db_text(u.name);
	if ((rows = doctor_ask(d, "rights", DB_LOGIN_MAY_CALL, params)) == NULL)
		return true;
	there = strcmp(db_value(rows, 0, 0), "t") == 0;
	may = strcmp(db_value(rows, 0, 1), "t") == 0;
	db_rows_free(rows);
	if (there && !may)
		doctor_wrong(d, "rights", l->cure, "%s: the login %s, by the "
		    "name of its user, may not call genhook.%s()", l->who,
		    u.name, l->function);
	else if (there)
		doctor_ok(d, "rights", "%s: the login %s may call what it "
		    "needs", l->who, u.name);
	return there;
}

/* Logins that may, among which its own is to be. */
static void
login_list(struct doctor *d, const struct login *l)
{
	struct db_param	 param = db_text(l->function);
	struct db_rows	*rows = doctor_ask(d, "rights",
			    DB_LOGINS_THAT_MAY_CALL, &param);

	if (rows != NULL && db_value(rows, 0, 0) == NULL)
		doctor_wrong(d, "rights", l->cure, "%s: there is no login "
		    "that may call genhook.%s()", l->who, l->function);
	else if (rows != NULL)
		doctor_ok(d, "rights", "%s: the logins that may call what it "
		    "needs: %s", l->who, db_value(rows, 0, 0));
	db_rows_free(rows);
}

/* It has the doctor's connection string: with a name in it, it is the same
 * login, and else that of its user. */
static void
login_shared(struct doctor *d, const struct login *l)
{
	struct doctor_user	asker;
	char			name[USER_NAME_MAX];
	bool			may, is_named;

	if (!login_ask_own(d, l, name, sizeof(name), &may))
		return;
	is_named = !user_by_uid(&asker, geteuid()) ||
	    strcmp(asker.name, name) != 0;
	if (is_named && may)
		doctor_ok(d, "rights", "%s: the login %s may call what it "
		    "needs", l->who, name);
	else if (is_named || !login_of_user(d, l))
		login_list(d, l);
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
			login_shared(d, &logins[i]);
	}
}
