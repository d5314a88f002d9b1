/* genhook init: the logins, the roles and the database, by a superuser. */
#include <stdlib.h>
#include <string.h>

#include "lib/db_conninfo.h"
#include "lib/xalloc.h"
#include "cli/init.h"
#include "cli/process.h"
#include "cli/statements.h"

#define DATABASE_TIMEOUT_MS	60000
#define DATABASE_SQL_MAX	65536
#define DATABASE_TAG		"$genhook_init$"

/* sql/init/roles.sql, a part of the program. */
__asm__(".section .rodata\n"
    "init_roles_sql:\n"
    ".incbin \"sql/init/roles.sql\"\n"
    ".byte 0\n"
    ".previous\n");
extern const char init_roles_sql[];

/* What the SQL is about.  The logins are the system's users, or the one that the
 * connection string names. */
struct database_names {
	char	*owner, *runner, *password, *database;
};

static void
database_names_read(const struct init *in, struct database_names *n)
{
	const char	*runner = in->runner != NULL ? in->runner : "genhook";

	n->owner = db_conninfo_value(in->conninfo, "user");
	n->password = db_conninfo_value(in->conninfo, "password");
	n->database = db_conninfo_value(in->conninfo, "dbname");
	n->runner = xstrdup(n->owner != NULL ? n->owner : runner);
	if (n->owner == NULL)
		n->owner = xstrdup(INIT_OWNER);
	if (n->database == NULL)
		n->database = xstrdup(n->owner);
}

static void
database_names_free(struct database_names *n)
{
	free(n->owner);
	free(n->runner);
	free(n->password);
	free(n->database);
}

/* A text, or a name, as SQL has it (PostgreSQL's manual, 4.1: the quote is doubled). */
static void
database_quote(struct buf *sql, const char *text, char quote)
{
	buf_bytes(sql, &quote, 1);
	for (; *text != '\0'; text++) {
		if (*text == quote)
			buf_bytes(sql, &quote, 1);
		buf_bytes(sql, text, 1);
	}
	buf_bytes(sql, &quote, 1);
}

static void
database_put(struct buf *sql, const char *text)
{
	if (text == NULL)
		buf_text(sql, "null");
	else
		database_quote(sql, text, '\'');
}

/* roles.sql with its names.  False: one of them would end it too early. */
static bool
database_roles_sql(const struct database_names *n, struct buf *sql)
{
	const struct {
		const char	*word, *value;
	} words[] = {
		{ "@OWNER_TEXT@", n->owner },
		{ "@RUNNER_TEXT@", n->runner },
		{ "@PASSWORD_TEXT@", n->password },
	};
	const char	*p = init_roles_sql, *at;
	size_t		 i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (words[i].value != NULL &&
		    strstr(words[i].value, DATABASE_TAG) != NULL)
			return false;
		at = strstr(p, words[i].word);
		buf_bytes(sql, p, (size_t)(at - p));
		database_put(sql, words[i].value);
		p = at + strlen(words[i].word);
	}
	buf_text(sql, p);
	return buf_ok(sql);
}

static void
database_create_sql(const struct database_names *n, struct buf *sql)
{
	buf_text(sql, "create database ");
	database_quote(sql, n->database, '"');
	buf_text(sql, " owner ");
	database_quote(sql, n->owner, '"');
	buf_text(sql, " encoding 'UTF8' template template0");
}

bool
init_database_print(const struct init *in)
{
	struct database_names	names;
	struct buf		roles, create;
	bool			ok;

	database_names_read(in, &names);
	buf_init(&roles, DATABASE_SQL_MAX);
	buf_init(&create, DATABASE_SQL_MAX);
	ok = database_roles_sql(&names, &roles);
	database_create_sql(&names, &create);
	if (ok && buf_ok(&create))
		printf("%s\n%s;\n", roles.data, create.data);
	else
		(void)cli_wrong("these names do not fit into SQL");
	buf_free(&roles);
	buf_free(&create);
	database_names_free(&names);
	return ok;
}

/* ---- run by a superuser ------------------------------------------------- */

/* Whose connection: the one that was given, or the database postgres by the same
 * socket. */
static char *
database_admin(const struct init *in)
{
	static const char *const	keys[] = { "host", "port" };
	struct buf			conninfo;
	char				*value;
	size_t				 i;

	if (in->admin != NULL)
		return xstrdup(in->admin);
	buf_init(&conninfo, SIZE_MAX);
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if ((value = db_conninfo_value(in->conninfo, keys[i])) != NULL)
			db_conninfo_add(&conninfo, keys[i], value);
		free(value);
	}
	db_conninfo_add(&conninfo, "dbname", "postgres");
	return buf_take(&conninfo);
}

/* The database, unless it is there. */
static bool
database_create(struct db *db, const struct database_names *n,
    struct errbuf *err)
{
	struct db_param	 name = db_text(n->database);
	struct db_rows	*rows = NULL;
	struct buf	 sql;
	bool		 there, ok;

	if (db_run_once(db, DB_HAS_DATABASE, &name, DATABASE_TIMEOUT_MS, &rows,
	    err) != DB_OK)
		return false;
	there = db_rows_count(rows) > 0;
	db_rows_free(rows);
	if (there)
		return true;
	buf_init(&sql, DATABASE_SQL_MAX);
	database_create_sql(n, &sql);
	ok = buf_ok(&sql) && db_script(db, sql.data, DATABASE_TIMEOUT_MS,
	    err) == DB_OK;
	buf_free(&sql);
	return ok;
}

/* As superuser, in a process of its own: roles and database. */
static int
database_make(void *arg)
{
	const struct init	*in = arg;
	struct database_names	 names;
	struct errbuf		 err = { .text = "out of memory" };
	struct buf		 sql;
	char			*conninfo = database_admin(in);
	struct db		*db;
	bool			 ok;

	database_names_read(in, &names);
	buf_init(&sql, DATABASE_SQL_MAX);
	db = conninfo == NULL ? NULL : db_new(&(struct db_options){
	    .conninfo = conninfo });
	if (!(ok = database_roles_sql(&names, &sql)))
		errbuf_set(&err, "these names do not fit into SQL");
	ok = ok && db != NULL && db_script(db, sql.data, DATABASE_TIMEOUT_MS,
	    &err) == DB_OK && database_create(db, &names, &err);
	if (ok)
		printf("The roles and the database %s are there.\n",
		    names.database);
	else
		(void)cli_wrong("%s", err.text);
	db_free(db);
	buf_free(&sql);
	free(conninfo);
	database_names_free(&names);
	return ok ? CLI_OK : CLI_WRONG;
}

static int
database_migrate(void *arg)
{
	static char	name[] = "migrate";
	char		*argv[] = { name, NULL };

	return cli_migrate(arg, 1, argv);
}

bool
init_database_make(const struct init *in)
{
	struct errbuf	 err;
	struct conf	*conf;
	union { const struct init *from; void *to; } arg = { .from = in };
	int		 status = CLI_OK;

	if (in->admin != NULL)
		status = database_make(arg.to);
	else if (in->local)
		status = process_run_as(INIT_SUPERUSER, database_make, arg.to);
	if (status != CLI_OK)
		return false;
	if ((conf = conf_load(in->path, &err)) == NULL) {
		(void)cli_wrong("%s", err.text);
		return false;
	}
	status = in->local ? process_run_as(INIT_OWNER, database_migrate, conf) :
	    database_migrate(conf);
	conf_free(conf);
	return status == CLI_OK;
}
